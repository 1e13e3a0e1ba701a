"""Commands of a study: each once, each after those it waits for, whatever ends in between."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relevome.errors import InputError
from relevome.studies.carry_out import carry_out
from relevome.studies.recipe import Command, command

ROOT = Path(__file__).parents[2]


def run_toy(arguments: tuple[str, ...], folder: Path, log: Path) -> str | None:
    """A command that makes a folder with all that it reads, once it was noted in ``ran.txt``.

    Until there is a file ``mended`` some fail, some die, and some never come to an end.
    """
    verb, *read, _, output = arguments
    broken = not (folder / "mended").exists()
    with (folder / "ran.txt").open("a") as file:
        file.write(f"{output}\n")
    log.write_text(f"{verb} {output}\n")
    if verb == "fail" and broken:
        return "it broke"
    if verb == "die" and broken:
        os.kill(os.getpid(), signal.SIGKILL)
    while verb == "hang" and broken:
        with (folder / f"{output}.beat").open("a") as file:
            file.write(".")
        time.sleep(0.02)
    if verb == "slow":
        time.sleep(0.5)
    found = "+".join((folder / one / "result").read_text() for one in read if not one.startswith("--"))
    (folder / output).mkdir(exist_ok=True)
    with (folder / output / "result").open("a") as file:
        file.write(f"{output}({found})")
    return None


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, path
        time.sleep(0.02)


def step(output: str, *read: str, verb: str = "make", **options: object) -> Command:
    return command(f"step-{output}", verb, *read, after=[f"step-{one}" for one in read], output=output,
                   **options)  # fmt: skip


CHAIN = (step("a"), step("b", "a"), step("c", "b"), step("d", "a"), step("e"))


@dataclass(frozen=True)
class Toy:
    steps: tuple[Command, ...] = CHAIN
    options: dict[str, object] = field(default_factory=dict)
    name = "toy"

    def about(self):
        return self.options

    def prepare(self, folder, say):
        say("prepared")

    def commands(self):
        return self.steps

    def conclude(self, folder):
        return [f"{one.output}: {(folder / one.output / 'result').read_text()}" for one in self.steps]


def carried(folder: Path, *steps: Command, jobs: int = 2, **options: object) -> list[str]:
    """What a study says."""
    said: list[str] = []
    carry_out(Toy(steps or CHAIN, options), folder, run_toy, jobs, said.append)
    return said


def ran(folder: Path) -> list[str]:
    return (folder / "ran.txt").read_text().split()


def done(folder: Path) -> set[str]:
    return {path.name.removeprefix("step-") for path in (folder / "done").iterdir()}


RESULTS = ["a: a()", "b: b(a())", "c: c(b(a()))", "d: d(a())", "e: e()"]


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_command_is_run_once_after_those_it_waits_for(tmp_path, jobs):
    said = carried(tmp_path / "study", jobs=jobs)
    assert said[0] == "prepared"
    assert said[-5:] == RESULTS
    assert sorted(ran(tmp_path / "study")) == ["a", "b", "c", "d", "e"]
    assert {line.split("]")[0] for line in said[1:-5]} == {f"[{i}/5" for i in range(1, 6)}
    assert (tmp_path / "study" / "logs" / "step-c.log").read_text() == "make c\n"


def test_one_job_keeps_the_order_of_the_recipe(tmp_path):
    carried(tmp_path / "study", jobs=1)
    assert ran(tmp_path / "study") == ["a", "b", "c", "d", "e"]


def test_a_second_call_runs_nothing_and_concludes_the_same(tmp_path):
    carried(tmp_path)
    assert carried(tmp_path) == ["prepared", "5 of 5 commands were done before", *RESULTS]
    assert len(ran(tmp_path)) == 5


def test_all_lines_are_left_to_be_typed(tmp_path):
    carried(tmp_path, step("a"), step("my b", "a"))
    lines = (tmp_path / "commands.sh").read_text().splitlines()
    assert [line for line in lines if line[0] != "#"] == [
        "set -e", "relevome make -o a", "relevome make a -o 'my b'",
    ]  # fmt: skip


def test_after_a_failure_what_runs_is_finished_and_nothing_more_begun(tmp_path):
    steps = (step("bad", verb="fail"), step("slow", verb="slow"), step("later"), step("end", "bad", "slow"))
    with pytest.raises(InputError) as error:
        carried(tmp_path, *steps)
    log = tmp_path / "logs" / "step-bad.log"
    assert str(error.value) == (
        f"relevome fail -o bad: it broke (all it said: {log}); mend that, and the same command goes on from "
        "there"
    )
    assert (sorted(ran(tmp_path)), done(tmp_path)) == (["bad", "slow"], {"slow"})
    (tmp_path / "mended").touch()
    assert carried(tmp_path, *steps)[-1] == "end: end(bad()+slow())"
    assert sorted(ran(tmp_path)) == ["bad", "bad", "end", "later", "slow"]


def test_a_process_that_is_killed_is_one_clear_line(tmp_path):
    steps = (step("first"), step("dead", "first", verb="die"), step("other", "first"))
    with pytest.raises(InputError) as error:
        carried(tmp_path, *steps, jobs=1)
    assert str(error.value) == (
        "a process was killed, perhaps for want of memory (relevome die first -o dead); the same command "
        "goes on from there, and takes less with --jobs 1"
    )
    assert done(tmp_path) == {"first"}
    (tmp_path / "mended").touch()
    carried(tmp_path, *steps, jobs=1)
    assert ran(tmp_path) == ["first", "dead", "dead", "other"]


# A shell has what it starts in the background ignore Ctrl-C, and so would what these tests start from there.
STOPPED = """
import signal, sys
from pathlib import Path
from tests.studies.test_carry_out import Toy, carry_out, run_toy, step
steps = step("a"), step("b", "a", verb="hang"), step("c", "a", verb="hang"), step("d", "b", "c")
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        carry_out(Toy(steps), Path(sys.argv[1]), run_toy, 2, lambda line: None)
    except KeyboardInterrupt:
        sys.exit("stopped")
