"""Tiny annotators with random weights, axes of different sizes, and what they compute, written with loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from relevome.models.annotator import AnnotatorConfig, AnnotatorForTokenClassification

SIZES: dict[str, Any] = {
    "num_hidden_layers": 3, "num_attention_heads": 2, "head_size": 5, "hidden_size": 6, "convolution": 7,
    "segment": 9, "memory": 11, "downstream": 4, "num_labels": 8,
}  # fmt: skip
SIDES = [False, True]


def tiny(dtype: torch.dtype = torch.float64, **settings: Any) -> AnnotatorForTokenClassification:
    """An annotator in evaluation mode, with weights large enough that every part of it matters."""
    torch.manual_seed(5)
    model = AnnotatorForTokenClassification(AnnotatorConfig(**(SIZES | settings)))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return model.to(dtype).eval()  # pyright: ignore[reportArgumentType]


def letters(length: int, seed: int = 0, among: str = "ACGTN") -> str:
    """Random letters."""
    return "".join(np.random.default_rng(seed).choice(list(among), size=length))


def ids(model: AnnotatorForTokenClassification, *sequences: str) -> torch.Tensor:
    """Tokens of sequences of one length."""
    vocabulary = model.config.vocabulary
    return torch.tensor([[vocabulary[letter] for letter in sequence] for sequence in sequences])


def by_hand(model: AnnotatorForTokenClassification, text: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Logits of every letter and weights of every layer (heads, states, states), in the layout `sliding`."""
    config = model.config
    weights = {name.removeprefix("encoder."): value.numpy() for name, value in model.state_dict().items()}
    known = {letter: np.eye(4)[index] for index, letter in enumerate("ACGT")} | {"N": np.full(4, 0.25)}
    ahead = 0 if config.bidirectional else config.downstream
    width = config.convolution
    before, right = (width // 2, config.memory) if config.bidirectional else (width - 1, 0)
    x = np.stack([known[letter] for letter in text + "N" * ahead]) @ weights["embeddings.channels.weight"].T
    seen = []
    for layer in (f"layers.{number}" for number in range(config.num_hidden_layers)):
        parts = np.split(x @ weights[f"{layer}.qkv.weight"].T, 3, axis=1)
        context = np.zeros((len(x), config.num_attention_heads, config.head_size))
        attention = np.zeros((config.num_attention_heads, len(x), len(x)))
        for head in range(config.num_attention_heads):
            own = slice(head * config.head_size, (head + 1) * config.head_size)
            q, k, v = (
                convolved(part[:, own], weights, f"{layer}.motifs.{number}", before)
                for number, part in enumerate(parts)
            )
            u, w = weights["content_bias"][head], weights["position_bias"][head]
            for i in range(len(x)):
                keys = range(max(0, i - config.memory), min(len(x), i + right + 1))
                far = [weights[f"{layer}.distance.weight"][own] @ place(i - j, x.shape[1]) for j in keys]
                logit = [(q[i] + u) @ k[j] + (q[i] + w) @ r for j, r in zip(keys, far, strict=True)]
                share = np.exp(np.array(logit) / np.sqrt(config.head_size))
                attention[head, i, list(keys)] = share / share.sum()
                context[i, head] = attention[head, i] @ v
        seen.append(attention)
        out = x + context.reshape(len(x), -1) @ weights[f"{layer}.output.weight"].T
        centred = out - out.mean(1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
        x = scaled * weights[f"{layer}.norm.weight"] + weights[f"{layer}.norm.bias"]
    return x[ahead:] @ weights["classifier.weight"].T + weights["classifier.bias"], seen


def convolved(x: np.ndarray, weights: dict[str, np.ndarray], name: str, before: int) -> np.ndarray:
    """What a convolution gives that sees so many letters before the one in question."""
    kernel, out = weights[f"{name}.weight"], np.zeros_like(x)
    for i in range(len(x)):
        for tap in range(kernel.shape[2]):
            if 0 <= i + tap - before < len(x):
                out[i] += kernel[:, :, tap] @ x[i + tap - before]
    return out + weights[f"{name}.bias"]


def place(distance: int, channels: int) -> np.ndarray:
    """Sines, then cosines, of a distance."""
    angles = [distance / 10000 ** (2 * c / channels) for c in range(channels // 2)]
    return np.concatenate([np.sin(angles), np.cos(angles)])
