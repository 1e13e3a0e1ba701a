"""What is seen while a command computes: words that are right, a bar on a terminal, lines in a log."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relevome.cli.shared import progress
from relevome.cli.shared.progress import Gauge, shown
from relevome.errors import InputError

Run = Callable[..., tuple[int, str, list[str]]]


class Clock:
    """A time that passes when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_words_say_what_is_done_of_how_much_how_fast_and_how_long_it_will_take(clock: Clock) -> None:
    gauge = Gauge("explained")
    assert gauge.line() == "0:00  reading"
    gauge.tell(0, 4000)
    assert gauge.words() == "0 of 4,000 explained"
    clock.now += 20
    gauge.tell(500, 4000)
    assert gauge.line() == "0:20  500 of 4,000 explained, 25 per second, 2:20 left"
    clock.now += 3600
    gauge.tell(1000, 4000)
    assert gauge.line() == "1:00:20  1,500 of 4,000 explained, 16.7 per minute, 2:30:00 left"


def test_what_was_done_before_is_not_taken_for_speed(clock: Clock) -> None:
    gauge = Gauge("explained")
    for _ in range(10):
        gauge.tell(100, 2000)
        clock.now += 0.05
    clock.now += 50
    gauge.tell(50, 2000)
    assert gauge.words() == "1,050 of 2,000 explained, 59.9 per minute, 15:51 left"


def test_what_is_not_alike_says_nothing_of_the_time_that_is_left(clock: Clock) -> None:
    gauge = Gauge("commands", alike=False)
    gauge.tell(0, 300)
    clock.now += 350
    gauge.tell(1, 300)
    assert gauge.line() == "5:50  1 of 300 commands"


def test_a_rate_is_that_of_the_last_minutes(clock: Clock) -> None:
    gauge = Gauge("steps")
    for step in range(0, 1001, 10):
        gauge.at("epoch 1", step, 9000)
        clock.now += 10
    for step in range(1001, 1200):
        gauge.at("epoch 2", step, 9000)
        clock.now += 10
    assert "epoch 2: 1,199 of 9,000 steps, 6 per minute" in gauge.words()


def test_something_new_is_counted_anew(clock: Clock) -> None:
    gauge = Gauge("sequences")
    gauge.tell(5, 10)
    clock.now += 5
    gauge.say("statistics")
    assert gauge.words() == "statistics"
    gauge.tell(1, 4)
    assert gauge.words() == "statistics: 1 of 4 sequences"


def test_a_log_has_a_line_now_and_then_whatever_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown("explained") as seen:
        seen.tell(1, 2)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(progress, "EVERY", 0.01)
    with shown("explained") as seen:
        seen.tell(1, 2)
        time.sleep(0.1)
    out, err = capsys.readouterr()
    assert out == ""
    assert set(err.splitlines()) == {"0:00  1 of 2 explained"}
    time.sleep(0.05)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_is_a_bar_and_results_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with shown("commands") as seen:
        seen.tell(0, 3)
        seen.print("one was done")
        seen.tell(1, 3)
        seen.note("epoch 1")
    out, err = capsys.readouterr()
    assert out == "one was done\n"
    assert "\nepoch 1\n" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", err)
    assert "1 of 3 commands" in err
    assert "━" in err
    assert "0/?" not in err


MODEL = ("--model", "{cnn}", "-o", "{out}")
COMMANDS = {
    "explain": ("explain", *MODEL, "--fasta", "{fasta}"),
    "predict": ("predict", *MODEL, "--fasta", "{fasta}"),
    "annotate": ("annotate", *MODEL, "--genome", "{fasta}"),
    "heads": ("heads.by_attention.attention_heads", *MODEL, "--fasta", "{fasta}"),
    "train": ("train", "--arch", "cnn", "--train", "t.csv", "--validation", "v.csv", "-o", "{out}"),
    "evaluate": ("evaluate", "run", "-o", "{out}"),
    "compare": ("compare", "a", "b", "-o", "{out}"),
    "substitute": ("substitute", "run", "-o", "{out}"),
    "simulate": ("simulate", "-o", "{out}"),
    "demo": ("demo", "-o", "{out}"),
    "rerun": ("rerun", "run", "-o", "{out}"),
    "check": ("check", "run"),
    "export": ("export", "run", "--to", "tsv", "-o", "{out}"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_in_a_log_where_it_is(
    relevome_cli: Run, saved: Callable[[str], Path], tmp_path: Path, monkeypatch: Any, command: str
) -> None:
    def work(*_: object, **__: object) -> None:
        time.sleep(0.1)
        raise InputError("enough")

    (tmp_path / "s.fa").write_text(">a\nACGT\n")
    job, *arguments = COMMANDS[command]
    places = {"cnn": saved("cnn"), "fasta": tmp_path / "s.fa", "out": tmp_path / "out"}
    monkeypatch.setattr(progress, "EVERY", 0.01)
    monkeypatch.setattr(f"relevome.jobs.{job if '.' in job else f'{job}.{job}'}", work)
    monkeypatch.setattr("relevome.cli.shared.options.check_paths", lambda *_: None)  # none is there
    code, out, err = relevome_cli(command, *(one.format(**places) for one in arguments))
    assert (code, out) == (2, "")
    assert err[-1] == "relevome: enough"
    assert len(err) > 1
    assert all(re.fullmatch(r"0:0\d  \w.*", line) for line in err[:-1])


def test_a_study_says_how_many_of_its_commands_are_done(
    relevome_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*given: Any) -> None:
        say, tell = given[-2:]
        tell(2, 8)
        say("two of them")
        time.sleep(0.1)
        raise InputError("enough")

    monkeypatch.setattr(progress, "EVERY", 0.01)
    monkeypatch.setattr("relevome.studies.carry_out.carry_out", work)
    code, out, err = relevome_cli("study", "annotation", "-o", tmp_path / "study")
    assert (code, out, err[-1]) == (2, "two of them\n", "relevome: enough")
    assert "2 of 8 commands" in err[-2]
