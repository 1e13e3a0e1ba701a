from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import relevome
from benchmarks import Row
from benchmarks._hardware import Hardware
from benchmarks._records import append, circumstances

MACHINE = Hardware(cores=2, gflops=61.5, bandwidth=9.25, load=0.5)


def lines(path: Path) -> list[dict[str, Any]]:
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    return [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]


def test_every_row_says_what_was_found_by_what_and_when(tmp_path: Path) -> None:
    path = tmp_path / "new" / "found.jsonl"
    about = circumstances(MACHINE, quick=True, seed=3)
    append(
        path,
        "speed",
        [Row("ratio", np.float64(0.5), "at most 1"), Row("    middle half", "0.4 to 0.6")],
        about,
    )
    append(path, "memory", [Row("MiB", "1,234.5")], about)
    first, second, third = lines(path)
    assert first["versions"]["relevome"] == relevome.__version__
    assert first["versions"]["torch"] == torch.__version__
    assert first["machine"]["cores"] == 2
    assert first["machine"]["gflops"] == 61.5
    assert first["machine"]["bandwidth"] == 9.25
    assert first["date"].endswith("Z")
    told = {"benchmark": "speed", "row": 0, "name": "ratio", "value": 0.5, "target": "at most 1"}
    assert first | told | {"quick": True, "seed": 3} == first
    assert (second["row"], second["name"], second["value"], second["target"]) == (
        1, "middle half", "0.4 to 0.6", None,
    )  # fmt: skip
    assert (third["benchmark"], third["value"]) == ("memory", 1234.5)


def test_what_is_no_number_is_null_and_pandas_reads_it(tmp_path: Path) -> None:
    about = circumstances(MACHINE, quick=False, seed=None)
    append(tmp_path / "found.jsonl", "speed", [Row("none", float("nan")), Row("one", 1.0)], about)
    assert [one["value"] for one in lines(tmp_path / "found.jsonl")] == [None, 1.0]
    assert pd.read_json(tmp_path / "found.jsonl", lines=True)["value"].tolist()[1:] == [1.0]
