"""A checkpoint as transformers reads it: configuration, tokenizer, and the module with its head."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from transformers import AutoConfig, PreTrainedConfig

from relevome.errors import InputError
from relevome.models import models
from relevome.models.base import Task
from relevome.models.loading.adapters import Adapter
from relevome.models.loading.errors import weight_errors
from relevome.models.loading.found import LoadedModel
from relevome.models.loading.missing_weights import no_trained_weights
from relevome.models.loading.remote_code import errors_of_code, has_own_code
from relevome.models.loading.sizes import check_config_sizes
from relevome.models.loading.tasks import AUTO, ENDINGS, auto_class
from relevome.models.loading.tokenizer_files import has_tokenizer, load_tokenizer, named_tokenizer
from relevome.models.loading.weight_files import in_known_files
from relevome.models.loading.weights import Weighted, with_weights

_KERNELS = ("eager", "sdpa")


def read_checkpoint(
    path: str,
    called: str,
    base: str,
    task: Task | None,
    adapter: Adapter | None,
    tokenizer: str | None = None,
    *,
    trust_remote_code: bool,
    local_files_only: bool,
    **options: Any,
) -> LoadedModel:
    """What is in a folder or the cache; ``base`` has the model without its adapter, known as ``called``.

    ``tokenizer`` is where that is read, if not where the model is.
    Raises InputError for a head without trained weights, and for files that cannot be read.
    """
    models.discover()  # our own architectures enter transformers' Auto classes
    hub = {"trust_remote_code": trust_remote_code, "local_files_only": local_files_only}
    coded = trust_remote_code and comes_with_code(base, local_files_only=local_files_only)
    with errors_of_code(called) if coded else nullcontext():
        changes = {} if adapter is None else adapter.outputs
        config = _plain(read_config(base, **hub, **changes), called)
        own = adapter is not None and has_tokenizer(path)
        reader = (
            load_tokenizer(path if own else base, config, **hub)
            if tokenizer is None
            else named_tokenizer(tokenizer, config, **hub)
        )
    with (
        weight_errors(path),
        in_known_files(base) as folder,
        errors_of_code(called) if coded else nullcontext(),
    ):
        found, task = _load_module(folder, called, config, task, adapter, **hub, **options)
        module = found.module if adapter is None else adapter.merged(found.module)
    return LoadedModel(module, reader, task, found.wrapped, has_own_code(module))


def read_config(path: str, *, trust_remote_code: bool, local_files_only: bool, **changes: Any) -> Any:
    """The configuration of a checkpoint, with ``changes``; of our own architecture where one claims it."""
    fields, _ = PreTrainedConfig.get_config_dict(path, local_files_only=local_files_only)
    check_config_sizes(path, fields)
    own = claimed_by(fields)
    if own is not None:
        return own.from_dict(fields, name_or_path=path, **changes)
    hub = {"trust_remote_code": trust_remote_code, "local_files_only": local_files_only}
    return AutoConfig.from_pretrained(path, **hub, **changes)


def comes_with_code(path: str, *, local_files_only: bool) -> bool:
    """Whether config.json names code of the checkpoint's own, and we have none that takes its place."""
    fields, _ = PreTrainedConfig.get_config_dict(path, local_files_only=local_files_only)
    return bool(fields.get("auto_map")) and claimed_by(fields) is None


def _plain(config: Any, path: str) -> Any:
    """The configuration without what names an attention kernel, which may not be here, or on the hub.

    Raises InputError for quantised weights, whose operations are others than the model's.
    """
    if said := getattr(config, "quantization_config", None):
        how = said.get("quant_method") if isinstance(said, Mapping) else getattr(said, "quant_method", None)
        raise InputError(
            f"the weights of {path} are quantised ({how or 'quantization_config in config.json'}): expected "
            "those that were quantised, as plain numbers"
        )
    if getattr(config, "_attn_implementation", None) not in (None, *_KERNELS):
        config._attn_implementation = None
    return config


def claimed_by(fields: Mapping[str, Any]) -> type[PreTrainedConfig] | None:
    """The configuration class of our own that knows this config.json as one of its own, by its ``claims``."""
    for _, architecture in models.items():
        claims = getattr(architecture.config_class, "claims", None)
        if claims is not None and claims(fields):
            return architecture.config_class
    return None


def _load_module(
    path: str,
    called: str,
    config: Any,
    task: Task | None,
    adapter: Adapter | None,
    **options: Any,
) -> tuple[Weighted, Task]:
    """The module with the head that the checkpoint, or an adapter to it, has weights for."""
    stated: list[Task] = [
        t
        for name in getattr(config, "architectures", None) or ()
        for end, t in ENDINGS.items()
        if str(name).endswith(end)
    ]
    stated = [adapter.task, *stated] if adapter is not None and adapter.task is not None else stated
    brought = frozenset(() if adapter is None else adapter.weights)
    nearest: Weighted | None = None
    # the head of a causal model may be its table of embeddings, which any checkpoint has: it has to be stated
    guessed: list[Task] = [other for other in AUTO if other != "causal"]
    candidates: list[Task] = [task] if task else stated[:1] or guessed
    for candidate in candidates:
        auto = auto_class(candidate)
        by_code = auto.__name__ in (getattr(config, "auto_map", None) or {})
        if not by_code and type(config) not in auto._model_mapping:
            continue
        found = with_weights(auto, path, config=config, **options)
        if brought.issuperset(found.missing):
            return found, candidate
        if nearest is None or len(found.missing) < len(nearest.missing):
            nearest = found
    raise no_trained_weights(called, config, nearest)
