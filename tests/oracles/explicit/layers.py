"""The layers of a transformer, each with its formula forward and the formula of AttnLRP backward.

Relevance is an activation times its gradient in a modified backward pass (Achtibat et al. 2024,
arXiv 2402.05602, in the form of Arras et al. 2025, arXiv 2502.15886). So ``backward`` takes the gradient
at the output of a layer and gives the gradient at its input, by the rule of that layer. ``forward`` has to
come first, since it remembers what ``backward`` holds constant.

A layer works on one sequence, (tokens, channels) in double precision: nothing is padded or batched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

Array = np.ndarray


class Layer(Protocol):
    """One step of a model."""

    def forward(self, x: Array) -> Array:
        """The output of the layer."""
        ...

    def backward(self, gradient: Array) -> Array:
        """From the gradient at the output to that at the input."""
        ...


@dataclass
class Linear:
    """y = W x + b, with the weight (outputs, inputs). The plain gradient; b takes its share and keeps it."""

    weight: Array
    bias: Array | float = 0.0

    def forward(self, x: Array) -> Array:
        return x @ self.weight.T + self.bias

    def backward(self, gradient: Array) -> Array:
        return gradient @ self.weight


@dataclass
class Shift:
    """y = x + c: what is added, such as positions, takes its share and keeps it. The plain gradient."""

    constant: Array

    def forward(self, x: Array) -> Array:
        return x + self.constant

    def backward(self, gradient: Array) -> Array:
        return gradient


@dataclass
class Scale:
    """y = c x with a constant c, one for all or one per token, (tokens, 1). The plain gradient."""

    factor: Array | float

    def forward(self, x: Array) -> Array:
        return x * self.factor

    def backward(self, gradient: Array) -> Array:
        return gradient * self.factor


@dataclass
class LayerNorm:
    """y = w (x - mean x) / std x + b. The standard deviation is a constant, the mean is not (prop. 3.4).

    With the constant s, y = w (I - 1/n) x / s + b, and the gradient is the transposed matrix times the
    gradient at y: (I - 1/n) (w g) / s, since I - 1/n is symmetric.
    """

    weight: Array
    bias: Array
    epsilon: float
    std: Array = field(init=False)

    def forward(self, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        self.std = np.sqrt((centred**2).mean(-1, keepdims=True) + self.epsilon)
        return self.weight * centred / self.std + self.bias

    def backward(self, gradient: Array) -> Array:
        scaled = gradient * self.weight / self.std
        return scaled - scaled.mean(-1, keepdims=True)


@dataclass
class RMSNorm:
    """y = w x / rms x. The root of the mean square is a constant (prop. 3.4)."""

    weight: Array
    epsilon: float
    rms: Array = field(init=False)

    def forward(self, x: Array) -> Array:
        self.rms = np.sqrt((x**2).mean(-1, keepdims=True) + self.epsilon)
        return self.weight * x / self.rms

    def backward(self, gradient: Array) -> Array:
        return gradient * self.weight / self.rms


@dataclass
class Activation:
    """y = f(x), element by element. The ratio y / x is a constant (identity rule, eq. 9); 0 where x is 0."""

    function: Callable[[Array], Array]
    ratio: Array = field(init=False)

    def forward(self, x: Array) -> Array:
        y = self.function(x)
        self.ratio = np.divide(y, x, out=np.zeros_like(x), where=x != 0)
        return y

    def backward(self, gradient: Array) -> Array:
        return gradient * self.ratio


@dataclass
class Gated:
    """y = a(x) b(x), a product of two activations: half the gradient goes to each (uniform rule, eq. 7)."""

    gate: Layer
    value: Layer
    a: Array = field(init=False)
    b: Array = field(init=False)

    def forward(self, x: Array) -> Array:
        self.a, self.b = self.gate.forward(x), self.value.forward(x)
        return self.a * self.b

    def backward(self, gradient: Array) -> Array:
        half = gradient / 2
        return self.gate.backward(half * self.b) + self.value.backward(half * self.a)


@dataclass
class Residual:
    """y = x + f(x): both terms get the whole gradient."""

    body: Layer

    def forward(self, x: Array) -> Array:
        return x + self.body.forward(x)

    def backward(self, gradient: Array) -> Array:
        return gradient + self.body.backward(gradient)


@dataclass
class OneToken:
    """Pooling: the vector of one token, (channels), stands for the sequence. All others get no gradient."""

    index: int
    shape: tuple[int, ...] = field(init=False)

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x[self.index]

    def backward(self, gradient: Array) -> Array:
        spread = np.zeros(self.shape)
        spread[self.index] = gradient
        return spread


class Chain:
    """Layers one after another."""

    def __init__(self, *layers: Layer) -> None:
        self.layers = layers

    def forward(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, gradient: Array) -> Array:
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return gradient
