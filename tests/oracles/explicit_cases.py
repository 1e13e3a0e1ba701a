"""Tiny checkpoints with random weights for which there is an explicit pass; all axis sizes differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors.torch import save_file
from torch.overrides import TorchFunctionMode
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    EsmConfig,
    EsmForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
    PreTrainedModel,
    T5Config,
    T5ForTokenClassification,
)

from relevome.data.sequences import DNA, PROTEIN, Alphabet, Sequence
from relevome.models.base import Batch, Model, Target
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer, letter_vocabulary
from tests.oracles.explicit.bert import bert
from tests.oracles.explicit.dnabert2 import dnabert2
from tests.oracles.explicit.esm import esm
from tests.oracles.explicit.llama import llama
from tests.oracles.explicit.network import Explanation, Network
from tests.oracles.explicit.t5 import t5

LENGTHS = (9, 17)
LABELS = 5


class Double(TorchFunctionMode):
    """While active, what a model casts to single precision stays in double.

    transformers computes rotary positions, RMSNorm and some softmaxes in single precision whatever the
    weights are. Rounded so, nothing could agree to more than seven digits.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        func = torch.Tensor.double if func is torch.Tensor.float else func
        args = tuple(torch.float64 if arg is torch.float32 else arg for arg in args)
        kwargs = {k: torch.float64 if v is torch.float32 else v for k, v in (kwargs or {}).items()}
        return func(*args, **kwargs)


