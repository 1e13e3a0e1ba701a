"""Metrics over a whole run: one value per sequence, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from relevome.data.annotations import Site, mask
from relevome.data.sequence import ALPHABETS, Sequence
from relevome.evaluation import metrics
from relevome.evaluation.localisation import bootstrap_interval
from relevome.runs.run import Run


@dataclass(frozen=True)
class Scores:
    """A metric over the sequences of a run: one value each, their mean and its confidence interval.

    ``random`` is the mean over the same sequences with their relevance in random order.
    """

    metric: str
    values: tuple[float, ...]
    mean: float
    low: float
    high: float
    random: float


def localisation(run: Run, sites: Mapping[str, list[Site]], seed: int = 0, draws: int = 10) -> list[Scores]:
    """Every localisation metric over the sequences of a run that have known sites.

    The random order is drawn ``draws`` times per sequence. Raises ``InputError`` where fewer than two
    sequences have sites.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {}
    chance: dict[str, list[float]] = {}
    chosen = [(name, metric) for name, metric in metrics.items() if metric.kind == "localisation"]
    for row in run:
        sequence = Sequence(row.sequence_id, row.sequence, ALPHABETS[run.manifest["alphabet"]], row.interval)
        inside = mask(sequence, sites)
        if not inside.any() or inside.all():
            continue
        orders = [rng.permutation(row.relevance) for _ in range(draws)]
        for name, metric in chosen:
            found.setdefault(name, []).append(metric.compute(row.relevance, inside))
            chance.setdefault(name, []).extend(metric.compute(order, inside) for order in orders)
    return [
        Scores(
            name,
            tuple(found.get(name, ())),
            *bootstrap_interval(found.get(name, ()), seed),
            _mean(chance[name]),
        )
        for name, _ in chosen
    ]


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
