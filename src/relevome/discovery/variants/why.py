"""Why a variant does what it does: relevance of both alleles, letter under letter, and its difference."""

from __future__ import annotations

import warnings
from collections.abc import Sequence as List
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from relevome.attribution import Method
from relevome.attribution.batches import Explained, ask, explain_each
from relevome.data.variants.columns import NO_LETTER, AlignedAllele, AlleleColumns, allele_columns, shifted
from relevome.data.variants.windows import AlleleWindow, VariantWindows
from relevome.discovery.variants.strands import StrandedWindow, stranded
from relevome.errors import InputError
from relevome.models.base import Model, Target
from relevome.models.some_letters import only_outputs_of
from relevome.models.tokens import Tokens


class WhyAsked(NamedTuple):
    """A variant and an output that is explained.

    Attributes:
        windows: The windows, wider by the shifts at either end.
        target: The output.
        letter: With outputs for every letter, which is explained, counted from the variant's first along the
            sequence; the alternative's is that in the same column.
    """

    windows: VariantWindows
    target: Target
    letter: int | None = None


class AlleleReading(NamedTuple):
    """The tokens of an allele's window as it is read first, and the relevance of letters, both by columns.

    Attributes:
        tokens: The tokens.
        turned: Whether they are of the other strand.
        values: Relevance of the letters of every column; 0 over a gap, NaN where none is read.
        aligned: The window among the columns.
    """

    tokens: Tokens
    turned: bool
    values: Float[np.ndarray, " columns"]
    aligned: AlignedAllele


@dataclass(frozen=True, eq=False)
class RelevanceChange:
    """Relevance of both alleles for one output, in columns.

    All are means over strands, over both windows of an alternative with other letters, and over shifts of the
    windows, of those that hold a letter.

    Attributes:
        columns: The columns.
        ref: Relevance of the reference's letters; 0 over a gap.
        alt: The same of the alternative's; NaN where no window of it holds the letter.
        difference: ``alt`` minus ``ref``; NaN where either is.
        low: The least difference of all shifts.
        high: The largest.
        scores: What is explained, a logit, number or log-likelihood: of the reference and the alternative.
        special: Relevance of either that is on no letter.
        first: How either was read first, with windows that are not moved.
    """

    columns: AlleleColumns
    ref: Float[np.ndarray, " columns"]
    alt: Float[np.ndarray, " columns"]
    difference: Float[np.ndarray, " columns"]
    low: Float[np.ndarray, " columns"]
    high: Float[np.ndarray, " columns"]
    scores: tuple[float, float]
    special: tuple[float, float]
    first: tuple[AlleleReading, AlleleReading]


class _Question(NamedTuple):
    """What is explained: an allele's window on a strand, and a logit of it."""

    window: StrandedWindow
    target: Target


class _Read(NamedTuple):
    """A question with where its window's letters are among the columns of the windows that are not moved."""

    question: _Question
    aligned: AlignedAllele
    moved: int


def relevance_changes(
    model: Model, method: Method, asked: List[WhyAsked], both_strands: bool, shifts: int = 0
) -> list[RelevanceChange | InputError]:
    """How relevance differs between the alleles of every variant; the error of one that is not explained.

    Args:
        model: The model.
        method: How it is explained.
        asked: Variants and outputs.
        both_strands: Whether both strands are read.
        shifts: How many letters either way windows are moved, each letter a reading. Default: 0.
    """
    every: list[list[tuple[list[_Read], list[_Read]]] | InputError] = []
    for one in asked:
        try:
            every.append([_reads(one, both_strands, shifts, by) for by in _by(shifts)])
        except InputError as error:
            every.append(error)
    questions = {
        read.question: one.windows.variant.name
        for one, pairs in zip(asked, every, strict=True)
        if not isinstance(pairs, InputError)
        for pair in pairs
        for reads in pair
        for read in reads
    }
    known = _explained(model, method, questions)
    return [_change(one, pairs, known, shifts) for one, pairs in zip(asked, every, strict=True)]


def _by(shifts: int) -> list[int]:
    """The windows as they are, then moved, letter by letter."""
    return sorted(range(-shifts, shifts + 1), key=abs)


def _reads(asked: WhyAsked, both: bool, shifts: int, by: int) -> tuple[list[_Read], list[_Read]]:
    """All readings of the reference and of the alternative, of windows moved by so many letters."""
    windows = shifted(asked.windows, shifts, by)
    old, new = stranded(windows, both)
    return (
        [_read(asked, windows, one, windows.alternatives[0], by, is_reference=True) for one in old],
        [_read(asked, windows, one, one.window, by, is_reference=False) for one in new],
    )


