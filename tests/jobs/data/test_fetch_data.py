"""Public data from a server on this machine: broken off and gone on with, damaged, refused, from a mirror."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.data.public import DataFile, DataSet, Download, data_sets
from relevome.errors import InputError
from relevome.jobs.data import downloads, uniprot
from relevome.jobs.data.downloads import cached_at, is_cached
from tests.served import Served, served

pytest.importorskip("pooch", reason="needs pooch: `make setup` installs all extras")

Cli = Callable[..., tuple[int, str, list[str]]]
BIG = random.Random(3).randbytes(300_001)
PART = b">a\nACGT\n"
XML = b"<?xml version='1.0'?>\n<uniprot>" + b"<entry dataset='x'>\n</entry>" * 3 + b"</uniprot>\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def twice(paths: Sequence[Path]) -> bytes:
    (path,) = paths
    return path.read_bytes() * 2


@pytest.fixture
def server() -> Iterator[Served]:
    with served({"/big.bin": BIG, "/part.fa": PART}) as known:
        yield known


@pytest.fixture(autouse=True)
def own(server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of this server, one file as it is and one that is made; a cache of its own; its folder."""
    monkeypatch.setenv("RELEVOME_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RELEVOME_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "PAUSE", 0)
    data_sets.discover()
    monkeypatch.setitem(data_sets._entries, "own", data_of(server))
    return tmp_path / "cache"


def data_of(server: Served, *, pinned: bool = True, **big: Any) -> DataSet:
    source = Download(f"{server.address}/big.bin", big.get("sha256", digest(BIG)) if pinned else None)
    made = Download(f"{server.address}/part.fa", digest(PART))
    files = (
        DataFile("own/big.bin", digest(BIG), len(BIG), (source,)),
        DataFile("own/made.fa.gz", digest(PART * 2), 2 * len(PART), (made,), twice),
    )
    return DataSet("what is tested", "CC0", "http://example.org", files)


def source(name: str = "own") -> Download:
    return data_sets[name].files[0].sources[0]


def part_of(one: Download) -> Path:
    return cached_at(one).with_name(f".{cached_at(one).name}.part")


def test_files_are_checked_made_and_kept(server: Served, tmp_path: Path) -> None:
    record = relevome.fetch("own", tmp_path / "data")
    assert (tmp_path / "data/own/big.bin").read_bytes() == BIG
    assert gzip.decompress((tmp_path / "data/own/made.fa.gz").read_bytes()) == PART * 2
    assert json.loads((tmp_path / "data/own.fetched.json").read_text()) == record
    assert record["files"]["own/made.fa.gz"] == {
        "sha256_of_content": digest(PART * 2), "bytes": 16,
        "from": [{"url": f"{server.address}/part.fa", "sha256": digest(PART)}],
    }  # fmt: skip
    assert record["licence"] == "CC0"
    asked = len(server.asked)
    again = relevome.fetch("own", tmp_path / "other")
    assert again["files"] == record["files"]
    assert len(server.asked) == asked, "it is in the cache"
    relevome.fetch("own", tmp_path / "other")
    made = [(tmp_path / name / "own/made.fa.gz").read_bytes() for name in ("data", "other")]
    assert made[0] == made[1]


def test_what_was_broken_off_goes_on_in_the_same_call(server: Served, tmp_path: Path) -> None:
    server.cut = {0: 102_400, 1: 49_152}
    relevome.fetch("own", tmp_path / "data")
    assert (tmp_path / "data/own/big.bin").read_bytes() == BIG
    assert [wanted for path, wanted in server.asked if path == "/big.bin"] == [
        None, "bytes=102400-", "bytes=151552-",
    ]  # fmt: skip


def test_what_was_broken_off_goes_on_in_the_next_call(server: Served, tmp_path: Path) -> None:
    server.cut = {0: 102_400, 1: 0, 2: 4096}
    with pytest.raises(InputError) as error:
        relevome.fetch("own", tmp_path / "data")
    told = str(error.value)
    assert "\n" not in told
    assert told.startswith(f"cannot download {server.address}/big.bin (")
    assert "106,496 bytes are kept, and the same command goes on from there" in told
    assert not (tmp_path / "data").exists()
    assert not is_cached(source())
    relevome.fetch("own", tmp_path / "data")
    assert server.asked[3] == ("/big.bin", "bytes=106496-")
    assert (tmp_path / "data/own/big.bin").read_bytes() == BIG
    assert not list((tmp_path / "cache").glob(".*.part*"))


@pytest.mark.parametrize("pinned", [True, False])
def test_a_server_without_parts_is_asked_for_all_again(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pinned: bool
) -> None:
    monkeypatch.setitem(data_sets._entries, "own", data_of(server, pinned=pinned))
    server.ranges, server.cut = False, {0: 102_400}
    relevome.fetch("own", tmp_path / "data")
    assert (tmp_path / "data/own/big.bin").read_bytes() == BIG


def test_without_a_digest_parts_of_two_versions_are_never_joined(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = BIG[::-1]
    monkeypatch.setitem(data_sets._entries, "own", data_of(server, pinned=False))
    for tags in (True, False):
        server.files["/big.bin"], server.tags = old, tags
        server.cut = dict.fromkeys(range(len(server.asked), len(server.asked) + 3), 8192)
        with pytest.raises(InputError, match="cannot download"):
            relevome.fetch("own", tmp_path / "data")
        assert old.startswith(part_of(source()).read_bytes())
        server.files["/big.bin"], server.cut = BIG, {}
        relevome.fetch("own", tmp_path / f"data-{tags}")
        assert (tmp_path / f"data-{tags}/own/big.bin").read_bytes() == BIG
        cached_at(source()).unlink()


@pytest.mark.parametrize("left", [BIG, BIG + b"more"], ids=["all of it", "too much"])
def test_a_part_that_is_the_whole_or_more(server: Served, tmp_path: Path, left: bytes) -> None:
    part = part_of(source())
    part.parent.mkdir()
    part.write_bytes(left)
    relevome.fetch("own", tmp_path / "data")
    assert (tmp_path / "data/own/big.bin").read_bytes() == BIG


def test_another_file_than_is_known_is_not_kept(server: Served, tmp_path: Path, relevome_cli: Cli) -> None:
    server.files["/big.bin"] = BIG[:-1] + b"?"
    code, out, err = relevome_cli("data", "fetch", "own", "-o", tmp_path / "data")
    assert (code, out, len(err)) == (2, "", 1)
    assert f"{server.address}/big.bin has another sha256 than is known of it, and was not kept" in err[0]
    assert not (tmp_path / "data").exists()
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]
    server.files["/big.bin"] = BIG
    assert relevome_cli("data", "fetch", "own", "-o", tmp_path / "data")[0] == 0


def test_a_part_of_another_file_is_found_out(server: Served, tmp_path: Path) -> None:
    part = part_of(source())
    part.parent.mkdir()
    part.write_bytes(b"?" * 100)
    with pytest.raises(InputError, match="was not kept"):
        relevome.fetch("own", tmp_path / "data")
    relevome.fetch("own", tmp_path / "data")
    assert (tmp_path / "data/own/big.bin").read_bytes() == BIG


def test_without_a_digest_of_the_download_the_content_is_checked(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(data_sets._entries, "own", data_of(server, pinned=False))
    server.files["/big.bin"] = b"<html>please log in</html>"
    with pytest.raises(InputError, match=r"does not give own/big.bin: its content has sha256 .* expected"):
        relevome.fetch("own", tmp_path / "data")
    assert not is_cached(source())
    assert not (tmp_path / "data").exists()


def test_a_damaged_cache_is_downloaded_again(server: Served, tmp_path: Path) -> None:
    relevome.fetch("own", tmp_path / "data")
    cached_at(source()).write_bytes(b"x")
    relevome.fetch("own", tmp_path / "other")
    assert (tmp_path / "other/own/big.bin").read_bytes() == BIG


def test_what_the_server_says_is_told(server: Served, tmp_path: Path) -> None:
    server.status = (403, b"")
    with pytest.raises(InputError, match=r"/big.bin answers 403 Forbidden: the address may have changed"):
        relevome.fetch("own", tmp_path / "data")
    assert len(server.asked) == 1
    server.status = (503, b"")
    with pytest.raises(InputError, match="answers 503 Service Unavailable"):
        relevome.fetch("own", tmp_path / "data")
    assert len(server.asked) == 1 + downloads.ATTEMPTS


def test_no_network_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relevome_cli: Cli, server: Served
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/x"
    one = DataSet("x", "x", "x", (DataFile("x", "0" * 64, 1, (Download(nobody, "0" * 64),)),))
    monkeypatch.setitem(data_sets._entries, "own", one)
    code, _, err = relevome_cli("data", "fetch", "own", "-o", tmp_path / "data")
    assert (code, len(err)) == (2, 1)
    assert f"cannot download {nobody} (" in err[0]
    assert "refused" in err[0]
    assert "0x" not in err[0]
    assert err[0].endswith("in RELEVOME_DATA")


def test_nothing_but_fetch_opens_a_connection(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relevome_cli: Cli
) -> None:
    def connect(*_: Any) -> None:
        raise AssertionError("a connection was opened")

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        before = relevome_cli("data", "list")
    assert not server.asked
    relevome_cli("data", "fetch", "own", "-o", tmp_path / "data")
    after = relevome_cli("data", "list")
    states = [
        next(line for line in out.splitlines() if line.startswith("own ")).split()[3]
        for _, out, _ in (before, after)
    ]
    assert states == ["-", "cached"]


def test_the_list_has_every_data_set_and_model(relevome_cli: Cli) -> None:
    code, out, _ = relevome_cli("data", "list")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert {*data_sets, "sapiens", "spliceai"} <= {*lines}
    assert "0.3 MB" in lines["own"]
    assert "what is tested (CC0)" in lines["own"]
    assert "by hand" in lines["start-sites"]
    assert "CC BY-NC" in lines["spliceai"]


# Two at once, and a full disk


def test_two_processes_download_once(server: Served, tmp_path: Path) -> None:
    server.gate.clear()
    said: list[str] = []
    failed: list[InputError] = []

    def fetch(name: str) -> None:
        try:
            relevome.fetch("own", tmp_path / name, say=said.append)
        except InputError as error:
            failed.append(error)

    # a lock of a file is held by an open file, so that threads stand for processes
    both = [threading.Thread(target=fetch, args=(name,)) for name in ("a", "b")]
    for one in both:
        one.start()
    while not any("waiting for another process" in line for line in said):
        assert not failed
    server.gate.set()
    for one in both:
        one.join(20)
    assert failed == []
    assert [path for path, _ in server.asked] == ["/big.bin", "/part.fa"]
    for name in ("a", "b"):
        assert (tmp_path / name / "own/big.bin").read_bytes() == BIG


def test_who_waits_for_a_process_that_is_killed_goes_on(server: Served, tmp_path: Path) -> None:
    place = cached_at(source())
    place.parent.mkdir()
    code = (
        "import sys, time; from filelock import FileLock; lock = FileLock(sys.argv[1]); lock.acquire(); "
        "print('held', flush=True); time.sleep(60)"
    )
    lock = place.with_name(f".{place.name}.lock")
    with subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        said: list[str] = []

        def say(what: str) -> None:
            said.append(what)
            if "waiting" in what:
                other.kill()

        relevome.fetch("own", tmp_path / "data", say=say)
        other.kill()
    assert "waiting for another process" in said[0]
    assert (tmp_path / "data/own/big.bin").read_bytes() == BIG


def test_a_full_disk_under_the_cache(server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    class Full:
        """Takes 1,000 bytes."""

        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, content: bytes) -> None:
            self.file.write(content[:1000])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def opened(path: Path, mode: str) -> Any:
        return Full(real(path, mode)) if mode == "ab" else real(path, mode)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda self, mode="r", *_, **__: opened(self, mode))
        with pytest.raises(InputError, match=r"no space left on the disk of .*cache: what came is kept"):
            relevome.fetch("own", tmp_path / "data")
    assert part_of(source()).read_bytes() == BIG[:1000]
    relevome.fetch("own", tmp_path / "data")
    assert server.asked[1] == ("/big.bin", "bytes=1000-")
    assert (tmp_path / "data/own/big.bin").read_bytes() == BIG


def test_a_full_disk_under_the_folder(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("relevome.jobs.data.public_data.shutil.copyfile", full)
        with pytest.raises(
            InputError, match=r"no space left on the disk of .*own/big.bin: that file was not"
        ):
            relevome.fetch("own", tmp_path / "data")
    assert not list((tmp_path / "data").rglob("big*"))
    relevome.fetch("own", tmp_path / "data")
    assert len(server.asked) == 2


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RELEVOME_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"cannot write .*: name another folder with RELEVOME_CACHE"):
        relevome.fetch("own", tmp_path / "data")


# What is in the folder already


def test_a_file_with_another_content_is_replaced_only_when_asked(tmp_path: Path) -> None:
    relevome.fetch("own", tmp_path / "data")
    path = tmp_path / "data/own/big.bin"
    path.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"big.bin holds something else than own does: .*--overwrite"):
        relevome.fetch("own", tmp_path / "data")
    assert path.read_bytes() == b"mine"
    relevome.fetch("own", tmp_path / "data", overwrite=True)
    assert path.read_bytes() == BIG


