"""What embeddings are compared with: the corrected gradient of one-hot letters, and shuffled sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import relevome
from relevome.attribution import Method
from relevome.attribution.attnlrp import AttnLRP
from relevome.attribution.baselines import baseline_words
from relevome.attribution.embeddings import at_site, gradients
from relevome.attribution.gradients import GradientXInput, Saliency
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.attribution.layerwise import LRP
from relevome.attribution.lrp.engine import Rules
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Site, Target
from tests.foreign import LENGTH, GlobalMax
from tests.toys import TOYS

ToyModel = Callable[[str], Model]
OF_PRODUCTS = (GradientXInput, AttnLRP, LRP)
LETTERS = "ACGTTGCATAATGGCATTACCGGATACCGTTAGACATTGC"


def values(method: Method, model: Model, batch: Batch) -> np.ndarray:
    found = method.attribute(model, batch)[0].values
    assert found is not None
    return found


def one_hot_models(toy_model: ToyModel) -> list[tuple[Model, Batch]]:
    """Our CNN, and somebody else's module with its channels in another order and one that no letter sets."""

    class Wide(GlobalMax):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x[:, [4, 0, 1, 3]])

    foreign = relevome.from_module(
        Wide().double(), alphabet="dna", letters="GC.TA", labels=["a", "b"], length=LENGTH
    )
    tokens = foreign.tokenize(Sequence("s", LETTERS[:LENGTH], DNA))
    return [
        (toy_model("cnn"), TOYS["cnn"].batch(toy_model("cnn"), 30)),
        (foreign, Batch((tokens,), (Target(1, "b"),))),
    ]


def test_against_the_mean_letter_one_hot_letters_have_the_corrected_gradient(toy_model: ToyModel) -> None:
    """x . (g - mean(g)), and of saliency the length of g - mean(g) (Majdandzic et al. 2023, eq. 2)."""
    for model, batch in one_hot_models(toy_model):
        (tokens,) = batch.tokens
        table = model.word_embedding.weight.detach()
        channels = [int(table[i].argmax()) for i in model.tokenizer.letter_ids() or []]
        gradient = gradients(model, batch, "word").gradient[0].numpy()[:, channels]
        corrected = gradient - gradient.mean(-1, keepdims=True)
        own = ["ACGT".index(letter) for letter in tokens.sequence.letters]
        expected = corrected[np.arange(len(own)), own]
        for method in OF_PRODUCTS[:2]:
            np.testing.assert_allclose(values(method(reference="mean"), model, batch), expected, atol=1e-12)
        found = values(Saliency(reference="mean"), model, batch)
        np.testing.assert_allclose(found, np.sqrt((corrected**2).sum(-1)), atol=1e-12)
        assert not np.allclose(found, values(Saliency(), model, batch))


@pytest.mark.parametrize("method", OF_PRODUCTS)
def test_of_modified_gradients_too(toy_model: ToyModel, method: Callable[..., Method]) -> None:
    """Relevance against the mean letter is what is left of that against nothing, less its mean letter's."""
    for model, batch in one_hot_models(toy_model):
        usual, against = (method(reference=name) for name in ("zero", "mean"))
        (found,) = against.attribute(model, batch)
        scores = usual.attribute(model, batch)[0].letter_scores
        assert scores is not None
        own = ["ACGT".index(letter) for letter in batch.tokens[0].sequence.letters]
        np.testing.assert_allclose(found.values, scores[np.arange(len(own)), own], atol=1e-12)  # pyright: ignore[reportArgumentType, reportCallIssue]


