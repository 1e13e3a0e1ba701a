"""A run evaluated by all metrics that can be computed, with error bars, random orders, nulls and checks."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relevome.data.known_sites import known_sites, source_digest
from relevome.data.problems import Problem
from relevome.data.sequences import Sequence as Letters
from relevome.data.sequences import named_alphabet
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.evaluation.explainer import Explainer, explainer, model_of
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.result import Evaluation
from relevome.evaluation.settings import Settings
from relevome.evaluation.work import Say, Work, asks
from relevome.models.base import Model
from relevome.options import configured
from relevome.results.run.reader import Run


def evaluate(
    run: Run | str | Path,
    truth: str | Path | Mapping[str, list[Site]] | None = None,
    *,
    features: Collection[str] = (),
    model: Model | str | Path | None = None,
    use_model: bool = True,
    device: str = "auto",
    trust_remote_code: bool = False,
    settings: Settings | None = None,
    say: Say = lambda _: None,
    **options: Any,
) -> Evaluation:
    """Every metric that can be computed of a run, and the checks that its explanations pass and fail.

    ``truth`` are known sites, a file of them or a pattern or class of letters (see `known_sites`), of
    ``features``, for localisation. The model is
    that of the run, read again from where it was or given as ``model``, and must have the same weights;
    without it, or with ``use_model=False``, what asks it is left out, and the notes say so. ``options`` are
    the fields of `Settings`, unless ``settings`` are given. Raises InputError for metrics that were named
    and cannot be computed, for truth that fits too few sequences, and for other weights.
    """
    opened = run if isinstance(run, Run) else Run(run)
    settings = settings or settings_of(options)
    wanted = _wanted(settings.metrics, truth is not None)
    asked = [metric for metric in wanted if asks(metric)]
    notes: list[str] = []
    found = None
    if asked and use_model:
        found = _explainer(opened, model, bool(settings.metrics), device, trust_remote_code, notes)
    elif asked and settings.metrics:
        raise InputError(f"the metric {asked[0].name} needs the model: expected it without --no-model")
    elif asked:
        notes.append("what asks the model was left out (--no-model)")
    sites = _read(opened, truth, features, notes) if isinstance(truth, str | Path) else truth
    return Work(opened, settings, sites, found, wanted, notes, say).evaluation(truth_record(truth, features))


def _read(run: Run, source: str | Path, features: Collection[str], notes: list[str]) -> dict[str, list[Site]]:
    """Known sites of the sequences of a run, with a note about features of which nobody knows the letters."""
    alphabet = named_alphabet(run.manifest["alphabet"])
    letters = (Letters(row.sequence_id, row.sequence, alphabet, row.interval) for row in run)
    unplaced: list[Problem] = []
    sites = known_sites(source, letters, features, unplaced)
    if unplaced:
        first = f"{unplaced[0].id}: {unplaced[0].reason}"
        notes.append(f"known sites: {len(unplaced):,} features left out, the first {first}")
    return sites


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Settings from their names. Raises InputError for others, or a value that one does not take."""
    named = options.get("metrics", ())
    metrics = (named,) if isinstance(named, str) else tuple(named)
    return configured(Settings, "the evaluation", {**options, "metrics": metrics})


def _wanted(names: Sequence[str], truth: bool) -> list[Metric]:
    """The metrics named, or of the kinds named; without names, all but those that need what is not given."""
    every = [metric for _, metric in metrics.items()]
    kinds = {metric.kind for metric in every}
    if not names:
        return [m for m in every if asks(m) or set(m.needs) <= {"relevance"} | ({"mask"} if truth else set())]
    chosen = [
        m for word in names for m in (every if word in kinds else [metrics[word]]) if word in (m.kind, m.name)
    ]
    for metric in chosen:
        if "other" in metric.needs:
            raise InputError(f"the metric {metric.name} is about two runs: relevome compare always has it")
        if "mask" in metric.needs and not truth:
            raise InputError(f"the metric {metric.name} needs known sites: give them with --truth")
    return list({metric.name: metric for metric in chosen}.values())


def truth_record(
    truth: str | Path | Mapping[str, list[Site]] | None, features: Collection[str]
) -> dict[str, Any] | None:
    """What is kept of the known sites: their file and its digest, or their digest."""
    if truth is None:
        return None
    if isinstance(truth, str | Path):
        return {"path": str(truth), "sha256": source_digest(truth), "features": sorted(features)}
    said = repr(sorted((name, [asdict(site) for site in sites]) for name, sites in truth.items()))
    return {"path": None, "sha256": hashlib.sha256(said.encode()).hexdigest(), "features": []}


def _explainer(
    run: Run, given: Model | str | Path | None, needed: bool, device: str, code: bool, notes: list[str]
) -> Explainer | None:
    """How a run was made, or None and a note where its model is not there and nobody said that it is."""
    try:
        model = given if isinstance(given, Model) else model_of(run, given, device, code)
    except InputError as error:
        if given is not None or needed:
            raise InputError(f"the model of {run.path} is needed: {error}; or give --model DIR") from error
        notes.append(f"what asks the model was left out: {error}; where it moved, give --model DIR")
        return None
    return explainer(run, model)
