"""Models that use ``torch.vmap``, beside the same operations on all rows at once."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._functorch import apis
from torch.testing import assert_close

from relevome.attribution.lrp.audit import AuditedRules
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.rules import UnsupportedOperation
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


def test_outputs_on_axes_of_their_own_are_refused_by_name() -> None:
    mixed = torch.vmap(lambda row: (row, row + 1), out_dims=(0, 1))
    with pytest.raises(UnsupportedOperation, match=r"torch.vmap with out_dims \(0, 1\): expected one number"):
        relevance(lambda x: mixed(x)[0])
