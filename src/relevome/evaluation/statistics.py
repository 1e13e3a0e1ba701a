"""Error bars and tests for one value per sequence.

Sequences are the sample: intervals say how far a mean would move with other sequences of the same kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import inf
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy import stats

from relevome.errors import InputError
from relevome.placement import scaled
from relevome.results.comparison import Paired
from relevome.results.estimate import Estimate
from relevome.words import counted

Values: TypeAlias = Float[np.ndarray, " sequences"]
Weights: TypeAlias = Float[np.ndarray, "draws sequences"]
Numbers: TypeAlias = ArrayLike | Sequence[float]  # a tuple is an ArrayLike only to type checkers

# Beyond this many values skewness hardly moves the ends, and Student's t says the same as the bootstrap.
_SMALL = 1000
_AT_ONCE = 1_000_000
_ROUNDING = 1e-12
# Beta(a, a (a + 1) / (1 - a)) has a standard deviation as large as its mean for every a. Of 1/2, 3/10 and 1/4
# the last covers best where values are few and skewed (docs/benchmarks.md).
_BETA = (1 / 4, 5 / 12)


class _Scale(NamedTuple):
    """A scale on which a mean between two bounds varies alike everywhere; without bounds, that of the values.

    asin(sqrt(x)) of the place x between them, as for a share of tosses (Bartlett 1936, Journal of the Royal
    Statistical Society Supplement 3:68-78).
    """

    low: float
    high: float

    def within(self, values: Values) -> Values:
        """Values as they are, but for rounding at the bounds. Raises InputError for one that lies beyond."""
        inside = np.clip(values, self.low, self.high)
        if not np.allclose(inside, values, rtol=0, atol=1e-9):
            raise InputError(
                f"values from {values.min():g} to {values.max():g}: expected none beyond {self.low:g} and "
                f"{self.high:g}"
            )
        return inside

    def of(self, values: Values) -> Values:
        if np.isinf(self.low):
            return values
        return np.arcsin(np.sqrt(np.clip((values - self.low) / (self.high - self.low), 0, 1)))

    def back(self, scaled: Values) -> Values:
        if np.isinf(self.low):
            return scaled
        return self.low + (self.high - self.low) * np.sin(np.clip(scaled, 0, np.pi / 2)) ** 2

    def slope(self, values: Values) -> Values:
        """How much the scale moves with the value."""
        if np.isinf(self.low):
            return np.ones_like(values)
        least = (_ROUNDING * (self.high - self.low)) ** 2
        return 0.5 / np.sqrt(np.maximum((values - self.low) * (self.high - values), least))


def bootstrap_interval(
    values: Numbers,
    seed: int,
    draws: int = 2000,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Estimate:
    """Mean of one value per sequence, and the ends of its bootstrap confidence interval.

    Bootstrap-t (Hall 1988, Annals of Statistics 16:927-953): how many standard deviations the mean of a draw
    lies off tells how far the true mean may, skewness and few sequences heeded. A draw gives every
    sequence a random weight, Beta(1/4, 5/12), instead of a count, so that no draw is without spread (Owen
    2025, arXiv:2508.10083, with Beta(1/2, 3/2)); its variance is divided by 1 less the sum of squared
    weights, so that it is unbiased. Above 1,000 values it is Student's t. Where values have ``bounds``, all
    this is on a scale on which a mean near a bound varies as much as one in the middle. Ends stay within the
    range of the values. Raises InputError for fewer than two values, one that is not finite or beyond bounds.
    """
    scale = _Scale(*(bounds or (-inf, inf)))
    sample = scale.within(_sample(values))
    lowest, highest = float(sample.min()), float(sample.max())
    if lowest == highest:
        return Estimate(lowest, lowest, lowest)
    tails, n, mean = [(1 + level) / 2, (1 - level) / 2], len(sample), sample.mean(keepdims=True)
    if n <= _SMALL:
        reach = np.quantile(_deviations(sample, _weights(n, seed, draws), scale), tails)
    else:
        reach = stats.t.ppf(tails, n - 1) / np.sqrt(n)
    ends = scale.back(scale.of(mean) - reach * scale.slope(mean) * sample.std(ddof=1))
    low, high = np.clip(ends, lowest, highest)
    return Estimate(float(mean[0]), float(low), float(high))


def student_interval(values: Numbers, level: float = 0.95) -> Estimate:
    """Mean of one value per sequence and its interval by Student's t (1908, Biometrika 6:1-25).

    Of values in two heaps, as logits of two classes are, the bootstrap's may go to the end of one heap: of 12
    sequences, three of them in the other, it was 1.6 times as wide, and missed 4% where this one missed 7%.
    Raises InputError for fewer than two values, or one that is not finite.
    """
    sample = _sample(values)
    mean, spread = float(sample.mean()), float(sample.std(ddof=1)) / np.sqrt(len(sample))
    reach = float(stats.t.ppf((1 + level) / 2, len(sample) - 1)) * spread
    return Estimate(mean, mean - reach, mean + reach)


def share_interval(values: Numbers, level: float = 0.95) -> Estimate:
    """Mean of one value from 0 to 1 per sequence, such as right or wrong, and Wilson's interval.

    It is that of a share (Wilson 1927, JASA 22:209-212), and has a width also where all values are 0 or 1.
    Values between have no larger variance than those, so that it covers at least as often; probabilities in
    two heaps, of 6 to 30 sequences, in 97% or more of samples, where bootstrap-t and Student's t covered 65
    to 97%. Raises InputError as `student_interval` does, and for a value beyond 0 and 1.
    """
    sample = _Scale(0.0, 1.0).within(_sample(values))
    return _wilson(float(sample.mean()), len(sample), level)


def crossed_interval(values: Float[np.ndarray, "trainings sequences"], level: float = 0.95) -> Estimate:
    """Mean over trainings and sequences, and its interval for others of both kinds.

    Trainings and sequences are two crossed random effects (Cornfield, Tukey 1956, Annals of Mathematical
    Statistics 27:907-949): with the mean squares of trainings T, sequences S and what is left R, the variance
    of the mean is (T + S - R) / n, for n values. Where R is larger than T or S, which it is not expected to
    be, it counts as much as that. The interval is Student's, with the degrees of freedom of Satterthwaite
    (1946, Biometrics Bulletin 2:110-114).

    Args:
        values: One for every training and sequence, two or more of each, all finite.
        level: The share of intervals that cover the mean. Default: 0.95.

    Raises:
        InputError: For fewer than two trainings or sequences, and for values that are not finite.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or min(found.shape) < 2 or not np.isfinite(found).all():
        raise InputError(
            f"values of shape {found.shape}: expected two or more trainings and sequences, all finite"
        )
    trainings, sequences = found.shape
    mean, of_trainings, of_sequences = found.mean(), found.mean(1), found.mean(0)
    rest = found - of_trainings[:, None] - of_sequences + mean
    squares = np.array([
        sequences * ((of_trainings - mean) ** 2).sum() / (trainings - 1),
        trainings * ((of_sequences - mean) ** 2).sum() / (sequences - 1),
        (rest**2).sum() / ((trainings - 1) * (sequences - 1)),
    ])  # fmt: skip
    freedom = np.array([trainings - 1, sequences - 1, (trainings - 1) * (sequences - 1)])
    squares[2] = min(squares)
    total = squares[0] + squares[1] - squares[2]
    if total <= 0:
        return Estimate(float(mean), float(mean), float(mean))
    reach = stats.t.ppf((1 + level) / 2, total**2 / (squares**2 / freedom).sum())
    width = float(reach * np.sqrt(total / found.size))
    return Estimate(float(mean), float(mean) - width, float(mean) + width)


