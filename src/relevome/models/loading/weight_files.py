"""The files of a checkpoint that hold its weights."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from transformers.utils.hub import cached_file

from relevome.errors import InputError
from relevome.models.loading.state_dicts import INDEX, indexed, state_of

_BIN = "pytorch_model.bin"
_WEIGHTS = ("model.safetensors", f"model.safetensors{INDEX}", _BIN, f"{_BIN}{INDEX}")
_ENDINGS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt")
# What trainings of transformers and peft leave beside weights.
_BESIDE = ("adapter_model.", "optimizer.", "rng_state", "scaler.", "scheduler.", "training_args.")


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


def read_weights(path: Path, part: str | None = None) -> dict[str, Tensor]:
    """The weights of a file, of all that an index names, or of a folder; see `state_of`.

    Raises InputError where there are none, or none that can be read.
    """
    files = list(_weight_files(str(path))) if path.is_dir() else [path]
    if not path.exists() or not files:
        raise InputError(
            f"there are no weights at {path}: expected a file that ends in {', '.join(_ENDINGS)} or {INDEX}, "
            "or a folder that has one"
        )
    if path.name.endswith(INDEX):
        files = indexed(path)
    return {name: tensor for file in files for name, tensor in state_of(file, part).items()}


@contextmanager
def in_known_files(path: str) -> Iterator[str]:
    """A folder as transformers can read it; of a hub id the id.

    Where weights are in another file, such as a checkpoint of Lightning, it is a folder with links to the
    rest, and with the weights as transformers would have named them.
    """
    file = _other_file(Path(path))
    if file is None:
        yield path
        return
    weights = state_of(file)
    with tempfile.TemporaryDirectory(prefix="relevome-") as folder:
        for one in Path(path).iterdir():
            Path(folder, one.name).symlink_to(one.resolve())
        torch.save(weights, Path(folder, _BIN))
        yield folder


def _names(file: Path) -> list[str]:
    if file.suffix != ".safetensors":
        return list(state_of(file, device="meta"))
    with safe_open(file, framework="pt") as opened:
        return list(opened.keys())


def _weight_files(path: str) -> Iterator[Path]:
    for name in _WEIGHTS:
        file = cached_file(path, name, local_files_only=True, _raise_exceptions_for_missing_entries=False)
        if file is None:
            continue
        if name.endswith(INDEX):
            suffix = ".safetensors" if "safetensors" in name else ".bin"
            yield from sorted(p for p in Path(file).parent.glob(f"*{suffix}") if "-of-" in p.name)
        else:
            yield Path(file)
        return
    if (other := _other_file(Path(path))) is not None:
        yield other


def _other_file(folder: Path) -> Path | None:
    """The file of weights in a folder that has none by a name that transformers gives; None without one.

    Raises InputError where there are several.
    """
    if not folder.is_dir() or any((folder / name).is_file() for name in _WEIGHTS):
        return None
    files = [one for one in folder.iterdir() if one.suffix in _ENDINGS and not one.name.startswith(_BESIDE)]
    if len(files) > 1:
        names = ", ".join(sorted(file.name for file in files))
        raise InputError(
            f"{folder} has {len(files)} files that may be its weights ({names}): expected one, or a "
            "model.safetensors"
        )
    return next(iter(files), None)
