"""What is known of a run after it was evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from relevome.results.evaluation.checks import Check, grouped, summary
from relevome.results.evaluation.curves import FaithfulnessCurves
from relevome.results.evaluation.scores import COLUMNS, Level, MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.notebook import above, as_html, plotted
from relevome.results.quality.record import ModelQuality, quality_of
from relevome.results.quality.verdict import verdict
from relevome.results.quality.words import on_top
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What `evaluate` found about one run.

    ``about`` says which run, model, method, target and known sites; ``sequences`` has a digest of the
    letters of every sequence by its id. ``curves`` are those of faithfulness, by level and sequence id,
    and ``layers`` the mean similarity that is left after each layer is randomised, from the output down.
    ``notes`` says what was not computed, and what else should be known.
    """

    about: Mapping[str, Any]
    settings: EvaluationSettings
    sequences: Mapping[str, str]
    scores: tuple[MetricScores, ...]
    checks: tuple[Check, ...] = ()
    curves: Mapping[Level, Mapping[str, FaithfulnessCurves]] | None = None
    layers: Mapping[str, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def quality(self) -> ModelQuality:
        """How good the model is that was explained."""
        return quality_of(self.about.get("model"))

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that the explanation fails."""
        return tuple(check for check in self.checks if check.outcome == "fail")

    def grouped(self) -> list[str]:
        """How many checks of every kind failed, and what that means."""
        return grouped(self.checks, not verdict(self.quality).below)

    def to_pandas(self) -> pd.DataFrame:
        """A row for every metric and level.

        Columns: ``run``; ``metric``, ``kind``, ``level``, ``direction``; ``sequences``, how many have a
        value; ``mean`` over them in the metric's own unit, with ``low`` and ``high``, the ends of its 95%
        interval; ``random_order`` and ``shuffled``, means to compare with, NaN where there are none;
        of metrics of places ``strongest_null``, its mean ``strongest``, and ``excess`` over it with its ends,
        the same of the strongest ``exchange``; and ``mutagenesis``, what the model's own reaches.
        """
        return tidy({str(self.about.get("run")): self.scores})

    def __repr__(self) -> str:
        about = (str(self.about[key]) for key in ("method", "target") if self.about.get(key) is not None)
        levels = Counter(one.level for one in self.scores)
        return "\n".join(
            [
                f"Evaluation of {self.about.get('run')}",
                f"  {', '.join([*about, counted(len(self.sequences), 'sequence')])}",
                f"  metrics: {', '.join(f'{n} of {level}' for level, n in levels.items()) or 'none'}",
                *(f"  {line}" for line in on_top(self.quality)),
                f"  {summary(self.checks)}",
                *(f"    {line}" for line in self.grouped()),
            ]
        )

    def _repr_html_(self) -> str:
        return above(self) + as_html(repr(self), COLUMNS, (one.row() for one in self.scores))

    def plot(self) -> list[Axes]:
        """A panel for every metric: its mean with the 95% interval, beside its nulls and a random order.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: For an evaluation without metrics.
        """
        return plotted(self)


def tidy(scores: Mapping[str, Iterable[MetricScores]]) -> pd.DataFrame:
    """Scores of several runs as one table: a row for every run, metric and level."""
    import pandas as pd

    rows = [(run, *one.row()) for run, found in scores.items() for one in found]
    numbers = dict.fromkeys(
        (name for name in COLUMNS[5:] if name not in ("strongest_null", "exchange")), "float64"
    )
    return pd.DataFrame(rows, columns=["run", *COLUMNS]).astype(numbers)
