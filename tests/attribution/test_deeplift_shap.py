"""DeepLIFT on models that call functions: as tangermeme and captum give it for the same models of modules."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from captum.attr import DeepLiftShap as CaptumDeepLiftShap
from tangermeme.deep_lift_shap import deep_lift_shap
from torch import Tensor, nn

from relevome.attribution import Relevance
from relevome.attribution.deeplift_shap import DeepLiftShap
from relevome.data.sequences import DNA, Sequence
from relevome.data.shuffle import dinucleotide_shuffle
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from tests.architectures import Architecture
from tests.toys import TOYS

ToyModel = Callable[[str], Model]

SEED, DRAWS = 3, 4
METHOD = DeepLiftShap(baseline=f"shuffle:{DRAWS}", seed=SEED)


def cnn(pooling: str, pools: tuple[int, int] = (2, 3)) -> Architecture:
    """Our CNN, which calls functions of torch and no modules where it is not linear."""
    sizes = {"filters": (6, 7), "widths": (5, 3), "pools": pools, "hidden_size": 9, "num_labels": 5}
    length = 17 if pooling == "flatten" else None
    config = CnnConfig(**sizes, pooling=pooling, sequence_length=length)
    return Architecture(lambda _: CnnForSequenceClassification(config), specials=False, attention=(None,))


def twin(model: Any) -> nn.Module:
    """The same CNN as a chain of modules, on one-hot letters (batch, letters, positions)."""
    # with pools of 2 and 3, 17 letters become 9 and 3 positions
    last = {"max": nn.MaxPool1d(3), "mean": nn.AdaptiveAvgPool1d(1), "flatten": nn.Identity()}
    blocks: list[nn.Module] = []
    for convolution, pool in zip(model.convolutions, model.config.pools, strict=True):
        blocks += [convolution, nn.ReLU(), *([nn.MaxPool1d(pool, ceil_mode=True)] if pool > 1 else [])]
    head = (last[model.config.pooling], nn.Flatten(), model.hidden, nn.ReLU(), model.classifier)
    return nn.Sequential(*blocks, *head).eval()


def by_tangermeme(module: nn.Module, x: Tensor, references: Tensor, **options: Any) -> Any:
    """What tangermeme gives for the fourth output."""
    return deep_lift_shap(module, x, references=references[None], target=3, device="cpu", **options)


def one_hot(letters: str) -> Tensor:
    return torch.eye(4, dtype=torch.float64)[["ACGT".index(x) for x in letters]].T


def shuffles(model: Model, batch: Batch) -> list[str]:
    """The references of the only sequence of a batch, drawn by hand."""
    tokens = batch.tokens[0]
    ids = tokens.ids[~tokens.special].tolist()
    draws = (np.random.default_rng([SEED, draw, *ids]) for draw in range(DRAWS))
    return [dinucleotide_shuffle(tokens.sequence.letters, rng) for rng in draws]


def case(architecture: Architecture, length: int = 17) -> tuple[Model, Batch, Tensor, Tensor]:
    """A model, one sequence, and the same with its references as one-hot letters."""
    model = architecture.make()
    batch = architecture.batch(model, length)
    references = torch.stack([one_hot(x) for x in shuffles(model, batch)])
    return model, batch, one_hot(batch.tokens[0].sequence.letters)[None], references


def explained(model: Model, batch: Batch, method: DeepLiftShap = METHOD) -> Relevance:
    return method.attribute(model, batch)[0]


def assert_close(found: np.ndarray | None, expected: Tensor | np.ndarray) -> None:
    assert found is not None
    assert found.shape == tuple(expected.shape)
    assert np.abs(found).max() > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("pooling", ["max", "mean", "flatten"])
def test_relevance_is_what_tangermeme_gives_for_a_chain_of_modules(pooling: str) -> None:
    model, batch, x, references = case(cnn(pooling))
    every = by_tangermeme(twin(model.module), x, references, hypothetical=True)
    relevance = explained(model, batch)
    assert_close(relevance.values, (every * x).sum(1)[0])
    assert_close(relevance.letter_scores, every[0].T)


@pytest.mark.parametrize("pooling", ["mean", "flatten"])
def test_relevance_is_what_captum_gives_for_a_chain_of_modules(pooling: str) -> None:
    """Without max pooling, in which captum 0.9 is not complete."""
    model, batch, x, references = case(cnn(pooling, pools=(1, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum speaks of its hooks
        captum: Any = CaptumDeepLiftShap(twin(model.module))
        expected = captum.attribute(x, references, target=3)
    assert_close(explained(model, batch).values, expected.detach().sum(1)[0])


@pytest.mark.parametrize("pooling", ["max", "mean", "flatten"])
def test_relevance_adds_up_to_the_score_less_the_mean_score_of_the_shuffles(pooling: str) -> None:
    model, batch, _, references = case(cnn(pooling))
    relevance = explained(model, batch)
    with torch.no_grad():
        origin = twin(model.module)(references)[:, 3].mean().item()
    assert relevance.baseline_score == pytest.approx(origin, rel=1e-12)
    assert relevance.complete
    assert relevance.total == pytest.approx(relevance.score - origin, abs=1e-10)


class Linear(nn.Module):
    """A weight for every letter, whatever its place."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(words, 4)
        self.kernel = nn.Conv1d(4, 6, 3, padding=1)
        self.head = nn.Linear(6, 5)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.letters

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        x = self.letters(input_ids).transpose(1, 2)
        return SimpleNamespace(logits=self.head(self.kernel(x).mean(-1)))


