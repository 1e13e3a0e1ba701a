"""Integrated gradients at heads, against one layer and one step at a time, and against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from relevome.attribution import integrated_gradients
from relevome.attribution.baselines import baseline_words
from relevome.attribution.embeddings import at_site, leaf
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.attribution.lrp.table import UnsupportedOperation
from relevome.attribution.relevance import Relevance
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Site
from relevome.models.batching import FixedBatchSize
from tests.architectures import ARCHITECTURES, LABELS, REFUSED, Architecture
from tests.attribution.test_architectures import WITH_HEADS, checkpointed
from tests.oracles.explicit_cases import Double
from tests.toys import TOYS

ToyModel = Callable[[str], Model]
Make = Callable[..., Model]

STEPS = 7
BY_HAND = [
    ("BERT", "eager"), ("BERT", "sdpa"), ("ESM-2", "sdpa"), ("T5 encoder", "eager"), ("DNABERT-2", "sdpa"),
    ("ModernBERT", "eager"), ("LLaMA", "sdpa"), ("GPT-2", "eager"), ("spelt out by hand", None),
]  # fmt: skip


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A model of an architecture by its name: ``make("BERT", "sdpa")``."""
    folders: dict[str, Path] = {}

    def made(name: str, attention: str | None = None) -> Model:
        folder = folders.setdefault(name, tmp_path_factory.mktemp("architecture") / "model")
        return ARCHITECTURES[name].make(folder, attention)

    return made


def heads_of(relevance: Relevance) -> np.ndarray:
    assert relevance.heads is not None
    return relevance.heads


def assert_same(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-10) -> None:
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def alone(batch: Batch, row: int) -> Batch:
    return Batch((batch.tokens[row],), (batch.targets[row],))


def ends(model: Model, batch: Batch, site: Site, baseline: str) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        words = model.word_embedding(model.inputs(batch)["input_ids"])
    origin = baseline_words(model, batch, words, baseline, [0, 0])
    return at_site(model, batch, site, origin), at_site(model, batch, site, words)


