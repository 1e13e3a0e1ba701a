"""Null models of an annotation against brute force and all exchanges written out."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from relevome.discovery.nulls import exchange_moments, exchanges, shift_ranks, shifted_sums
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
def test_sums_are_those_of_every_shift_written_out(name: str, statistic: str) -> None:
    mask = MASKS[name]
    relevance = RNG.normal(size=(70, len(mask)))
    weights = STATISTICS[statistic](relevance, int(mask.sum()))
    expected = np.stack([(weights * np.roll(mask, shift)).sum(1) for shift in range(len(mask))], axis=1)
    np.testing.assert_allclose(shifted_sums(weights, mask), expected, atol=1e-12)
    seen = expected[:, :1]
    below, tied = (expected < seen - 1e-9).sum(1), (np.abs(expected - seen) <= 1e-9).sum(1)
    np.testing.assert_allclose(shift_ranks(weights, mask), (below + tied / 2) / len(mask))


def test_letters_that_tie_keep_the_rank_in_the_middle() -> None:
    weights = np.zeros((2, 12))
    weights[1, 3] = 1
    mask = np.isin(np.arange(12), [3, 4, 5])
    np.testing.assert_allclose(shift_ranks(weights, mask), [0.5, 1 - 3 / 24])


def test_single_precision_ranks_are_those_of_double() -> None:
    mask = np.isin(np.arange(211), range(40, 61)) | np.isin(np.arange(211), range(100, 121))
    weights = STATISTICS["mass-accuracy"](RNG.standard_t(2, size=(40, 211)), 42)
    single = shift_ranks(weights.astype(np.float32), mask)
    np.testing.assert_allclose(single, shift_ranks(weights, mask), atol=1e-12)


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


def test_moments_are_those_of_all_exchanges_written_out() -> None:
    weights = RNG.normal(size=(5, len(LETTERS)))
    sums = weights @ every_exchange().T
    found = exchange_moments(weights, INSIDE, LETTERS)
    np.testing.assert_allclose(found.mean, sums.mean(1))
    np.testing.assert_allclose(found.deviation, sums.std(1))


def test_draws_keep_the_letters_and_have_the_moments_of_all_exchanges() -> None:
    weights = RNG.normal(size=(5, len(LETTERS)))
    drawn = exchanges(INSIDE, LETTERS, 20_000, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn.drawn[:, 0], INSIDE[drawn.free])
    free = "".join(LETTERS[i] for i in drawn.free)
    for letter in "AC":
        at = [i for i, x in enumerate(free) if x == letter]
        assert len(set(drawn.drawn[at].sum(0))) == 1
    assert "G" not in free
    sums = weights[:, drawn.free] @ drawn.drawn[:, 1:]
    fixed = weights[:, INSIDE].sum(1) - weights[:, drawn.free] @ INSIDE[drawn.free]
    found = exchange_moments(weights, INSIDE, LETTERS)
    np.testing.assert_allclose(sums.mean(1) + fixed, found.mean, atol=0.05)
    np.testing.assert_allclose(sums.std(1), found.deviation, rtol=0.03)


def test_ranks_among_draws_come_close_to_those_among_all() -> None:
    weights = RNG.normal(size=(5, len(LETTERS)))
    sums = weights @ every_exchange().T
    seen = weights @ INSIDE
    expected = ((sums < seen[:, None] - 1e-9).mean(1) + (sums <= seen[:, None] + 1e-9).mean(1)) / 2
    drawn = exchanges(INSIDE, LETTERS, 20_000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.ranks(weights), expected, atol=0.02)


def test_where_no_letter_can_move_the_rank_says_nothing() -> None:
    weights = RNG.normal(size=(3, 4))
    drawn = exchanges(np.array([True, True, False, False]), "AACC", 50, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn.ranks(weights), 0.5)
