"""A method over many sequences: like lengths together, every reading that is asked for, results in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float

from relevome import ledger as ledgers
from relevome.attribution import Method
from relevome.attribution.lift import to_letters
from relevome.attribution.readings import Reading, Readings
from relevome.attribution.relevance import Relevance, Track
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.ledger import Ledger
from relevome.models.base import Batch, Model, Target
from relevome.models.tokens import Tokens

# What the order of additions may change in a logit, relative to its size; half precision: the default.
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-4}

ONCE = Readings()


@dataclass(frozen=True)
class Explained:
    """One sequence and target, explained: what the method gave and the same over letters.

    ``forward`` is what the first reading gave: the tokenizer's own tokens of the given strand (of its first
    window, where there are several). Track, scores and errors are means over ``readings``, ``notes`` and
    the ledger sums.
    """

    forward: Relevance
    track: Track
    score: float
    baseline_score: float | None
    completeness_error: float | None
    letter_scores: Float[np.ndarray, "letters alphabet"] | None
    readings: int = 1
    notes: Mapping[str, int] = field(default_factory=dict)
    ledger: Ledger | None = None


@dataclass(frozen=True)
class _Job:
    """One reading of one sequence for one target; ``asked`` is the target of the whole sequence."""

    sequence: Sequence
    asked: Target
    reading: Reading
    target: Target


def explain_sequences(
    model: Model,
    method: Method,
    sequences: list[Sequence],
    targets: list[Target],
    *,
    lift: str = "split",
    readings: Readings = ONCE,
) -> list[Explained | InputError]:
    """Every sequence for every target, in order; a sequence that is refused gives its error instead."""
    jobs = [
        _Job(sequence, target, reading, reading.target(model, target, sequence))
        for sequence in sequences
        for target in targets
        for reading in readings.all
    ]
    found = _attribute(model, method, jobs, readings)
    return [
        _mean(jobs[first : first + len(readings)], found[first : first + len(readings)], lift)
        for first in range(0, len(jobs), len(readings))
    ]


def _attribute(
    model: Model, method: Method, jobs: list[_Job], readings: Readings
) -> list[Relevance | InputError]:
    """Relevance of every job, computed in batches of like length."""
    found: dict[int, Relevance | InputError] = {}
    tokens: dict[int, Tokens] = {}
    for number, job in enumerate(jobs):
        try:
            job.reading.check_position(job.sequence, job.asked.position)
            tokens[number] = readings.tokens(model, job.sequence, job.reading)
        except InputError as error:
            found[number] = error
    for part in _batches(model, tokens):
        batch = Batch(tuple(tokens[number] for number in part), tuple(jobs[number].target for number in part))
        found.update(zip(part, method.attribute(model, batch), strict=True))
    return [found[number] for number in range(len(jobs))]


def _batches(model: Model, tokens: dict[int, Tokens]) -> Iterator[list[int]]:
    """Jobs by falling length, so that the first batch is the one that needs most memory."""
    order = sorted(tokens, key=lambda job: -len(tokens[job]))
    while order:
        width = len(tokens[order[0]])
        rows = model.rows(width, len(order))
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


def _mean(jobs: list[_Job], found: list[Relevance | InputError], lift: str) -> Explained | InputError:
    """The mean over all readings of a sequence, letter by letter: tokens of one are not those of another."""
    for result in found:
        if isinstance(result, InputError):
            return result
    given = [result for result in found if isinstance(result, Relevance)]
    tracks = [to_letters(relevance, lift) for relevance in given]
    values = _mean_of_letters(jobs, [track.values for track in tracks])
    return Explained(
        forward=given[0],
        track=Track(jobs[0].sequence, values, float(np.mean([track.special for track in tracks]))),
        score=float(np.mean([relevance.score for relevance in given])),
        baseline_score=_mean_or_none([relevance.baseline_score for relevance in given]),
        completeness_error=_mean_or_none([relevance.completeness_error for relevance in given]),
        letter_scores=_mean_of_scores(jobs, given),
        readings=len(jobs),
        notes=sum((Counter(relevance.notes) for relevance in given), Counter[str]()),
        ledger=ledgers.total(relevance.ledger for relevance in given if relevance.ledger),
    )


def _mean_or_none(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _mean_of_scores(jobs: list[_Job], given: list[Relevance]) -> np.ndarray | None:
    """Scores of a letter on one strand belong to its complement on the other."""
    scores = [relevance.letter_scores for relevance in given if relevance.letter_scores is not None]
    if len(scores) < len(given):
        return None
    alphabet = jobs[0].sequence.alphabet
    complements = alphabet.complements or {letter: letter for letter in alphabet.letters}
    order = [alphabet.letters.index(complements[letter]) for letter in alphabet.letters]
    return _mean_of_letters(
        jobs,
        [part[:, order] if job.reading.reverse else part for job, part in zip(jobs, scores, strict=True)],
    )


def _mean_of_letters(jobs: list[_Job], parts: list[np.ndarray]) -> np.ndarray:
    """Along the given strand, each letter's mean over the readings that hold it."""
    length = len(jobs[0].sequence)
    total, count = np.zeros((length, *parts[0].shape[1:])), np.zeros(length)
    for job, part in zip(jobs, parts, strict=True):
        place = slice(job.reading.before, length - job.reading.after)
        total[place] += part[::-1] if job.reading.reverse else part
        count[place] += 1
    return (total.T / count).T
