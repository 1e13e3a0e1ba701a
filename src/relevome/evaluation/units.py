"""At which level relevance is evaluated: one value per letter, or one per token.

Letters let a model with long tokens and one that reads single letters be compared; tokens are what a
model decides about. Special tokens have no letters and no site, and are left out of both.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from relevome.attribution.lift import gather
from relevome.errors import InputError
from relevome.results.evaluation.scores import Level
from relevome.results.run.columns import Explanation

Offsets: TypeAlias = Int[np.ndarray, " tokens"]


def check_level(level: str) -> None:
    """Raises InputError for what is no level."""
    if level not in ("letters", "tokens"):
        raise InputError(f"unknown level {level!r}: expected letters or tokens")


def check_finite(relevance: np.ndarray) -> None:
    """Raises InputError for relevance that is empty, no vector, or not finite."""
    if relevance.ndim != 1 or not len(relevance):
        raise InputError(
            f"relevance of shape {relevance.shape}: expected one value per letter or token, and at least one"
        )
    finite = np.isfinite(relevance)
    if not finite.all():
        place = int(np.flatnonzero(~finite)[0])
        raise InputError(
            f"value {place + 1} of the relevance is {relevance[place]}: expected a finite number"
        )


def spans(row: Explanation) -> tuple[Offsets, Offsets]:
    """First and one after the last letter of every ordinary token. Raises InputError where there is none."""
    ordinary = row.token_start < row.token_end
    if not ordinary.any():
        raise InputError(
            f"sequence {row.sequence_id!r} has no tokens in its run: evaluate it at the level of letters"
        )
    return row.token_start[ordinary], row.token_end[ordinary]


def relevance_at(
    row: Explanation, level: Level = "letters", how: str = "sum", tokens_of: Explanation | None = None
) -> Float[np.ndarray, " units"]:
    """Relevance of every letter, or of every ordinary token.

    Letters are as the run has them: split or copied from tokens (``--lift``). Tokens are as the method gave
    them; where it gave letters, or where the tokens are those ``tokens_of`` another explanation of the same
    letters and lie elsewhere, letters are gathered by ``how``: ``sum``, ``mean`` or ``max_abs``. Raises
    InputError for another level or ``how``, and for a row without tokens.
    """
    check_level(level)
    letters = row.relevance.astype(np.float64)
    if level == "letters":
        return letters
    starts, ends = spans(tokens_of or row)
    if row.token_relevance is not None and _has_tokens(row, starts, ends):
        return row.token_relevance[row.token_start < row.token_end].astype(np.float64)
    return gather(letters, starts, ends, how)


def with_special_tokens(
    values: Float[np.ndarray, " units"], row: Explanation, level: Level
) -> Float[np.ndarray, " all"]:
    """Values of letters as they are; of ordinary tokens as one for every token, where special ones have 0."""
    if level == "letters":
        return values
    every = np.zeros(len(row.tokens))
    every[row.token_start < row.token_end] = values
    return every


def mask_at(
    inside: Bool[np.ndarray, " letters"], row: Explanation, level: Level = "letters"
) -> Bool[np.ndarray, " units"]:
    """Which letters, or which ordinary tokens, lie inside: a token does if more than half its letters do."""
    check_level(level)
    if level == "letters":
        return inside
    return gather(inside.astype(np.float64), *spans(row), "mean") > 0.5


def _has_tokens(row: Explanation, starts: Offsets, ends: Offsets) -> bool:
    own_starts, own_ends = spans(row)
    return np.array_equal(own_starts, starts) and np.array_equal(own_ends, ends)
