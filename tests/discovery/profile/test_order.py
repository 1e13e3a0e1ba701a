"""The order of rows."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.discovery.profile import order
from relevome.discovery.profile.order import row_order
from relevome.errors import InputError

NAN = np.nan
VALUES = np.array([[1, NAN, 0], [5, 0, 0], [NAN, -3, 0], [0.5, 0.5, 0]], dtype=np.float32)


def test_by_relevance_and_by_score_the_highest_come_first_and_ties_stay():
    scores = np.array([0.0, -1.0, 9.0, 9.0])
    assert row_order(VALUES, scores, "relevance").tolist() == [1, 0, 3, 2]
    assert row_order(VALUES, scores, "score").tolist() == [2, 3, 0, 1]


@pytest.mark.parametrize("turned", [True, False])
def test_clusters_lie_together(monkeypatch, turned):
    monkeypatch.setattr(order, "MOST_TURNED", 1000 if turned else 3)
    rng = np.random.default_rng(0)
    kinds = rng.permutation(np.repeat([0, 1, 2], 8))
    values = (10 * np.eye(3)[kinds] + rng.normal(size=(24, 3))).astype(np.float32)
    found = row_order(values, np.zeros(24), "clusters")
    assert sorted(found) == [*range(24)]
    assert np.count_nonzero(np.diff(kinds[found])) == 2


def test_branches_are_turned_so_that_neighbours_are_alike():
    values = np.array([[8], [0], [20], [1], [6]], dtype=np.float32)
    found = values[row_order(values, np.zeros(5), "clusters")].ravel()
    assert np.abs(np.diff(found)).sum() == 20, "from one end to the other"


def test_too_many_rows_are_not_clustered(monkeypatch):
    monkeypatch.setattr(order, "MOST_CLUSTERED", 3)
    with pytest.raises(InputError, match="--order clusters of 4 rows: expected 3 at most; take --order"):
        row_order(VALUES, np.zeros(4), "clusters")
    assert row_order(VALUES[:2], np.zeros(2), "clusters").tolist() == [0, 1]
