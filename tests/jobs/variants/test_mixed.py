"""Variants of every kind in one file, on both strands: numbers, lines and fields against loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import relevome
from relevome.models.light.cnn import Cnn
from relevome.results.variants.rows import OF_SEQUENCES

WIDTH = 30
OTHER = str.maketrans("ACGTN", "TGCAN")


def drawn():
    """A contig with lower case and unknown letters, and lines: two or three alternatives, some of no use."""
    draw = np.random.default_rng(11)
    letters = "".join(draw.choice(list("ACGTacgtN"), 400, p=[0.22] * 4 + [0.02] * 4 + [0.04]))
    lines = []
    for number, at in enumerate(sorted(draw.integers(0, 390, 60).tolist())):
        ref = letters[at : at + [1, 1, 3][number % 3]].upper()
        new = "".join(draw.choice(list("ACGT"), 3))
        alts = [new[: len(ref)], ref + new, ref[0] + new[:2], new[0], "<DEL>", "*"]
        some = [alt for alt in draw.choice(alts, 1 + number % 3, replace=False).tolist() if alt != ref]
        if number % 12 == 7:
            ref = ref.translate(str.maketrans("ACGTN", "CGTAA"))  # another build
        info = ["", ".", "DP=3;DB", "A=1;RELEVOME_LABEL_1_DELTA_SCORE=9;;B"][number % 4]
        more = ["", f"\t.\tPASS\t{info}", f"\t9\t.\t{info}\tGT\t0/1"][number % 3]
        lines.append(
            f"1\t{at + 1}\t{['.', f'v{number}'][number % 2]}\t{ref}\t{','.join(some or ['.'])}{more}"
        )
    return letters, [*lines[:30], "1\tx\t.\tA\tC", "chr7\t3\t.\tA\tC", *lines[30:]]


LETTERS, LINES = drawn()


@pytest.fixture(params=[False, True], ids=["plain", "quick"])
def found(request, toy_model, write, tmp_path, monkeypatch):
    """The result, with substitutions by whole passes or by what they change."""
    monkeypatch.setattr(Cnn, "substitutions_pay", lambda *asked: request.param)
    head = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
    genome = write("g.fa", f">chr1\n{LETTERS}\n")
    given = {"vcf": write("v.vcf", head + "\n".join([*LINES, ""])), "genome": genome, "on_bad": "skip"}
    return relevome.variants(
        toy_model("cnn"), tmp_path / "out", **given, width=WIDTH, average_strands=True, target=[0, 1]
    )


def numbers(model, texts, target):
    """Means of logit, probability and log odds of sequences and their reverse complements."""
    said = model.predict([*texts, *(text[::-1].translate(OTHER) for text in texts)])
    chances = np.array([one.probabilities[target] for one in said])
    return (
        np.mean([one.logits[target] for one in said]),
        chances.mean(),
        np.mean(np.log(chances / (1 - chances))),
    )


def test_every_number_is_what_a_loop_finds(found, toy_model):
    model, far = toy_model("cnn"), "N" * 60
    kinds = set()
    for row in found:
        ref, alt = LINES[row.line - 3].split("\t")[3:5]
        assert (row.ref, row.alt) == (ref, alt.split(",")[row.alternative - 1])
        whole = far + LETTERS.upper() + far
        changed = whole[: 60 + row.start] + row.alt + whole[60 + row.end :]
        first, grown = 60 + row.start - WIDTH // 2, len(row.alt) - len(row.ref)
        starts = [first, first + grown] if grown else [first]
        old = numbers(model, [whole[first : first + WIDTH]], row.target_index)
        new = numbers(model, [changed[one : one + WIDTH] for one in starts], row.target_index)
        mine = [row.ref_score, row.ref_probability, row.ref_log_odds]
        others = [row.alt_score, row.alt_probability, row.alt_log_odds]
        np.testing.assert_allclose([*mine, *others], [*old, *new], rtol=0, atol=1e-9)
        kinds.add(row.kind)
    assert kinds == {"SNV", "MNV", "insertion", "deletion", "complex"}
    assert {"symbolic", "spanning_deletion", "reference_mismatch", "malformed", "unknown_sequence"} <= {
        name.removeprefix("refused_") for name in found.counts.other
    }


def test_the_table_has_the_rows(found):
    table = pd.read_csv(found.path / "variants.tsv", sep="\t", keep_default_na=False, dtype=str)
    assert len(table) == len(found) > 100
    for said, row in zip(table.to_dict("records"), found, strict=True):
        expected = {name: getattr(row, name) for name in said}
        assert said == {name: "" if value is None else str(value) for name, value in expected.items()}


def test_every_line_of_the_vcf_has_its_values(found):
    rows = {(row.line, row.alternative, row.target): row for row in found}
    expected = []
    for number, line in enumerate(LINES, start=3):
        fields = line.split("\t")
        if fields[1] == "x":
            continue
        fields += ["."] * (8 - len(fields))
        own = [one for one in fields[7].split(";") if one not in ("", ".") and not one.startswith("RELEVOME")]
        places = range(1, fields[4].count(",") + 2)
        for target in found.targets if any((number, at, found.targets[0]) in rows for at in places) else ():
            for score in OF_SEQUENCES:
                each = [rows.get((number, at, target)) for at in places]
                said = ["." if one is None else f"{getattr(one, score):.6g}" for one in each]
                own.append(f"RELEVOME_{target.upper()}_{score.upper()}={','.join(said)}")
        expected.append("\t".join([*fields[:7], ";".join(own) or ".", *fields[8:]]))
    pysam = pytest.importorskip("pysam")
    with pysam.BGZFile(str(found.vcf)) as file:
        lines = [line.decode() for line in file]
    assert [line for line in lines if line[0] != "#"] == expected
