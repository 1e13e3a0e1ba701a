from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from relevome.attribution.relevance import Relevance, Track
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Target
from relevome.models.tokens import Tokens

SEQUENCE = Sequence("s", "ACGT", DNA)
TOKENS = Tokens(
    SEQUENCE,
    np.arange(3),
    np.array([0, 0, 2]),
    np.array([0, 2, 4]),
    np.array([True, False, False]),
    ("?",) * 3,
)
TARGET = Target(0, "x")


def test_the_completeness_error_is_what_the_sum_lacks() -> None:
    promised = Relevance(
        TOKENS, TARGET, 2.0, values=np.array([0.5, 1, 2]), baseline_score=-1.25, complete=True
    )
    assert promised.total == 3.5
    assert promised.completeness_error == -0.25
    not_promised = Relevance(TOKENS, TARGET, 2.0, values=np.array([0.5, 1, 2]), baseline_score=-1.25)
    assert not_promised.completeness_error is None
    assert Relevance(TOKENS, TARGET, 2.0, letters=np.arange(4.0)).total == 6


@pytest.mark.parametrize("given", [{}, {"values": np.ones(3), "letters": np.ones(4)}])
def test_relevance_is_of_tokens_or_of_letters(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"either of tokens .* or of letters"):
        Relevance(TOKENS, TARGET, 0.0, **given)


@pytest.mark.parametrize(("given", "expected"), [({"values": np.ones(4)}, 3), ({"letters": np.ones(3)}, 4)])
def test_relevance_has_the_length_of_its_sequence(given: dict[str, Any], expected: int) -> None:
    with pytest.raises(ValueError, match=f"relevance of 's' has the wrong length: expected {expected}"):
        Relevance(TOKENS, TARGET, 0.0, **given)


@pytest.mark.parametrize(("score", "value"), [(0.0, np.nan), (0.0, np.inf), (np.nan, 1.0), (-np.inf, 1.0)])
def test_relevance_is_finite(score: float, value: float) -> None:
    with pytest.raises(InputError, match="relevance of sequence 's' is infinite or not a number"):
        Relevance(TOKENS, TARGET, score, values=np.array([0.0, value, 0.0]))


def test_a_track_has_a_value_for_every_letter() -> None:
    with pytest.raises(ValueError, match="track of 's' has 3 values for 4 letters"):
        Track(SEQUENCE, np.ones(3), 0.0)