def paired_test(first: Numbers, second: Numbers, seed: int = 0, draws: int = 9999) -> float:
    """Two-sided mid-p-value of a mean difference between two values of each sequence.

    Were the two exchangeable within each sequence, every difference might as well have the other sign
    (Fisher 1935, The Design of Experiments, section 21). All ways to choose the signs are taken where there
    are no more than ``draws``; else p is that of the draws and what was seen, never 0. Means as extreme as
    the one seen count half (mid-p; Lancaster 1961, JASA 56:223-234): where many tie, as of ranks among few
    letters, the whole of them would reject too seldom. 1 where no values differ. Raises InputError for
    values that do not pair up, fewer than two, or not finite.
    """
    difference = _differences(first, second)
    if not difference.any():
        return 1.0
    sums, seen = np.abs(_flipped(difference, seed, draws)), abs(difference.sum())
    tied = np.abs(sums - seen) <= _ROUNDING * np.abs(difference).sum()
    return float(np.mean(np.where(tied, 0.5, sums > seen)))


def superiority(first: Numbers, second: Numbers, level: float = 0.95) -> Estimate:
    """Probability that the first value of a sequence is larger than its second; ties count half.

    The interval is Wilson's (1927, JASA 22:209-212), which has a width also where one always wins. Twice
    the probability minus 1 is the matched-pairs dominance d of Cliff (1993, Psychological Bulletin
    114:494-509). Raises InputError as `paired_test` does.
    """
    difference = _differences(first, second)
    n, wins = len(difference), float(np.mean((np.sign(difference) + 1) / 2))
    return _wilson(wins, n, level)


