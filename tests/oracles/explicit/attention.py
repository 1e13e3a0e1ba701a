"""Attention forward and backward, and what tells it positions: rotation, distance, order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.oracles.explicit.layers import Chain, Layer, Linear

Array = np.ndarray


@dataclass
class Attention:
    """softmax(scale Q K' + bias) V, head by head, and the projections around it.

    Both matrix products are products of two activations: half the gradient goes to each factor (uniform
    rule, eq. 7). The softmax has its plain gradient (prop. 3.1). The bias is a constant that broadcasts to
    (heads, queries, keys). ``rotation`` is what queries and keys go through before they meet, if anything.
    With ``groups`` n, every head of keys and values serves n heads of queries.

    ``rule`` is another choice: under ``cp`` the weights are constants, and only values get anything; under
    ``gim`` the softmax has its gradient at half the scores, a temperature of 2.

    ``relevance`` is context times gradient before the output projection, (heads, tokens).
    """

    query: Linear
    key: Linear
    value: Linear
    output: Linear
    heads: int
    scale: float
    bias: Array | float = 0.0
    rotation: Layer = field(default_factory=Chain)
    groups: int = 1
    rule: str = "attnlrp"
    relevance: Array = field(init=False)

    def forward(self, x: Array) -> Array:
        self.q = self.rotation.forward(self._split(self.query.forward(x)))
        self.k = self.rotation.forward(self._share(self._split(self.key.forward(x))))
        self.v = self._share(self._split(self.value.forward(x)))
        self.scores = self.scale * self.q @ transpose(self.k) + self.bias
        self.weights = softmax(self.scores)
        self.context = self.weights @ self.v
        return self.output.forward(join(self.context))

    def backward(self, gradient: Array) -> Array:
        # without self, a name is the gradient at what self has under that name
        context = self._split(self.output.backward(gradient))
        self.relevance = (self.context * context).sum(-1)
        if self.rule == "cp":
            return self.value.backward(join(self._gather(transpose(self.weights) @ context)))
        v = transpose(self.weights) @ context / 2
        weights = context @ transpose(self.v) / 2
        at = softmax(self.scores / 2) if self.rule == "gim" else self.weights
        scores = self.scale * softmax_backward(at, weights)
        q = scores @ self.k / 2
        k = transpose(scores) @ self.q / 2
        return (
            self.query.backward(join(self.rotation.backward(q)))
            + self.key.backward(join(self._gather(self.rotation.backward(k))))
            + self.value.backward(join(self._gather(v)))
        )

    def _split(self, x: Array) -> Array:
        """(tokens, heads x channels) -> (heads, tokens, channels), for any number of heads."""
        channels = self.query.weight.shape[0] // self.heads
        return x.reshape(len(x), -1, channels).transpose(1, 0, 2)

    def _share(self, x: Array) -> Array:
        """Each head of keys or values, once for every head of queries that it serves."""
        return np.repeat(x, self.groups, axis=0)

    def _gather(self, gradient: Array) -> Array:
        """The transpose of ``_share``: the sum over the heads of queries."""
        return gradient.reshape(-1, self.groups, *gradient.shape[1:]).sum(1)


def join(x: Array) -> Array:
    """(heads, tokens, channels) -> (tokens, heads x channels)."""
    return x.transpose(1, 0, 2).reshape(x.shape[1], -1)


def transpose(x: Array) -> Array:
    """Rows and columns of every head."""
    return x.transpose(0, 2, 1)


def softmax(scores: Array) -> Array:
    """Over keys, the last axis."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def softmax_backward(weights: Array, gradient: Array) -> Array:
    """The plain gradient: (diag(w) - w w') g for every query."""
    return weights * (gradient - (weights * gradient).sum(-1, keepdims=True))


@dataclass
class Rotary:
    """Rotary positions (Su et al. 2021, arXiv 2104.09864): channels i and i + half turn in their plane.

    By position / base^(2 i / channels). The gradient goes through the transposed matrix: back by the angle.
    """

    tokens: int
    channels: int
    base: float

    def forward(self, x: Array) -> Array:
        return turn(x, self.angles)

    def backward(self, gradient: Array) -> Array:
        return turn(gradient, -self.angles)

    @property
    def angles(self) -> Array:
        """(tokens, channels / 2)."""
        speeds = self.base ** (-np.arange(0, self.channels, 2) / self.channels)
        return np.outer(np.arange(self.tokens), speeds)


def turn(x: Array, angles: Array) -> Array:
    """The first and the second half of the channels, turned by angles into each other."""
    a, b = np.split(x, 2, axis=-1)
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def distances(tokens: int) -> Array:
    """Key minus query, (queries, keys)."""
    return np.arange(tokens) - np.arange(tokens)[:, None]


def causal(tokens: int) -> Array:
    """A bias that keeps what comes later out of sight."""
    return np.where(distances(tokens) > 0, -np.inf, 0.0)


def alibi(heads: int, tokens: int) -> Array:
    """-slope |key - query|, with a slope of its own for every head (Press et al. 2022)."""
    return -alibi_slopes(heads)[:, None, None] * np.abs(distances(tokens))


def alibi_slopes(heads: int) -> Array:
    """2^(-8 i / heads), i = 1 ... heads, if that is a power of two.

    Else those of the power of two below, then every other one of those of the power of two above.
    """
    below = 2 ** int(np.log2(heads))
    coarse = 2.0 ** (-8 / below * np.arange(1, below + 1))
    between = 2.0 ** (-4 / below * np.arange(1, 2 * below, 2))
    return np.concatenate([coarse, between])[:heads]
