"""A metric over the sequences of a run, at the level of letters or of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from relevome.results.estimate import Estimate

Level: TypeAlias = Literal["letters", "tokens"]

# Names and sums of scores, wherever they are a row of a table.
COLUMNS = (
    "metric", "kind", "level", "direction", "sequences", "mean", "low", "high", "random_order", "shuffled",
    "strongest_null", "strongest", "excess", "excess_low", "excess_high",
    "exchange", "exchanged", "over_exchange", "over_exchange_low", "over_exchange_high", "mutagenesis",
)  # fmt: skip

# The last column of the table of values: what the model's own mutagenesis reaches, which is no null.
OWN = "mutagenesis"

# What a map may know without its sequence, beside random orders and shuffles: columns of the table of values.
OTHERS = (
    "position", "letter", "letter pairs", "random weights", "other maps", "same letters", "same pairs",
    "motif",
)  # fmt: skip
# Nulls that have as much noise as an explanation: the same values elsewhere, or other maps here.
EXCHANGES = ("random order", "other maps", "same letters", "same pairs")

# Why some sequences have a metric, and no value of a null to compare it with.
FEWER = "those that the model was asked about (--sequences), and whose null has a value"


class Excess(NamedTuple):
    """How much a metric exceeds its strongest null, in its own direction, over the sequences that have both.

    ``null`` is the name of the null, ``strongest`` its mean; ``mean``, ``low`` and ``high`` are of the
    difference, with its 95% interval, and ``p`` of a paired test, not adjusted. ``strongest_low`` and
    ``strongest_high`` are the interval of the null itself.
    """

    null: str
    strongest: float
    mean: float
    low: float
    high: float
    p: float
    strongest_low: float
    strongest_high: float


@dataclass(frozen=True)
class MetricScores:
    """A metric over the sequences of a run: their mean, its confidence interval, and what to compare it with.

    ``random`` and ``null`` are over those of the sequences that have them: the means over random orders of
    their relevance, and over explanations of other sequences with the same dinucleotides. So are
    ``random_values`` and ``null_values``, one for every value. ``others`` are the values of further nulls, by
    their names, see `OTHERS`; for metrics of places ``excess`` is over the strongest of all, and
    ``over_exchange`` over the strongest of `EXCHANGES`. ``model`` and ``model_values`` are what the model's
    own mutagenesis reaches in place of the relevance, where that was asked. ``left_out`` counts the other
    sequences of the run by the reason why the metric does not apply to them.
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
    others: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    excess: Excess | None = None
    over_exchange: Excess | None = None
    model: Estimate | None = None
    model_values: tuple[float | None, ...] = ()

    def nulls(self) -> dict[str, tuple[float | None, ...]]:
        """The values of every null that there is, by its name."""
        every = {"random order": self.random_values, "shuffled sequences": self.null_values, **self.others}
        return {name: found for name, found in every.items() if any(one is not None for one in found)}

    @property
    def n(self) -> int:
        """How many sequences have a value."""
        return len(self.values)

    def row(self) -> tuple[Any, ...]:
        """The fields of `COLUMNS`; None where there is nothing to compare with."""
        names = (self.metric, self.kind, self.level, self.direction, self.n)
        others = (None if found is None else found.mean for found in (self.random, self.null))
        over = ((None,) * 5 if one is None else one[:5] for one in (self.excess, self.over_exchange))
        own = None if self.model is None else self.model.mean
        return (*names, self.mean, self.low, self.high, *others, *(x for one in over for x in one), own)
