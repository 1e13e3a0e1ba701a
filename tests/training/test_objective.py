"""Objectives: ours, and one of somebody else's."""

from __future__ import annotations

import json
import random
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import transformers

from relevome.errors import InputError
from relevome.jobs.train import train
from relevome.models.hugging_face import load_model
from relevome.training.architectures import Architecture
from relevome.training.objective import Objective, objective_names, objectives
from relevome.training.settings import TrainingSettings
from tests.documented import Documented, documented

__all__ = ["documented"]

ROOT = Path(__file__).parents[2]
CNN = {"model_type": "relevome-cnn", "filters": [12], "widths": [7], "pools": [2], "hidden_size": 9}
NAME = "real-or-shuffled"


@pytest.fixture
def somebody_elses(documented: Documented) -> type[Any]:
    """The objective that docs/extend.md writes, registered while a test runs."""
    documented("An objective")
    return objectives[NAME]


@pytest.fixture
def asked(tmp_path: Path, somebody_elses: type[Any]) -> TrainingSettings:
    """Settings for it, and sequences that are half A and C, half G and T."""
    draw = random.Random(1)
    for name, count in {"train": 120, "validation": 40}.items():
        halves = ("".join(draw.choices("AC", k=14)) + "".join(draw.choices("GT", k=14)) for _ in range(count))
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence", *halves]))
    (tmp_path / "arch.json").write_text(json.dumps(CNN))
    tables = (tmp_path / "train.csv", tmp_path / "validation.csv")
    return TrainingSettings(
        str(tmp_path / "arch.json"), *tables, tmp_path / "model", objective=NAME, device="cpu", epochs=3,
        batch_size=16, learning_rate=0.01,
    )  # fmt: skip


def test_an_objective_of_somebody_elses_is_trained(
    asked: TrainingSettings, somebody_elses: type[Any]
) -> None:
    assert isinstance(somebody_elses(asked, Architecture(asked.arch)), Objective)
    result = train(asked)
    assert (result.task, result.labels) == ("binary", ("shuffled", "real"))
    assert (result.metrics["validation"]["auroc"] or 0) > 0.9
    assert result.metrics["chance"] == {"accuracy": 0.5, "auroc": 0.5}
    assert load_model(result.output).labels == result.labels
    record = json.loads((result.output / "training.json").read_text())
    assert record["data"]["train"]["sequences"] == 240
    assert {"train sha256", "validation sha256"} < record["claim"].keys()


def test_it_is_resumed_as_any_other(asked: TrainingSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    result = train(asked)
    monkeypatch.delattr(transformers.Trainer, "train")
    assert train(replace(asked, resume=True)) == result
    with pytest.raises(InputError, match=r"is from another training \(epochs 3\)"):
        train(replace(asked, resume=True, epochs=4))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"lora_rank": 2}, f"--lora-rank belongs to --objective classify, not to {NAME}: leave it out"),
        ({"validation": None}, f"{NAME} learns from tables: expected --train and --validation"),
        ({"objective": "x"}, f"unknown objective 'x': expected one of classify, mlm, annotate, {NAME}$"),
        ({"objective": "annotate"}, f"--train belongs to --objective classify or mlm or {NAME}, not to ann"),
    ],
)
def test_its_options_and_its_own_checks_are_heeded(
    asked: TrainingSettings, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        replace(asked, **more)


def test_ours_are_named_in_the_order_of_the_docs() -> None:
    assert objective_names() == ["classify", "mlm", "annotate"]


@pytest.mark.parametrize("name", objective_names())
def test_every_option_is_a_setting(name: str) -> None:
    assert set(objectives[name].options) <= TrainingSettings.__dataclass_fields__.keys()


def test_every_objective_is_kept_from_the_others() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {one["name"]: one for one in settings["tool"]["importlinter"]["contracts"]}
    ours = {objectives[name].__module__ for name in objective_names()}
    assert set(contracts["Objectives do not import each other"]["modules"]) == ours
