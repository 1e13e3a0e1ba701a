"""The campaign of kills in small: what was killed is run again, and what differs is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


class Processes:
    """Processes that are done in half of their steps when they are killed."""

    def __init__(self) -> None:
        self.left = STEPS

    def Process(self, target: kills.Work, args: tuple[tuple[str, ...], Path]) -> Processes:
        self.work, self.args = target, args
        self.exitcode, self.left = 0, STEPS
        return self

    def start(self) -> None:
        self.alive = True

    def join(self, seconds: float | None = None) -> None:
        if not self.alive:
            return
        self.left = STEPS if seconds is None else STEPS // 2
        self.work(*self.args)
        self.alive = seconds is not None

    def kill(self) -> None:
        self.exitcode, self.alive = -9, False

    def step(self, path: Path) -> bool:
        """One step more is written, if there is time left."""
        self.left -= 1
        if self.left >= 0:
            with path.open("a") as file:
                file.write(".")
        return self.left > 0


def test_what_is_killed_and_goes_on_is_told_from_what_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = Processes()
    monkeypatch.setattr(kills, "_CONTEXT", processes)

    def counts(folder: Path, anew: bool) -> None:
        path = folder / "out" / "counted"
        path.parent.mkdir(exist_ok=True)
        done = 0 if anew or not path.exists() else len(path.read_text())
        for _ in range(done, STEPS):
            if not processes.step(path):
                break

    for anew, different in ((False, ()), (True, ("counted",))):
        place = tmp_path / str(anew)

        def work(_: tuple[str, ...], folder: Path, anew: bool = anew) -> None:
            counts(folder, anew)

        trials = kills.trials_of("explain", tmp_path, place, 2, work=work)
        assert [one.different for one in trials] == [different] * 2
        kept = {path.name for path in place.iterdir()}
        assert kept == {"explain-undisturbed"} | ({"explain-0", "explain-1"} if anew else set())


def test_every_command_of_the_campaign_can_be_typed(tmp_path: Path) -> None:
    for command in (*kills.COMMANDS, *kills.BY_WORKERS):
        name, *more = command.split()
        typed = kills.arguments_of(command, tmp_path)
        assert typed[0] == name
        assert typed[len(typed) - len(more) - 2 :] == [*more, "-o", "out"]
