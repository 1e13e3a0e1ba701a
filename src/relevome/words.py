"""Numbers of things in words, for people."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, thing: str, many: str | None = None) -> str:
    """A number of things: ``1 run``, ``0 runs``, ``1,234 runs``; ``many`` are several, else with an s."""
    return f"{number:,} {thing if number == 1 else many or f'{thing}s'}"


def some_of(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence: all of them, or of more than ``most`` the first three and how many others."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3:,} more"
