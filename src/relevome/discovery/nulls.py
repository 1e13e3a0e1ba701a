"""Where the annotation of a protein might as well have been: shifted in a circle, or on like letters.

Everything is about statistics that are sums of weights of the letters inside (`relevome.placement`). A
statistic becomes its mid-rank among those of a null, from 0 to 1: under the null it is uniform but for ties,
and symmetric about 1/2 however skewed the statistic is, so that a signed-rank test of many is calibrated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

_MANY = 48  # letters or stretches beyond which the Fourier transform is faster
_ROUNDING = 32.0  # of sums, in units of the last place of the sum of all magnitudes

Weights = Float[np.ndarray, "rows letters"]
Mask = Bool[np.ndarray, " letters"]


class Moments(NamedTuple):
    """Mean and standard deviation of a statistic under a null."""

    mean: Float[np.ndarray, " rows"]
    deviation: Float[np.ndarray, " rows"]


def shift_ranks(weights: Weights, mask: Mask) -> Float[np.ndarray, " rows"]:
    """Mid-rank of each row's sum inside the mask among those for all circular shifts of the mask.

    The mask where it is counts among the shifts; ties count half.
    """
    return _midranks(shifted_sums(weights, mask), weights)


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


class Exchanges(NamedTuple):
    """Masks drawn anew among positions of the same letter; what is seen comes first.

    Only positions that are ``free`` differ: their letter is both inside and outside.
    """

    free: np.ndarray
    drawn: Float[np.ndarray, "free masks"]

    def ranks(self, weights: Weights) -> Float[np.ndarray, " rows"]:
        """Mid-rank of each row's sum inside the mask among those of all draws."""
        some = weights[:, self.free]
        return _midranks(some @ self.drawn.astype(weights.dtype, copy=False), some)


def exchanges(mask: Mask, letters: str, draws: int, rng: np.random.Generator) -> Exchanges:
    """Draw masks that have as many positions of every letter inside as a mask has."""
    codes = _codes(letters)
    free = np.flatnonzero(np.isin(codes, codes[mask]) & np.isin(codes, codes[~mask]))
    drawn = np.zeros((len(free), draws + 1), dtype=np.float32)
    drawn[:, 0] = mask[free]
    for code in np.unique(codes[free]):
        at = np.flatnonzero(codes[free] == code)
        chosen = rng.random((draws, len(at)), dtype=np.float32).argsort(1)[:, : int(mask[free][at].sum())]
        drawn[at[chosen], np.arange(1, draws + 1)[:, None]] = 1
    return Exchanges(free, drawn)


def exchange_moments(weights: Weights, mask: Mask, letters: str) -> Moments:
    """Mean and deviation of each row's sum over all exchanges among positions of the same letter.

    k of the n positions of a letter are a sample without replacement: the mean of their sum is k times the
    mean weight m of that letter, and its variance k (n - k) / (n - 1) times the variance of its weights,
    sum (w - m)^2 / n (Cochran 1977, Sampling Techniques, theorem 2.2). Letters are independent.
    """
    codes = _codes(letters)
    own = (codes[:, None] == np.unique(codes[mask])).astype(weights.dtype)
    n, inside = own.sum(0), own[mask].sum(0)
    mean = weights @ (own / n)
    variances = np.maximum(weights**2 @ (own / n) - mean**2, 0)
    variance = variances @ (inside * (n - inside) / np.maximum(n - 1, 1))
    return Moments(mean @ inside, np.sqrt(variance))


def _codes(letters: str) -> np.ndarray:
    return np.frombuffer(letters.encode("utf-32-le"), dtype=np.uint32)


def _midranks(sums: Float[np.ndarray, "rows masks"], weights: Weights) -> Float[np.ndarray, " rows"]:
    """Mid-rank of the first sum of every row among all of the row, from 0 to 1."""
    rounding = _ROUNDING * np.finfo(weights.dtype).eps * np.abs(weights).sum(1, keepdims=True)
    below = _count(sums < sums[:, :1] - rounding)
    above = _count(sums > sums[:, :1] + rounding)
    return (1 + (below - above) / sums.shape[1]) / 2


def _count(rows: np.ndarray) -> np.ndarray:
    """How many of each row are true; bits are counted faster than truths are added."""
    return np.bitwise_count(np.packbits(rows, axis=1)).sum(1, dtype=np.int64)
