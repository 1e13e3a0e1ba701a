"""What explanations cost, beside gradient x input of the same sequences in the same process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from relevome.attribution import methods
from relevome.attribution.batches import ONCE, explain_own_targets
from relevome.evaluation.explainer import Explainer, explainer, model_of
from relevome.options import configured
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run

SEQUENCES, ROUNDS = 4, 3
_MEASURE = "gradient-x-input"


def costs(runs: Mapping[str, Path]) -> dict[str, float]:
    """How many times as long as gradient x input every explanation of one model takes.

    Each explains the first four sequences of its run again, three times in turns with gradient x input; given
    is the median of the ratios of processor times. What is warmed up by a first call has been.

    Args:
        runs: The folders of runs of one model, by the name of the explanation.

    Returns:
        A ratio for every name, in that order.

    Raises:
        InputError: For a run that cannot be read, or whose model is not where it was.
    """
    opened = {name: Run(path) for name, path in runs.items()}
    model = model_of(next(iter(opened.values())), None, "cpu", False)
    found = {}
    for name, run in opened.items():
        made, rows = explainer(run, model), [run[i] for i in range(min(SEQUENCES, len(run)))]
        plain = replace(made, method=configured(methods[_MEASURE], _MEASURE, {}), readings=ONCE)
        found[name] = _ratio(_again(made, rows), _again(plain, rows))
    return found


def _again(made: Explainer, rows: list[Explanation]) -> Callable[[], float]:
    """Processor seconds of explaining the sequences of some rows again."""
    sequences, targets = [made.sequence(row) for row in rows], [made.target(row) for row in rows]

    def explain() -> float:
        start = time.process_time()
        explain_own_targets(
            made.model, made.method, sequences, targets, lift=made.lift, readings=made.readings
        )
        return time.process_time() - start

    return explain


def _ratio(one: Callable[[], float], other: Callable[[], float]) -> float:
    one()
    other()
    return float(np.median([one() / other() for _ in range(ROUNDS)]))
