"""captum's gradients, on models called with ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, LayerIntegratedGradients, Saliency
from torch import Tensor

from relevome.attribution import Relevance, methods
from relevome.models.base import Batch, Model
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


def explained(model: Model, batch: Batch, method: str, **options: object) -> Relevance:
    return methods[method](**options).attribute(model, batch)[0]


def assert_close(found: np.ndarray | None, expected: np.ndarray) -> None:
    """Within 1e-4 in relative L2."""
    assert found is not None
    assert np.linalg.norm(found - expected) < 1e-4 * np.linalg.norm(expected)


def layer_integrated_gradients(model: Model, batch: Batch, baseline: int, steps: int) -> Tensor:
    """At the word embedding, with ids for inputs and baselines; special tokens stay."""
    ids = model.inputs(batch)["input_ids"]
    special = torch.from_numpy(batch.tokens[0].special)
    captum: Any = LayerIntegratedGradients(
        lambda ids, mask: model.scores(
            {"input_ids": ids, "attention_mask": mask},
            Batch(batch.tokens * len(ids), batch.targets * len(ids)),
        ),
        model.word_embedding,
    )
    return captum.attribute(
        ids, torch.where(special, ids, baseline), additional_forward_args=(torch.ones_like(ids),),
        n_steps=steps, method="gausslegendre",
    )  # fmt: skip


@pytest.mark.parametrize("steps", [7, 30])
@pytest.mark.parametrize(
    ("name", "token"),
    [("protbert", "X"), ("protbert-residues", "X"), ("protbert-masked", "X"), ("esm", "X"),
     ("esm-absolute", "X"), ("prott5", "▁X"), ("nucleotide-transformer", "N"), ("bpe", "N"),
     ("dnabert", "[UNK]"), ("cnn", "N"), ("residues-causal", "[UNK]"), ("llama-causal", "N"),
     ("pairs-causal", "X")],
)  # fmt: skip
def test_integrated_gradients_from_the_unknown_letter(
    toy_model: ToyModel, name: str, token: str, steps: int
) -> None:
    model = toy_model(name)
    batch = TOYS[name].batch(model, 14)
    found = explained(model, batch, "integrated-gradients", steps=steps)
    baseline = model.tokenizer.hf.convert_tokens_to_ids(token)
    expected = layer_integrated_gradients(model, batch, baseline, steps)
    assert_close(found.values, expected[0].sum(-1).detach().numpy())


@pytest.mark.parametrize(("baseline", "token"), [("pad", "<pad>"), ("mask", "<mask>")])
def test_integrated_gradients_from_other_tokens(toy_model: ToyModel, baseline: str, token: str) -> None:
    model = toy_model("esm")
    batch = TOYS["esm"].batch(model, 14)
    found = explained(model, batch, "integrated-gradients", baseline=baseline, steps=20)
    expected = layer_integrated_gradients(model, batch, model.tokenizer.hf.convert_tokens_to_ids(token), 20)
    assert_close(found.values, expected[0].sum(-1).detach().numpy())


@pytest.mark.parametrize("name", ["protbert", "esm", "esm-absolute", "cnn"])
def test_integrated_gradients_are_complete_within_one_percent(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    for relevance in methods["integrated-gradients"]().attribute(model, TOYS[name].batch(model, 14, 30, 5)):
        assert relevance.baseline_score is not None
        assert relevance.completeness_error is not None
        assert abs(relevance.completeness_error) < 0.01 * abs(relevance.score - relevance.baseline_score)


@contextmanager
def on_one_hot(model: Model, batch: Batch) -> Iterator[tuple[Callable[[Tensor], Tensor], Tensor]]:
    """The CNN as a function of one-hot letters, (batch, letters, 4), and the letters of a batch of one."""
    ids = model.inputs(batch)["input_ids"]
    given: list[Tensor] = []
    handle = model.word_embedding.register_forward_hook(lambda *_: given[-1])

    def logits(one_hot: Tensor) -> Tensor:
        given.append(one_hot)
        return model.module(ids.expand(len(one_hot), -1)).logits

    letters = batch.tokens[0].sequence.letters
    try:
        yield logits, torch.tensor([[[float(x == y) for y in "ACGT"] for x in letters]], dtype=torch.float64)
    finally:
        handle.remove()


@pytest.mark.parametrize("output", [0, 1])
def test_gradients_of_the_cnn_to_one_hot_letters(toy_model: ToyModel, output: int) -> None:
    model = toy_model("cnn")
    target = TOYS["cnn"].target(model)
    batch = Batch(TOYS["cnn"].batch(model, 31).tokens, (type(target)(output, "x"),))
    with on_one_hot(model, batch) as (logits, one_hot):
        one_hot.requires_grad_()
        product = InputXGradient(logits).attribute(one_hot, target=output)
        norms = Saliency(logits).attribute(one_hot, target=output, abs=False)
        path = IntegratedGradients(logits).attribute(
            one_hot, torch.full_like(one_hot, 0.25), target=output, n_steps=40, method="gausslegendre"
        )
    assert_close(explained(model, batch, "gradient-x-input").values, product[0].sum(-1).detach().numpy())
    assert_close(explained(model, batch, "saliency").values, norms[0].norm(dim=-1).numpy())
    found = explained(model, batch, "integrated-gradients", steps=40)
    assert_close(found.values, path[0].sum(-1).detach().numpy())


def test_scores_of_all_letters_are_the_gradient_of_the_cnn(toy_model: ToyModel) -> None:
    model = toy_model("cnn")
    batch = TOYS["cnn"].batch(model, 31)
    with on_one_hot(model, batch) as (logits, one_hot):
        one_hot.requires_grad_()
        gradient = Saliency(logits).attribute(one_hot, target=batch.targets[0].index, abs=False)
    theirs = gradient[0].numpy()  # less what all letters have in common (Majdandzic et al. 2023)
    theirs = theirs - theirs.mean(-1, keepdims=True)
    assert_close(explained(model, batch, "gradient-x-input").letter_scores, theirs)
