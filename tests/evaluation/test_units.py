"""Relevance and masks over letters and over tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.evaluation.units import check_level, mask_at, relevance_at
from relevome.results.run.columns import Explanation


def row(letters: list[float], spans: list[tuple[int, int]], tokens: list[float] | None = None) -> Explanation:
    """Relevance of letters, places of tokens and, where the method gave it, relevance of tokens."""
    starts, ends = np.array(spans, dtype=np.int32).reshape(-1, 2).T
    return Explanation(
        sequence_id="s", sequence="ACGTACG"[: len(letters)], target="x", target_index=0, score=1.0,
        tokens=("?",) * len(spans), token_start=starts, token_end=ends,
        token_relevance=None if tokens is None else np.array(tokens, dtype=np.float32),
        relevance=np.array(letters, dtype=np.float32), conserved=False,
    )  # fmt: skip


WORDS = [(0, 0), (0, 3), (3, 4), (4, 6), (0, 0)]
COPIED = row([3, 3, 3, -5, 8, 8], WORDS, [10, 3, -5, 8, 20])
LETTERS = row([4, -6, 1, -5, 8, 8], WORDS)
ONE_EACH = row([4, -6, 1, -5, 8, 8], [(i, i + 1) for i in range(6)], [4, -6, 1, -5, 8, 8])


def test_letters_are_as_the_run_has_them() -> None:
    np.testing.assert_array_equal(relevance_at(COPIED), [3, 3, 3, -5, 8, 8])
    assert relevance_at(COPIED).dtype == np.float64


@pytest.mark.parametrize("how", ["sum", "mean", "max_abs"])
def test_tokens_are_as_the_method_gave_them_without_special_ones(how: str) -> None:
    np.testing.assert_array_equal(relevance_at(COPIED, "tokens", how), [3, -5, 8])


@pytest.mark.parametrize(
    ("how", "expected"), [("sum", [-1, -5, 16]), ("mean", [-1 / 3, -5, 8]), ("max_abs", [-6, -5, 8])]
)
def test_letters_are_gathered_where_the_method_gave_letters_or_other_tokens(how: str, expected: Any) -> None:
    np.testing.assert_allclose(relevance_at(LETTERS, "tokens", how), expected, atol=1e-12)
    np.testing.assert_allclose(relevance_at(ONE_EACH, "tokens", how, tokens_of=COPIED), expected, atol=1e-12)


def test_tokens_in_the_same_places_need_no_gathering() -> None:
    np.testing.assert_array_equal(relevance_at(COPIED, "tokens", tokens_of=LETTERS), [3, -5, 8])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("##....", [1, 0, 0]), ("#...##", [0, 0, 1]), ("...##.", [0, 1, 0]), ("######", [1, 1, 1])],
)
def test_a_token_is_inside_if_more_than_half_its_letters_are(pattern: str, expected: list[int]) -> None:
    inside = np.array([mark == "#" for mark in pattern])
    assert mask_at(inside, COPIED, "tokens").tolist() == [bool(x) for x in expected]
    assert mask_at(inside, COPIED).tolist() == inside.tolist()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(
        InputError, match="sequence 's' has no tokens in its run: evaluate it at the level of"
    ):
        relevance_at(row([1, 2], []), "tokens")
    with pytest.raises(InputError, match="unknown level 'words': expected letters or tokens"):
        check_level("words")
    with pytest.raises(InputError, match="unknown lift 'median': expected sum, mean or max_abs"):
        relevance_at(LETTERS, "tokens", "median")
