"""The estimate of one pass: equal to attention times a gradient that is taken by differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor

from relevome.attribution.attention_weights import contributions, contributions_by_query
from relevome.data.sequences import Sequence
from relevome.discovery.pairs.estimate import attention_estimate, rank_agreement
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


class Changed:
    """Attention spelt out, one of whose layers can be changed; it keeps the weights of all."""

    def __init__(self, layer: int = -1, change: Tensor | None = None) -> None:
        self.weights: list[Tensor] = []
        self._layer, self._change = layer, change

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, *_: Any, **named: Any) -> Tensor:
        scores = query @ key.mT * (named.get("scale") or query.shape[-1] ** -0.5)
        if named.get("is_causal"):
            scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -torch.inf)
        found = scores.softmax(-1)
        self.weights.append(found)
        if self._change is not None and len(self.weights) - 1 == self._layer:
            found = found + self._change
        return found @ value


def summed_odds(model: Model, sequence: Sequence, attend: Changed) -> float:
    """The sum of the log odds of the letters that are there, those that nothing predicts left out."""
    tokens, ids = model.tokenize(sequence), model.tokenizer.letter_ids()
    assert ids is not None
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(torch.nn.functional, "scaled_dot_product_attention", attend)
        batch = Batch((tokens,), (Target(0, "", 0),))
        logits = model.module(input_ids=model.inputs(batch)["input_ids"]).logits[0]
    total = 0.0
    for place, letter in zip(np.flatnonzero(~tokens.special), sequence.letters, strict=True):
        if place >= model.kind.ahead:
            row = logits[place - model.kind.ahead, ids]
            own = model.alphabet.letters.index(letter)
            total += float(row[own] - torch.cat([row[:own], row[own + 1 :]]).logsumexp(0))
    return total


def by_differences(model: Model, sequence: Sequence) -> np.ndarray:
    """At [i, j] the sum over heads and layers of |attention times slope|, each slope from two more passes."""
    places = np.flatnonzero(~model.tokenize(sequence).special)
    read = places - model.kind.ahead
    summed_odds(model, sequence, own := Changed())
    found, step = np.zeros((len(places),) * 2), 1e-3
    for layer, one in enumerate(own.weights):
        for head, (i, j) in itertools.product(range(one.shape[1]), np.ndindex(found.shape)):
            if i == j or read[j] < 0:
                continue
            change = torch.zeros_like(one)
            change[0, head, read[j], places[i]] = step
            up, down = (summed_odds(model, sequence, Changed(layer, sign * change)) for sign in (1, -1))
            found[i, j] += abs(float(one[0, head, read[j], places[i]]) * (up - down) / (2 * step))
    return found


@pytest.mark.parametrize("name", ["esm-masked", "residues-causal"])
def test_it_is_attention_times_its_slope(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    (sequence,) = TOYS[name].sequences(3, seed=4)
    found = attention_estimate(model, sequence).values
    expected = by_differences(model, sequence)
    if model.kind.ahead:
        assert np.isnan(found[np.tri(3, k=-1, dtype=bool)]).all()
        found, expected = np.nan_to_num(found), np.triu(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
    assert found.any()


@pytest.mark.parametrize("name", ["esm", "bpe", "dnabert"])
def test_of_a_classifier_it_is_of_its_target_and_symmetrical(toy_model: ToyModel, name: str) -> None:
    model, toy = toy_model(name), TOYS[name]
    (sequence,) = toy.sequences(9)
    target = toy.target(model)
    found = attention_estimate(model, sequence, target).values
    np.testing.assert_allclose(found, found.T)
    assert found.shape == (9, 9)
    assert (found > 0).any()


def test_of_both_strands_each_half_is_that_of_the_one_that_sees_it(toy_model: ToyModel) -> None:
    model = toy_model("llama-causal")
    (sequence,) = TOYS["llama-causal"].sequences(8)
    found = attention_estimate(model, sequence).values
    other = attention_estimate(model, sequence.reverse_complement()).values
    np.testing.assert_allclose(found, other[::-1, ::-1])
    assert (found[~np.eye(8, dtype=bool)] > 0).sum() > 40


def test_outputs_of_every_letter_have_one_too(toy_model: ToyModel) -> None:
    model, toy = toy_model("protbert-residues"), TOYS["protbert-residues"]
    (sequence,) = toy.sequences(6)
    found = attention_estimate(model, sequence).values
    assert (found[~np.eye(6, dtype=bool)] > 0).all()


def test_summed_over_queries_they_are_the_contributions_of_tokens(toy_model: ToyModel) -> None:
    model, toy = toy_model("esm"), TOYS["esm"]
    batch = toy.batch(model, 7, 5)
    for by_query, summed in zip(
        contributions_by_query(model, batch), contributions(model, batch), strict=True
    ):
        assert torch.equal(by_query.sum(-2), summed)


def test_a_model_without_attention_has_none(toy_model: ToyModel) -> None:
    model, toy = toy_model("cnn"), TOYS["cnn"]
    (sequence,) = toy.sequences(30)
    with pytest.raises(InputError, match="has no attention over its tokens"):
        attention_estimate(model, sequence, toy.target(model))


def test_agreement_is_of_order_over_pairs_that_both_have() -> None:
    first = np.array([[0.0, 3, 2], [np.nan, 0, 1], [np.nan, np.nan, 0]])
    second = np.array([[9.0, 30, 20], [7, 9, 10], [5, 6, 9]])
    assert rank_agreement(first, second) == pytest.approx(1)
    assert rank_agreement(first, -second) == pytest.approx(-1)
    assert rank_agreement(first, 1 / second) == pytest.approx(-1)
    assert rank_agreement(first, np.ones((3, 3))) is None
    assert rank_agreement(first, second, apart=2) is None
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 9, 9))
    pairs = [(i, j) for i in range(9) for j in range(9) if abs(i - j) >= 6]
    expected, _ = spearmanr([one[pair] for pair in pairs], [other[pair] for pair in pairs])
    assert rank_agreement(one, other, apart=6) == pytest.approx(expected)
    assert rank_agreement(np.zeros((1, 1)), np.zeros((1, 1))) is None
