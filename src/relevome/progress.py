"""How whoever waits is told where the work is. Nothing here knows of a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

# Told what is going on, in words.
Say: TypeAlias = Callable[[str], None]

# Told how much was just done, and of how much in all.
Progress: TypeAlias = Callable[[int, int], None]


def nobody(_count: int, _total: int) -> None:
    """Progress that nobody is told."""
