"""What explains a model where no method is named, and that the run says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.models.base import Model
from relevome.report.runs import remarks

DNA, PROTEINS = ["ACGTTGCATAATGGCAACGTTGCA"], ["MKVLAWYRDE"]


@pytest.mark.parametrize(
    ("toy", "sequences", "method", "options", "kind"),
    [
        ("cnn", DNA, "integrated-gradients", {}, "one-hot"),
        ("protbert", PROTEINS, "attnlrp", {"site": "block", "reference": "mean"}, "single letters"),
        ("esm", PROTEINS, "attnlrp", {"site": "block", "reference": "mean"}, "single letters"),
        ("bpe", DNA, "attnlrp", {}, "several letters"),
        ("dnabert", DNA, "attnlrp", {}, "several letters"),
    ],
)
def test_every_kind_of_model_has_a_usual_method(
    toy_model: Callable[[str], Model], toy: str, sequences: list[str], method: str, options: Any, kind: str
) -> None:
    model = toy_model(toy)
    run = relevome.explain(model, sequences, target=0)
    named = relevome.explain(model, sequences, method, target=0, **options)
    assert (run.manifest["method"], run.manifest["parameters"]) == (method, named.manifest["parameters"])
    np.testing.assert_array_equal(run[0].relevance, named[0].relevance)
    assert kind in run.manifest["chosen"]
    assert "chosen" not in named.manifest
    (said,) = [line for line in remarks(run) if line.startswith("no method was named")]
    assert said.startswith(f"no method was named: {method} --")
    assert not any(line.startswith("no method") for line in remarks(named))


def test_options_that_are_given_are_kept(toy_model: Callable[[str], Model]) -> None:
    model = toy_model("cnn")
    run = relevome.explain(model, DNA, target=1, steps=20)
    assert (run.manifest["method"], run.manifest["parameters"]["steps"]) == ("integrated-gradients", 20)
    run = relevome.explain(model, DNA, target=1, reference="mean")
    assert (run.manifest["method"], run.manifest["parameters"]["reference"]) == ("attnlrp", "mean")
    assert "options that integrated-gradients has not" in run.manifest["chosen"]
    assert any(line.startswith("attnlrp is gradient x input here") for line in remarks(run))
    run = relevome.explain(toy_model("protbert"), PROTEINS, target=1, reference="zero")
    assert {name: run.manifest["parameters"][name] for name in ("site", "reference")} == {
        "site": "block", "reference": "zero",
    }  # fmt: skip


def test_scores_of_every_letter_are_read_where_they_are_known(toy_model: Callable[[str], Model]) -> None:
    run = relevome.explain(toy_model("protbert"), PROTEINS, target=1, letter_scores=True)
    assert run.manifest["parameters"]["site"] == "word"
    assert run[0].letter_scores is not None


def test_a_run_goes_on_whether_its_method_was_named_or_not(
    toy_model: Callable[[str], Model], tmp_path: Any
) -> None:
    model, out = toy_model("cnn"), tmp_path / "run"
    first = relevome.explain(model, DNA, target=1, out=out)
    again = relevome.explain(model, DNA, "integrated-gradients", target=1, out=out)
    np.testing.assert_array_equal(first[0].relevance, again[0].relevance)


def test_what_no_method_has_is_one_clear_error(toy_model: Callable[[str], Model]) -> None:
    with pytest.raises(relevome.InputError, match="explain has no parameter 'step'"):
        relevome.explain(toy_model("cnn"), DNA, target=1, step=20)
