"""What a fused attention weighs its values by: the values so weighed are what torch gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from relevome.attribution.lrp.fused import FusedAttention
from tests.attribution.lrp.cases.attention import ALIBI, MASK, K, Q, V
from tests.attribution.lrp.under_rules import drawn

BLIND = MASK.clone()
BLIND[0, :, 2] = False

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "mask": {"attn_mask": MASK},
    "the same mask for every query": {"attn_mask": MASK[:, :, :1]},
    "a query that sees nothing": {"attn_mask": BLIND},
    "bias": {"attn_mask": ALIBI},
    "causal": {"is_causal": True},
    "scale": {"scale": 0.3},
    "shared keys": {"query": drawn(2, 6, 5, 4), "enable_gqa": True},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_values_so_weighed_are_what_torch_gives(options: dict[str, Any]) -> None:
    given: dict[str, Any] = {"query": Q, "key": K, "value": V} | options
    call = FusedAttention(**given)
    found = call.weights() @ call.by_head(V)
    np.testing.assert_allclose(found, F.scaled_dot_product_attention(**given), rtol=0, atol=1e-12)


def test_arguments_may_come_by_place() -> None:
    call = FusedAttention(Q, K, V, ALIBI, 0.0, False)
    np.testing.assert_array_equal(call.weights(), FusedAttention(Q, K, attn_mask=ALIBI, value=V).weights())


def test_half_precision_is_computed_in_single() -> None:
    half = FusedAttention(Q.bfloat16(), K.bfloat16(), V.bfloat16(), ALIBI.bfloat16())
    assert half.weights().dtype == half.bias().dtype == torch.float32
    np.testing.assert_allclose(half.weights(), FusedAttention(Q, K, V, ALIBI).weights(), rtol=0, atol=0.02)