def test_a_linear_model_has_the_closed_form() -> None:
    """Weight times what differs from the mean reference, for embeddings of any kind."""
    architecture = Architecture(Linear, specials=False, attention=(None,))
    model = architecture.make()
    batch = architecture.batch(model, 17)
    module: Any = model.module
    ids = [
        torch.tensor([model.tokenizer.letter_ids()["ACGT".index(x)] for x in text])  # pyright: ignore[reportOptionalSubscript]
        for text in (batch.tokens[0].sequence.letters, *shuffles(model, batch))
    ]
    x, *references = (module.letters.weight[some].detach() for some in ids)
    slope = torch.zeros_like(x).requires_grad_()
    module.head(module.kernel(slope.T[None]).mean(-1))[0, 3].backward()
    assert slope.grad is not None
    expected = ((x - torch.stack(references).mean(0)) * slope.grad).sum(-1)
    assert_close(explained(model, batch).values, expected)


class Residual(nn.Module):
    """As people write theirs: modules, functions and methods of tensors, one ReLU for all."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(words, 4)
        self.stem = nn.Conv1d(4, 6, 3, padding=1)
        self.normal = nn.BatchNorm1d(6)
        self.relu = nn.ReLU(inplace=True)
        self.widened = nn.Conv1d(6, 6, 3, padding=2, dilation=2)
        self.head = nn.Linear(6, 5)
        self.normal.running_mean = torch.randn(6) / 3
        self.normal.running_var = torch.rand(6) + 0.5

    def get_input_embeddings(self) -> nn.Embedding:
        return self.letters

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        x = self.relu(self.stem(self.letters(input_ids).permute(0, 2, 1)))
        wide = F.gelu(self.normal(self.widened(x)), approximate="tanh")
        wide += x
        x = F.max_pool1d(wide, 3, stride=2)
        return SimpleNamespace(logits=self.head(torch.tanh(x.sum(2)) / 2 + x.mean(-1).sigmoid()))


class ResidualOfModules(nn.Module):
    """The same for tangermeme, on embeddings."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.first, self.gelu, self.pool = nn.ReLU(), nn.GELU("tanh"), nn.MaxPool1d(3, stride=2)
        self.tanh, self.sigmoid = nn.Tanh(), nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(self.model.stem(x))
        x = x + self.gelu(self.model.normal(self.model.widened(x)))
        x = self.pool(x)
        return self.model.head(self.tanh(x.sum(2)) / 2 + self.sigmoid(x.mean(-1)))


