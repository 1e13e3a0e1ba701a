"""A metric over the sequences of a run, at the level of letters or of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from relevome.results.estimate import Estimate

Level: TypeAlias = Literal["letters", "tokens"]

# Names and sums of scores, wherever they are a row of a table.
COLUMNS = (
    "metric", "kind", "level", "direction", "sequences", "mean", "low", "high", "random_order", "shuffled",
)  # fmt: skip


@dataclass(frozen=True)
class MetricScores:
    """A metric over the sequences of a run: their mean, its confidence interval, and what to compare it with.

    ``random`` and ``null`` are over those of the sequences that have them: the means over random orders of
    their relevance, and over explanations of other sequences with the same dinucleotides. So are
    ``random_values`` and ``null_values``, one for every value. ``left_out`` counts the other sequences of
    the run by the reason why the metric does not apply to them.
    """

    metric: str
    kind: str
    level: Level
    direction: str
    mean: float
    low: float
    high: float
    random: Estimate | None
    null: Estimate | None
    left_out: Mapping[str, int]
    sequence_ids: tuple[str, ...]
    values: tuple[float, ...]
    random_values: tuple[float | None, ...] = ()
    null_values: tuple[float | None, ...] = ()

    @property
    def n(self) -> int:
        """How many sequences have a value."""
        return len(self.values)

    def row(self) -> tuple[Any, ...]:
        """The fields of `COLUMNS`; None where there is nothing to compare with."""
        names = (self.metric, self.kind, self.level, self.direction, self.n)
        others = (None if found is None else found.mean for found in (self.random, self.null))
        return (*names, self.mean, self.low, self.high, *others)
