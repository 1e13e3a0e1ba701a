"""Machines of namespaces are apart, and what a store was given is read off its log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import Unavailable
from benchmarks._machines import Machine, check_machines
from benchmarks.nodes import FIRST, SECOND, who_put

LISTEN = "import socket; s = socket.create_server(('{}', 7000)); print('there', flush=True); s.accept()"
CALL = "import socket; socket.create_connection(('{}', 7000), timeout=5); print('reached')"


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    try:
        check_machines()
    except Unavailable as reason:
        pytest.skip(str(reason))
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "model").touch()
    first = Machine(FIRST)
    second = Machine(SECOND, first, hidden)
    yield first, second
    second.lose_power()
    first.lose_power()


def said(machine: Machine, log: Path, *command: object) -> str:
    machine.begin(*command, log=log, env={}).wait()
    return log.read_text()


def test_machines_reach_each_other_and_nobody_else(machines: tuple[Machine, Machine], tmp_path: Path) -> None:
    first, second = machines
    server = first.begin(sys.executable, "-c", LISTEN.format(FIRST), log=tmp_path / "server", env={})
    while not (tmp_path / "server").read_text():
        assert server.poll() is None
    assert said(second, tmp_path / "a", sys.executable, "-c", CALL.format(FIRST)) == "reached\n"
    server.wait()
    assert "unreachable" in said(second, tmp_path / "b", sys.executable, "-c", CALL.format("192.0.2.1"))
    assert said(first, tmp_path / "c", "ls", tmp_path / "hidden") == "model\n"
    assert said(second, tmp_path / "d", "ls", tmp_path / "hidden") == ""


def test_one_without_power_is_gone_and_another_takes_its_place(
    machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    first, second = machines
    program = second.begin("sleep", 600, log=tmp_path / "log", env={})
    second.lose_power()
    assert program.wait(timeout=20) != 0
    again = Machine(SECOND, first)
    assert SECOND in said(again, tmp_path / "a", "ip", "addr")
    again.lose_power()


def test_who_has_put_which_part_is_in_the_log() -> None:
    log = (
        f'{FIRST} - - [01/Dec/2026 00:48:01] "PUT /bucket/run1/part-00000.parquet HTTP/1.1" 200 -\n'
        f'{SECOND} - - [01/Dec/2026 00:48:02] "PUT /bucket/run1/part-00000.parquet HTTP/1.1" 412 -\n'
        f'{SECOND} - - [01/Dec/2026 00:48:02] "PUT /bucket/run1/part-00001.parquet HTTP/1.1" 200 -\n'
        f'{FIRST} - - [01/Dec/2026 00:48:03] "PUT /bucket/run2/part-00000.parquet HTTP/1.1" 200 -\n'
        f'{FIRST} - - [01/Dec/2026 00:48:03] "GET /bucket/run1/part-00000.parquet HTTP/1.1" 200 -\n'
        f'{FIRST} - - [01/Dec/2026 00:48:04] "PUT /bucket/run1/run.json HTTP/1.1" 200 -\n'
    )
    assert who_put(log, "run1") == [(FIRST, "part-00000.parquet"), (SECOND, "part-00001.parquet")]
