"""Scores of very many inputs in few forward passes: like lengths together, equal inputs once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from jaxtyping import Float

from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import LEAST_FILLED, like_lengths
from relevome.models.tokens import Tokens

Asked = tuple[Tokens, Target]

POOLED_TOKENS = 1_000_000
REMEMBERED = 200_000


class KeyedBatch(NamedTuple):
    """What goes through a model together, and the key of each of its inputs, see `input_key`."""

    keys: list[bytes]
    batch: Batch


# Scores of all batches, one after the other, in one or several arrays. Which inputs are in a batch depends on
# what is asked and on the model alone, so whoever computes it gives the same digits.
ComputeScores: TypeAlias = Callable[[Iterable[KeyedBatch]], Iterable[Float[np.ndarray, "inputs"]]]


@dataclass(frozen=True)
class ScoreBatch:
    """What an engine does with every batch: the score of each of its inputs."""

    model: Model

    def __call__(self, batch: Batch) -> Float[np.ndarray, "inputs"]:
        """The scores, in their order."""
        with self.model.frozen(), torch.inference_mode():
            return self.model.scores(self.model.inputs(batch), batch).double().cpu().numpy()


class Scorer:
    """Scores that a model gives to many inputs; each is computed once.

    Inputs are taken from a stream until they have ``pooled_tokens`` together, which then go through the
    model at its best batch size, by length. The latest ``remembered`` scores are kept for calls to come, so a
    scorer must not outlive a change of the model's weights. ``computed`` counts what went through the model.
    ``compute`` has batches computed elsewhere; by default that is done here.
    """

    def __init__(
        self,
        model: Model,
        pooled_tokens: int = POOLED_TOKENS,
        remembered: int = REMEMBERED,
        compute: ComputeScores | None = None,
    ) -> None:
        self.model = model
        self._compute = compute or self._here
        self.computed = 0
        self._pooled_tokens = pooled_tokens
        self._remembered = remembered
        self._known: OrderedDict[bytes, float] = OrderedDict()

    def scores(self, asked: Iterable[Asked]) -> Float[np.ndarray, "asked"]:
        """The score of every input, in its order; ``asked`` is read bit by bit.

        Raises ``InputError`` for a score that is not finite.
        """
        with self.model.frozen(), torch.inference_mode():
            parts = [self._pool(pool) for pool in pooled(asked, self._pooled_tokens)]
        return np.concatenate([np.zeros(0), *parts])

    def _pool(self, pool: list[Asked]) -> Float[np.ndarray, "asked"]:
        keys = [input_key(self.model, *one) for one in pool]
        scores = {key: self._known[key] for key in set(keys) if key in self._known}
        new = {key: one for key, one in zip(keys, pool, strict=True) if key not in scores}
        scores.update(self._computed(new))
        for key in dict.fromkeys(keys):
            self._known[key] = scores[key]
            self._known.move_to_end(key)
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)
        found = np.array([scores[key] for key in keys])
        if not np.isfinite(found).all():
            name = pool[int(np.flatnonzero(~np.isfinite(found))[0])][0].sequence.id
            raise InputError(
                f"the score of sequence {name!r}, with letters changed, is infinite or not a number: the "
                "model overflowed; use a wider --dtype"
            )
        return found

    def _computed(self, new: dict[bytes, Asked]) -> dict[bytes, float]:
        order: list[bytes] = []

        def batches() -> Iterator[KeyedBatch]:
            for keys in of_one_kind(self.model, new):
                tokens, targets = zip(*(new[key] for key in keys), strict=True)
                order.extend(keys)
                yield KeyedBatch(keys, Batch(tokens, targets))

        found = np.concatenate([np.zeros(0), *self._compute(batches())])
        self.computed += len(order)
        return dict(zip(order, found.tolist(), strict=True))

    def _here(self, batches: Iterable[KeyedBatch]) -> Iterable[Float[np.ndarray, "inputs"]]:
        found = [self.model.scores(self.model.inputs(batch), batch) for _, batch in batches]
        # Fetched together: a device computes one batch while the next is prepared.
        return [torch.cat(found).double().cpu().numpy()] if found else []


def pooled(asked: Iterable[Asked], tokens: int = POOLED_TOKENS) -> Iterator[list[Asked]]:
    """A stream of inputs in pieces of so many tokens together, or a little more."""
    pool: list[Asked] = []
    size = 0
    for one in asked:
        pool.append(one)
        size += len(one[0])
        if size >= tokens:
            yield pool
            pool, size = [], 0
    if pool:
        yield pool


def of_one_kind(model: Model, asked: dict[bytes, Asked]) -> Iterator[list[bytes]]:
    """Inputs of one kind of target and of like lengths, longest first: the first batch needs most memory."""
    kinds: dict[tuple[bool, bool], list[bytes]] = {}
    for key, (_, target) in asked.items():
        kinds.setdefault((not target.letters, target.contrast is None), []).append(key)
    for keys in kinds.values():
        for places in like_lengths(model, [len(asked[key][0]) for key in keys], LEAST_FILLED):
            yield [keys[place] for place in places]


def input_key(model: Model, tokens: Tokens, target: Target) -> bytes:
    """What decides a score: the tokens, the outputs asked for, and the token at which they are asked."""
    at = [model.token_read(tokens, position) for position in target.letters]
    asked = repr((target.index, target.contrast, at, target.mask))
    # Half as many bytes: a small CNN is so fast that reading them shows.
    return blake2b(tokens.ids.astype(np.int32).tobytes() + asked.encode(), digest_size=16).digest()
