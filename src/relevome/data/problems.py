"""What is wrong with one sequence, and what is then done about it."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from relevome.data.errors import InputError
from relevome.data.seen import Seen
from relevome.data.sequence import Alphabet, Interval, Sequence

T = TypeVar("T")

OnBad = Literal["refuse", "skip"]

# str.upper would turn some letters that are not ASCII into residues.
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


@dataclass(frozen=True)
class Problem:
    """A sequence that cannot be used: its id as far as known, why, and where it was found."""

    id: str
    reason: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


def refuse_or_skip(items: Iterable[T | Problem], on_bad: OnBad, problems: list[Problem]) -> Iterator[T]:
    """Items without problems, lazily.

    With ``on_bad="refuse"`` the first problem is raised as an InputError; with ``"skip"`` each is
    appended to ``problems`` and left out.
    """
    for item in items:
        if not isinstance(item, Problem):
            yield item
        elif on_bad == "skip":
            problems.append(item)
        else:
            raise InputError(f"{item}; correct it, or leave such sequences out with --on-bad skip")


@dataclass
class Stops:
    """Asks for the ``*`` at the end of a protein, a stop, to be taken off, and counts how often."""

    stripped: int = 0

    def strip(self, letters: str) -> str:
        """The letters without one ``*`` at their end."""
        self.stripped += letters.endswith("*")
        return letters.removesuffix("*")


class Intake:
    """Turns what a file says into a Sequence or a Problem, by the same rules for every format.

    Lower-case (soft-masked) letters are upper-cased. An id that was seen before is a problem, even
    if the sequence that had it first was one too. A ``*`` is a problem too, unless ``stops`` takes it off.
    """

    def __init__(self, alphabet: Alphabet, stops: Stops | None = None) -> None:
        self._alphabet = alphabet
        self._stops = stops
        self._seen = Seen()

    def take(self, id: str, letters: str, where: str, interval: Interval | None = None) -> Sequence | Problem:
        """The sequence, or what is wrong with it."""
        if not id:
            return Problem(id, "sequence without an id: expected a name and no blank before it", where)
        if not self._seen.add(id):
            return Problem(id, f"id {id!r} was used before: expected every id once", where)
        if self._stops is not None:
            letters = self._stops.strip(letters)
        try:
            return Sequence(id, letters.translate(_UPPER), self._alphabet, interval)
        except InputError as error:
            stop = (
                "; '*' marks a stop and is no residue: strip it (or --strip-stop, of explain and train)"
                if letters.endswith("*")
                else ""
            )
            return Problem(id, f"{error}{stop}", where)
