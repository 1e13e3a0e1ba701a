"""Which letters of sequences are meant: one by one, stretches, all, or those on sites."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.inputs import Input
from relevome.data.known_sites import known_sites, source_digest
from relevome.data.sequences import Sequence
from relevome.data.sites import Site, mask
from relevome.errors import InputError
from relevome.words import counted

ALL = "all"
_STRETCH = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_MOST = 10_000  # letters that are explained one by one


@dataclass(frozen=True)
class Positions:
    """Letters over which an output is summed: ``all``, a stretch ``10-40``, or those on known sites.

    ``said`` are the words, ``sites`` those of a file or of a pattern by sequence id.
    """

    said: str
    sites: Mapping[str, list[Site]] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What stands behind the label of the output: ``all``, ``10-40`` or ``sites``."""
        return self.said if self.sites is None else "sites"

    def of(self, sequence: Sequence) -> tuple[int, ...]:
        """The letters of a sequence. Raises InputError if there are none, or not all that are named."""
        length = len(sequence)
        if self.sites is not None:
            found = np.flatnonzero(mask(sequence, self.sites)).tolist()
            if not found:
                raise InputError(f"no letter of sequence {sequence.id!r} is on a site of {self.said}")
            return tuple(found)
        if self.said == ALL:
            return tuple(range(length))
        letters = stretch(self.said, "--positions")
        if letters.stop > length:
            raise InputError(
                f"sequence {sequence.id!r} has {length} letters, and --positions {self.said} goes up to "
                f"{letters[-1]}, counted from 0"
            )
        return tuple(letters)

    def on_record(self) -> dict[str, Any]:
        """What a run keeps of it."""
        return {"said": self.said, "sha256": None if self.sites is None else source_digest(self.said)}


def positions_of(said: Any, given: Input) -> Positions | None:
    """What is meant by ``--positions``; sites of a file, or that a pattern finds in what is given.

    Raises InputError for a file that cannot be read, and a stretch of no letters.
    """
    if said is None:
        return None
    if not isinstance(said, str | Path) or not str(said):
        raise InputError(
            f"--positions {said!r}: expected all, a stretch such as 10-40, or a file of sites; letters one "
            "by one are --position"
        )
    text = str(said)
    if text == ALL or _STRETCH.fullmatch(text):
        if text != ALL:
            stretch(text, "--positions")
        return Positions(text)
    sequences = (one for one in given.read() if isinstance(one, Sequence))
    return Positions(text, known_sites(text, sequences))


def each_of(position: Any) -> int | list[int] | None:
    """Letters that are explained one by one: numbers from 0, and stretches ``10-40``; None for none.

    Raises InputError for anything else, and for more than 10,000 of them.
    """
    if position is None:
        return None
    if isinstance(position, Integral):
        return int(position)
    if not isinstance(position, Iterable):
        raise InputError(f"--position {position!r}: expected a 0-based letter, or several")
    given = [position] if isinstance(position, str) else list(position)
    found = [stretch(str(part), "--position") for part in given]
    count = sum(map(len, found))
    if not 0 < count <= _MOST:
        raise InputError(f"--position names {counted(count, 'letter')}: expected 1 to {_MOST:,}")
    return list(dict.fromkeys(one for letters in found for one in letters))


def stretch(text: str, option: str) -> range:
    """The letter ``12``, or from ``10-40`` those from 10 to before 40. Raises InputError for none."""
    known = _STRETCH.fullmatch(text)
    first = int(known[1]) if known else 0
    end = int(known[2] or first + 1) if known else 0
    if first >= end:
        raise InputError(
            f"{option} {text}: expected a 0-based letter such as 12, or a stretch such as 10-40, the last "
            "not in"
        )
    return range(first, end)