@pytest.mark.parametrize("site", ["word", "block"])
@pytest.mark.parametrize("name", ["protbert", "bpe", "letters-masked", "cnn"])
def test_against_shuffles_it_is_the_mean_over_draws(toy_model: ToyModel, name: str, site: Site) -> None:
    """(embedding - that of the shuffled sequence) . gradient of the sequence itself; draws as of a path."""
    model = toy_model(name)
    batch = TOYS[name].batch(model, 12, 9)
    words = model.word_embedding(model.inputs(batch)["input_ids"]).detach()
    for made, rules in ((GradientXInput, None), (AttnLRP, Rules())):
        slopes = gradients(model, batch, site, rules=rules)
        each = [
            ((slopes.embeddings - at_site(model, batch, site, baseline)) * slopes.gradient).sum(-1)
            for baseline in (baseline_words(model, batch, words, "shuffle:3", [5, i]) for i in range(3))
        ]
        zero = made(site=site).attribute(model, batch)
        found = made(site=site, reference="shuffle:3", seed=5).attribute(model, batch)
        for row, (one, plain) in enumerate(zip(found, zero, strict=True)):
            special = one.tokens.special
            assert one.values is not None
            assert plain.values is not None
            mean = np.mean([relevance[row].numpy() for relevance in each], axis=0)[: len(one.tokens)]
            np.testing.assert_allclose(one.values, np.where(special, plain.values, mean), atol=1e-12)


def test_of_a_linear_model_shuffles_give_what_integrated_gradients_give(toy_model: ToyModel) -> None:
    model = toy_model("letters-masked")
    tokens = (model.tokenize(Sequence("s", "ACGGTTACCATGCA", DNA)),)
    batch = Batch(tokens, (Target(9, "x", position=3),))

    class Linear(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = model.word_embedding

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
            class Output:
                logits = self.table(input_ids).cumsum(1)

            return Output()

        def get_input_embeddings(self) -> torch.nn.Module:
            return self.table

    copied = model.with_batch_sizes(model.batch_sizes)
    copied.module = Linear()
    found = values(GradientXInput(reference="shuffle:4", seed=2), copied, batch)
    expected = values(IntegratedGradients(baseline="shuffle:4", steps=2, seed=2), copied, batch)
    letters = ~tokens[0].special
    np.testing.assert_allclose(found[letters], expected[letters], atol=1e-12)


def test_draws_depend_on_the_seed_and_the_letters_alone(toy_model: ToyModel) -> None:
    model = toy_model("bpe")
    batch = TOYS["bpe"].batch(model, 24, 16)
    method = AttnLRP(reference="shuffle:2", seed=1)
    together = method.attribute(model, batch)
    for tokens, target, one in zip(batch.tokens, batch.targets, together, strict=True):
        (alone,) = method.attribute(model, Batch((tokens,), (target,)))
        np.testing.assert_allclose(alone.values, one.values, atol=1e-12)  # pyright: ignore[reportArgumentType, reportCallIssue]
    other = AttnLRP(reference="shuffle:2", seed=2).attribute(model, batch)
    assert not np.allclose(other[0].values, together[0].values)  # pyright: ignore[reportArgumentType]


def test_the_seed_of_a_run_is_that_of_its_draws(toy_model: ToyModel) -> None:
    model = toy_model("bpe")
    asked = {"target": 0, "reference": "shuffle:2"}
    runs = [relevome.explain(model, ["ACGTTGCATAATGGCA"], seed=seed, **asked) for seed in (0, 0, 7)]
    assert [run.manifest["parameters"]["seed"] for run in runs] == [0, 0, 7]
    same, again, other = (run[0].relevance for run in runs)
    np.testing.assert_array_equal(same, again)
    assert not np.array_equal(same, other)


@pytest.mark.parametrize("method", OF_PRODUCTS)
def test_what_is_no_reference_is_refused(method: Callable[..., Method]) -> None:
    with pytest.raises(InputError, match=r"^--reference N: expected zero or mean or shuffle:N$"):
        method(reference="N")
    with pytest.raises(InputError, match="'shuffle:0': expected shuffle:N with a number of draws"):
        method(reference="shuffle:0")


def test_saliency_of_learnt_embeddings_has_no_mean_letter(toy_model: ToyModel) -> None:
    with pytest.raises(InputError, match="--reference mean: saliency has no letters to take a mean over"):
        Saliency(reference="mean").attribute(toy_model("bpe"), TOYS["bpe"].batch(toy_model("bpe"), 12))
