"""Named things that can be added: one file with one registration, found without another edit."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar, cast

from relevome.errors import InputError

T = TypeVar("T")
Entry = TypeVar("Entry")


class Registry(Generic[T]):
    """Names and what they stand for.

    Looked up for the first time, a registry imports every module of ``package``, so that a new file
    with a registration is enough, and then the entry points of the group ``relevome.<plural>``, so
    that other people's packages can add to it. A name is never silently taken over.

    The plural of ``kind`` ends in s, unless it is given.
    """

    def __init__(self, kind: str, package: str, plural: str | None = None) -> None:
        self.kind = kind
        self.plural = plural or f"{kind}s"
        self._package = package
        self._entries: dict[str, T] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[Entry], Entry]:
        """Decorator that enters what follows under ``name``."""

        def enter(entry: Entry) -> Entry:
            if self._entries.get(name, entry) is not entry:
                raise ValueError(f"{self.kind} {name!r} is registered twice: choose another name")
            self._entries[name] = cast(T, entry)
            return entry

        return enter

    def __getitem__(self, name: str) -> T:
        self.discover()
        if name not in self._entries:
            raise InputError(f"unknown {self.kind} {name!r}: expected one of {', '.join(self)}")
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        self.discover()
        return iter(sorted(self._entries))

    def items(self) -> list[tuple[str, T]]:
        """All entries, sorted by name."""
        return [(name, self._entries[name]) for name in self]

    def discover(self) -> None:
        """Import everything that registers itself here; once."""
        if self._discovered:
            return
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__, self._package + "."):
            importlib.import_module(module.name)
        for point in entry_points(group=f"relevome.{self.plural}"):
            self.register(point.name)(point.load())
        self._discovered = True
