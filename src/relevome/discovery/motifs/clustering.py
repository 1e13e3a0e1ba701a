"""Which windows are of one kind."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from relevome.discovery.motifs.alignment import align

CHANCE = 0.99  # quantile
_SAMPLE = 400


def chance_similarity(
    windows: Float[np.ndarray, "windows places alphabet"],
    reach: int,
    complements: Int[np.ndarray, " alphabet"] | None,
    rng: np.random.Generator,
    means: Float[np.ndarray, "means places alphabet"] | None = None,
) -> float:
    """How alike windows are to windows whose letters are in another order: the `CHANCE` quantile of cosines.

    What a window has of relevance stays where it is, on letters that it has elsewhere, so that only their
    order is lost. Given ``means``, how alike these are to them.
    """
    drawn = windows[rng.permutation(len(windows))[:_SAMPLE]]
    others = np.stack([_other_order(window, rng) for window in drawn])
    ours = drawn if means is None else means
    return float(np.quantile(align(ours, others, reach, complements).similarity, CHANCE))


def _other_order(
    window: Float[np.ndarray, "places alphabet"], rng: np.random.Generator
) -> Float[np.ndarray, "places alphabet"]:
    used = np.flatnonzero(window.any(1))
    letters = window[used].argmax(1)
    result = np.zeros_like(window)
    result[used, rng.permutation(letters)] = window[used].max(1)
    return result


def clusters(
    similarity: Float[np.ndarray, "windows windows"], least: float
) -> list[Int[np.ndarray, " some"]]:
    """Groups whose windows are alike by ``least`` or more on average, the largest first.

    Agglomerative, with average linkage (Sokal, Michener 1958, Univ Kansas Sci Bull 38:1409-1438).
    """
    if len(similarity) < 2:
        return [np.arange(len(similarity))] if len(similarity) else []
    distance = 1 - np.clip((similarity + similarity.T) / 2, -1, 1)
    np.fill_diagonal(distance, 0)
    labels = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - least, "distance")
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return sorted(groups, key=lambda group: (-len(group), int(group[0])))
