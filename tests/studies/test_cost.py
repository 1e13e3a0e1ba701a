"""What explanations cost, beside gradient x input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.models.base import Model
from relevome.studies.trainings import cost

SEQUENCES = [f"ACGTTGCATAATGGC{letter}ACGTTGCA" for letter in "ACGTN"]


def test_ratios_are_of_the_same_sequences_in_turns(
    saved: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that goes on by one for every step and sequence of an explanation."""
    model, clock = relevome.load_model(saved("cnn")), [0.0]
    for steps in (4, 20):
        relevome.explain(model, SEQUENCES, "integrated-gradients", 1, steps=steps, out=tmp_path / str(steps))
    relevome.explain(model, SEQUENCES, "saliency", 1, average_strands=True, out=tmp_path / "strands")
    explained = cost.explain_own_targets

    def counted(model: Model, method: Any, sequences: Any, targets: Any, **how: Any) -> Any:
        clock[0] += getattr(method, "steps", 1) * len(sequences) * len(how["readings"])
        return explained(model, method, sequences, targets, **how)

    monkeypatch.setattr(cost, "explain_own_targets", counted)
    monkeypatch.setattr(cost.time, "process_time", lambda: clock[0])
    found = cost.costs({name: tmp_path / name for name in ("20", "4", "strands")})
    assert found == {"20": 20, "4": 4, "strands": 2}
    assert clock[0] == cost.SEQUENCES * (1 + cost.ROUNDS) * (20 + 4 + 2 + 3)


def test_a_model_that_moved_is_one_clear_error(saved: Callable[[str], Path], tmp_path: Path) -> None:
    model = relevome.load_model(saved("cnn"))
    run = relevome.explain(model, SEQUENCES, "saliency", 1, out=tmp_path / "run")
    manifest = tmp_path / "run" / "run.json"
    manifest.write_text(manifest.read_text().replace(str(run.manifest["model"]["path"]), "/nowhere/model"))
    with pytest.raises(relevome.InputError, match="nowhere"):
        cost.costs({"run": tmp_path / "run"})
