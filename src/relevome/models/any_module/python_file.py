"""A model that a function of somebody's own file makes: run only because it was named."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudpickle
import torch

from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.loading.errors import first_line


def made_by(file: Path, function: str) -> Model:
    """What ``function()`` of a file gives.

    Raises InputError if there is none, if it fails, or for anything else than a `Model`.
    """
    path = file.resolve()
    sys.path.insert(0, str(path.parent))  # its neighbours may be imported
    try:
        made = _function(path, function)()
    except (InputError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        lines = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == str(path)]
        line = lines[-1].lineno if lines else getattr(error, "lineno", None)
        at = "" if line is None else f", line {line}"
        raise InputError(
            f"{file}{at} fails ({type(error).__name__}: {first_line(error)}): expected code that makes a "
            "model"
        ) from error
    finally:
        sys.path.remove(str(path.parent))
    if not isinstance(made, Model):
        raise InputError(
            f"{file}:{function} gives a {type(made).__name__}: expected what relevome.from_module or "
            "relevome.load_model gives"
        )
    made.source = replace(made.source, path=f"{path}:{function}")
    return made


def moved(model: Model, device: torch.device, dtype: torch.dtype, max_tokens: int | None) -> Model:
    """A model where and as it is wanted."""
    model.module = model.module.to(device=device, dtype=dtype).eval()
    model.max_tokens = max_tokens or model.max_tokens
    return model


def _function(path: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"relevome_model_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} is no Python file: expected FILE.py:function")
    module = importlib.util.module_from_spec(spec)
    # under a name that type hints within it can find, and whole in pickles, which are read where it is not
    sys.modules[spec.name] = module
    cloudpickle.register_pickle_by_value(module)
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        raise InputError(f"{path} has no function {name!r}: expected FILE.py:function, which gives a model")
    return found
