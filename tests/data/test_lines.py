"""Lines of text files."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from relevome.data.lines import numbered_lines, open_bytes
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

TEXT = "first\nsecond\n\nlast"
LINES = [(1, "first"), (2, "second"), (3, ""), (4, "last")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_lines_come_without_their_ends_whatever_these_are(write: Write, end: str) -> None:
    assert list(numbered_lines(write("a.txt", TEXT.replace("\n", end)))) == LINES


@pytest.mark.parametrize("name", ["a.txt.gz", "a.txt"], ids=["named gz", "not named gz"])
def test_gzip_is_read_whatever_its_name(write: Write, name: str) -> None:
    assert list(numbered_lines(write(name, gzip.compress(TEXT.encode())))) == LINES


def test_gzip_in_several_members_is_read_to_its_end(write: Write) -> None:
    members = gzip.compress(TEXT[:9].encode()) + gzip.compress(b"") + gzip.compress(TEXT[9:].encode())
    assert list(numbered_lines(write("a.gz", members))) == LINES


def test_a_byte_order_mark_is_no_text(write: Write) -> None:
    assert list(numbered_lines(write("a.csv", b"\xef\xbb\xbfid,y\n"))) == [(1, "id,y")]


def test_a_path_may_be_a_string(write: Write) -> None:
    assert list(numbered_lines(str(write("a.txt", TEXT)))) == LINES


def test_bytes_come_decompressed(write: Write) -> None:
    with open_bytes(write("a.gz", gzip.compress(b"\x00\xff"))) as content:
        assert content.read() == b"\x00\xff"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"cannot read .*nowhere.fa \(No such file or directory\): expected a file"
    ):
        list(numbered_lines(tmp_path / "nowhere.fa"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .* \(Is a directory\): expected a file"):
        list(numbered_lines(tmp_path))


@pytest.mark.parametrize(
    "content", [b">a\nAC\xffGT\n", gzip.compress(b"\x89PNG\r\n\x1a\n")], ids=["plain", "gzip"]
)
def test_what_is_not_utf8_is_no_text(write: Write, content: bytes) -> None:
    with pytest.raises(InputError, match=r"a.fa is not text: expected UTF-8"):
        list(numbered_lines(write("a.fa", content)))


def test_binary_data_is_refused_with_its_line(write: Write) -> None:
    with pytest.raises(InputError, match=r"a.fa, line 2 holds binary data"):
        list(numbered_lines(write("a.fa", b">a\nAC\x00GT\n")))


@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_a_damaged_gzip_file_is_refused(write: Write, harm: str) -> None:
    whole = gzip.compress(TEXT.encode() * 50)
    damaged = whole[:-12] if harm == "cut" else whole[:30] + b"\xff\xff" + whole[32:]
    with pytest.raises(InputError, match=r"a.gz is a damaged gzip file .*: copy or download it again"):
        list(numbered_lines(write("a.gz", damaged)))
