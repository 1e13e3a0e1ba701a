"""Small checkpoints of antibody models as their authors ship them, with random weights."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from transformers import BertConfig, BertForMaskedLM

RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
DIM, WIDE, HEADS, LAYERS, LONGEST = 8, 12, 2, 2, 40


def save_sapiens(folder: Path, name: str = "checkpoint_vh.pt", activation: str = "gelu") -> Path:
    """A RoBERTa as fairseq saves it, and its residues."""
    rng = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return 0.4 * torch.randn(shape, generator=rng)

    def layer(name: str, out: int, into: int) -> dict[str, torch.Tensor]:
        return {f"{name}.weight": draw(out, into), f"{name}.bias": draw(out)}

    def norm(name: str) -> dict[str, torch.Tensor]:
        return {f"{name}.weight": 1 + draw(DIM), f"{name}.bias": draw(DIM)}

    tokens = len(RESIDUES) + 5
    whole = "decoder.sentence_encoder"
    weights = {f"{whole}.embed_tokens.weight": draw(tokens, DIM)}
    weights |= {f"{whole}.embed_positions.weight": draw(LONGEST + 2, DIM)} | norm(f"{whole}.emb_layer_norm")
    for number in range(LAYERS):
        within = f"{whole}.layers.{number}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            weights |= layer(f"{within}.self_attn.{part}", DIM, DIM)
        weights |= norm(f"{within}.self_attn_layer_norm") | norm(f"{within}.final_layer_norm")
        weights |= layer(f"{within}.fc1", WIDE, DIM) | layer(f"{within}.fc2", DIM, WIDE)
    weights |= layer("decoder.lm_head.dense", DIM, DIM) | norm("decoder.lm_head.layer_norm")
    weights |= layer("decoder.lm_head", tokens, DIM)
    said = argparse.Namespace(
        arch="roberta_small", activation_fn=activation, encoder_layers=LAYERS, encoder_embed_dim=DIM,
        encoder_ffn_embed_dim=WIDE, encoder_attention_heads=HEADS,
    )  # fmt: skip
    folder.mkdir(exist_ok=True, parents=True)
    torch.save({"args": said, "model": weights}, folder / name)
    (folder / "dict.txt").write_text("".join(f"{one} 1\n" for one in RESIDUES))
    return folder / name


def save_antiberty(folder: Path) -> dict[str, torch.Tensor]:
    """A BERT with the heads of AntiBERTy, and its vocabulary in the folder around it; gives the weights."""
    torch.manual_seed(0)
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *RESIDUES]
    config = BertConfig(
        vocab_size=len(tokens), hidden_size=DIM, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        intermediate_size=WIDE, max_position_embeddings=LONGEST, tie_word_embeddings=False,
    )  # fmt: skip
    network = BertForMaskedLM(config)
    weights = {name: one.clone() for name, one in network.state_dict().items()}
    weights |= {"bert.pooler.dense.weight": torch.randn(DIM, DIM), "bert.pooler.dense.bias": torch.randn(DIM)}
    for head, count in (("species", 6), ("chain", 2), ("graft", 2)):
        weights |= {f"cls.{head}.weight": torch.randn(count, DIM), f"cls.{head}.bias": torch.randn(count)}
    weights["bert.embeddings.position_ids"] = torch.arange(LONGEST)[None]
    folder.mkdir(exist_ok=True, parents=True)
    torch.save(weights, folder / "pytorch_model.bin")
    said = config.to_dict() | {"architectures": ["AntiBERTy"]}
    (folder / "config.json").write_text(json.dumps(said))
    (folder.parent / "vocab.txt").write_text("".join(f"{one}\n" for one in tokens))
    return weights
