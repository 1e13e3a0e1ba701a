"""Sites of one sequence with the effect that each must have, and what relevance says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float

from relevome.data.sites import Site
from relevome.evaluation.units import mask_at
from relevome.results.evaluation.scores import Level
from relevome.results.run.columns import Explanation

Relevance: TypeAlias = Float[np.ndarray, " units"]


@dataclass(frozen=True)
class RequiredSite:
    """A site of a motif: letters or tokens from ``start`` up to ``end``, and the effect that it must have."""

    start: int
    end: int
    name: str
    effect: float


Required: TypeAlias = tuple[RequiredSite, ...]


def required_sites(sites: Sequence[Site], row: Explanation, level: Level) -> Required | str:
    """The known sites of an explanation at a level, in order, or the reason why there are none.

    A token belongs to a site that covers more than half its letters.
    """
    if not sites:
        return "not in the file of known sites"
    found: list[RequiredSite] = []
    for site in sorted(sites, key=lambda one: (one.start, one.end)):
        if site.effect is None:
            return "with a known site without an effect"
        inside = np.zeros(len(row.sequence), dtype=bool)
        inside[site.start : site.end] = True
        places = np.flatnonzero(mask_at(inside, row, level))
        if not len(places):
            return f"with a known site that has no {level}"
        found.append(RequiredSite(int(places[0]), int(places[-1]) + 1, site.name, site.effect))
    units = len(row.sequence) if level == "letters" else int((row.token_start < row.token_end).sum())
    if not beside(units, tuple(found)).any():
        return f"without {level} beside its sites"
    return tuple(found)


def with_both_signs(sites: Required | str) -> Required | str:
    """The same, or that they have not effects of both signs, which relevance could tell apart."""
    if isinstance(sites, str) or {-1.0, 1.0} <= {float(np.sign(site.effect)) for site in sites}:
        return sites
    return "without sites for and against"


def sums(relevance: Relevance, sites: Required) -> Float[np.ndarray, " sites"]:
    """Signed relevance summed over each site."""
    return np.array([relevance[site.start : site.end].sum() for site in sites], dtype=np.float64)


def beside(length: int, sites: Required) -> Bool[np.ndarray, " units"]:
    """Which units lie in no site."""
    found = np.ones(length, dtype=bool)
    for site in sites:
        found[site.start : site.end] = False
    return found
