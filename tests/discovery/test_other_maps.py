"""Maps of other proteins at the same places, against all assignments written out."""

from __future__ import annotations

from itertools import permutations, product
from math import factorial

import numpy as np
import pytest
from scipy import stats

from relevome.discovery.nulls import four_moments_test
from relevome.discovery.other_maps import FEWEST, MOST, MapExchanges, OtherMaps, assignments
from relevome.discovery.placements import METRICS
from relevome.placement import STATISTICS, on_masks

RNG = np.random.default_rng(8)
SEES, PLACES = 1, 2  # units: the head that sees every site, one that always looks at the same places


def every_sum(values: np.ndarray) -> np.ndarray:
    """The sum over proteins of their values on maps, for every assignment."""
    size = len(values)
    return np.array([values[np.arange(size), list(order)].sum() for order in permutations(range(size))])


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6])
def test_moments_are_those_of_all_assignments(size: int) -> None:
    values = RNG.lognormal(size=(2, size, size, 4))
    values[0, 1] = 0  # a protein without a site in the letters that are shared
    over, found = assignments(values, np.ones((size, 4), dtype=bool))
    for metric, unit in product(range(2), range(4)):
        own = values[metric, :, :, unit]
        sums = every_sum(own)
        central = sums - sums.mean()
        assert found.total[metric, unit] == pytest.approx(np.trace(own) - sums.mean())
        assert found.variance[metric, unit] == pytest.approx(central.var())
        assert found.third[metric, unit] == pytest.approx((central**3).mean(), abs=1e-12)
        fourth = (central**4).mean() - 3 * central.var() ** 2
        assert found.fourth[metric, unit] == pytest.approx(fourth)
        others = (own.sum(1) - np.diag(own)) / (size - 1)
        np.testing.assert_allclose(over[:, metric, unit], np.diag(own) - others)
    np.testing.assert_allclose(found.orders, np.log(factorial(size)))
    np.testing.assert_array_equal(found.proteins, size)


def test_a_map_that_is_the_same_everywhere_is_no_part_of_its_unit() -> None:
    values, known = RNG.normal(size=(1, 5, 5, 3)), np.ones((5, 3), dtype=bool)
    known[[1, 3], 1] = False
    known[1:, 2] = False
    over, found = assignments(values, known)
    left = values[:, [0, 2, 4]][:, :, [0, 2, 4]]
    alone, expected = assignments(left, np.ones((3, 3), dtype=bool))
    for part, other in zip(found, expected, strict=True):
        assert part[0, 1] == pytest.approx(other[0, 1])
    np.testing.assert_allclose(over[[0, 2, 4], 0, 1], alone[:, 0, 1])
    assert np.isnan(over[[1, 3], 0, 1]).all()
    assert np.isnan(over[:, 0, 2]).all()
    assert (found.variance[0, 2], found.total[0, 2], found.proteins[0, 2]) == (0, 0, 0)


def test_what_differs_by_rounding_alone_has_no_variance() -> None:
    rows, columns = RNG.normal(size=(1, 6, 1, 1)), RNG.normal(size=(1, 1, 6, 1))
    values = (rows + columns).astype(np.float32)
    found = assignments(values, np.ones((6, 1), dtype=bool), float(np.finfo(np.float32).eps))[1]
    assert (found.variance, found.total, found.third, found.fourth) == (0, 0, 0, 0)


def test_statistics_on_many_masks_are_those_on_each() -> None:
    masks = RNG.random((9, 37)) < RNG.uniform(0.05, 0.9, size=(9, 1))
    masks[:, 0], masks[:, 1] = True, False
    relevance = RNG.normal(size=(6, 37)).round(1)  # some letters tie
    relevance[2], relevance[3] = 0.5, -np.abs(relevance[3])
    found = on_masks(relevance, masks)
    for metric, weigh in enumerate(STATISTICS.values()):
        for row, mask in enumerate(masks):
            expected = weigh(relevance, int(mask.sum()))[:, mask].sum(1)
            np.testing.assert_allclose(found[metric, row], expected, atol=1e-12)


