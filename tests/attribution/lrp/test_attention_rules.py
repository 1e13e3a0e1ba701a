"""Choices for attention against formulas by hand, spelt out and in one call, and their ledgers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import softmax
from torch import Tensor, nn

from relevome.attribution.attnlrp import AttnLRP
from relevome.attribution.layerwise import LRP
from relevome.attribution.lrp.accounts import Account
from relevome.attribution.lrp.attention_rules import AttentionRule, apart, attention_rules
from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.heads import HeadRecorder
from relevome.attribution.lrp.table import Rule
from relevome.errors import InputError
from relevome.ledger import SAME, Ledger
from relevome.models.base import Model
from tests.attribution.lrp.cases.attention import ALIBI, K, Q, V, to_logits
from tests.attribution.lrp.under_rules import Array, assert_equal, drawn, gradients, leaves_of, under_rules
from tests.toys import TOYS

Formula = Callable[[Array, Array, Array, Array, Array], list[Array]]
BATCH, HEADS, TOKENS, WIDTH = 2, 3, 5, 4


def rule(name: str) -> AttentionRule:
    return apart(f"attention={name}")[0]


def of_constants(q: Array, k: Array, v: Array, above: Array, bias: Array) -> list[Array]:
    """Values get p' g, and nothing else anything."""
    weights = softmax(q @ k.swapaxes(-1, -2) / 2 + bias, axis=-1)
    return [0 * q, 0 * k, weights.swapaxes(-1, -2) @ above]


def tempered(temperature: float) -> Formula:
    """Half to each factor, and the Jacobian of the softmax at the logits over a temperature."""

    def formula(q: Array, k: Array, v: Array, above: Array, bias: Array) -> list[Array]:
        scores = q @ k.swapaxes(-1, -2) / 2 + bias
        weights, at = softmax(scores, axis=-1), softmax(scores / temperature, axis=-1)
        logits = to_logits(at, above @ v.swapaxes(-1, -2) / 2)
        to_k = logits.swapaxes(-1, -2) @ q / 4
        return [logits @ k / 4, to_k, weights.swapaxes(-1, -2) @ above / 2]

    return formula


FORMULAS: dict[str, Formula] = {
    "attnlrp": tempered(1.0), "cp": of_constants, "gim": tempered(2.0), "gim:0.7": tempered(0.7),
    "gim:1": tempered(1.0),
}  # fmt: skip


