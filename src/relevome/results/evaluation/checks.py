"""The checks that an explanation passes or fails, as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["pass", "fail"]


@dataclass(frozen=True)
class Check:
    """One check: its name, whether it was passed, and the sentence that says so.

    ``metric`` and ``level`` are empty for weight randomisation, and ``p``, adjusted for all comparisons of
    the evaluation, is then None. ``inverted`` marks a metric that is significantly worse than what it
    should exceed.
    """

    name: str
    outcome: Outcome
    sentence: str
    metric: str = ""
    level: str = ""
    p: float | None = None
    inverted: bool = False


def summary(found: Sequence[Check]) -> str:
    """One line: how many checks were made and failed."""
    failed = sum(check.outcome == "fail" for check in found)
    if not found:
        return "no check could be made"
    return f"{failed} of {len(found)} checks failed" if failed else f"all {len(found)} checks passed"