def exchanged(
    maps: dict[str, np.ndarray], masks: dict[str, np.ndarray], clusters: dict[str, int] | None = None
) -> OtherMaps:
    exchanges = MapExchanges(masks, clusters, seed=3)
    for id, relevance in maps.items():
        exchanges.add(id, relevance)
    return exchanges.done()


def test_maps_lie_residue_on_residue_over_the_letters_that_all_have() -> None:
    lengths = dict(zip("abcde", (31, 33, 30, 35, 32), strict=True))
    masks = {id: (np.arange(size) + number) % 11 < 4 for number, (id, size) in enumerate(lengths.items())}
    masks["d"] = np.arange(35) > 29  # beyond the letters of the shortest
    maps = {id: RNG.normal(size=(2, size)) for id, size in lengths.items()}
    found = exchanged(maps, masks)
    ordered = sorted(lengths, key=lengths.__getitem__)
    sited = [id for id in ordered if id != "d"]
    for metric, weigh in enumerate(STATISTICS.values()):
        values = np.zeros((5, 5))
        for i, j in product(range(5), range(5)):
            mask = masks[ordered[i]][:30]
            if mask.any():
                values[i, j] = weigh(maps[ordered[j]][:1, :30], int(mask.sum()))[0, mask].sum()
        sums = every_sum(values)
        assert found.moments.total[metric, 0] == pytest.approx(np.trace(values) - sums.mean())
        assert found.moments.variance[metric, 0] == pytest.approx(sums.var())
        others = (values.sum(1) - np.diag(values)) / 4
        expected = {id: np.diag(values)[i] - others[i] for i, id in enumerate(ordered)}
        known = found.over[~np.isnan(found.over[:, metric, 0]), metric, 0]
        np.testing.assert_allclose(known, [expected[id] for id in sited])
    aligned = found.aligned
    assert (aligned.proteins, aligned.without, aligned.groups) == (4, 1, 1)
    assert (aligned.shortest, aligned.longest) == (30, 30)
    kept = sum(int(mask[:30].sum()) for mask in masks.values()) / sum(map(np.sum, masks.values()))
    assert aligned.kept == pytest.approx(kept)


def test_groups_are_of_like_length_and_lose_little_of_the_sites() -> None:
    lengths = [40] * 7 + [90] * 8 + [300] * 26
    masks = {str(i): np.arange(size) >= size - 6 for i, size in enumerate(lengths)}
    found = exchanged({id: RNG.normal(size=(1, len(mask))) for id, mask in masks.items()}, masks)
    assert (found.aligned.groups, found.aligned.kept, found.aligned.without) == (5, 1.0, 0)
    assert not np.isnan(found.over).any()
    mixed = {str(i): np.arange(size) < 20 for i, size in enumerate(RNG.integers(60, 200, size=55))}
    exchanges = MapExchanges(mixed)
    sizes = [len(group.ids) for group in exchanges._groups.values()]
    assert min(sizes) >= FEWEST
    assert max(sizes) <= MOST


