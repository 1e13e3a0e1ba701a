"""The transformer on letters: what its parts compute, and that all methods explain it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import relevome
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.transformer import (
    TransformerConfig,
    TransformerForMaskedLM,
    TransformerForSequenceClassification,
    TransformerForTokenClassification,
)

TOKENIZER: Any = letter_tokenizer(DNA, specials=True)
SIZES: dict[str, Any] = {
    "vocab_size": len(TOKENIZER), "pad_token_id": 0, "mask_token_id": 2, "bos_token_id": 3,
    "eos_token_id": 4, "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3,
    "intermediate_size": 21, "embedding_size": 7, "convolutions": (5, 3), "max_position_embeddings": 40,
    "num_labels": 3,
}  # fmt: skip
TEXTS = ["ACGTTGCATTAGACC", "TTAGACCNAC"]


def make(kind: Any = TransformerForSequenceClassification, seed: int = 0, **more: Any) -> Any:
    """One in double precision, whose weights all matter."""
    torch.manual_seed(seed)
    module = kind(TransformerConfig(**SIZES | more)).double().eval()
    with torch.no_grad():
        for name, weights in module.named_parameters():
            if name.endswith("gates"):
                weights.normal_(std=0.05)
    return module


def read(*texts: str) -> dict[str, Any]:
    return TOKENIZER(list(texts), return_tensors="pt", padding=True)


@pytest.mark.parametrize("pooling", ["mean", "positions"])
@pytest.mark.parametrize("convolutions", [(), (5,), (5, 3)])
def test_padding_changes_nothing(pooling: str, convolutions: tuple[int, ...]) -> None:
    module = make(pooling=pooling, convolutions=convolutions)
    together = module(**read(*TEXTS)).logits
    for text, row in zip(TEXTS, together, strict=True):
        assert torch.allclose(module(**read(text)).logits[0], row, rtol=1e-12, atol=1e-12)


def test_the_stem_is_convolutions_with_a_relu_each_over_letters_alone() -> None:
    module = make()
    stem, vectors = module.transformer.stem, module.transformer.embeddings(read(*TEXTS)["input_ids"])
    exists = read(*TEXTS)["attention_mask"].bool()
    found = stem(vectors, exists).detach().numpy()
    for row, length in enumerate(exists.sum(1).tolist()):
        states = vectors[row, :length].detach().numpy()
        for layer in stem.convolutions:
            kernel, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
            half = kernel.shape[2] // 2
            expected = np.tile(bias, (length, 1))
            for here in range(length):
                for there in range(max(0, here - half), min(length, here + half + 1)):
                    expected[here] += kernel[:, :, there - here + half] @ states[there]
            states = np.maximum(expected, 0)
        np.testing.assert_allclose(found[row, :length], states, atol=1e-12)


@pytest.mark.parametrize("pooling", ["mean", "positions"])
def test_the_head_reads_the_mean_over_letters_with_a_weight_at_every_place(pooling: str) -> None:
    module = make(pooling=pooling)
    states = module.transformer(**read(TEXTS[0])).last_hidden_state[0].detach().numpy()
    head = module.classifier
    gates = np.zeros((40, 12)) if pooling == "mean" else head.pooling.gates.detach().numpy()
    # token 0 is [CLS], and the last [SEP]
    pooled = sum(states[t] * (1 + 30 * gates[t]) for t in range(1, len(states) - 1)) / len(TEXTS[0])
    dense = head.dense.weight.detach().numpy() @ pooled + head.dense.bias.detach().numpy()
    hidden = np.array([x * 0.5 * (1 + torch.erf(torch.tensor(x / 2**0.5)).item()) for x in dense])
    expected = head.out_proj.weight.detach().numpy() @ hidden + head.out_proj.bias.detach().numpy()
    np.testing.assert_allclose(module(**read(TEXTS[0])).logits[0].detach().numpy(), expected, atol=1e-7)


def test_without_convolutions_and_places_only_distances_count() -> None:
    module = make(TransformerForTokenClassification, convolutions=())
    asked = read(TEXTS[0])
    states = module.transformer
    rotate, seen = states.rotary_embeddings.forward, {}
    seen["usual"] = module(**asked).logits
    states.rotary_embeddings.forward = lambda hidden, places: rotate(hidden, places + 100)
    seen["further on"] = module(**asked).logits
    states.rotary_embeddings.forward = lambda hidden, places: rotate(hidden, places * 2)
    seen["apart"] = module(**asked).logits
    assert torch.allclose(seen["usual"], seen["further on"], atol=1e-5)  # rotations are in single precision
    assert not torch.allclose(seen["usual"], seen["apart"], atol=1e-3)


def test_layers_can_be_seen() -> None:
    module = make()
    module.set_attn_implementation("eager")
    seen = module(**read(*TEXTS), output_attentions=True, output_hidden_states=True)
    assert [one.shape for one in seen.attentions] == [(2, 3, 17, 17)] * 2
    assert torch.allclose(seen.attentions[0].sum(-1), torch.ones(2, 3, 17, dtype=torch.float64))
    assert [one.shape for one in seen.hidden_states] == [(2, 17, 12)] * 3


@pytest.mark.parametrize(
    ("kind", "labels", "loss"),
    [
        (TransformerForSequenceClassification, torch.tensor([2, 0]), lambda x, y: (x, y)),
        (
            TransformerForTokenClassification,
            torch.full((2, 17), 1),
            lambda x, y: (x.flatten(0, 1), y.flatten()),
        ),
        (TransformerForMaskedLM, torch.full((2, 17), 6), lambda x, y: (x.flatten(0, 1), y.flatten())),
    ],
    ids=["sequence", "token", "masked"],
)
def test_losses_are_cross_entropies(kind: Any, labels: torch.Tensor, loss: Any) -> None:
    module = make(kind)
    module.config.problem_type = "single_label_classification"
    seen = module(**read(*TEXTS), labels=labels)
    expected = nn.functional.cross_entropy(*loss(seen.logits, labels))
    assert seen.loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_new_weights_are_large_enough_to_learn_from() -> None:
    module = TransformerForSequenceClassification(TransformerConfig(**SIZES, pooling="positions"))
    scale = {name: weights.std().item() for name, weights in module.named_parameters()}
    assert scale["transformer.embeddings.word_embeddings.weight"] > 0.7
    assert scale["transformer.stem.convolutions.0.weight"] > 0.05  # 1 / sqrt(3 * 35)
    assert scale["classifier.pooling.gates"] == 0


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    make(pooling="positions").save_pretrained(tmp_path / "model")
    TOKENIZER.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize(
    "method", ["attnlrp", "gradient-x-input", "integrated-gradients", "mutagenesis", "attention", "rollout"]
)
def test_it_is_explained_as_any_other(method: str, saved: Path) -> None:
    model = load_model(saved, dtype="float64", device="cpu")
    run = relevome.explain(model, TEXTS[:1], method, target=2)
    assert np.isfinite(run[0].relevance).all()
    assert np.abs(run[0].relevance).max() > 0
    assert run[0].score == pytest.approx(make(pooling="positions")(**read(TEXTS[0])).logits[0, 2].item())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"convolutions": (4,)}, r"the transformer has convolutions \[4\]: expected odd widths"),
        ({"pooling": "first"}, "unknown pooling 'first': expected one of mean, positions"),
        ({"hidden_size": 15}, "the transformer has hidden_size 15 and 3 heads: expected an even number of"),
        ({"position_embedding_type": "absolute"}, "position_embedding_type 'absolute': expected 'rotary'"),
    ],
    ids=["even", "pooling", "heads", "positions"],
)
def test_sizes_that_make_no_sense_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TransformerConfig(**SIZES | more)
