"""Code that came with a checkpoint and runs by the user's leave: what goes wrong in it, as one line."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import transformers
from torch import nn
from transformers import dynamic_module_utils

from relevome.errors import InputError

_PACKAGE = "transformers_modules."
# Raised without a line of the checkpoint's code, where it lacks what transformers asks of a model.
_UNFIT = (AttributeError, ImportError, NotImplementedError, SyntaxError, TypeError)


@contextmanager
def errors_of_code(path: str) -> Iterator[None]:
    """Whatever the code that came with a checkpoint raises, as one line."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        where = _line_of_code(error)
        if where is None and not isinstance(error, _UNFIT):
            raise
        raise InputError(f"the code that comes with {path} {_complaint(error, where)}") from error


def has_own_code(module: nn.Module) -> bool:
    """Whether a module was made by code that came with its checkpoint."""
    return type(module).__module__.startswith(_PACKAGE)


def _complaint(error: BaseException, where: str | None) -> str:
    """What completes: the code that comes with a checkpoint ..."""
    here = f"transformers {transformers.__version__}"
    if asked := re.search(r"packages that were not found in your environment: ([^.]+)\.", str(error)):
        return f"needs what is not installed: pip install {asked[1].replace(',', '')}"
    if isinstance(error, ImportError):
        library = (error.name or "").partition(".")[0]
        if library == "transformers":
            return f"wants what {here} does not have ({_said(error)}): expected code for transformers 5"
        if isinstance(error, ModuleNotFoundError) and library:
            return f"needs what is not installed: pip install {library}, or what else brings {library}"
    at = f" at {where}" if where else ""
    return f"fails{at} ({_said(error)}): expected code for {here}, or one that its authors mended"


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


def _line_of_code(error: BaseException) -> str | None:
    """The innermost line of the checkpoint's own code that led to an error, if there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [(frame.filename, frame.lineno) for frame in frames]
    if isinstance(error, SyntaxError) and error.filename:
        lines.append((error.filename, error.lineno))
    own = [(Path(file), line) for file, line in lines if Path(file).is_relative_to(_folder_of_code())]
    return f"{own[-1][0].name}, line {own[-1][1]}" if own else None


def _folder_of_code() -> str:
    return dynamic_module_utils.HF_MODULES_CACHE  # pyright: ignore[reportPrivateImportUsage]
