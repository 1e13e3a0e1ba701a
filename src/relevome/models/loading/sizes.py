"""Sizes that a model cannot have, told before anything of that size is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relevome.errors import InputError
from relevome.models.loading.weight_files import weight_names

_LAYERS = ("layers", "n_layer")  # and not sizes of layers
_MOST = {"num_labels": 1_000_000, "extra_ids": 1_000_000}


def check_config_sizes(path: str, config: Mapping[str, Any]) -> None:
    """Raises InputError for a config.json that speaks of more layers than a checkpoint has weights."""
    for name, value in config.items():
        layers = name.endswith(_LAYERS) and isinstance(value, int)
        if layers and value > 100 and value > len(weight_names(path)):
            raise InputError(
                f"{path} has {len(weight_names(path)):,} weights, and its config.json says {name} {value}: "
                "expected those of one model"
            )
    _check(path, "config.json", config)


def check_tokenizer_sizes(path: str) -> None:
    """Raises InputError for a tokenizer of a folder that speaks of more tokens than can be made."""
    file = Path(path) / "tokenizer_config.json"
    if not file.is_file():
        return
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:  # which transformers says in its own words
        return
    if isinstance(said, Mapping):
        _check(path, file.name, said)


def _check(path: str, file: str, said: Mapping[str, Any]) -> None:
    for name, most in _MOST.items():
        value = said.get(name)
        if isinstance(value, int) and value > most:
            raise InputError(f"{path} says {name} {value} in {file}: expected at most {most:,}")
