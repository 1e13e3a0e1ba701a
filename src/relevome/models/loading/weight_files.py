"""The files of a checkpoint that hold its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from transformers.utils.hub import cached_file

_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


def weights_sha256(path: str) -> str | None:
    """One digest over all weight files of a checkpoint."""
    digest = hashlib.sha256()
    found = False
    for file in _weight_files(path):
        found = True
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest() if found else None


def weight_names(path: str) -> list[str]:
    """The names of all weights of a checkpoint."""
    return [name for file in _weight_files(path) for name in _names(file)]


def _names(file: Path) -> list[str]:
    if file.suffix != ".safetensors":
        return list(torch.load(file, map_location="meta", weights_only=True))
    with safe_open(file, framework="pt") as opened:
        return list(opened.keys())


def _weight_files(path: str) -> Iterator[Path]:
    for name in _WEIGHTS:
        file = cached_file(path, name, local_files_only=True, _raise_exceptions_for_missing_entries=False)
        if file is None:
            continue
        if name.endswith(".index.json"):
            suffix = ".safetensors" if "safetensors" in name else ".bin"
            yield from sorted(p for p in Path(file).parent.glob(f"*{suffix}") if "-of-" in p.name)
        else:
            yield Path(file)
        return
