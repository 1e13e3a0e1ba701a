"""Attention weights of any model are those that the model itself would give away."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import softmax
from torch import Tensor, nn

from relevome.attribution.attention_weights import (
    attention_weights,
    contributions,
    each_attention,
    query_shares,
)
from relevome.errors import InputError
from relevome.models.base import Batch, Model
from relevome.models.dnabert2.layers import Dnabert2SelfAttention
from tests.architectures import ARCHITECTURES, Architecture
from tests.oracles.explicit_cases import Double

Make = Callable[..., Model]

WITH_HEADS = [name for name, architecture in ARCHITECTURES.items() if architecture.heads]
WITHOUT = [name for name, architecture in ARCHITECTURES.items() if not architecture.heads]
BOTH_WAYS = [name for name, architecture in ARCHITECTURES.items() if len(architecture.attention) > 1]
GIVE_ATTENTION = ["BERT", "ESM-2", "T5 encoder", "LLaMA", "ModernBERT", "DeBERTa-v2", "GPT-2", "Gemma 2"]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A model of an architecture by its name: ``make("BERT", "sdpa")``."""
    folders: dict[str, Path] = {}

    def made(name: str, attention: str | None = None, dtype: str = "float64") -> Model:
        folder = folders.setdefault(name, tmp_path_factory.mktemp("architecture") / "model")
        return ARCHITECTURES[name].make(folder, attention, dtype)

    return made


def own(batch: Batch, weights: Tensor) -> list[np.ndarray]:
    """Those of each sequence, (layers, heads, queries, keys), without padding."""
    lengths = [len(tokens) for tokens in batch.tokens]
    return [row[..., :n, :n].numpy() for row, n in zip(weights, lengths, strict=True)]


def assert_same(found: Tensor, expected: Tensor, batch: Batch, tolerance: float = 1e-12) -> None:
    for one, other in zip(own(batch, found), own(batch, expected), strict=True):
        assert one.shape == other.shape
        assert one.max() > 0
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", GIVE_ATTENTION)
def test_they_are_what_transformers_gives_with_eager_attention(make: Make, name: str) -> None:
    with Double():
        model = make(name, "eager")
        batch = ARCHITECTURES[name].batch(model)
        with torch.no_grad():
            expected = model.module(**model.inputs(batch), output_attentions=True).attentions
        assert_same(attention_weights(model, batch), torch.stack(expected, dim=1), batch)


def test_they_are_what_eager_attention_of_our_dnabert2_gives(make: Make) -> None:
    model = make("DNABERT-2", "eager")
    batch = ARCHITECTURES["DNABERT-2"].batch(model)
    expected: list[Tensor] = []
    modules = [module for module in model.module.modules() if isinstance(module, Dnabert2SelfAttention)]

    def keep(_module: nn.Module, _inputs: Any, output: tuple[Tensor, Tensor]) -> None:
        expected.append(output[1])

    handles = [module.register_forward_hook(keep) for module in modules]
    with torch.no_grad():
        model.scores(model.inputs(batch), batch)
    for handle in handles:
        handle.remove()
    assert_same(attention_weights(model, batch), torch.stack(expected, dim=1), batch)


@pytest.mark.parametrize("name", [name for name in WITH_HEADS if name.startswith("nn.")])
def test_they_are_what_modules_of_torch_give_when_asked(make: Make, name: str) -> None:
    model = make(name)
    batch = ARCHITECTURES[name].batch(model)
    expected: list[Tensor] = []

    def ask(module: Any, args: tuple[Tensor, ...], kwargs: dict[str, Any]) -> None:
        if not kwargs.get("average_attn_weights", True):
            return  # asked already
        asked = kwargs | {"need_weights": True, "average_attn_weights": False}
        expected.append(module(*args, **asked)[1])

    layers = [module for module in model.module.modules() if isinstance(module, nn.MultiheadAttention)]
    for layer in layers:
        layer.register_forward_pre_hook(ask, with_kwargs=True)
    # as it trains, without the kernels that skip modules
    with torch.enable_grad():
        model.scores(model.inputs(batch), batch)
    assert_same(attention_weights(make(name), batch), torch.stack(expected, dim=1).detach(), batch)


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_fused_and_eager_attention_have_the_same(make: Make, name: str) -> None:
    found = []
    with Double():
        for attention in ("eager", "sdpa"):
            model = make(name, attention)
            batch = ARCHITECTURES[name].batch(model)
            found.append(attention_weights(model, batch))
    eager, fused = found
    assert_same(eager, fused, batch)


