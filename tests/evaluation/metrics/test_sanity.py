"""Weight randomisation: explanations that do not look at the weights are caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from relevome.attribution import Relevance, methods
from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.sanity import (
    Randomisation,
    layers_from_the_top,
    remaining_similarity,
    weight_randomisation,
)
from relevome.models.base import Batch, Model
from tests.evaluation.additive import TARGET, additive_model, proteins, worth
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


@dataclass(frozen=True)
class ByPlace:
    """Looks neither at the model nor at the letters."""

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        return [
            Relevance(tokens, target, 0.0, letters=np.arange(len(tokens.sequence), dtype=float))
            for tokens, target in zip(batch.tokens, batch.targets, strict=True)
        ]


@dataclass(frozen=True)
class Worth:
    """What every letter is worth to an additive model."""

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        return [
            Relevance(tokens, target, 0.0, letters=worth(model, tokens.sequence.letters))
            for tokens, target in zip(batch.tokens, batch.targets, strict=True)
        ]


def test_an_explanation_that_does_not_look_at_the_model_fails() -> None:
    found = weight_randomisation(additive_model(), ByPlace(), proteins(30, 40), [TARGET] * 2)
    assert not found.passes
    np.testing.assert_allclose(found.similarity, 1)
    assert found.verdict == (
        "fails weight randomisation: with all 2 layers at random, Spearman of |relevance| with the original "
        "is 1.00 (mean of 2 sequences), and at most 0.50 is expected; it hardly shows what the model "
        "has learnt"
    )


def test_an_explanation_by_the_weights_passes() -> None:
    found = weight_randomisation(additive_model(), Worth(), proteins(300, 400), [TARGET] * 2)
    assert found.passes
    assert found.verdict.startswith("passes weight randomisation: with all 2 layers at random, Spearman")
    assert found.similarity.shape == (2, 2)


@pytest.mark.parametrize("name", ["gradient-x-input", "integrated-gradients", "attnlrp"])
def test_methods_pass_on_a_transformer(toy_model: ToyModel, name: str) -> None:
    model, toy = toy_model("esm"), TOYS["esm"]
    sequences = toy.sequences(38, 37, 36, 35)
    found = weight_randomisation(model, methods[name](), sequences, [toy.target(model)] * 4)
    assert found.passes, found.verdict


def test_the_model_is_left_as_it_was(toy_model: ToyModel) -> None:
    model, toy = toy_model("esm"), TOYS["esm"]
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    weight_randomisation(model, ByPlace(), toy.sequences(9), [toy.target(model)])
    after = model.module.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_seed_gives_the_same_weights_and_another_one_others() -> None:
    first, same, other = (
        weight_randomisation(additive_model(), Worth(), proteins(60), [TARGET], seed=seed).similarity
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_weights_keep_their_values_and_lose_their_order(toy_model: ToyModel) -> None:
    model, toy = toy_model("esm"), TOYS["esm"]
    seen: list[dict[str, torch.Tensor]] = []

    @dataclass(frozen=True)
    class Look(ByPlace):
        def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
            seen.append({name: value.clone() for name, value in model.module.named_parameters()})
            return super().attribute(model, batch)

    found = weight_randomisation(model, Look(), toy.sequences(9), [toy.target(model)])
    assert len(seen) == len(found.layers) + 1
    for name, value in seen[0].items():
        stages = [not torch.equal(stage[name], value) for stage in seen]
        # Once at random it stays so; and every weight gets there, unless its few values fell as they were.
        assert stages == sorted(stages)
        assert stages[-1] or value.unique().numel() < 3, name
        assert torch.equal(seen[-1][name].flatten().sort().values, value.flatten().sort().values)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("esm", ["classifier.out_proj", "classifier.dense", "esm.encoder", "esm.encoder.layer.1",
                 "esm.encoder.layer.0", "esm.embeddings", "esm.contact_head"]),
        ("protbert", ["classifier", "bert.pooler", "bert.encoder.layer.1", "bert.encoder.layer.0",
                      "bert.embeddings"]),
        ("cnn", ["classifier", "hidden", "convolutions.1", "convolutions.0"]),
    ],
)  # fmt: skip
def test_layers_from_the_output_down(toy_model: ToyModel, name: str, expected: list[str]) -> None:
    model, toy = toy_model(name), TOYS[name]
    layers = layers_from_the_top(model, toy.sequences(9)[0], toy.target(model))
    assert list(layers) == expected


@pytest.mark.parametrize("name", list(TOYS))
def test_every_weight_is_in_one_layer(toy_model: ToyModel, name: str) -> None:
    model, toy = toy_model(name), TOYS[name]
    layers = layers_from_the_top(model, toy.sequences(9)[0], toy.target(model))
    found = [parameter for layer in layers.values() for parameter in layer]
    assert len(found) == len(set(found))
    assert set(found) == set(model.module.parameters())


def test_similarity_by_hand() -> None:
    a, b = np.array([1.0, -3.0, 2.0, 0.0]), np.array([-2.0, 6.0, 4.0, 1.0])
    assert remaining_similarity(a, b) == pytest.approx(1)
    assert remaining_similarity(a, -a) == pytest.approx(1)
    assert remaining_similarity(a, np.array([2.0, 0.0, 1.0, 3.0])) == pytest.approx(-1)


def test_the_same_stays_more_than_noisy_than_unrelated() -> None:
    rng = np.random.default_rng(7)
    own, other = rng.normal(size=(2, 400))
    found = [remaining_similarity(own, one) for one in (own, own + other / 2, other)]
    assert found[0] == pytest.approx(1)
    assert found[0] > found[1] > found[2]
    assert abs(found[2]) < 0.2
    assert remaining_similarity(own, -own) == pytest.approx(1)  # an inverted map shows the same letters


def test_quantus_finds_the_same_rank_correlation() -> None:
    from quantus.functions.similarity_func import correlation_spearman  # slow to import

    own, other = np.random.default_rng(8).normal(size=(2, 61)).round(1)  # with ties
    expected = correlation_spearman(np.abs(own), np.abs(other))
    assert remaining_similarity(own, other) == pytest.approx(expected, abs=1e-12)


def test_relevance_that_is_the_same_everywhere_does_not_go_with_the_weights() -> None:
    flat, some = np.zeros(4), np.array([1.0, 2.0, 3.0, 4.0])
    assert (remaining_similarity(flat, flat), remaining_similarity(some, flat)) == (1, 0)


def test_the_bound_decides() -> None:
    similarity = np.array([[0.9, 0.8], [0.5, 0.3]])
    assert Randomisation(("a", "b"), similarity, 0.41).passes
    assert not Randomisation(("a", "b"), similarity, 0.39).passes


def test_a_sequence_that_cannot_be_explained(toy_model: ToyModel) -> None:
    model, toy = toy_model("esm"), TOYS["esm"]
    with pytest.raises(InputError, match="but the model takes 40"):
        weight_randomisation(model, ByPlace(), toy.sequences(9, 90), [toy.target(model)] * 2)


def test_a_metric_is_registered() -> None:
    metric = metrics["weight-randomisation"]
    assert (metric.compute, metric.kind) == (remaining_similarity, "sanity")
    assert (metric.needs, metric.higher_is_better) == ((), False)
