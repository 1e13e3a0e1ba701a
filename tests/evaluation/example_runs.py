"""Runs of a model whose true relevance is known, right, inverted or without meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import relevome
from relevome.data.sites import Site
from relevome.models.base import Model
from relevome.results.parts.manifest import OWN
from relevome.results.parts.part import Counts
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.evaluation.additive import proteins, worth

Change = Callable[[np.ndarray], np.ndarray]
LENGTHS = (21, 26, 23, 19, 24, 22, 25, 20)


def explained(model: Model, out: Path, **options: Any) -> Run:
    """Exact relevance of every letter against an unknown one."""
    return relevome.explain(
        model, proteins(*LENGTHS), "integrated-gradients", 1, out=out, baseline="unknown", **options
    )


def changed(
    run: Run, out: Path, change: Change, keep: slice = slice(None), rename: Callable[[str], str] = str
) -> Run:
    """The same run with other relevance, and perhaps fewer sequences, or other ids."""
    manifest = {key: value for key, value in run.manifest.items() if key not in OWN}
    rows = []
    for row in list(run)[keep]:
        relevance = change(row.relevance.astype(np.float64)).astype(np.float32)
        id = rename(row.sequence_id)
        rows.append(replace(row, sequence_id=id, relevance=relevance, token_relevance=None, conserved=False))
    with RunWriter(out, manifest) as writer:
        writer.write_part(0, rows, Counts(read=len(rows), explained=len(rows)))
    return Run(out)


def best_letters(model: Model, run: Run) -> dict[str, list[Site]]:
    """The letters of every sequence that are worth no less than the fifth best, each a site."""
    found = {}
    for row in run:
        values = worth(model, row.sequence)
        places = np.flatnonzero(values >= np.sort(values)[-5])
        found[row.sequence_id] = [Site(int(place), int(place) + 1, "best") for place in places]
    return found
