"""Which patterns of several runs are the same, and in how many runs each is."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from relevome.discovery.motifs.alignment import align
from relevome.discovery.motifs.clustering import clusters
from relevome.discovery.motifs.maps import complement_codes
from relevome.discovery.motifs.patterns import SeqletPattern

SAME = 0.85  # cosine


@dataclass(frozen=True)
class Recurring:
    """Patterns of several runs that are the same.

    Args:
        members: The number of the run and of the pattern in it, from 0, by run.
        runs: In how many runs it is.
        similarity: The smallest cosine between two members; 1 of one alone.
    """

    members: tuple[tuple[int, int], ...]
    runs: int
    similarity: float


def recurring(
    runs: Many[Many[SeqletPattern]], same: float = SAME, both_strands: bool = True
) -> list[Recurring]:
    """Patterns of all runs, those that are the same together: by number of runs, then of seqlets.

    Patterns of one sign are the same if, laid on each other where they fit best, the cosine of their
    `shape` is ``same`` or more, on average over those of a group (`clusters`). A run that has a pattern in
    two pieces may have two in one group.

    Args:
        runs: The patterns of each, all of one alphabet.
        same: Above 0, at most 1. Default: 0.85.
        both_strands: Whether patterns of nucleic acids are the same on either strand. Default: yes.
    """
    found: list[tuple[int, Recurring]] = []
    for sign in (1, -1):
        named = [
            ((run, number), one)
            for run, some in enumerate(runs)
            for number, one in enumerate(some)
            if one.sign == sign
        ]
        if not named:
            continue
        alike = similarities([one for _, one in named], both_strands)
        for members in clusters(alike, same):
            names = tuple(sorted(named[i][0] for i in members))
            least = float(alike[np.ix_(members, members)].min()) if len(members) > 1 else 1.0
            seqlets = sum(named[i][1].seqlets for i in members)
            found.append((seqlets, Recurring(names, len({run for run, _ in names}), least)))
    return [one for _, one in sorted(found, key=lambda pair: (-pair[1].runs, -pair[0], pair[1].members))]


def similarities(
    patterns: Many[SeqletPattern], both_strands: bool = True
) -> Float[np.ndarray, "patterns patterns"]:
    """The cosine of the shapes of all patterns where each fits another best."""
    widest = max(map(len, patterns))
    shapes = np.stack([np.pad(one.shape, ((0, widest - len(one)), (0, 0))) for one in patterns])
    complements = complement_codes(patterns[0].alphabet) if both_strands else None
    return align(shapes, shapes, widest - 1, complements).similarity.astype(np.float64)
