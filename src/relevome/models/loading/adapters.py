"""Adapters: a folder with ``adapter_config.json`` is its base model with the adapter in the weights.

Merged, a LoRA layer is a plain layer again: whatever reads layers sees what the model computes.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import nn

from relevome.errors import InputError
from relevome.models.base import Task

CONFIG = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_HEAD = re.compile(r"(classifier|score)(\.out_proj)?\.weight")

# What peft calls the kinds of heads.
_TASKS: dict[str, Task] = {"SEQ_CLS": "sequence", "TOKEN_CLS": "token", "CAUSAL_LM": "causal"}


@dataclass(frozen=True)
class Adapter:
    """An adapter in a folder. ``weights`` are the shapes of its own, by their names in the base."""

    folder: Path
    base: str
    task: Task | None
    weights: Mapping[str, tuple[int, ...]]

    @property
    def outputs(self) -> dict[str, Any]:
        """How many outputs a head has that came with the adapter, as a change of the base's configuration."""
        rows = [shape[0] for name, shape in self.weights.items() if _HEAD.fullmatch(name)]
        return {"num_labels": rows[0]} if len(rows) == 1 else {}

    @contextmanager
    def base_folder(self) -> Iterator[str]:
        """The base without the adapter: where they share a folder, one that has links to the rest of it."""
        if self.base != str(self.folder):
            yield self.base
            return
        with tempfile.TemporaryDirectory(prefix="relevome-") as folder:
            for path in self.folder.iterdir():
                if not path.name.startswith("adapter_"):
                    Path(folder, path.name).symlink_to(path.resolve())
            yield folder

    def merged(self, module: nn.Module) -> nn.Module:
        """The base with the adapter added to its weights. Raises InputError for one that cannot be added."""
        from peft import PeftModel

        whole: Any = PeftModel.from_pretrained(module, str(self.folder))  # pyright: ignore[reportArgumentType]
        if not hasattr(whole, "merge_and_unload"):
            kind = type(whole.active_peft_config).__name__
            raise InputError(f"the adapter in {self.folder} ({kind}) is no part of weights: expected LoRA")
        return whole.merge_and_unload(safe_merge=True)


def adapter_in(path: str) -> Adapter | None:
    """The adapter of a folder, or None where there is none.

    Raises InputError for one that is damaged, or names no base, and without peft (the extra ``lora``).
    """
    folder = Path(path)
    config = folder / CONFIG
    if not config.is_file():
        return None
    if find_spec("peft") is None:
        raise InputError(f"{path} has an adapter, which needs the library peft: pip install relevome[lora]")
    try:
        said = json.loads(config.read_text(encoding="utf-8"))
        base, task = said.get("base_model_name_or_path"), _TASKS.get(str(said.get("task_type")))
        weights = _shapes(folder)
    except (OSError, ValueError, AttributeError, SafetensorError) as error:
        raise InputError(f"the adapter in {path} cannot be read ({error}): copy it again") from error
    if (folder / "config.json").is_file():
        base = str(folder)
    elif not isinstance(base, str) or not base:
        raise InputError(f"{config} names no base model: expected base_model_name_or_path")
    elif (folder / base).is_dir():
        base = str(folder / base)
    return Adapter(folder, base, task, weights)


def _shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    if not (folder / _WEIGHTS).is_file():
        raise OSError(f"it has no {_WEIGHTS}")
    with safe_open(folder / _WEIGHTS, framework="pt") as file:
        names: list[str] = list(file.keys())
        return {name.removeprefix(_PREFIX): tuple(file.get_slice(name).get_shape()) for name in names}
