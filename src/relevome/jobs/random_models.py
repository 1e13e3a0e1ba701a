"""A run made again with models that have learnt nothing: the same sequences, method and options."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from relevome.data.inputs import Input, from_sequences
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.evaluation.explainer import explainer
from relevome.jobs import Progress
from relevome.jobs.explain import run_plan
from relevome.jobs.shards import Plan
from relevome.models.base import Model
from relevome.models.untrained import with_shuffled_weights
from relevome.results.run.reader import Run, rows_of


def explained_at_random(
    run: Run,
    model: Model,
    folder: Path,
    count: int,
    *,
    ids: Collection[str],
    target: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Iterator[Run]:
    """Runs of ``count`` models with shuffled weights over some of a run's sequences, kept with all heads.

    Each is ``folder``/seed-N, and goes on where it was stopped. One that was asked otherwise is replaced if
    ``overwrite``. Raises InputError for other weights than those of the run, as `explainer` does.
    """
    how = explainer(run, model)
    label = target or run.targets[0]
    method: Any = how.method
    plan = Plan(
        replace(method, heads=True),
        run.manifest["method"],
        tuple(one for one in how.targets if one.label == label),
        how.lift,
        how.readings,
        seed=run.manifest["seed"],
    )
    rows = (row for row in rows_of(run, target) if row.sequence_id in ids)
    sequences = [Sequence(row.sequence_id, row.sequence, model.alphabet, row.interval) for row in rows]
    source = from_sequences(sequences, model.alphabet)
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        shuffled = with_shuffled_weights(model, seed)
        yield _made(shuffled, source, plan, folder / f"seed-{seed}", overwrite, progress)


def _made(
    model: Model, source: Input, plan: Plan, out: Path, overwrite: bool, progress: Progress | None
) -> Run:
    try:
        return run_plan(model, source, plan, out, progress=progress)
    except InputError:
        if not overwrite:
            raise
        return run_plan(model, source, plan, out, overwrite=True, progress=progress)
