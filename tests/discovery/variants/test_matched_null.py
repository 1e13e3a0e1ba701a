"""A variant beside the same change at other places: by hand, and uniform where there is nothing to find."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

import relevome
from relevome.discovery.variants.matched_null import matched_nulls
from relevome.errors import InputError
from relevome.results.variants.effect import MatchedNull, VariantEffect

LETTERS = "ACGT"
HEAD = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def delta(value: float) -> list[VariantEffect]:
    """An effect of one target."""
    return [VariantEffect("x", 0, 1.0, 1.0 + value)]


def known(value: float | None) -> float:
    """A number that is there."""
    assert value is not None
    return value


def test_numbers_by_hand():
    others = [delta(0.5), delta(-2.0), InputError("none"), delta(1.0), delta(-0.25)]
    (found,) = matched_nulls(delta(-1.0), others)
    assert found.places == 4
    assert found.p == pytest.approx((1 + 2) / (1 + 4))
    assert found.mean == pytest.approx((0.5 - 2 + 1 - 0.25) / 4)
    assert found.sd == pytest.approx(np.std([0.5, -2, 1, -0.25], ddof=1))
    gains = [
        [VariantEffect("x", gain=gain, loss=loss)] for gain, loss in ((0.1, 0.5), (0.2, 0.0), (0.0, 0.3))
    ]
    (found,) = matched_nulls([VariantEffect("x", gain=0.3, loss=0.1)], list(gains))
    assert (found.places, found.p) == (3, (1 + 2) / (1 + 3))
    assert found.mean == pytest.approx((0.5 + 0.2 + 0.3) / 3)
    assert matched_nulls(delta(1.0), []) == [MatchedNull(0, None, None, None)]
    assert matched_nulls(delta(1.0), [delta(0.5)]) == [MatchedNull(1, 0.5, None, 0.5)]


@pytest.fixture
def files(write):
    """A genome of random letters, and 150 variants of it: substitutions, insertions and deletions."""
    draw = np.random.default_rng(11)
    text, lines = "".join(draw.choice(list(LETTERS), 6000)), []
    for number, start in enumerate(range(60, 5800, 38)):
        kind, ref = number % 3, text[start]
        alt = LETTERS[LETTERS.index(ref) - int(draw.integers(1, 4))] if kind == 0 else ref
        alt += "".join(draw.choice(list(LETTERS), 2)) if kind == 1 else ""
        ref = text[start : start + 3] if kind == 2 else ref
        lines.append(f"c\t{start + 1}\tv{number}\t{ref}\t{alt}\t.\t.\t.\n")
    return {"vcf": write("v.vcf", HEAD + "".join(lines)), "genome": write("g.fa", f">c\n{text}\n")}


def test_p_is_uniform_where_no_place_is_preferred(toy_model, files, tmp_path):
    """Random letters and a model that was never trained: a variant's place is one of many."""
    given = files
    model = toy_model("cnn")
    found = relevome.variants(model, tmp_path / "out", **given, width=40, null=12, seed=3, batch_size=256)
    rows = list(found)
    draw = np.random.default_rng(0)
    ranks = [known(row.null_p) - draw.random() / (1 + row.null_places) for row in rows if row.null_places]
    assert len(ranks) >= 150
    assert stats.kstest(ranks, "uniform").pvalue > 0.01
    assert np.mean([known(row.null_p) <= 0.1 for row in rows]) <= 0.15
    # insertions and deletions have as many places as are asked for
    assert {row.null_places for row in rows if row.kind in ("insertion", "deletion")} == {12}
    said = json.loads((tmp_path / "out" / "variants.json").read_text())
    assert (said["null"], said["seed"], said["scores"][-1]) == (12, 3, "null_p")
    header = (tmp_path / "out" / "variants.tsv").read_text().split("\n")[0].split("\t")
    assert header[-4:] == ["null_places", "null_mean", "null_sd", "null_p"]
    plain = relevome.variants(model, tmp_path / "plain", **given, width=40, batch_size=256)
    np.testing.assert_allclose(
        [known(row.delta_score) for row in plain], [known(row.delta_score) for row in rows], atol=1e-12
    )
    again = relevome.variants(model, tmp_path / "again", **given, width=40, null=12, seed=4)
    assert [row.null_p for row in again] != [row.null_p for row in rows]


def test_one_null_by_a_loop(toy_model, write, tmp_path):
    """All places of a window with the same letter, each in a window of its own."""
    text = "".join(np.random.default_rng(5).choice(list(LETTERS), 90))
    old, new = text[40], LETTERS[LETTERS.index(text[40]) - 1]
    given = {
        "vcf": write("v.vcf", f"{HEAD}c\t41\tv\t{old}\t{new}\n"),
        "genome": write("g.fa", f">c\n{text}\n"),
    }
    model = toy_model("cnn")
    (row,) = relevome.variants(model, tmp_path / "out", **given, width=30, null=100)

    def effect(at: int) -> float:
        there = "N" * 30 + text + "N" * 30
        window = there[at + 15 : at + 45]
        one, two = model.predict([window, window[:15] + new + window[16:]])
        return float(two.logits[1] - one.logits[1])

    others = [effect(at) for at in range(25, 55) if text[at] == old and at != 40]
    assert row.null_places == len(others)
    assert row.null_mean == pytest.approx(np.mean(others), abs=1e-9)
    assert row.null_sd == pytest.approx(np.std(others, ddof=1), abs=1e-9)
    as_large = sum(abs(one) >= abs(effect(40)) for one in others)
    assert row.null_p == pytest.approx((1 + as_large) / (1 + len(others)))


def test_a_motif_that_breaks_is_not_by_chance(write, tmp_path):
    """A model that knows one word: only the variant in it does anything."""
    import torch

    word = "TGACTCAGC"

    class Knows(torch.nn.Module):
        def forward(self, letters: torch.Tensor) -> torch.Tensor:
            kernel = torch.eye(4, dtype=letters.dtype)[["ACGT".index(x) for x in word]].T[None]
            return torch.nn.functional.conv1d(letters, kernel).amax(-1)

    text = "".join(np.random.default_rng(6).choice(list(LETTERS), 200))
    text = text[:96] + word + text[96 + len(word) :]
    lines = "c\t101\tv\tT\tG\n"
    assert text[100] == "T"
    vcf, genome = write("v.vcf", HEAD + lines), write("g.fa", f">c\n{text}\n")
    model = relevome.from_module(Knows(), alphabet="dna")
    (row,) = relevome.variants(model, tmp_path / "out", vcf=vcf, genome=genome, width=120, null=500)
    assert known(row.null_places) >= 15
    assert known(row.null_p) <= 0.2
    assert row.delta_score == -1.0
    with pytest.raises(InputError, match="--null -1: expected 0 places or more"):
        relevome.variants(model, tmp_path / "x", vcf=vcf, genome=genome, width=120, null=-1)


def test_from_the_command_line(relevome_cli, saved, write, tmp_path):
    text = "".join(np.random.default_rng(5).choice(list(LETTERS), 90))
    new = LETTERS[LETTERS.index(text[40]) - 1]
    vcf = write(
        "v.vcf", f"{HEAD}c\t41\tv\t{text[40]}\t{new}\t.\t.\t.\nc\t43\tw\t{text[42:44]}\tNN\t.\t.\t.\n"
    )
    code, said, _ = relevome_cli(
        "variants", "--model", saved("cnn"), "--device", "cpu", "--genome", write("g.fa", f">c\n{text}\n"),
        "--vcf", vcf, "--width", 3, "--null", 5, "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 0
    assert "2 of 2 variants scored" in said
    assert "no other place for the same change: " in said
