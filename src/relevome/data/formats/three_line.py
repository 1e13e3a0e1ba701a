"""Sequences with a label for every letter, three lines each: header, letters, labels."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

from relevome.data.features import Feature, FeatureItem, Listed
from relevome.data.formats import Format, formats
from relevome.data.lines import PathLike, numbered_lines
from relevome.data.names import check_name, first_word
from relevome.data.problems import Intake, Problem, Stops
from relevome.data.sequences import PROTEIN, Alphabet, Sequence
from relevome.errors import InputError
from relevome.words import counted


@dataclass(frozen=True)
class LabelledLetters:
    """A sequence, and a label, one character, for each of its letters."""

    sequence: Sequence
    labels: str


def labelled_sequences(path: PathLike, alphabet: Alphabet = PROTEIN) -> Iterator[LabelledLetters | Problem]:
    """Sequences of a 3-line file with their labels, lazily, plain or gzip.

    The id is the header up to the first blank, as in FASTA, so that FASTA made of it has the same ids. Raises
    InputError for a file that is not in threes or has not as many labels as letters.
    """
    intake = Intake(alphabet)
    for where, id, letters, labels in _threes(path):
        sequence = intake.take(id, letters, where)
        yield sequence if isinstance(sequence, Problem) else LabelledLetters(sequence, labels)


def unlabelled_sequences(
    path: PathLike, alphabet: Alphabet, stops: Stops | None = None
) -> Iterator[Sequence | Problem]:
    """The sequences of a 3-line file alone; see `labelled_sequences`."""
    intake = Intake(alphabet, stops)
    return (intake.take(id, letters, where) for where, id, letters, _ in _threes(path))


def label_features(path: PathLike, labels: Collection[str] = ()) -> Iterator[FeatureItem]:
    """Stretches of letters with the same label; each label is a type of its own.

    ``labels`` are characters, of which any count as one type where several are written together: ``Hh`` is
    one stretch where ``H`` and ``h`` are neighbours. Raises InputError as `labelled_sequences` does, and for
    an id that was used before.
    """
    seen = set()
    for where, id, _, own in _threes(path):
        if id in seen:
            raise InputError(f"{where}: id {id!r} was used before: expected every id once")
        seen.add(id)
        _check(id, where)
        yield Listed(id)
        if labels:
            for wanted in labels:
                yield from _stretches(id, own, wanted)
        else:
            yield from sorted(_all_stretches(id, own), key=lambda stretch: stretch.kind)


def _all_stretches(id: str, labels: str) -> Iterator[Feature]:
    """Those of every label, from left to right."""
    start = 0
    for label, letters in groupby(labels):
        end = start + sum(1 for _ in letters)
        yield Feature(id, label, start, end, "")
        start = end


def _check(id: str, where: str) -> None:
    try:
        check_name(id, "sequence")
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _stretches(id: str, labels: str, wanted: str) -> Iterator[Feature]:
    start = 0
    for inside, letters in groupby(labels, lambda label: label in wanted):
        end = start + sum(1 for _ in letters)
        if inside:
            yield Feature(id, wanted, start, end, "")
        start = end


def _threes(path: PathLike) -> Iterator[tuple[str, str, str, str]]:
    """Where each record is, its id, letters and labels."""
    lines = ((number, line.strip(" \t")) for number, line in numbered_lines(path) if line.strip())
    empty = True
    for number, header in lines:
        where, empty = f"{path}, line {number}", False
        if not header.startswith(">"):
            raise InputError(f"{where}: expected a header '>id', then a line of letters and one of labels")
        (_, letters), (_, labels) = next(lines, (0, "")), next(lines, (0, ""))
        id = first_word(header[1:])
        if not letters or len(letters) != len(labels):
            raise InputError(
                f"{where}: {id!r} has {counted(len(letters), 'letter')} and {counted(len(labels), 'label')}: "
                "expected one for each letter, and both on one line"
            )
        yield where, id, letters, labels
    if empty:
        raise InputError(f"{path} has no sequences: expected three lines each, '>id', letters and labels")


formats.register("three-line")(
    Format(
        "three-line",
        within=(".3line",),
        sequences=unlabelled_sequences,
        sites=label_features,
        exact_types=True,  # H and h are two labels
    )
)
