"""Models that use ``torch.vmap``, beside the same operations on all rows at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._functorch import apis
from torch.testing import assert_close

import relevome
from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.heads import HeadRecorder
from relevome.attribution.lrp.interception import Interception
from relevome.attribution.lrp.rules import UnsupportedOperation
from relevome.attribution.lrp.watching import Watching
from relevome.errors import InputError
from tests.attribution.lrp.test_engine import relevance
from tests.attribution.lrp.under_rules import drawn

# pyright: reportPrivateImportUsage=false

X, KEYS = drawn(2, 3, 5, 4), drawn(3, 7, 4)


def _scores(query: Tensor, keys: Tensor) -> Tensor:
    """As Borzoi's relative positions: products of queries with keys, read along diagonals."""
    return F.gelu(query @ keys.T).flatten().as_strided((5, 3), (6, 1), 2)


mapped = torch.vmap(torch.vmap(_scores), in_dims=(0, None))


class Mapped(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return mapped(x, KEYS)


class AtOnce(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        products = F.gelu(torch.einsum("bhid,hjd->bhij", x, KEYS)).flatten(2)
        places = 2 + 6 * torch.arange(5)[:, None] + torch.arange(3)
        return products[..., places]


@pytest.mark.parametrize("rules", [Rules, AuditedRules])
def test_relevance_is_that_of_all_rows_at_once(rules: type[Rules]) -> None:
    assert_close(relevance(Mapped(), X, rules()), relevance(AtOnce(), X, rules()))
    assert_close(relevance(Mapped(), X, rules()).sum(), Mapped()(X)[:, 0].sum())


def test_products_of_two_activations_give_half_to_each() -> None:
    gated = torch.vmap(lambda row: torch.sigmoid(row[:2]) * row[3:], in_dims=2, out_dims=2)
    found = relevance(lambda x: gated(x).movedim(1, 0), X[0].movedim(0, 1))
    at_once = relevance(lambda x: (torch.sigmoid(x[:2]) * x[3:]).movedim(1, 0), X[0].movedim(0, 1))
    assert_close(found, at_once)


def test_vmap_is_as_it_was_afterwards() -> None:
    whole = apis.vmap_impl
    with pytest.raises(UnsupportedOperation, match=r"torch.cumprod"):
        relevance(torch.vmap(lambda row: torch.cumprod(row, -1)))
    assert apis.vmap_impl is whole
    with Rules():
        with Rules():
            pass
        assert apis.vmap_impl is not whole
    assert apis.vmap_impl is whole


@pytest.mark.parametrize("rules", [lambda: Rules(heads=HeadRecorder()), lambda: Watching(HeadRecorder())])
def test_heads_within_vmap_are_refused(rules: Callable[[], Interception]) -> None:
    """A row has no axis of the batch, from which heads could be told."""
    with pytest.raises(UnsupportedOperation, match=r"cannot be seen .*torch\.vmap"), rules():
        torch.add(mapped(X.clone().requires_grad_().exp(), KEYS), 1)


def test_outputs_on_axes_of_their_own_are_refused_by_name() -> None:
    mixed = torch.vmap(lambda row: (row, row + 1), out_dims=(0, 1))
    with pytest.raises(UnsupportedOperation, match=r"torch.vmap with out_dims \(0, 1\): expected one number"):
        relevance(lambda x: mixed(x)[0])


class MappedAttention(nn.Module):
    """Attention of one sequence after another, by ``torch.vmap``."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.out = nn.Linear(4, 8), nn.Linear(8, 24), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        return self.out((x + torch.vmap(self.attended)(x)).mean(1))

    def attended(self, row: Tensor) -> Tensor:
        q, k, v = self.qkv(row).reshape(-1, 3, 2, 4).permute(1, 2, 0, 3).unbind(0)
        return ((q @ k.mT).softmax(-1) @ v).transpose(0, 1).flatten(1)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("attention", "attention within torch.vmap cannot be read"),
        ("rollout", "attention within torch.vmap cannot be read"),
        ("deeplift-shap", "no rule for the operation torch.vmap"),
    ],
)
def test_what_other_methods_cannot_see_there_is_refused(method: str, message: str) -> None:
    model = relevome.from_module(MappedAttention(), channels="last", length=20)
    with pytest.raises(InputError, match=message):
        relevome.explain(model, ["ACGTTGCAACGGTTATAATG"], method)


class AttentionAtOnce(MappedAttention):
    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        q, k, v = self.qkv(x).reshape(*x.shape[:2], 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        return self.out((x + ((q @ k.mT).softmax(-1) @ v).transpose(1, 2).flatten(2)).mean(1))


@pytest.mark.parametrize("method", ["attnlrp", "lrp"])
def test_attention_there_has_its_rules(method: str) -> None:
    found = []
    for kind in (MappedAttention, AttentionAtOnce):
        torch.manual_seed(0)
        model = relevome.from_module(kind().double(), channels="last", length=20)
        run = relevome.explain(model, ["ACGTTGCAACGGTTATAATG", "ACGTTGCAACGGTTATAACC"], method)
        found.append([one.relevance for one in run])
    np.testing.assert_allclose(*found, rtol=1e-5)
