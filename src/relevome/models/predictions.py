"""What a model predicts: the logits of its outputs, for every letter if it has them so, and probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Set
from collections.abc import Sequence as List
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.batching import like_lengths
from relevome.models.identity import class_of
from relevome.models.loading.errors import first_line
from relevome.models.questions import (
    LIKELIHOOD,
    Batch,
    Target,
    check_predictable,
    log_likelihoods,
)
from relevome.models.tokens import Tokens
from relevome.words import counted

if TYPE_CHECKING:
    from relevome.models.base import Model

Outputs: TypeAlias = Literal["one of several", "any of several", "a number"]


def outputs(model: Model) -> Outputs:
    """What the outputs of a model are: one class of several, any of several (multi-label), or a number."""
    kind = getattr(getattr(model.module, "config", None), "problem_type", None)
    if kind == "multi_label_classification":
        return "any of several"
    return "a number" if kind == "regression" or len(model.labels) < 2 else "one of several"


def outputs_of(model: Model, target: Target) -> Outputs:
    """What the outputs are among which a target is: a log-likelihood and a sum over letters are numbers."""
    return "a number" if target.is_likelihood or target.positions else outputs(model)


def probabilities(
    logits: Float[np.ndarray, "*places outputs"], kind: Outputs
) -> Float[np.ndarray, "*places outputs"] | None:
    """Of every output, from logits: by the softmax, or of any of several by the logistic function."""
    if kind == "a number":
        return None
    if kind == "any of several":
        return np.exp(-np.logaddexp(0, -logits))
    return np.exp(logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True))


def logits_or_errors(
    model: Model, batch: Batch, read: Callable[[Tensor, Batch], Tensor]
) -> list[np.ndarray | InputError]:
    """What is read of the logits of every sequence of a batch; one at which the model fails gives its error.

    Modules fail as they like, such as at a sequence that is shorter than a convolution.
    """
    try:
        return [*read(logits_of(model, batch), batch).double().cpu().numpy()]
    except (InputError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - of somebody's module, which may raise anything
        if len(batch) == 1:
            return [_failed(model, batch.tokens[0].sequence, error)]
    return [found for one in batch.alone() for found in logits_or_errors(model, one, read)]


def _failed(model: Model, sequence: Sequence, error: Exception) -> InputError:
    """The error for a sequence at which a model fails."""
    kind, said = class_of(model.module), f"{type(error).__name__}: {first_line(error)}"
    failed = InputError(
        f"sequence {sequence.id!r}, {counted(len(sequence), 'letter')}: {kind} fails at it ({said}): "
        "expected one that it takes, or --on-bad skip, which leaves it out"
    )
    failed.__cause__ = error
    return failed


def logits_of(model: Model, batch: Batch) -> Float[Tensor, "batch ..."]:
    """All logits of a batch, (batch, [tokens,] outputs)."""
    with model.frozen(), torch.inference_mode():
        return model.module(**model.inputs(batch)).logits


@dataclass(frozen=True)
class Likelihood:
    """The log-likelihood of a sequence under a causal language model, and how many tokens it counts."""

    value: float
    tokens: int

    @property
    def perplexity(self) -> float:
        """Of the tokens: exp(-log-likelihood / tokens)."""
        return math.exp(-self.value / self.tokens)


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a model predicts of one sequence: logits of its outputs, for every letter if it has them so.

    ``outputs`` are the labels of the outputs. Of a language model they are the letters of its alphabet, and
    probabilities those among all its tokens, with nothing hidden from a masked one; a causal one predicts
    each letter from those before it, has no numbers (NaN) of a first letter that no token is before, and has
    the ``likelihood`` of the sequence, which is all it has where tokens have several letters.
    ``probabilities`` are None where outputs are numbers.
    """

    sequence: Sequence
    outputs: tuple[str, ...]
    logits: Float[np.ndarray, "*letters outputs"]
    probabilities: Float[np.ndarray, "*letters outputs"] | None
    likelihood: Likelihood | None = None

    def __repr__(self) -> str:
        name, letters = self.sequence.id, len(self.sequence)
        if self.by_letter:
            return (
                f"Predicted({name!r}: {counted(len(self.outputs), 'output')} for each of "
                f"{counted(letters, 'letter')})"
            )
        if self.predicted is None:
            numbers = ", ".join(f"{value:.4g}" for value in self.logits[:4])
            return f"Predicted({name!r}, {counted(letters, 'letter')}: {numbers})"
        return (
            f"Predicted({name!r}, {counted(letters, 'letter')}: {self.predicted}, probability "
            f"{self.probability:.3f})"
        )

    @property
    def by_letter(self) -> bool:
        """Whether there are outputs for every letter."""
        return self.logits.ndim > 1

    @property
    def predicted(self) -> str | list[str | None] | None:
        """The label of the most probable output, of every letter where there are such; None of numbers."""
        if self.probabilities is None:
            return None
        if self.by_letter:
            known = np.isfinite(self.logits[:, 0])
            best = self.logits.argmax(-1)
            return [self.outputs[i] if there else None for i, there in zip(best, known, strict=True)]
        return self.outputs[int(self.logits.argmax())]

    @property
    def probability(self) -> float | np.ndarray | None:
        """The probability of what is predicted, of every letter where there are such; None of numbers."""
        if self.probabilities is None:
            return None
        return self.probabilities.max(-1) if self.by_letter else float(self.probabilities.max())


