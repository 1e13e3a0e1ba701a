"""The known sites of a run: read for its sequences, what is kept of them, and what fits no sequence."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from relevome.data.known_sites import known_sites, source_digest
from relevome.data.problems import Problem
from relevome.data.sequences import Sequence, named_alphabet
from relevome.data.sites import Site, unplaced_sites
from relevome.errors import InputError
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run, rows_of
from relevome.words import counted

Truth: TypeAlias = Mapping[str, list[Site]]


def read_truth(
    run: Run, source: str | Path, features: Collection[str]
) -> tuple[dict[str, list[Site]], list[str]]:
    """Known sites of the sequences of a run, and a note about features of which nobody knows the letters."""
    unplaced: list[Problem] = []
    sites = known_sites(source, _sequences(run, run), features, unplaced)
    if not unplaced:
        return sites, []
    first = f"{unplaced[0].id}: {unplaced[0].reason}"
    return sites, [f"known sites: {counted(len(unplaced), 'feature')} left out, the first {first}"]


def truth_record(truth: str | Path | Truth | None, features: Collection[str]) -> dict[str, Any] | None:
    """What is kept of the known sites: their file and its digest, or their digest."""
    if truth is None:
        return None
    if isinstance(truth, str | Path):
        return {"path": str(truth), "sha256": source_digest(truth), "features": sorted(features)}
    said = repr(sorted((name, [_said(site) for site in sites]) for name, sites in truth.items()))
    return {"path": None, "sha256": hashlib.sha256(said.encode()).hexdigest(), "features": []}


def _said(site: Site) -> dict[str, Any]:
    """The fields of a site; of one without an effect as they were before there were effects."""
    return {name: value for name, value in asdict(site).items() if name != "effect" or value is not None}


def has_effects(truth: Truth | None) -> bool:
    """Whether known sites say the effect that each must have, at least some of them."""
    return any(site.effect is not None for sites in (truth or {}).values() for site in sites)


def located(truth: Truth) -> dict[str, list[Site]]:
    """The sites on which relevance is looked for: those without an effect, or with one above 0."""
    return {
        name: [site for site in sites if site.effect is None or site.effect > 0]
        for name, sites in truth.items()
    }


def notes_on_truth(run: Run, target: str | None, truth: Truth, needed: bool) -> list[str]:
    """A note on sites that are on no sequence of the run. Raises InputError where all are, and are needed."""
    unplaced = unplaced_sites(truth, _sequences(run, rows_of(run, target)), "known sites")
    more = f" (and {len(unplaced) - 1:,} more such names)" if len(unplaced) > 1 else ""
    reason = f"{unplaced[0].reason}{more}" if unplaced else "it holds none"
    listed = sum(1 for sites in truth.values() if sites)
    if len(unplaced) == listed and needed:
        raise InputError(f"no sequence of {run.path} is in the file of known sites: {reason}")
    return [f"known sites: {reason}"] if unplaced else []


def _sequences(run: Run, rows: Iterable[Explanation]) -> Iterator[Sequence]:
    alphabet = named_alphabet(run.manifest["alphabet"])
    return (Sequence(row.sequence_id, row.sequence, alphabet, row.interval) for row in rows)
