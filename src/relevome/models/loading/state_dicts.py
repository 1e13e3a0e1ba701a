"""Weights out of the files that trainings leave, by their names; nothing in a file is ever run.

A file has tensors by their names, as safetensors or pickled by torch, or beside other things: a checkpoint of
Lightning has them as ``state_dict``, other loops as they like.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from relevome.errors import InputError
from relevome.models.loading.errors import first_line

INDEX = ".index.json"
_LIGHTNING = "state_dict"
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")


def state_of(file: Path, part: str | None = None, device: str = "cpu") -> dict[str, Tensor]:
    """The weights of a file on a device, wherever they were when it was written.

    ``part`` is what they are called in it. By default the file has nothing else, or has one part of tensors,
    or it is that of Lightning.

    Raises InputError for a file that pickles more than tensors, has no such part or several, or is damaged.
    """
    try:
        if file.suffix == ".safetensors":
            with safe_open(file, framework="pt", device="cpu") as opened:
                content: Any = {name: opened.get_tensor(name).to(device) for name in opened.keys()}  # noqa: SIM118
        else:
            content = torch.load(file, map_location=device, weights_only=True)
    except MemoryError:
        raise
    except pickle.UnpicklingError as error:
        raise _pickled(file, error) from error
    except Exception as error:  # of damaged files torch raises anything
        said = first_line(error).partition(". ")[0]  # torch goes on for long
        raise InputError(
            f"the weights in {file} cannot be read ({type(error).__name__}: {said}): expected safetensors, "
            "or tensors that torch saved"
        ) from error
    return _part(content, part, file)


def indexed(index: Path) -> list[Path]:
    """The files that an index names. Raises InputError for one that names none, or that are not beside it."""
    try:
        files = sorted(
            {str(name) for name in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()}
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{index} is no index of weights ({first_line(error)}): copy it again") from error
    if lacking := [name for name in files if Path(name).name != name or not (index.parent / name).is_file()]:
        raise InputError(f"{index} names {lacking[0]}, which is not beside it: copy all files of the weights")
    return [index.parent / name for name in files]


def _pickled(file: Path, error: Exception) -> InputError:
    found = _GLOBAL.search(str(error))
    what = f"({found[1]}) " if found else "or is damaged "
    return InputError(
        f"{file} pickles more than tensors {what}and code of that kind is never run: expected tensors alone, "
        "such as torch.save(torch.load(FILE, weights_only=False)['state_dict'], 'weights.pt') makes of a "
        "file that you trust"
    )


def _part(content: Any, part: str | None, file: Path) -> dict[str, Tensor]:
    """The tensors of what was in a file."""
    named = content if isinstance(content, Mapping) else {}
    parts = {str(name): one for name, one in named.items() if _is_state(one)}
    if part is not None:
        if part not in parts:
            raise InputError(f"{file} has no weights {part!r}: it has {_listed(parts or named)}")
        return dict(parts[part])
    if _is_state(content):
        return dict(content)
    if _LIGHTNING in parts or len(parts) == 1:
        return dict(parts.get(_LIGHTNING) or next(iter(parts.values())))
    if parts:
        raise InputError(
            f"{file} has {len(parts)} sets of weights ({_listed(parts)}): say which with part of "
            "relevome.load_weights, or keep one in a file of its own"
        )
    kind = _listed(named) if named else f"a {type(content).__name__}"
    raise InputError(f"{file} has no weights but {kind}: expected tensors by their names, or a state_dict")


def _is_state(content: Any) -> bool:
    return (
        isinstance(content, Mapping)
        and bool(content)
        and all(isinstance(name, str) and isinstance(one, Tensor) for name, one in content.items())
    )


def _listed(names: Mapping[str, Any]) -> str:
    shown = ", ".join(list(map(str, names))[:5])
    return (shown or "none") + (", ..." if len(names) > 5 else "")
