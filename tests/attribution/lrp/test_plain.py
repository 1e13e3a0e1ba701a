"""Where AttnLRP says that it is gradient x input, it is; where it says nothing, it differs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import relevome
from relevome.attribution import methods
from relevome.attribution.lrp.engine import Rules
from relevome.ledger import SAME
from relevome.models.base import Batch, Model
from relevome.report.runs import remarks
from tests.attribution.lrp.test_engine import relevance
from tests.attribution.lrp.under_rules import drawn
from tests.toys import TOYS

X = drawn(2, 4, 8)
W = drawn(8, 8)
CONVOLUTION = nn.Conv1d(4, 4, 3, padding=1).double().requires_grad_(False)
NORM = nn.BatchNorm1d(4).double().eval().requires_grad_(False)


def in_place(x: Tensor) -> Tensor:
    y = F.relu(x @ W, inplace=True) + 0.0
    y += x
    return y.relu_() @ W


PLAIN: dict[str, Callable[[Tensor], Tensor]] = {
    "a CNN": lambda x: F.max_pool1d(F.relu(NORM(CONVOLUTION(x))), 2),
    "what changes tensors in place": in_place,
    "sums and constants": lambda x: (x - x.mean(-1, keepdim=True)) @ W / 3 + x,
    "a softmax at the end": lambda x: torch.softmax(x @ W, -1) @ W,
    "attention by constants": lambda x: torch.einsum("btc,cd->btd", x, W) * W[0],
}
OTHER: dict[str, Callable[[Tensor], Tensor]] = {
    "GELU": lambda x: F.gelu(x @ W),
    "a sigmoid": lambda x: torch.sigmoid(x),
    "a gate": lambda x: F.relu(x) * (x @ W),
    "a product of matrices": lambda x: x @ x.mT,
    "a layer norm": lambda x: F.layer_norm(x, (8,)) @ W,
    "a norm by hand": lambda x: x / x.pow(2).mean(-1, keepdim=True).sqrt(),
    "attention in one call": lambda x: F.scaled_dot_product_attention(x, x, x),
    "a clamp": lambda x: (x @ W).clamp(0.1, 0.5),
    "a glu, which is opened": lambda x: F.glu(x),
}


@pytest.mark.parametrize("name", [*PLAIN, *OTHER])
def test_rules_are_called_plain_exactly_where_relevance_is_gradient_x_input(name: str) -> None:
    function = (PLAIN | OTHER)[name]
    rules = Rules()
    found = relevance(function, X, rules)
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(x)[:, 0].sum(), x)
    same = torch.allclose(found, (x * gradient).detach(), rtol=1e-12, atol=1e-14)
    assert (rules.plain, same) == (name in PLAIN, name in PLAIN)


@pytest.mark.parametrize(
    ("toy", "method", "options", "plain"),
    [
        ("cnn", "attnlrp", {}, True),
        ("cnn", "attnlrp", {"reference": "mean", "site": "block"}, True),
        ("cnn", "lrp", {"rules": "zero"}, True),
        ("cnn", "lrp", {}, False),
        ("cnn", "lrp", {"rules": "epsilon:1e-9"}, False),
        ("cnn", "gradient-x-input", {}, False),
        ("esm", "attnlrp", {}, False),
        ("letters-masked", "attnlrp", {}, False),
        ("dnabert2", "attnlrp", {}, False),
    ],
)
def test_a_method_notes_that_it_was_gradient_x_input(
    toy_model: Callable[[str], Model], toy: str, method: str, options: dict[str, str], plain: bool
) -> None:
    model, made = toy_model(toy), TOYS[toy]
    sequences = made.sequences(24, 30)
    batch = Batch(tuple(map(model.tokenize, sequences)), (made.target(model),) * 2)
    found = methods[method](**options).attribute(model, batch)
    assert [one.notes.get(SAME, 0) for one in found] == [int(plain)] * 2
    plain_options = {key: value for key, value in options.items() if key != "rules"}
    gradients = methods["gradient-x-input"](**plain_options).attribute(model, batch)
    pairs = [(one.values, other.values) for one, other in zip(found, gradients, strict=True)]
    given = [(one, other) for one, other in pairs if one is not None and other is not None]
    same = all(np.allclose(one, other, rtol=1e-10, atol=1e-12) for one, other in given)
    assert len(given) == len(pairs)
    assert same or not plain


def test_a_run_says_what_its_method_amounted_to_and_what_to_take_instead(
    toy_model: Callable[[str], Model],
) -> None:
    model = toy_model("cnn")
    run = relevome.explain(model, ["ACGTTGCATAATGGCA", "ACGTTTTATAATGGCA"], "attnlrp", target=1)
    assert run.manifest["counts"][SAME] == 2
    (said,) = remarks(run)
    assert said.startswith("attnlrp is gradient x input here")
    for instead in ("lrp, with gamma or zplus", "deeplift-shap", "integrated-gradients", "mutagenesis"):
        assert instead in said
    assert remarks(relevome.explain(model, ["ACGTTGCATAATGGCA"], "lrp", target=1)) == []
