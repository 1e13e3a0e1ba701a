"""What holds over trainings: values of the same sequences by several trainings of one model."""

from __future__ import annotations

from math import sqrt

import numpy as np
from jaxtyping import Float
from scipy import stats

from relevome.errors import InputError
from relevome.results.estimate import Estimate

Values = Float[np.ndarray, "trainings sequences"]


def crossed_interval(values: Values, level: float = 0.95) -> Estimate:
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
    width = float(reach * sqrt(total / found.size))
    return Estimate(float(mean), float(mean) - width, float(mean) + width)
