"""What is wrong with one sequence, and what is then done about it."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, TypeVar

import numpy as np

from relevome.data.names import check_name, visible
from relevome.data.sequences import Alphabet, Interval, Sequence
from relevome.errors import InputError

T = TypeVar("T")

OnBad = Literal["refuse", "skip"]

_HASH_BYTES = 12
_FEW = 16_384  # names that may be in a set, which is faster and takes eight times the room

# str.upper would turn some letters that are not ASCII into residues.
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


@dataclass(frozen=True)
class Problem:
    """A sequence that cannot be used: its id as far as known, why, and where it was found.

    Whatever the file holds, none of the three steers the terminal that they are shown on (`visible`).
    """

    id: str
    reason: str
    where: str

    def __post_init__(self) -> None:
        for name in ("id", "reason", "where"):
            object.__setattr__(self, name, visible(getattr(self, name)))

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
        self._seen = SeenNames()

    def take(self, id: str, letters: str, where: str, interval: Interval | None = None) -> Sequence | Problem:
        """The sequence, or what is wrong with it."""
        if not id:
            return Problem(id, "sequence without an id: expected a name and no blank before it", where)
        try:
            check_name(id, "sequence")
        except InputError as error:
            return Problem(id, str(error), where)
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


class SeenNames:
    """A set of names that holds 12 bytes of a hash of each, so that millions of them take little room.

    Most are in a sorted array; the latest are in a set until they are many enough to be sorted in.
    """

    def __init__(self) -> None:
        self._sorted = np.zeros(0, dtype=f"S{_HASH_BYTES}")
        self._latest: set[bytes] = set()

    def add(self, name: str) -> bool:
        """Remember a name; whether it was new."""
        key = blake2b(name.encode(), digest_size=_HASH_BYTES).digest()
        if key in self._latest or self._is_sorted_in(key):
            return False
        self._latest.add(key)
        if len(self._latest) > _FEW + len(self._sorted) // 16:
            self._sorted = np.concatenate([self._sorted, np.array(list(self._latest), self._sorted.dtype)])
            self._sorted.sort()
            self._latest.clear()
        return True

    def _is_sorted_in(self, key: bytes) -> bool:
        if not len(self._sorted):
            return False
        wanted = np.array(key, dtype=self._sorted.dtype)
        place = int(self._sorted.searchsorted(wanted))
        return place < len(self._sorted) and bool(self._sorted[place] == wanted)
