from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from relevome.results.annotation.ranking import Ranking

# few different values, so that there are ties of every kind
SCORES = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=1, max_size=40)


def ranking(scores: np.ndarray, labels: np.ndarray, pieces: int = 3) -> Ranking:
    found = Ranking(scores[labels])
    for piece in np.array_split(np.insert(scores, 0, np.nan), pieces):
        found.add(piece)
    return found


@given(pairs=SCORES, pieces=st.integers(1, 5))
def test_both_areas_are_those_of_all_positions_at_once(pairs: list[tuple[int, bool]], pieces: int) -> None:
    scores = np.array([score for score, _ in pairs], dtype=np.float32)
    labels = np.array([label for _, label in pairs])
    found = ranking(scores, labels, pieces)
    assert (found.positions, found.sites) == (len(labels), labels.sum())
    if not labels.any():
        assert found.average_precision() is found.roc_auc() is found.threshold(0.5) is None
        return
    assert found.average_precision() == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    expected = None if labels.all() else roc_auc_score(labels, scores)
    assert found.roc_auc() == (None if expected is None else pytest.approx(expected, abs=1e-12))


@given(pairs=SCORES, wanted=st.sampled_from([0.1, 0.34, 0.5, 0.75, 1.0]))
def test_the_threshold_is_the_lowest_that_is_precise_enough(
    pairs: list[tuple[int, bool]], wanted: float
) -> None:
    scores = np.array([score for score, _ in pairs], dtype=np.float32)
    labels = np.array([label for _, label in pairs])
    if not labels.any():
        return
    precision, _, thresholds = precision_recall_curve(labels, scores)
    enough = [t for t, p in zip(thresholds, precision, strict=False) if p >= wanted and t in scores[labels]]
    assert ranking(scores, labels).threshold(wanted) == (min(enough) if enough else None)
