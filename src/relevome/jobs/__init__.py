"""Every verb of the program: one verb, one file. A job takes an engine, and asks nothing of a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

# Told what is going on, in words.
Say: TypeAlias = Callable[[str], None]

# Told how much was just done, and of how much in all.
Progress: TypeAlias = Callable[[int, int], None]

__all__ = ["Progress", "Say"]
