"""What all tests share: one thread, no network, the command line, and a way to data beside the project."""

from __future__ import annotations

import gc
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when transformers is imported

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from tests import quick_checks

ROOT = Path(__file__).parents[1]

quick_checks.install()  # before anything of relevome is imported

from tests.toys import load, saved, toy_model  # noqa: E402

__all__ = ["load", "saved", "toy_model"]

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


def pytest_report_header() -> str:
    """How fast the machine is, without which no duration says anything."""
    torch.set_num_threads(1)
    matrix = torch.ones(2048, 2048)
    seconds = []
    for _ in range(3):
        since = time.perf_counter()
        torch.mm(matrix, matrix)
        seconds.append(time.perf_counter() - since)
    return f"speed: {2 * 2048**3 / min(seconds) / 1e9:.0f} GFLOP/s by one thread (float32, 2048 x 2048)"


def pytest_runtest_setup() -> None:
    """One thread, whatever a test before has left: other numbers of threads add up in another order."""
    torch.set_num_threads(1)


def pytest_collection_finish() -> None:
    """What is there before the first test stays: the search for garbage need not go through it every time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data and other people's numbers, beside the repository."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder `shared` beside the repository (real data and reference numbers)")
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file into this test's own folder and gives its path: ``write("a.fa", ">a\\nACGT\\n")``."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture
def relevome_cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, list[str]]]:
    """Runs a command in this process and gives its exit code, output and error lines."""
    from relevome.cli import main

    # what takes half a minute on a slow machine says so: no test waits for that
    monkeypatch.setattr("relevome.cli.shared.progress.EVERY", 3600)

    def run(*arguments: object) -> tuple[int, str, list[str]]:
        capsys.readouterr()  # what making the models printed
        monkeypatch.setattr(sys, "argv", ["relevome", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err.splitlines()

    return run
