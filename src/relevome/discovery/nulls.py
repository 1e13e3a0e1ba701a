"""Where the annotation of a protein might as well have been: shifted in a circle, or on like letters.

Everything is about statistics that are sums of weights of the letters inside (`relevome.placement`). Their
first three moments over all shifts, or all exchanges, are known without drawing any, and so is how far a
statistic stands above its null: what many proteins add up to is then tested against the same moments.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import beta, pearson3

_LEAST = 1e-6  # of moments: beyond it shapes of a beta distribution are too large to tell from a gamma
_MANY = 48  # letters or stretches beyond which the Fourier transform is faster
ROUNDING = 32.0  # of sums, in units of the last place of the sum of all magnitudes

Weights = Float[np.ndarray, "rows letters"]
Mask = Bool[np.ndarray, " letters"]
Row = Float[np.ndarray, " rows"]


class Standing(NamedTuple):
    """What statistics exceed the mean of their null by, and the same in its standard deviations.

    ``skewness`` is that of the null. It and ``score`` are NaN where the null is one value only.
    """

    beyond: Row
    score: Row
    skewness: Row


def among_shifts(weights: Weights, mask: Mask) -> Standing:
    """Where each row's sum inside the mask stands among those for all circular shifts of the mask.

    The mask where it is counts among the shifts.
    """
    sums = shifted_sums(weights - weights.mean(1, keepdims=True), mask)
    squares = sums**2
    third = np.einsum("ij,ij->i", squares, sums) / len(mask)
    return _standing(sums[:, 0], squares.mean(1), third, weights)


def shifted_sums(weights: Weights, mask: Mask) -> Float[np.ndarray, "rows letters"]:
    """The sum inside the mask shifted by 0, 1, 2, ... letters in a circle.

    Shifted by 0 comes first. A few letters, or the differences of running sums at the ends of a few
    stretches, are added up; more are a circular cross-correlation, by Fourier transform.
    """
    letters = len(mask)
    places = np.flatnonzero(mask)
    starts = np.flatnonzero(mask & ~np.concatenate([[False], mask[:-1]]))
    if min(len(places), len(starts)) > _MANY:
        spectrum = np.fft.rfft(weights, axis=1) * np.conj(np.fft.rfft(mask.astype(weights.dtype)))
        return np.fft.irfft(spectrum, n=letters, axis=1)
    sums = np.zeros_like(weights)
    if len(places) <= 2 * len(starts) + 2:
        twice = np.concatenate([weights, weights], axis=1)
        for place in places:
            sums += twice[:, place : place + letters]
        return sums
    ends = np.flatnonzero(mask & ~np.concatenate([mask[1:], [False]])) + 1
    running = _twice_around(weights)
    for start, end in zip(starts, ends, strict=True):
        sums += running[:, end : end + letters]
        sums -= running[:, start : start + letters]
    return sums


def _twice_around(weights: Weights) -> Float[np.ndarray, "rows running"]:
    """Running sums from 0 letters to twice as many as there are, of weights in a circle."""
    letters = weights.shape[1]
    running = np.zeros((len(weights), 2 * letters + 1), dtype=weights.dtype)
    np.cumsum(weights, axis=1, out=running[:, 1 : letters + 1])
    np.add(running[:, 1 : letters + 1], running[:, letters, None], out=running[:, letters + 1 :])
    return running


def among_exchanges(weights: Weights, mask: Mask, letters: str) -> Standing:
    """Where each row's sum stands among those for all exchanges between positions of the same letter.

    k of the n positions of a letter are a sample without replacement. With weights less their mean m over
    the letter, the mean of its sum is 0, its variance k (n - k) / (n - 1) times sum (w - m)^2 / n, and its
    third moment k (n - k) (n - 2 k) / ((n - 1) (n - 2)) times sum (w - m)^3 / n (Cochran 1977, Sampling
    Techniques, theorem 2.2; Sukhatme 1944, Sankhya 6:363-382). Letters are independent.
    """
    codes = np.frombuffer(letters.encode("utf-32-le"), dtype=np.uint32)
    at = np.flatnonzero(np.isin(codes, codes[mask]))
    at = at[np.argsort(codes[at], kind="stable")]
    _, starts, n = np.unique(codes[at], return_index=True, return_counts=True)
    k = np.add.reduceat(mask[at], starts, dtype=np.int64)
    values = weights[:, at]
    values -= np.repeat(np.add.reduceat(values, starts, axis=1) / n.astype(weights.dtype), n, axis=1)
    squares = values**2
    second = k * (n - k) / np.maximum(n - 1, 1) / n
    third = k * (n - k) * (n - 2 * k) / np.maximum((n - 1) * (n - 2), 1) / n
    return _standing(
        values[:, mask[at]].sum(1),
        _added_up(squares, np.repeat(second, n)),
        _added_up(squares * values, np.repeat(third, n)),
        weights,
    )


def _added_up(values: Weights, factors: Float[np.ndarray, " letters"]) -> Row:
    """The sum of each row times factors, by loops of NumPy's own.

    Products of small matrices and vectors by OpenBLAS have set the flag of an invalid operation on finite
    numbers, which NumPy reports as a warning.
    """
    return np.einsum("ij,j->i", values, factors.astype(values.dtype))


def _standing(beyond: Row, second: Row, third: Row, weights: Weights) -> Standing:
    """From central moments; a deviation that rounding could make is none."""
    deviation = np.sqrt(second)
    rounding = ROUNDING * np.finfo(weights.dtype).eps * np.abs(weights).sum(1)
    varied = np.where(deviation > rounding, deviation, np.nan)
    return Standing(beyond, beyond / varied, third / varied**3)


def sum_test(
    scores: Float[np.ndarray, "proteins columns"], skewness: Float[np.ndarray, "proteins columns"]
) -> Float[np.ndarray, " columns"]:
    """One-sided p-value of every column: do the scores of proteins add up to more than nulls give?

    n independent scores of variance 1 have a sum of variance n, and their third moments add up; p is that of
    Pearson's distribution of type III, a gamma distribution moved along, with these moments (Mielke, Berry
    2007, Permutation Methods, chapter 2; Winkler et al. 2016, NeuroImage 141:502-516, doi
    10.1016/j.neuroimage.2016.05.068), or of the normal distribution, whose tail is longer, where skewness is
    negative. It splits the probability of a value that many shifts share in about half, as a mid-p-value
    does. NaN are left out; 1 for a column without any score.
    """
    known = ~np.isnan(scores)
    n = np.maximum(known.sum(0), 1)
    total = np.where(known, scores, 0).sum(0, dtype=np.float64) / np.sqrt(n)
    third = np.where(known, skewness, 0).sum(0, dtype=np.float64) / n**1.5
    return np.where(known.any(0), pearson3.sf(total, np.maximum(third, 0)), 1.0)


def four_moments_test(
    score: Float[np.ndarray, " columns"],
    skewness: Float[np.ndarray, " columns"],
    kurtosis: Float[np.ndarray, " columns"],
    few: Bool[np.ndarray, " columns"],
) -> Float[np.ndarray, " columns"]:
    """One-sided p-value of scores of variance 1 whose null has this skewness and this excess kurtosis.

    That of Pearson's distribution of type I, a beta distribution stretched and moved along, with all four
    moments (Johnson, Kotz, Balakrishnan 1994, Continuous Univariate Distributions 1, section 12.4.1), whose
    tail ends; of type III, as for `sum_test`, where kurtosis is as large as that has it, or larger. Of sums
    of a ``few``, whose tail ends in steps, the larger p of both.
    """
    squared, raw = skewness**2, kurtosis + 3
    room, spread = 6 + 3 * squared - 2 * raw, raw - squared - 1
    ends = (room > _LEAST) & (spread > _LEAST)
    both = 6 * np.where(ends, spread / np.where(ends, room, 1), 1)  # the sum of both shapes
    apart = np.sign(skewness) * np.sqrt(
        squared * (both + 2) ** 2 / (squared * (both + 2) ** 2 + 16 * (both + 1))
    )
    low, high = both / 2 * (1 - apart), both / 2 * (1 + apart)
    place = low / both + score * np.sqrt(low * high / (both + 1)) / both
    third = pearson3.sf(score, np.maximum(skewness, 0))
    first = np.where(ends, beta.sf(place, low, high), third)
    return np.where(few, np.maximum(first, third), first)
