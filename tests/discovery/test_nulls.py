"""Null models of an annotation against brute force and all exchanges written out."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from relevome.discovery.nulls import Standing, among_exchanges, among_shifts, shifted_sums, sum_test
from relevome.placement import STATISTICS

RNG = np.random.default_rng(3)
MASKS = {
    "one letter": np.arange(17) == 4,
    "letters apart": np.isin(np.arange(23), [0, 7, 22]),
    "stretches": np.isin(np.arange(29), [0, 1, 2, 3, 11, 12, 13, 14, 15, 28]),
    "all but one": np.arange(19) != 5,
    "many stretches": RNG.random(331) < 0.5,
}


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_shifts_are_those_written_out(name: str, statistic: str) -> None:
    mask = MASKS[name]
    relevance = RNG.normal(size=(70, len(mask)))
    weights = STATISTICS[statistic](relevance, int(mask.sum()))
    sums = np.stack([(weights * np.roll(mask, shift)).sum(1) for shift in range(len(mask))], axis=1)
    np.testing.assert_allclose(shifted_sums(weights, mask), sums, atol=1e-12)
    check_standing(among_shifts(weights, mask), weights[:, mask].sum(1), sums)


def check_standing(found: Standing, seen: np.ndarray, sums: np.ndarray) -> None:
    """``seen`` among ``sums``, the values of every row under the null."""
    beyond, deviation = seen - sums.mean(1), sums.std(1)
    np.testing.assert_allclose(found.beyond, beyond, atol=1e-12)
    varied = deviation > 1e-9
    np.testing.assert_allclose(found.score[varied], beyond[varied] / deviation[varied], rtol=1e-9)
    np.testing.assert_allclose(found.skewness[varied], stats.skew(sums, axis=1)[varied], atol=1e-9)
    assert np.isnan(found.score[~varied]).all()
    assert np.isnan(found.skewness[~varied]).all()


def test_in_single_precision_shifts_say_nearly_the_same() -> None:
    mask = np.isin(np.arange(211), range(40, 61)) | np.isin(np.arange(211), range(100, 121))
    weights = STATISTICS["mass-accuracy"](RNG.standard_t(2, size=(40, 211)), 42)
    single = among_shifts(weights.astype(np.float32), mask)
    for one, two in zip(single, among_shifts(weights, mask), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


def test_where_relevance_is_even_shifts_say_nothing() -> None:
    weights = np.full((2, 12), 0.1, dtype=np.float32)
    found = among_shifts(weights, np.arange(12) < 5)
    assert np.isnan(found.score).all()


LETTERS = "AACACCAAG"
INSIDE = np.array([True, False, True, False, False, True, False, False, False])


def every_exchange() -> np.ndarray:
    """All masks with as many A, C and G inside, each once."""
    places = {letter: [i for i, x in enumerate(LETTERS) if x == letter] for letter in "ACG"}
    ways = [list(combinations(at, int(INSIDE[at].sum()))) for at in places.values()]
    masks = np.zeros((np.prod([len(way) for way in ways]), len(LETTERS)))
    for mask, chosen in zip(masks, product(*ways), strict=True):
        mask[[i for some in chosen for i in some]] = 1
    return masks


def test_exchanges_are_those_written_out() -> None:
    weights = RNG.normal(size=(5, len(LETTERS)))
    check_standing(among_exchanges(weights, INSIDE, LETTERS), weights @ INSIDE, weights @ every_exchange().T)


def test_relevance_that_depends_on_the_letter_only_has_nothing_over_exchanges() -> None:
    by_letter = {"A": 0.3, "C": 0.1, "G": -2.0}
    weights = np.array([[by_letter[letter] for letter in LETTERS]], dtype=np.float32)
    found = among_exchanges(weights, INSIDE, LETTERS)
    np.testing.assert_allclose(found.beyond, 0, atol=1e-6)
    assert np.isnan(found.score).all()


def test_where_no_letter_can_move_exchanges_say_nothing() -> None:
    weights = RNG.normal(size=(3, 4))
    found = among_exchanges(weights, np.array([True, True, False, False]), "AACC")
    np.testing.assert_allclose(found.beyond, 0, atol=1e-12)
    assert np.isnan(found.score).all()


def test_scores_that_add_up_are_normal_where_nothing_is_skewed() -> None:
    scores = np.array([[1.0, np.nan, 0.0], [0.5, 2.0, np.nan], [2.0, np.nan, -1.0]])
    found = sum_test(scores, np.zeros((3, 3)))
    np.testing.assert_allclose(found, stats.norm.sf([3.5 / 3**0.5, 2.0, -1 / 2**0.5]))
    np.testing.assert_array_equal(sum_test(scores * np.nan, scores), 1.0)


@pytest.mark.parametrize(("proteins", "chance", "hits"), [(40, 0.01, 2), (40, 0.01, 4), (300, 0.05, 28)])
def test_rare_hits_have_nearly_the_probability_of_the_binomial(
    proteins: int, chance: float, hits: int
) -> None:
    """A site of one letter is the most relevant one, or not: scores are two values, and skewed."""
    deviation = (chance * (1 - chance)) ** 0.5
    scores = (np.where(np.arange(proteins) < hits, 1, 0) - chance)[:, None] / deviation
    skewness = np.full((proteins, 1), (1 - 2 * chance) / deviation)
    law: Any = stats.binom(proteins, chance)
    middle = law.sf(hits) + law.pmf(hits) / 2
    assert 0.7 * middle < sum_test(scores, skewness)[0] < law.sf(hits - 1)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize(("proteins", "inside"), [(8, 3), (8, 6), (40, 3), (40, 6)])
def test_p_values_of_sites_anywhere_are_even(statistic: str, proteins: int, inside: int) -> None:
    """Peaky relevance, 3,000 studies: 5 and 1% of p-values are below 0.05 and 0.01."""
    rng = np.random.default_rng([proteins, inside])
    studies, letters = 3000, 60
    scores, skewness = (np.zeros((proteins, studies)) for _ in range(2))
    for protein in range(proteins):
        relevance = rng.lognormal(0, 1.5, size=(studies, letters))
        weights = STATISTICS[statistic](relevance, inside)
        mask = np.roll(np.arange(letters) < inside, rng.integers(letters))
        found = among_shifts(weights, mask)
        scores[protein], skewness[protein] = found.score, found.skewness
    p = sum_test(scores, skewness)
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.02)
    assert (p < 0.01).mean() == pytest.approx(0.01, abs=0.006)
