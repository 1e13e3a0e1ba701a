"""What makes a model this one and no other: a digest of all that changes its answers.

It is taken of the model as it is in memory: weights, with an adapter that is in them; the configuration; how
letters become tokens; and code that came with a checkpoint. Where the model was found, the device and the
number type are not in it, nor is what a library writes beside, such as its version.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from relevome.models.compiled import MARK
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

# What a configuration says that changes no answer of a model that is loaded.
_ASIDE = ("_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version")
_FILES = (".json", ".safetensors", ".bin", ".txt", ".model", ".py")
_RECORDS = ("training.json", "metrics.json")  # of how a model was trained

# What calls of a tokenizer leave in it.
_STATE = ("padding", "truncation")


def model_sha256(module: nn.Module, tokenizer: LetterTokenizer, labels: tuple[str, ...]) -> str:
    """SHA-256 over weights, configuration, labels, tokenizer and remote code, as hexadecimal digits."""
    digest = hashlib.sha256()
    for part in (_configuration(module), list(labels), _tokenizer(tokenizer)):
        digest.update(json.dumps(part, sort_keys=True, default=str).encode())
    for path in _remote_code(module):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    # parts that were compiled have a name more, and the same weights
    weights = {name.replace(f"{MARK}.", ""): tensor for name, tensor in module.state_dict().items()}
    for name, tensor in sorted(weights.items()):
        digest.update(f"\n{name} {tuple(tensor.shape)}\n".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def tokenizer_sha256(tokenizer: LetterTokenizer) -> str:
    """SHA-256 over how letters become tokens, as hexadecimal digits."""
    return hashlib.sha256(json.dumps(_tokenizer(tokenizer), sort_keys=True, default=str).encode()).hexdigest()


def files_sha256(folder: Path) -> str:
    """SHA-256 over the files of a model's folder, by their names; records of a training are not in it."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _FILES and path.name not in _RECORDS:
            with path.open("rb") as file:
                digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def state_of(module: nn.Module) -> tuple[Any, ...]:
    """What changes whenever a weight is written to or replaced: while it is the same, so is the digest."""
    tensors: Iterator[tuple[str, Tensor]] = iter(module.state_dict(keep_vars=True).items())
    return tuple((name, one.data_ptr(), _writes(one), one.dtype) for name, one in tensors)


def _writes(tensor: Tensor) -> int:
    """How often a tensor was written to in place, which those of inference mode do not count."""
    return -1 if tensor.is_inference() else tensor._version


def class_of(module: nn.Module) -> str:
    """The name of a module's class; of that by which transformers has the same network, or that it wraps."""
    return _class_of(module).rpartition(".")[2]


def _class_of(module: nn.Module) -> str:
    known_as = vars(module).get("known_as") or vars(type(module)).get("known_as")
    return known_as or type(module).__qualname__


def _configuration(module: nn.Module) -> dict[str, Any]:
    config: Any = getattr(module, "config", None)
    said = config.to_diff_dict() if hasattr(config, "to_diff_dict") else {}
    return {"class": _class_of(module)} | {k: v for k, v in said.items() if k not in _ASIDE}


def _tokenizer(tokenizer: LetterTokenizer) -> dict[str, Any]:
    hf = tokenizer.hf
    backend = getattr(hf, "backend_tokenizer", None)
    if backend is None:
        said = {k: v for k, v in hf.init_kwargs.items() if not k.endswith(("_path", "_file", "_version"))}
        rules: Any = {"class": type(hf).__qualname__, "vocabulary": hf.get_vocab(), **said}
    else:
        rules = {k: v for k, v in json.loads(backend.to_str()).items() if k not in _STATE}
    special = {"ids": hf.all_special_ids, "pad": hf.pad_token_id, "mask": hf.mask_token_id}
    read = {"alphabet": tokenizer.alphabet.name, "style": tokenizer.style, "rare_as_x": tokenizer.rare_as_x}
    before = {"prefix": tokenizer.prefix} if tokenizer.prefix else {}
    return {"rules": rules, "special": special} | read | before


def _remote_code(module: nn.Module) -> list[Path]:
    """The files of a checkpoint's own code, if the module was made by it."""
    if not type(module).__module__.startswith("transformers_modules."):
        return []
    return sorted(Path(inspect.getfile(type(module))).parent.glob("*.py"))


def _bytes(tensor: Tensor) -> bytes:
    plain = tensor.detach().cpu().contiguous().reshape(-1)
    return plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b""
