"""AttnLRP on every architecture: the same rules for all, and an account that closes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from relevome.attribution.attnlrp import AttnLRP
from relevome.attribution.embeddings import leaf
from relevome.attribution.lrp.accounts import ACCOUNTS, affine
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.flow import Flow
from relevome.attribution.lrp.functions import Scale
from relevome.attribution.lrp.rules import RULES
from relevome.attribution.lrp.table import UnsupportedOperation
from relevome.attribution.relevance import Relevance
from relevome.errors import InputError
from relevome.models.base import Batch, Model
from tests.architectures import ARCHITECTURES, REFUSED, Architecture
from tests.oracles.explicit_cases import Double

Make = Callable[..., Model]

WITH_HEADS = [name for name, architecture in ARCHITECTURES.items() if architecture.heads]
BOTH_WAYS = [name for name, architecture in ARCHITECTURES.items() if len(architecture.attention) > 1]
EVERY_WAY = [(name, way) for name, architecture in ARCHITECTURES.items() for way in architecture.attention]
NAMED = [(name, way) for name, way in EVERY_WAY if ARCHITECTURES[name].output]

each_architecture = pytest.mark.parametrize("name", ARCHITECTURES)
each_way = pytest.mark.parametrize(("name", "attention"), EVERY_WAY)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A model of an architecture by its name: ``make("BERT", "sdpa")``."""
    folders: dict[str, Path] = {}

    def made(name: str, attention: str | None = None, dtype: str = "float64") -> Model:
        folder = folders.setdefault(name, tmp_path_factory.mktemp("architecture") / "model")
        return ARCHITECTURES[name].make(folder, attention, dtype)

    return made


def one_by_one(batch: Batch) -> Iterator[Batch]:
    for tokens, target in zip(batch.tokens, batch.targets, strict=True):
        yield Batch((tokens,), (target,))


def assert_same(found: np.ndarray | None, expected: np.ndarray | None, tolerance: float) -> None:
    assert found is not None
    assert expected is not None
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def settings(module: nn.Module) -> Any:
    return module.config


def heads_of(name: str) -> bool:
    return ARCHITECTURES[name].heads > 0


@each_way
def test_logits_are_those_of_the_model_left_alone(make: Make, name: str, attention: str | None) -> None:
    model = make(name, attention)
    for batch in one_by_one(ARCHITECTURES[name].batch(model)):
        (relevance,) = AttnLRP().attribute(model, batch)
        with torch.no_grad():
            alone = model.scores(model.inputs(batch), batch).item()
        assert relevance.score == pytest.approx(alone, rel=1e-12)


@each_way
def test_every_bit_of_relevance_is_accounted_for(make: Make, name: str, attention: str | None) -> None:
    model = make(name, attention)
    batch = next(one_by_one(ARCHITECTURES[name].batch(model)))
    (relevance,) = AttnLRP(audit=True).attribute(model, batch)
    ledger = relevance.ledger
    assert ledger is not None
    assert ledger.unaccounted_share < 1e-9
    assert ledger.tokens + sum(ledger.absorbed.values()) == pytest.approx(ledger.logit, rel=1e-9)
    assert ledger.tokens == pytest.approx(relevance.total, rel=1e-5)


@pytest.mark.parametrize("rule", ["cp", "gim"])
@each_way
def test_so_it_is_by_other_rules_for_attention(
    make: Make, name: str, attention: str | None, rule: str
) -> None:
    """Of constant weights neither softmax nor what is added to logits has anything."""
    model = make(name, attention)
    batch = next(one_by_one(ARCHITECTURES[name].batch(model)))
    with Double():
        (relevance,) = AttnLRP(rules=f"attention={rule}", audit=True).attribute(model, batch)
    ledger = relevance.ledger
    assert ledger is not None
    assert ledger.unaccounted_share < 1e-9
    if rule == "cp":
        assert ledger.absorbed["softmax"] == 0


@each_way
def test_relevance_is_the_same_alone_and_in_a_batch(make: Make, name: str, attention: str | None) -> None:
    with Double():
        model = make(name, attention)
        batch = ARCHITECTURES[name].batch(model)
        method = AttnLRP(heads=heads_of(name))
        together = method.attribute(model, batch)
        for relevance, single in zip(together, one_by_one(batch), strict=True):
            (alone,) = method.attribute(model, single)
            assert_same(relevance.values, alone.values, 1e-10)
            if heads_of(name):
                assert_same(relevance.heads, alone.heads, 1e-10)


