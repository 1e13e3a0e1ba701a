"""A method over many sequences: like lengths together, both strands if asked, results in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from relevome.attribution import Method
from relevome.attribution.lift import to_letters
from relevome.attribution.relevance import Relevance, Track
from relevome.data.errors import InputError
from relevome.data.sequence import Sequence
from relevome.models.base import Batch, Model, Target
from relevome.models.tokenization import Tokens

# What the order of additions may change in a logit, relative to its size; half precision: the default.
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-4}


@dataclass(frozen=True)
class Explained:
    """One sequence and target, explained: what the method gave and the same over letters.

    With both strands averaged, ``forward`` is what the given strand alone gave, and the scores and the
    track are means.
    """

    forward: Relevance
    track: Track
    score: float
    baseline_score: float | None
    completeness_error: float | None
    letter_scores: Float[np.ndarray, "letters alphabet"] | None
    both_strands: bool = False


def explain_sequences(
    model: Model,
    method: Method,
    sequences: list[Sequence],
    targets: list[Target],
    *,
    lift: str = "split",
    average_strands: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Explained | InputError]:
    """Every sequence for every target, in order; a sequence that is refused gives its error instead.

    ``advance`` is told after every batch how many sequences were done in it.
    """
    jobs = [(sequence, target) for sequence in sequences for target in targets]
    results = [_explained(found, lift) for found in _attribute(model, method, jobs, advance)]
    if not average_strands:
        return results
    others = [
        (sequence.reverse_complement(), _on_other_strand(model, target, sequence))
        for sequence, target in jobs
    ]
    reverse = [_explained(found, lift) for found in _attribute(model, method, others, advance)]
    return [_average(f, r) for f, r in zip(results, reverse, strict=True)]


def _attribute(
    model: Model, method: Method, jobs: list[tuple[Sequence, Target]], advance: Callable[[int], None]
) -> list[Relevance | InputError]:
    """Relevance of every job, computed in batches of like length."""
    found: dict[int, Relevance | InputError] = {}
    tokens: dict[int, Tokens] = {}
    for job, (sequence, target) in enumerate(jobs):
        try:
            tokens[job] = _tokenize(model, sequence, target)
        except InputError as error:
            found[job] = error
    for part in _batches(model, tokens):
        batch = Batch(tuple(tokens[job] for job in part), tuple(jobs[job][1] for job in part))
        found.update(zip(part, method.attribute(model, batch), strict=True))
        advance(len(part))
    return [found[job] for job in range(len(jobs))]


def _tokenize(model: Model, sequence: Sequence, target: Target) -> Tokens:
    if target.position is not None and target.position >= len(sequence):
        raise InputError(
            f"position {target.position} is outside sequence {sequence.id!r} of {len(sequence)} letters"
        )
    return model.tokenize(sequence)


def _batches(model: Model, tokens: dict[int, Tokens]) -> Iterator[list[int]]:
    """Jobs by falling length, so that the first batch is the one that needs most memory."""
    order = sorted(tokens, key=lambda job: -len(tokens[job]))
    while order:
        width = len(tokens[order[0]])
        rows = model.rows(width)
        if not model.pads:
            rows = min(rows, sum(len(tokens[job]) == width for job in order))
        yield order[:rows]
        order = order[rows:]


def check_logit(model: Model, explained: Explained) -> None:
    """Compare the score that was explained with what the model says when it is left alone.

    Raises ``InputError`` if they differ by more than rounding: then something else was explained.
    """
    relevance = explained.forward
    alone = Batch((relevance.tokens,), (relevance.target,))
    with model.frozen(), torch.inference_mode():
        plain = model.scores(model.inputs(alone), alone).item()
    if abs(plain - relevance.score) > ROUNDING.get(model.dtype, 0.05) * (1 + abs(plain)):
        raise InputError(
            f"the logit of {relevance.tokens.sequence.id!r} is {relevance.score:.6g} while it is explained "
            f"but {plain:.6g} otherwise: the model must give the same output for the same input"
        )


def _explained(relevance: Relevance | InputError, lift: str) -> Explained | InputError:
    if isinstance(relevance, InputError):
        return relevance
    return Explained(
        forward=relevance,
        track=to_letters(relevance, lift),
        score=relevance.score,
        baseline_score=relevance.baseline_score,
        completeness_error=relevance.completeness_error,
        letter_scores=relevance.letter_scores,
    )


def _on_other_strand(model: Model, target: Target, sequence: Sequence) -> Target:
    """The same question of the other strand; a letter that a language model predicts is complemented."""
    if target.position is None:
        return target
    turned = replace(target, position=len(sequence) - 1 - target.position)
    if model.task != "masked":
        return turned
    contrast = None if target.contrast is None else _complement(model, target.contrast)
    return replace(turned, index=_complement(model, target.index), contrast=contrast)


def _complement(model: Model, index: int) -> int:
    letters, ids = model.alphabet.letters, model.tokenizer.letter_ids() or []
    if index not in ids:
        raise InputError(
            f"token {model.labels[index]!r} is no letter, and has no complement on the other strand: "
            "expected a letter as target, or one strand only"
        )
    complements = model.alphabet.complements or {}
    return ids[letters.index(complements[letters[ids.index(index)]])]


def _average(forward: Explained | InputError, reverse: Explained | InputError) -> Explained | InputError:
    """The mean of both strands, over letters: tokens of one strand are not those of the other."""
    if isinstance(forward, InputError):
        return forward
    if isinstance(reverse, InputError):
        return reverse
    turned = reverse.track.reverse(forward.track.sequence)
    track = Track(turned.sequence, (forward.track.values + turned.values) / 2,
                  (forward.track.special + turned.special) / 2)  # fmt: skip
    return Explained(
        forward=forward.forward,
        track=track,
        score=(forward.score + reverse.score) / 2,
        baseline_score=_mean(forward.baseline_score, reverse.baseline_score),
        completeness_error=_mean(forward.completeness_error, reverse.completeness_error),
        letter_scores=_mean_scores(forward.letter_scores, reverse.letter_scores, track.sequence),
        both_strands=True,
    )


def _mean(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else (a + b) / 2


def _mean_scores(
    forward: np.ndarray | None, reverse: np.ndarray | None, sequence: Sequence
) -> np.ndarray | None:
    """Scores of a letter on one strand belong to its complement on the other."""
    if forward is None or reverse is None:
        return None
    letters, complements = sequence.alphabet.letters, sequence.alphabet.complements or {}
    order = [letters.index(complements[letter]) for letter in letters]
    return (forward + reverse[::-1, order]) / 2
