"""A model of our own from the folder that training leaves, read in a fraction of a second."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from relevome.models.base import Task
from relevome.models.light.cnn import Cnn, CnnConfig
from relevome.models.loading.found import LoadedModel

NETWORKS: dict[str, tuple[type[Any], type[Any]]] = {CnnConfig.model_type: (CnnConfig, Cnn)}
_TOKENIZERS = (PreTrainedTokenizerFast.__name__, "PreTrainedTokenizerFast")


_TASK: Task = "sequence"


def read_light(path: str, task: str | None, dtype: torch.dtype) -> LoadedModel | None:
    """The model of a folder, as transformers would load it; None where that has to be asked.

    Only folders that are just as we write them are read here: anything else, and anything odd or damaged, is
    left to transformers and to what is said of its errors.
    """
    folder = Path(path)
    if task not in (None, _TASK):
        return None
    try:
        fields = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        said = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        config_class, network = NETWORKS[fields["model_type"]]
        as_written = (
            fields["architectures"] == [network.known_as]
            and "auto_map" not in fields | said
            and "quantization_config" not in fields
            and said["tokenizer_class"] in _TOKENIZERS
            and (folder / "tokenizer.json").is_file()
        )
        if not as_written:
            return None
        module = network(config_class.from_dict(fields, name_or_path=path)).to(dtype)
        module.load_state_dict(load_file(folder / "model.safetensors"))
        tokenizer = PreTrainedTokenizerFast.from_pretrained(path, config=module.config, local_files_only=True)
    except (OSError, ValueError, TypeError, LookupError, RuntimeError, SafetensorError):
        return None
    knows_letters = set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens)
    return LoadedModel(module, tokenizer, _TASK) if knows_letters else None
