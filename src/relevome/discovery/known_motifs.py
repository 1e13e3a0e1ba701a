"""What a motif is: its matches in a database, against matches of its own positions in another order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from relevome.data.motifs import Motif
from relevome.discovery.signed_rank import false_discovery_rates
from relevome.errors import InputError
from relevome.results.attention_heads.heads import Match
from relevome.results.attention_heads.settings import SHUFFLES

FEWEST = 25  # motifs, whose columns are all that p-values of TOMTOM are made of


def matches(
    motifs: Sequence[Motif], database: Sequence[Motif], seed: int = 0, shuffles: int = SHUFFLES
) -> list[list[Match]]:
    """For every motif all of a database, the best first.

    p by TOMTOM (Gupta et al. 2007, Genome Biology 8:R24), as memelite computes it. The second null are
    ``shuffles`` random orders of the positions of every motif: p-values of these against the whole database
    say how often that motif gets one as small. That differs by orders of magnitude, since for wide motifs of
    little information p of TOMTOM is far too small: so each has its own null. Both kinds of p are corrected
    over all motifs and the database by Benjamini and Hochberg (1995). Raises ``InputError`` for anything but
    DNA and for a small database.
    """
    _check(database)
    if not motifs:
        return []
    rng = np.random.default_rng(seed)
    p, strands = _tomtom([motif.probabilities for motif in motifs], database)
    nulls = [_tomtom(_shuffles(motif, rng, shuffles), database)[0] for motif in motifs]
    by_shuffles = [_as_small(row, null) for row, null in zip(p, nulls, strict=True)]
    q = np.maximum(false_discovery_rates(p), false_discovery_rates(np.array(by_shuffles)))
    return [
        [Match(database[i], float(p[row, i]), float(q[row, i]), "+-"[strands[row, i]]) for i in order]
        for row, order in enumerate(np.argsort(p, axis=1, kind="stable"))
    ]


def _as_small(
    p: Float[np.ndarray, " motifs"], null: Float[np.ndarray, "shuffles motifs"]
) -> Float[np.ndarray, " motifs"]:
    """The share of p-values of shuffles, and itself, that are as small."""
    return (1 + np.searchsorted(np.sort(null, axis=None), p, side="right")) / (1 + null.size)


def _check(database: Sequence[Motif]) -> None:
    strange = next((motif for motif in database if motif.alphabet.letters != "ACGT"), None)
    if strange is not None:
        raise InputError(
            f"motif {strange.id!r} is {strange.alphabet.name}: heads are compared with motifs of dna only"
        )
    if len(database) < FEWEST:
        raise InputError(
            f"{len(database)} known motifs: expected at least {FEWEST}, such as a whole database, since "
            "p-values of matches are made of their columns"
        )


def _shuffles(
    motif: Motif, rng: np.random.Generator, count: int
) -> list[Float[np.ndarray, "positions letters"]]:
    """The same positions in other orders."""
    places = np.arange(len(motif))
    orders: list[np.ndarray] = []
    while len(orders) < count:
        order = rng.permutation(len(motif))
        if len(motif) == 1 or not np.array_equal(order, places):
            orders.append(order)
    return [motif.probabilities[order] for order in orders]


def _tomtom(
    queries: Sequence[Float[np.ndarray, "_ letters"]], database: Sequence[Motif]
) -> tuple[Float[np.ndarray, "queries motifs"], np.ndarray]:
    """p-values, and 0 or 1 for the strand of the database's motif."""
    from memelite import tomtom

    wanted = [np.ascontiguousarray(query.T) for query in queries]
    known = [np.ascontiguousarray(motif.probabilities.T) for motif in database]
    p, _, _, _, strands = tomtom(wanted, known, n_jobs=1)
    return np.clip(p, 0.0, 1.0), strands.astype(int)
