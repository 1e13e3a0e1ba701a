"""Relevance in random order among letters that are equal: where it lies is lost, what it says of letters not.

Among equal letters a map keeps what it says of each letter; among equal pairs (a letter and the one before
it) also what it says of pairs. Runs of relevance along a sequence are lost too: where maps are smooth for
another reason than motifs, such as long tokens, exchanging letters finds too much, and tokens are exchanged.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from relevome.discovery.motifs.maps import LetterMaps, joined

PAIRS, LETTERS = 2, 1


def exchanged(maps: LetterMaps, rng: np.random.Generator, copies: int = 1, order: int = PAIRS) -> LetterMaps:
    """Maps whose relevance is in random order within each sequence.

    Args:
        maps: With units, tokens of as many letters change places, whatever letters they have; without, equal
            letters.
        rng: What is drawn.
        copies: How many orders are drawn; all come one after the other.
        order: Without units, 1 among equal letters, 2 among letters that are equal and have equal ones
            before them.
    """
    keys = _letter_keys(maps, order) if maps.units is None else _token_keys(maps)
    if maps.units is None:
        return joined([maps.with_relevance(permuted(maps.relevance, keys, rng)) for _ in range(copies)])
    sizes = np.bincount(maps.units)
    means = (np.bincount(maps.units, weights=maps.relevance) / np.maximum(sizes, 1)).astype(np.float32)
    drawn = [permuted(means, keys, rng)[maps.units] for _ in range(copies)]
    return joined([maps.with_relevance(values) for values in drawn])


def permuted(
    values: Float[np.ndarray, " places"], keys: Int[np.ndarray, " places"], rng: np.random.Generator
) -> Float[np.ndarray, " places"]:
    """Values in random order among places with the same key."""
    there = np.argsort(keys, kind="stable")
    drawn = np.lexsort((rng.random(len(keys)), keys))
    result = np.empty_like(values)
    result[there] = values[drawn]
    return result


def _letter_keys(maps: LetterMaps, order: int) -> Int[np.ndarray, " letters"]:
    """Equal for letters of one sequence that are equal, and have equal ones before them."""
    size = len(maps.alphabet.letters) + 2
    own = maps.codes.astype(np.int64) + 1
    before = np.concatenate([[size - 1], own[:-1]])
    before[maps.bounds[:-1]] = size - 1  # of nothing
    return (maps.sequence_of * size + own) * size + (before if order == PAIRS else 0)


def _token_keys(maps: LetterMaps) -> Int[np.ndarray, " tokens"]:
    """Equal for tokens of one sequence with as many letters."""
    units = maps.units if maps.units is not None else np.arange(len(maps.codes))
    sizes = np.bincount(units)
    sequence = np.zeros(len(sizes), dtype=np.int64)
    sequence[units] = maps.sequence_of
    return sequence * (int(sizes.max(initial=0)) + 1) + sizes
