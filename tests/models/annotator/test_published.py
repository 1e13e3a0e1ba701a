from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.models.annotator import load_published
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer
from tests.models.annotator.tiny import letters, place

SIZES = {
    "n_layer": 2, "n_head": 3, "d_model": 8, "d_head": 5, "conv_size": 3, "segment_length": 7,
    "memory_length": 4, "downstream": 20,
}  # fmt: skip
LAYER = {
    "qkv_net.weight": (45, 8), "r_net.weight": (15, 8), "o_net.weight": (8, 15),
    "layer_norm.weight": (8,), "layer_norm.bias": (8,),
    "motif_net_q.weight": (5, 5, 3), "motif_net_k.weight": (5, 5, 3), "motif_net_v.weight": (5, 5, 3),
    "motif_net_q.bias": (5,), "motif_net_k.bias": (5,), "motif_net_v.bias": (5,),
}  # fmt: skip
OTHER = {
    "word_emb.emb_layers.0.weight": (4, 8), "r_w_bias": (3, 5), "r_r_bias": (3, 5), "pos_emb.inv_freq": (4,),
    "out_layer.weight": (6, 8), "out_layer.bias": (6,),
}  # fmt: skip


def save(folder: Path, leave_out: str = "", **changes: Any) -> dict[str, np.ndarray]:
    """Random weights in the published layout."""
    torch.manual_seed(2)
    shapes = OTHER | {f"layers.{n}.dec_attn.{name}": shape for n in range(2) for name, shape in LAYER.items()}
    weights: dict[str, Tensor] = {name: torch.randn(shape) / 2 for name, shape in shapes.items()}
    save_file(
        {name: value for name, value in weights.items() if name != leave_out}, folder / "model.safetensors"
    )
    fields = {name: value for name, value in (SIZES | changes).items() if value is not None}
    (folder / "config.json").write_text(json.dumps(fields))
    return {name: value.double().numpy() for name, value in weights.items()}


def padded(x: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    """A convolution with zeros before the first row and after the last."""
    kernel = weights[f"{name}.weight"]
    wide = np.pad(x, ((1, 1), (0, 0)))
    taps = sum(wide[tap : tap + len(x)] @ kernel[:, :, tap].T for tap in range(3))
    return taps + weights[f"{name}.bias"]


def by_segments(weights: dict[str, np.ndarray], text: str, memory: int) -> np.ndarray:
    """Logits of the published network, one segment after the other."""
    x = weights["word_emb.emb_layers.0.weight"][["ATCG".index(letter) for letter in text]] * np.sqrt(8)
    held = [np.zeros((0, 8))] * 2
    logits = []
    for start in range(0, len(x), 7):
        hidden = x[start : start + 7]
        for layer in range(2):
            both = np.concatenate([held[layer], hidden])
            old, held[layer] = len(held[layer]), both[max(0, len(both) - memory) :] if memory else both[:0]
            hidden = by_layer(weights, f"layers.{layer}.dec_attn", both, old, memory)
        logits.append(hidden @ weights["out_layer.weight"].T + weights["out_layer.bias"])
    return np.concatenate(logits)


def by_layer(
    weights: dict[str, np.ndarray], name: str, both: np.ndarray, old: int, memory: int
) -> np.ndarray:
    q, k, v = np.split(both @ weights[f"{name}.qkv_net.weight"].T, 3, axis=1)
    contexts = []
    for head in range(3):
        own = slice(5 * head, 5 * head + 5)
        queries = padded(q[old:, own], weights, f"{name}.motif_net_q")
        keys = padded(k[:, own], weights, f"{name}.motif_net_k")
        values = padded(v[:, own], weights, f"{name}.motif_net_v")
        context = np.zeros_like(queries)
        for i in range(len(queries)):
            seen = [j for j in range(old + i + 1) if not memory or old + i - j < memory]
            far = {j: weights[f"{name}.r_net.weight"][own] @ place(old + i - j, 8) for j in seen}
            u, w = weights["r_w_bias"][head], weights["r_r_bias"][head]
            logit = [(queries[i] + u) @ keys[j] + (queries[i] + w) @ far[j] for j in seen]
            share = np.exp(np.array(logit) / np.sqrt(5))
            context[i] = share / share.sum() @ values[seen]
        contexts.append(context)
    out = both[old:] + np.concatenate(contexts, axis=1) @ weights[f"{name}.o_net.weight"].T
    centred = out - out.mean(1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
    return scaled * weights[f"{name}.layer_norm.weight"] + weights[f"{name}.layer_norm.bias"]


@pytest.mark.parametrize("memory", [0, 1, 4, 7, 10])
@pytest.mark.parametrize("length", [1, 6, 7, 8, 40])
def test_logits_are_computed_segment_by_segment(tmp_path: Path, length: int, memory: int) -> None:
    weights = save(tmp_path, memory_length=memory)
    text = letters(length, among="ACGT")
    model = load_published(tmp_path).double()
    expected = by_segments(weights, text, memory)
    np.testing.assert_allclose(model.logits(text), expected, rtol=0, atol=1e-5)
    with torch.no_grad():
        np.testing.assert_allclose(model(model.tokens(text)).logits[0], expected, rtol=0, atol=1e-5)


def test_it_becomes_a_model_like_any_other(tmp_path: Path) -> None:
    save(tmp_path)
    published = load_published(tmp_path)
    published.save_pretrained(tmp_path / "saved")
    letter_tokenizer(DNA).save_pretrained(tmp_path / "saved")
    model = load_model(tmp_path / "saved", device="cpu")
    assert (model.task, len(model.labels)) == ("token", 6)
    found = model.module.logits("ACGTTGCA")  # pyright: ignore[reportCallIssue]
    np.testing.assert_allclose(found, published.logits("ACGTTGCA"), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_layer": None, "d_head": None}, "config.json lacks n_layer, d_head: expected all sizes"),
        ({"nucleotides": "A=0,C=1,G=2,T=3"}, "has nucleotides 'A=0,C=1,G=2,T=3': expected 'A=0,T=1,C=2,G=3'"),
        ({"conv_size": 4}, "convolution of 4: expected an odd number"),
        ({"d_head": 6}, "model.safetensors does not fit its config.json: size mismatch"),
        ({"n_layer": 3}, "model.safetensors does not fit its config.json: Missing key"),
        ({"n_layer": 1}, "model.safetensors does not fit its config.json: Unexpected key"),
        ({"leave_out": "out_layer.weight"}, "has no out_layer.weight: expected a published annotator"),
        ({"leave_out": "word_emb.emb_layers.0.weight"}, "has no word_emb"),
        ({"leave_out": "r_w_bias"}, "does not fit its config.json: Missing key"),
    ],
)
def test_what_is_no_published_network_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    save(tmp_path, **changes)
    with pytest.raises(InputError, match=message):
        load_published(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"{ nothing"])
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, name: str, content: bytes | None) -> None:
    save(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"cannot read .*{name}: expected the .* of a published annotator"):
        load_published(tmp_path)
