"""Models to train: the CNN, any architecture with random weights, or a trained one with a new head."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
)

from relevome.data.sequences import DNA, named_alphabet
from relevome.errors import InputError
from relevome.models import models
from relevome.models.cnn import CnnConfig
from relevome.models.loading.checkpoint import claimed_by, read_config
from relevome.models.loading.errors import one_line_errors
from relevome.models.loading.hub import hub
from relevome.models.loading.missing_weights import no_trained_weights
from relevome.models.loading.tokenizer_files import load_tokenizer
from relevome.models.loading.weight_files import weights_sha256
from relevome.models.loading.weights import Weighted, with_weights
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer
from relevome.models.t5_encoder import encoder_config
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.models.transformer import TransformerConfig
from relevome.training.labels import LabelScheme

_OFFLINE = {"trust_remote_code": False, "local_files_only": True}
LEARNING_RATES = {"cnn": 1e-3, "transformer": 2e-3, "config": 5e-4, "checkpoint": 3e-5, "lora": 3e-4}


class Architecture:
    """What ``--arch`` names: a model of our own, a config.json, or a checkpoint (a folder or hub id).

    A name alone has the sizes that its configuration class calls ``small``, ``name:published`` those it calls
    ``published``; where the class says ``byte_pairs``, an encoding of so many tokens is learnt from the data.
    """

    def __init__(self, name: str) -> None:
        models.discover()  # our own architectures enter transformers' Auto classes
        self.name = name
        self.fields: dict[str, Any] = {}
        self.kind = "checkpoint"
        self.byte_pairs: int | None = None
        own, _, size = name.partition(":")
        if own in models:
            config_class: Any = getattr(models[own], "config_class", None)
            self.byte_pairs = getattr(config_class, "byte_pairs", None)
            self.fields = {"model_type": config_class.model_type, **_sizes(config_class, name, size)}
        elif name.endswith(".json"):
            self.fields = _read_config(name)
        if self.fields:
            self.kind = "cnn" if self.fields["model_type"] == CnnConfig.model_type else "config"

    @property
    def learning_rate(self) -> float:
        """The usual one."""
        own = self.fields.get("model_type") == TransformerConfig.model_type
        return LEARNING_RATES["transformer" if own else self.kind]

    def sha256(self) -> str:
        """A digest of what a training begins with: sizes, and of a checkpoint configuration and weights."""
        said: list[Any] = [self.fields]
        if self.kind == "checkpoint":
            with _read_here(self.name):
                said = [read_config(self.name, **_OFFLINE).to_diff_dict(), weights_sha256(self.name)]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    def tokenizer(self, folder: str | None, alphabet: str | None, rare_as_x: bool = False) -> LetterTokenizer:
        """The tokenizer in ``folder``, else the checkpoint's own, else one token per letter.

        A checkpoint that was trained with rare residues read as X goes on so.
        """
        asked = None if alphabet is None else named_alphabet(alphabet)
        if self.kind == "cnn":
            if folder is not None:
                raise InputError("the CNN reads single letters: leave --tokenizer out")
            asked = asked or named_alphabet(self.fields.get("alphabet", DNA.name))
            return LetterTokenizer(letter_tokenizer(asked), asked, rare_as_x)
        if self.kind == "config" and folder is None:
            return LetterTokenizer(letter_tokenizer(asked or DNA, specials=True), asked or DNA, rare_as_x)
        path = folder or self.name
        with _read_here(path):
            config = read_config(path, **_OFFLINE) if folder is None else None
            tokenizer = load_tokenizer(path, config, **_OFFLINE)
        if tokenizer.pad_token_id is None:
            raise InputError(f"the tokenizer of {path} has no padding token: give one that has (--tokenizer)")
        return LetterTokenizer(tokenizer, asked, rare_as_x or getattr(config, "rare_as_x", False))

    def with_byte_pairs(
        self, plain: LetterTokenizer, folder: str | None, asked: int | None, sequences: Iterable[str]
    ) -> LetterTokenizer:
        """A byte-pair encoding learnt from sequences, if one is asked for, or usual here; else ``plain``."""
        tokens = asked if asked is not None or folder is not None else self.byte_pairs
        if tokens is None:
            return plain
        if self.kind != "config" or folder is not None:
            raise InputError(
                f"{folder or self.name} says how letters are read: leave --tokens out, which learns a new "
                "tokenizer"
            )
        learnt = bpe_tokenizer(sequences, tokens, alphabet=plain.alphabet)
        return LetterTokenizer(learnt, plain.alphabet, plain.rare_as_x)

    def module(
        self, letters: LetterTokenizer, scheme: LabelScheme | None, lengths: Iterable[int] = ()
    ) -> tuple[PreTrainedModel, tuple[str, ...]]:
        """A module to train, in float32, and the names of weights that no checkpoint gave.

        Without a scheme it is a masked language model. ``lengths`` are those of the training sequences:
        where all are equal, the CNN and the transformer keep positions.
        """
        if self.kind == "cnn" and (scheme is None or scheme.task == "token"):
            raise InputError(
                "the CNN gives one prediction per sequence: for one per letter choose a transformer"
            )
        outputs = {} if scheme is None else _outputs(scheme)
        outputs |= {"rare_as_x": True} if letters.rare_as_x else {}
        if self.kind == "checkpoint":
            return self._from_checkpoint(letters, scheme, outputs)
        fields = self.fields | outputs
        if self.kind == "cnn":
            fields |= self._cnn_fields(letters, set(lengths))
        else:
            fields |= _token_fields(letters.hf)
            if self.fields["model_type"] == TransformerConfig.model_type:
                # as the CNN, which keeps positions where all sequences have as many
                usual = "positions" if len(set(lengths)) == 1 and scheme is not None else "mean"
                fields.setdefault("pooling", usual)
        module = self._from_fields(fields, scheme)
        return module, tuple(name for name, _ in module.named_parameters())

    def _cnn_fields(self, letters: LetterTokenizer, lengths: set[int]) -> dict[str, Any]:
        fixed = len(lengths) == 1
        pooling = self.fields.get("pooling", "flatten" if fixed else "max")
        if pooling == "flatten" and not fixed:
            raise InputError(
                f"the training sequences have {min(lengths)} to {max(lengths)} letters: pooling flatten "
                "takes one length only, choose max or mean"
            )
        length = lengths.pop() if pooling == "flatten" else None
        return {
            "model_type": CnnConfig.model_type,
            "alphabet": letters.alphabet.name,
            "pooling": pooling,
            "sequence_length": length,
        }

    def _from_fields(self, fields: dict[str, Any], scheme: LabelScheme | None) -> PreTrainedModel:
        with _read_here(self.name):
            config = _with_head(AutoConfig.for_model(**fields), scheme)
            self._check_head(config, scheme)
            return _auto(scheme).from_config(config, dtype=torch.float32, trust_remote_code=False)

    def _from_checkpoint(
        self, letters: LetterTokenizer, scheme: LabelScheme | None, outputs: dict[str, Any]
    ) -> tuple[PreTrainedModel, tuple[str, ...]]:
        with _read_here(self.name):
            config = _with_head(read_config(self.name, **_OFFLINE, **outputs), scheme)
            self._check_head(config, scheme)
            found = with_weights(
                _auto(scheme),
                self.name,
                config=config,
                dtype=torch.float32,
                # A head for another number of outputs is replaced; what else does not fit is refused below.
                ignore_mismatched_sizes=True,
                **_OFFLINE,
            )
        module: Any = found.module
        if found.missing and found.unknown and not _given(found):
            raise no_trained_weights(self.name, config, found)
        head = tuple(_head(module))
        for name in found.misshapen:
            if not name.startswith(head):
                raise InputError(
                    f"{name} of {self.name} does not fit its config.json: the checkpoint is damaged"
                )
        known, used = module.get_input_embeddings().num_embeddings, max(letters.hf.get_vocab().values())
        if used >= known:
            raise InputError(
                f"the tokenizer has token number {used} but {self.name} knows {known} only: "
                "leave --tokenizer out"
            )
        if getattr(module.config, "pad_token_id", None) is None:
            module.config.pad_token_id = letters.pad_id
        return module, tuple(sorted({*found.misshapen, *found.missing}))

    def _check_head(self, config: Any, scheme: LabelScheme | None) -> None:
        if scheme is None and type(config) not in AutoModelForMaskedLM._model_mapping:
            raise InputError(
                f"{self.name} is a {config.model_type}, of which there is no masked language model: choose "
                "another architecture, such as dnabert2, bert or esm"
            )


def add_lora(module: PreTrainedModel, rank: int, new_weights: Iterable[str]) -> Any:
    """The module with low-rank adapters on every linear layer; head and new weights are trained in full.

    LoRA (Hu et al. 2021, eq. 3) with alpha = 2 rank. Needs the extra ``lora``.
    """
    if find_spec("peft") is None:
        raise InputError("LoRA needs the library peft: pip install relevome[lora]")
    from peft import LoraConfig, get_peft_model

    new = _head(module) | {name.rpartition(".")[0] for name in new_weights} - {""}
    in_full = sorted(name for name in new if not _inside(name, new - {name}))
    adapted = [
        name
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear) and not _inside(name, in_full)
    ]
    if isinstance(module.config, CnnConfig) or not adapted:
        raise InputError(f"{type(module).__name__} has no layers for LoRA: leave --lora-rank out")
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules=adapted, modules_to_save=in_full
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        return get_peft_model(module, config)


def _sizes(config_class: Any, name: str, size: str) -> dict[str, Any]:
    """The sizes after the colon, else small ones, if the architecture has them."""
    if size and not isinstance(getattr(config_class, size, None), Mapping):
        known = [key for key, value in vars(config_class).items() if isinstance(value, Mapping)]
        listed = ", ".join(key for key in known if not key.startswith("_")) or "none"
        raise InputError(f"{name} has no sizes {size!r}: expected one of {listed}")
    return dict(getattr(config_class, size or "small", {}))


def _inside(name: str, parts: Iterable[str]) -> bool:
    return any(name == part or name.startswith(part + ".") for part in parts)


def _head(module: PreTrainedModel) -> set[str]:
    """Names of the parts on top of the base model, those with weights."""
    parts = dict(module.named_children())
    trained = {name for name, part in parts.items() if next(part.parameters(), None) is not None}
    return trained - {module.base_model_prefix}


@contextmanager
def _read_here(path: str) -> Iterator[None]:
    """A checkpoint is read where it is: nothing is fetched, and what goes wrong is one line."""
    with hub(download=False) as asked, one_line_errors(path, asked):
        yield


def _given(found: Weighted) -> set[str]:
    """Names of weights that a checkpoint gave."""
    return {name for name, _ in found.module.named_parameters()} - {*found.missing, *found.misshapen}


def _outputs(scheme: LabelScheme) -> dict[str, Any]:
    """What a config.json says about the outputs."""
    return {
        "id2label": dict(enumerate(scheme.names)),
        "label2id": {name: index for index, name in enumerate(scheme.names)},
        "problem_type": scheme.problem_type,
    }


def _with_head(config: Any, scheme: LabelScheme | None) -> Any:
    """A configuration whose class of transformers reads a sequence once: of T5 only the encoder does."""
    return config if scheme is None or scheme.task == "token" else encoder_config(config)


def _auto(scheme: LabelScheme | None) -> Any:
    if scheme is None:
        return AutoModelForMaskedLM
    return AutoModelForTokenClassification if scheme.task == "token" else AutoModelForSequenceClassification


def _token_fields(tokenizer: Any) -> dict[str, Any]:
    """What a config.json must say about the tokenizer."""
    ids = {
        "pad_token_id": tokenizer.pad_token_id,
        "mask_token_id": tokenizer.mask_token_id,
        "bos_token_id": tokenizer.cls_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id,
        "eos_token_id": tokenizer.sep_token_id if tokenizer.eos_token_id is None else tokenizer.eos_token_id,
    }
    return {"vocab_size": len(tokenizer)} | {name: index for name, index in ids.items() if index is not None}


def _read_config(path: str) -> dict[str, Any]:
    try:
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path} ({error.strerror}): expected a config.json") from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({error}): expected a config.json of transformers") from error
    own = claimed_by(fields) if isinstance(fields, dict) else None
    if own is not None:
        fields["model_type"] = own.model_type
    if not isinstance(fields, dict) or not isinstance(fields.get("model_type"), str):
        raise InputError(f"{path} has no model_type: expected a config.json of transformers")
    decided_here = ("auto_map", "architectures", "dtype", "num_labels")
    return {name: value for name, value in fields.items() if name not in decided_here}
