"""Epistasis: what two substitutions do at once that is not the sum of what each does by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, combinations, product

import numpy as np
from jaxtyping import Float, Int

from relevome.data.sequences import Sequence as Letters
from relevome.discovery.pairs.strands import PairMap
from relevome.errors import InputError
from relevome.models.base import Model, Target
from relevome.models.mutants.replaced import interaction, scores_of_each, with_letters
from relevome.models.questions import check_read
from relevome.models.tokens import Tokens
from relevome.results.pairs.settings import PairSummary

_AT_ONCE = 1 << 16  # double substitutions that are listed at once


def epistasis_map(
    model: Model,
    sequence: Letters,
    target: Target,
    by: str | None = None,
    summary: PairSummary = "largest",
) -> PairMap:
    """The epistasis of all pairs of letters of one sequence, in logits of the target.

    At [i, j], and [j, i], is f(ij) - f(i) - f(j) + f(0) over the letters that are put in at i and at j: the
    one whose size is ``largest``, with its sign, or the root of the mean of its square (Greenside et al.
    2018, Bioinformatics 34:i629-i637, doi 10.1093/bioinformatics/bty575). f is the logit of the target, and
    every mutant is tokenised afresh unless that could change no other token.

    Args:
        model: Any.
        sequence: Any that it takes.
        target: The logit.
        by: The letter that takes their place; a letter that is it already, and its pairs, are NaN. None: all
            other letters at both, which is (letters - 1) squared scores for every pair. Default: None.
        summary: What of the combinations of letters is kept. Default: ``largest``.

    Raises:
        InputError: For a sequence or a mutant that the model does not take, and a letter that it has not.
    """
    alphabet = model.alphabet.letters
    if by is not None and by not in (*alphabet,):
        raise InputError(f"--by {by}: expected one letter of {alphabet}")
    wild = model.tokenize(sequence)
    check_read(model.kind, wild, target)
    others = _others(sequence, by)
    singles = np.full((len(sequence), len(alphabet)), np.nan)
    places = np.repeat(np.arange(len(others)), [len(some) for some in others])
    letters = np.concatenate([*others, np.zeros(0, np.int64)])
    asked = chain([wild], with_letters(model, wild, places[:, None], letters[:, None]))
    whole, *alone = _scores(model, target, asked, 1 + len(places))
    singles[places, letters] = alone
    values = np.full((len(sequence),) * 2, np.nan)
    for pairs in _some_pairs(others):
        sizes = [len(others[i]) * len(others[j]) for i, j in pairs]
        at = np.repeat(np.array(pairs), sizes, axis=0)
        to = np.array([both for i, j in pairs for both in product(others[i], others[j])])
        found = _scores(model, target, with_letters(model, wild, at, to), len(at))
        apart = interaction(whole, singles[at[:, 0], to[:, 0]], singles[at[:, 1], to[:, 1]], found)
        for (i, j), some in zip(pairs, np.split(apart, np.cumsum(sizes)[:-1]), strict=True):
            values[i, j] = values[j, i] = _summed_up(some, summary)
    np.fill_diagonal(values, 0.0)
    return PairMap(sequence, values)


def _others(sequence: Letters, by: str | None) -> list[Int[np.ndarray, " letters"]]:
    """What is put in at every place, as indices of the alphabet."""
    alphabet = sequence.alphabet.letters
    return [
        np.array([alphabet.index(one) for one in by or alphabet if one != there], dtype=np.int64)
        for there in sequence.letters
    ]


def _some_pairs(others: list[Int[np.ndarray, " letters"]]) -> Iterator[list[tuple[int, int]]]:
    """All pairs of places at which something is put in, so many at a time as have few combinations."""
    pairs: list[tuple[int, int]] = []
    combined = 0
    for i, j in combinations([at for at, some in enumerate(others) if len(some)], 2):
        pairs.append((i, j))
        combined += len(others[i]) * len(others[j])
        if combined >= _AT_ONCE:
            yield pairs
            pairs, combined = [], 0
    if pairs:
        yield pairs


def _scores(model: Model, target: Target, asked: Iterable[Tokens], count: int) -> Float[np.ndarray, " asked"]:
    found = np.empty(count)
    for number, score in scores_of_each(model, target, asked):
        found[number] = score
    return found


def _summed_up(apart: Float[np.ndarray, " combinations"], summary: PairSummary) -> float:
    if summary == "rms":
        return float(np.sqrt((apart**2).mean()))
    return float(apart[np.abs(apart).argmax()])
