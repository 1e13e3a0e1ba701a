"""The campaign of kills in small: what was killed is run again, and what differs is noticed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from benchmarks import kills

STEPS = 20


def test_files_are_compared_but_for_times_locks_and_logs(tmp_path: Path) -> None:
    for name, seconds in (("one", 3), ("other", 4)):
        folder = tmp_path / name
        (folder / "logs").mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({"n": [{"seconds": seconds, "x": 1}], "started": name}))
        (folder / "part.bin").write_bytes(b"same")
        (folder / ".lock").write_text(name)
        (folder / "logs" / "explain.log").write_text(name)
    one, other = tmp_path / "one", tmp_path / "other"
    assert kills.differences(one, other) == []
    (other / "part.bin").write_bytes(b"other")
    (other / "run.json").write_text(json.dumps({"n": [{"seconds": 4, "x": 2}], "started": "other"}))
    (one / "more.txt").touch()
    assert kills.differences(one, other) == ["more.txt", "part.bin", "run.json"]


def goes_on(arguments: tuple[str, ...], folder: Path) -> None:
    """Counts, from where it was killed."""
    os.chdir(folder)
    path = Path("out", "counted")
    path.parent.mkdir(exist_ok=True)
    done = len(path.read_text()) if path.exists() else 0
    for _ in range(done, STEPS):
        time.sleep(0.01)
        with path.open("a") as file:
            file.write(".")


def begins_anew_on_top(arguments: tuple[str, ...], folder: Path) -> None:
    """Counts what was counted before again."""
    os.chdir(folder)
    path = Path("out", "counted")
    path.parent.mkdir(exist_ok=True)
    for _ in range(STEPS):
        time.sleep(0.01)
        with path.open("a") as file:
            file.write(".")


def test_what_is_killed_and_goes_on_is_told_from_what_does_not(tmp_path: Path) -> None:
    trials = kills.trials_of("explain", tmp_path, tmp_path / "right", 3, work=goes_on)
    assert [one.different for one in trials] == [()] * 3
    assert any(one.killed for one in trials)
    assert [path.name for path in (tmp_path / "right").iterdir()] == ["explain-undisturbed"]
    trials = kills.trials_of("explain", tmp_path, tmp_path / "wrong", 3, work=begins_anew_on_top)
    assert [one.different for one in trials] == [("counted",) if one.killed else () for one in trials]
    kept = {path.name for path in (tmp_path / "wrong").iterdir()} - {"explain-undisturbed"}
    assert kept == {f"explain-{i}" for i, one in enumerate(trials) if one.killed}


def test_every_command_of_the_campaign_can_be_typed(tmp_path: Path) -> None:
    for command in kills.COMMANDS:
        assert kills.arguments_of(command, tmp_path)[0] == command
