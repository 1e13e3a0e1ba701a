"""Windows around variants, against slices of the whole sequence."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from relevome.data.variants.genes import Gene, Genes, read_genes
from relevome.data.variants.variant import BadVariant, Variant
from relevome.data.variants.windows import VariantWindowing, VariantWindows
from relevome.errors import InputError

LETTERS = "".join(np.random.default_rng(0).choice(list("ACGT"), 30))


def around(windowing, variant, length=30, gene=None) -> Any:
    return windowing.misfit(variant, length) or windowing.around(variant, read, length, gene)


def read(start, end):
    assert 0 <= start <= end <= len(LETTERS)
    return LETTERS[start:end]


def all_variants():
    for start, ref, alt in product(range(len(LETTERS)), (1, 2, 4), ("G", "GT", "GTCCA")):
        if start + ref <= len(LETTERS):
            yield Variant("c", start, LETTERS[start : start + ref], alt)


@pytest.mark.parametrize("anchored", ["left", "right", "both", "ends"])
@pytest.mark.parametrize("width", [9, 12])
def test_they_are_slices_of_the_changed_sequence(anchored, width):
    """Beyond the ends is N; of a shifted window one end is that of the reference."""
    far = "N" * 50
    for variant in all_variants():
        found = around(VariantWindowing(width, anchored, "N"), variant)
        assert isinstance(found, VariantWindows)
        first = variant.start - width // 2
        whole = far + LETTERS + far
        assert found.reference.letters == whole[50 + first : 50 + first + width]
        assert (found.start, found.reference.at) == (first, width // 2)
        assert found.padded == sum(not 0 <= at < len(LETTERS) for at in range(first, first + width))
        changed = far + LETTERS[: variant.start] + variant.alt + LETTERS[variant.end :] + far
        last = first + width + variant.growth  # where the reference window's last letter is in it
        spans = {"left": [(first, first + width)], "right": [(last - width, last)], "ends": [(first, last)]}
        spans["both"] = spans["left"] + spans["right"]
        if not variant.growth:
            spans["both"] = spans["left"]
        assert [one.letters for one in found.alternatives] == [
            changed[50 + a : 50 + b] for a, b in spans[anchored]
        ]
        for one in found.alternatives:
            assert one.letters[one.at : one.at + len(variant.alt)] == variant.alt


def test_what_does_not_fit_comes_with_its_reason():
    windowing = VariantWindowing(4, "both", "N")
    long = Variant("c", 9, LETTERS[9:12], "A")
    assert isinstance(around(windowing, Variant("c", 9, LETTERS[9:11], "A")), VariantWindows)
    for variant, said in (
        (long, "has a longer reference than fits"),
        (Variant("c", 9, LETTERS[9], "ACGT"), "is too long to fit"),
    ):
        found = around(windowing, variant)
        assert isinstance(found, BadVariant)
        assert found.kind == "does_not_fit"
        assert said in found.reason


def test_without_an_unknown_letter_windows_stay_inside():
    windowing = VariantWindowing(10)
    starts = [around(windowing, Variant("c", at, LETTERS[at], "K")).start for at in (0, 4, 9, 29)]
    assert starts == [0, 0, 4, 20]
    found = around(windowing, Variant("c", 29, LETTERS[29], "K"))
    assert found.reference.letters == LETTERS[20:]
    assert found.alternatives[0].letters == LETTERS[20:29] + "K"
    short = around(VariantWindowing(100), Variant("c", 3, LETTERS[3], "K"))
    assert (short.reference.letters, short.padded) == (LETTERS, 0)
    whole = around(VariantWindowing(None), Variant("c", 3, LETTERS[3], "K"))
    assert whole.reference == short.reference


def test_outside_a_gene_letters_are_unknown():
    gene = Gene("g", "c", 8, 15, "-")
    found = around(VariantWindowing(12, "ends", "N"), Variant("c", 10, LETTERS[10], "TT"), 30, gene)
    assert found.reference.letters == "N" * 4 + LETTERS[8:15] + "N"
    assert found.alternatives[0].letters == "N" * 4 + LETTERS[8:10] + "TT" + LETTERS[11:15] + "N"
    away = Gene("g", "c", 40, 50, "-")
    found = around(VariantWindowing(4, "ends", "N"), Variant("c", 10, "A", "T"), 30, away)
    assert found.reference.letters == "NNAN"


def test_a_variant_is_in_the_genes_of_its_first_letter(write):
    gff = "##gff-version 3\nchr1\tx\tgene\t3\t9\t.\t-\t.\tName=a\nchr1\tx\texon\t3\t9\t.\t-\t.\tName=b\n"
    genes = read_genes(write("g.gff3", gff + "2\tx\tgene\t1\t4\t.\t+\t.\tName=c\n"), {"1": 30})
    at = [[one.name for one in genes.at(Variant("1", start, "A", "C"))] for start in (1, 2, 8, 9)]
    assert at == [[], ["a"], ["a"], []]
    assert genes.at(Variant("1", 5, "A", "C")) == [Gene("a", "1", 2, 9, "-")]
    assert genes.at(Variant("2", 5, "A", "C")) == []
    both = Genes([Gene("a", "1", 2, 9, "-"), Gene("b", "1", 0, 5, "+")])
    assert [one.name for one in both.at(Variant("1", 3, "A", "C"))] == ["a", "b"]
    with pytest.raises(InputError, match=r"gene 'x' has no strand: expected \+ or -"):
        read_genes(write("g.bed", "chr1\t2\t9\tx\n"), {"1": 30})
    with pytest.raises(InputError, match=r"has no gene on the genome, which has 1"):
        read_genes(write("g.bed", "chr7\t2\t9\tx\t0\t+\n"), {"1": 30})


def test_a_window_has_letters():
    with pytest.raises(InputError, match="--width 0: expected 1 letter or more"):
        VariantWindowing(0)
