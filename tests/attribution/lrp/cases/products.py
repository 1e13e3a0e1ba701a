"""Products and quotients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import expit
from torch import Tensor

from tests.attribution.lrp.under_rules import Array, Case, drawn

_T = torch.Tensor
A, B = drawn(3, 4, 5), drawn(4, 1, seed=1)
LEFT, RIGHT = drawn(2, 3, 4), drawn(2, 4, 5, seed=1)
M, N, V, W = drawn(3, 4), drawn(4, 5, seed=1), drawn(4, seed=2), drawn(4, seed=3)
ADDED, THIRD = drawn(3, 5, seed=4), drawn(2, 3, 5, seed=5)


def t(x: Array) -> Array:
    """Matrices transposed."""
    return x.swapaxes(-1, -2)


def by_elements(function: Any, call: Callable[..., Tensor] | None = None) -> Case:
    """Half of the other factor to each, summed where it was broadcast (eq. 7)."""
    a, b = A.numpy(), B.numpy()
    halves = lambda above: [above * b / 2, (above * a / 2).sum((0, 2))[:, None]]  # noqa: E731
    return Case(function, (A, B), halves, call or function, a * b)


def of_matrices(function: Any, a: Tensor, b: Tensor, call: Callable[..., Tensor] | None = None) -> Case:
    x, y = a.numpy(), b.numpy()
    return Case(function, (a, b), lambda above: [above @ t(y) / 2, t(x) @ above / 2], call or function, x @ y)


def divided(function: Any) -> Case:
    """All to the numerator (proposition 3.4)."""
    a, b = A.numpy(), B.numpy()
    return Case(function, (A, B), lambda above: [above / b, np.zeros(b.shape)], function, a / b)


def of_a_vector(function: Any) -> Case:
    m, v = M.numpy(), V.numpy()
    return Case(
        function, (M, V), lambda above: [np.outer(above, v) / 2, m.T @ above / 2], function, m @ v
    )  # fmt: skip


def of_vectors(function: Any) -> Case:
    v, w = V.numpy(), W.numpy()
    return Case(function, (V, W), lambda above: [above * w / 2, above * v / 2], function, np.array(v @ w))


def outer(function: Any) -> Case:
    v, w = V.numpy(), W.numpy()
    return Case(function, (V, W), lambda above: [above @ w / 2, v @ above / 2], function, np.outer(v, w))


def added(function: Any, c: Tensor, a: Tensor, b: Tensor, call: Callable[..., Tensor] | None = None) -> Case:
    """beta c + alpha a b, with half of the gradient to a and b."""
    x, y = a.numpy(), b.numpy()
    call = call or (lambda c, a, b: function(c, a, b, beta=0.7, alpha=1.3))
    to_products = lambda above: [1.3 * above @ t(y) / 2, 1.3 * t(x) @ above / 2]  # noqa: E731
    return Case(
        function, (c, a, b), lambda above: [0.7 * above, *to_products(above)], call,
        0.7 * c.numpy() + 1.3 * x @ y, exact=False,
    )  # fmt: skip


def added_vector(function: Any) -> Case:
    m, v = M.numpy(), V.numpy()
    c = drawn(3, seed=6)
    return Case(
        function, (c, M, V),
        lambda above: [0.7 * above, 1.3 * np.outer(above, v) / 2, 1.3 * m.T @ above / 2],
        lambda c, a, b: function(c, a, b, beta=0.7, alpha=1.3),
        0.7 * c.numpy() + 1.3 * m @ v, exact=False,
    )  # fmt: skip


def multiplied_and_added(function: Any) -> Case:
    c, a, b = (drawn(3, 4, seed=seed) for seed in (1, 2, 3))
    return Case(
        function, (c, a, b),
        lambda above: [above, above * 0.3 * b.numpy() / 2, above * 0.3 * a.numpy() / 2],
        lambda c, a, b: function(c, a, b, value=0.3),
        c.numpy() + 0.3 * a.numpy() * b.numpy(), exact=False,
    )  # fmt: skip


def between(function: Any) -> Case:
    """a + w (b - a): halves of the product w (b - a), and all of a."""
    a, b, w = (drawn(3, 4, seed=seed) for seed in (1, 2, 3))
    x, y, z = a.numpy(), b.numpy(), w.numpy()
    return Case(
        function, (a, b, w),
        lambda above: [above * (1 - z / 2), above * z / 2, above * (y - x) / 2],
        function, x + z * (y - x), exact=False,
    )  # fmt: skip


def gated() -> Case:
    x = drawn(3, 10)
    a, b = np.split(x.numpy(), 2, axis=-1)
    return Case(
        F.glu, (x,),
        lambda above: [np.concatenate([above * expit(b) / 2, above * a / 2 * expit(b) / b], -1)],
        F.glu, a * expit(b), exact=False,
    )  # fmt: skip


def bilinear() -> Case:
    a, b, table, bias = drawn(3, 4), drawn(3, 5, seed=1), drawn(2, 4, 5, seed=2), drawn(2, seed=3)
    x, y, w = a.numpy(), b.numpy(), table.numpy()
    output = np.stack([((x @ w[o]) * y).sum(-1) + bias[o].item() for o in range(2)], -1)

    def halves(above: Array) -> list[Array]:
        of_each = [(above[:, o, None] * (y @ w[o].T) / 2, above[:, o, None] * (x @ w[o]) / 2) for o in (0, 1)]
        return [of_each[0][0] + of_each[1][0], of_each[0][1] + of_each[1][1]]

    return Case(F.bilinear, (a, b), halves, lambda a, b: F.bilinear(a, b, table, bias), output, exact=False)


def einsum_of_three() -> Case:
    """A third to each; written out as a sum over every index."""
    a, b, c = drawn(2, 3), drawn(3, 4, seed=1), drawn(2, 4, seed=2)
    x, y, z = a.numpy(), b.numpy(), c.numpy()
    return Case(
        torch.einsum, (a, b, c),
        lambda above: [
            (above[:, None] * (z @ y.T)) / 3,
            (x * above[:, None]).T @ z / 3,
            above[:, None] * (x @ y) / 3,
        ],
        lambda a, b, c: torch.einsum("ij,jk,ik->i", a, b, c),
        ((x @ y) * z).sum(-1), exact=False,
    )  # fmt: skip


PRODUCTS = [
    *map(by_elements, (torch.mul, torch.multiply, _T.mul, _T.multiply, _T.__mul__, _T.__rmul__)),
    by_elements(_T.mul, lambda a, b: a.mul(other=b)),
    *(of_matrices(f, LEFT, RIGHT) for f in (torch.matmul, _T.matmul, _T.__matmul__, torch.bmm, _T.bmm)),
    of_matrices(torch.matmul, LEFT, RIGHT, lambda a, b: torch.matmul(a, other=b)),
    of_matrices(_T.bmm, LEFT, RIGHT, lambda a, b: a.bmm(mat2=b)),
    *(of_matrices(f, M, N) for f in (torch.mm, _T.mm)),
    *map(of_a_vector, (torch.mv, _T.mv)),
    *map(of_vectors, (torch.dot, _T.dot)),
    *map(outer, (torch.outer, _T.outer)),
    *(added(f, ADDED, M, N) for f in (torch.addmm, _T.addmm)),
    *(added(f, THIRD, LEFT, RIGHT) for f in (torch.baddbmm, _T.baddbmm)),
    added(_T.baddbmm, THIRD, LEFT, RIGHT,
          lambda c, a, b: c.baddbmm(batch1=a, batch2=b, beta=0.7, alpha=1.3)),
    added(torch.addmm, ADDED, M, N, lambda c, a, b: torch.addmm(c, mat1=a, mat2=b, beta=0.7, alpha=1.3)),
    *map(added_vector, (torch.addmv, _T.addmv)),
    *map(multiplied_and_added, (torch.addcmul, _T.addcmul)),
    *map(between, (torch.lerp, _T.lerp)),
    gated(),
    bilinear(),
    of_matrices(torch.einsum, LEFT, RIGHT, lambda a, b: torch.einsum("bij,bjk->bik", a, b)),
    of_matrices(torch.einsum, LEFT, RIGHT, lambda a, b: torch.einsum("...ij,...jk", [a, b])),
    of_matrices(torch.einsum, M, N, lambda a, b: torch.einsum(a, [0, 1], b, [1, 2], [0, 2])),
    einsum_of_three(),
]  # fmt: skip

QUOTIENTS = [
    divided(f)
    for f in (torch.div, torch.true_divide, torch.divide, _T.div, _T.true_divide, _T.divide, _T.__truediv__)
]

CASES = [*PRODUCTS, *QUOTIENTS]
