"""Weights as their authors ship them, read without their code: one file for each family.

A family says by ``claims(path)`` whether a folder or a file is one of its own, and reads it by
``read(path, head)``. `relevome.load_model` asks them of everything that is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.published.wheels import Wheel
from relevome.registry import Registry


class Family(Protocol):
    """Models of one kind by other people.

    ``heads`` are the names of those that share a network, of which one is named behind the place of a model,
    ``PLACE:HEAD``; none where there is one alone. ``wheel`` is where `relevome.fetch` gets the weights.
    """

    heads: tuple[str, ...]
    wheel: Wheel | None

    def claims(self, path: Path) -> bool:
        """Whether a folder or a file is such a model; told without reading weights."""
        ...

    def read(self, path: Path, head: str | None) -> Model:
        """The model, with one of the ``heads`` if there are any. Raises InputError for damaged files."""
        ...


published: Registry[Family] = Registry("published model", __name__, "published")


def published_model(path: Path, head: str | None) -> Model | None:
    """The model that is there, with the head of that name; None if no family claims it.

    Raises InputError for damaged files, and for a head that there is not.
    """
    name, family = next(
        ((name, family) for name, family in published.items() if family.claims(path)), (None, None)
    )
    if family is None:
        return None
    if head not in (family.heads or (None,)):
        said = "no head is named" if head is None else f"has no head {head!r}"
        known = f"{path}:HEAD, with {', '.join(family.heads)}" if family.heads else str(path)
        raise InputError(f"{path} is a model of the family {name}, and {said}: expected {known}")
    return family.read(path, head)
