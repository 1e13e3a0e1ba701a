from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from relevome.attribution.lift import to_letters, to_tokens
from relevome.attribution.relevance import Relevance
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Target
from relevome.models.tokens import Tokens

TARGET = Target(0, "x")


def tokens(spans: list[tuple[int, int]], length: int) -> Tokens:
    starts, ends = np.array(spans).T
    sequence = Sequence("s", ("ACGT" * length)[:length], DNA)
    return Tokens(sequence, np.arange(len(spans)), starts, ends, starts == ends, ("?",) * len(spans))


WORDS = tokens([(0, 0), (0, 3), (3, 4), (4, 6), (0, 0)], 6)
OVERLAPPING = tokens([(0, 0), (0, 3), (1, 4), (2, 5), (0, 0)], 5)


def values(*given: float) -> Any:
    return np.array(given, dtype=float)


def test_a_tokens_relevance_is_split_among_its_letters() -> None:
    track = to_letters(Relevance(WORDS, TARGET, 1.0, values=values(10, 3, -5, 8, 20)))
    np.testing.assert_array_equal(track.values, [1, 1, 1, -5, 4, 4])
    assert track.special == 30


def test_a_tokens_relevance_is_copied_to_its_letters() -> None:
    track = to_letters(Relevance(WORDS, TARGET, 1.0, values=values(10, 3, -5, 8, 20)), "copy")
    np.testing.assert_array_equal(track.values, [3, 3, 3, -5, 8, 8])
    assert track.special == 30


def test_a_letter_under_several_tokens_gets_a_share_of_each() -> None:
    track = to_letters(Relevance(OVERLAPPING, TARGET, 1.0, values=values(1, 3, 30, 300, 2)))
    np.testing.assert_array_equal(track.values, [1, 11, 111, 110, 100])
    assert track.values.sum() + track.special == 336


def test_relevance_of_letters_passes_through() -> None:
    given = np.arange(6.0)
    track = to_letters(Relevance(WORDS, TARGET, 1.0, letters=given), "copy")
    np.testing.assert_array_equal(track.values, given)
    assert track.special == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_numbers_stays(dtype: type) -> None:
    given = np.arange(5, dtype=dtype)
    assert to_letters(Relevance(WORDS, TARGET, 1.0, values=given)).values.dtype == dtype


@pytest.mark.parametrize(
    ("how", "expected"),
    [("sum", [0, 6, -9, 3, 0]), ("mean", [0, 2, -9, 1.5, 0]), ("max_abs", [0, -4, -9, 2, 0])],
)
def test_letters_are_gathered_into_tokens(how: Any, expected: list[float]) -> None:
    letters = values(-4, 3, 7, -9, 1, 2) if how != "max_abs" else values(-4, 3, 1, -9, 1, 2)
    np.testing.assert_array_equal(to_tokens(letters, WORDS, how), expected)


def test_a_letter_counts_for_every_token_over_it() -> None:
    np.testing.assert_array_equal(to_tokens(values(1, 2, 4, 8, 16), OVERLAPPING), [0, 7, 14, 28, 0])


def test_splitting_and_summing_are_inverse_where_tokens_do_not_overlap() -> None:
    given = values(0, 3, -5, 8, 0)
    track = to_letters(Relevance(WORDS, TARGET, 1.0, values=given))
    np.testing.assert_array_equal(to_tokens(track.values, WORDS), given)


def test_unknown_ways_are_refused() -> None:
    down, up = inspect.unwrap(to_letters), inspect.unwrap(to_tokens)  # without the types checked in tests
    of_tokens = Relevance(WORDS, TARGET, 1.0, values=np.ones(5))
    of_letters = Relevance(WORDS, TARGET, 1.0, letters=np.ones(6))
    for relevance in (of_tokens, of_letters):
        with pytest.raises(InputError, match="unknown lift 'spread': expected split or copy"):
            down(relevance, "spread")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="unknown lift 'median': expected sum, mean or max_abs"):
        up(np.ones(6), WORDS, "median")  # pyright: ignore[reportArgumentType]
