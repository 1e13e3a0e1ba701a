"""Error bars and tests for one value per sequence.

Sequences are the sample: intervals say how far a mean would move with other sequences of the same kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import stats

from relevome.data.errors import InputError

Values: TypeAlias = Float[np.ndarray, " sequences"]
Numbers: TypeAlias = ArrayLike | Sequence[float]  # a tuple is an ArrayLike only to type checkers

# Beyond this many values skewness no longer moves the ends, and jackknifing takes long.
_SMALL = 1000
_AT_ONCE = 1_000_000


class Estimate(NamedTuple):
    """A mean over sequences, or a probability, and the ends of its confidence interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """Two sets of values of the same sequences, the first against the second.

    ``difference`` is the mean of first minus second. ``superiority`` is the probability that the first is
    larger for a sequence, where ties count half. ``p`` is that of the sign-flip test.
    """

    n: int
    difference: Estimate
    superiority: Estimate
    p: float


def bootstrap_interval(values: Numbers, seed: int, draws: int = 2000, level: float = 0.95) -> Estimate:
    """Mean of one value per sequence, and the ends of its bootstrap confidence interval.

    Sequences are drawn with replacement; the ends are percentiles of the means of the draws, corrected for
    bias and skewness (BCa; Efron 1987, JASA 82:171-185), and taken as far out as Student's t has them for
    so few sequences (Hesterberg 2015, The American Statistician 69:371-386), so they stay
    within the range of the values. Raises InputError for fewer than two values or one that is not finite.
    """
    sample = _sample(values)
    if sample.min() == sample.max():
        return Estimate(*[float(sample[0])] * 3)
    found = stats.bootstrap(
        (sample,),
        np.mean,
        n_resamples=draws,
        batch=max(1, _AT_ONCE // len(sample)),
        confidence_level=_widened(level, len(sample)),
        method="BCa" if len(sample) <= _SMALL else "percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = found.confidence_interval
    return Estimate(float(sample.mean()), float(low), float(high))


def paired_test(first: Numbers, second: Numbers, seed: int = 0, draws: int = 9999) -> float:
    """Two-sided p-value of a mean difference between two values of each sequence.

    Were the two exchangeable within each sequence, every difference might as well have the other sign
    (Fisher 1935, The Design of Experiments, section 21). Exact where there are no more ways to choose the
    signs than ``draws``; else p is (1 + draws as extreme) / (1 + draws), never 0. Where many means tie, as
    of ranks among few letters, it rejects less often than its level. Raises InputError for values that do
    not pair up, fewer than two, or not finite.
    """
    difference = _differences(first, second)
    found = stats.permutation_test(
        (difference,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=draws,
        batch=max(1, _AT_ONCE // len(difference)),
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def superiority(first: Numbers, second: Numbers, level: float = 0.95) -> Estimate:
    """Probability that the first value of a sequence is larger than its second; ties count half.

    The interval is Wilson's (1927, JASA 22:209-212), which has a width also where one always wins. Twice
    the probability minus 1 is the matched-pairs dominance d of Cliff (1993, Psychological Bulletin
    114:494-509). Raises InputError as `paired_test` does.
    """
    difference = _differences(first, second)
    n, wins = len(difference), float(np.mean((np.sign(difference) + 1) / 2))
    z = stats.norm.ppf((1 + level) / 2)
    centre = (wins + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * np.sqrt(wins * (1 - wins) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return Estimate(wins, float(max(0, centre - reach)), float(min(1, centre + reach)))


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


def _widened(level: float, n: int) -> float:
    """The level at which percentiles, narrow by sqrt((n - 1) / n), reach as far as Student's t."""
    reach = stats.t.ppf((1 + level) / 2, n - 1) * np.sqrt(n / (n - 1))
    return min(float(1 - 2 * stats.norm.sf(reach)), 1 - 1e-9)  # at 1 SciPy's BCa gives no number


def _sample(values: Numbers) -> Values:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise InputError(
            f"statistics of {sample.size} values: expected at least two, one per sequence, all finite"
        )
    return sample


def _differences(first: Numbers, second: Numbers) -> Values:
    one, two = _sample(first), _sample(second)
    if len(one) != len(two):
        raise InputError(f"{len(one)} values beside {len(two)}: expected one pair per sequence")
    return one - two