def test_functions_modules_and_a_module_that_is_called_twice_are_all_followed() -> None:
    architecture = Architecture(Residual, specials=False, attention=(None,))
    model, batch, x, references = case(architecture)
    module: Any = model.module
    with torch.no_grad():
        module.letters.weight[model.tokenizer.letter_ids()] = torch.eye(4, dtype=torch.float64)
    every = by_tangermeme(ResidualOfModules(module), x, references)
    relevance = explained(model, batch)
    assert_close(relevance.values, every.sum(1)[0])
    assert relevance.completeness_error == pytest.approx(0, abs=1e-10)


def test_a_contrast_is_the_difference_of_two_explanations() -> None:
    model, batch, *_ = case(cnn("max"))
    targets = (Target(3, "a", contrast=1), Target(3, "a"), Target(1, "b"))
    both, one, other = (explained(model, Batch(batch.tokens, (target,))).values for target in targets)
    assert one is not None
    assert other is not None
    assert_close(both, one - other)


def test_ambiguous_letters_are_explained_too() -> None:
    model = cnn("max").make()
    letters = "ACGTNNACGGTRTACAT"
    batch = Batch((model.tokenize(Sequence("n", letters, DNA)),), (Target(3, "fourth"),))
    relevance = explained(model, batch)
    assert relevance.completeness_error == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("baseline", ["zero", "mean", "unknown"])
def test_other_references_are_one_each(baseline: str) -> None:
    model, batch, *_ = case(cnn("max"))
    relevance = explained(model, batch, DeepLiftShap(baseline=baseline))
    assert relevance.completeness_error == pytest.approx(0, abs=1e-10)


def test_another_seed_draws_other_shuffles() -> None:
    model, batch, *_ = case(cnn("max"))
    one, other = (explained(model, batch, DeepLiftShap("shuffle:2", seed)).values for seed in (0, 1))
    assert one is not None
    assert other is not None
    assert np.abs(one - other).max() > 1e-3


class SortedPooling(Linear):
    """Global pooling for which there is no rule."""

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        x = self.kernel(self.letters(input_ids).transpose(1, 2))
        return SimpleNamespace(logits=self.head(x.amax(-1)))


class Gated(Linear):
    """A product of two activations."""

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        x = self.kernel(self.letters(input_ids).transpose(1, 2))
        return SimpleNamespace(logits=self.head((x * x.sigmoid()).sum(-1)))


class PositionsFirst(Linear):
    """What is on the first axis where ReLU is called are positions, so that the rule pairs the wrong rows."""

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        x = self.kernel(self.letters(input_ids).transpose(1, 2)).permute(2, 0, 1)
        return SimpleNamespace(logits=self.head(x.relu().mean(0)))


def test_an_error_of_completeness_is_noted() -> None:
    architecture = Architecture(PositionsFirst, specials=False, attention=(None,))
    model = architecture.make()
    relevance = explained(model, architecture.batch(model, 16))
    assert relevance.notes == {"deeplift_incomplete": 1}
    model, batch, *_ = case(cnn("max"))
    assert explained(model, batch).notes == {"deeplift_incomplete": 0}


@pytest.mark.parametrize(("made_of", "operation"), [(SortedPooling, "torch.Tensor.amax"), (Gated, ".mul")])
def test_an_operation_without_a_rule_is_refused_by_name(made_of: type[nn.Module], operation: str) -> None:
    architecture = Architecture(made_of, specials=False, attention=(None,))
    model = architecture.make()
    with pytest.raises(InputError, match=rf"no rule for the operation \S*{operation}: it is for CNNs"):
        explained(model, architecture.batch(model, 9))


@pytest.mark.parametrize("name", sorted(set(TOYS) - {"cnn"}))
def test_transformers_are_refused_in_one_line(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    with pytest.raises(InputError, match=r"deeplift-shap has no rule for the operation torch\.") as refusal:
        explained(model, TOYS[name].batch(model, 8))
    assert "\n" not in str(refusal.value)


def test_without_tangermeme_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tangermeme.deep_lift_shap", None)
    model, batch, *_ = case(cnn("max"))
    with pytest.raises(InputError, match=r"needs tangermeme: pip install 'relevome\[deeplift\]'"):
        explained(model, batch)
