"""In which order the rows of a heat map are seen."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, Int
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import pdist

from relevome.errors import InputError
from relevome.results.profile.profile import RowOrder
from relevome.words import counted

MOST_CLUSTERED = 5000  # rows: their distances take 100 MB
MOST_TURNED = 1000  # rows whose branches are turned so that neighbours are alike


def row_order(
    values: Float32[np.ndarray, "rows positions"],
    scores: Float[np.ndarray, " rows"],
    how: RowOrder,
) -> Int[np.ndarray, " rows"]:
    """Rows from the top of the heat map.

    ``relevance``: by their sum, the highest first; ``score``: by the explained logit, the highest first; rows
    that tie stay in their order. ``clusters``: hierarchical clustering by Ward's criterion (1963, JASA
    58:236-244) of Euclidean distances, positions without a letter as relevance 0; of up to `MOST_TURNED` rows
    branches are turned so that neighbours are most alike (Bar-Joseph, Gifford, Jaakkola 2001, Bioinformatics
    17:S22-S29). Raises InputError for more than `MOST_CLUSTERED` rows of which clusters are wanted.
    """
    filled = np.nan_to_num(values.astype(np.float64))
    if how != "clusters":
        return np.argsort(-(filled.sum(1) if how == "relevance" else scores), kind="stable")
    if len(filled) > MOST_CLUSTERED:
        raise InputError(
            f"--order clusters of {counted(len(filled), 'row')}: expected {MOST_CLUSTERED:,} at most; take "
            "--order relevance, or fewer sites or sequences"
        )
    if len(filled) < 3:
        return np.arange(len(filled))
    distances = pdist(filled)
    tree = linkage(distances, "ward")
    if len(filled) <= MOST_TURNED:
        tree = optimal_leaf_ordering(tree, distances)
    return leaves_list(tree).astype(np.int64)
