"""Modules that fail at some sequences: which one, and why, is one line, and the others are explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import relevome
from relevome.attribution.gradients import GradientXInput
from relevome.errors import InputError
from relevome.models.base import Model

SEQUENCES = {"long": "ACGTTGCAACGGTTAC" * 2, "short": "ACGTTG", "same": "TTGACAACGGTTATAC" * 2}
SAID = r"sequence 'short', 6 letters: Sequential fails at it \(RuntimeError: .*Kernel size.*\): expected one"


def convolution(width: int = 9) -> Model:
    torch.manual_seed(0)
    pooled = (nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    return relevome.from_module(nn.Sequential(nn.Conv1d(4, 3, width), *pooled), labels=["a", "b", "c"])


class Places(nn.Module):
    """It knows 40 places, and fails at a sequence that begins with two T."""

    def __init__(self) -> None:
        super().__init__()
        self.letters, self.places, self.out = nn.Embedding(4, 5), nn.Embedding(40, 5), nn.Linear(5, 2)

    def forward(self, ids: Tensor) -> Tensor:
        if (ids[:, :2] == 3).all(1).any():
            raise ZeroDivisionError("two T")
        x = self.letters(ids) + self.places(torch.arange(ids.shape[1]))
        return self.out(x.tanh().mean(1))


def places() -> Model:
    torch.manual_seed(0)
    return relevome.from_module(Places(), input="tokens", letters="ACGT", embedding="letters")


@pytest.mark.parametrize("method", ["attnlrp", "gradient-x-input", "mutagenesis"])
def test_a_sequence_at_which_a_module_fails_is_named(method: str) -> None:
    with pytest.raises(InputError, match=SAID) as caught:
        relevome.explain(convolution(), SEQUENCES, method, "b")
    assert "\n" not in str(caught.value)
    run = relevome.explain(convolution(), SEQUENCES, method, "b", on_bad="skip")
    alone = relevome.explain(convolution(), {"same": SEQUENCES["same"]}, method, "b")
    assert [row.sequence_id for row in run] == ["long", "same"]
    np.testing.assert_allclose(run["same"].relevance, alone["same"].relevance, atol=1e-6)
    (left_out,) = run.counts.refused
    assert (left_out.sequence_id, "Kernel size" in left_out.reason) == ("short", True)


def test_predictions_leave_it_out_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=SAID):
        convolution().predict(SEQUENCES)
    found = relevome.predict(convolution(), SEQUENCES, tmp_path / "p", on_bad="skip")
    assert (found.counts.read, found.counts.explained) == (3, 2)


def test_a_reading_at_which_it_fails_takes_its_sequence_along() -> None:
    model, asked = convolution(28), {"long": SEQUENCES["long"], "longer": SEQUENCES["same"] * 2}
    run = relevome.explain(model, asked, "gradient-x-input", "b", offsets=8, on_bad="skip")
    assert [row.sequence_id for row in run] == ["longer"]
    assert "'long:0-25', 25 letters: Sequential fails at it" in run.counts.refused[0].reason


def test_of_a_batch_only_those_at_which_it_fails_are_left_out() -> None:
    same = {"a": "ACGTACGTAC", "b": "TTGTACGTAC", "c": "GTGTACGTAC"}
    run = relevome.explain(places(), same, "gradient-x-input", 1, on_bad="skip")
    assert [row.sequence_id for row in run] == ["a", "c"]
    assert "'b', 10 letters: Places fails at it (ZeroDivisionError: two T)" in run.counts.refused[0].reason


def test_a_module_is_not_asked_for_longer_sequences_than_are_given() -> None:
    asked = dict.fromkeys("ab", "ACG" * 13)  # 39 letters, in a bucket of up to 64
    run = relevome.explain(places(), asked, "gradient-x-input", 1)
    assert len(run) == 2
    with pytest.raises(InputError, match=r"sequence 'x', 42 letters: Places fails at it \(IndexError"):
        relevome.explain(places(), {"x": "ACG" * 14}, "gradient-x-input", 1)


def test_what_is_wrong_with_a_method_is_not_said_of_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(GradientXInput, "attribute", fails)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        relevome.explain(convolution(), {"long": SEQUENCES["long"]}, "gradient-x-input", "b")


def test_what_was_finished_before_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relevome.jobs.running.shards.SHARD_SEQUENCES", 1)
    with pytest.raises(InputError, match=SAID):
        relevome.explain(convolution(), SEQUENCES, "attnlrp", "b", out=tmp_path / "run")
    assert [row.sequence_id for row in relevome.Run(tmp_path / "run")] == ["long"]
