"""Convolutions with strides, and layers without relevance."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from relevome.attribution.lrp.engine import Rules
from tests.attribution.lrp.under_rules import assert_equal, check, drawn, the_same, under_rules


def test_strides_dilation_and_same_padding_are_linear() -> None:
    x, weight = drawn(2, 3, 8), drawn(5, 3, 3, seed=1)
    check(the_same(F.conv1d, x, call=lambda x: F.conv1d(x, weight, stride=2, dilation=2)))
    check(the_same(F.conv1d, x, call=lambda x: F.conv1d(x, weight, padding="same")))
    check(the_same(F.conv1d, x, call=lambda x: torch.conv1d(input=x, weight=weight)))


def test_a_convolution_by_a_weight_that_is_an_activation_is_a_product() -> None:
    x, weight = drawn(2, 3, 6), drawn(4, 3, 1, seed=1)
    a, b = x.numpy(), weight.numpy()[:, :, 0]
    _, (to_x, to_weight), above = under_rules(F.conv1d, x, weight)
    assert_equal(to_x, np.einsum("bol,oc->bcl", above, b) / 2)
    assert_equal(to_weight[:, :, 0], np.einsum("bol,bcl->oc", above, a) / 2)


def test_what_carries_no_relevance_is_left_alone() -> None:
    x, weight = drawn(2, 6), drawn(4, 6, seed=1)
    with Rules():
        assert torch.equal(F.linear(x, weight), x @ weight.t())
