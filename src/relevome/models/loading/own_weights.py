"""Weights of a training into a module of somebody's own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from relevome.errors import InputError
from relevome.models.compiled import as_written
from relevome.models.loading.weight_files import read_weights
from relevome.models.loading.weights import COMPILED, common_prefixes

M = TypeVar("M")

_NAMED = 3  # weights that an error names
_COMPUTED = ("position_ids", "inv_freq")  # buffers of transformers by sizes alone, now here and now there


@torch.no_grad()
def load_weights(module: M, path: str | Path, *, prefix: str | None = None, part: str | None = None) -> M:
    """A module with the weights of a checkpoint, all of them, without converting it first.

    Read are safetensors, what torch saved (``.pt``, ``.pth``, ``.bin``), checkpoints of Lightning (``.ckpt``)
    and of other loops, and weights in several files by their index. Nothing in them is run. Weights that were
    on a GPU, or are of half precision, become what the module's own are, where these are.

    >>> import tempfile, torch, relevome
    >>> checkpoint = tempfile.mkdtemp() + "/last.ckpt"
    >>> weights = {f"model.{name}": one for name, one in torch.nn.Linear(4, 2).state_dict().items()}
    >>> torch.save({"state_dict": weights, "epoch": 7}, checkpoint)
    >>> relevome.load_weights(torch.nn.Linear(4, 2), checkpoint)
    Linear(in_features=4, out_features=2, bias=True)

    Args:
        module: The module, as the code makes it that trained it; its weights are overwritten.
        path: The file, the index (``.index.json``) of several, or a folder that has one of these.
        prefix: Only weights whose names begin with this, and without it, such as ``model.`` of a checkpoint
            that also has the weights of a loss. Default: all of them, without what all names begin with, such
            as ``module.``, ``model.`` and ``_orig_mod.``, where they then are those of the module.
        part: The name of the weights in a file with several, such as ``ema``. Default: ``state_dict``, or the
            only ones.

    Returns:
        The same module.

    Raises:
        InputError: If the file cannot be read or pickles more than tensors, or if a weight is missing, is one
            that the module has not, or is of another shape; but for buffers of transformers that sizes alone
            determine (``position_ids``, ``inv_freq``). The module then is as it was.
    """
    if not isinstance(module, nn.Module):
        raise InputError(f"a {type(module).__name__} is no torch module: expected a torch.nn.Module")
    inner = as_written(module)
    own: dict[str, Tensor] = inner.state_dict(keep_vars=True)
    plain = {_plain(name): name for name in own}
    found = read_weights(Path(path), part)
    cut = _without(found, plain, prefix, path)
    given = {plain[name]: tensor for name, tensor in cut.items() if name in plain}
    given |= {name: given[twin] for name, twin in _twins(own, given)}
    unknown = [name for name in cut if name not in plain and not name.endswith(_COMPUTED)]
    _check(inner, own, given, unknown, path, _fitting_prefix(found, plain))
    inner.load_state_dict({name: given.get(name, tensor) for name, tensor in own.items()})
    return module


def _plain(name: str) -> str:
    return name.replace(COMPILED, "")


def _without(
    given: Mapping[str, Tensor], own: Collection[str], prefix: str | None, path: str | Path
) -> dict[str, Tensor]:
    """Weights by names without a prefix; without one that is given, that which leaves most names known."""
    if prefix is not None and not any(name.startswith(prefix) for name in given):
        raise InputError(
            f"no weight in {path} has a name that begins with {prefix!r}: the first is "
            f"{next(iter(given), 'none')!r}"
        )
    tried = [_cut(given, one) for one in (common_prefixes(given) if prefix is None else [prefix])]
    return max(tried, key=lambda names: len(names.keys() & set(own)))


def _cut(given: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Weights whose names begin so, without it; of two that would then be called alike one keeps its name."""
    found: dict[str, Tensor] = {}
    for name, tensor in given.items():
        if name.startswith(prefix):
            bare = _plain(name.removeprefix(prefix))
            found[name if bare in found else bare] = tensor
    return found


def _fitting_prefix(given: Mapping[str, Tensor], own: Collection[str]) -> str | None:
    """A prefix of some names that without it are all of the module's, if there is one."""
    begun = {".".join(name.split(".")[:n]) + "." for name in given for n in range(1, name.count(".") + 1)}
    fitting = [prefix for prefix in sorted(begun) if set(own) == _cut(given, prefix).keys()]
    return fitting[0] if len(fitting) == 1 else None


def _twins(own: Mapping[str, Tensor], given: Collection[str]) -> Iterator[tuple[str, str]]:
    """Names that are not given of tensors that are, by another name: files have what is shared once."""
    known = {id(own[name]): name for name in given}
    for name, tensor in own.items():
        if name not in given and id(tensor) in known:
            yield name, known[id(tensor)]


def _check(
    module: nn.Module,
    own: Mapping[str, Tensor],
    given: Mapping[str, Tensor],
    unknown: Collection[str],
    path: str | Path,
    prefix: str | None,
) -> None:
    """Raises InputError unless there is one weight for each of the module's, and no other."""
    buffers = {name for name, _ in module.named_buffers() if name.endswith(_COMPUTED)}
    missing = [name for name in own if name not in given and name not in buffers]
    unlike = [
        f"{name} is {_said(tensor)} and not {_said(own[name])}"
        for name, tensor in given.items()
        if tensor.shape != own[name].shape or tensor.is_floating_point() != own[name].is_floating_point()
    ]
    wrong = [
        f"{what} {_few(names)}"
        for what, names in (("without", missing), ("with unknown", unknown), ("where", unlike))
        if names
    ]
    if wrong:
        hint = "expected the weights of this very module, made with the sizes that it was trained with"
        if prefix and not unlike:
            hint = f"those whose names begin with {prefix} fit (prefix)"
        raise InputError(
            f"{path} has other weights than a {type(module).__name__}, {'; '.join(wrong)}: {hint}"
        )


def _few(names: Collection[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(list(names)[:_NAMED]) + more


def _said(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
