"""Windows around variants: the letters that a model reads with the reference, and with the alternative."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

from relevome.data.variants.genes import Gene
from relevome.data.variants.variant import BadVariant, Variant, unusable
from relevome.errors import InputError

# What stays in place where the alternative has another length.
Anchored: TypeAlias = Literal["left", "right", "both", "ends"]

# From a stretch of a sequence, which has these letters, to them.
ReadLetters: TypeAlias = Callable[[int, int], str]


class AlleleWindow(NamedTuple):
    """Letters around one allele, in the direction of the sequence; ``at`` is the allele's first."""

    letters: str
    at: int


@dataclass(frozen=True)
class VariantWindows:
    """What a model reads of a variant.

    Attributes:
        variant: The variant.
        reference: The window with the reference.
        alternatives: Those with the alternative: one, or two that are shifted the one and the other way.
        start: The place of the reference window's first letter, 0-based; below 0 where it is filled up.
        padded: How many of its letters are unknown ones, in place of those beyond the ends of the sequence.
        gene: The gene whose strand and ends count, if any.
        elsewhere: Windows of the same change at other places, if these are asked for.
    """

    variant: Variant
    reference: AlleleWindow
    alternatives: tuple[AlleleWindow, ...]
    start: int
    padded: int
    gene: Gene | None = None
    elsewhere: tuple[VariantWindows, ...] = ()


@dataclass(frozen=True)
class VariantWindowing:
    """How windows are cut.

    The variant's first letter is letter ``width // 2`` of the window. Where the alternative has another
    length, its window has letters of the sequence more or less, so that it is as wide: on the right with
    ``left``, since the left end stays where it is, on the left with ``right``; ``both`` makes both windows,
    over which scores are averaged. With ``ends`` both ends stay, and the window is as much longer or shorter.

    Args:
        width: Letters of a window; None for whole sequences, of which both ends stay.
        anchored: What stays in place. Default: ``both``.
        unknown: The letter beyond the ends of a sequence, and outside a gene; None: windows do not reach
            beyond the ends, but are moved inside. Default: None.
        matched: Gives the same change at other places of a window, which get windows of their own. Default:
            none.
    """

    width: int | None
    anchored: Anchored = "both"
    unknown: str | None = None
    matched: Callable[[VariantWindows], Iterable[Variant]] | None = None

    def __post_init__(self) -> None:
        if self.width is not None and self.width < 1:
            raise InputError(f"--width {self.width}: expected 1 letter or more")

    def around(
        self, variant: Variant, read: ReadLetters, length: int, gene: Gene | None = None
    ) -> VariantWindows:
        """The windows of a variant.

        Args:
            variant: The variant, which lies on the sequence and fits, see `misfit`.
            read: Gives letters of the sequence.
            length: How many it has.
            gene: Outside of it letters are unknown. Default: none.
        """
        start, end = self._ends(variant, length)
        inside = _Inside(read, length, self.unknown, gene)
        before, after = _beside(inside, variant, start, end)
        reference = AlleleWindow(before + variant.ref + after, len(before))
        others: list[AlleleWindow] = []
        for span in self._spans(variant, start, end):
            left, right = (before, after) if span == (start, end) else _beside(inside, variant, *span)
            others.append(AlleleWindow(left + variant.alt + right, len(left)))
        padded = max(-start, 0) + max(end - length, 0)
        found = VariantWindows(variant, reference, tuple(others), start, padded, gene)
        if self.matched is None:
            return found
        plain = replace(self, matched=None)
        fitting = [one for one in self.matched(found) if plain.misfit(one, length) is None]
        return replace(found, elsewhere=tuple(plain.around(one, read, length, gene) for one in fitting))

    def misfit(self, variant: Variant, length: int) -> BadVariant | None:
        """Why a variant does not fit into windows of a sequence of a length; None if it does."""
        start, end = self._ends(variant, length)
        if not start <= variant.start <= variant.end <= end:
            reason = f"{variant} has a longer reference than fits into windows of {self.width} letters"
            return unusable(variant, "does_not_fit", reason)
        for first, last in self._spans(variant, start, end):
            if not (first <= variant.start and variant.end <= last):
                reason = f"{variant} is too long to fit into windows of {self.width} letters"
                return unusable(variant, "does_not_fit", reason)
        return None

    def _ends(self, variant: Variant, length: int) -> tuple[int, int]:
        """Where the reference window begins and ends."""
        if self.width is None or (self.unknown is None and self.width >= length):
            return 0, length
        start = variant.start - self.width // 2
        if self.unknown is None:
            start = min(max(start, 0), length - self.width)
        return start, start + self.width

    def _spans(self, variant: Variant, start: int, end: int) -> list[tuple[int, int]]:
        """Stretches of the sequence in which the alternative takes the place of the reference."""
        grown = variant.growth
        if self.width is None or not grown or self.anchored == "ends":
            return [(start, end)]
        left, right = (start, end - grown), (start + grown, end)
        return {"left": [left], "right": [right], "both": [left, right]}[self.anchored]


@dataclass(frozen=True)
class _Inside:
    """Letters of a sequence from anywhere to anywhere; what is not inside is unknown."""

    read: ReadLetters
    length: int
    unknown: str | None
    gene: Gene | None

    def __call__(self, start: int, end: int) -> str:
        if self.unknown is None:
            return self.read(start, end)
        first, last = max(start, 0), min(end, self.length)
        if self.gene is not None:
            first, last = max(first, self.gene.start), min(last, self.gene.end)
        if first >= last:
            return self.unknown * (end - start)
        return self.unknown * (first - start) + self.read(first, last) + self.unknown * (end - last)


def _beside(inside: _Inside, variant: Variant, start: int, end: int) -> tuple[str, str]:
    """Letters of a stretch before and behind a variant."""
    letters = inside(start, end)
    return letters[: variant.start - start], letters[variant.end - start :]
