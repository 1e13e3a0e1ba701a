"""What is written on the axis of letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from relevome.data.sequences import Interval
from relevome.data.sites import Site
from relevome.errors import InputError

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class PlusOne:
    """Which ``letter``, counted from 0, is +1, as a start site is; that before it is -1, and none is 0.

    ``turned`` counts against the letters, for a site on their other strand; ``name`` says what the letter is.
    """

    letter: int
    turned: bool = False
    name: str = ""


def from_site(sites: Sequence[Site], name: str, length: int, turns: bool) -> PlusOne:
    """The axis whose +1 is the first letter of a site of a sequence of ``length`` letters.

    Of several, ``name`` says which: its label, name or type. Numbers of a site on the other strand descend,
    if the letters have strands (``turns``). Raises InputError where no site, or not one place, is meant.
    """
    asked = f"--axis site:{name}" if name else "--axis site"
    meant = [site for site in sites if not name or name in (site.label, site.name, site.type)]
    if not meant:
        known = _labels(sites) or "none at all"
        raise InputError(f"{asked}: no such site on the sequence, which has {known}")
    starts = {(_first_letter(site, turns), turns and site.strand == "-") for site in meant}
    if len(starts) > 1:
        raise InputError(
            f"{asked}: {len(starts)} places of {_labels(meant)}: choose one by --axis site:NAME, or with "
            "--feature"
        )
    ((letter, turned),), label = starts, meant[0].label
    if not 0 <= letter < length:
        raise InputError(f"{asked}: {label!r} begins beyond the sequence: expected its first letter there")
    return PlusOne(letter, turned, f"first letter of {label}")


def _labels(sites: Sequence[Site]) -> str:
    return ", ".join(dict.fromkeys(repr(site.label) for site in sites))


def _first_letter(site: Site, turns: bool) -> int:
    return site.end - 1 if turns and site.strand == "-" else site.start


Origin: TypeAlias = int | Interval | PlusOne


@dataclass(frozen=True)
class Ruler:
    """Numbers of letters as people read them.

    ``origin`` is the number of the first letter, or the letter that is +1, or the interval of the sequence:
    then the numbers are 1-based coordinates of its chromosome, as in genome browsers, descending on the ``-``
    strand.
    """

    origin: Origin = 1

    def number(self, letter: int) -> int:
        """The number of a letter, which is counted from 0."""
        if isinstance(self.origin, int):
            return self.origin + letter
        if isinstance(self.origin, PlusOne):
            steps = (letter - self.origin.letter) * (-1 if self.origin.turned else 1)
            return steps + (steps >= 0)
        return self.origin.end - letter if self.origin.strand == "-" else self.origin.start + 1 + letter

    @property
    def label(self) -> str:
        """What the numbers are."""
        if isinstance(self.origin, int):
            return f"position (first letter = {_written(self.origin)})"
        if isinstance(self.origin, PlusOne):
            return f"position (+1 = {self.origin.name or f'letter {self.origin.letter + 1:,}'})"
        strands = {"+": "+ strand", "-": f"{MINUS} strand", ".": "strand unknown"}
        return f"1-based position ({strands[self.origin.strand]}) on {self.origin.chrom}"

    def span(self, start: int, end: int) -> str:
        """First and last number of letters ``start`` to before ``end``."""
        return f"{_written(self.number(start))} to {_written(self.number(end - 1))}"

    def ticks(self, start: int, end: int, spacing: float, size: float) -> dict[int, str]:
        """Letters to mark and their labels, at round numbers far enough apart to be read.

        ``spacing`` is the width of a letter, ``size`` that of the type, both in points.
        """
        widest = max(len(_written(self.number(letter))) for letter in (start, end - 1)) * 0.65 * size
        step = next(s for s in _steps() if s * spacing >= max(1.5 * widest, 4 * size))
        letters = [letter for letter in range(start, end) if self.number(letter) % step == 0]
        if isinstance(self.origin, PlusOne) and start <= self.origin.letter < end and step > 1:
            letters = [letter for letter in letters if abs(letter - self.origin.letter) >= step - 1]
            letters.append(self.origin.letter)
        return {letter: _written(self.number(letter)) for letter in sorted(letters) or [start]}


def _steps() -> Iterator[int]:
    return (digit * 10**power for power in count() for digit in (1, 2, 5))


def _written(number: int) -> str:
    return f"{number:,}".replace("-", MINUS)
