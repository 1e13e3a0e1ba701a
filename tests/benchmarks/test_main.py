from __future__ import annotations

import json
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

import benchmarks
from benchmarks import Row, __main__, nulls
from benchmarks.__main__ import NAMES, main
from benchmarks._hardware import Hardware


@pytest.fixture(autouse=True)
def known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(__main__, "hardware", lambda: Hardware(3, 61.0, 9.5, 0.25))


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_says_its_target_and_can_be_measured(name: str) -> None:
    module = import_module(f"benchmarks.{name}")
    assert "\n\nTarget: " in (module.__doc__ or "")
    assert signature(module.measure).parameters["quick"].default is False


def test_no_file_of_the_folder_is_forgotten() -> None:
    files = {path.stem for path in Path(benchmarks.__path__[0]).glob("[!_]*.py")}
    assert set(NAMES) == files > {"ecoli_promoters"}


def test_absent_data_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmarks, "SHARED", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "ecoli_promoters"])
    main()
    needed = "../shared/data/ecoli/NC_000913.3.fna.gz beside the repository, which is absent"
    assert f"not run: needs {needed}" in " ".join(capsys.readouterr().out.split())


def test_what_is_found_is_printed_below_the_machine_and_kept_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(quick: bool = False, seed: int = 4) -> list[Row]:
        return [Row("rejected", 0.25 if quick else 0.5, "0.05")]

    monkeypatch.setattr(nulls, "measure", measure)
    for more in ([], ["--seed", "5"]):
        monkeypatch.setattr(
            sys, "argv", ["benchmarks", "nulls", "--quick", "--json", str(tmp_path / "all.jsonl"), *more]
        )
        main()
    said = capsys.readouterr().out
    assert said.startswith("3 cores, load 0.2; one thread: 61 GFLOP/s")
    assert "9.5 GB/s" in said
    first, second = map(json.loads, (tmp_path / "all.jsonl").read_text().splitlines())
    assert (first["benchmark"], first["name"], first["value"]) == ("nulls", "rejected", 0.25)
    assert (first["quick"], first["seed"], second["seed"]) == (True, 4, 5)
    assert first["machine"]["gflops"] == 61.0


def test_an_unknown_benchmark_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "nothing"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "no benchmark 'nothing': expected one of annotation_speed," in capsys.readouterr().err
