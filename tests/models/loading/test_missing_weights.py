"""Why there are no trained weights for what is asked: the cause is named, and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers
from safetensors.torch import load_file, save_file

from relevome.errors import InputError
from relevome.models.hugging_face import load_model

Saved = Callable[[str], Path]

BERT = {"vocab_size": 30, "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3,
        "intermediate_size": 21}  # fmt: skip
GPT2 = {"vocab_size": 30, "n_embd": 12, "n_layer": 2, "n_head": 3, "n_positions": 40}
T5 = {"vocab_size": 37, "d_model": 12, "d_kv": 5, "d_ff": 21, "num_layers": 2, "num_heads": 3}
BART = {"vocab_size": 30, "d_model": 12, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 13,
        "decoder_ffn_dim": 13, "encoder_attention_heads": 3, "decoder_attention_heads": 3}  # fmt: skip

CAUSES: dict[str, tuple[str, dict[str, Any], str]] = {
    "a bare encoder": (
        "BertModel",
        BERT,
        "a pre-trained encoder without a head: fine-tune it with `rele",
    ),
    "a causal model": (
        "GPT2LMHeadModel",
        GPT2,
        "a GPT2LMHeadModel: leave --task out, or fine-tune",
    ),
    "another": ("LlamaForCausalLM", BERT, "a LlamaForCausalLM: leave --task out, or fine-tune"),
    "a causal model of which there is no classifier": (
        "MambaForCausalLM",
        {"vocab_size": 30, "hidden_size": 12, "num_hidden_layers": 1, "state_size": 4},
        r"any head that can be explained: expected a model fine-tuned .* or a language model \(--task\)",
    ),
    "an encoder with its decoder": (
        "T5ForConditionalGeneration",
        T5,
        r"T5 without a classifier \(T5ForConditionalGeneration\): fine-tune .* reads its encoder",
    ),
    "its encoder": ("T5EncoderModel", T5, r"T5 without a classifier \(T5EncoderModel\): fine-tune it with"),
    "another with a decoder": (
        "BartModel",
        BART,
        r"encoder with a decoder \(BartModel\), which cannot be explained; expected a model fine-tuned for",
    ),
    "a head for something else": (
        "BertForQuestionAnswering",
        BERT,
        r"head of its own \(qa_outputs.bias, qa_outputs.weight\) and not that of a Bert.*: save it as one",
    ),
    "a masked language model": (
        "BertForMaskedLM",
        BERT,
        "a BertForMaskedLM: leave --task out, or fine-tune",
    ),
}
# What transformers takes for a language model where nothing else is asked for.
TRANSFORMERS_OWN = (
    "a masked language model",
    "another with a decoder",
    "a causal model",
    "another",
    "a causal model of which there is no classifier",
)


@pytest.mark.parametrize(
    ("name", "task"),
    [(name, task) for name in CAUSES for task in (None, "sequence") if task or name not in TRANSFORMERS_OWN],
)
def test_the_cause_is_named(saved: Saved, tmp_path: Path, name: str, task: str | None) -> None:
    kind, sizes, message = CAUSES[name]
    made = getattr(transformers, kind)
    made(made.config_class(**sizes)).save_pretrained(tmp_path)
    for file in saved("protbert").glob("*token*"):
        shutil.copy(file, tmp_path)
    refused(message, tmp_path, task)


def refused(message: str, folder: Path, task: str | None = None) -> None:
    with pytest.raises(InputError, match=f"has no trained weights for .*{message}") as caught:
        load_model(folder, task=task)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        (lambda name: name.replace("classifier", "fc1"), r"head of its own \(fc1.bias, fc1.weight\) and not"),
        (
            lambda name: f"module.{name}".replace("classifier", "fc1"),
            "names of its weights begin with module.",
        ),
        (lambda name: name.replace("layer.1", "layer.9"), "its config.json .* do not belong together"),
    ],
)
def test_the_cause_is_read_off_the_names_of_weights(
    saved: Saved, tmp_path: Path, rename: Callable[[str], str], message: str
) -> None:
    folder = Path(shutil.copytree(saved("protbert"), tmp_path / "model"))
    weights = {
        rename(name): tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    refused(message, folder)


def test_a_model_that_does_not_say_what_it_is(saved: Saved, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("protbert-masked"), tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": None}))
    refused(
        "it has the head of a language model: ask for --task masked or causal, or fine-tune", folder, "token"
    )


@pytest.mark.parametrize("named", [None, ["GPT2Model"]])
def test_a_table_of_embeddings_is_the_head_of_a_causal_model_only_where_that_is_said(
    saved: Saved, tmp_path: Path, named: list[str] | None
) -> None:
    folder = Path(shutil.copytree(saved("residues-causal"), tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": named}))
    refused("it has no head of its own: ask for --task causal if it predicts the next token, or fine", folder)
    assert load_model(folder, task="causal").task == "causal"


def test_a_classifier_is_no_language_model(saved: Saved) -> None:
    refused("it is a BertForSequenceClassification: leave --task out$", saved("protbert"), "masked")


def test_a_wrapper_is_named_before_the_class(saved: Saved, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("protbert-masked"), tmp_path / "model"))
    weights = {f"module.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    refused("names of its weights begin with module., and without that are not those", folder, "sequence")
