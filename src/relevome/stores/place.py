"""A path in an object store, with as much of `pathlib` as results need; fsspec speaks with the store."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias, TypeVar

from relevome.errors import InputError

SCHEMES = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "hdfs", "memory")
AT_ONCE = 16  # questions to a store, whose answers take long and cost nothing

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.DOTALL)
_TAKEN_FOR_LOCAL = re.compile(rf"({'|'.join(SCHEMES)}):/+(.*)", re.DOTALL)
_SECRET = re.compile(r"[^/@]*:[^/@]*@")

_MAY_WRITE = "what was finished is kept; see that you may write there, and run the same command again"

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, order=True)
class StorePath:
    """A name in an object store, such as ``s3://bucket/run/part-00000.parquet``.

    A folder is what names begin with: there is nothing to make, and nothing left of it without files. Files
    are written as a whole or not at all. Only the address is sent to other processes, which need credentials
    of their own. Raises InputError, in one line, for whatever a store refuses.
    """

    address: str

    @property
    def name(self) -> str:
        """The last part of it."""
        return self.address.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> StorePath:
        """What it is in."""
        return StorePath(self.address.rpartition("/")[0])

    @property
    def parts(self) -> tuple[str, ...]:
        """The store, and every part of the name."""
        scheme, _, rest = self.address.partition("://")
        return (f"{scheme}://", *rest.split("/"))

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str) -> StorePath:
        return StorePath(f"{self.address}/{name}")

    def resolve(self) -> StorePath:
        """Itself: an address is whole."""
        return self

    def exists(self) -> bool:
        """Whether there is a file of this name, or one in it."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Whether there is a file of this name."""
        with self._reading():
            try:
                return self._store.info(self._key)["type"] == "file"
            except FileNotFoundError:
                return False

    def is_dir(self) -> bool:
        """Whether there is anything in it."""
        with self._reading():
            try:
                return self._store.info(self._key)["type"] == "directory"
            except FileNotFoundError:
                return False

    def iterdir(self) -> Iterator[StorePath]:
        """What is in it."""
        with self._reading():
            try:
                found = self._store.ls(self._key, detail=False)
            except FileNotFoundError:
                return
        own = self._key.strip("/")
        for key in sorted(found):
            if key.strip("/") != own:  # which some programs put there to show an empty folder
                yield self / key.rstrip("/").rpartition("/")[2]

    def glob(self, pattern: str) -> Iterator[StorePath]:
        """Files in it by a pattern of their names."""
        return (path for path in self.iterdir() if fnmatchcase(path.name, pattern))

    def read_bytes(self) -> bytes:
        """All of a file. Raises FileNotFoundError for none."""
        with self._reading():
            return self._store.cat_file(self._key)

    def read_text(self, encoding: str = "utf-8") -> str:
        """All of a file, as text. Raises FileNotFoundError for none."""
        return self.read_bytes().decode(encoding)

    def open(self, mode: Literal["rb"]) -> io.BytesIO:
        """A file to read, whose bytes are here at once. Raises FileNotFoundError for none."""
        return io.BytesIO(self.read_bytes())

    def stretches(self) -> io.RawIOBase:
        """A file of which only what is asked for is fetched. Raises FileNotFoundError for none."""
        with self._reading():
            return _Stretches(self, self._store.info(self._key)["size"])

    def between(self, start: int, end: int) -> bytes:
        """Some bytes of a file."""
        with self._reading():
            return self._store.cat_file(self._key, start=start, end=end)

    def write_bytes(self, content: Any) -> None:
        """Put a file there, in place of another, as a whole."""
        with self._writing():
            self._store.pipe_file(self._key, bytes(content))

    def write_new(self, content: Any) -> bool:
        """Put a file there as a whole, unless there is one; says whether it was put."""
        with self._writing():
            try:
                self._store.pipe_file(self._key, bytes(content), mode="create")
            except FileExistsError:
                return False
        return True

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove a file. Raises FileNotFoundError where there is none to remove."""
        with _told(f"cannot remove {self.address}", _MAY_WRITE, FileNotFoundError):
            try:
                self._store.rm_file(self._key)
            except FileNotFoundError:
                if not missing_ok:
                    raise

    @property
    def _key(self) -> str:
        return self._store._strip_protocol(self.address)

    @property
    def _store(self) -> Any:
        return _store_of(self.address.partition("://")[0], os.getpid())

    def _reading(self) -> Any:
        return _told(
            f"cannot read {self.address}", "see that the address and your credentials are right",
            FileNotFoundError,
        )  # fmt: skip

    def _writing(self) -> Any:
        return _told(f"cannot write {self.address}", _MAY_WRITE)


Place: TypeAlias = Path | StorePath


def named_place(given: str | Place) -> Place:
    """A path of this machine, or one in a store where an address such as ``s3://bucket/run`` is given.

    Raises InputError for an address without a bucket, or with a password in it.
    """
    found = _ADDRESS.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        return Path(given) if isinstance(given, str) else given
    scheme, rest = found[1], found[2].rstrip("/")
    if scheme in ("file", "local"):
        return Path(rest)
    if _SECRET.match(rest):
        raise InputError(
            f"an address of {scheme}:// with a password in it, which would be on record: leave that out, and "
            "give credentials as your store's own programs take them, such as AWS_PROFILE"
        )
    if not rest or rest.startswith("/"):
        raise InputError(f"{given}: expected a bucket and a folder, such as {scheme}://bucket/run")
    return StorePath(f"{scheme}://{rest}")


def local(place: Place) -> Path:
    """A path of this machine, as it is.

    Raises InputError for one in a store, also where its address was taken for a path of this machine.
    """
    found = _TAKEN_FOR_LOCAL.fullmatch(str(place))
    if isinstance(place, Path) and found is None:
        return place
    address = str(place) if found is None else f"{found[1]}://{found[2]}"
    raise InputError(
        f"{address} is in a store, where this cannot be: expected a path of this machine; only explain and "
        "predict write to a store, and only their results and files of sequences are read there"
    )


def each(answer: Callable[[Item], Answer], items: list[Item]) -> list[Answer]:
    """What a function gives for every item, in order; for those in a store, several at once."""
    if not any(isinstance(item, StorePath) for item in items):
        return list(map(answer, items))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(answer, items))


@cache
def _store_of(scheme: str, process: int) -> Any:
    """What speaks with a store; a new ``process`` has its own. Raises InputError without its library."""
    import fsspec

    try:
        return fsspec.filesystem(scheme, use_listings_cache=False)
    except ImportError as error:
        install = "pip install 'relevome[s3]'" if scheme in ("s3", "s3a") else str(error)
        raise InputError(f"{scheme}:// needs a library that is not here: {install}") from error
    except ValueError as error:
        raise InputError(f"{scheme}:// is no store that fsspec knows: expected s3://BUCKET/FOLDER") from error


@contextmanager
def _told(what: str, remedy: str, *but: type[Exception]) -> Iterator[None]:
    """Raises InputError where a store, or the way to it, fails in this block, for all errors but some."""
    try:
        yield
    except (InputError, *but):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"{what} ({reason}): {remedy}") from error


class _Stretches(io.RawIOBase):
    """A file in a store as Arrow reads it."""

    def __init__(self, path: StorePath, size: int) -> None:
        self._path, self._size, self._at = path, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, into: Any) -> int:
        end = min(self._at + len(into), self._size)
        found = self._path.between(self._at, end) if end > self._at else b""
        into[: len(found)] = found
        self._at += len(found)
        return len(found)
