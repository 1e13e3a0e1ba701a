from __future__ import annotations

import sys
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

import benchmarks
from benchmarks.__main__ import NAMES, main


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
    monkeypatch.setattr(sys, "argv", ["benchmarks", "ecoli_promoters"])
    main()
    needed = "../shared/data/ecoli/NC_000913.3.fna.gz beside the repository, which is absent"
    assert f"not run: needs {needed}" in " ".join(capsys.readouterr().out.split())


def test_an_unknown_benchmark_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "nothing"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "no benchmark 'nothing': expected one of annotation_speed," in capsys.readouterr().err
