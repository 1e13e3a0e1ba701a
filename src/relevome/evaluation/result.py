"""What is known of a run after it was evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relevome.evaluation.checks import Check
from relevome.evaluation.measurement import Scores
from relevome.evaluation.metrics.faithfulness import Curves
from relevome.evaluation.settings import Settings
from relevome.evaluation.units import Level


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What `evaluate` found about one run.

    ``about`` says which run, model, method, target and known sites; ``sequences`` has a digest of the
    letters of every sequence by its id. ``curves`` are those of faithfulness, by level and sequence id,
    and ``layers`` the mean similarity that is left after each layer is randomised, from the output down.
    ``notes`` says what was not computed, and what else should be known.
    """

    about: Mapping[str, Any]
    settings: Settings
    sequences: Mapping[str, str]
    scores: tuple[Scores, ...]
    checks: tuple[Check, ...] = ()
    curves: Mapping[Level, Mapping[str, Curves]] | None = None
    layers: Mapping[str, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that the explanation fails."""
        return tuple(check for check in self.checks if check.outcome == "fail")
