"""What differs between two alleles."""

from __future__ import annotations

from itertools import product

import pytest

from relevome.data.variants.variant import Variant, trimmed

ALLELES = ["".join(some) for length in (1, 2, 3) for some in product("AC", repeat=length)]


@pytest.mark.parametrize("least", [0, 1])
def test_trimmed_alleles_give_the_same_sequence_and_share_no_end(least):
    for ref, alt in product(ALLELES, ALLELES):
        shared, short, other = trimmed(ref, alt, least)
        end = len(ref) - shared - len(short)
        assert alt == ref[:shared] + other + ref[len(ref) - end :]
        assert len(short) >= min(least, len(ref))
        if not least and short and other:
            assert short[0] != other[0]
            assert short[-1] != other[-1]


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [
        ("T", "TA", (0, "T", "TA")), ("TA", "TGA", (0, "T", "TG")), ("CCA", "C", (1, "CA", "")),
        ("CAC", "C", (1, "AC", "")), ("A", "GA", (0, "A", "GA")), ("ACAG", "TGTC", (0, "ACAG", "TGTC")),
        ("GAT", "GCT", (1, "A", "C")), ("GCAG", "GCAGCAG", (0, "G", "GCAG")),
    ],
)  # fmt: skip
def test_an_inserted_letter_keeps_one_that_it_belongs_to(ref, alt, expected):
    assert trimmed(ref, alt, 1) == expected


@pytest.mark.parametrize(
    ("ref", "alt", "kind"),
    [
        ("A", "G", "SNV"), ("GAT", "GCT", "SNV"), ("AC", "GT", "MNV"), ("T", "TA", "insertion"),
        ("TA", "TGA", "insertion"), ("TTTTT", "T", "deletion"), ("AC", "G", "complex"),
        ("A", "GTC", "complex"),
    ],
)  # fmt: skip
def test_kinds(ref, alt, kind):
    assert Variant("c", 4, ref, alt).kind == kind


def test_it_has_a_place_and_letters():
    for start, ref, alt in ((-1, "A", "C"), (0, "", "C"), (0, "A", "")):
        with pytest.raises(ValueError, match="expected a place from 0 on, and letters"):
            Variant("c", start, ref, alt)
