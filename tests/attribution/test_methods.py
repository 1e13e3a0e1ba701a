"""What holds for every method, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from relevome.attribution import Method, Relevance, methods
from relevome.attribution.gradients import Saliency
from relevome.attribution.lift import to_letters
from relevome.attribution.lrp.rules import UnsupportedOperation
from relevome.models.base import Batch, Model
from relevome.models.batching import FixedBatchSize
from tests.toys import TOYS

Load = Callable[..., Model]
ToyModel = Callable[[str], Model]

# Settings tried on every method that has such an option, one after the other.
SETTINGS = {
    "site": ["block"],
    "reference": ["mean", "shuffle:2"],
    "rules": ["attention=cp", "attention=gim"],
    "baseline": ["zero", "mean", "shuffle:2"],
    "layers": ["mean"],
    "query": ["first", "last", "mean"],
    "heads": [True],
}

# Methods that are for some models only, and the toys that they refuse.
REFUSED = {
    methods["attention"]: {"cnn"},
    methods["rollout"]: {"cnn"},
    methods["deeplift-shap"]: set(TOYS) - {"cnn"},
}


def made(method: Any, **options: Any) -> Method:
    """A method with these options; where it takes a number of steps, few."""
    return method(**options, **({"steps": 5} if "steps" in options_of(method) else {}))


def options_of(method: Any) -> set[str]:
    return {field.name for field in fields(method)}


USUAL = {name: made(method) for name, method in methods.items()}
OTHERS = {
    f"{name}-{option}={value}": made(method, **{option: value})
    for name, method in methods.items()
    for option in sorted(options_of(method) & SETTINGS.keys())
    for value in SETTINGS[option]
    if not (name == "saliency" and value == "shuffle:2")
}
TWO_TOYS = ("protbert-masked", "cnn")


def on(toys: Iterable[str], tried: Mapping[str, Method]) -> pytest.MarkDecorator:
    """Every method on every toy that it is for."""
    pairs = [
        pytest.param(toy, method, id=f"{toy}-{label}")
        for label, method in tried.items()
        for toy in toys
        if toy not in REFUSED.get(type(method), ())
        and not (toy == "cnn" and getattr(method, "heads", False))
        and not (toy != "cnn" and method == Saliency(reference="mean"))
    ]
    return pytest.mark.parametrize(("name", "method"), pairs)


def numbers(relevance: Relevance) -> dict[str, np.ndarray]:
    """All that a method found."""
    found = {
        key: getattr(relevance, key)
        for key in ("score", "baseline_score", "values", "letters", "letter_scores", "heads")
    }
    found |= relevance.notes
    return {key: np.asarray(value) for key, value in found.items() if value is not None}


def assert_same(one: Relevance, other: Relevance) -> None:
    """Equal to 1e-8 of the largest."""
    a, b = numbers(one), numbers(other)
    assert a.keys() == b.keys()
    for key in a:
        assert a[key].shape == b[key].shape
        np.testing.assert_allclose(a[key], b[key], rtol=0, atol=1e-8 * np.abs(b[key]).max(), err_msg=key)


def assert_independent_of_batches(toy_model: ToyModel, name: str, method: Method) -> None:
    model = toy_model(name)
    batch = TOYS[name].batch(model, 5, 3, 8)
    model = model.with_batch_sizes(FixedBatchSize(64))
    together = method.attribute(model, batch)
    model = model.with_batch_sizes(FixedBatchSize(3))
    for tokens, target, relevance in zip(batch.tokens, batch.targets, together, strict=True):
        (alone,) = method.attribute(model, Batch((tokens,), (target,)))
        assert_same(alone, relevance)


@on(TOYS, USUAL)
def test_the_result_is_the_same_in_any_batch_and_with_any_padding(
    toy_model: ToyModel, name: str, method: Method
) -> None:
    assert_independent_of_batches(toy_model, name, method)


@on(TWO_TOYS, OTHERS)
def test_so_it_is_with_other_options(toy_model: ToyModel, name: str, method: Method) -> None:
    assert_independent_of_batches(toy_model, name, method)


@on(TOYS, USUAL)
def test_the_score_is_the_logit_of_the_unchanged_model(
    toy_model: ToyModel, name: str, method: Method
) -> None:
    model = toy_model(name)
    batch = TOYS[name].batch(model, 8, 8)
    with torch.no_grad():
        plain = model.scores(model.inputs(batch), batch)
    np.testing.assert_allclose([r.score for r in method.attribute(model, batch)], plain, rtol=0, atol=1e-14)


@on(TOYS, USUAL)
def test_letters_and_special_tokens_together_have_the_relevance_of_the_tokens(
    toy_model: ToyModel, name: str, method: Method
) -> None:
    model = toy_model(name)
    for relevance in method.attribute(model, TOYS[name].batch(model, 12, 9)):
        track = to_letters(relevance, "split")
        size = np.abs(track.values).sum() + abs(track.special)
        assert len(track.values) == len(relevance.tokens.sequence)
        assert track.values.sum() + track.special == pytest.approx(relevance.total, abs=1e-12 * size)
        assert size > 0


@on(("esm", "cnn"), {**USUAL, **OTHERS})
def test_the_score_of_a_sequences_own_letters_is_its_relevance(
    toy_model: ToyModel, name: str, method: Method
) -> None:
    model = toy_model(name)
    for relevance in method.attribute(model, TOYS[name].batch(model, 5, 3)):
        scores = relevance.letter_scores
        if scores is None or relevance.values is None:
            continue
        letters = relevance.tokens.sequence.alphabet.letters
        own = [
            row[letters.index(x)] for row, x in zip(scores, relevance.tokens.sequence.letters, strict=True)
        ]
        against = "zero" in (getattr(method, "reference", None), getattr(method, "baseline", None))
        if (
            model.reads_one_hot and against
        ):  # less what all letters have in common (test_foreign.py has values)
            np.testing.assert_allclose(scores.sum(-1), 0, atol=1e-12)
            continue
        np.testing.assert_allclose(own, relevance.values[~relevance.tokens.special], atol=1e-12)


@on(TWO_TOYS, {**USUAL, **OTHERS})
def test_the_same_seed_gives_the_same_bytes(load: Load, name: str, method: Method) -> None:
    model = load(name, dtype="float32")
    batch = TOYS[name].batch(model, 9, 4, 13)
    first, second = method.attribute(model, batch), method.attribute(load(name, dtype="float32"), batch)
    for one, other in zip(map(numbers, first), map(numbers, second), strict=True):
        assert {key: value.tobytes() for key, value in one.items()} == {
            key: value.tobytes() for key, value in other.items()
        }


def state(model: Model) -> dict[str, Any]:
    """Everything about a model, and about torch, that a method could leave changed."""
    seen: dict[str, Any] = {
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "modes": torch._C._len_torch_function_stack(),
        # not that of `random`, from which the type checker of the tests draws
        "random": (torch.get_rng_state().tolist(), str(np.random.get_state())),
    }
    for name, module in model.module.named_modules():
        hooks = {key: list(value) for key, value in vars(module).items() if "hooks" in key and value}
        seen[f"module {name}"] = (module.training, hooks, sorted(vars(module)))
    for name, tensor in model.module.state_dict(keep_vars=True).items():
        content = tensor.detach().numpy().tobytes()
        seen[f"tensor {name}"] = (tensor.requires_grad, tensor.grad, tensor.dtype, tensor.is_leaf, content)
    return seen


def last_module(model: Model) -> nn.Module:
    return list(model.module.modules())[-1]


def unusual(model: Model) -> Model:
    """A model with a mixture of settings, none of which a method should change."""
    model.module.train()
    last_module(model).eval()
    next(model.module.parameters()).requires_grad_(False)
    model.module.register_forward_hook(lambda *_: None)
    return model


@on(TWO_TOYS, {**USUAL, **OTHERS})
def test_the_model_is_left_as_it_was(load: Load, name: str, method: Method) -> None:
    model = unusual(load(name))
    batch = TOYS[name].batch(model, 5, 3)
    before = state(model)
    method.attribute(model, batch)
    assert state(model) == before


class BrokenError(RuntimeError):
    """Raised on purpose."""


def break_forward(_module: nn.Module, _inputs: Any, _output: Any) -> None:
    raise BrokenError


def without_rule(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
    return torch.cumprod(output, -1)


def break_backward(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
    def hook(_gradient: Tensor) -> None:
        raise BrokenError

    if output.requires_grad:
        output.register_hook(hook)


@pytest.mark.parametrize("breakage", [break_forward, break_backward])
@on(TWO_TOYS, {**USUAL, **OTHERS})
def test_the_model_is_left_as_it_was_also_after_an_error(
    load: Load, name: str, method: Method, breakage: Callable[..., None]
) -> None:
    model = unusual(load(name))
    batch = TOYS[name].batch(model, 5, 3)
    last_module(model).register_forward_hook(breakage)
    before = state(model)
    with suppress(BrokenError):
        method.attribute(model, batch)
        assert breakage is not break_forward
    assert state(model) == before


@pytest.mark.parametrize("name", ["attnlrp", "gradient-x-input", "saliency", "integrated-gradients"])
def test_an_error_on_the_way_back_reaches_the_caller(load: Load, name: str) -> None:
    model = load("esm")
    last_module(model).register_forward_hook(break_backward)
    with pytest.raises(BrokenError):
        methods[name]().attribute(model, TOYS["esm"].batch(model, 5))


@pytest.mark.parametrize("toy", ["esm", "bpe", "cnn"])
def test_the_model_is_left_as_it_was_also_after_an_operation_without_a_rule(load: Load, toy: str) -> None:
    model = unusual(load(toy))
    batch = TOYS[toy].batch(model, 5, 3)
    last_module(model).register_forward_hook(without_rule)
    before = state(model)
    with pytest.raises(UnsupportedOperation, match=r"no relevance rule for the operation torch\.cumprod"):
        methods["attnlrp"]().attribute(model, batch)
    assert state(model) == before


@pytest.mark.parametrize(("training", "grad"), [(True, True), (True, False), (False, True), (False, False)])
@on(("protbert", "cnn"), USUAL)
def test_nothing_depends_on_the_state_in_which_the_model_comes(
    load: Load, toy_model: ToyModel, name: str, method: Method, training: bool, grad: bool
) -> None:
    model, usual = load(name), toy_model(name)
    model.module.train(training).requires_grad_(grad)
    batch = TOYS[name].batch(model, 6, 4)
    with torch.set_grad_enabled(not grad):
        found = method.attribute(model, batch)
    for one, other in zip(found, method.attribute(usual, batch), strict=True):
        assert_same(one, other)
