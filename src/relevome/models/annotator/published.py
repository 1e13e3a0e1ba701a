"""The weights of the published annotator, in the layout of its own code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.models.annotator.config import AnnotatorConfig
from relevome.models.annotator.model import AnnotatorForTokenClassification

# Our sizes by their names in a published config.json.
SIZES = {
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "hidden_size": "d_model",
    "head_size": "d_head",
    "convolution": "conv_size",
    "segment": "segment_length",
    "memory": "memory_length",
    "downstream": "downstream",
}
NUCLEOTIDES = "ATCG"  # the order of the published table of letters
_MODEL = {"r_w_bias": "encoder.content_bias", "r_r_bias": "encoder.position_bias"}
_MODEL |= {"out_layer.weight": "classifier.weight", "out_layer.bias": "classifier.bias"}
_LAYER = {"qkv_net": "qkv", "r_net": "distance", "o_net": "output", "layer_norm": "norm"}
_LAYER |= {f"motif_net_{part}": f"motifs.{index}" for index, part in enumerate("qkv")}
_WORDS, _FREQUENCIES = "word_emb.emb_layers.0.weight", "pos_emb.inv_freq"


def load_published(folder: str | Path) -> AnnotatorForTokenClassification:
    """The published network from ``config.json`` and ``model.safetensors``, in evaluation mode.

    It reads a sequence segment by segment, its convolution ending at their edges, as the published code does
    in evaluation: with memory, a letter attends to ``memory_length`` letters, itself among them. Row i of
    its logits is what the network says at letter i; labels that were shifted by ``downstream`` in training
    are those of the letter so many before it. Raises ``InputError`` for files that are no such network.
    """
    folder = Path(folder)
    fields = _read_sizes(folder / "config.json")
    weights = _read_weights(folder / "model.safetensors")
    sizes = {ours: fields[theirs] for ours, theirs in SIZES.items()}
    classes = _of(weights, "out_layer.weight", folder).shape[0]
    config = AnnotatorConfig(**sizes, layout="segments", id2label={i: f"LABEL_{i}" for i in range(classes)})
    module = AnnotatorForTokenClassification(config)
    words = _of(weights, _WORDS, folder)
    named = {_our_name(name): value for name, value in weights.items() if name not in (_WORDS, _FREQUENCIES)}
    named["encoder.embeddings.channels.weight"] = _channels(words, config.hidden_size)
    named["encoder.embeddings.letters.weight"] = module.get_input_embeddings().weight
    try:
        module.load_state_dict(named)
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip()
        raise InputError(f"{folder / 'model.safetensors'} does not fit its config.json: {reason}") from error
    return module.eval()


def _read_sizes(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(fields, dict):
            raise ValueError("a list or a value")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: expected the config.json of a published annotator") from error
    missing = [name for name in SIZES.values() if not isinstance(fields.get(name), int)]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}: expected all sizes of a published annotator")
    order = fields.get("nucleotides", "A=0,T=1,C=2,G=3")
    if order != "A=0,T=1,C=2,G=3":
        raise InputError(f"{path} has nucleotides {order!r}: expected 'A=0,T=1,C=2,G=3'")
    return fields


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(f"cannot read {path}: expected the weights of a published annotator") from error


def _of(weights: dict[str, Tensor], name: str, folder: Path) -> Tensor:
    if name not in weights:
        raise InputError(f"{folder / 'model.safetensors'} has no {name}: expected a published annotator")
    return weights[name]


def _our_name(name: str) -> str:
    if name in _MODEL:
        return _MODEL[name]
    layers, number, _, part, kind = [*name.split("."), "", "", "", ""][:5]
    return f"encoder.{layers}.{number}.{_LAYER.get(part, part)}.{kind}"


def _channels(words: Tensor, channels: int) -> Tensor:
    """The published table, times the square root of the channels as in its code, in our order of letters."""
    rows = torch.stack([words[NUCLEOTIDES.index(letter)] for letter in DNA.letters])
    return (rows * channels**0.5).T.contiguous()
