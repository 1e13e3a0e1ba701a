"""The tokenizer of a checkpoint, from its files."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer
from transformers.utils.hub import cached_file

from relevome.errors import InputError
from relevome.models.light.whereabouts import check_tokenizer_there
from relevome.models.loading.errors import first_line
from relevome.models.loading.sizes import check_tokenizer_sizes

_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model")
_SENTENCEPIECE = ("spiece.model", "tokenizer.model", "sentencepiece.bpe.model")


def has_tokenizer(folder: str) -> bool:
    """Whether a folder has a tokenizer of its own."""
    return any((Path(folder) / name).is_file() for name in _FILES)


def load_tokenizer(path: str, config: Any, **options: Any) -> Any:
    """The tokenizer of transformers in a folder or of a hub id.

    Raises InputError where there is none, since transformers then makes one up that knows no letter, and for
    one of sentencepiece without the libraries that read it (the extra ``t5``).
    """
    check_tokenizer_sizes(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, config=config, **options)
    except TypeError:
        tokenizer = None
    except Exception:
        _check_sentencepiece(path)
        if not _has_no_files(path):
            raise
        tokenizer = None
    made_up = tokenizer is not None and tokenizer.vocab_files_names and _has_no_files(path)
    if tokenizer is None or made_up or set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise InputError(
            f"{path} has no tokenizer: expected tokenizer.json or vocab.txt beside config.json, or another "
            "folder that has it (--tokenizer)"
        )
    return tokenizer


def named_tokenizer(path: str, config: Any, *, local_files_only: bool, **options: Any) -> Any:
    """The tokenizer that is named in place of a model's own, whose ``config`` counts where it has none.

    Raises InputError where there is none that can be read.
    """
    check_tokenizer_there(path, download=not local_files_only)
    if _file(path, "config.json"):
        config = None
    try:
        return load_tokenizer(path, config, local_files_only=local_files_only, **options)
    except InputError:
        raise
    except Exception as error:  # of damaged files transformers raises anything
        raise InputError(
            f"the tokenizer in {path} cannot be read ({type(error).__name__}: {first_line(error)}): expected "
            "tokenizer.json or vocab.txt, as transformers writes them"
        ) from error


def _has_no_files(path: str) -> bool:
    """Whether a folder has nothing that could be of a tokenizer."""
    names = {*_FILES, *_SENTENCEPIECE, "merges.txt", "tokenizer_config.json"}
    return Path(path).is_dir() and not any((Path(path) / name).is_file() for name in names)


def _check_sentencepiece(path: str) -> None:
    """Raises InputError for a tokenizer that only sentencepiece reads, where that is not installed."""
    lacking = [name for name in ("sentencepiece", "protobuf") if not _is_installed(name)]
    files = [name for name in _SENTENCEPIECE if _file(path, name)]
    if lacking and files and not _file(path, "tokenizer.json"):
        raise InputError(
            f"the tokenizer of {path} ({files[0]}) needs {' and '.join(lacking)}: pip install 'relevome[t5]'"
        )


def _is_installed(library: str) -> bool:
    name = {"protobuf": "google.protobuf"}.get(library, library)
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of the package that it is in
        return False


def _file(path: str, name: str) -> Any:
    return cached_file(path, name, local_files_only=True, _raise_exceptions_for_missing_entries=False)
