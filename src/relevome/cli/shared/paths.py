"""Paths that a command reads: one that is not there is said before anything heavy is imported."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from relevome.errors import InputError
from relevome.stores.place import local, named_place

# Words that are a path for certain, where other words, a share or an id of the hub, are possible too.
_PATH = re.compile(r"(/|~|\.\.?/).*|.*\.(bed|json|csv|tsv|gff3?|gtf|fa|fasta|fna)(\.gz)?")


class ModelName(str):
    """What names a model: its folder, its id on the hub, or ``FILE.py:function``."""


class TokenizerName(str):
    """What names a tokenizer: its folder, or its id on the hub."""


class ResultName(str):
    """What names a result: its folder, or its address in a store."""


class SequencesName(str):
    """What names a file of sequences: its path, or its address in a store."""


class PathOrWord(str):
    """A path, or a word that stands for something else."""


def check_paths(parameters: Iterable[Any], given: Mapping[str, Any]) -> None:
    """Raises InputError for the first parameter of a command that names something which is not there.

    Any ``Path`` is of this machine, and read, but for that of `relevome.cli.shared.options.Output`; so is
    what is a `ModelName`, a `ResultName`, a `SequencesName`, a `TokenizerName` or a `PathOrWord` and can be
    nothing else.
    """
    for parameter in parameters:
        value = given.get(parameter.name)
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, Path):
                local(one)
            if "--output" not in parameter.opts:
                _check(one, parameter, given)


def check_words(words: Sequence[str]) -> None:
    """Raises InputError for a word behind an option that is a path for certain, and of nothing.

    For commands whose options are known only when seconds have been spent; what is written is not asked for.
    """
    for option, word in pairwise(words):
        if option.startswith("--") and option != "--output" and _PATH.fullmatch(word):
            reason = _reason(Path(word).expanduser())
            if reason is not None:
                raise InputError(f"cannot read {word} ({reason}): give {option} a path that is there")


def _check(value: object, parameter: Any, given: Mapping[str, Any]) -> None:
    if isinstance(value, ModelName):
        _check_model(value, parameter, bool(given.get("download")))
    elif isinstance(value, TokenizerName):
        from relevome.models.light.whereabouts import check_tokenizer_there

        check_tokenizer_there(value, bool(given.get("download")))
    elif isinstance(value, PathOrWord):
        if _PATH.fullmatch(value):
            _check_readable(Path(value), parameter)
    elif isinstance(value, ResultName | SequencesName):
        place = named_place(value)
        if isinstance(place, Path):
            _check_readable(place, parameter)
    elif isinstance(value, Path):
        _check_readable(value, parameter)


def _check_model(name: ModelName, parameter: Any, download: bool) -> None:
    from relevome.models.light.whereabouts import check_there, python_function

    function = python_function(name)
    if function:
        _check_readable(function[0], parameter)
    else:
        check_there(name, download)


def _check_readable(path: Path, parameter: Any) -> None:
    file: Path | None = path
    if ":" in str(path) and not path.exists():
        from relevome.data.known_sites import named_file

        file = named_file(path)  # known sites may be said in words
    reason = None if file is None else _reason(file)
    if reason is not None:
        option = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.opts[0].upper()
        raise InputError(f"cannot read {file} ({reason}): give {option} a path that is there")


def _reason(path: Path) -> str | None:
    """Why a path cannot be read; None if it can."""
    try:
        path.stat()
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None if os.access(path, os.R_OK) else os.strerror(errno.EACCES)
