"""Every verb of the program: one verb, one file. A job takes an engine, and asks nothing of a terminal."""

from __future__ import annotations

from relevome.progress import Progress, Say, nobody

__all__ = ["Progress", "Say", "nobody"]
