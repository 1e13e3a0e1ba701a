"""Proteins as points: those close together whose relevance lies in the same heads."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from jaxtyping import Float
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from relevome.errors import InputError
from relevome.results.relevance_heads.heads import HeadMap, Projection
from relevome.words import counted

FEWEST = 4  # proteins
_COMPONENTS = 50  # on which neighbours are sought


def head_map(totals: Float[np.ndarray, "proteins heads"], how: Projection = "pca", seed: int = 0) -> HeadMap:
    """Place proteins by the relevance summed in every head, each head in units of its standard deviation.

    ``pca``: two principal components. ``tsne`` (van der Maaten, Hinton 2008, JMLR 9:2579-2605) and ``umap``
    (McInnes et al. 2018, arXiv 1802.03426) start from up to 50 of them. Raises InputError for fewer than four
    proteins, heads that do not differ between proteins, and ``umap`` without the library umap-learn.
    """
    spread = totals.std(0)
    used = totals[:, spread > 0] / spread[spread > 0]
    if len(totals) < FEWEST or used.shape[1] < 2:
        raise InputError(
            f"a map of {counted(len(totals), 'protein')} by {used.shape[1]} heads that differ: expected "
            f"{FEWEST} proteins and two heads at least"
        )
    model = PCA(min(_COMPONENTS, *used.shape), svd_solver="full")
    components = model.fit_transform(used)
    if how == "pca":
        first, second = model.explained_variance_ratio_[:2].tolist()
        return HeadMap(how, components[:, :2], (first, second))
    return HeadMap(how, _neighbours(components, how, seed))


def _neighbours(
    components: Float[np.ndarray, "proteins components"], how: Projection, seed: int
) -> Float[np.ndarray, "proteins 2"]:
    if how == "tsne":
        perplexity = min(30.0, (len(components) - 1) / 3)
        return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(components)
    if find_spec("umap") is None:
        raise InputError("--map umap needs the library umap-learn: pip install umap-learn, or ask for tsne")
    from umap import UMAP  # pyright: ignore[reportMissingImports]

    return np.asarray(UMAP(random_state=seed).fit_transform(components))
