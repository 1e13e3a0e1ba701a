"""Whether error bars are honest: how often intervals of random relevance cover chance, and tests reject.

Random relevance (normal, or heavy-tailed: Student's t with 3 degrees of freedom) of sequences of 100 letters,
6 or 12 of them inside known sites, is scored by every localisation metric. Each of 1,000 runs of 20, 40 or 60
sequences has a 95% interval over its sequences, and is compared with another by the paired test at 5%.

Target: intervals cover chance in 95 +- 2%, the test rejects in 5 +- 1.5% (the standard error is 0.7%).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from benchmarks import Row
from relevome.evaluation.metrics import metrics
from relevome.evaluation.statistics import bootstrap_interval, paired_test

LETTERS = 100


def measure(quick: bool = False) -> list[Row]:
    """Coverage and rejection for every metric, size of run, share of sites and kind of relevance."""
    runs = 100 if quick else 1000
    cases = product(("normal", "heavy-tailed"), (6, 12), (20, 40, 60))
    return [row for case in cases for row in _rows(runs, *case)]


def _rows(runs: int, kind: str, inside: int, sequences: int) -> Iterator[Row]:
    rng = np.random.default_rng([inside, sequences])
    shape = (2 * runs * sequences, LETTERS)
    relevance = rng.normal(size=shape) if kind == "normal" else rng.standard_t(3, size=shape)
    mask = np.arange(LETTERS) < inside
    for name, metric in metrics.items():
        if metric.kind == "localisation":
            values = np.array([metric.compute(one, mask) for one in relevance]).reshape(2, runs, sequences)
            intervals = [
                bootstrap_interval(run, seed, bounds=metric.bounds) for seed, run in enumerate(values[0])
            ]
            covered = np.mean([low <= _chance(name, inside) <= high for _, low, high in intervals])
            tests = [paired_test(values[0, i], values[1, i], i, draws=999) for i in range(runs)]
            rejected = np.mean(np.array(tests) <= 0.05)
            yield Row(
                f"{kind}, {inside} letters inside, {sequences} sequences, {name}",
                f"{covered:.1%} covered, {rejected:.1%} rejected",
                "93 to 97%, 3.5 to 6.5%",
            )


def _chance(metric: str, inside: int) -> float:
    harmonic = float((1 / np.arange(1, LETTERS + 1)).sum())
    precision = (harmonic + (LETTERS - harmonic) * (inside - 1) / (LETTERS - 1)) / LETTERS
    known = {"auroc": 0.5, "point-biserial": 0.0, "average-precision": precision}
    return known.get(metric, inside / LETTERS)
