"""What a model says of every letter of a strand of any length, piece by piece.

By the memory of an annotator; by overlapping windows, if a model has classes for every letter and no memory;
and by a window around every letter, if it has classes for whole sequences.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.annotator import AnnotatorForTokenClassification
from relevome.models.base import Batch, Model, Target

Logits = Float[np.ndarray, "positions classes"]

# Letters fetched at once; letters read at once where a GPU wants more than its default; longest own window.
FETCHED, ON_GPU, WIDTH = 1 << 16, 1 << 16, 512
# Windows of a classifier that are made at once.
_STRIP = 4096


@runtime_checkable
class Letters(Protocol):
    """A strand: see `relevome.data.contigs.ContigStrand`."""

    @property
    def ends(self) -> tuple[int, int] | None:
        """Where it begins and ends, or None for a circle."""
        ...

    def read(self, start: int, end: int) -> str:
        """Letters, fewer where the strand ends."""
        ...


def strand_logits(
    model: Model, strand: Letters, start: int, end: int, window: tuple[int, int] | None = None
) -> Iterator[Logits]:
    """Logits of the letters from ``start`` to ``end``, as if all of the strand had been read.

    ``window`` is how many letters before and after each letter a model of whole sequences reads; beyond the
    ends it reads unknown letters. Raises InputError for a model that cannot.
    """
    check_reads_letters(model, window)
    if window is not None:
        return _slid(model, strand, start, end, window)
    if isinstance(model.module, AnnotatorForTokenClassification):
        return _streamed(model.module, strand, start, end)
    return _by_windows(model, strand, start, end)


def check_reads_letters(model: Model, window: tuple[int, int] | None) -> None:
    """Raises InputError for a model that cannot say something of every letter."""
    if not model.tokenizer.one_letter_always:
        raise InputError("the model has tokens of several letters: expected one that reads single letters")
    if model.kind.language:
        raise InputError(f"the model is {model.kind.called}: expected one with classes for every letter")
    if model.task == "sequence" and window is None:
        raise InputError(
            "the model has classes for whole sequences: give the letters before and after a position that it "
            "shall read, such as --window 70,29, or a model with classes for every letter"
        )
    if model.task == "token" and window is not None:
        raise InputError("--window is for models of whole sequences: this one has classes for every letter")
    if window is not None:
        probe = Sequence("window", model.alphabet.letters[0] * (sum(window) + 1), model.alphabet)
        model.tokenize(probe)


def _streamed(
    module: AnnotatorForTokenClassification, strand: Letters, start: int, end: int
) -> Iterator[Logits]:
    """From as far before as memory reaches: what was before that changes nothing."""
    left, right = module.config.context
    segment = module.config.segment if module.config.layout == "segments" else 1
    first = (start - left) // segment * segment
    last = -(-(end + right) // segment) * segment
    if strand.ends is not None:
        first, last = max(first, strand.ends[0]), min(last, strand.ends[1])
    pieces = (strand.read(at, min(at + FETCHED, last)) for at in range(first, last, FETCHED))
    stream = module.stream(pieces) if module.device.type == "cpu" else module.stream(pieces, ON_GPU)
    for logits in stream:
        yield logits[max(start - first, 0) : max(end - first, 0)]
        first += len(logits)


def _by_windows(model: Model, strand: Letters, start: int, end: int) -> Iterator[Logits]:
    """Half-overlapping windows, of each its middle half; windows end where the strand does.

    They lie where they would if all of the strand were read, wherever ``start`` is.
    """
    width = min(WIDTH, (model.max_tokens or WIDTH + 2) - 2)
    margin, step = width // 4, width - 2 * (width // 4)
    places = range(start - start % step, end, step)
    rows = model.rows(width, len(places))
    for number in range(0, len(places), rows):
        tokens, kept = [], []
        for at in places[number : number + rows]:
            before = strand.read(at - margin, at)
            letters = before + strand.read(at, at + step + margin)
            tokens.append(model.tokenize(Sequence("window", letters, model.alphabet)))
            kept.append(slice(len(before) + max(start - at, 0), len(before) + min(step, end - at)))
        # only the tokens are read of a batch: the target is never asked for
        inputs = model.inputs(Batch(tuple(tokens), (Target(0, "", 0),) * len(tokens)))
        with torch.no_grad():
            found = model.module(**inputs).logits.float().cpu().numpy()
        for row, one, part in zip(found, tokens, kept, strict=True):
            yield row[: len(one)][~one.special][part]


def _slid(model: Model, strand: Letters, start: int, end: int, window: tuple[int, int]) -> Iterator[Logits]:
    """A window around every letter, unknown letters beyond the ends of the strand."""
    upstream, downstream = window
    unknown, width = model.alphabet.unknown, upstream + downstream + 1
    rows = min(model.rows(width, _STRIP), _STRIP)
    for first in range(start, end, _STRIP):
        last = min(first + _STRIP, end)
        before, after = strand.read(first - upstream, first), strand.read(last, last + downstream)
        letters = (
            before.rjust(upstream, unknown) + strand.read(first, last) + after.ljust(downstream, unknown)
        )
        tokens = model.tokenizer.encode(Sequence("strip", letters, model.alphabet))
        ordinary = np.flatnonzero(~tokens.special)
        ids = torch.from_numpy(tokens.ids).to(model.device)
        head, strip, tail = ids.tensor_split([int(ordinary[0]), int(ordinary[-1]) + 1])
        for some in strip.unfold(0, width, 1).split(rows):
            inputs = {
                "input_ids": torch.cat([head.expand(len(some), -1), some, tail.expand(len(some), -1)], 1)
            }
            if model.takes_mask:
                inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
            with torch.no_grad():
                yield model.module(**inputs).logits.float().cpu().numpy()
