"""Whether there is a model of a name at all, which is known without importing what reads it."""

from __future__ import annotations

import re
from pathlib import Path

from huggingface_hub import constants

from relevome.errors import InputError

_FUNCTION = re.compile(r"(?P<file>.+\.py):(?P<function>[A-Za-z_]\w*)")
_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)


def python_function(name: str) -> tuple[Path, str] | None:
    """The file and the function of ``FILE.py:function``; None of any other name."""
    found = _FUNCTION.fullmatch(name)
    return None if found is None else (Path(found["file"]), found["function"])


def named_head(name: str) -> tuple[Path, str | None]:
    """The place of a model, and the head of it that ``PLACE:HEAD`` names; None where the name is a place."""
    place, colon, head = name.rpartition(":")
    if colon and head.isidentifier() and not Path(name).exists() and Path(place).exists():
        return Path(place), head
    return Path(name), None


def check_there(path: str, download: bool = False) -> None:
    """Raises InputError if no folder has this name, and no model in the local cache.

    With ``download`` the hub may have what the cache has not, if the name can be an id of the hub.
    """
    if not _is_there(path, download):
        raise nowhere(path)


def check_tokenizer_there(path: str, download: bool = False) -> None:
    """The same of a name for a tokenizer."""
    if not _is_there(path, download):
        raise InputError(
            f"there is no tokenizer at {path}: expected a folder with tokenizer.json or vocab.txt, or a hub "
            "id that is in the local cache"
        )


def _is_there(path: str, download: bool) -> bool:
    fetched = _HUB_ID.fullmatch(path) and (download or _cache_folder(path).is_dir())
    return named_head(path)[0].exists() or bool(fetched)


def nowhere(path: str) -> InputError:
    """What is said of a name that no model has."""
    return InputError(
        f"there is no folder {path}, nor a model of that hub id in the local cache: "
        "expected a folder with config.json, weights and a tokenizer "
        "(hub ids are fetched by such as `explain --download`)"
    )


def _cache_folder(id: str) -> Path:
    separator = constants.REPO_ID_SEPARATOR
    return Path(constants.HF_HUB_CACHE, separator.join(["models", *id.split("/")]))
