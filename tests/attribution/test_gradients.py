"""Gradients against finite differences of the plain model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from relevome.attribution import Method
from relevome.attribution.attnlrp import AttnLRP
from relevome.attribution.embeddings import gradients, leaf
from relevome.attribution.gradients import GradientXInput, Saliency
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Site, Target
from tests.toys import TOYS

ToyModel = Callable[[str], Model]
SITES: list[Site] = ["word", "block"]


@contextmanager
def output_of(module: nn.Module, replacement: Tensor | None = None) -> Iterator[list[Tensor]]:
    """Sees what a module gives, or has it give something else."""
    seen: list[Tensor] = []

    def hook(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor | None:
        seen.append(output)
        return replacement

    handle = module.register_forward_hook(hook)
    yield seen
    handle.remove()


def score(model: Model, batch: Batch) -> float:
    with torch.no_grad():
        return model.scores(model.inputs(batch), batch).item()


def values(method: Method, model: Model, batch: Batch) -> np.ndarray:
    found = method.attribute(model, batch)[0].values
    assert found is not None
    return found


def by_differences(model: Model, batch: Batch, site: Site) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings (tokens, channels), and the slope of the score in each of their numbers."""
    with output_of(model.site(site)) as seen:
        score(model, batch)
    embeddings, slopes = seen[0], torch.zeros_like(seen[0])
    for place in np.ndindex(*embeddings.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = embeddings.clone()
            moved[place] += step
            with output_of(model.site(site), moved):
                ends.append(score(model, batch))
        slopes[place] = (ends[0] - ends[1]) / 2e-5
    return embeddings[0].numpy(), slopes[0].numpy()


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("name", ["protbert-masked", "esm-absolute", "bpe"])
def test_gradient_x_input_and_saliency(toy_model: ToyModel, name: str, site: Site) -> None:
    model = toy_model(name)
    batch = TOYS[name].batch(model, 6)
    embeddings, slopes = by_differences(model, batch, site)
    product = values(GradientXInput(site), model, batch)
    norm = values(Saliency(site), model, batch)
    np.testing.assert_allclose(product, (embeddings * slopes).sum(-1), atol=1e-8)
    np.testing.assert_allclose(norm, np.sqrt((slopes**2).sum(-1)), atol=1e-8)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("name", ["protbert", "dnabert"])
def test_the_mean_letter_as_reference(toy_model: ToyModel, name: str, site: Site) -> None:
    """What this letter adds over the average one; special tokens are compared with nothing."""
    model = toy_model(name)
    batch = TOYS[name].batch(model, 6)
    embeddings, slopes = by_differences(model, batch, site)
    letters = (~batch.tokens[0].special)[:, None]
    table = model.word_embedding.weight.detach()
    mean = table[model.tokenizer.ordinary_ids()].mean(0)
    words = torch.where(torch.from_numpy(letters), mean, table[batch.tokens[0].ids])
    with output_of(model.word_embedding, words[None]), output_of(model.site(site)) as seen:
        score(model, batch)
    reference = np.where(letters, words.numpy() if site == "word" else seen[0][0].numpy(), 0)
    found = values(GradientXInput(site, "mean"), model, batch)
    np.testing.assert_allclose(found, ((embeddings - reference) * slopes).sum(-1), atol=1e-8)


def test_a_contrast_is_the_difference_of_two_logits(toy_model: ToyModel) -> None:
    model = toy_model("protbert")
    tokens = TOYS["protbert"].batch(model, 8).tokens
    targets = Target(3, "a", contrast=1), Target(3, "a"), Target(1, "b")
    both, one, other = (values(GradientXInput(), model, Batch(tokens, (target,))) for target in targets)
    np.testing.assert_allclose(both, one - other, atol=1e-12)


def test_letters_that_share_a_token_have_no_scores_of_their_own(toy_model: ToyModel) -> None:
    """ESM knows no J: two of them are one unknown token."""
    model = toy_model("esm")
    texts = ("MKVAL", "MJJA", "MJKA")
    tokens = tuple(model.tokenize(Sequence(text, text, PROTEIN)) for text in texts)
    found = GradientXInput().attribute(model, Batch(tokens, (Target(0, "x"),) * 3))
    assert [None if r.letter_scores is None else r.letter_scores.shape for r in found] == [
        (5, 20),
        None,
        (4, 20),
    ]


@pytest.mark.parametrize("method", [GradientXInput(), IntegratedGradients(steps=4), AttnLRP()])
def test_scores_of_letters_are_left_out_where_nobody_asks(toy_model: ToyModel, method: Method) -> None:
    model, toy = toy_model("cnn"), TOYS["cnn"]
    asked = toy.batch(model, 20, 20, 20)
    found = [method.attribute(model, batch) for batch in (asked, replace(asked, letter_scores=False))]
    assert all(one.letter_scores is not None for one in found[0])
    assert all(one.letter_scores is None for one in found[1])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    assert [one.letter_scores for one in replace(asked, letter_scores=False).alone()] == [False] * 3


def test_a_model_that_calls_its_embedding_twice_is_refused(load: ToyModel) -> None:
    model = load("protbert")
    model.module.register_forward_pre_hook(lambda *_: (model.word_embedding(torch.tensor([[1]])), None)[1])
    with pytest.raises(InputError, match="calls its embedding more than once in a pass"):
        gradients(model, TOYS["protbert"].batch(model, 6), "word")


def test_a_model_that_never_calls_its_embedding_is_refused() -> None:
    with leaf(nn.Embedding(3, 2)) as seen, pytest.raises(InputError, match="never called its embedding"):
        _ = seen.tensor


def test_a_site_with_several_outputs_is_refused() -> None:
    lstm = nn.LSTM(3, 2)
    with leaf(lstm), pytest.raises(InputError, match="LSTM gives no single tensor: use --site word"):
        lstm(torch.zeros(1, 3))