def test_a_folder_is_shared_with_other_data(tmp_path: Path) -> None:
    (tmp_path / "data/own").mkdir(parents=True)
    (tmp_path / "data/own/notes.txt").write_text("mine")
    relevome.fetch("own", tmp_path / "data", overwrite=True)
    assert (tmp_path / "data/own/notes.txt").read_text() == "mine"


# Mirrors


def test_a_folder_as_mirror(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relevome_cli: Cli
) -> None:
    relevome.fetch("own", tmp_path / "data")
    asked = len(server.asked)
    monkeypatch.setenv("RELEVOME_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RELEVOME_CACHE", str(tmp_path / "nothing"))
    record = relevome.fetch("own", tmp_path / "copy")
    assert (tmp_path / "copy/own/big.bin").read_bytes() == BIG
    assert record["files"]["own/big.bin"]["from"] == str(tmp_path / "data/own/big.bin")
    assert len(server.asked) == asked
    assert not (tmp_path / "nothing").exists()
    assert " mirror " in next(x for x in relevome_cli("data", "list")[1].splitlines() if x.startswith("own "))
    (tmp_path / "data/own/big.bin").write_bytes(b"changed")
    with pytest.raises(InputError, match=r"RELEVOME_DATA has another own/big.bin .*: its content has sha256"):
        relevome.fetch("own", tmp_path / "third")
    (tmp_path / "data/own/big.bin").unlink()
    with pytest.raises(InputError, match=r"RELEVOME_DATA \(.*\) lacks own/big.bin of own: put it there, or"):
        relevome.fetch("own", tmp_path / "third")
    assert len(server.asked) == asked, "a mirror stands for all addresses"
    monkeypatch.setenv("RELEVOME_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"RELEVOME_DATA names .*nowhere, which is no folder"):
        relevome.fetch("own", tmp_path / "fourth")


def test_an_address_as_mirror(server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files = {"/m/own/big.bin": BIG, "/m/own/made.fa.gz": gzip.compress(PART * 2)}
    monkeypatch.setenv("RELEVOME_DATA", f"{server.address}/m/")
    relevome.fetch("own", tmp_path / "data")
    assert gzip.decompress((tmp_path / "data/own/made.fa.gz").read_bytes()) == PART * 2
    assert [path for path, _ in server.asked] == ["/m/own/big.bin", "/m/own/made.fa.gz"]


def test_what_has_no_address_comes_from_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Served
) -> None:
    one = DataSet("x", "x", "http://makers", (DataFile("own/table.tsv", digest(PART), len(PART)),))
    monkeypatch.setitem(data_sets._entries, "own", one)
    with pytest.raises(InputError, match=r"own/table.tsv of own cannot be downloaded, see http://makers"):
        relevome.fetch("own", tmp_path / "data")
    (tmp_path / "data/own").mkdir(parents=True)
    (tmp_path / "data/own/table.tsv").write_bytes(PART)
    assert relevome.fetch("own", tmp_path / "data")["files"]["own/table.tsv"]["from"] == "was there"


def test_the_files_of_the_studies_are_those_that_are_known(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from relevome.studies.annotation import GENOME, KNOWN, LABELS, MOTIFS
    from relevome.studies.protein_tasks import ALPHA, GLOBULAR
    from relevome.studies.tasks import EVERY, JASPAR, PROMOTERS, TSS

    monkeypatch.setenv("RELEVOME_DATA", str(shared / "data"))
    names = [name for name in data_sets if name not in ("own", "uniprot")]
    for name in names:
        relevome.fetch(name, tmp_path / "data")
    needs = {path for task in EVERY.values() for path in task.needs}
    needs |= {GENOME, KNOWN, LABELS, MOTIFS, ALPHA, GLOBULAR, JASPAR, PROMOTERS, TSS}
    assert [path for path in needs if not (tmp_path / "data" / path).is_file()] == []
    for file in (file for name in names for file in data_sets[name].files):
        content = (tmp_path / "data" / file.path).read_bytes()
        assert len(gzip.decompress(content) if file.path.endswith(".gz") else content) == file.size
    for file in data_sets["ecoli"].files:
        # of these the files themselves are pinned
        assert digest((tmp_path / "data" / file.path).read_bytes()) == file.sources[0].sha256


# UniProt, and what is not for a name


@pytest.fixture
def asked_uniprot(server: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    server.files["/stream"] = gzip.compress(XML)
    server.headers = {"X-UniProt-Release": "2026_05", "X-UniProt-Release-Date": "18-November-2026"}
    monkeypatch.setattr(uniprot, "ADDRESS", f"{server.address}/stream")
    return server


def test_uniprot_by_query(asked_uniprot: Served, tmp_path: Path, relevome_cli: Cli) -> None:
    query = "reviewed:true AND organism_id:83333"
    asked_uniprot.cut = {0: 20}
    code, out, _ = relevome_cli("data", "fetch", "uniprot", "--query", query, "-o", tmp_path / "u")
    assert code == 0
    assert "3 entries of UniProt, release 2026_05 (18-November-2026); licence: CC BY 4.0" in out
    record = json.loads((tmp_path / "u/fetched.json").read_text())
    kept = (tmp_path / "u/proteins.xml.gz").read_bytes()
    assert gzip.decompress(kept) == XML
    assert record["files"] == {"proteins.xml.gz": digest(kept)}
    assert (record["query"], record["release"], record["entries"]) == (query, "2026_05", 3)
    assert record["fetched"].startswith("20")
    assert record["url"].endswith(
        "/stream?query=reviewed%3Atrue+AND+organism_id%3A83333&format=xml&compressed=true"
    )
    assert {path.name for path in (tmp_path / "u").iterdir()} == {".lock", "fetched.json", "proteins.xml.gz"}
    with pytest.raises(InputError, match="is there and not empty"):
        relevome.fetch("uniprot", tmp_path / "u", query=query)
    # what is there stays until there is something in its place
    asked_uniprot.status = (400, b'{"messages": ["no such field"]}')
    with pytest.raises(InputError, match=r"answers 400 Bad Request: no such field"):
        relevome.fetch("uniprot", tmp_path / "u", query="x:y", overwrite=True)
    assert (tmp_path / "u/fetched.json").exists()
    assert (tmp_path / "u/proteins.xml.gz").read_bytes() == kept


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(b"<uniprot></uniprot>"), "has no protein for the query 'q'"),
        (gzip.compress(XML[:-12] + b"\nError encountered when streaming data."), "broke off in the middle"),
        (gzip.compress(XML)[:-9], "damaged gzip"),
        (b"", "has no protein"),
    ],
    ids=["none", "broken off", "cut", "empty"],
)
def test_answers_of_uniprot_that_are_no_proteins(
    asked_uniprot: Served, tmp_path: Path, content: bytes, said: str
) -> None:
    asked_uniprot.files["/stream"] = content
    with pytest.raises(InputError, match=said):
        relevome.fetch("uniprot", tmp_path / "u", query="q")
    assert not (tmp_path / "u").exists()


def test_entries_are_counted_wherever_an_answer_is_cut(
    asked_uniprot: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in range(1, 40):
        monkeypatch.setattr(uniprot, "_PIECE", size)
        record = relevome.fetch("uniprot", tmp_path / "u", query="q", overwrite=True)
        assert record["entries"] == 3


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("nothing", {}, "unknown data set or published model 'nothing': expected one of .*ecoli.*sapiens"),
        ("uniprot", {}, "uniprot needs --query"),
        ("own", {"query": "q"}, "own takes no --query"),
        ("sapiens", {"query": "q"}, "sapiens takes no --query"),
        ("own", {"wheel": "x.whl"}, "--wheel is for published weights: leave it out for own"),
    ],
)
def test_what_is_not_for_a_name(tmp_path: Path, name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        relevome.fetch(name, tmp_path / "x", **options)
    assert not (tmp_path / "x").exists()


def test_without_pooch_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"downloaded by the library pooch: pip install relevome\[data\]"):
        relevome.fetch("own", tmp_path / "data")
