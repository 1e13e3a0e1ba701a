"""Windows that are like others."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.data.windows import matching
from relevome.data.windows.letters import Composition
from relevome.data.windows.matching import likeness, nearest, pair_distance


def compositions(count: int, mean: float, rng: np.random.Generator) -> Composition:
    gc = np.clip(rng.normal(mean, 0.1, count), 0, 1).astype(np.float32)
    return Composition(gc, rng.dirichlet(np.ones(16), count).astype(np.float32))


def test_each_takes_the_nearest_that_is_left() -> None:
    rng = np.random.default_rng(1)
    wanted, pool = compositions(30, 0.4, rng), compositions(60, 0.5, rng)
    cost = np.abs(wanted.pairs[:, None] - pool.pairs).sum(axis=2) / 2
    cost += 4 * np.abs(wanted.gc[:, None] - pool.gc)
    expected = np.zeros(30, dtype=int)
    for number in np.random.default_rng(7).permutation(30):
        expected[number] = cost[number].argmin()
        cost[:, expected[number]] = np.inf
    assert nearest(wanted, pool, np.random.default_rng(7)).tolist() == expected.tolist()


def test_of_many_those_near_by_g_and_c_are_compared_and_none_is_taken_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matching, "_NEAR", 10)
    rng = np.random.default_rng(2)
    wanted, pool = compositions(200, 0.4, rng), compositions(220, 0.5, rng)
    chosen = nearest(wanted, pool, rng)
    assert len({*chosen.tolist()}) == 200
    monkeypatch.setattr(matching, "_NEAR", 40)
    pool = compositions(4000, 0.5, rng)
    found = pool.take(nearest(wanted, pool, rng))
    at_random = likeness(wanted, pool.take(np.arange(200)))
    alike = likeness(wanted, found)
    assert alike["gc_difference"] < 0.1 * at_random["gc_difference"]
    assert alike["pair_distance"] < 0.9 * at_random["pair_distance"]
    assert alike["wanted_gc"] == pytest.approx(wanted.gc.mean())
    assert alike["gc"] == pytest.approx(wanted.gc.mean(), abs=0.01)
    assert at_random["gc"] == pytest.approx(0.5, abs=0.03)


def test_a_distance_of_pairs_is_nothing_for_the_same_and_one_for_none_in_common() -> None:
    one, other = np.eye(16, dtype=np.float32)[[3, 5]]
    assert pair_distance(np.stack([one, other, (one + other) / 2]), one).tolist() == [0, 1, 0.5]
