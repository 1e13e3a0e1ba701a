"""Why variants do what they do, from files to files: against `explain`, stopped, continued, refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

import relevome
from relevome.data.formats.meme import meme_text
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.jobs.variants import explaining, why_plan
from relevome.results.variants.rows import Variants
from relevome.results.variants.why import VariantsWhy

GENOME = "".join(np.random.default_rng(7).choice(list("ACGT"), 300))
HEAD = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture
def given(write):
    """Nine variants, an insertion and a deletion among them, and one on no contig."""
    genome, lines = write("g.fa", f">chr1 x\n{GENOME}\n"), []
    for number, start in enumerate(range(20, 290, 30)):
        ref = GENOME[start : start + 1 + number % 3]
        alt = next(one for one in ("A", "TT", "CAG") if one != ref)
        lines.append(f"1\t{start + 1}\tv{number}\t{ref}\t{alt}\t.\t.\t.\n")
    lines.insert(4, "chr7\t3\tbad\tA\tC\n")
    return {"vcf": write("v.vcf", HEAD + "".join(lines)), "genome": genome, "width": 24, "on_bad": "skip"}


def test_relevance_is_that_of_explain(toy_model, given, tmp_path):
    """The windows that scores are of, explained by `relevome explain`, and laid under each other by hand."""
    model = toy_model("cnn")
    found = relevome.variants(
        model, tmp_path / "out", **given, indels="left", why=True, method="gradient-x-input"
    )
    assert found.why is not None
    rows = list(found.why)
    assert len(rows) == len(found) == found.why.counts.explained == 9
    for scored, row in zip(found, rows, strict=True):
        changed = GENOME[: row.start] + row.alt + GENOME[row.end :]
        first = row.start - 12
        assert row.first == first
        texts = [one[max(first, 0) : first + 24] for one in (GENOME, changed)]
        assert min(map(len, texts)) == 24
        run = relevome.explain(model, texts, "gradient-x-input", target=1)
        for one, letters, values, score in zip(
            run, (row.ref_letters, row.alt_letters), (row.ref_relevance, row.alt_relevance),
            (row.ref_score, row.alt_score), strict=True,
        ):  # fmt: skip
            has = np.array([letter != "-" for letter in letters])
            assert np.isnan(values[~has]).all()
            there = np.flatnonzero(has)[:24]  # of a deletion, letters behind the window come in
            np.testing.assert_allclose(values[there], one.relevance[: len(there)], atol=1e-6)
            assert score == pytest.approx(one.score, abs=1e-9)
        assert row.alt_score - row.ref_score == pytest.approx(scored.delta_score, abs=1e-9)
        both = np.nan_to_num(row.alt_relevance) - np.nan_to_num(row.ref_relevance)
        read = ~np.isnan(row.difference)
        np.testing.assert_allclose(row.difference[read], both[read], atol=1e-6)
        assert row.ref_letters[row.changed_start : row.changed_end].strip("-") in row.ref
        assert next(GENOME[place] for place in row.places[row.places >= 0]) == row.ref_letters[0]


def test_the_table_and_the_record(toy_model, given, tmp_path):
    found = relevome.variants(toy_model("cnn"), tmp_path / "out", **given, why=True, shifts=2)
    why = found.why
    assert why is not None
    said = json.loads((tmp_path / "out" / "why" / "why.json").read_text())
    assert said["counts"] == {"read": 10, "explained": 9, "refused": 1, "refused_before": 1}
    assert (said["method"], said["shifts"]) == ("integrated-gradients", 2)
    assert said["chosen"] == "models that read one-hot letters"
    table = pd.read_csv(tmp_path / "out" / "why" / "why.tsv", sep="\t")
    assert table["alt_score"].tolist() == [row.alt_score for row in why]
    assert "difference" not in table
    assert len(why.to_pandas()) == 9
    (row,) = why.find("v3")
    assert row.name == "v3"
    assert (row.difference_low < row.difference_high).any()
    assert [one.id for one in why.find(f"chr1:{row.start + 1}:{row.ref}>{row.alt}")] == ["v3"]
    with pytest.raises(InputError, match="has no variant 'v77': expected an id, or one such as"):
        why.find("v77")
    assert "9 of 10 variants; finished" in repr(why)


def test_one_that_was_stopped_goes_on(toy_model, given, tmp_path, monkeypatch):
    monkeypatch.setattr(explaining, "SHARD_VARIANTS", 4)
    given |= {"why": True, "batch_size": 3, "method": "gradient-x-input"}
    model = toy_model("cnn")
    relevome.variants(model, tmp_path / "whole", **given)
    done = []

    def stop(count, total):
        assert total == 20
        done.append(count)
        if sum(done) == 14:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relevome.variants(model, tmp_path / "cut", **given, progress=stop)
    assert Variants(tmp_path / "cut").status == "finished"
    assert VariantsWhy(tmp_path / "cut" / "why").status == "failed"
    relevome.variants(model, tmp_path / "cut", **given)
    for path in (tmp_path / "whole" / "why").iterdir():
        if path.suffix in (".parquet", ".tsv"):
            assert (tmp_path / "cut" / "why" / path.name).read_bytes() == path.read_bytes()
    with pytest.raises(InputError, match=r"holds another explanation of variants, which differs in method"):
        relevome.variants(model, tmp_path / "cut", **{**given, "method": "saliency"})
    scores_alone = {**given, "why": False, "method": None}
    again = relevome.variants(model, tmp_path / "cut", **scores_alone, overwrite=True)
    assert again.why is None, "scores that are made anew have no explanation of earlier ones"


def test_pieces_of_a_shard_are_kept(toy_model, given, tmp_path, monkeypatch):
    monkeypatch.setattr(explaining, "_TOGETHER", 1)
    monkeypatch.setattr("relevome.results.parts.pieces.KEPT_EVERY", 0.0)
    changes, calls = explaining.relevance_changes, []

    def counted(model, method, asked, *rest):
        calls.extend(one.windows.variant.name for one in asked)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return changes(model, method, asked, *rest)

    monkeypatch.setattr(explaining, "relevance_changes", counted)
    with pytest.raises(KeyboardInterrupt):
        relevome.variants(toy_model("cnn"), tmp_path / "out", **given, why=True)
    found = relevome.variants(toy_model("cnn"), tmp_path / "out", **given, why=True)
    assert found.why is not None
    assert (len(calls), len(found.why)) == (5 + 5, 9)


def test_outputs_of_letters_are_those_that_change_most(given, tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = torch.nn.Conv1d(4, 2, 7).double()
    model = relevome.from_module(network, output="letters", outputs="labels", labels=["up", "down"], flank=3)
    del given["width"]
    found = relevome.variants(
        model, tmp_path / "out", **given, distance=9, target=["up", "down"], why=True,
        method="gradient-x-input",
    )  # fmt: skip
    assert found.why is not None
    rows = list(found.why)
    assert [row.target for row in rows][:4] == ["up", "down", "up", "down"]
    assert [(row.line, row.target) for row in rows] == [(row.line, row.target) for row in found]
    for scored, row in zip(found, rows, strict=True):
        assert row.letter is not None
        most = scored.gain_at if (scored.gain or 0) >= (scored.loss or 0) else scored.loss_at
        assert most is not None
        if row.kind == "SNV":
            assert row.letter == row.start + most
        near = np.abs(row.places - row.letter) > 3 + len(row.ref) + len(row.alt)
        assert np.nan_to_num(row.ref_relevance)[near].tolist() == [0.0] * near.sum()


def test_long_windows_have_fewer_steps(toy_model, given, tmp_path, monkeypatch):
    """As many as letters allow, and at least 8; who names a method, or its steps, has those."""
    model = toy_model("cnn")
    width = given["width"]
    for most, steps in ((16 * width, None), (15 * width + 1, 15), (width, 8)):
        monkeypatch.setattr(why_plan, "_MOST_LETTERS", most)
        found = relevome.variants(model, tmp_path / f"{steps}", **given, why=True).why
        assert found is not None
        assert (found.manifest["method"], found.manifest["parameters"]["steps"]) == (
            "integrated-gradients", steps,
        )  # fmt: skip
        assert (f"8 steps, since windows have {width} letters" in found.manifest["chosen"]) == (steps == 8)
    for named, options in (("integrated-gradients", {}), (None, {"tolerance": 0.5})):
        found = relevome.variants(
            model, tmp_path / f"by-{named}", **given, why=True, method=named, options=options
        ).why
        assert found is not None
        assert found.manifest["parameters"]["steps"] is None


def test_a_causal_model_is_explained_by_its_likelihood(toy_model, given, tmp_path):
    model = toy_model("llama-causal")
    found = relevome.variants(model, tmp_path / "out", **given, why=True, method="gradient-x-input")
    assert found.why is not None
    for scored, row in zip(found, found.why, strict=True):
        assert (row.ref_score, row.alt_score) == pytest.approx((scored.ref_score, scored.alt_score))


def test_motifs_are_looked_for_in_both_alleles(toy_model, relevome_cli, saved, given, write, tmp_path):
    """A motif that is the letters around a variant, the changed one too: it went."""
    at = 80  # v2 changes three letters to others
    word = GENOME[at - 3 : at + 4]
    known = Motif("here", "here", np.eye(4)[["ACGT".index(x) for x in word]], DNA)
    meme = write("m.meme", meme_text([known]))
    given |= {"why": True, "method": "gradient-x-input", "motifs": meme}
    found = relevome.variants(toy_model("cnn"), tmp_path / "out", **given)
    assert found.why is not None
    rows = {row.id: row for row in found.why}
    lost = rows["v2"].lost
    assert lost is not None
    assert (lost.motif, lost.strand, lost.ref_p) == ("here", "+", 4.0**-7)
    assert rows["v2"].ref_letters[lost.start : lost.end].replace("-", "") == word
    assert rows["v2"].gained is None
    assert found.why.counts.other["motif_lost"] == sum(row.lost is not None for row in rows.values())
    assert found.why.manifest["motifs"]["motifs"] == 1
    code, said, _ = relevome_cli(
        "variants", "--model", saved("cnn"), "--device", "cpu", "--genome", given["genome"], "--width", 24,
        "--vcf", given["vcf"], "--on-bad", "skip", "--why", "--motifs", meme, "-o", tmp_path / "cli",
    )  # fmt: skip
    assert code == 0
    assert "motifs lost: 1 row" in said


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("letters-masked", {"why": True}, "--why compares relevance of one output with either allele"),
        ("cnn", {"shifts": 2}, "--shifts says how variants are explained: expected --why with it"),
        ("cnn", {"method": "attnlrp"}, "--method says how variants are explained: expected --why with it"),
        ("cnn", {"motifs": "m.meme"}, "--motifs says how variants are explained: expected --why with it"),
        ("cnn", {"why": True, "method": "best"}, "unknown method 'best'"),
        ("cnn", {"why": True, "shifts": -1}, "--shifts -1: expected 0 letters or more"),
        ("cnn", {"why": True, "method": "saliency", "options": {"steps": 3}}, "saliency has no option"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained(toy_model, given, tmp_path, name, options, said):
    with pytest.raises(InputError, match=said):
        relevome.variants(toy_model(name), tmp_path / "out", **given | options)
    assert not (tmp_path / "out").exists()


def test_proteins_have_no_windows_to_move(toy_model, write, tmp_path):
    fasta, table = write("p.fa", ">a\nMKVLAT\n"), write("t.csv", "variant\nV3W\n")
    given = {"substitutions": table, "fasta": fasta, "target": 3, "why": True}
    with pytest.raises(InputError, match="--shifts 1: windows of proteins are not moved along them"):
        relevome.variants(toy_model("protbert"), tmp_path / "x", **given, shifts=1)
    found = relevome.variants(toy_model("protbert"), tmp_path / "out", **given)
    assert found.why is not None
    (row,) = found.why
    assert (row.ref_letters, row.alt_letters, row.ref_tokens) == ("MKVLAT", "MKWLAT", None)


def test_shifts_that_leave_the_variant_behind_are_counted(toy_model, given, tmp_path):
    found = relevome.variants(
        toy_model("cnn"), tmp_path / "out", **given, why=True, shifts=12, method="gradient-x-input"
    )
    assert found.why is not None
    assert found.why.counts.other["refused_not_explained"] >= 1
    assert "when they are moved by" in found.why.counts.refused[-1].reason
    lines = given["vcf"].read_text().splitlines(keepends=True)
    given["vcf"].write_text("".join(line for line in lines if "bad" not in line))
    with pytest.raises(InputError, match="expected fewer --shifts, or a longer --width"):
        relevome.variants(
            toy_model("cnn"), tmp_path / "x", **{**given, "on_bad": "refuse"}, why=True, shifts=14
        )


def test_from_the_command_line(relevome_cli, saved, given, tmp_path):
    code, said, _ = relevome_cli(
        "variants", "--model", saved("cnn"), "--device", "cpu", "--genome", given["genome"], "--width", 24,
        "--vcf", given["vcf"], "--on-bad", "skip", "--why", "--method", "integrated-gradients", "--option",
        "steps=8", "--shifts", 1, "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 0
    assert "9 of 10 variants explained by integrated-gradients" in said
    assert "not scored, so not explained: 1" in said
    found = Variants(tmp_path / "out").why
    assert found is not None
    assert found.manifest["parameters"]["steps"] == 8
