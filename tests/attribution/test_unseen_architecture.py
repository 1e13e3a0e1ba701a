"""A model that relevome has never seen: names, residual layout and attention of its own, explained correctly.

The oracle goes back through the layers by hand, in numpy, one sequence at a time and without padding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from torch import Tensor, nn

from relevome.attribution.attnlrp import AttnLRP
from relevome.attribution.lrp.flow import Flow
from relevome.attribution.lrp.rules import RULES
from relevome.models.base import Model
from tests.architectures import Architecture

Array = np.ndarray
OUTPUTS = 5


class Bed(nn.Module):
    """Attention by einsum that prefers what is near, and a gated part beside it; both read one norm."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.LayerNorm(10)
        self.ask, self.hold, self.carry = (nn.Parameter(torch.zeros(3, 4, 10)) for _ in range(3))
        self.gather = nn.Parameter(torch.zeros(3, 4, 10))
        self.reach = nn.Parameter(torch.ones(3))
        self.gate, self.flow = (nn.Parameter(torch.zeros(10, 7)) for _ in range(2))
        self.settle = nn.Parameter(torch.zeros(7, 10))
        self.ground = nn.Parameter(torch.zeros(10))

    def forward(self, tide: Tensor, outside: Tensor) -> Tensor:
        calm = self.level(tide)
        asked, held, carried = (
            torch.einsum("btc,hdc->bthd", calm, table) for table in (self.ask, self.hold, self.carry)
        )
        places = torch.arange(tide.shape[1])
        distance = (places[:, None] - places).abs().to(tide.dtype)
        match = torch.einsum("bqhd,bkhd->bhqk", asked, held) / math.sqrt(4)
        match = match - self.reach[:, None, None] * distance
        weights = match.masked_fill(outside, float("-inf")).softmax(-1)
        context = torch.einsum("bhqk,bkhd->bqhd", weights, carried)
        mixed = torch.einsum("bqhd,hdc->bqc", context, self.gather)
        gated = torch.nn.functional.silu(calm @ self.gate) * (calm @ self.flow)
        return 0.9 * tide + mixed + (gated @ self.settle + self.ground)


