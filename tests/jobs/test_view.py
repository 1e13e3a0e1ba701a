"""From results to a page that is served: what it holds, what it refuses, and how it begins and ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

import pytest

import relevome
from relevome.errors import InputError
from relevome.report.view.opening import has_browser, opened
from relevome.results.parts.part import Counts
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.damage.readers import readers
from tests.report.html.unpacked import Unpacked, unpacked
from tests.results.conftest import _letters_only

MANIFEST = {"alphabet": "dna", "method": "m", "model": {"path": "models/cnn"}}
PROGRAM = "import sys; from relevome.cli import main; main()"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    rows = [_letters_only("a", "ACGT", [1, -2, 0, 0.5]), _letters_only("b", "GG", [0, 1])]
    with RunWriter(tmp_path / "run", MANIFEST) as writer:
        writer.write_part(0, rows, Counts(read=2, explained=2))
    return Run(tmp_path / "run")


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    for name, content in readers()["evaluation"].examples[0].items():
        (tmp_path / "scores" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scores" / name).write_bytes(content)
    return tmp_path / "scores"


def asked(address: str) -> bytes:
    with urlopen(address, timeout=30) as answer:
        return answer.read()


def test_all_but_letters_and_relevance_is_as_in_a_report(run: Run, evaluation: Path, tmp_path: Path) -> None:
    (tmp_path / "known.bed").write_text("a\t1\t3\tbox\n")
    given = {"labels": ["mine"], "title": "A <b> title", "sites": tmp_path / "known.bed"}
    relevome.report([run, evaluation], tmp_path / "page.html", **given)
    written = unpacked(tmp_path / "page.html")
    with relevome.view([run, evaluation], **given) as page:
        assert (page.runs, page.sequences, page.results) == (1, 2, 1)
        assert b"<title>A &lt;b&gt; title</title>" in asked(page.address)
        served = Unpacked(asked(f"{page.address}content"))
    for name in ("title", "letters", "verdict", "runs", "methods"):
        assert served.content[name] == written.content[name]
    assert served.content["parts"] == written.content["parts"] != []
    ours, theirs = (one.content["sequences"] for one in (served, written))
    assert ours["ids"] == theirs["ids"]
    (line,), (other,) = ours["annotations"], theirs["annotations"]
    for name in ("count", "start", "end", "label"):
        assert served.array(line[name]).tolist() == written.array(other[name]).tolist()


def test_results_without_a_run_are_served_too(evaluation: Path) -> None:
    with relevome.view(evaluation) as page:
        assert Unpacked(asked(f"{page.address}content")).content["sequences"] is None
        with pytest.raises(HTTPError, match="404"):
            asked(f"{page.address}rows?n=0")


def test_what_cannot_be_shown_is_refused_before_anything_is_served(run: Run, tmp_path: Path) -> None:
    for given, said in (
        ([], "expected a run"), ([run, run.path], "given twice"), (tmp_path / "nowhere", "is not there"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=said):
            relevome.view(given)
    with pytest.raises(InputError, match="2 labels for 1 run"):
        relevome.view(run, labels=["a", "b"])
    next(run.path.glob("part-*")).write_bytes(b"PAR1")
    with pytest.raises(InputError, match="damaged or gone"):
        relevome.view(str(run.path))


def test_a_part_that_is_gone_is_said_where_it_is_asked_for(run: Run) -> None:
    with relevome.view(run) as page:
        next(run.path.glob("part-*")).unlink()
        with pytest.raises(HTTPError) as refused:
            asked(f"{page.address}rows?n=0")
        assert refused.value.code == 500
        assert b"part-00000.parquet is damaged or gone" in refused.value.read()
        assert asked(page.address)


def test_a_port_that_is_taken_is_one_line(relevome_cli, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, out, err = relevome_cli("view", run.path, "--no-browser", "--port", str(port))
    assert (code, out) == (2, "")
    advice = "choose another, or --port 0 for one that is free"
    assert err == [f"relevome: --port {port} is taken by another program: {advice}"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_view_prints_its_address_and_ends_when_it_is_told_to(run: Run, how: signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM, "view", str(run.path), "--no-browser"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(relevome.__file__).parents[1])},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(3)]
    assert lines[0] == "2 sequences of 1 run, 0 other results, at"
    assert lines[2].endswith("Ctrl-C ends it.")
    assert asked(f"{lines[1]}rows?n=1")
    process.send_signal(how)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "ended\n", "")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", urlsplit(lines[1]).port), timeout=5)


def test_a_browser_is_told_the_address_by_a_file_that_others_cannot_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.open", lambda address: not told.append(address))
    with opened("http://127.0.0.1:1/secret/") as found:
        assert found
        (address,) = told
        assert "secret" not in address
        file = Path(unquote(urlsplit(address).path))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert '0; url=http://127.0.0.1:1/secret/"' in file.read_text()
    assert not file.parent.exists()


def test_without_a_screen_no_browser_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("webbrowser.open", lambda address: pytest.fail("a browser was opened"))
    assert not has_browser()
    with opened("http://127.0.0.1:1/secret/") as found:
        assert not found
