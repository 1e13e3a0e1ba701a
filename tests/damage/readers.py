"""Who reads what: every reader of ours, valid files for it, and what an independent reader makes of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

Files: TypeAlias = Mapping[str, bytes]


def nothing_to_compare(folder: Path, found: Any) -> str:
    """Of a reader without an independent one."""
    return ""


@dataclass(frozen=True)
class Reader:
    """A reader of ours as the harness sees it.

    Args:
        name: What tables and folders of failures call it.
        make: Valid files, several sets of them; each set is the content of one folder, by path.
        read: ``read(folder)`` reads all there is to read of such a folder.
        covers: The functions of ours that read, as ``module:name``.
        differs: ``differs(folder, found)`` says how what was found differs from what an independent reader
            finds there; nothing if it agrees, or cannot read it.
        words: Words of the format that are put where they do not belong.
        only: Names of the files that are damaged; all without it.
        share: How many inputs of a campaign it gets beside the others.
        changes: Whether reading changes the folder, so that it is made anew for each input.
    """

    name: str
    make: Callable[[], list[Files]]
    read: Callable[[Path], Any]
    covers: tuple[str, ...]
    differs: Callable[[Path, Any], str] = nothing_to_compare
    words: tuple[bytes, ...] = ()
    only: tuple[str, ...] = ()
    share: float = 1.0
    changes: bool = False

    @cached_property
    def examples(self) -> list[Files]:
        """Valid files, made when first asked for."""
        return self.make()


READERS: dict[str, Reader] = {}


def register(reader: Reader) -> None:
    """Have a reader be tried with damaged input, in the tests and in campaigns."""
    if reader.name in READERS:
        raise ValueError(f"{reader.name} is registered twice")
    READERS[reader.name] = reader


def readers() -> dict[str, Reader]:
    """All of them, by name."""
    package = importlib.import_module("tests.damage")
    for module in pkgutil.iter_modules(package.__path__, "tests.damage."):
        if module.name.startswith("tests.damage.of_"):
            importlib.import_module(module.name)
    return READERS
