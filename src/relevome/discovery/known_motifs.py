"""What a motif is: its matches in a database, against matches of its own positions in another order."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from jaxtyping import Float

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, RNA, Alphabet
from relevome.discovery.signed_rank import false_discovery_rates
from relevome.engines.threads import torch_threads
from relevome.errors import InputError
from relevome.results.attention_heads.heads import Match
from relevome.results.attention_heads.settings import SHUFFLES
from relevome.words import counted

FEWEST = 25  # motifs, whose columns are all that p-values of TOMTOM are made of


def matches(
    motifs: Sequence[Motif], database: Sequence[Motif], seed: int = 0, shuffles: int = SHUFFLES
) -> list[list[Match]]:
    """For every motif all of a database, the best first.

    p by TOMTOM (Gupta et al. 2007, Genome Biology 8:R24), as memelite computes it. The second null are
    ``shuffles`` random orders of the positions of every motif: p-values of these against the whole database
    say how often that motif gets one as small. That differs by orders of magnitude, since for wide motifs of
    little information p of TOMTOM is far too small: so each has its own null. Both kinds of p are corrected
    over all motifs and the database by Benjamini and Hochberg (1995). Motifs of DNA are compared on both
    strands; of RNA, whose U is the T of a database of DNA, as they are read, and of proteins too. Raises
    ``InputError`` for a database of other letters than the motifs, and for a small one.
    """
    check_database(database, motifs[0].alphabet if motifs else None)
    if not motifs:
        return []
    both = motifs[0].alphabet == DNA
    rng = np.random.default_rng(seed)
    p, strands = _tomtom([motif.probabilities for motif in motifs], database, both)
    nulls = [_tomtom(_shuffles(motif, rng, shuffles), database, both)[0] for motif in motifs]
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


def check_database(database: Sequence[Motif], alphabet: Alphabet | None) -> None:
    """Raises ``InputError`` for known motifs that those of an alphabet cannot be compared with.

    ``alphabet`` None stands for that of the first of them. So it does where memelite is not installed.
    """
    if find_spec("memelite") is None:
        raise InputError(
            "known motifs are compared by memelite: pip install 'relevome[motifs]', or leave them out"
        )
    if len(database) < FEWEST:
        raise InputError(
            f"{counted(len(database), 'known motif')}: expected at least {FEWEST}, such as a whole database, "
            "since p-values of matches are made of their columns"
        )
    wanted = database[0].alphabet if alphabet is None else alphabet
    strange = next((motif for motif in database if _kind(motif.alphabet) != _kind(wanted)), None)
    if strange is not None:
        raise InputError(
            f"known motif {strange.id!r} is {strange.alphabet.name}: expected motifs of "
            f"{' or '.join(_kind(wanted))} to compare with"
        )


def _kind(alphabet: Alphabet) -> tuple[str, ...]:
    """Alphabets whose motifs are compared with each other: all nucleic acids, or proteins."""
    return (alphabet.name,) if alphabet.complements is None else (DNA.name, RNA.name)


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
    queries: Sequence[Float[np.ndarray, "_ letters"]], database: Sequence[Motif], both_strands: bool
) -> tuple[Float[np.ndarray, "queries motifs"], np.ndarray]:
    """p-values, and 0 or 1 for the strand of the database's motif."""
    from memelite import tomtom

    wanted = [np.ascontiguousarray(query.T) for query in queries]
    known = [np.ascontiguousarray(motif.probabilities.T) for motif in database]
    with torch_threads():  # numba sets those that it shares with torch, to all cores
        p, _, _, _, strands = tomtom(wanted, known, reverse_complement=both_strands, n_jobs=1)
    return np.clip(p, 0.0, 1.0), strands.astype(int)
