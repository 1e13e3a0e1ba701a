"""The strongest pairs of many maps: equal to a list of all of them, sorted, and counted against a null."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from relevome.discovery.pairs.strongest import strongest
from relevome.results.pairs.maps import KeptMap, strengths
from relevome.results.pairs.settings import PairMethod, PairSettings


def maps(shuffles: int, seed: int = 0) -> list[tuple[int, KeptMap]]:
    rng = np.random.default_rng(seed)
    made = []
    for number, size in ((0, 9), (3, 5), (4, 12)):
        values = rng.standard_normal((size, size)).astype(np.float32)
        values[rng.random((size, size)) < 0.3] = np.nan
        np.fill_diagonal(values, 0)
        null = rng.standard_normal((shuffles, size * (size - 1) // 2)).astype(np.float32)
        made.append((number, KeptMap("A" * size, values, None, null if shuffles else None)))
    return made


def every(
    found: list[tuple[int, KeptMap]], apart: int, method: PairMethod
) -> Iterator[tuple[float, int, int, int]]:
    for number, one in found:
        size = len(one.letters)
        for i in range(size):
            for j in range(i + apart, size):
                known = [float(x) for x in (one.values[i, j], one.values[j, i]) if not np.isnan(x)]
                known = [abs(x) for x in known] if method == "epistasis" else known
                if known:
                    yield max(known), number, i, j


@pytest.mark.parametrize("method", ["jacobian", "epistasis"])
@pytest.mark.parametrize(("apart", "most"), [(1, 1000), (3, 7), (12, 5)])
def test_they_are_the_first_of_all(method: PairMethod, apart: int, most: int) -> None:
    made = maps(2)
    found = strongest(iter(made), PairSettings(method, apart=apart, most=most, shuffles=2))
    expected = sorted(every(made, apart, method), key=lambda one: -one[0])
    assert found.pairs == len(expected)
    listed = list(zip(found.strength, found.numbers, found.i, found.j, strict=True))
    assert listed == [tuple(one) for one in expected[:most]]
    decoys = []
    for _, one in made:
        i, j = np.triu_indices(len(one.letters), 1)
        assert one.null is not None
        decoys += one.null[:, j - i >= apart].ravel().tolist()
    assert found.null_pairs == len(decoys)
    assert found.q is not None
    for place, strength in enumerate(found.strength):
        rates = []
        for bar in found.strength[place:]:  # a pair has the least rate of all bars that it reaches
            reach = sum(one[0] >= bar for one in expected)
            over = sum(one >= bar for one in decoys)
            rates.append(min((over + 1) * len(expected) / len(decoys) / min(reach, len(found.strength)), 1))
        assert strength >= found.strength[place:].max()
        assert found.q[place] == pytest.approx(min(rates))


def test_without_shuffles_there_is_no_rate() -> None:
    found = strongest(iter(maps(0)), PairSettings("dependency"))
    assert found.q is None
    assert found.null_pairs == 0
    none = strongest(iter(()), PairSettings("dependency", shuffles=1))
    assert (len(none.i), none.pairs) == (0, 0)


def test_strength_is_the_larger_of_both_ways() -> None:
    values = np.array([[0, 1, np.nan], [-3, 0, np.nan], [np.nan, 2, 0]], dtype=np.float32)
    np.testing.assert_array_equal(strengths(values, "dependency"), [1, np.nan, 2])
    np.testing.assert_array_equal(strengths(values, "epistasis"), [3, np.nan, 2])


def test_nulls_like_the_maps_leave_no_pair_and_real_pairs_stay() -> None:
    """Of noise against noise nothing is found; pairs far beyond it are, at a rate of one over how many."""
    rng = np.random.default_rng(3)
    values = rng.standard_normal((60, 60)).astype(np.float32)
    values = np.triu(values, 1) + np.triu(values, 1).T
    null = rng.standard_normal((4, 60 * 59 // 2)).astype(np.float32)
    noise = strongest(
        iter([(0, KeptMap("A" * 60, values, None, null))]), PairSettings("jacobian", shuffles=4)
    )
    assert noise.q is not None
    assert noise.q.min() > 0.05
    for k in range(10):
        values[k, 59 - k] = values[59 - k, k] = 9
    planted = strongest(
        iter([(0, KeptMap("A" * 60, values, None, null))]), PairSettings("jacobian", shuffles=4)
    )
    assert planted.q is not None
    assert (planted.q <= 0.03).sum() == 10
    assert planted.q[0] == pytest.approx(1 / 4 / 10, rel=0.01)