@dataclass(frozen=True)
class Case:
    """One architecture: how a checkpoint is made, and its explicit pass."""

    make: Callable[[Path], None]
    network: Callable[[dict[str, np.ndarray], dict[str, Any], np.ndarray], Network]
    alphabet: Alphabet
    position: int | None = None

    def load(self, folder: Path, seed: int, attention: str) -> Model:
        """The model in double precision, with one of transformers' ways to compute attention."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.make(folder)
        model = load_model(folder, dtype="float64", device="cpu", alphabet=self.alphabet.name)
        cast(PreTrainedModel, model.module).set_attn_implementation(attention)
        return model

    def batch(self, model: Model, seed: int) -> Batch:
        """Two random sequences of unlike lengths."""
        draw = np.random.default_rng(seed)
        letters = ["".join(draw.choice(list(self.alphabet.letters), size=n)) for n in LENGTHS]
        tokens = tuple(model.tokenize(Sequence(x, x, self.alphabet)) for x in letters)
        return Batch(tokens, (Target(1, "second", position=self.position),) * len(tokens))

    def explain(self, model: Model, batch: Batch, rule: str = "attnlrp") -> list[Explanation]:
        """The explicit pass over every sequence of a batch, alone and without padding.

        ``rule`` is that of attention.
        """
        module = cast(PreTrainedModel, model.module)
        weights = {name: tensor.double().numpy() for name, tensor in module.state_dict().items()}
        found = []
        for tokens, target in zip(batch.tokens, batch.targets, strict=True):
            at = target.index if target.position is None else (tokens.covering(target.position), target.index)
            network = self.network(weights, module.config.to_dict(), tokens.ids)
            for attention in network.attentions:
                attention.rule = rule
            found.append(network.explain(at))
        return found


def make_bert(folder: Path) -> None:
    config = BertConfig(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=21,
        max_position_embeddings=40, **outside(PROTEIN, specials=True),
    )  # fmt: skip
    save(folder, BertForSequenceClassification(config), PROTEIN, specials=True)


def make_esm(folder: Path) -> None:
    config = EsmConfig(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=21,
        max_position_embeddings=40, position_embedding_type="rotary", token_dropout=True,
        **outside(PROTEIN, specials=True),
    )  # fmt: skip
    save(folder, EsmForSequenceClassification(config), PROTEIN, specials=True)


def make_t5(folder: Path) -> None:
    """Heads wider than their share of the channels; few buckets, so that far distances share one."""
    config = T5Config(
        d_model=12, d_kv=7, d_ff=22, num_layers=2, num_heads=3, feed_forward_proj="gated-gelu",
        relative_attention_num_buckets=14, relative_attention_max_distance=10,
        **outside(PROTEIN, specials=True),
    )  # fmt: skip
    save(folder, T5ForTokenClassification(config), PROTEIN, specials=True)


def make_llama(folder: Path) -> None:
    """Three heads of queries to each of keys and values; no special tokens, so pooled over a letter."""
    config = LlamaConfig(
        hidden_size=18, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=4,
        intermediate_size=21, max_position_embeddings=40, **outside(DNA, specials=False),
    )  # fmt: skip
    save(folder, LlamaForSequenceClassification(config), DNA, specials=False)


def make_dnabert2(folder: Path) -> None:
    """As on the hub: no ``model_type``, but code of its own that wants to run. Six heads, no power of two."""
    code, head = "zhihan1996/DNABERT-2-117M--", "BertForSequenceClassification"
    config = {
        "_name_or_path": "zhihan1996/DNABERT-2-117M", "architectures": [head],
        "auto_map": {"AutoConfig": f"{code}configuration_bert.BertConfig",
                     "AutoModelForSequenceClassification": f"{code}bert_layers.{head}"},
        "alibi_starting_size": 512, "attention_probs_dropout_prob": 0.0, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "hidden_size": 30, "initializer_range": 0.02, "intermediate_size": 21,
        "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "num_attention_heads": 6,
        "num_hidden_layers": 2, "type_vocab_size": 2, **outside(DNA, specials=True),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    shapes = dnabert2_shapes(30, 21, config["vocab_size"], 2)
    weights = {name: torch.randn(*shape) * 0.3 for name, shape in shapes.items()}
    save_file(weights, folder / "model.safetensors")
    letter_tokenizer(DNA, specials=True).save_pretrained(folder)


def dnabert2_shapes(hidden: int, inner: int, words: int, layers: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights of a checkpoint."""
    shapes: dict[str, tuple[int, ...]] = {
        "bert.embeddings.word_embeddings.weight": (words, hidden),
        "bert.embeddings.token_type_embeddings.weight": (2, hidden),
    }
    linear = {"bert.pooler.dense": (hidden, hidden), "classifier": (LABELS, hidden)}
    norms = ["bert.embeddings.LayerNorm"]
    for name in (f"bert.encoder.layer.{i}" for i in range(layers)):
        linear[f"{name}.attention.self.Wqkv"] = (3 * hidden, hidden)
        linear[f"{name}.attention.output.dense"] = (hidden, hidden)
        linear[f"{name}.mlp.wo"] = (hidden, inner)
        shapes[f"{name}.mlp.gated_layers.weight"] = (2 * inner, hidden)
        norms += [f"{name}.attention.output.LayerNorm", f"{name}.mlp.layernorm"]
    for name, (outputs, inputs) in linear.items():
        shapes |= {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
    return shapes | {f"{name}.{part}": (hidden,) for name in norms for part in ("weight", "bias")}


def outside(alphabet: Alphabet, specials: bool) -> dict[str, Any]:
    """What a config says about the letter tokenizer and the labels."""
    ids = letter_vocabulary(alphabet, specials)
    tokens = {"vocab_size": len(ids), "pad_token_id": ids["[PAD]"], "mask_token_id": ids["[MASK]"]}
    return {**tokens, "id2label": {i: f"label {i}" for i in range(LABELS)}}


def save(folder: Path, module: PreTrainedModel, alphabet: Alphabet, specials: bool) -> None:
    """The model, with weights large enough that every part of it matters."""
    with torch.no_grad():
        for parameter in module.parameters():
            draw = torch.randn_like(parameter)
            parameter.copy_(0.3 * draw if parameter.dim() > 1 else parameter + draw / 9)
    module.save_pretrained(folder)
    letter_tokenizer(alphabet, specials).save_pretrained(folder)


CASES = {
    "bert": Case(make_bert, bert, PROTEIN),
    "esm": Case(make_esm, esm, PROTEIN),
    "t5": Case(make_t5, t5, PROTEIN, position=2),
    "llama": Case(make_llama, llama, DNA),
    "dnabert2": Case(make_dnabert2, dnabert2, DNA),
}
