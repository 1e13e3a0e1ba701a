"""Patterns of PROSITE, and where sequences match them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int, UInt32

from relevome.data.sequences import PROTEIN, Alphabet, Sequence
from relevome.data.sites import Site
from relevome.errors import InputError

_ASCII = 127  # the last letter of it; patterns have no other
_ELEMENT = re.compile(
    r"""(?P<set> x | [A-Z] | \[ <? [A-Z]+ >? \] | \{ [A-Z]+ \} )  # any letter, one, one of, none of
        (?: \( (?P<least>\d{1,18}) (?: , (?P<most>\d{1,18}) )? \) | (?P<any> \* ) )?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Pattern:
    """A pattern in the syntax of PROSITE, such as ``[AC]-x-V-x(4)-{ED}.``, and what it is called.

    https://prosite.expasy.org/prosuser.html#conv_pa: ``x`` is any letter, ``[ ]`` one of several, ``{ }`` any
    but these, ``(2)`` and ``(2,4)`` repeat; ``<`` and ``>`` are the ends of the sequence, also in brackets:
    ``[G>]`` is G or the end. A code for several letters, as X, fits where each of them would. Raises
    InputError for what is no pattern.
    """

    text: str
    name: str = ""
    alphabet: Alphabet = PROTEIN

    def __post_init__(self) -> None:
        _ = self._elements

    def sites(self, sequence: Sequence) -> list[Site]:
        """All matches, from left to right, overlapping ones too; of those with one start, the greedy one.

        Takes time in proportion to letters times elements, whatever repeats.
        """
        ends, name = self._ends(sequence.letters), self.name or self.text
        starts = np.flatnonzero(ends > np.arange(len(ends)))
        if self._plain.startswith("<"):
            starts = starts[starts == 0]
        return [Site(int(start), int(ends[start]), name) for start in starts]

    def _ends(self, letters: str) -> Int[np.ndarray, " places"]:
        """Where the match that begins at every place ends, -1 where none does; from the last element back."""
        places = np.arange(len(letters) + 1)
        ends = places.copy()
        if self._plain.endswith(">"):
            ends[:-1] = -1
        codes = np.frombuffer(letters.encode("utf-32-le"), dtype=np.uint32)
        for element in reversed(self._elements):
            ends = element.before(codes, ends)
        return ends

    @property
    def _plain(self) -> str:
        return "".join(self.text.split()).rstrip(".")

    @cached_property
    def _elements(self) -> tuple[_Element, ...]:
        body = self._plain.removeprefix("<").removesuffix(">")
        parts = body.removesuffix("-").removeprefix("-").split("-")
        return tuple(self._element(part) for part in parts)

    def _element(self, part: str) -> _Element:
        found = _ELEMENT.fullmatch(part)
        if found is None:
            raise InputError(
                f"pattern {_short(self.text)} has {_short(part)}, which is no element of PROSITE: expected "
                "x, a letter, [AC], {ED}, each perhaps with (2) or (2,4), joined by -"
            )
        least = int(found["least"] or 1) if not found["any"] else 0
        most = None if found["any"] else int(found["most"] or least)
        if most is not None and most < least:
            raise InputError(
                f"pattern {_short(self.text)} has {_short(part)}: expected the smaller number first"
            )
        written = found["set"]
        return _Element(self._letters(written), least, most, "<" in written, ">" in written)

    def _letters(self, element: str) -> str:
        named = set(element.strip("[]{}<>")) - {"x"}
        if unknown := sorted(named - set(self.alphabet.all_letters)):
            raise InputError(
                f"pattern {_short(self.text)} has {unknown[0]!r}, no {self.alphabet.name} letter"
            )
        wanted = {letter for one in named for letter in (one, *self._stands_for(one))}
        if element == "x":
            wanted = set(self.alphabet.all_letters)
        elif element.startswith("{"):
            wanted = set(self.alphabet.all_letters) - wanted
            wanted -= {code for code in wanted if not wanted.issuperset(self._stands_for(code))}
        else:
            codes = self.alphabet.ambiguous
            wanted |= {code for code in codes if wanted.issuperset(self._stands_for(code))}
        return "".join(sorted(wanted))

    def _stands_for(self, letter: str) -> str:
        return self.alphabet.ambiguous.get(letter, letter)


@dataclass(frozen=True)
class _Element:
    """One element of a pattern: letters, how often, and whether an end of the sequence does as well."""

    letters: str
    least: int
    most: int | None
    at_start: bool
    at_end: bool

    def before(
        self, codes: UInt32[np.ndarray, " letters"], ends: Int[np.ndarray, " places"]
    ) -> Int[np.ndarray, " places"]:
        """Where matches that begin with this element end, from the ends of those that begin behind it."""
        places, last = np.arange(len(codes) + 1), len(codes)
        known = np.zeros(_ASCII + 1, dtype=bool)
        known[list(self.letters.encode("ascii"))] = True
        fits = known[np.minimum(codes, _ASCII)]
        stops = np.append(np.where(fits, last, places[:-1]), last)
        furthest = np.minimum.accumulate(stops[::-1])[::-1]
        if self.most is not None:
            furthest = np.minimum(furthest, places + min(self.most, last))
        # the most letters that leave a match behind them
        behind = np.maximum.accumulate(np.where(ends >= 0, places, -1))[furthest]
        enough = behind >= places + min(self.least, last + 1)
        if self.at_start:
            enough[0] = behind[0] >= 0
        if self.at_end:
            enough |= behind == last
        return np.where(enough, ends[behind], -1)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
