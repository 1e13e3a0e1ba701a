"""Which letters a model reads of a variant: each allele on one strand, or on both."""

from __future__ import annotations

from typing import NamedTuple

from relevome.data.sequences import Alphabet, Sequence
from relevome.data.variants.windows import AlleleWindow, VariantWindows
from relevome.errors import InputError


class StrandedWindow(NamedTuple):
    """An allele as a model reads it; on the other strand if it is ``turned``."""

    window: AlleleWindow
    turned: bool

    def sequence(self, name: str, alphabet: Alphabet) -> Sequence:
        """The letters, in the direction in which they are read."""
        read = Sequence(name, self.window.letters, alphabet)
        return read.reverse_complement() if self.turned else read


class OtherLetter(NamedTuple):
    """A letter that is another one than in a reading.

    Attributes:
        reading: The reading.
        place: Which of its letters, as they are read.
        letter: What stands there.
    """

    reading: StrandedWindow
    place: int
    letter: str


def other_letter(
    windows: VariantWindows, reference: StrandedWindow, alphabet: Alphabet
) -> OtherLetter | None:
    """By what an alternative differs from the reading of its reference; None where it is not one letter."""
    letter, at = windows.variant.alt, reference.window.at
    if len(letter) > 1 or len(windows.variant.ref) > 1:
        return None
    if not reference.turned:
        return OtherLetter(reference, at, letter)
    other = (alphabet.complements or {})[letter]
    return OtherLetter(reference, len(reference.window.letters) - 1 - at, other)


def stranded(windows: VariantWindows, both: bool) -> tuple[list[StrandedWindow], list[StrandedWindow]]:
    """All readings of the reference, and all of the alternative, strand by strand.

    A variant in a gene is read on the gene's strand, any other on that of the file, or on ``both``.
    """
    turns = [False, True] if both else [windows.gene is not None and windows.gene.strand == "-"]
    return (
        [StrandedWindow(windows.reference, turned) for turned in turns],
        [StrandedWindow(one, turned) for turned in turns for one in windows.alternatives],
    )


def overflowed(windows: VariantWindows) -> InputError:
    """The error for a variant of which an answer is no finite number."""
    return InputError(
        f"an output for variant {windows.variant.name!r} is infinite or not a number: the model overflowed; "
        "use a wider --dtype"
    )
