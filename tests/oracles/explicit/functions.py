"""Element-wise non-linearities."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

Array = np.ndarray


def gelu(x: Array) -> Array:
    """x times the normal distribution function (Hendrycks and Gimpel 2016)."""
    return x * (1 + erf(x / np.sqrt(2))) / 2


def gelu_by_tanh(x: Array) -> Array:
    """The approximation of GELU that T5 uses."""
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2


def silu(x: Array) -> Array:
    """x times the logistic function."""
    return x / (1 + np.exp(-x))