def output_labels(model: Model) -> tuple[str, ...]:
    """The labels of what is predicted: the outputs, or the letters of a language model."""
    return _kept(model)[0]


def predicts_letters(model: Model) -> bool:
    """Whether outputs are predicted for every letter: not of a causal model whose tokens are words."""
    return model.kind.by_letter and not _likelihood_alone(model)


def predicted_kind(model: Model) -> Outputs:
    """What is predicted: as the outputs are, or the log-likelihood alone, which is a number."""
    return "a number" if _likelihood_alone(model) else outputs(model)


def predictions(model: Model, sequences: List[Sequence]) -> list[Predicted | InputError]:
    """What a model predicts of every sequence, in their order; one that is refused gives its error instead.

    Raises InputError for a masked language model whose tokens have several letters.
    """
    found = dict(predict_each(model, sequences))
    return [found[place] for place in range(len(sequences))]


def predict_each(
    model: Model, sequences: List[Sequence], known: Set[int] = frozenset()
) -> Iterator[tuple[int, Predicted | InputError]]:
    """As `predictions`, each with its place, as they come; those of ``known`` places are not given.

    Batches are those of all sequences, so that numbers are the same to the last digit whatever is known.
    """
    kept = _kept(model)
    tokens: dict[int, Tokens] = {}
    for place, sequence in enumerate(sequences):
        try:
            tokens[place] = model.tokenize(sequence)
        except InputError as error:
            if place not in known:
                yield place, error
    places = list(tokens)
    for some in like_lengths(model, [len(tokens[place]) for place in places]):
        if known >= {places[n] for n in some}:
            continue
        batch = [tokens[places[n]] for n in some]
        given = logits_or_errors(model, Batch(tuple(batch), (_ANY,) * len(batch)), lambda logits, _: logits)
        for n, one, values in zip(some, batch, given, strict=True):
            if places[n] in known:
                continue
            if isinstance(values, InputError):
                yield places[n], values
                continue
            try:
                yield places[n], _predicted(model, one, values, kept)
            except InputError as error:
                yield places[n], error


_ANY = Target(0, "")


def _kept(model: Model) -> tuple[tuple[str, ...], list[int] | None]:
    """The labels of outputs, and which of the logits they are; None for all."""
    if not model.kind.language:
        return model.labels, None
    if _likelihood_alone(model):
        return (LIKELIHOOD,), None
    ids = model.tokenizer.letter_ids()
    if ids is None or not model.tokenizer.one_letter_always:
        raise InputError(
            f"{model.source.path} predicts tokens of several letters, not letters: expected a model of "
            "classes or numbers, or a language model that reads single letters"
        )
    return tuple(model.alphabet.letters), ids


def _likelihood_alone(model: Model) -> bool:
    """Whether it is a causal model whose tokens are words, of which no letter has a logit."""
    letters = model.tokenizer.one_letter_always and model.tokenizer.letter_ids() is not None
    return model.kind.ahead > 0 and not letters


def _predicted(
    model: Model,
    tokens: Tokens,
    logits: Float[np.ndarray, "*tokens outputs"],
    kept: tuple[tuple[str, ...], list[int] | None],
) -> Predicted:
    labels, ids = kept
    likelihood = _likelihood(tokens, logits) if model.kind.ahead else None
    if likelihood is not None and _likelihood_alone(model):
        return Predicted(tokens.sequence, labels, np.array([likelihood.value]), None, likelihood)
    unread = int(model.kind.ahead > 0 and not tokens.special[0])  # a first letter that no token is before
    if model.kind.by_letter:
        letters = range(unread, len(tokens.sequence))
        logits = logits[[model.token_read(tokens, letter) for letter in letters]]
    _check_finite(tokens, logits)
    chance = probabilities(logits, outputs(model))
    if ids is not None:
        logits, chance = logits[:, ids], None if chance is None else chance[:, ids]
    if unread:
        unknown = np.full((unread, len(labels)), np.nan)
        logits = np.vstack([unknown, logits])
        chance = None if chance is None else np.vstack([unknown, chance])
    return Predicted(tokens.sequence, labels, logits, chance, likelihood)


def _likelihood(tokens: Tokens, logits: Float[np.ndarray, "tokens outputs"]) -> Likelihood:
    counted = len(check_predictable(tokens))
    value = log_likelihoods(torch.from_numpy(logits)[None], (tokens,)).item()
    _check_finite(tokens, np.array(value))
    return Likelihood(value, counted)


def _check_finite(tokens: Tokens, logits: np.ndarray) -> None:
    if not np.isfinite(logits).all():
        raise InputError(
            f"a logit of sequence {tokens.sequence.id!r} is infinite or not a number: the model overflowed; "
            "use a wider --dtype"
        )