@pytest.mark.parametrize("rule", ["attnlrp", "cp", "gim"])
@pytest.mark.parametrize("name", BOTH_WAYS)
def test_eager_and_fused_attention_give_the_same_relevance(make: Make, name: str, rule: str) -> None:
    """In double precision throughout: transformers computes eager softmax in single precision."""
    found = []
    with Double():
        for attention in ARCHITECTURES[name].attention:
            model = make(name, attention)
            assert settings(model.module)._attn_implementation == attention
            method = AttnLRP(rules=f"attention={rule}", heads=True)
            found.append(method.attribute(model, ARCHITECTURES[name].batch(model)))
    for eager, fused in zip(*found, strict=True):
        assert_same(eager.values, fused.values, 1e-8)
        assert_same(eager.heads, fused.heads, 1e-8)


@pytest.mark.parametrize("name", WITH_HEADS)
def test_heads_are_recorded_without_changing_the_relevance_of_tokens(make: Make, name: str) -> None:
    with Double():
        model = make(name)
        batch = ARCHITECTURES[name].batch(model)
        found = AttnLRP(heads=True).attribute(model, batch)
        without = AttnLRP().attribute(model, batch)
    for relevance, plain in zip(found, without, strict=True):
        assert relevance.heads is not None
        shape = (ARCHITECTURES[name].layers, ARCHITECTURES[name].heads, len(relevance.tokens))
        assert relevance.heads.shape == shape
        assert_same(relevance.values, plain.values, 1e-14)


@pytest.mark.parametrize(("name", "attention"), NAMED)
def test_relevance_of_heads_is_what_goes_into_the_output_projections(
    make: Make, name: str, attention: str
) -> None:
    architecture = ARCHITECTURES[name]
    with Double():
        model = make(name, attention)
        batch = architecture.batch(model)
        found = AttnLRP(heads=True).attribute(model, batch)
        contexts = into_output_projections(model, batch, f"*{architecture.output}")
    assert len(contexts) == architecture.layers
    per_layer = [(x * g).unflatten(-1, (architecture.heads, -1)).sum(-1).mT for x, g in contexts]
    expected = torch.stack(per_layer, dim=1).numpy()
    for relevance, row in zip(found, expected, strict=True):
        assert_same(relevance.heads, row[..., : len(relevance.tokens)], 1e-10)


def into_output_projections(model: Model, batch: Batch, pattern: str) -> list[tuple[Tensor, Tensor]]:
    """The context of all heads in every layer, (batch, tokens, channels), and its gradient."""
    contexts: list[Tensor] = []

    def keep(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        inputs[0].retain_grad()
        contexts.append(inputs[0])

    modules = [module for name, module in model.module.named_modules() if fnmatch(name, pattern)]
    handles = [module.register_forward_pre_hook(keep) for module in modules]
    try:
        with model.frozen(), leaf(model.site("word")), Rules():
            model.scores(model.inputs(batch), batch).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
    return [(x.detach(), x.grad) for x in contexts if x.grad is not None]


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if not heads_of(name)])
def test_without_attention_over_the_tokens_heads_are_refused(make: Make, name: str) -> None:
    model = make(name)
    with pytest.raises(InputError, match=r"--heads: the model has no attention whose queries are the tokens"):
        AttnLRP(heads=True).attribute(model, ARCHITECTURES[name].batch(model))


@each_architecture
def test_gradient_checkpointing_changes_nothing(make: Make, name: str) -> None:
    with Double():
        model = make(name)
        batch = ARCHITECTURES[name].batch(model)
        method = AttnLRP(heads=heads_of(name))
        without = method.attribute(model, batch)
        checkpointed(model.module)
        found = method.attribute(model, batch)
    for relevance, plain in zip(found, without, strict=True):
        assert_same(relevance.values, plain.values, 1e-12)
        if heads_of(name):
            assert_same(relevance.heads, plain.heads, 1e-12)


def checkpointed(module: nn.Module) -> None:
    """Let every layer of a stack compute its activations again in the backward pass, in evaluation too."""
    if hasattr(module, "config"):
        settings(module).use_cache = False
    for child in module.children():
        if not isinstance(child, nn.ModuleList):
            checkpointed(child)
            continue
        for layer in child:
            layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)


@pytest.mark.parametrize("name", ["BERT", "LLaMA"])
def test_the_account_closes_with_gradient_checkpointing(make: Make, name: str) -> None:
    model = make(name)
    checkpointed(model.module)
    batch = next(one_by_one(ARCHITECTURES[name].batch(model)))
    (relevance,) = AttnLRP(audit=True).attribute(model, batch)
    assert relevance.ledger is not None
    assert relevance.ledger.unaccounted_share < 1e-9