def by_matmul(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.softmax(q @ k.transpose(-1, -2) * 0.5 + ALIBI, -1) @ v


def by_index(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    logits = torch.einsum("bhqc,bhkc->bhqk", q, k) / 2 + ALIBI
    return torch.einsum("bhqk,bhkc->bhqc", [logits.softmax(-1), v])


def heads_in_the_batch(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    q, k, v = (t.reshape(6, *t.shape[2:]) for t in (q, k, v))
    logits = torch.baddbmm(ALIBI.expand(2, 3, 5, 7).reshape(6, 5, 7), q, k.transpose(1, 2), alpha=0.5)
    return torch.bmm(F.softmax(logits, dim=-1), v).view(2, 3, 5, 6)


def in_one_call(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, ALIBI)


def element_by_element(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """A pooling, as many write it."""
    weights = torch.softmax(q @ k.transpose(-1, -2) * 0.5 + ALIBI, -1)
    return (weights.unsqueeze(-1) * v.unsqueeze(-3)).sum(-2)


def weights_on_the_way(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Moved, cut, put together again and scaled, they are still the weights."""
    weights = torch.softmax(q @ k.transpose(-1, -2) * 0.5 + ALIBI, -1).transpose(-1, -2)
    weights = torch.cat([weights[..., :3, :], weights[..., 3:, :]], -2).transpose(-1, -2)
    weights = torch.where(torch.ones(5, 7, dtype=torch.bool), weights * 2, 0.0) / 2.0
    weights = F.pad(weights, (1, 2))[..., 1:-2]
    weights.mul_(torch.ones(5, 1, dtype=v.dtype))
    return torch.baddbmm(torch.zeros(6, 5, 6, dtype=v.dtype), weights.flatten(0, 1), v.flatten(0, 1)).view(
        2, 3, 5, 6
    )


WAYS = [
    by_matmul, by_index, heads_in_the_batch, in_one_call, element_by_element, weights_on_the_way,
]  # fmt: skip


def ledger_of(function: Callable[..., Tensor], chosen: AttentionRule, *inputs: Tensor) -> Ledger:
    leaves, rules = leaves_of(inputs), AuditedRules(attention=chosen)
    with rules:
        output = function(*leaves)
    above = drawn(*output.shape, seed=99)
    found = gradients(output, leaves, above)
    tokens = sum((x * g).sum().item() for x, g in zip(inputs, found, strict=True))
    return rules.ledger((output.detach() * above).sum().item(), tokens)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("function", WAYS)
def test_attention_has_the_formula_of_its_rule_however_it_is_written(
    function: Callable[..., Tensor], name: str
) -> None:
    q, k, v, bias = (t.numpy() for t in (Q, K, V, ALIBI))
    rules = Rules(attention=rule(name))
    exact = not (name.startswith("gim") and function is in_one_call)
    _, found, above = under_rules(function, Q, K, V, rules=rules, exact=exact)
    for one, expected in zip(found, FORMULAS[name](q, k, v, above, bias), strict=True):
        assert_equal(one, expected)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("function", WAYS)
def test_the_ledger_closes(function: Callable[..., Tensor], name: str) -> None:
    """Under constant weights softmax and ALIBI get nothing."""
    ledger = ledger_of(function, rule(name), Q, K, V)
    assert ledger.unaccounted_share < 1e-12
    kept = abs(ledger.absorbed["softmax"]) + abs(ledger.absorbed["positions"])
    assert (kept == 0) == (name == "cp")
    if name == "cp":
        assert ledger.tokens == pytest.approx(ledger.logit, rel=1e-12)


@dataclass(frozen=True)
class Mixed:
    """The rules of one choice, and the accounts of another."""

    rules: AttentionRule
    other: AttentionRule

    @property
    def instead(self) -> Mapping[Rule, Rule]:
        return self.rules.instead

    @property
    def accounts(self) -> Mapping[Rule, Account]:
        return self.other.accounts


@pytest.mark.parametrize(
    ("function", "name", "other"),
    [(in_one_call, "cp", "attnlrp"), (by_matmul, "gim", "attnlrp"), (by_matmul, "gim", "gim:5")],
)
def test_with_the_account_of_another_choice_it_does_not(
    function: Callable[..., Tensor], name: str, other: str
) -> None:
    """An account does not look at the gradients that the rule gave."""
    assert ledger_of(function, Mixed(rule(name), rule(name)), Q, K, V).unaccounted < 1e-10
    assert ledger_of(function, Mixed(rule(name), rule(other)), Q, K, V).unaccounted > 1e-3


@pytest.mark.parametrize("name", ["cp", "gim"])
def test_attention_over_constants_goes_to_what_is_left(name: str) -> None:
    """Values that are constants leave the weights, by the softmax of the rule; weights are not held then."""
    temperature = 2.0 if name == "gim" else 1.0
    for function in (by_matmul, in_one_call):
        _, (found,), above = under_rules(
            lambda q, function=function: function(q, K, V), Q, rules=Rules(attention=rule(name)), exact=False
        )
        scores = (Q @ K.mT / 2 + ALIBI).numpy() / temperature
        expected = to_logits(softmax(scores, axis=-1), above @ V.mT.numpy()) @ K.numpy() / 2
        assert_equal(found, expected)


def test_constant_queries_leave_values_the_same_by_every_rule() -> None:
    for name in FORMULAS:
        for function in WAYS:
            _, (found,), above = under_rules(
                lambda v, function=function: function(Q, K, v), V, rules=Rules(attention=rule(name)),
                exact=False,
            )  # fmt: skip
            assert_equal(found, of_constants(Q.numpy(), K.numpy(), V.numpy(), above, ALIBI.numpy())[2])


class Layers(nn.Module):
    """Attention layers one after another, each added to what it reads, without projections of values."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.queries = [drawn(WIDTH, WIDTH, seed=i) for i in range(layers)]

    def forward(self, x: Tensor) -> Tensor:
        for query in self.queries:
            x = x + torch.softmax((x @ query) @ x.transpose(-1, -2), -1) @ x
        return x


@pytest.mark.parametrize("layers", [1, 2])
def test_layers_with_constant_weights_are_one_matrix(layers: int) -> None:
    """y = (1 + P_n) ... (1 + P_1) x: the gradient is the product of the transposed matrices."""
    model, x = Layers(layers), drawn(BATCH, TOKENS, WIDTH)
    _, (found,), above = under_rules(model, x, rules=Rules(attention=rule("cp")))
    state, matrices = x.numpy(), []
    for query in model.queries:
        scores = state @ query.numpy() @ state.swapaxes(-1, -2)
        matrices.append(np.eye(TOKENS) + softmax(scores, axis=-1))
        state = matrices[-1] @ state
    expected = above
    for matrix in reversed(matrices):
        expected = matrix.swapaxes(-1, -2) @ expected
    assert_equal(found, expected)


def test_a_context_has_the_relevance_of_its_values() -> None:
    """What heads are told is what goes into the values, by the sum over all."""
    recorder = HeadRecorder()
    with Rules(heads=recorder, attention=rule("cp")):
        leaves = leaves_of((Q, K, V))
        output = in_one_call(*leaves)
    above = drawn(*output.shape, seed=99)
    to_q, to_k, to_v = gradients(output, leaves, above)
    heads = recorder.relevance(2, 5)[:, 0]
    assert heads.shape == (2, 3, 5)
    np.testing.assert_allclose(heads.sum(-1), (V * to_v).sum((-1, -2)), atol=1e-12)
    assert not to_q.any()
    assert not to_k.any()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", ["attnlrp", "cp", "gim"])
def test_a_module_of_torch_follows_its_parts(name: str, bias: bool) -> None:
    module = nn.MultiheadAttention(12, HEADS, bias=bias, batch_first=True, dtype=torch.float64).eval()
    with torch.no_grad():
        for number, parameter in enumerate(module.parameters()):
            parameter.copy_(drawn(*parameter.shape, seed=number) / 2)
    module.requires_grad_(False)
    x = drawn(BATCH, TOKENS, 12)

    def by_hand(x: Tensor) -> Tensor:
        added = module.in_proj_bias if bias else None
        parts = F.linear(x, module.in_proj_weight, added).chunk(3, -1)
        q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in parts)
        context = torch.softmax(q @ k.transpose(-1, -2) / 2.0, -1) @ v
        return F.linear(context.transpose(1, 2).flatten(2), module.out_proj.weight, module.out_proj.bias)

    _, (found,), _ = under_rules(
        lambda x: module(x, x, x)[0], x, rules=Rules(attention=rule(name)), exact=False
    )
    _, (expected,), _ = under_rules(by_hand, x, rules=Rules(attention=rule(name)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_a_softmax_that_nothing_is_multiplied_with_keeps_its_gradient() -> None:
    """Probabilities at the end of a model are no attention weights."""
    x = drawn(3, 5)
    for name in ("attnlrp", "cp"):
        _, (found,), above = under_rules(lambda x: F.softmax(x, -1), x, rules=Rules(attention=rule(name)))
        assert_equal(found, to_logits(softmax(x.numpy(), axis=-1), above))


def test_half_precision_goes_back_to_itself() -> None:
    q, k, v = (t.bfloat16().requires_grad_() for t in (Q, K, V))
    with Rules(attention=rule("gim")):
        output = F.scaled_dot_product_attention(q, k, v)
    assert output.dtype == torch.bfloat16
    assert all(g.dtype == torch.bfloat16 for g in torch.autograd.grad(output.sum(), (q, k, v)))


@pytest.mark.parametrize("name", sorted(set(TOYS) - {"cnn"}))
def test_the_default_is_the_published_rule_bit_for_bit(toy_model: Callable[[str], Model], name: str) -> None:
    model = toy_model(name)
    batch = TOYS[name].batch(model, 6, 8)
    usual = AttnLRP().attribute(model, batch)
    named = AttnLRP(rules={"attention": "attnlrp"}).attribute(model, batch)
    at_one = AttnLRP(rules="attention=gim:1").attribute(model, batch)
    for a, b, c in zip(usual, named, at_one, strict=True):
        assert a.values is not None
        assert c.values is not None
        np.testing.assert_array_equal(a.values, b.values)
        np.testing.assert_allclose(a.values, c.values, rtol=1e-9, atol=1e-12)


def test_lrp_takes_a_rule_for_attention_beside_those_of_layers(toy_model: Callable[[str], Model]) -> None:
    model = toy_model("protbert")
    batch = TOYS["protbert"].batch(model, 6)
    (found,) = LRP(rules="zero,attention=cp", audit=True).attribute(model, batch)
    (expected,) = AttnLRP(rules="attention=cp").attribute(model, batch)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-10)  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert found.ledger is not None
    assert found.ledger.unaccounted_share < 1e-11
    (alone,) = LRP(rules={"attention": "cp"}).attribute(model, batch)
    (both,) = LRP(rules=f"{LRP().rules},attention=cp").attribute(model, batch)
    np.testing.assert_array_equal(alone.values, both.values)


def test_on_a_cnn_no_choice_differs_from_gradient_x_input(toy_model: Callable[[str], Model]) -> None:
    model = toy_model("cnn")
    batch = TOYS["cnn"].batch(model, 30)
    (usual,) = AttnLRP().attribute(model, batch)
    for name in attention_rules:
        (found,) = AttnLRP(rules=f"attention={name}").attribute(model, batch)
        np.testing.assert_array_equal(found.values, usual.values)
        assert found.notes == usual.notes == {SAME: 1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("attention=x", "--rules attention=x: expected one of attnlrp, cp, gim$"),
        ("attention=cp:2", "--rules attention=cp:2: expected cp$"),
        ("attention=gim:warm", "--rules attention=gim:warm: expected gim, or gim:NUMBER, the temperature$"),
        ("attention=gim:0", "--rules attention=gim:0: expected a temperature above 0$"),
        ("linear=gamma", "--rules linear=gamma: attnlrp has a choice for attention alone"),
        ("cp", "--rules cp: attnlrp has a choice for attention alone"),
    ],
)
def test_what_is_no_choice_is_refused_in_one_line(given: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        AttnLRP(rules=given)
