"""The sites of a run: where relevance stands out, with a false discovery rate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from relevome.discovery.covered_relevance import covered_relevance
from relevome.discovery.site_calling import call_sites
from relevome.errors import InputError
from relevome.jobs import Progress, Say, nobody
from relevome.jobs.running.same_question import differing
from relevome.results.coverage import Coordinates, Layout, lay_out, skipped
from relevome.results.outputs import wanted_targets
from relevome.results.relevant_sites import (
    FOLDER,
    RelevantSites,
    Sign,
    SiteNull,
    SiteSettings,
    write_relevant_sites,
)
from relevome.results.run.reader import Run

_NARROW = "narrower than the least width"


@FOLDER.alone
def sites(
    run: Run | str | Path,
    *,
    target: str | None = None,
    window: int = 7,
    fdr: float = 0.05,
    null: SiteNull = "pairs",
    draws: int = 100,
    shuffles: Run | str | Path | None = None,
    gap: int = 2,
    least_width: int = 3,
    sign: Sign = "positive",
    coordinates: Coordinates = "genome",
    by_strand: bool = False,
    seed: int = 0,
    out: str | Path | None = None,
    overwrite: bool = False,
    say: Say = lambda _: None,
    progress: Progress = nobody,
) -> RelevantSites:
    """Call sites: stretches whose relevance is higher than chance would have it.

    Relevance is averaged over the windows that cover a base, then over ``window`` letters. Peaks of it are
    compared with peaks of a null, and those at the false discovery rate become sites (see
    `relevome.discovery.site_calling`).

    Args:
        run: A run of `explain`, or its folder.
        target: Which target, needed of a run of several. Default: the only one.
        window: Letters over which relevance is averaged, an odd number. Default: 7.
        fdr: False discovery rate. Default: 0.05.
        null: What is in random order: all relevance of a covered stretch (``order``), that of equal letters
            (``letters``), or of letters that also have equal ones before them (``pairs``, the default).
        draws: Random orders, at least 1 / fdr. Default: 100.
        shuffles: A run of the same model, method and target on shuffled sequences, whose peaks are the null
            in place of random orders. Default: none.
        gap: Sites with no more letters than these between them are one. Default: 2.
        least_width: Letters of the narrowest site that is kept; others are counted. Default: 3.
        sign: ``positive``, what speaks for the target, or ``negative``, what speaks against it.
        coordinates: ``genome``, or ``sequence`` to count along each sequence.
        by_strand: Call sites on each strand by itself. Default: relevance is averaged over both.
        seed: Of random orders. Default: 0.
        out: Folder for narrowPeak, BED, a table and the record. Default: nothing is written.
        overwrite: Replace an earlier result in ``out``. Default: False.
        say: Called with a few words as each part of the work begins. Default: nobody is told.
        progress: Called with how many random orders were just done, and of how many at most.

    Returns:
        The sites, by chromosome and start.

    Raises:
        InputError: For numbers that cannot be, a run without rows or without places, several targets of
            which none is named, shuffles of another model, method or target, and a folder that is not free.
    """
    settings = SiteSettings(window, fdr, null, draws, gap, least_width, sign, coordinates, by_strand, seed)
    opened = run if isinstance(run, Run) else Run(run)
    chosen = _target(opened, target)
    layout = lay_out(opened, chosen, coordinates)
    others = None if shuffles is None else _shuffles(opened, shuffles, chosen)
    say("reading relevance")
    relevance = covered_relevance(_by_strand(layout) if by_strand else [layout], window)
    theirs = None if others is None else covered_relevance([lay_out(others, chosen, "sequence")], window)
    say("calling sites")
    done = [0]

    def drawn(count: int, total: int) -> None:
        progress(count - done[0], total)
        done[0] = count

    found = call_sites(relevance, settings, theirs, drawn)
    counts = {
        "letters": int(relevance.covered.sum()), "stretches": len(relevance.chroms), "peaks": found.peaks,
        "null_peaks": found.null_peaks,
    }  # fmt: skip
    left_out = skipped([layout]) | ({_NARROW: found.narrow} if found.narrow else {})
    about = _about(opened, chosen, others)
    result = RelevantSites(about, settings, found.sites, found.threshold, counts, left_out)
    if out is not None:
        FOLDER.clear(Path(out))
        write_relevant_sites(result, Path(out))
    return result


def _target(run: Run, target: str | None) -> str:
    first, *others = wanted_targets(run, target)
    if others:
        raise InputError(
            f"{run.path} has several targets: choose one of {', '.join((first, *others))} with --target"
        )
    return first


def _by_strand(layout: Layout) -> list[Layout]:
    """A layout for each strand that rows have."""
    strands = sorted(set(layout.places["strand"].to_pylist()))
    return [replace(layout, places=layout.places.filter(pc.field("strand") == strand)) for strand in strands]


def _shuffles(run: Run, shuffles: Run | str | Path, target: str) -> Run:
    """The run of shuffles. Raises InputError for one that answers another question."""
    others = shuffles if isinstance(shuffles, Run) else Run(shuffles)
    wanted_targets(others, target)
    if names := differing(run, others):
        raise InputError(
            f"{others.path} is of another {names[0]} than {run.path}: expected shuffled sequences, explained "
            "as the run was"
        )
    return others


def _about(run: Run, target: str, shuffles: Run | None) -> dict[str, Any]:
    return {
        "run": str(run.path), "model": run.manifest.get("model"), "method": run.manifest.get("method"),
        "target": target,
        "shuffles": None if shuffles is None else str(shuffles.path),
    }  # fmt: skip
