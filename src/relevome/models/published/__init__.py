"""Weights as their authors ship them, read without their code: one file for each family.

A family says by ``claims(path)`` whether a folder or a file is one of its own, from names of files alone, and
reads it by ``read(path)``. `relevome.load_model` asks them where a folder is not in transformers' layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from relevome.models.base import Model
from relevome.registry import Registry


class Family(Protocol):
    """Models of one kind by other people."""

    def claims(self, path: Path) -> bool:
        """Whether a folder or a file is such a model."""
        ...

    def read(self, path: Path) -> Model:
        """The model. Raises InputError for files that are damaged."""
        ...


published: Registry[Family] = Registry("published model", __name__, "published")