@pytest.mark.parametrize("name", WITH_HEADS)
def test_every_query_shares_itself_among_the_tokens_of_its_sequence(make: Make, name: str) -> None:
    architecture = ARCHITECTURES[name]
    model = make(name, architecture.attention[-1])
    batch = architecture.batch(model)
    weights = attention_weights(model, batch)
    width = batch.width
    assert weights.shape == (len(batch), architecture.layers, architecture.heads, width, width)
    for row in own(batch, weights):
        assert row.min() >= 0
        np.testing.assert_allclose(row.sum(-1), 1, rtol=0, atol=1e-6)
    short = min(len(tokens) for tokens in batch.tokens)
    assert short < width
    assert weights[0, :, :, short:].abs().max() == 0


@pytest.mark.parametrize("name", WITH_HEADS)
def test_logits_are_those_of_the_model_left_alone(make: Make, name: str) -> None:
    model = make(name, ARCHITECTURES[name].attention[-1])
    batch = ARCHITECTURES[name].batch(model)
    with torch.no_grad():
        alone = model.scores(model.inputs(batch), batch)
    scores, _ = each_attention(model, batch, lambda *_: None)
    np.testing.assert_allclose(scores, alone, rtol=1e-12)


@pytest.mark.parametrize("name", WITHOUT)
def test_without_attention_over_the_tokens_a_model_is_refused(make: Make, name: str) -> None:
    model = make(name)
    batch = ARCHITECTURES[name].batch(model)
    with pytest.raises(InputError, match="has no attention over its tokens that can be seen") as refusal:
        attention_weights(model, batch)
    assert "\n" not in str(refusal.value)


def test_layers_are_told_one_by_one_in_the_order_in_which_they_run(make: Make) -> None:
    model = make("ModernBERT")
    batch = ARCHITECTURES["ModernBERT"].batch(model)
    told: list[tuple[int, Tensor]] = []
    _, layers = each_attention(model, batch, lambda layer, weights: told.append((layer, weights)))
    assert [layer for layer, _ in told] == list(range(layers)) == [0, 1, 2]
    assert_same(torch.stack([weights for _, weights in told], 1), attention_weights(model, batch), batch)


def test_in_half_precision_fused_weights_are_computed_in_single(make: Make) -> None:
    half, double = make("BERT", "sdpa", "bfloat16"), make("BERT", "sdpa")
    batch = ARCHITECTURES["BERT"].batch(double)
    found = attention_weights(half, batch)
    assert found.dtype == torch.float32
    assert_same(found.double(), attention_weights(double, batch), batch, tolerance=0.1)


HEADS, SIZE = 3, 4


class OneLayer(nn.Module):
    """One attention of three heads, spelt as ``attend`` does, and a mean over tokens."""

    def __init__(self, words: int, attend: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.words = nn.Embedding(words, HEADS * SIZE)
        self.mixers = nn.ModuleList(nn.Linear(HEADS * SIZE, HEADS * SIZE) for _ in range(3))
        self.head = nn.Linear(HEADS * SIZE, 5)
        self.attend = attend

    def get_input_embeddings(self) -> nn.Embedding:
        return self.words

    def parts(self, input_ids: Tensor) -> list[Tensor]:
        """Queries, keys and values, (batch, tokens, heads, size)."""
        x = self.words(input_ids)
        return [mixer(x).unflatten(-1, (HEADS, SIZE)) for mixer in self.mixers]

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.head(self.attend(*self.parts(input_ids)).flatten(2).mean(1)))


def causal(q: Tensor) -> Tensor:
    return torch.ones(q.shape[1], q.shape[1], dtype=torch.bool).tril()


def fused(**options: Any) -> Callable[..., Tensor]:
    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        given: dict[str, Any] = {n: value(q) if callable(value) else value for n, value in options.items()}
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, **given).transpose(1, 2)

    return attend


