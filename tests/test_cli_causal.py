"""Causal language models from the command line, and what jobs make of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import relevome
from relevome.jobs.running import shards
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.results.evaluation.settings import EvaluationSettings
from tests.toys import TOYS

PREFIX = "[HEAVY] [HUMAN]"
PROTEINS = {one.id: one.letters for one in TOYS["residues-causal"].sequences(20, 24, 18, 22, 30, 19)}


@pytest.fixture
def fasta(write) -> Path:
    return write("p.fa", "".join(f">{name}\n{letters}\n" for name, letters in PROTEINS.items()))


def test_a_letter_is_explained_and_the_run_goes_on(relevome_cli, saved, fasta, tmp_path, load):
    asked = ("explain", "--model", saved("residues-causal"), "--task", "causal", "--fasta", fasta,
             "--target", "A", "--position", 12, "--audit", "-o", tmp_path / "run")  # fmt: skip
    code, out, _ = relevome_cli(*asked)
    assert code == 0
    assert "6 of 6 sequences explained by attnlrp" in out
    run = relevome.Run(tmp_path / "run")
    assert run.manifest["model"]["task"] == "causal"
    assert run.manifest["targets"] == [
        {"index": 5, "label": "A", "position": 12, "contrast": None, "mask": False}
    ]
    predicted = load("residues-causal").predict(PROTEINS)
    for row, told in zip(run, predicted, strict=True):
        assert row.score == pytest.approx(told.logits[12, 0], rel=1e-4)
        assert row.probability == pytest.approx(told.probabilities[12, 0], rel=1e-4)
        assert row.predicted == told.predicted[12]
        assert (row.relevance[12:] == 0).all()
        assert row.relevance[:12].all()
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").glob("part*")}
    assert relevome_cli(*asked)[0] == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").glob("part*")} == written


def test_a_log_likelihood_that_was_stopped_goes_on(load, tmp_path, monkeypatch):
    model = load("residues-causal")
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 2)
    asked = {"method": "integrated-gradients", "target": "log-likelihood", "steps": 4, "batch_size": 2}
    relevome.explain(model, PROTEINS, **asked, out=tmp_path / "whole")

    def stop(done: int, of: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relevome.explain(model, PROTEINS, **asked, out=tmp_path / "cut", progress=stop)
    run = relevome.explain(model, PROTEINS, **asked, out=tmp_path / "cut")
    for path in (tmp_path / "whole").glob("*.parquet"):
        assert (tmp_path / "cut" / path.name).read_bytes() == path.read_bytes()
    told = [one.likelihood.value for one in model.predict(PROTEINS)]
    np.testing.assert_allclose([row.score for row in run], told, rtol=1e-6)
    assert {(row.target, row.target_index) for row in run} == {("log-likelihood", -2)}
    assert {(row.probability, row.predicted) for row in run} == {(None, None)}


@pytest.mark.parametrize(
    "target", [("--target", "log-likelihood"), ("--target", "predicted", "--position", 9)]
)
def test_a_prefix_is_on_record_and_found_again(relevome_cli, saved, fasta, tmp_path, target):
    asked = ("explain", "--model", saved("residues-causal"), "--fasta", fasta, "--heads", *target,
             "-o", tmp_path / "run")  # fmt: skip
    assert relevome_cli(*asked, "--prefix", PREFIX)[0] == 0
    run = relevome.Run(tmp_path / "run")
    assert run.manifest["model"]["prefix"] == PREFIX
    assert {row.tokens[:2] for row in run} == {("[HEAVY]", "[HUMAN]")}
    code, _, err = relevome_cli(*asked)
    assert (code, len(err)) == (2, 1)
    assert "holds another run, which differs in" in err[0]
    # both read the model again, as it was
    evaluated = relevome.evaluate(run, settings=EvaluationSettings(fast=True, metrics=("comprehensiveness",)))
    assert len(evaluated.scores[0].values) == 6
    exchanged = relevome.substitute(run, most=4, orders=2, sequences=0)
    measures = {"logit"} if "log-likelihood" in target else {"logit", "probability"}
    assert {curve.measure for curve in exchanged.curves} == measures


def test_logits_and_log_likelihoods_are_predicted(relevome_cli, saved, fasta, tmp_path, load):
    arguments = ("--model", saved("residues-causal"), "--fasta", fasta, "-o", tmp_path / "p")
    code, out, _ = relevome_cli("predict", *arguments)
    told = [one.likelihood for one in load("residues-causal").predict(PROTEINS)]
    value, tokens = sum(one.value for one in told), sum(one.tokens for one in told)
    assert code == 0
    assert f"log-likelihood {value / 6:.4g} on average, perplexity {np.exp(-value / tokens):.4g}" in out
    table = pd.read_csv(tmp_path / "p" / "likelihoods.tsv", sep="\t")
    assert list(table["sequence_id"]) == list(PROTEINS)
    assert list(table["tokens"]) == [one.tokens for one in told]
    np.testing.assert_allclose(table["log_likelihood"], [one.value for one in told], rtol=1e-5)
    np.testing.assert_allclose(table["perplexity"], [one.perplexity for one in told], rtol=1e-5)
    letters = pd.read_csv(tmp_path / "p" / "predictions.tsv", sep="\t", keep_default_na=False)
    assert "".join(letters["letter"]) == "".join(PROTEINS.values())


def test_of_words_log_likelihoods_alone_are_predicted(load, tmp_path):
    model = load("pairs-causal")
    found = relevome.predict(model, PROTEINS, tmp_path / "p")
    assert (found.by_letter, found.outputs) == (False, ("log-likelihood",))
    told = [one.likelihood for one in model.predict(PROTEINS)]
    assert [row.log_likelihood for row in found] == pytest.approx([one.value for one in told])
    assert [row.counted_tokens for row in found] == [one.tokens for one in told]
    np.testing.assert_allclose(found.to_pandas()["log-likelihood"], [one.value for one in told], rtol=1e-6)
    assert not (tmp_path / "p" / "prediction.json").read_text().count("NaN")


def test_a_model_of_classes_has_no_log_likelihoods(load, tmp_path):
    found = relevome.predict(load("cnn"), ["ACGTACGTAC"], tmp_path / "p")
    assert found.total_likelihood is None
    assert next(iter(found)).likelihood is None
    assert not (tmp_path / "p" / "likelihoods.tsv").exists()


def test_a_letter_that_nothing_predicts_is_an_empty_field(load, tmp_path):
    model = load("llama-causal")
    model.tokenizer.hf.backend_tokenizer.post_processor = None
    model.tokenizer = LetterTokenizer(model.tokenizer.hf, model.alphabet)
    found = relevome.predict(model, ["ACGT"], tmp_path / "p")
    (row,) = found
    assert np.isnan(found.logits(row)[0]).all()
    table = pd.read_csv(tmp_path / "p" / "predictions.tsv", sep="\t")
    assert table.iloc[0][["predicted", "probability", "A", "C", "G", "T"]].isna().all()
    assert table.iloc[1:][["predicted", "probability", "A", "C", "G", "T"]].notna().all(axis=None)
    assert row.counted_tokens == 3


@pytest.mark.parametrize("target", ["A", "log-likelihood"])
def test_heads_around_sites(relevome_cli, saved, write, tmp_path, target):
    windows = write("w.fa", "".join(f">{name}\n{letters[:18]}\n" for name, letters in PROTEINS.items()))
    code, _, err = relevome_cli(
        "heads", "--model", saved("residues-causal"), "--fasta", windows, "--target", target, "--position", 9,
        "--prefix", PREFIX, "-o", tmp_path / "heads",
    )  # fmt: skip
    assert (code, err) == (0, [])
    said = json.loads((tmp_path / "heads" / "attention_heads.json").read_text())
    assert len(said["heads"]) == 6


MISTAKES = {
    "a hidden letter": (
        ["residues-causal", "--target", "A", "--position", "3", "--mask-position"],
        "--mask-position hides a letter from a masked language model: a causal one sees none",
    ),
    "the first letter": (
        ["pairs-causal", "--target", "A", "--position", "0"],
        "letter 0 of sequence 's0' has no token before it, by which a causal language model would predict it",
    ),
    "a masked model": (
        ["protbert-masked", "--task", "causal", "--target", "A", "--position", "3"],
        "it is no causal language model, leave --task out",
    ),
    "a prefix of a masked model": (
        ["protbert-masked", "--prefix", "[CLS]", "--target", "A", "--position", "3"],
        "--prefix is what a causal language model reads first, and this is a masked language model",
    ),
    "no position": (["residues-causal", "--target", "A"], "or --target log-likelihood"),
    "both": (
        ["residues-causal", "--target", "A", "--target", "log-likelihood", "--position", "3"],
        "--target log-likelihood is of a whole sequence: leave --position out",
    ),
    "an unknown task": (
        ["residues-causal", "--task", "next", "--target", "A"],
        "unknown task 'next': expected one of sequence, token, masked, causal",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_one_clear_line(relevome_cli, saved, fasta, tmp_path, mistake):
    (toy, *arguments), expected = MISTAKES[mistake]
    given = ("--model", saved(toy), "--fasta", fasta, *arguments)
    code, out, err = relevome_cli("explain", *given, "-o", tmp_path / "run")
    assert (code, out, len(err)) == (2, "", 1), err
    assert expected in err[0]


def test_sequences_that_nothing_predicts_are_skipped_and_counted(load, tmp_path):
    model = load("pairs-causal")
    run = relevome.explain(
        model, {"short": "ALE", "long": "MKALE"}, target="log-likelihood", on_bad="skip", out=tmp_path / "r"
    )
    assert [row.sequence_id for row in run] == ["long"]
    assert run.counts.refused[0].reason.startswith("sequence 'short' has no token with another before it")
