"""Both alleles of a variant under each other, letter by letter, and their windows a little further on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from relevome.data.variants.variant import trimmed
from relevome.data.variants.windows import AlleleWindow, VariantWindowing, VariantWindows
from relevome.errors import InputError
from relevome.words import counted

GAP = "-"
NO_LETTER, NOT_READ = -1, -2  # of a column: the allele has no letter there, or the window does not hold it


@dataclass(frozen=True)
class AlignedAllele:
    """An allele's window among columns.

    Attributes:
        first: The letter of the window with which what differs begins.
        own: How many letters of it differ; perhaps none.
        before: How many columns are before those that differ.
        core: How many columns differ.
        size: Letters of the window.
    """

    first: int
    own: int
    before: int
    core: int
    size: int

    def column(self, letters: Int[np.ndarray, " letters"]) -> Int[np.ndarray, " letters"]:
        """The columns of letters of the window, also of those beyond its ends."""
        behind = letters >= self.first + self.own
        return letters - self.first + self.before + np.where(behind, self.core - self.own, 0)

    def letters(self, columns: int) -> Int[np.ndarray, " columns"]:
        """The letter of every column, `NO_LETTER` or `NOT_READ`."""
        places = np.arange(columns)
        behind = places >= self.before + self.core
        found = places - self.before + self.first - np.where(behind, self.core - self.own, 0)
        found[(found < 0) | (found >= self.size)] = NOT_READ
        found[self.before + self.own : self.before + self.core] = NO_LETTER
        return found


@dataclass(frozen=True)
class AlleleColumns:
    """The reference's window and an alternative's in columns, in the direction of the sequence.

    The columns are the letters of the reference's window, and what is inserted. Letters that both alleles
    share have a column in common, and so have letters and those in their place, from the first on; what is
    inserted or deleted stands over a gap.

    Attributes:
        reference: The reference among them.
        alternative: The alternative.
        ref_letters: The reference, with `GAP` where letters are inserted.
        alt_letters: The alternative, with `GAP` where letters are deleted.
    """

    reference: AlignedAllele
    alternative: AlignedAllele
    ref_letters: str
    alt_letters: str

    def __len__(self) -> int:
        return len(self.ref_letters)

    @property
    def changed(self) -> range:
        """The columns that differ."""
        return range(self.reference.before, self.reference.before + self.reference.core)

    def opposite(self, letter: int) -> int | None:
        """The alternative's letter in the column of a letter of the reference's window, if there is one."""
        column = self.reference.column(np.array([letter]))[0]
        found = int(self.alternative.letters(len(self))[column])
        return None if found < 0 else found


def allele_columns(windows: VariantWindows, alternative: AlleleWindow) -> AlleleColumns:
    """The columns of a variant's reference window and one of its alternatives."""
    variant, window = windows.variant, windows.reference
    shared, ref, alt = trimmed(variant.ref, variant.alt)
    before, core = window.at + shared, max(len(ref), len(alt))
    left, right = window.letters[:before], window.letters[before + len(ref) :]
    return AlleleColumns(
        AlignedAllele(before, len(ref), before, core, len(window.letters)),
        AlignedAllele(alternative.at + shared, len(alt), before, core, len(alternative.letters)),
        f"{left}{ref.ljust(core, GAP)}{right}",
        f"{left}{alt.ljust(core, GAP)}{right}",
    )


def wider(windowing: VariantWindowing, shifts: int) -> VariantWindowing:
    """The same windows with so many letters more at either end, of which `shifted` takes some off again.

    Raises InputError where windows cannot be moved along the sequence.
    """
    if shifts < 0:
        raise InputError(f"--shifts {shifts}: expected 0 letters or more")
    if not shifts:
        return windowing
    if windowing.width is None or windowing.unknown is None:
        raise InputError(
            f"--shifts {shifts}: windows of proteins are not moved along them: leave it out for these"
        )
    return replace(windowing, width=windowing.width + 2 * shifts)


def shifted(windows: VariantWindows, shifts: int, by: int) -> VariantWindows:
    """Of windows that are wider by ``shifts`` at either end those that begin ``by`` letters further on.

    Raises InputError where the variant is not in them.
    """
    if not shifts:
        return windows
    variant, off = windows.variant, shifts + by

    def cut(one: AlleleWindow) -> AlleleWindow:
        letters, at = one.letters[off : len(one.letters) - (shifts - by)], one.at - off
        if at < 0 or at + max(len(variant.ref), len(variant.alt)) > len(letters):
            raise InputError(
                f"variant {variant.name!r} is not in its windows of {counted(len(letters), 'letter')} when "
                f"they are moved by {by}: expected fewer --shifts, or a longer --width"
            )
        return AlleleWindow(letters, at)

    return replace(
        windows,
        reference=cut(windows.reference),
        alternatives=tuple(map(cut, windows.alternatives)),
        start=windows.start + off,
    )