def merged(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Batch and heads on one axis."""
    rows, tokens = q.shape[:2]
    q, k, v = (x.transpose(1, 2).reshape(-1, tokens, SIZE) for x in (q, k, v))
    weights = torch.softmax(torch.bmm(q, k.mT) / math.sqrt(SIZE), 2)
    return torch.bmm(F.dropout(weights, 0.5, False), v).view(rows, HEADS, tokens, SIZE).transpose(1, 2)


def summed(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    weights = torch.einsum("bqhd,bkhd->bhqk", q, k).div(math.sqrt(SIZE)).softmax(dim=-1)
    return torch.einsum("bhqk, bkhd -> bqhd", weights * 1.0, v)


def grouped(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """All heads share the first one's keys and values."""
    q, k, v = q.transpose(1, 2), k[:, :, :1].transpose(1, 2), v[:, :, :1].transpose(1, 2)
    return F.scaled_dot_product_attention(q, k, v, enable_gqa=True).transpose(1, 2)


def pooled_before(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """A pooling by one query for each head, which is no attention over the tokens, comes first."""
    interest = q.sum(-1).transpose(1, 2).softmax(-1)
    return summed(q, k, v) + torch.einsum("bhk,bkhd->bhd", interest, v).unsqueeze(1)


WAYS = {
    "fused": (fused(), {}),
    "fused and causal": (fused(is_causal=True), {"causal": True}),
    "fused with a mask": (fused(attn_mask=causal), {"causal": True}),
    "fused with a bias": (fused(attn_mask=lambda q: causal(q).double().log()), {"causal": True}),
    "fused with a scale": (fused(scale=0.7), {"scale": 0.7}),
    "shared keys": (grouped, {"shared": True}),
    "heads in the batch": (merged, {}),
    "einsum": (summed, {}),
    "beside a pooling": (pooled_before, {}),
}


def by_hand(
    model: Model, ids: np.ndarray, causal: bool = False, scale: float = 0.5, shared: bool = False
) -> np.ndarray:
    """Weights of one sequence, (heads, queries, keys)."""
    module: Any = model.module
    with torch.no_grad():
        q, k, _ = (part[0].numpy() for part in module.parts(torch.from_numpy(ids)[None]))
    k = k[:, :1].repeat(HEADS, axis=1) if shared else k
    logits = np.einsum("qhd,khd->hqk", q, k) * scale
    return softmax(np.where(np.tri(len(ids)) > 0, logits, -np.inf) if causal else logits, axis=-1)


@pytest.mark.parametrize(("attend", "how"), WAYS.values(), ids=WAYS)
def test_however_attention_is_written_they_are_those_by_hand(
    attend: Callable[..., Tensor], how: dict[str, Any]
) -> None:
    architecture = Architecture(lambda words: OneLayer(words, attend), attention=(None,), specials=False)
    model = architecture.make()
    batch = architecture.batch(model, 8, 8)
    weights = attention_weights(model, batch)
    assert weights.shape[1] == 1
    for row, tokens in zip(weights[:, 0].numpy(), batch.tokens, strict=True):
        np.testing.assert_allclose(row, by_hand(model, tokens.ids, **how), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("attend", "how"), WAYS.values(), ids=WAYS)
def test_what_heads_bring_from_each_token_is_as_by_hand(
    attend: Callable[..., Tensor], how: dict[str, Any]
) -> None:
    """Of a mean over tokens and a linear head: weights times the value's share of the logit."""
    architecture = Architecture(lambda words: OneLayer(words, attend), attention=(None,), specials=False)
    model = architecture.make()
    batch = architecture.batch(model, 8, 8)
    (found,) = contributions(model, batch)
    module: Any = model.module
    for row, tokens, target in zip(found, batch.tokens, batch.targets, strict=True):
        with torch.no_grad():
            _, _, v = (part[0].numpy() for part in module.parts(torch.from_numpy(tokens.ids)[None]))
        v = v[:, :1].repeat(HEADS, axis=1) if how.get("shared") else v
        share = module.head.weight[target.index].detach().numpy().reshape(HEADS, SIZE)
        value = np.einsum("khd,hd->hk", v, share)
        expected = by_hand(model, tokens.ids, **how).sum(1) * value / len(tokens)
        np.testing.assert_allclose(row, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", WITH_HEADS)
def test_heads_bring_the_same_in_fused_and_eager_attention(make: Make, name: str) -> None:
    architecture = ARCHITECTURES[name]
    batch = architecture.batch(make(name))
    found = []
    with Double():
        for attention in architecture.attention:
            model = make(name, attention)
            found.append(torch.stack(contributions(model, batch), 1))
    assert found[0].shape == (len(batch), architecture.layers, architecture.heads, batch.width)
    assert found[0].abs().amax((0, 2, 3)).gt(0).all()
    for row, tokens in zip(found[0], batch.tokens, strict=True):
        assert row[..., len(tokens) :].eq(0).all()
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_all_that_a_head_brings_is_how_the_logit_changes_with_its_output(make: Make, attention: str) -> None:
    model = make("BERT", attention)
    architecture = ARCHITECTURES["BERT"]
    batch = architecture.batch(model)
    shape = (len(batch), 1, architecture.heads, 1)
    gates = [torch.ones(shape, dtype=torch.float64, requires_grad=True) for _ in range(architecture.layers)]
    outputs = [
        module for name, module in model.module.named_modules() if name.endswith("attention.output.dense")
    ]
    for output, gate in zip(outputs, gates, strict=True):

        def times(_module: nn.Module, inputs: tuple[Tensor], gate: Tensor = gate) -> tuple[Tensor]:
            return ((inputs[0].unflatten(-1, (architecture.heads, -1)) * gate).flatten(-2),)

        output.register_forward_pre_hook(times)
    slopes = torch.autograd.grad(model.scores(model.inputs(batch), batch).sum(), gates)
    found = contributions(make("BERT", attention), batch)
    for one, slope in zip(found, slopes, strict=True):
        np.testing.assert_allclose(one.sum(-1), slope.flatten(1), rtol=1e-9)


@pytest.mark.parametrize("name", WITHOUT)
def test_without_attention_nothing_is_brought(make: Make, name: str) -> None:
    model = make(name)
    with pytest.raises(InputError, match="has no attention over its tokens that can be seen"):
        contributions(model, ARCHITECTURES[name].batch(model))


def test_a_pooling_is_no_attention_though_it_has_as_many_heads_as_there_are_tokens() -> None:
    architecture = Architecture(
        lambda words: OneLayer(words, pooled_before), attention=(None,), specials=False
    )
    model = architecture.make()
    _, layers = each_attention(model, architecture.batch(model, HEADS), lambda *_: None)
    assert layers == 1


READ = {
    "BERT": lambda tokens: [0],
    "ESM-2": lambda tokens: [0],
    "DNABERT-2": lambda tokens: [0],
    "spelt out by hand": lambda tokens: [0],
    "LLaMA": lambda tokens: [tokens - 1],
    "GPT-2": lambda tokens: [tokens - 1],
    "Falcon, ALiBi": lambda tokens: [tokens - 1],
    # the special token in front, and then the letter at place 2
    "T5 encoder": lambda tokens: [3],
    "ModernBERT, per token": lambda tokens: [3],
    "LLaMA, per token": lambda tokens: [2],
    "EuroBERT": lambda tokens: list(range(tokens)),
    "nn.TransformerEncoder, norm after": lambda tokens: list(range(tokens)),
    "nn.TransformerEncoder, norm before": lambda tokens: list(range(tokens)),
}


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("name", READ)
def test_the_tokens_that_the_prediction_is_read_from_are_found(make: Make, name: str, attention: str) -> None:
    architecture = ARCHITECTURES[name]
    model = make(name, attention if attention in architecture.attention else None)
    batch = architecture.batch(model)
    with Double():
        shares = query_shares(model, batch, "read", architecture.layers)
    for row, tokens in zip(shares, batch.tokens, strict=True):
        expected = READ[name](len(tokens))
        assert row.nonzero().flatten().tolist() == expected
        assert row[expected].tolist() == pytest.approx([1 / len(expected)] * len(expected))


def test_the_first_the_last_and_all_tokens_can_be_asked_for(make: Make) -> None:
    model = make("BERT")
    batch = ARCHITECTURES["BERT"].batch(model, 1, 3)
    first, last, mean = (query_shares(model, batch, query, 2) for query in ("first", "last", "mean"))
    assert first.tolist() == [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert last.tolist() == [[0, 0, 1, 0, 0], [0, 0, 0, 0, 1]]
    np.testing.assert_allclose(mean, [[1 / 3] * 3 + [0] * 2, [0.2] * 5], rtol=1e-12)


def deaf(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return summed(q, k, v).detach() + v


def test_a_prediction_that_does_not_depend_on_attention_needs_to_be_told_who_looks() -> None:
    architecture = Architecture(lambda words: OneLayer(words, deaf), attention=(None,), specials=False)
    model = architecture.make()
    with pytest.raises(InputError, match=r"does not depend on .* attention: choose --query first, last or"):
        query_shares(model, architecture.batch(model, 8), "read", 1)


class Uneven(OneLayer):
    """Two layers of different numbers of heads."""

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        parts = self.parts(input_ids)
        one = fused()(*(part.flatten(2).unsqueeze(2) for part in parts))
        return SimpleNamespace(logits=self.head((summed(*parts).flatten(2) + one.flatten(2)).mean(1)))


def test_layers_of_different_heads_are_read_one_by_one() -> None:
    architecture = Architecture(lambda words: Uneven(words, summed), attention=(None,), specials=False)
    model = architecture.make()
    batch = architecture.batch(model, 8)
    shapes: list[int] = []
    each_attention(model, batch, lambda _, weights: shapes.append(weights.shape[1]))
    assert sorted(shapes) == [1, HEADS]
    with pytest.raises(InputError, match="different numbers of heads: read them one by one"):
        attention_weights(model, batch)
