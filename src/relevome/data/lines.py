"""Lines of a text file, plain or compressed, with their numbers; also of one in a store, by its address."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from relevome.errors import InputError
from relevome.stores.place import StorePath, named_place

PathLike = str | os.PathLike[str]

_GZIP_MAGIC = b"\x1f\x8b"
_FETCHED = 1 << 22  # bytes of a file in a store that are fetched at once


def open_file(path: PathLike) -> io.BufferedReader:
    """The bytes of a file as they are; of one in a store some at a time. Raises as ``open_bytes`` does."""
    place = named_place(path) if isinstance(path, str) else Path(path)
    try:
        if isinstance(place, StorePath):
            return io.BufferedReader(place.stretches(), _FETCHED)
        return place.open("rb")
    except OSError as error:
        raise InputError(
            f"cannot read {path} ({error.strerror or 'no such file'}): expected a file"
        ) from error


@contextmanager
def open_bytes(path: PathLike) -> Iterator[BinaryIO]:
    """The bytes of a file, decompressed if it is gzip or bgzip whatever its name.

    Raises InputError for a file that is missing, a folder, not readable, or damaged.
    """
    with open_file(path) as file:
        if file.peek(2)[:2] != _GZIP_MAGIC:
            yield file
            return
        try:
            with gzip.open(file) as content:
                yield cast(BinaryIO, content)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{path} is a damaged gzip file ({error}): copy or download it again") from error


def numbered_lines(path: PathLike) -> Iterator[tuple[int, str]]:
    """Lines of a plain, gzip or bgzip text file, without their ends, counted from 1.

    Unix, Windows and old Mac line ends are understood. Raises InputError as ``open_bytes`` does, and
    for a file that is not text.
    """
    with open_bytes(path) as content, io.TextIOWrapper(content, encoding="utf-8-sig") as text:
        try:
            for number, line in enumerate(text, 1):
                if "\0" in line:
                    raise InputError(f"{path}, line {number} holds binary data: expected text, plain or gzip")
                yield number, line.rstrip("\n")
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not text: expected UTF-8, plain or gzip") from error
