"""What operations make of windows, one file for each kind: rules enter `mutants.table.RULES`."""

from __future__ import annotations

from relevome.models.mutants.rules import convolutions, elementwise, moves, reductions, within

__all__ = ["convolutions", "elementwise", "moves", "reductions", "within"]