"""


def stopped(script: Path, folder: Path, end: signal.Signals, whole_group: bool) -> tuple[int, str]:
    """A study in its own process, ended as soon as two commands hang: its exit code and last words."""
    path = os.pathsep.join([str(ROOT), *sys.path])
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder)], env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    for name in "bc":
        wait_for(folder / f"{name}.beat", process)
    (os.killpg if whole_group else os.kill)(process.pid, end)
    _, said = process.communicate(timeout=120)
    return process.returncode, said


def beats(folder: Path) -> list[int]:
    return [(folder / f"{name}.beat").stat().st_size for name in "bc"]


@pytest.mark.parametrize(
    ("end", "whole_group", "code", "words"),
    [
        (signal.SIGINT, True, 1, "^stopped\n$"),
        (signal.SIGINT, False, 1, "^stopped\n$"),
        (signal.SIGTERM, False, -signal.SIGTERM, "^(?!.*Traceback)"),
        (signal.SIGKILL, False, -signal.SIGKILL, "^(?!.*Traceback)"),
    ],
    ids=["Ctrl-C", "interrupted", "terminated", "killed"],
)
def test_nothing_is_left_behind_and_nothing_repeated_when_it_is(
    tmp_path, write, end, whole_group, code, words
):
    script, folder = write("stopped.py", STOPPED), tmp_path / "study"
    ended, said = stopped(script, folder, end, whole_group)
    assert ended == code
    assert re.search(words, said, re.DOTALL)
    time.sleep(0.3)
    before = beats(folder)
    time.sleep(0.3)
    assert beats(folder) == before
    assert done(folder) == {"a"}
    (folder / "mended").touch()
    hang = (step("a"), step("b", "a", verb="hang"), step("c", "a", verb="hang"), step("d", "b", "c"))
    assert carried(folder, *hang)[-1] == "d: d(b(a())+c(a()))"
    assert sorted(ran(folder)) == ["a", "b", "b", "c", "c", "d"]


@pytest.mark.parametrize("gone", ["done/step-b", "b/result"])
def test_a_command_without_its_mark_or_result_is_repeated_with_all_that_read_it(tmp_path, gone):
    carried(tmp_path, jobs=1)
    (tmp_path / gone).unlink()
    if gone == "b/result":
        (tmp_path / "b").rmdir()
    assert carried(tmp_path, jobs=1)[-5:] == RESULTS  # results are appended to: what was there was removed
    assert ran(tmp_path) == ["a", "b", "c", "d", "e", "b", "c"]


def test_a_command_that_changed_is_repeated_with_all_that_read_it(tmp_path):
    carried(tmp_path, jobs=1)
    steps = tuple(step("b", "a", much=True) if one.output == "b" else one for one in CHAIN)
    assert carried(tmp_path, *steps, jobs=1)[-5:] == RESULTS
    assert ran(tmp_path) == ["a", "b", "c", "d", "e", "b", "c"]


@pytest.mark.parametrize(("resume", "left"), [(True, "begun, a()"), (False, "a()")])
def test_only_a_command_that_resumes_finds_what_it_left_unfinished(tmp_path, resume, left):
    steps = (step("a", resume=resume), step("bad", "a", verb="fail"))
    with pytest.raises(InputError, match="it broke"):
        carried(tmp_path, *steps)
    (tmp_path / "mended").touch()
    (tmp_path / "done" / "step-a").unlink()
    (tmp_path / "a" / "result").write_text("begun, ")
    assert carried(tmp_path, *steps)[-1] == f"bad: bad({left})"


def test_what_reads_a_repeated_result_does_not_go_on_with_its_own(tmp_path):
    steps = (step("a"), step("b", "a", resume=True))
    carried(tmp_path, *steps)
    (tmp_path / "done" / "step-a").unlink()
    assert carried(tmp_path, *steps)[-1] == "b: b(a())"


def test_a_folder_belongs_to_one_study_with_its_options(tmp_path):
    carried(tmp_path, step("a"), size="small")
    with pytest.raises(InputError, match=r"holds a study with size small, not large: choose another -o"):
        carried(tmp_path, step("a"), size="large")


def test_a_folder_that_was_hardly_begun_is_begun_again(tmp_path):
    (tmp_path / ".study.json.tmp").write_text("{")
    assert carried(tmp_path, step("a"))[-1] == "a: a()"
    assert json.loads((tmp_path / "study.json").read_text())["study"] == "toy"


def test_a_folder_with_anything_else_is_refused(tmp_path, write):
    write("full/notes.txt", "mine")
    for path in (tmp_path / "full", tmp_path / "full" / "notes.txt"):
        with pytest.raises(InputError, match="is there and not empty: choose another -o, or remove it"):
            carried(path)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]


class Twice(Toy):
    """Begins itself once more while it runs."""

    def prepare(self, folder, say):
        with pytest.raises(InputError) as error:
            carried(folder)
        say(str(error.value))


def test_a_folder_is_run_by_one_process_at_a_time(tmp_path):
    said: list[str] = []
    carry_out(Twice(), tmp_path, run_toy, 1, said.append)
    assert said[0] == (
        f"another process is running the study in {tmp_path}: wait for it, or choose another -o"
    )
    assert ran(tmp_path) == ["a", "b", "c", "d", "e"]
    assert "5 of 5 commands were done before" in carried(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[1]", "7"])
def test_a_damaged_record_is_said(tmp_path, write, content):
    write("study/study.json", content)
    with pytest.raises(InputError, match=r"study\.json is damaged .*choose another -o, or remove the folder"):
        carried(tmp_path / "study")


def test_no_job_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(InputError, match="--jobs 0: expected a number of commands at once, from 1 on"):
        carried(tmp_path / "study", jobs=0)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("name", ["with blank", "it's", "-o", 'say "é"', "$HOME; ls"])
def test_folders_may_have_any_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert carried(Path(name), step("a"), jobs=1)[-1] == "a: a()"
    assert json.loads((tmp_path / name / "study.json").read_text()) == {"study": "toy"}


def test_a_full_disk_is_said_and_nothing_is_marked(tmp_path, monkeypatch):
    write_text = Path.write_text

    def full(path: Path, *content: str, **options: str) -> int:
        if path.parent.name == "done":
            raise OSError(28, "No space left on device", str(path))
        return write_text(path, *content, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match="no space left on the disk"):
        carried(tmp_path, step("a"))
    assert done(tmp_path) == set()