class Reef(nn.Module):
    """Beds one after another, and an average of tokens that the model weighs itself."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.glyphs = nn.Embedding(words, 10)
        self.beds = nn.ModuleList(Bed() for _ in range(2))
        self.interest = nn.Parameter(torch.zeros(10))
        self.crown = nn.Linear(10, OUTPUTS)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.glyphs

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        tide = self.glyphs(input_ids)
        outside = attention_mask == 0
        for bed in self.beds:
            tide = bed(tide, outside[:, None, None])
        interest = (tide @ self.interest).masked_fill(outside, float("-inf")).softmax(-1)
        return SimpleNamespace(logits=self.crown(torch.einsum("bt,btc->bc", interest, tide)))


REEF = Architecture(Reef, attention=(None,))


@dataclass
class BedByHand:
    """A bed for one sequence, (tokens, channels), and the way back through it."""

    weights: dict[str, Array]

    def forward(self, x: Array) -> Array:
        w = self.weights
        self.std = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        z = (x - x.mean(-1, keepdims=True)) / self.std * w["level.weight"] + w["level.bias"]
        self.q, self.k, self.v = (np.einsum("tc,hdc->thd", z, w[n]) for n in ("ask", "hold", "carry"))
        distance = np.abs(np.subtract.outer(np.arange(len(x)), np.arange(len(x))))
        logits = np.einsum("qhd,khd->hqk", self.q, self.k) / 2 - w["reach"][:, None, None] * distance
        self.attention = softmax(logits, -1)
        self.context = np.einsum("hqk,khd->qhd", self.attention, self.v)
        self.opening, self.passing = z @ w["gate"], z @ w["flow"]
        gated = self.opening * expit(self.opening) * self.passing
        mixed = np.einsum("qhd,hdc->qc", self.context, w["gather"])
        return 0.9 * x + mixed + gated @ w["settle"] + w["ground"]

    def backward(self, g: Array) -> Array:
        to_norm = self.back_from_attention(g) + self.back_from_gate(g @ self.weights["settle"].T)
        scaled = to_norm * self.weights["level.weight"] / self.std  # the variance is a constant
        return 0.9 * g + scaled - scaled.mean(-1, keepdims=True)

    def back_from_attention(self, g: Array) -> Array:
        """Half to each factor of both products."""
        to_context = np.einsum("qc,hdc->qhd", g, self.weights["gather"])
        self.heads = (self.context * to_context).sum(-1).T
        to_attention = np.einsum("qhd,khd->hqk", to_context, self.v) / 2
        inner = (to_attention * self.attention).sum(-1, keepdims=True)
        to_logits = self.attention * (to_attention - inner) / 2
        to_v = np.einsum("hqk,qhd->khd", self.attention, to_context) / 2
        to_q = np.einsum("hqk,khd->qhd", to_logits, self.k) / 2
        to_k = np.einsum("hqk,qhd->khd", to_logits, self.q) / 2
        parts = zip((to_q, to_k, to_v), ("ask", "hold", "carry"), strict=True)
        return sum((np.einsum("thd,hdc->tc", part, self.weights[name]) for part, name in parts), np.zeros(()))

    def back_from_gate(self, g: Array) -> Array:
        """Half to each factor; SiLU is the identity times the constant sigmoid(x)."""
        opened = expit(self.opening)
        to_opening = g * self.passing / 2 * opened
        to_passing = g * self.opening * opened / 2
        return to_opening @ self.weights["gate"].T + to_passing @ self.weights["flow"].T


def by_hand(model: Model, ids: Array, target: int) -> tuple[Array, Array, Array]:
    """Logits, relevance of tokens, and of heads (layers, heads, tokens)."""
    weights = {name: tensor.numpy() for name, tensor in model.module.state_dict().items()}
    beds = [
        BedByHand({n.removeprefix(f"beds.{i}."): w for n, w in weights.items() if n.startswith(f"beds.{i}.")})
        for i in range(2)
    ]
    x = embedding = weights["glyphs.weight"][ids]
    for bed in beds:
        x = bed.forward(x)
    share = softmax(x @ weights["interest"])
    logits = share @ x @ weights["crown.weight"].T + weights["crown.bias"]
    g = weights["crown.weight"][target]
    to_share = x @ g / 2
    to_interest = share * (to_share - share @ to_share)
    back = np.outer(share, g) / 2 + np.outer(to_interest, weights["interest"])
    for bed in reversed(beds):
        back = bed.backward(back)
    return logits, (embedding * back).sum(-1), np.stack([bed.heads for bed in beds])


def assert_close(found: Array | None, expected: Array) -> None:
    assert found is not None
    assert found.shape == expected.shape
    assert np.linalg.norm(found - expected) < 1e-8 * np.linalg.norm(expected)


def test_the_pass_by_hand_is_the_model() -> None:
    model = REEF.make()
    batch = REEF.batch(model)
    with torch.no_grad():
        logits = model.module(**model.inputs(batch)).logits.numpy()
    for row, tokens in zip(logits, batch.tokens, strict=True):
        assert_close(row, by_hand(model, tokens.ids, 0)[0])


def test_a_model_never_seen_is_explained_as_by_hand() -> None:
    model = REEF.make()
    batch = REEF.batch(model)
    found = AttnLRP(heads=True, audit=True).attribute(model, batch)
    for relevance, target in zip(found, batch.targets, strict=True):
        logits, tokens, heads = by_hand(model, relevance.tokens.ids, target.index)
        assert relevance.score == pytest.approx(logits[target.index], rel=1e-12)
        assert_close(relevance.values, tokens)
        assert_close(relevance.heads, heads)
        assert relevance.ledger is not None
        assert relevance.ledger.unaccounted_share < 1e-9


def test_with_a_broken_rule_the_account_names_the_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of the gradient to each factor of a product, instead of its share."""

    def broken(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return func(*args, **kwargs)

    whole = AttnLRP(audit=True).attribute(model := REEF.make(), batch := REEF.batch(model))
    monkeypatch.setitem(RULES, torch.einsum, broken)
    for right, relevance in zip(whole, AttnLRP(audit=True).attribute(model, batch), strict=True):
        ledger = relevance.ledger
        assert ledger is not None
        assert ledger.unaccounted_share > 1e-2
        assert ledger.worst is not None
        assert ledger.worst.operation == "torch.functional.einsum"
        others = [entry for entry in ledger.entries if entry is not ledger.worst]
        assert max(entry.unaccounted for entry in others) < 1e-9
        assert right.ledger is not None
        assert right.ledger.unaccounted_share < 1e-9
