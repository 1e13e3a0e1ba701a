"""What the folder of a model says of its quality: ``training.json``, or ``metrics.json`` alone."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from relevome.results.quality.record import NOT_KEPT, ModelQuality
from relevome.results.record import DAMAGE

_FILES = ("training.json", "metrics.json")  # the first that is there counts
_TABLES = ("test", "validation")
# A training of its own kind keeps what a guess reaches under one of these names.
_CHANCE = ("chance", "unigram")


def trained_quality(folder: str | Path) -> ModelQuality:
    """How good the model of a folder is: by its test if it had one, else by its validation.

    A folder without these files, and files that are damaged or by somebody else, leave it unknown, and the
    result says why.
    """
    path = place = Path(folder)
    try:
        there = [place / name for name in _FILES if (place / name).is_file()]
        if not there:
            return ModelQuality(unknown=NOT_KEPT)
        path = there[0]
        said = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(said, Mapping):
            raise TypeError(f"it is {str(said)[:60]!r}")
        return _of_training(said) if path.name == _FILES[0] else _of_metrics(said, "", {})
    except (*DAMAGE, RecursionError) as error:
        what = str(error).replace("\n", " ")[:100]
        return ModelQuality(unknown=f"{path} is damaged ({type(error).__name__}: {what})")


def _of_training(said: Mapping[str, Any]) -> ModelQuality:
    found = _of_metrics(said["metrics"], str(said["chosen"]["task"]), said["data"])
    return replace(found, command=tuple(map(str, said.get("command") or ())))


def _of_metrics(metrics: Mapping[str, Any], task: str, data: Mapping[str, Any]) -> ModelQuality:
    table = next((name for name in _TABLES if isinstance(metrics.get(name), Mapping)), None)
    if table is None:
        return ModelQuality(unknown="its training was scored on nothing that it did not learn from")
    found = _finite(metrics[table])
    if not found:
        return ModelQuality(unknown=f"no score of its {table} is a number")
    chance = next((_finite(metrics[name]) for name in _CHANCE if name in metrics), {})
    if "genome" in data and "average_precision" in chance:
        counts = _positions(data, chance["average_precision"])
    else:
        counts = _sequences(data.get(table, {}))
    return ModelQuality(task=task, table=table, metrics=found, chance=chance, **counts)


def _finite(scores: Mapping[str, Any]) -> dict[str, float]:
    """Scores that are numbers; null stands for those that could not be computed."""
    return {
        name: float(value)
        for name, value in scores.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _sequences(described: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of a table of sequences, as `relevome train` describes it."""
    count = described.get("sequences")
    return {
        "examples": None if count is None else int(count),
        "positives": tuple(map(int, described.get("outputs", {}).values())),
        "in_training": int(described.get("also_in_training", 0)),
        "sha256": described.get("sha256"),
    }


def _positions(data: Mapping[str, Any], rate: float) -> dict[str, Any]:
    """Counts of the positions of a genome, of which this share are sites."""
    sites = int(data["labels"]["held_out"])
    every = round(sites / rate)
    return {"examples": every, "counted": "positions", "positives": (every - sites, sites)}
