"""Weights of a checkpoint, by their names: those that a wrapper was saved with are read too.

`DataParallel` (``module.``), `torch.compile` (``_orig_mod.``) and modules that hold a model as one of their
own (``model.``) put a prefix before every name. It is left out where all names are the module's without it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from relevome.models.compiled import MARK
from relevome.models.loading.weight_files import weight_names

# Weights that a head for classification never reads.
_UNUSED = ("contact_head.", "position_ids")
COMPILED = f"{MARK}."


@dataclass(frozen=True)
class Weighted:
    """A module with what its checkpoint gave.

    ``missing`` are names of the module's that the checkpoint has not, ``unknown`` those of the checkpoint
    that the module has not, ``misshapen`` those whose shapes differ. ``wrapped`` is what was left out of all
    names.
    """

    module: nn.Module
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    misshapen: tuple[str, ...]
    wrapped: str | None = None


def with_weights(auto: Any, path: str, **options: Any) -> Weighted:
    """A module of one of transformers' Auto classes with a checkpoint's weights, as its ``options`` say."""
    plain = _load(auto, path, options)
    if not plain.missing or not plain.unknown:
        return plain
    names = weight_names(path)
    for prefix in _wrappers(names):
        found = _without(prefix, auto, path, options)
        if not found.unknown:
            return found
    return _one_of_several(names, plain, auto, path, options) or plain


def _without(prefix: str, auto: Any, path: str, options: dict[str, Any]) -> Weighted:
    """A module with the weights whose names begin so, or were compiled, by their names without that."""
    patterns = [f"^{re.escape(prefix)}"] * bool(prefix) + [re.escape(COMPILED)]  # each is applied once
    return _load(auto, path, options | {"key_mapping": dict.fromkeys(patterns, "")}, prefix or COMPILED)


def _one_of_several(
    names: Collection[str], plain: Weighted, auto: Any, path: str, options: dict[str, Any]
) -> Weighted | None:
    """The module inside of something that has more, such as the weights of a loss: the only whole one.

    It is not looked for where the file has one of its weights as it is: then those that lack are not there.
    """
    if set(_used(plain.module.state_dict())) - set(plain.missing):
        return None
    fitting = []
    for first in dict.fromkeys(name.partition(".")[0] for name in names):
        some = [name for name in names if name.startswith(f"{first}.")]
        for prefix in [*common_prefixes(some)][1:] if 2 * len(some) > len(plain.missing) else ():
            found = _without(prefix, auto, path, options)
            if not found.missing and not set(found.unknown) - set(names):
                fitting.append(found)
    return fitting[0] if len(fitting) == 1 else None


def _load(auto: Any, path: str, options: dict[str, Any], wrapped: str | None = None) -> Weighted:
    module, loading = auto.from_pretrained(path, output_loading_info=True, **options)
    missing, unknown = (_used(loading[kind]) for kind in ("missing_keys", "unexpected_keys"))
    misshapen = tuple(sorted(name for name, *_ in loading["mismatched_keys"]))
    return Weighted(module, missing, unknown, misshapen, wrapped)


def _used(names: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if not any(part in name for part in _UNUSED)))


def _wrappers(names: Collection[str]) -> Iterator[str]:
    """Prefixes that all names have and could be without; an empty one where parts were compiled."""
    for prefix in common_prefixes(names):
        bare = {name.removeprefix(prefix).replace(COMPILED, "", 1) for name in names}
        if bare != set(names) and len(bare) == len(names):
            yield prefix


def common_prefixes(names: Collection[str]) -> Iterator[str]:
    """Nothing, and what all names begin with, up to each point in it: ``a.``, ``a.b.``, ..."""
    parts = [name.split(".")[:-1] for name in names]
    prefix = ""
    yield prefix
    for step in zip(*parts, strict=False):
        if len(set(step)) > 1:
            return
        prefix += f"{step[0]}."
        yield prefix
