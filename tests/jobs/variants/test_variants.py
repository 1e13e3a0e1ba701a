"""Variants from files to files: against loops written out, stopped and continued, and what is refused."""

from __future__ import annotations

import csv
import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch

import relevome
from relevome.errors import InputError
from relevome.jobs.variants import scoring
from relevome.results.variants.rows import Variants
from tests.toys import TOYS

GENOME = "".join(np.random.default_rng(7).choice(list("acGT"), 300))
HEAD = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
PROTEIN = TOYS["protbert-masked"].sequences(30, seed=3)[0].letters


@pytest.fixture
def genome(write):
    return write("g.fa", f">chr1 x\n{GENOME[:170]}\n{GENOME[170:]}\n>chr2\nACGT\n")


@pytest.fixture
def vcf(write):
    """Twelve lines, one with two alternatives, and four alternatives that cannot be used."""
    draw, lines = np.random.default_rng(1), []
    for number, start in enumerate(range(3, 300, 27)):
        ref = GENOME[start : start + 1 + number % 3].upper()
        alts = [alt for alt in ("A", "TT", "CAG") if alt != ref][: 1 + number % 2]
        lines.append(f"1\t{start + 1}\tv{number}\t{ref}\t{','.join(alts)}\t.\t.\tX={draw.integers(9)}\n")
    bad = ["chr7\t3\tbad\tA\tC\n", "chr2\t2\tbad\tC\t<DEL>,A\n", "chr2\t2\tbad\tG\tA\n", "chr2\t4\n"]
    return write("v.vcf", HEAD + "".join([*lines, *bad]))


@pytest.fixture
def given(vcf, genome):
    return {"vcf": vcf, "genome": genome, "width": 20, "on_bad": "skip"}


@pytest.fixture
def asked(saved, genome):
    """The beginning of a command."""
    return ("variants", "--model", saved("cnn"), "--device", "cpu", "--genome", genome, "--width", 20)


def by_hand(model, row, width):
    """The differences of logits of both shifted windows, out of the whole changed sequence."""
    letters = {"chr1": GENOME.upper(), "chr2": "ACGT"}[row.sequence_id]
    padded = "N" * 60 + letters + "N" * 60
    changed = "N" * 60 + letters[: row.start] + row.alt + letters[row.end :] + "N" * 60
    first, grown = 60 + row.start - width // 2, len(row.alt) - len(row.ref)
    starts = [first, first + grown] if grown else [first]
    texts = [padded[first : first + width]] + [changed[one : one + width] for one in starts]
    old, *new = [one.logits[1] for one in model.predict(texts)]
    return np.mean(new) - old


def test_every_row_is_what_a_loop_finds(toy_model, given, tmp_path):
    model = toy_model("cnn")
    found = relevome.variants(model, tmp_path / "out", **given)
    rows = list(found)
    assert len(rows) == found.counts.explained == 17
    assert [row.line for row in rows] == sorted(row.line for row in rows)
    for row in rows:
        assert row.delta_score == pytest.approx(by_hand(model, row, 20), abs=1e-9)
        assert (row.alt_score or 0) - (row.ref_score or 0) == row.delta_score
    assert {row.sequence_id for row in rows} == {"chr1", "chr2"}


def test_what_cannot_be_used_is_counted_with_its_reason(toy_model, given, tmp_path):
    found = relevome.variants(toy_model("cnn"), tmp_path / "out", **given)
    said = json.loads((tmp_path / "out" / "variants.json").read_text())
    assert said["counts"] == {
        "read": 21, "scored": 17, "refused": 4, "padded": 2, "refused_malformed": 1,
        "refused_reference_mismatch": 1, "refused_symbolic": 1, "refused_unknown_sequence": 1,
    }  # fmt: skip
    assert Counter(row.padded > 0 for row in found)[True] == 2
    assert said["windows"] == {"width": 20, "indels": "both", "genes": None, "both_strands": False}
    assert "no contig 'chr7'" in said["refused"][0]["reason"]


