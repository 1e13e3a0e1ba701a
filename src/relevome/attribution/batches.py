"""A method over many sequences: like lengths together, every reading that is asked for, results in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from collections.abc import Sequence as List
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
from relevome.models.batching import like_lengths
from relevome.models.predictions import logits_or_errors
from relevome.models.questions import check_read
from relevome.models.responses import Response
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


@dataclass(frozen=True, eq=False)
class Asked:
    """A sequence, the targets to explain, and its tokens in every reading; or why it is refused."""

    sequence: Sequence
    targets: tuple[Target, ...]
    tokens: tuple[Tokens, ...] | InputError


def ask(model: Model, sequence: Sequence, targets: tuple[Target, ...], readings: Readings = ONCE) -> Asked:
    """A sequence, read in every way that is asked for."""
    try:
        for target in targets:
            for position in target.letters:
                readings.check_position(sequence, position)
        tokens = tuple(readings.tokens(model, sequence, reading) for reading in readings.all)
        for target in targets:
            for one, reading in zip(tokens, readings.all, strict=True):
                check_read(model.kind, one, reading.placed(target, sequence))
    except InputError as error:
        return Asked(sequence, targets, error)
    return Asked(sequence, targets, tokens)


@dataclass(frozen=True)
class _Job:
    """One reading of the sequence at a place for one of its targets."""

    place: int
    sequence: Sequence
    reading: Reading
    target: Target
    tokens: Tokens


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
    asked = [ask(model, sequence, tuple(targets), readings) for sequence in sequences]
    found: dict[int, list[Explained | InputError]] = {}
    for some in explain_each(model, method, asked, lift=lift, readings=readings):
        found |= some
    return [result for place in range(len(asked)) for result in found[place]]


def explain_own_targets(
    model: Model,
    method: Method,
    sequences: list[Sequence],
    targets: list[Target],
    *,
    lift: str = "split",
    readings: Readings = ONCE,
) -> list[Explained | InputError]:
    """Every sequence for a target of its own, in order; those of one target go together."""
    found: dict[int, Explained | InputError] = {}
    for target in dict.fromkeys(targets):
        numbers = [i for i, other in enumerate(targets) if other == target]
        some = [sequences[i] for i in numbers]
        results = explain_sequences(model, method, some, [target], lift=lift, readings=readings)
        found.update(zip(numbers, results, strict=True))
    return [found[number] for number in range(len(sequences))]


def explain_each(
    model: Model,
    method: Method,
    asked: List[Asked],
    *,
    lift: str = "split",
    readings: Readings = ONCE,
    known: Set[int] = frozenset(),
    letter_scores: bool = True,
) -> Iterator[dict[int, list[Explained | InputError]]]:
    """The results of sequences, one for each of their targets, by place, as soon as all are there.

    Those of sequences that went through the model together come together. Places that are ``known`` are left
    out; what goes through the model together is the same without them. ``letter_scores`` says whether the
    score of every letter is asked for.
    """
    yield {
        place: [one.tokens for _ in one.targets]
        for place, one in enumerate(asked)
        if isinstance(one.tokens, InputError) and place not in known
    }
    jobs = [job for place, one in enumerate(asked) for job in _jobs(model, place, one, readings)]
    waiting: dict[int, list[int]] = {}
    for number, job in enumerate(jobs):
        waiting.setdefault(job.place, []).append(number)
    found: dict[int, Relevance | InputError] = {}
    for part in _batches(model, method, [len(job.tokens) for job in jobs]):
        places = dict.fromkeys(jobs[number].place for number in part)
        if places.keys() <= known:
            continue
        batch = Batch(tuple(jobs[n].tokens for n in part), tuple(jobs[n].target for n in part), letter_scores)
        found.update(zip(part, _attributed(model, method, batch), strict=True))
        whole = [
            one for one in places if one not in known and all(number in found for number in waiting[one])
        ]
        yield {
            place: _of_targets([(jobs[n], found.pop(n)) for n in waiting[place]], len(readings), lift)
            for place in whole
        }


def _of_targets(
    results: list[tuple[_Job, Relevance | InputError]], readings: int, lift: str
) -> list[Explained | InputError]:
    """What all readings of a sequence say of each of its targets."""
    return [_of_readings(results[n : n + readings], lift) for n in range(0, len(results), readings)]


def _attributed(model: Model, method: Method, batch: Batch) -> list[Relevance | InputError]:
    """What a method gives for every sequence of a batch; one at which the model itself fails has its error.

    What fails in the method, and not in the model that is left alone, is raised as it is.
    """
    try:
        return [*method.attribute(model, batch)]
    except (InputError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception:
        alone = logits_or_errors(model, batch, lambda logits, _: logits)
        if not any(isinstance(one, InputError) for one in alone):
            raise
    return [
        one if isinstance(one, InputError) else _attributed(model, method, single)[0]
        for one, single in zip(alone, batch.alone(), strict=True)
    ]


def _of_readings(results: list[tuple[_Job, Relevance | InputError]], lift: str) -> Explained | InputError:
    """The mean over all readings of a sequence, or the error of the first that has one."""
    given = [(job, one) for job, one in results if not isinstance(one, InputError)]
    errors = [one for _, one in results if isinstance(one, InputError)]
    if errors:
        return errors[0]
    return _as_read(given[0][1], lift) if len(given) == 1 else _mean(given, lift)


def _jobs(model: Model, place: int, asked: Asked, readings: Readings) -> Iterator[_Job]:
    """Every reading for every target of a sequence that is not refused."""
    if isinstance(asked.tokens, InputError):
        return
    for target in asked.targets:
        for reading, tokens in zip(readings.all, asked.tokens, strict=True):
            of_piece = reading.target(model, target, asked.sequence)
            yield _Job(place, asked.sequence, reading, of_piece, tokens)


def _batches(model: Model, method: Method, lengths: list[int]) -> Iterator[list[int]]:
    """Jobs of like lengths; fewer of them where the method makes several rows of each."""
    rows_each = getattr(method, "rows_each", 1)
    for numbers in like_lengths(model, lengths):
        size = max(1, len(numbers) // rows_each)
        for first in range(0, len(numbers), size):
            yield numbers[first : first + size]


def check_logit(model: Model, explained: Explained, answer: Response) -> None:
    """Compare the score that was explained with what the model says when it is left alone.

    Raises ``InputError`` if they differ by more than rounding: then something else was explained.
    """
    relevance, plain = explained.forward, answer.score(explained.forward.target)
    if abs(plain - relevance.score) > ROUNDING.get(model.dtype, 0.05) * (1 + abs(plain)):
        raise InputError(
            f"the logit of {relevance.tokens.sequence.id!r} is {relevance.score:.6g} while it is explained "
            f"but {plain:.6g} otherwise: the model must give the same output for the same input"
        )


def _as_read(relevance: Relevance, lift: str) -> Explained:
    """What the only reading gave, which is the whole of the given strand."""
    track, scores = to_letters(relevance, lift), relevance.letter_scores
    return Explained(
        relevance, Track(track.sequence, np.asarray(track.values, dtype=float), track.special),
        relevance.score, relevance.baseline_score, relevance.completeness_error,
        None if scores is None else np.asarray(scores, dtype=float), 1, relevance.notes, relevance.ledger,
    )  # fmt: skip


def _mean(results: list[tuple[_Job, Relevance]], lift: str) -> Explained:
    """The mean over all readings of a sequence, letter by letter: tokens of one are not those of another."""
    jobs, given = [job for job, _ in results], [relevance for _, relevance in results]
    tracks = [to_letters(relevance, lift) for relevance in given]
    values = _mean_of_letters(jobs, [track.values for track in tracks])
    return Explained(
        forward=given[0],
        track=Track(jobs[0].sequence, values, float(np.mean([*map(_special, jobs, tracks)]))),
        score=float(np.mean([relevance.score for relevance in given])),
        baseline_score=_mean_or_none([relevance.baseline_score for relevance in given]),
        completeness_error=_mean_or_none([relevance.completeness_error for relevance in given]),
        letter_scores=_mean_of_scores(jobs, given),
        readings=len(jobs),
        notes=sum((Counter(relevance.notes) for relevance in given), Counter[str]()),
        ledger=ledgers.total(relevance.ledger for relevance in given if relevance.ledger),
    )


def _special(job: _Job, track: Track) -> float:
    """What is on special tokens, and on the letters that a shift fills in, which are none of the sequence."""
    if not job.reading.shift:
        return track.special
    _, own = job.reading.laid_out(track.values, len(job.sequence))
    return track.special + float(track.values.sum() - own.sum())


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
        place, values = job.reading.laid_out(part, length)
        total[place] += values
        count[place] += 1
    return (total.T / count).T
