"""All substitutions of stretches of sequences, as variants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from relevome.data.sequences import Alphabet, Interval
from relevome.data.variants.variant import BadVariant, Variant, unusable


def saturated(
    stretches: Iterable[Interval], read: Callable[[str, int, int], str], alphabet: Alphabet
) -> Iterator[Variant | BadVariant]:
    """Every other letter at every place of some stretches, place by place, in the order of the alphabet.

    A place that has no letter of the alphabet itself, such as N, has one that cannot be used. ``line`` is the
    number of the place among all, from 1 on, and ``number`` that of the letter there.

    Args:
        stretches: Stretches of sequences, by their names.
        read: Gives the letters of a sequence from a place to a place.
        alphabet: The letters.
    """
    line = 0
    for stretch in stretches:
        letters = read(stretch.chrom, stretch.start, stretch.end).upper()
        for place, letter in enumerate(letters, stretch.start):
            line += 1
            if letter not in alphabet.letters:
                one = Variant(stretch.chrom, place, letter, letter, "", 1, line)
                reason = f"{stretch.chrom}:{place + 1} has {letter!r}: expected one of {alphabet.letters}"
                yield unusable(one, "other_letters", reason)
                continue
            others = (other for other in alphabet.letters if other != letter)
            for number, other in enumerate(others, 1):
                yield Variant(stretch.chrom, place, letter, other, "", number, line)
