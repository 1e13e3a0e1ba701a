"""What there is beside a run in which nothing is to be found."""

from __future__ import annotations

from collections.abc import Sequence as Many

import numpy as np

from relevome.discovery.motifs.exchange import LETTERS, PAIRS, exchanged
from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.seqlets import NullMaps
from relevome.errors import InputError
from relevome.jobs.motifs.run_maps import alphabet_of, maps_of_run
from relevome.jobs.running.same_question import differing
from relevome.results.motifs.settings import MotifSearch
from relevome.results.run.reader import Run

SHUFFLES, RANDOM = "shuffled sequences", "random weights"


def check_nulls(runs: Many[Run], shuffles: Many[Run], random_models: Many[Run]) -> None:
    """Raises InputError for shuffles of no run, a run without shuffles, and models that are not random.

    Shuffles belong to all runs of their model, method and options. A model with random weights is another
    model than any, asked as the runs were.
    """
    for other in shuffles:
        names = [differing(run, other) for run in runs]
        if all(names):
            raise InputError(
                f"{other.path} is of another {names[0][0]} than {runs[0].path}: expected shuffled sequences, "
                "explained as a run was"
            )
    for run in runs:
        if shuffles and all(differing(run, other) for other in shuffles):
            raise InputError(f"no run of --shuffles is as {run.path}: expected one for every model, or none")
    for other in random_models:
        for run in runs:
            _check_random(run, other)


def nulls_of(
    run: Run,
    maps: LetterMaps,
    target: str | None,
    shuffles: Many[Run],
    random_models: Many[Run],
    search: MotifSearch,
) -> list[NullMaps]:
    """Shuffled sequences and models with random weights; the maps in random order where there is neither.

    Several runs of shuffles are one null each, as are several models.
    """
    own = [other for other in shuffles if not differing(run, other)]
    found = [
        NullMaps(_numbered(name, number, len(others)), maps_of_run(other, target).maps, own_scale)
        for name, others, own_scale in ((SHUFFLES, own, False), (RANDOM, random_models, True))
        for number, other in enumerate(others, start=1)
    ]
    if found:
        return found
    rng = np.random.default_rng([search.seed, 1])
    order = PAIRS if search.null == "pairs" else LETTERS
    return [NullMaps(_order_name(maps, search), exchanged(maps, rng, search.draws, order))]


def _numbered(name: str, number: int, of: int) -> str:
    return f"{name} {number}" if of > 1 else name


def _order_name(maps: LetterMaps, search: MotifSearch) -> str:
    if maps.units is not None:
        return "random order among tokens of as many letters"
    return f"random order among equal {'pairs of letters' if search.null == 'pairs' else 'letters'}"


def _check_random(run: Run, other: Run) -> None:
    if alphabet_of(run) != alphabet_of(other):
        raise InputError(
            f"{other.path} is of {alphabet_of(other).name}: expected {alphabet_of(run).name}, as {run.path}"
        )
    names = differing(run, other)
    if "model" not in names:
        raise InputError(
            f"{other.path} is of the model of {run.path} itself: expected one with random weights"
        )
    if len(names) > 1:
        raise InputError(
            f"{other.path} is of another {names[1]} than {run.path}: expected a model with random weights, "
            "explained as the run was"
        )
