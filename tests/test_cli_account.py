"""Heads and the ledger from the command line to the run folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import relevome
from relevome.attribution.lrp.rules import RULES
from relevome.attribution.lrp.table import PLAIN
from relevome.jobs import explain as pipeline
from relevome.jobs.running import shards
from tests.toys import TOYS, load, saved  # noqa: F401 - fixtures

PROTEINS = [s.letters for s in TOYS["esm"].sequences(9, 5, 12, 7, 6)]


def test_the_books_of_a_run_close(load):  # noqa: F811
    run = relevome.explain(load("esm"), PROTEINS, "attnlrp", target=[1, 0], audit=True)
    ledger = run.audit()
    assert ledger.sequences == 2 * len(PROTEINS)
    assert ledger.logit == pytest.approx(sum(row.score for row in run))
    assert ledger.tokens == pytest.approx(
        sum(row.relevance.sum() + row.special_relevance for row in run), rel=1e-5
    )
    assert ledger.logit == pytest.approx(ledger.tokens + sum(ledger.absorbed.values()), abs=1e-12)
    assert ledger.largest_share < 1e-12
    told = run.manifest["audit"]
    assert told["absorbed"] == ledger.absorbed
    assert told["unaccounted_share"] == ledger.unaccounted_share
    assert {entry["operation"] for entry in told["entries"]} >= {"torch.nn.functional.linear"}


def test_an_audit_changes_nothing(load):  # noqa: F811
    plain, audited = (
        relevome.explain(load("bpe"), ["ACGTACGTAC", "GGGTTTACA"], target=0, audit=audit)
        for audit in (False, True)
    )
    for a, b in zip(plain, audited, strict=True):
        np.testing.assert_array_equal(a.token_relevance, b.token_relevance)
    with pytest.raises(relevome.InputError, match="has no account of its relevance: explain with --audit"):
        plain.audit()
    assert "audit" not in plain.manifest


def test_every_reading_is_audited(load):  # noqa: F811
    run = relevome.explain(load("bpe"), ["ACGTACGTAC"], target=0, audit=True, average_strands=True, offsets=2)
    assert run.audit().sequences == 4


def test_the_account_of_a_run_that_was_stopped_is_whole(load, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(shards, "SHARD_SEQUENCES", 2)
    model = load("esm")
    whole = relevome.explain(model, PROTEINS, audit=True, heads=True, batch_size=2, out=tmp_path / "whole")
    recorded = pipeline.RunWriter.record_part

    def stop_at_the_second(self, index, *others):
        if index == 1:
            raise KeyboardInterrupt
        recorded(self, index, *others)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.RunWriter, "record_part", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            relevome.explain(model, PROTEINS, audit=True, heads=True, batch_size=2, out=tmp_path / "parts")
    again = relevome.explain(model, PROTEINS, audit=True, heads=True, batch_size=2, out=tmp_path / "parts")
    assert again.audit() == whole.audit()
    for part in ("part-00000.parquet", "part-00001.parquet", "part-00002.parquet"):
        assert (tmp_path / "parts" / part).read_bytes() == (tmp_path / "whole" / part).read_bytes()


def test_heads_are_kept_by_layer_head_and_token(load):  # noqa: F811
    run = relevome.explain(load("esm"), PROTEINS, heads=True)
    assert run.manifest["head_shape"] == {"layers": 2, "heads": 3}
    for row, letters in zip(run, PROTEINS, strict=True):
        assert row.head_relevance is not None
        assert row.head_relevance.shape == (2, 3, len(letters) + 2)
    assert relevome.explain(load("esm"), PROTEINS)[0].head_relevance is None


@pytest.fixture
def explain(relevome_cli, saved, write, tmp_path):  # noqa: F811
    """Explains two proteins with these options; gives exit code, output and error lines."""
    fasta = write("p.fa", ">a\nMKTAYIAKQR\n>b\nGAVLIMCFYWHK\n")

    def run(toy: str, *options: str) -> tuple[int, str, list[str]]:
        return relevome_cli(
            "explain", "--model", saved(toy), "--fasta", fasta, "-o", tmp_path / "run", *options
        )

    return run


def test_the_account_is_printed(explain, tmp_path: Path) -> None:
    code, out, err = explain("esm", "--heads", "--audit")
    assert (code, err) == (0, [])
    for words in ("Account of 2 logits", "input tokens", "absorbed by softmax", "layer_norm"):
        assert words in out
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["audit"]["largest_share"] < 1e-5
    assert told["head_shape"] == {"layers": 2, "heads": 3}


def test_a_broken_rule_is_told_loudly(explain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, torch.nn.functional.layer_norm, PLAIN)
    code, _, err = explain("esm", "--audit")
    assert code == 0
    assert len(err) == 1
    assert "WARNING" in err[0]
    assert "most of it at torch.nn.functional.layer_norm: do not trust this run" in err[0]


@pytest.mark.parametrize(
    ("toy", "options", "message"),
    [
        ("esm", ["--heads", "--method", "saliency"], "method saliency has no option --heads"),
        ("esm", ["--audit", "--method", "integrated-gradients"], "has no option --audit"),
    ],
)
def test_what_a_method_cannot_do_is_refused(explain, toy: str, options: list[str], message: str) -> None:
    code, _, err = explain(toy, *options)
    assert (code, len(err)) == (2, 1)
    assert message in err[0]


def test_a_model_without_attention_has_no_heads(load):  # noqa: F811
    with pytest.raises(relevome.InputError, match="no attention whose queries are the tokens"):
        relevome.explain(load("cnn"), ["ACGTACGTAC"], heads=True)


def test_heads_cannot_be_averaged(load):  # noqa: F811
    with pytest.raises(relevome.InputError, match=r"--heads is by token.*cannot go with --average-strands"):
        relevome.explain(load("bpe"), ["ACGTACGTAC"], target=0, heads=True, average_strands=True)