def test_one_protein_of_a_cluster_takes_part() -> None:
    masks = {str(i): np.roll(np.arange(40) < 5, i) for i in range(24)}
    maps = {id: RNG.normal(size=(2, 40)) for id in masks}
    found = exchanged(maps, masks, {str(i): i // 3 for i in range(18)})
    assert found.over.shape == (12, len(METRICS), 2)
    assert found.moments.proteins[0].tolist() == [12, 12]


def study(rng: np.random.Generator, proteins: int, heads: int) -> OtherMaps:
    """Signal peptides: sites of 15 to 30 letters from the first on, which one head sees and no other.

    All heads but that of `SEES` look at the same places of every protein, through lognormal noise.
    """
    maps, masks = {}, {}
    for number in range(proteins):
        letters = int(rng.integers(60, 140))
        habit = 0.1 + 5 * np.exp(-(((np.arange(letters) - 10) / 12) ** 2))
        maps[str(number)] = habit * rng.lognormal(0, 1.5, size=(heads + 1, letters))
        masks[str(number)] = np.arange(letters) < int(rng.integers(15, 31))
        maps[str(number)][SEES] += 20 * masks[str(number)]
    return exchanged(maps, masks)


def test_a_head_that_sees_every_site_exceeds_places_and_one_that_looks_at_places_does_not() -> None:
    found = study(np.random.default_rng(0), 60, 2)
    for metric in range(len(METRICS)):
        p = found.p(metric)
        assert p[SEES] < 1e-8
        assert p[PLACES] > 0.05
        over = np.median(found.over[:, metric], 0)
        assert over[SEES] > 5 * abs(over[PLACES])


def test_sites_that_all_are_at_the_same_places_say_nothing() -> None:
    masks = {str(i): np.arange(50) < 20 for i in range(9)}
    maps = {id: RNG.lognormal(size=(3, 50)).astype(np.float32) for id in masks}
    found = exchanged(maps, masks)
    for metric in range(len(METRICS)):
        assert found.p(metric).tolist() == [1, 1, 1]


@pytest.mark.parametrize(("proteins", "studies"), [(6, 12), (15, 10), (40, 8)])
def test_p_values_of_what_knows_places_are_even_or_cautious(proteins: int, studies: int) -> None:
    """Of 300 heads a study: no more are below 0.05 and 0.005 than chance allows."""
    rng = np.random.default_rng(proteins)
    heads = 300
    found = [study(rng, proteins, heads) for _ in range(studies)]
    for metric in range(len(METRICS)):
        p = np.concatenate([one.p(metric)[PLACES:] for one in found])
        for level in (0.05, 0.005):
            assert (p < level).sum() <= stats.binom.ppf(0.9999, len(p), level), (metric, level)
        if proteins == 40:
            assert (p < 0.05).mean() > 0.03


def test_p_values_are_never_below_one_assignment_of_all() -> None:
    masks = {str(i): np.roll(np.arange(60) < 5, 7 * i) for i in range(6)}
    maps = {id: mask[None] + RNG.random((1, 60)) * 1e-3 for id, mask in masks.items()}
    found = exchanged(maps, masks)
    for metric in range(len(METRICS)):
        assert (1 - 1e-9) / factorial(6) <= found.p(metric)[0] < 0.01


@pytest.mark.parametrize(("a", "b"), [(2.0, 5.0), (5.0, 2.0), (3.0, 3.0), (0.7, 4.0)])
def test_four_moments_of_a_beta_distribution_are_that_distribution(a: float, b: float) -> None:
    law = stats.beta(a, b)
    mean, variance, skewness, kurtosis = (float(part) for part in law.stats("mvsk"))
    places = np.array([law.ppf(q) for q in (0.02, 0.5, 0.9, 0.999)])
    shape = np.ones(4)
    found = four_moments_test(
        (places - mean) / variance**0.5, skewness * shape, kurtosis * shape, np.zeros(4, dtype=bool)
    )
    np.testing.assert_allclose(found, law.sf(places), rtol=1e-6)


def test_four_moments_of_a_gamma_or_a_normal_distribution_are_that_distribution() -> None:
    scores, none = np.array([-1.0, 0.5, 3.0]), np.zeros(3, dtype=bool)
    normal = four_moments_test(scores, np.zeros(3), np.zeros(3), none)
    np.testing.assert_allclose(normal, stats.norm.sf(scores), rtol=1e-6)
    gamma = four_moments_test(scores, np.ones(3), np.full(3, 1.5), none)
    np.testing.assert_allclose(gamma, stats.pearson3.sf(scores, 1.0), rtol=1e-6)
