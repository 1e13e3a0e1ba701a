"""Between tokens and letters."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from relevome.attribution.relevance import Relevance, Track
from relevome.errors import InputError
from relevome.models.tokens import Tokens


def to_letters(relevance: Relevance, how: str = "split") -> Track:
    """Relevance over letters: a token's value in equal shares (``split``) or whole (``copy``).

    ``split`` keeps the sum: letters + special tokens = tokens. Where tokens overlap, a letter gets a
    share of each. Methods that work on letters pass through.
    """
    if how not in ("split", "copy"):
        raise InputError(f"unknown lift {how!r}: expected split or copy")
    tokens = relevance.tokens
    if relevance.values is None:
        return Track(tokens.sequence, np.asarray(relevance.letters), 0.0)
    if tokens.one_letter_each:
        if len(tokens) == len(tokens.sequence):
            return Track(tokens.sequence, relevance.values, 0.0)
        letters, special = relevance.values[~tokens.special], relevance.values[tokens.special]
        return Track(tokens.sequence, letters, float(special.sum()))
    widths = tokens.ends - tokens.starts
    shares = relevance.values / np.maximum(widths, 1) if how == "split" else relevance.values
    letters = np.zeros(len(tokens.sequence), dtype=relevance.values.dtype)
    np.add.at(letters, _letter_indices(tokens.starts, widths), np.repeat(shares, widths))
    return Track(tokens.sequence, letters, float(relevance.values[tokens.special].sum()))


def to_tokens(
    letters: Float[np.ndarray, "letters"], tokens: Tokens, how: str = "sum"
) -> Float[np.ndarray, "tokens"]:
    """Values of letters gathered into tokens; special tokens get 0."""
    return gather(letters, tokens.starts, tokens.ends, how)


def gather(
    letters: Float[np.ndarray, "letters"],
    starts: Int[np.ndarray, "stretches"],
    ends: Int[np.ndarray, "stretches"],
    how: str = "sum",
) -> Float[np.ndarray, "stretches"]:
    """The ``sum``, the ``mean`` or the value of largest magnitude (``max_abs``) of every stretch of letters.

    A stretch without letters gets 0. Raises InputError for another way to gather.
    """
    ways = {"sum": np.sum, "mean": np.mean, "max_abs": lambda part: part[np.abs(part).argmax()]}
    if how not in ways:
        raise InputError(f"unknown lift {how!r}: expected sum, mean or max_abs")
    parts = (letters[start:end] for start, end in zip(starts, ends, strict=True))
    return np.array([ways[how](part) if len(part) else 0.0 for part in parts])


def _letter_indices(
    starts: Int[np.ndarray, "tokens"], widths: Int[np.ndarray, "tokens"]
) -> Int[np.ndarray, "letters"]:
    """The letters under each token, one token after the other."""
    first = np.cumsum(widths) - widths
    return np.arange(widths.sum()) + np.repeat(starts - first, widths)