def kept_in(contexts: list[Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    return lambda _, inputs: contexts.append(inputs[0])


def followed(
    model: Model, batch: Batch, site: Site, output: nn.Module, points: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """What goes into an output projection, and its gradient, at each point: (points, tokens, channels)."""
    found: list[tuple[Tensor, Tensor]] = []
    for point in points:
        contexts: list[Tensor] = []
        handle = output.register_forward_pre_hook(kept_in(contexts))
        try:
            with model.frozen(), leaf(model.site(site), point.clone().requires_grad_()):
                score = model.scores(model.inputs(batch), batch).sum()
                (gradient,) = torch.autograd.grad(score, contexts[0])
        finally:
            handle.remove()
        found.append((contexts[0].detach()[0], gradient[0]))
    contexts_of_all, gradients_of_all = zip(*found, strict=True)
    return torch.stack(contexts_of_all), torch.stack(gradients_of_all)


def outputs(model: Model, architecture: Architecture) -> list[nn.Module]:
    pattern = f"*{architecture.output}"
    return [module for name, module in model.module.named_modules() if fnmatch(name, pattern)]


def one_at_a_time(model: Model, batch: Batch, site: Site, architecture: Architecture) -> np.ndarray:
    """The published formula: layer by layer, step by step, with the derivative of torch."""
    start, end = ends(model, batch, site, "mean")
    nodes, weights = np.polynomial.legendre.leggauss(STEPS)
    alphas = torch.from_numpy((nodes + 1) / 2)
    points = [start + alpha * (end - start) for alpha in alphas]
    layers = []
    for output in outputs(model, architecture):
        contexts, slopes = followed(model, batch, site, output, points)
        (derivative,) = torch.gradient(contexts, spacing=(alphas,), dim=0, edge_order=1)
        product = torch.from_numpy(weights / 2)[:, None, None] * slopes * derivative
        layers.append(product.sum(0).unflatten(-1, (architecture.heads, -1)).sum(-1).T)
    return torch.stack(layers).numpy()


@pytest.mark.parametrize(("name", "attention"), BY_HAND)
def test_heads_are_those_of_one_layer_and_one_step_at_a_time(
    make: Make, name: str, attention: str | None
) -> None:
    """Sequences of unlike lengths together, in passes that hold the last step of none before them."""
    site: Site = "block" if name in ("BERT", "DNABERT-2") else "word"
    with Double():
        model = make(name, attention)
        batch = ARCHITECTURES[name].batch(model)
        method = IntegratedGradients("mean", steps=STEPS, site=site, heads=True)
        found = method.attribute(model, batch)
        without = IntegratedGradients("mean", steps=STEPS, site=site).attribute(model, batch)
        expected = [
            one_at_a_time(model, alone(batch, row), site, ARCHITECTURES[name]) for row in range(len(batch))
        ]
    for relevance, plain, heads in zip(found, without, expected, strict=True):
        assert_same(heads_of(relevance), heads)
        assert_same(np.asarray(relevance.values), np.asarray(plain.values), 1e-13)
        assert relevance.score == pytest.approx(plain.score, rel=1e-14)


@pytest.mark.parametrize("name", WITH_HEADS)
def test_every_architecture_whose_heads_attnlrp_sees(make: Make, name: str) -> None:
    """Fused where it can be, alone and in any number of steps at once; the logit is the model's own."""
    architecture = ARCHITECTURES[name]
    with Double():
        model = make(name, architecture.attention[-1])
        batch = architecture.batch(model)
        method = IntegratedGradients("mean", steps=4, heads=True)
        together = method.attribute(model, batch)
        model = model.with_batch_sizes(FixedBatchSize(1))
        for row, relevance in enumerate(together):
            (single,) = method.attribute(model, alone(batch, row))
            shape = (architecture.layers, architecture.heads, len(relevance.tokens))
            assert heads_of(relevance).shape == shape
            assert_same(heads_of(relevance), heads_of(single))
            with torch.no_grad():
                inputs = model.inputs(alone(batch, row))
                plain = model.scores(inputs, alone(batch, row)).item()
            assert relevance.score == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("name", ["BERT", "T5 encoder, gated", "EuroBERT", "GPT-NeoX"])
def test_eager_and_fused_attention_give_the_same(make: Make, name: str) -> None:
    found = []
    with Double():
        for attention in ARCHITECTURES[name].attention:
            model = make(name, attention)
            method = IntegratedGradients("mean", steps=3, heads=True)
            found.append(method.attribute(model, ARCHITECTURES[name].batch(model)))
    for eager, fused in zip(*found, strict=True):
        assert_same(heads_of(eager), heads_of(fused), 1e-8)


def test_gradient_checkpointing_changes_nothing(make: Make) -> None:
    method = IntegratedGradients("mean", steps=5, heads=True)
    model = make("BERT")
    batch = ARCHITECTURES["BERT"].batch(model)
    without = method.attribute(model, batch)
    checkpointed(model.module)
    for found, plain in zip(method.attribute(model, batch), without, strict=True):
        assert_same(heads_of(found), heads_of(plain), 1e-12)


def test_more_steps_come_closer_to_the_integral_along_the_curve(make: Make) -> None:
    """The trapezoidal rule along the curve of the context, over 1,500 even steps."""
    architecture = ARCHITECTURES["BERT"]
    with Double():
        model = make("BERT", "sdpa")
        batch = architecture.batch(model, 6)
        start, end = ends(model, batch, "block", "mean")
        points = [start + alpha * (end - start) for alpha in torch.linspace(0, 1, 1501).double()]
        contexts, slopes = followed(model, batch, "block", outputs(model, architecture)[0], points)
        integral = (contexts.diff(dim=0) * (slopes[1:] + slopes[:-1]) / 2).sum(0)
        exact = integral.unflatten(-1, (architecture.heads, -1)).sum(-1).T.numpy()
        errors = []
        for steps in (8, 32, 128):
            method = IntegratedGradients("mean", steps=steps, site="block", heads=True)
            (found,) = method.attribute(model, batch)
            errors.append(np.linalg.norm(heads_of(found)[0] - exact) / np.linalg.norm(exact))
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < 1e-3


class OnlyHeads(nn.Module):
    """Attentions one after another, with nothing past them: all that counts goes through every one."""

    def __init__(self, words: int, linear: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(words, 6)
        self.places = nn.Parameter(torch.randn(20, 6))
        self.inputs = nn.ModuleList(nn.Linear(6, 18, bias=False) for _ in range(1 if linear else 2))
        self.head = nn.Linear(6, LABELS)
        self.linear = linear

    def get_input_embeddings(self) -> nn.Embedding:
        return self.words

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        x = self.words(input_ids)
        places = self.places[: x.shape[1]].expand_as(x)
        for layer in self.inputs:
            q, k, v = (self.by_head(t) for t in layer(x).chunk(3, -1))
            if self.linear:
                q = k = self.by_head(places)
            x = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return SimpleNamespace(logits=self.head(x.mean(1) if self.linear else x.sin().mean(1)))

    def by_head(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (3, 2)).transpose(1, 2)


def test_where_heads_are_the_only_way_those_of_each_layer_add_up_to_the_score_difference() -> None:
    model = Architecture(OnlyHeads, specials=False, lengths=(7, 7)).make()
    batch = Architecture(OnlyHeads, specials=False, lengths=(7, 7)).batch(model)
    for steps, tolerance in ((16, 0.02), (128, 3e-4)):
        for found in IntegratedGradients("mean", steps=steps, heads=True).attribute(model, batch):
            assert found.baseline_score is not None
            difference = found.score - found.baseline_score
            sums = heads_of(found).sum((1, 2))
            assert sums.shape == (2,)
            np.testing.assert_allclose(sums, difference, rtol=0, atol=tolerance * abs(difference))


@pytest.mark.parametrize("steps", [2, 3, 9])
def test_where_all_is_linear_any_number_of_steps_is_exact(steps: int) -> None:
    """The context's change times its gradient: weights by places, values and logit linear in embeddings."""
    made = Architecture(lambda words: OnlyHeads(words, linear=True), specials=False, lengths=(7, 7))
    model = made.make()
    batch = made.batch(model)
    module: Any = model.module
    with torch.no_grad():
        start, end = ends(model, batch, "word", "mean")
        q = module.by_head(module.places[:7][None])
        weights = torch.softmax(q @ q.mT / 2**0.5, -1)
        change = weights @ module.by_head((end - start) @ module.inputs[0].weight[12:].T)
        gradient = module.by_head(module.head.weight[3].expand(1, 7, 6)) / 7
        expected = (change * gradient).sum(-1).numpy()
    found = IntegratedGradients("mean", steps=steps, heads=True).attribute(model, batch)
    for relevance, heads in zip(found, expected, strict=True):
        assert_same(heads_of(relevance)[0], heads, 1e-12)


def test_with_steps_doubled_heads_are_those_of_the_steps_that_were_taken(toy_model: ToyModel) -> None:
    model = toy_model("esm-absolute")
    batch = TOYS["esm-absolute"].batch(model, 17, 9, 30)
    taken = set()
    for row, relevance in enumerate(IntegratedGradients(tolerance=1e-4, heads=True).attribute(model, batch)):
        taken.add(steps := relevance.notes["integration_steps"])
        (same,) = IntegratedGradients(steps=steps, heads=True).attribute(model, alone(batch, row))
        assert_same(heads_of(relevance), heads_of(same))
    assert max(taken) > integrated_gradients.FIRST_STEPS


def test_heads_of_several_shuffles_are_averaged(toy_model: ToyModel) -> None:
    model = toy_model("dnabert2")
    several = IntegratedGradients("shuffle:3", steps=4, heads=True)
    batch = TOYS["dnabert2"].batch(model, 30)
    (found,) = several.attribute(model, batch)
    single = [heads_of(several._one_baseline(model, batch, draw)[0]) for draw in range(3)]
    assert_same(heads_of(found), np.mean(single, axis=0), 1e-14)
    assert np.abs(single[0] - single[1]).max() > 1e-6


def test_one_step_has_no_derivative() -> None:
    with pytest.raises(InputError, match="--steps 1 with --heads: expected at least 2"):
        IntegratedGradients(steps=1, heads=True)


def test_a_model_without_attention_is_refused(toy_model: ToyModel) -> None:
    with pytest.raises(InputError, match="--heads: the model has no attention whose queries are the tokens"):
        IntegratedGradients(steps=2, heads=True).attribute(
            toy_model("cnn"), TOYS["cnn"].batch(toy_model("cnn"), 9)
        )


def test_attentions_that_may_be_hidden_are_refused(tmp_path: Path) -> None:
    """Without heads, the model is explained."""
    architecture, _ = REFUSED["Bloom"]
    model = architecture.make(tmp_path)
    batch = architecture.batch(model)
    message = r"relevance went through GeLUFunction, whose operations cannot be seen .*: .* leave --heads out"
    with pytest.raises(UnsupportedOperation, match=message):
        IntegratedGradients(steps=2, heads=True).attribute(model, batch)
    assert IntegratedGradients(steps=2).attribute(model, batch)[0].heads is None


def test_an_operation_that_attnlrp_has_no_rule_for_is_no_hindrance(load: Callable[..., Model]) -> None:
    model = load("protbert")
    model.module.get_submodule("bert.encoder.layer.1.output").register_forward_hook(
        lambda _module, _inputs, output: output.cumsum(-1).cumprod(-1).tanh()
    )
    batch = TOYS["protbert"].batch(model, 9)
    (found,) = IntegratedGradients(steps=5, heads=True).attribute(model, batch)
    (plain,) = IntegratedGradients(steps=5).attribute(model, batch)
    assert_same(np.asarray(found.values), np.asarray(plain.values), 1e-13)
    assert heads_of(found).shape == (2, 3, len(batch.tokens[0]))
