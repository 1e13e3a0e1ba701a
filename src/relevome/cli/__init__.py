"""The command line: one module per command. Parses, calls, prints; no logic."""

from __future__ import annotations

from relevome.cli.app import main

__all__ = ["main"]
