"""Numbers of things in words, for people."""

from __future__ import annotations


def counted(number: int, thing: str, many: str | None = None) -> str:
    """A number of things: ``1 run``, ``0 runs``, ``1,234 runs``; ``many`` are several, else with an s."""
    return f"{number:,} {thing if number == 1 else many or f'{thing}s'}"
