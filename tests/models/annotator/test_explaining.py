from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relevome.attribution import methods
from relevome.attribution.attnlrp import AttnLRP
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import FixedBatchSize
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer
from tests.models.annotator.tiny import letters, tiny

KINDS: dict[str, dict[str, Any]] = {
    "causal": {},
    "bidirectional": {"bidirectional": True},
    "segments": {"layout": "segments", "memory": 9},
    "segment": {"layout": "segments", "memory": 0, "segment": 64},
}
PLAIN = ("attnlrp", "lrp", "gradient-x-input", "saliency", "integrated-gradients", "mutagenesis")
BY_ATTENTION = ("attention", "rollout")


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Model]:
    """A tiny annotator as methods see it, in double precision."""

    def load_kind(kind: str) -> Model:
        tiny(**KINDS[kind]).save_pretrained(tmp_path / kind)
        letter_tokenizer(DNA).save_pretrained(tmp_path / kind)
        model = load_model(tmp_path / kind, dtype="float64", device="cpu")
        return model.with_batch_sizes(FixedBatchSize(4))

    return load_kind


def batch(model: Model, *lengths: int, position: int = 2) -> Batch:
    texts = [letters(length, seed, "ACGT") for seed, length in enumerate(lengths)]
    tokens = tuple(model.tokenize(Sequence(f"s{i}", text, DNA)) for i, text in enumerate(texts))
    return Batch(tokens, (Target(1, "site", position),) * len(tokens))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_model_with_classes_for_every_letter(load: Callable[..., Model], kind: str) -> None:
    model = load(kind)
    assert (model.task, model.alphabet, model.tokenizer.style) == ("token", DNA, "plain")
    assert (model.max_tokens, model.pads, len(model.labels)) == (None, True, 8)
    given = batch(model, 30, 9)
    expected = [model.module.logits(tokens.sequence.letters)[2, 1] for tokens in given.tokens]  # pyright: ignore[reportCallIssue]
    np.testing.assert_allclose(
        model.scores(model.inputs(given), given).detach(), expected, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", PLAIN)
def test_methods_explain_it_in_any_batch(load: Callable[..., Model], kind: str, method: str) -> None:
    model = load(kind)
    together = methods[method]().attribute(model, batch(model, 30, 9))
    (alone,) = methods[method]().attribute(model, batch(model, 30))
    for one, other in ((together[0].values, alone.values), (together[0].letters, alone.letters)):
        if one is not None and other is not None:
            assert np.abs(one).max() > 1e-3
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", ["causal", "bidirectional", "segment"])
@pytest.mark.parametrize("method", BY_ATTENTION)
def test_attention_between_letters_can_be_seen(load: Callable[..., Model], kind: str, method: str) -> None:
    model = load(kind)
    for found in methods[method]().attribute(model, batch(model, 30, 20)):
        assert found.values is not None
        assert found.values.sum() == pytest.approx(1)


def test_attention_of_segments_cannot(load: Callable[..., Model]) -> None:
    model = load("segments")
    with pytest.raises(InputError, match="no attention over its tokens"):
        methods["attention"]().attribute(model, batch(model, 30))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("position", [2, 28])
def test_the_ledger_closes(load: Callable[..., Model], kind: str, position: int) -> None:
    model = load(kind)
    (found,) = AttnLRP(audit=True).attribute(model, batch(model, 30, position=position))
    assert found.ledger is not None
    assert found.ledger.largest_share < 1e-12
    assert all(entry.unaccounted < 1e-12 for entry in found.ledger.entries)
    absorbed = {kind for entry in found.ledger.entries for kind in entry.absorbed}
    assert {"biases", "positions", "softmax"} <= absorbed


@pytest.mark.parametrize("kind", ["causal", "bidirectional", "segment"])
@pytest.mark.parametrize("length", [30, 4, 5])
def test_every_head_has_relevance(load: Callable[..., Model], kind: str, length: int) -> None:
    model = load(kind)
    (found,) = AttnLRP(heads=True).attribute(model, batch(model, length, position=0))
    assert found.heads is not None
    assert found.heads.shape == (3, 2, length)


@pytest.mark.parametrize("kind", KINDS)
def test_fused_attention_changes_no_relevance(load: Callable[..., Model], kind: str) -> None:
    model = load(kind)
    (plain,) = methods["attnlrp"]().attribute(model, batch(model, 30))
    model.module.set_attn_implementation("sdpa")  # pyright: ignore[reportCallIssue]
    (fused,) = methods["attnlrp"]().attribute(model, batch(model, 30))
    assert plain.values is not None
    assert fused.values is not None
    assert fused.score == pytest.approx(plain.score)
    np.testing.assert_allclose(fused.values, plain.values, rtol=0, atol=1e-12)


def test_relevance_is_where_the_logit_looks(load: Callable[..., Model]) -> None:
    model = load("causal")
    (found,) = methods["attnlrp"]().attribute(model, batch(model, 30, position=10))
    assert found.values is not None
    assert not found.values[15:].any()
    assert found.values[:15].all()
