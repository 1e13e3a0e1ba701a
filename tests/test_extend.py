"""What docs/extend.md tells to write works as it stands there, in a file of somebody else's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import relevome
from relevome.attribution import Method, methods
from relevome.attribution.lrp.attention_rules import apart
from relevome.attribution.lrp.engine import Rules
from relevome.data.sequences import DNA, Sequence
from relevome.data.sites import Site, read_sites
from relevome.engines.base import Engine, engines
from relevome.errors import InputError
from relevome.evaluation.metrics import Metric
from relevome.jobs.data.downloads import cached_at
from relevome.models.base import Model
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.results.export import exporters
from relevome.results.run.reader import Run
from tests.attribution.lrp.under_rules import assert_equal, drawn, under_rules
from tests.documented import Documented, documented
from tests.evaluation.additive import additive_model, worth
from tests.evaluation.example_runs import best_letters, explained

Cli = Callable[..., tuple[int, str, list[str]]]

__all__ = ["documented"]


@pytest.fixture(scope="module")
def model() -> Model:
    return additive_model()


@pytest.fixture(scope="module")
def run(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return explained(model, tmp_path_factory.mktemp("runs") / "right")


def test_a_method_with_an_option_of_its_own(
    documented: Documented,
    relevome_cli: Cli,
    saved: Callable[[str], Path],
    model: Model,
    run: Run,
    tmp_path: Path,
) -> None:
    documented("A method")
    assert isinstance(methods["occlusion"](), Method)
    (tmp_path / "s.fa").write_text(">a\nACGTACGTACGT\n")
    given = ("explain", "--model", saved("roberta"), "--fasta", tmp_path / "s.fa", "--method", "occlusion")
    assert relevome_cli(*given, "--target", 1, "--option", "width=5", "-o", tmp_path / "run")[0] == 0
    (row,) = Run(tmp_path / "run")
    ends = np.flatnonzero(np.diff(row.relevance)) + 1
    assert set(ends) <= {5, 10}
    assert Run(tmp_path / "run").manifest["parameters"] == {"width": 5}
    (own,) = relevome.explain(model, [next(iter(run)).sequence], "occlusion", 1)
    assert own.relevance == pytest.approx(against_unknown(model, own.sequence), abs=1e-5)


def test_a_rule_for_attention(documented: Documented, saved: Callable[[str], Path]) -> None:
    """Spelt out, values have what they have by AttnLRP, queries and keys nothing; and the books close."""
    documented("A rule for attention")
    model = relevome.load_model(saved("protbert"), dtype="float64")
    model.module.set_attn_implementation("eager")  # pyright: ignore[reportCallIssue]
    found = relevome.explain(model, ["MKVLAW"], target=1, rules={"attention": "deaf"}, audit=True)
    other = relevome.explain(model, ["MKVLAW"], target=1, audit=True)
    assert found.manifest["parameters"]["rules"] == "attention=deaf"
    assert found.audit().unaccounted_share < 1e-11
    assert abs(found.audit().absorbed["softmax"] - other.audit().absorbed["softmax"]) > 1e-3
    q, k, v = drawn(5, 4), drawn(7, 4, seed=1), drawn(7, 6, seed=2)

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return torch.softmax(q @ k.T, -1) @ v

    usual = under_rules(attend, q, k, v)[1]
    to_q, to_k, to_v = under_rules(attend, q, k, v, rules=Rules(attention=apart("attention=deaf")[0]))[1]
    assert not to_q.any()
    assert not to_k.any()
    assert_equal(to_v, usual[2])


def test_an_exporter(documented: Documented, run: Run, tmp_path: Path) -> None:
    assert documented("An exporter").JsonLines is exporters["jsonl"]
    report = relevome.export(run, "jsonl", tmp_path / "run.jsonl", digits=3)
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert report.written == len(lines) == len(list(run))
    for line, row in zip(lines, run, strict=True):
        assert line["id"] == row.sequence_id
        assert line["relevance"] == pytest.approx(row.relevance.tolist(), abs=5.1e-4)


def test_a_metric_on_known_sites(documented: Documented, model: Model, run: Run) -> None:
    documented("A metric", 0)
    found = relevome.evaluate(run, best_letters(model, run), use_model=False, metrics=["pointing-game"])
    assert {one.mean for one in found.scores} == {1.0}
    below = relevome.evaluate(run, worst_letters(model, run), use_model=False, metrics=["pointing-game"])
    assert {one.mean for one in below.scores} == {0.0}


def against_unknown(model: Model, letters: str) -> np.ndarray:
    """How far a mean over letters falls without each of them."""
    return (worth(model, letters) - worth(model, model.alphabet.unknown)) / len(letters)


def worst_letters(model: Model, run: Run) -> dict[str, list[Site]]:
    best = best_letters(model, run)
    return {
        row.sequence_id: [
            replace(best[row.sequence_id][0], start=place, end=place + 1)
            for place in np.argsort(worth(model, row.sequence))[:3].tolist()
        ]
        for row in run
    }


def test_a_metric_that_asks_the_model(documented: Documented, model: Model, run: Run) -> None:
    documented("A metric", 1)
    found = relevome.evaluate(run, model=model, metrics=["top-letter-fall"], null=1)
    (one,) = found.scores
    assert one.values == pytest.approx(
        [against_unknown(model, row.sequence)[row.relevance.argmax()] for row in run], abs=1e-5
    )
    assert one.random is not None
    assert one.random.mean < one.mean
    with pytest.raises(InputError, match="top-letter-fall needs the model"):
        relevome.evaluate(run, use_model=False, metrics=["top-letter-fall"])


def test_what_nobody_can_fill_is_refused_when_a_metric_is_made(documented: Documented) -> None:
    question = documented("A metric", 1).TopLetterQuestion()
    with pytest.raises(
        InputError, match="the metric x needs 'curves': expected one of relevance, mask, other"
    ):
        Metric("x", "kind", True, float, "here", ("curves",))
    with pytest.raises(InputError, match="has a question and needs mask: expected one of the two"):
        Metric("x", "kind", True, float, "here", ("mask",), question=question)


def test_a_rule_of_attnlrp(documented: Documented) -> None:
    x = drawn(3, 5)
    with pytest.raises(
        InputError, match=r"no relevance rule for the operation torch.asinh: add one with @rule"
    ):
        under_rules(torch.asinh, x)
    documented("A rule of AttnLRP", 3)
    for function in (torch.asinh, Tensor.asinh, lambda x: x.clone().asinh_()):
        _, (gradient,), above = under_rules(function, x)
        assert_equal(gradient, above * np.arcsinh(x.numpy()) / x.numpy())


def test_a_model(documented: Documented, tmp_path: Path) -> None:
    example = documented("A model")
    torch.manual_seed(0)
    module = example.MeanForSequenceClassification(example.MeanConfig(num_labels=2))
    module.save_pretrained(tmp_path / "model")
    letter_tokenizer(DNA).save_pretrained(tmp_path / "model")
    loaded = relevome.load_model(tmp_path / "model")
    letters = [Sequence("a", "ACGTAC", DNA), Sequence("b", "GGGTTTTACA", DNA)]
    every = relevome.explain(loaded, letters, "attnlrp", 1)
    for row in every:
        alone = relevome.explain(loaded, [Sequence(row.sequence_id, row.sequence, DNA)], "attnlrp", 1)
        assert next(iter(alone)).relevance == pytest.approx(row.relevance, abs=1e-7)


def test_a_format_of_files(documented: Documented, tmp_path: Path) -> None:
    documented("A format of files")
    (tmp_path / "hits.spots").write_text("a 3\nb 1\na 7\n")
    found = read_sites(tmp_path / "hits.spots")
    assert {name: [(one.start, one.end) for one in sites] for name, sites in found.items()} == {
        "a": [(2, 3), (6, 7)],
        "b": [(0, 1)],
    }
    (tmp_path / "hits.spots").write_text("a 3\nb\n")
    with pytest.raises(InputError, match=r"hits.spots, line 2: .*expected an id and a letter"):
        read_sites(tmp_path / "hits.spots")


def test_an_engine(
    documented: Documented, model: Model, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documented("An engine")
    assert isinstance(engines["told"](), Engine)
    again = explained(model, tmp_path / "again", engine="told")
    assert [row.relevance.tolist() for row in again] == [row.relevance.tolist() for row in run]
    assert capsys.readouterr().err.splitlines()[-1].startswith("shard 0: 0.")


def test_a_data_set(
    documented: Documented, relevome_cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pooch", reason="needs pooch: `make setup` installs all extras")
    module = documented("A data set")
    assert "five letters (CC0)" in relevome_cli("data", "list")[1]
    monkeypatch.setenv("RELEVOME_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RELEVOME_DATA", raising=False)
    (source,) = module.LETTERS.sources
    kept = cached_at(source)
    kept.parent.mkdir()
    kept.write_text("acgt\n")  # as if it had been downloaded
    assert relevome_cli("data", "fetch", "mine", "-o", tmp_path / "data")[0] == 0
    assert (tmp_path / "data/mine/letters.txt").read_text() == "ACGT\n"
    kept.write_text("acga\n")
    with pytest.raises(InputError, match=r"does not give mine/letters.txt"):
        relevome.fetch("mine", tmp_path / "other")