def test_the_table_and_the_vcf_have_the_same_numbers(toy_model, given, tmp_path):
    pysam = pytest.importorskip("pysam")
    found = relevome.variants(toy_model("cnn"), tmp_path / "out", **given)
    table = pd.read_csv(tmp_path / "out" / "variants.tsv", sep="\t", dtype={"gene": str, "strand": str})
    rows = found.to_pandas()
    assert list(table["delta_score"]) == list(rows["delta_score"])
    assert list(table["alt"]) == [row.alt for row in found]
    with pysam.VariantFile(str(found.vcf)) as file:
        values = [one.info.get("RELEVOME_LABEL_1_DELTA_LOG_ODDS", ()) for one in file]
    there = [value for some in values for value in some if value is not None]
    np.testing.assert_allclose(there, rows["delta_log_odds"], rtol=1e-5)


def test_refused_means_before_anything_is_computed(toy_model, given, tmp_path):
    given["on_bad"] = "refuse"
    with pytest.raises(InputError, match=r"line 14: no contig 'chr7'.*out with --on-bad skip"):
        relevome.variants(toy_model("cnn"), tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_one_that_was_stopped_goes_on(toy_model, given, tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "SHARD_VARIANTS", 4)
    given["batch_size"] = 3
    relevome.variants(toy_model("cnn"), tmp_path / "whole", **given)

    def stop(done, of):
        assert of == 21
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relevome.variants(toy_model("cnn"), tmp_path / "cut", **given, progress=stop)
    assert Variants(tmp_path / "cut").status == "failed"
    assert len(list((tmp_path / "cut").glob("part-*"))) == 1
    relevome.variants(toy_model("cnn"), tmp_path / "cut", **given)
    for path in (tmp_path / "whole").iterdir():
        if path.suffix in (".parquet", ".tsv"):
            assert (tmp_path / "cut" / path.name).read_bytes() == path.read_bytes()
    with pytest.raises(
        InputError, match=r"holds another result of variants, which differs in windows\.width"
    ):
        relevome.variants(toy_model("cnn"), tmp_path / "cut", **{**given, "width": 22})
    with pytest.raises(KeyboardInterrupt):
        relevome.variants(
            toy_model("cnn"), tmp_path / "cut", **{**given, "width": 22}, overwrite=True, progress=stop
        )
    left = {path.name for path in (tmp_path / "cut").iterdir()}
    assert left == {".lock", "part-00000.parquet", "variants.json"}, "nothing of the earlier result"


def test_pieces_of_a_shard_are_kept(toy_model, given, tmp_path, monkeypatch):
    """One variant at a time; what was scored before a kill is not scored again."""
    monkeypatch.setattr(scoring, "_TOGETHER", 1)
    monkeypatch.setattr("relevome.results.parts.pieces.KEPT_EVERY", 0.0)
    effects, calls = scoring.sequence_effects, []

    def counted(model, targets, windows, both):
        calls.extend(one.variant.name for one in windows)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return effects(model, targets, windows, both)

    monkeypatch.setattr(scoring, "sequence_effects", counted)
    with pytest.raises(KeyboardInterrupt):
        relevome.variants(toy_model("cnn"), tmp_path / "out", **given)
    found = relevome.variants(toy_model("cnn"), tmp_path / "out", **given)
    assert len(calls) == 6 + 12
    assert len(found) == 17


# Proteins


@pytest.fixture
def table(write):
    rows = [f"sp|P12345|X_Y\t{PROTEIN[at]}{at + 1}W" for at in (0, 7, 29) if PROTEIN[at] != "W"]
    bad = ["P12345\tW99C", "P12345\tA1*", "Q1\tA1C"]
    return write("t.tsv", "\n".join(["protein\tmutant", *rows, *bad, ""]))


def test_substitutions_in_proteins(toy_model, table, write, tmp_path):
    model = toy_model("protbert-masked")
    fasta = write("p.fa", f">sp|P12345|X_Y z\n{PROTEIN}\n")
    found = relevome.variants(
        model, tmp_path / "out", substitutions=table, fasta=fasta, scheme="wild-type-marginal", on_bad="skip"
    )
    hf = model.tokenizer.hf
    with torch.no_grad():
        logits = model.module(input_ids=torch.tensor([hf(" ".join(PROTEIN))["input_ids"]])).logits[0, 1:-1]
    for row in found:
        ids = hf.convert_tokens_to_ids([row.alt, row.ref])
        expected = float(logits[row.start, ids[0]] - logits[row.start, ids[1]])
        assert row.delta_score == pytest.approx(expected, abs=1e-9)
        assert (row.target, row.sequence_id) == ("log-likelihood", "sp|P12345|X_Y")
    assert found.manifest["scheme"] == "wild-type-marginal"
    assert {name: count for name, count in found.counts.other.items() if name.startswith("refused")} == {
        "refused_past_the_end": 1, "refused_no_substitution": 1, "refused_unknown_sequence": 1,
    }  # fmt: skip
    assert not [path for path in (tmp_path / "out").iterdir() if ".vcf" in path.name]
    with (tmp_path / "out" / "variants.tsv").open() as file:
        header = next(csv.reader(file, delimiter="\t"))
    assert header[-3:] == ["ref_score", "alt_score", "delta_score"]


def test_substitutions_by_a_classifier(toy_model, write, tmp_path):
    model = toy_model("protbert")
    table = write("t.csv", f"variant\np.{PROTEIN[2]}3W\n")
    fasta = write("p.fa", f">a\n{PROTEIN}\n")
    (row,) = relevome.variants(model, tmp_path / "out", substitutions=table, fasta=fasta, target=3)
    old, new = model.predict([PROTEIN, PROTEIN[:2] + "W" + PROTEIN[3:]])
    assert row.delta_score == pytest.approx(new.logits[3] - old.logits[3], abs=1e-9)
    bad = write("q.fa", ">a\nMK1\n")
    with pytest.raises(InputError, match="has '1' at position 3, which is no protein letter"):
        relevome.variants(model, tmp_path / "x", substitutions=table, fasta=bad, target=3)


def test_masked_models_of_dna_score_substitutions(toy_model, write, genome, tmp_path):
    ref = GENOME[40].upper()
    alt = "A" if ref != "A" else "C"
    vcf = write("v.vcf", f"{HEAD}chr1\t41\tsnv\t{ref}\t{alt},{ref}A\n")
    model = toy_model("letters-masked")
    found = relevome.variants(model, tmp_path / "out", vcf=vcf, genome=genome, on_bad="skip")
    assert found.manifest["windows"]["width"] == 38
    assert found.manifest["scheme"] == "masked-marginal"
    assert (len(found), found.counts.other["refused_no_substitution"]) == (1, 1)
    given = {"vcf": vcf, "genome": genome, "on_bad": "skip", "width": 9}
    both = relevome.variants(model, tmp_path / "both", **given, scheme="pseudo-likelihood")
    assert (len(both), both.counts.refused) == (2, ())


# Outputs for every letter


def test_genes_say_which_strand_is_read(write, genome, tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = torch.nn.Conv1d(4, 2, 7).double()
    model = relevome.from_module(network, output="letters", outputs="labels", labels=["up", "down"], flank=3)
    at = [GENOME[place].upper() for place in (50, 100)]
    alts = ["A" if one != "A" else "C" for one in at]
    lines = [f"1\t51\ta\t{at[0]}\t{alts[0]}\n", f"1\t101\tb\t{at[1]}\t{alts[1]}\n"]
    vcf = write("v.vcf", HEAD + "".join(lines))
    genes = write("g.bed", "chr1\t45\t60\tone\t0\t-\nchr1\t0\t60\ttwo\t0\t+\n")
    given = {"vcf": vcf, "genome": genome, "genes": genes, "on_bad": "skip"}
    found = relevome.variants(model, tmp_path / "out", **given, distance=4, target=["up", "down"])
    assert [(row.gene, row.strand, row.target) for row in found] == [
        ("one", "-", "up"), ("one", "-", "down"), ("two", "+", "up"), ("two", "+", "down"),
    ]  # fmt: skip
    assert (found.counts.read, found.counts.other["refused_outside_genes"]) == (2, 1)
    assert found.manifest["windows"]["width"] == 2 * (3 + 4) + 1
    first = next(iter(found))
    old = "NN" + GENOME[45:58].upper()
    new = old[:7] + alts[0] + old[8:]
    turn = str.maketrans("ACGTN", "TGCAN")
    said = model.predict([x.translate(turn)[::-1] for x in (old, new)])
    old, new = (np.array(one.probabilities)[::-1][3:12, 0] for one in said)
    assert first.gain == pytest.approx((new - old).max(), abs=1e-12)
    assert first.gain_at == int((new - old).argmax()) - 4
    assert first.loss == pytest.approx((old - new).max(), abs=1e-12)


# What is refused


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("cnn", {}, "does not say how many letters it reads: expected --width"),
        ("cnn", {"width": 9, "target": "predicted"}, "--target predicted may be another output"),
        ("cnn", {"width": 9, "scheme": "masked-marginal"}, "--scheme is of masked language models"),
        ("cnn", {"width": 9, "scheme": "best"}, "--scheme best: expected wild-type-marginal or"),
        ("cnn", {"width": 9, "indels": "middle"}, "--indels middle: expected left or right or both or ends"),
        ("cnn", {"width": 9, "distance": -1}, "--distance -1: expected 0 letters or more"),
        ("cnn", {"width": 9, "genes": "g.bed", "average_strands": True}, "--genes says which strand is read"),
        ("cnn", {"width": 9, "genome": None}, "expected variants as --vcf V with --genome G, or as"),
        ("cnn", {"width": 9, "fasta": "p.fa"}, "expected variants as --vcf V with --genome G, or as"),
        ("letters-masked", {"target": "A"}, "this is a masked language model"),
        ("protbert", {}, "the model reads protein, and these variants are of dna"),
        ("llama-causal", {"target": "A"}, "--position"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(toy_model, vcf, genome, tmp_path, name, options, said):
    given = {"vcf": vcf, "genome": genome, "on_bad": "skip"} | options
    with pytest.raises(InputError, match=said):
        relevome.variants(toy_model(name), tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_from_the_command_line(relevome_cli, asked, vcf, tmp_path):
    code, said, _ = relevome_cli(*asked, "--vcf", vcf, "--on-bad", "skip", "-o", tmp_path / "out")
    assert code == 0
    assert "17 of 21 variants scored" in said
    assert "windows of 20 letters, indels: both" in said
    assert "left out, reference mismatch: 1" in said
    code, _, err = relevome_cli(*asked, "--vcf", vcf, "-o", tmp_path / "other")
    assert (code, len(err)) == (2, 1)
    assert err[0].startswith("relevome: ")


def test_an_unsorted_file_has_no_index_and_that_is_said(relevome_cli, asked, write, tmp_path):
    lines = [f"1\t{at + 1}\t.\t{GENOME[at].upper()}\tN\n" for at in (70, 40)]
    vcf = write("v.vcf", HEAD + "".join(lines))
    code, said, _ = relevome_cli(*asked, "--vcf", vcf, "-o", tmp_path / "out")
    assert code == 0
    assert "variants.vcf has no index: its lines are in no order" in said


def test_batches_change_nothing(toy_model, given, tmp_path):
    model = toy_model("cnn")
    found = [relevome.variants(model, tmp_path / str(n), **given, batch_size=n) for n in (1, 64)]
    one, many = (each.to_pandas()["delta_score"] for each in found)
    np.testing.assert_allclose(one, many, atol=1e-12)
