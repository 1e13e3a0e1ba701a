"""Sapiens: residues of human antibodies, from those around them (Prihoda et al. 2022, mAbs 14:2020203).

A RoBERTa of fairseq for heavy chains and one for light chains, as the package sapiens has them:
``checkpoint_vh.pt`` and ``checkpoint_vl.pt``, beside ``dict.txt``, which has the residues in their order.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.serialization import safe_globals

from relevome.data.lines import numbered_lines
from relevome.data.sequences import PROTEIN
from relevome.errors import InputError
from relevome.models.base import Model, Source
from relevome.models.loading.trial import try_out
from relevome.models.own_tokenizers import known_tokenizer
from relevome.models.published import published
from relevome.models.published.files import only_one, parsed_as
from relevome.models.published.wheels import Wheel
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

if TYPE_CHECKING:
    from transformers import RobertaConfig, RobertaForMaskedLM

_NAMES = {"cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>",
          "mask_token": "<mask>"}  # fmt: skip
_BEFORE = ("<s>", "<pad>", "</s>", "<unk>")  # ids from 0, in fairseq's order
_WORDS = "dict.txt"

# Names of the checkpoint, and transformers'.
_TABLES = {
    "sentence_encoder.embed_tokens": "roberta.embeddings.word_embeddings",
    "sentence_encoder.embed_positions": "roberta.embeddings.position_embeddings",
    "sentence_encoder.emb_layer_norm": "roberta.embeddings.LayerNorm",
    "lm_head.dense": "lm_head.dense", "lm_head.layer_norm": "lm_head.layer_norm",
    "lm_head": "lm_head.decoder",
}  # fmt: skip
_WITHIN = {
    "self_attn.q_proj": "attention.self.query", "self_attn.k_proj": "attention.self.key",
    "self_attn.v_proj": "attention.self.value", "self_attn.out_proj": "attention.output.dense",
    "self_attn_layer_norm": "attention.output.LayerNorm", "fc1": "intermediate.dense",
    "fc2": "output.dense", "final_layer_norm": "output.LayerNorm",
}  # fmt: skip


def read_sapiens(path: Path, tokens: int) -> RobertaForMaskedLM:
    """The network of a checkpoint for so many tokens; nothing in it is run.

    Raises InputError for a file that is none, is of another network, or is damaged.
    """
    from transformers import RobertaForMaskedLM  # takes a second

    with parsed_as("Sapiens", path, f"a checkpoint of fairseq's RoBERTa, and {_WORDS} beside it"):
        with safe_globals([argparse.Namespace]):
            content = torch.load(path, map_location="cpu", weights_only=True)
        said, weights = content["args"], content["model"]
        if not str(said.arch).startswith("roberta") or said.activation_fn != "gelu":
            raise InputError(f"{path} is a {said.arch} of {said.activation_fn}: expected a RoBERTa with gelu")
        network = RobertaForMaskedLM(_config(path, said, weights, tokens))
        network.load_state_dict(_named(weights, said.encoder_layers, network))
    return network.eval()


def _config(path: Path, said: Any, weights: Mapping[str, Tensor], tokens: int) -> RobertaConfig:
    """Sizes, as far as they are those of the weights. Raises InputError where they are not."""
    from transformers import RobertaConfig

    rows, width = weights["decoder.sentence_encoder.embed_tokens.weight"].shape
    wide = len(weights["decoder.sentence_encoder.layers.0.fc1.bias"])
    told = (said.encoder_embed_dim, said.encoder_ffn_embed_dim)
    if rows != tokens or told != (width, wide) or not 0 < said.encoder_layers <= len(weights):
        raise InputError(
            f"{path} has embeddings of {rows} tokens and {width} channels, and {wide} in between: expected "
            f"{tokens} tokens ({_WORDS}), and {told[0]} and {told[1]} channels"
        )
    return RobertaConfig(
        vocab_size=rows,
        hidden_size=width,
        num_hidden_layers=said.encoder_layers,
        num_attention_heads=said.encoder_attention_heads,
        intermediate_size=wide,
        max_position_embeddings=len(weights["decoder.sentence_encoder.embed_positions.weight"]),
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        tie_word_embeddings=False,
    )


def _named(weights: Mapping[str, Tensor], layers: int, network: nn.Module) -> dict[str, Tensor]:
    """Weights by transformers' names, with what RoBERTa of fairseq has not: kinds of segments, of which 0."""
    pairs = dict(_TABLES)
    for layer in range(layers):
        old, new = f"sentence_encoder.layers.{layer}", f"roberta.encoder.layer.{layer}"
        pairs |= {f"{old}.{theirs}": f"{new}.{ours}" for theirs, ours in _WITHIN.items()}
    found = {
        f"{ours}.{end}": weights[f"decoder.{theirs}.{end}"]
        for theirs, ours in pairs.items()
        for end in ("weight", "bias")
        if f"decoder.{theirs}.{end}" in weights
    }
    segments = "roberta.embeddings.token_type_embeddings.weight"
    found[segments] = torch.zeros_like(network.state_dict()[segments])
    found["lm_head.bias"] = found["lm_head.decoder.bias"]
    return found


@published.register("sapiens")
class Sapiens:
    """A RoBERTa of antibodies, of fairseq: a checkpoint beside ``dict.txt``, or a folder with one alone."""

    heads = ()
    wheel = Wheel(
        "sapiens",
        "1.0.2",
        "9e03c81118e362b81053dcb53c8cdceaa53f62d07668cc2f31fcd478536d8722",
        ("sapiens/models/v1/*.pt", "sapiens/models/v1/dict.txt", "*.dist-info/LICENSE"),
        "MIT",
    )

    @staticmethod
    def _files(path: Path) -> list[Path]:
        folder = path if path.is_dir() else path.parent
        files = sorted(path.glob("*.pt")) if path.is_dir() else [path] * (path.suffix == ".pt")
        return files if (folder / _WORDS).is_file() else []

    @classmethod
    def claims(cls, path: Path) -> bool:
        """Whether there is one."""
        return bool(cls._files(path))

    @classmethod
    def read(cls, path: Path, head: str | None) -> Model:
        """The network, with outputs for every residue."""
        file = only_one(cls._files(path), path)
        lines = numbered_lines(file.parent / _WORDS)
        words = [line.split()[0] for _, line in lines if line.strip()]
        tokens = (*_BEFORE, *words, _NAMES["mask_token"])
        network = read_sapiens(file, len(tokens))
        tokenizer = known_tokenizer({token: id for id, token in enumerate(tokens)}, _NAMES)
        model = Model(
            module=network,
            tokenizer=LetterTokenizer(tokenizer, PROTEIN),
            task="masked",
            labels=tokens,
            max_tokens=network.config.max_position_embeddings - 2,  # fairseq's positions begin at 2
            source=Source(str(path.resolve()), "residues (plain)"),
        )
        try_out(model, str(path), own_code=False)
        return model
