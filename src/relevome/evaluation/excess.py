"""What of a metric of places remains over its strongest null."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from relevome.evaluation.statistics import bootstrap_interval, paired_test
from relevome.results.evaluation.scores import EXCHANGES, Excess, MetricScores


def with_excess(scores: MetricScores, seed: int = 0) -> MetricScores:
    """The same with what it exceeds its strongest null by, of all and of exchanges."""
    exchanges = excess(scores, seed, EXCHANGES)
    return replace(scores, excess=excess(scores, seed), over_exchange=exchanges)


def excess(scores: MetricScores, seed: int = 0, among: Collection[str] | None = None) -> Excess | None:
    """How much a metric exceeds the strongest of its nulls, that with the best mean; None without any.

    Compared are the sequences that have a value of it, two or more. ``among`` are the nulls that count, all
    by default.
    """
    sign = 1.0 if scores.direction == "higher is better" else -1.0
    best: tuple[float, str, np.ndarray, np.ndarray] | None = None
    for name, some in scores.nulls().items():
        if among is not None and name not in among:
            continue
        pairs = [(a, b) for a, b in zip(scores.values, some, strict=True) if b is not None]
        if len(pairs) > 1:
            own, other = np.array(pairs, dtype=float).T
            if best is None or sign * other.mean() > best[0]:
                best = (sign * float(other.mean()), name, own, other)
    if best is None:
        return None
    _, name, own, other = best
    null, over = bootstrap_interval(other, seed), bootstrap_interval(sign * (own - other), seed)
    return Excess(name, null.mean, *over, paired_test(own, other, seed), null.low, null.high)
