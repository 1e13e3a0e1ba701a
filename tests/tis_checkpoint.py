"""A small checkpoint of a TIS Transformer, with random weights."""

from __future__ import annotations

from pathlib import Path

import torch

DIM, HEAD, HEADS, WINDOW, LONGEST, FEATURES = 8, 4, 3, 4, 40, 6


def save(path: Path, depth: int = 2) -> Path:
    said = {
        "use_seq": True, "use_ribo": False, "dim": DIM, "depth": depth, "heads": HEADS, "dim_head": HEAD,
        "nb_features": FEATURES, "local_attn_heads": HEADS - 1, "local_window_size": WINDOW,
        "max_seq_len": LONGEST,
    }  # fmt: skip
    rng = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return 0.4 * torch.randn(shape, generator=rng)

    weights = {
        "nuc_emb.weight": draw(8, DIM), "pos_emb.emb": draw(LONGEST + 2, DIM),
        "layer_pos_emb.emb": draw(LONGEST + 2, HEAD),
        "ff_1.weight": draw(2 * DIM, DIM), "ff_1.bias": draw(2 * DIM), "ff_2.weight": draw(2, 2 * DIM),
        "ff_2.bias": draw(2),
    }  # fmt: skip
    inner = HEADS * HEAD
    for layer in range(depth):
        first, second = (f"transformer.net.layers.{layer}.{part}" for part in (0, 1))
        weights |= {
            f"{first}.norm.weight": 1 + draw(DIM), f"{first}.norm.bias": draw(DIM),
            f"{first}.fn.fast_attention.projection_matrix": draw(FEATURES, HEAD),
            f"{first}.fn.local_attn.rel_pos.inv_freq": torch.tensor([1.0, 0.01]),
            f"{first}.fn.to_out.weight": draw(DIM, inner), f"{first}.fn.to_out.bias": draw(DIM),
            f"{second}.norm.weight": 1 + draw(DIM), f"{second}.norm.bias": draw(DIM),
            f"{second}.fn.fn.w1.weight": draw(4 * DIM, DIM), f"{second}.fn.fn.w1.bias": draw(4 * DIM),
            f"{second}.fn.fn.w2.weight": draw(DIM, 4 * DIM), f"{second}.fn.fn.w2.bias": draw(DIM),
        }  # fmt: skip
        for name in ("to_q", "to_k", "to_v"):
            weights[f"{first}.fn.{name}.weight"] = draw(inner, DIM)
            weights[f"{first}.fn.{name}.bias"] = draw(inner)
    torch.save({"epoch": 3, "hyper_parameters": said, "state_dict": weights}, path)
    return path