def compare(first: Numbers, second: Numbers, seed: int = 0, draws: int = 9999) -> Paired:
    """Whether and by how much the first values exceed the second; see `Paired`.

    Raises InputError for values that do not pair up, fewer than two, or not finite.
    """
    difference = _differences(first, second)
    return Paired(
        len(difference),
        bootstrap_interval(difference, seed),
        superiority(first, second),
        paired_test(first, second, seed, draws),
    )


def adjusted(p_values: Sequence[float], method: str = "bh") -> list[float]:
    """P-values of many tests, adjusted so that those below x have a false discovery rate below x.

    ``bh`` holds for tests that are independent or depend positively (Benjamini, Hochberg 1995, JRSS B
    57:289-300), ``by`` for any (Benjamini, Yekutieli 2001, Annals of Statistics 29:1165-1188). Raises
    InputError for another method or a value that is no probability.
    """
    if method not in ("bh", "by"):
        raise InputError(f"unknown correction {method!r}: expected bh or by")
    values = np.asarray(p_values, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise InputError(f"p-values {list(p_values)[:5]}: expected numbers from 0 to 1")
    return stats.false_discovery_control(values, method=method).tolist() if len(values) else []


def auroc(
    scores: Float[np.ndarray, "*rows n"], positive: Bool[np.ndarray, " n"]
) -> Float[np.ndarray, "*rows"]:
    """Probability that a positive has a higher score than a negative, ties counting half (Mann-Whitney)."""
    ranks = stats.rankdata(scores, axis=-1)
    n = int(positive.sum())
    wins = ranks[..., positive].sum(-1) - n * (n + 1) / 2
    return np.asarray(wins / (n * (len(positive) - n)))


def correlation(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"]) -> float:
    """Pearson correlation; 0 where one of the two is the same everywhere."""
    if first.min() == first.max() or second.min() == second.max():
        return 0.0
    first, second = (one.astype(np.float64) for one in (first, second))
    first, second = scaled(first - first.mean()), scaled(second - second.mean())
    return float(np.clip(first @ second / np.sqrt((first @ first) * (second @ second)), -1, 1))


def _wilson(share: float, n: int, level: float) -> Estimate:
    z = stats.norm.ppf((1 + level) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # rounding may leave an end on the wrong side of a share of 0 or 1
    return Estimate(
        share, float(max(0, min(share, centre - reach))), float(min(1, max(share, centre + reach)))
    )


@lru_cache(maxsize=4)  # most of an evaluation asks for the same ones
def _weights(n: int, seed: int, draws: int) -> Weights:
    """What every one of n sequences counts in every draw."""
    drawn = np.random.default_rng(seed).beta(*_BETA, (draws, n))
    drawn /= drawn.sum(1, keepdims=True)
    drawn.setflags(write=False)
    return drawn


def _deviations(sample: Values, weights: Weights, scale: _Scale) -> Float[np.ndarray, " draws"]:
    """How many standard deviations of its own the mean of every draw lies above that of the sample."""
    mean = sample.mean(keepdims=True)
    centred = sample - mean
    off, squares = (weights @ np.stack([centred, centred**2], axis=1)).T
    # Where one sequence has all the weight, rounding may leave less than nothing.
    biased = np.maximum(squares - off**2, _ROUNDING**2 * squares.max())
    variance = biased / np.maximum(1 - (weights**2).sum(1), _ROUNDING)
    moved = scale.of(mean + off) - scale.of(mean)
    return moved / (scale.slope(mean + off) * np.sqrt(variance))


def _flipped(difference: Values, seed: int, draws: int) -> Float[np.ndarray, " draws"]:
    """The sum of differences for all choices of signs; or for some that are drawn, and the one seen."""
    n = len(difference)
    if 2**n <= draws:
        flips = np.arange(2**n)[:, None] >> np.arange(n) & 1
        return difference.sum() - 2 * flips @ difference
    rng, rows = np.random.default_rng(seed), max(1, _AT_ONCE // n)
    sizes = [min(rows, draws - first) for first in range(0, draws, rows)]
    turned = [rng.integers(0, 2, (size, n), dtype=np.int8) @ difference for size in sizes]
    return difference.sum() - 2 * np.concatenate([[0.0], *turned])


def _sample(values: Numbers) -> Values:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise InputError(
            f"statistics of {counted(sample.size, 'value')}: expected at least two, one per sequence, all "
            "finite"
        )
    return sample


def _differences(first: Numbers, second: Numbers) -> Values:
    one, two = _sample(first), _sample(second)
    if len(one) != len(two):
        raise InputError(f"{counted(len(one), 'value')} beside {len(two)}: expected one pair per sequence")
    return one - two