def test_a_reentrant_checkpoint_is_refused(make: Make) -> None:
    """It runs the layers where nobody sees them."""
    model = make("BERT")
    for layer in bert_layers(model):
        layer.forward = reentrant(layer.forward)
    with pytest.raises(UnsupportedOperation, match=r"CheckpointFunction, whose operations cannot be seen \("):
        AttnLRP().attribute(model, ARCHITECTURES["BERT"].batch(model))


def bert_layers(model: Model) -> list[nn.Module]:
    return [module for name, module in model.module.named_modules() if fnmatch(name, "bert.encoder.layer.?")]


def reentrant(forward: Callable[..., Any]) -> Callable[..., Any]:
    def run(x: Tensor, *others: Any, **named: Any) -> Any:
        return checkpoint(partial(forward, **named), x, *others, use_reentrant=True)

    return run


@pytest.mark.parametrize("how", ["bfloat16", "autocast"])
@each_architecture
def test_in_half_precision_relevance_is_nearly_the_same(make: Make, name: str, how: str) -> None:
    """As nearly as the plain gradient; where rounding turns a maximum, it is another part of the sequence."""
    if how == "bfloat16" and name in NOT_IN_BFLOAT16:
        pytest.skip("the model itself does not run in bfloat16")
    attention = ARCHITECTURES[name].attention[-1]
    double = make(name, attention)
    half = make(name, attention, "bfloat16" if how == "bfloat16" else "float32")
    batch = ARCHITECTURES[name].batch(double)
    method = AttnLRP(heads=heads_of(name))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=how == "autocast"):
        found = method.attribute(half, batch)
    errors = list(map(relative_error, found, method.attribute(double, batch)))
    assert max(errors) < 0.4
    assert min(errors) < 0.1


NOT_IN_BFLOAT16 = {"FNet", "long convolution", "Mamba", "spelt out by hand"}


def relative_error(found: Relevance, exact: Relevance) -> float:
    assert found.values is not None
    assert exact.values is not None
    return float(np.linalg.norm(found.values - exact.values) / np.linalg.norm(exact.values))


BROKEN = {
    "a bias that takes relevance": (F.linear, "torch.nn.functional.linear"),
    "a variance that is no constant": (F.layer_norm, "torch.nn.functional.layer_norm"),
    "the gradient of GELU": (F.gelu, "torch.nn.functional.gelu"),
    "a whole to each factor": (torch.matmul, "torch.matmul"),
    "a whole to each factor of fused attention": (
        F.scaled_dot_product_attention,
        "torch.nn.functional.scaled_dot_product_attention",
    ),
}


@pytest.mark.parametrize(("func", "operation"), BROKEN.values(), ids=BROKEN)
def test_with_a_broken_rule_the_account_names_the_operation(
    make: Make, monkeypatch: pytest.MonkeyPatch, func: Any, operation: str
) -> None:
    """The plain gradient in place of a rule; where that is the rule, 1.1 times the gradient."""
    model = make("BERT", "eager" if func is torch.matmul else "sdpa")
    batch = next(one_by_one(ARCHITECTURES["BERT"].batch(model)))
    broken = stretched if func is F.linear else plain
    monkeypatch.setitem(ACCOUNTS, broken, ACCOUNTS.get(RULES[func], affine))
    monkeypatch.setitem(RULES, func, broken)
    (relevance,) = AttnLRP(audit=True).attribute(model, batch)
    ledger = relevance.ledger
    assert ledger is not None
    assert ledger.unaccounted_share > 1e-3
    assert ledger.worst is not None
    assert ledger.worst.operation == operation
    others = [entry for entry in ledger.entries if entry is not ledger.worst]
    assert max(entry.unaccounted for entry in others) < 1e-9


def plain(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return func(*args, **kwargs)


def stretched(_flow: Flow, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return func(Scale.apply(args[0], 1.1), *args[1:], **kwargs)


@pytest.mark.parametrize(("architecture", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_explained_is_refused_in_one_line(
    tmp_path: Path, architecture: Architecture, reason: str
) -> None:
    model = architecture.make(tmp_path)
    with pytest.raises(InputError, match=reason) as refusal:
        AttnLRP().attribute(model, architecture.batch(model))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("pad", [None, -1, 1], ids=["no padding", "impossible padding", "other padding"])
def test_a_decoder_pools_over_the_last_letter_whatever_its_padding(tmp_path: Path, pad: int | None) -> None:
    """The padding of config.json need not be the tokenizer's."""
    architecture = ARCHITECTURES["GPT-2"]
    architecture.make(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**written, "pad_token_id": pad}))
    model = architecture.make(tmp_path)
    batch = architecture.batch(model)
    for relevance, single in zip(AttnLRP().attribute(model, batch), one_by_one(batch), strict=True):
        assert_same(relevance.values, AttnLRP().attribute(model, single)[0].values, 1e-10)