def _read(
    asked: WhyAsked, windows: VariantWindows, one: StrandedWindow, other: AlleleWindow, by: int,
    is_reference: bool,
) -> _Read:  # fmt: skip
    columns = allele_columns(windows, other)
    target = asked.target
    if asked.letter is not None:
        letter = _letter(asked, windows, columns, is_reference)
        size = len(one.window.letters)
        target = replace(target, position=size - 1 - letter if one.turned else letter)
    aligned = columns.reference if is_reference else columns.alternative
    return _Read(_Question(one, target), aligned, by)


def _letter(asked: WhyAsked, windows: VariantWindows, columns: AlleleColumns, is_reference: bool) -> int:
    """The letter of a window whose output is meant. Raises InputError where an allele has none."""
    letter = windows.reference.at + (asked.letter or 0)
    if not 0 <= letter < len(windows.reference.letters):
        raise InputError(f"letter {letter} is not in the windows of variant {windows.variant.name!r}")
    found = letter if is_reference else columns.opposite(letter)
    if found is None:
        raise InputError(
            f"the output of variant {windows.variant.name!r} that changes most is at a letter that only one "
            "allele has, or that a window does not hold: nothing to compare it with"
        )
    return found


def _explained(
    model: Model, method: Method, questions: dict[_Question, str]
) -> dict[_Question, Explained | InputError]:
    """What a method gives for every question; equal ones are answered once."""
    of: dict[StrandedWindow, list[_Question]] = {}
    for one in questions:
        of.setdefault(one.window, []).append(one)
    asked = [
        ask(model, window.sequence(questions[some[0]], model.alphabet), tuple(one.target for one in some))
        for window, some in of.items()
    ]
    found: dict[_Question, Explained | InputError] = {}
    each = list(of.values())
    with only_outputs_of(model, {at for one in questions for at in one.target.letters}):
        for some in explain_each(model, method, asked, letter_scores=False):
            for place, results in some.items():
                found |= dict(zip(each[place], results, strict=True))
    return found


def _change(
    asked: WhyAsked,
    pairs: list[tuple[list[_Read], list[_Read]]] | InputError,
    known: dict[_Question, Explained | InputError],
    shifts: int,
) -> RelevanceChange | InputError:
    if isinstance(pairs, InputError):
        return pairs
    said = [known[read.question] for pair in pairs for reads in pair for read in reads]
    failed = next((one for one in said if isinstance(one, InputError)), None)
    if failed is not None:
        return failed
    windows = shifted(asked.windows, shifts, 0)
    columns = allele_columns(windows, windows.alternatives[0])
    values: list[list[np.ndarray]] = [[], []]  # of either allele, of every shift
    means: list[tuple[float, float]] = []  # the same: score, and relevance on no letter
    for number, pair in enumerate(pairs):
        for allele, reads in enumerate(pair):
            some = [one for read in reads if isinstance(one := known[read.question], Explained)]
            spread = [_spread(read, one, len(columns)) for read, one in zip(reads, some, strict=True)]
            values[allele].append(_mean(spread))
            if not number:
                score, special = ([one.score for one in some], [one.track.special for one in some])
                means.append((float(np.mean(score)), float(np.mean(special))))
    old, new = values
    differences = [after - before for before, after in zip(old, new, strict=True)]
    low, high = _ends(differences)
    first = [_first(reads[0], known, len(columns)) for reads in pairs[0]]
    return RelevanceChange(
        columns, _mean(old), _mean(new), _mean(differences), low, high, (means[0][0], means[1][0]),
        (means[0][1], means[1][1]), (first[0], first[1]),
    )  # fmt: skip


def _first(read: _Read, known: dict[_Question, Explained | InputError], columns: int) -> AlleleReading:
    one = known[read.question]
    if isinstance(one, InputError):
        raise one
    return AlleleReading(
        one.forward.tokens, read.question.window.turned, _spread(read, one, columns), read.aligned
    )


def _spread(read: _Read, one: Explained, columns: int) -> Float[np.ndarray, " columns"]:
    """Relevance of letters in the columns of windows that are not moved: 0 over a gap, NaN if not read."""
    values = np.asarray(one.track.values, dtype=np.float64)
    values = values[::-1] if read.question.window.turned else values
    there = read.aligned.letters(columns)
    own = np.where(there >= 0, values[np.maximum(there, 0)], np.where(there == NO_LETTER, 0.0, np.nan))
    found = np.full(columns, np.nan)
    into = slice(max(read.moved, 0), columns + min(read.moved, 0))
    found[into] = own[max(-read.moved, 0) : columns - max(read.moved, 0)]
    return found


def _mean(parts: List[np.ndarray]) -> Float[np.ndarray, " columns"]:
    """Of every column the mean over those that are numbers; NaN if none is."""
    if len(parts) == 1:
        return parts[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without any
        return np.nanmean(parts, axis=0)


def _ends(parts: List[np.ndarray]) -> tuple[Float[np.ndarray, " columns"], Float[np.ndarray, " columns"]]:
    """Of every column the least and the largest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmin(parts, axis=0), np.nanmax(parts, axis=0)
