"""How a variant's effect compares with that of the same change at other places."""

from __future__ import annotations

from collections.abc import Sequence as List

import numpy as np

from relevome.errors import InputError
from relevome.results.variants.effect import MatchedNull, VariantEffect


def matched_nulls(
    effects: List[VariantEffect], others: List[List[VariantEffect] | InputError]
) -> list[MatchedNull]:
    """The null of every target: p is (1 + as large ones elsewhere) / (1 + all).

    That counts the variant among them, as it should (North et al. 2002, Am J Hum Genet 71:439-441). Compared
    are sizes of `VariantEffect.delta_score`, whatever the sign, or the larger of gain and loss.

    Args:
        effects: Of the variant, of every target.
        others: The same of each other place; one that has no answer says nothing.
    """
    known = [one for one in others if not isinstance(one, InputError)]
    return [_null(_size(one), [_size(other[n]) for other in known]) for n, one in enumerate(effects)]


def _size(effect: VariantEffect) -> float:
    """What a variant does: a signed difference, or the larger of gain and loss."""
    if effect.delta_score is not None:
        return effect.delta_score
    return max(effect.gain or 0.0, effect.loss or 0.0)


def _null(own: float, others: list[float]) -> MatchedNull:
    if not others:
        return MatchedNull(0, None, None, None)
    values = np.array(others)
    as_large = int((np.abs(values) >= abs(own)).sum())
    spread = float(values.std(ddof=1)) if len(values) > 1 else None
    return MatchedNull(len(values), float(values.mean()), spread, (1 + as_large) / (1 + len(values)))
