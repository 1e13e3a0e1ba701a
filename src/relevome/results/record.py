"""The record of a result: one JSON file that says what was asked, what came of it, and how it was made."""

from __future__ import annotations

import csv
import json
import platform
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from lzma import LZMAError
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

from relevome.errors import InputError
from relevome.results.folder import whole_file
from relevome.stores.place import Place

LIBRARIES = ("relevome", "torch", "transformers", "tokenizers", "numpy", "scipy", "pyarrow")

# What reading a file raises that is incomplete, or whose content is not what it should be.
DAMAGE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, MemoryError,
    EOFError, SyntaxError, TokenError, BadZipFile, LZMAError, csv.Error, zlib.error, struct.error,
)  # fmt: skip

_COMMAND: ContextVar[tuple[str, ...] | None] = ContextVar("command", default=None)


@contextmanager
def by_command(arguments: Sequence[str]) -> Iterator[None]:
    """Results that are written in this block are on record as made by a command with these arguments."""
    token = _COMMAND.set(tuple(arguments))
    try:
        yield
    finally:
        _COMMAND.reset(token)


def made_by_command() -> bool:
    """Whether what is made now is made by a command, rather than from Python."""
    return _COMMAND.get() is not None


def provenance() -> dict[str, Any]:
    """What every kind of result says of its making, as JSON can hold it.

    ``command`` are the arguments of `relevome`, null where a result was made from Python;
    ``library_versions`` those of Python and of the libraries on which numbers depend.
    """
    command = _COMMAND.get()
    versions = {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
    return {"command": None if command is None else list(command), "library_versions": versions}


def write_record(path: Path, content: Mapping[str, Any]) -> None:
    """Write a record as a whole. Raises ValueError for what JSON cannot hold, as infinite numbers."""
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_record(path: Path, schema_version: int, command: str) -> dict[str, Any]:
    """What a record says.

    ``schema_version`` is the latest that is understood, ``command`` what writes such folders. Raises
    InputError for a folder without such a record, one that is damaged, and one of a later version.
    """
    folder = path.parent
    if not path.is_file():
        raise InputError(f"{folder} has no {path.name}: expected a folder of `{command} -o`")
    with reading(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        later = int(content["schema_version"]) > schema_version
    if later:
        raise InputError(f"{folder} was written by a later relevome: upgrade relevome")
    return content


@contextmanager
def reading(path: Place, remedy: str = "make the result again with --overwrite") -> Iterator[None]:
    """Raises InputError in one line where what is read in this block turns out incomplete or damaged.

    ``path`` is the file or folder that is named, ``remedy`` what to do. An InputError stays as it is.
    """
    try:
        yield
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(f"{path} is damaged ({type(error).__name__}: {error}): {remedy}") from error
