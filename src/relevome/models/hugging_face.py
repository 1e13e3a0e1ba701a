"""Any transformers checkpoint, from a folder or the hub, as a `Model`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, PreTrainedConfig
from transformers.utils import logging

from relevome.data.sequences import named_alphabet
from relevome.errors import InputError
from relevome.models import models
from relevome.models.adapters import Adapter, adapter_in
from relevome.models.base import Model, Source, Task
from relevome.models.loading.errors import one_line_errors, weight_errors
from relevome.models.loading.hub import hub
from relevome.models.loading.missing_weights import no_trained_weights
from relevome.models.loading.remote_code import errors_of_code, has_own_code, try_out
from relevome.models.loading.tasks import AUTO, ENDINGS
from relevome.models.loading.tokenizer_files import has_tokenizer, load_tokenizer
from relevome.models.loading.weights import Weighted, with_weights
from relevome.models.tokens import LetterTokenizer

_KERNELS = ("eager", "sdpa")


@torch.inference_mode(mode=False)
def load_model(
    path: str | Path,
    *,
    task: str | None = None,
    alphabet: str | None = None,
    device: str = "auto",
    dtype: str | torch.dtype = "float32",
    max_tokens: int | None = None,
    rare_as_x: bool | None = None,
    trust_remote_code: bool = False,
    download: bool = False,
) -> Model:
    """A trained model from a folder in transformers' layout, with its adapter if it has one, or by hub id.

    Args:
        path: The folder, or the hub id, which is looked for in the local cache.
        task: ``sequence``, ``token`` or ``masked``: what outputs are for. Default: as the checkpoint says.
        alphabet: ``dna``, ``rna`` or ``protein``. Default: read off the tokenizer.
        device: ``auto`` (default: the best there is), ``cpu``, ``cuda`` or ``mps``.
        dtype: Floating-point type of weights and arithmetic. Default: ``float32``.
        max_tokens: Most tokens, with special ones. Default: as the checkpoint states.
        rare_as_x: Whether U, Z, O, B and J of proteins are read as X. Default: as the model was trained.
        trust_remote_code: Whether code that comes with the checkpoint may run. Default: False.
        download: Whether a hub id that is not in the cache is fetched. Default: False.

    Raises:
        InputError: If there is no model, its head has no trained weights, or its code or tokenizer is no use.
    """
    path = _named(path)
    if task not in (None, *AUTO):
        raise InputError(f"unknown task {task!r}: expected one of {', '.join(AUTO)}")
    models.discover()  # our own architectures enter transformers' Auto classes
    adapter = adapter_in(path)
    if adapter is None and Path(path).exists() and not (Path(path) / "config.json").is_file():
        raise InputError(f"{path} is no model: expected a folder with config.json, weights and a tokenizer")
    called = path if adapter is None else adapter.base
    plain = nullcontext(path) if adapter is None else adapter.base_folder()
    with _without_warnings(), hub(download) as asked, one_line_errors(called, asked), plain as base:
        options = {"trust_remote_code": trust_remote_code, **asked.options}
        coded = trust_remote_code and comes_with_code(base, **asked.options)
        with errors_of_code(called) if coded else nullcontext():
            changes = {} if adapter is None else adapter.outputs
            config = _plain(read_config(base, **options, **changes), called)
            own = adapter is not None and has_tokenizer(path)
            tokenizer = load_tokenizer(path if own else base, config, **options)
        with weight_errors(path), errors_of_code(called) if coded else nullcontext():
            found, task = _load_module(base, config, task, adapter, dtype=pick_dtype(dtype), **options)
            module = found.module if adapter is None else adapter.merged(found.module)
    module.to(pick_device(device)).eval()
    with one_line_errors(called):
        letters = LetterTokenizer(
            tokenizer,
            None if alphabet is None else named_alphabet(alphabet),
            getattr(config, "rare_as_x", False) if rare_as_x is None else rare_as_x,
        )
        model = Model(
            module=module,
            tokenizer=letters,
            task=task,
            labels=_labels(module.config, task, letters),
            max_tokens=max_tokens or most_tokens(module, tokenizer),
            fixed_tokens=getattr(module.config, "sequence_length", None),
            source=Source(_lasting(path), f"{type(tokenizer).__name__} ({letters.style})", found.wrapped),
        )
        if has_own_code(module):
            try_out(model, path)
    return model


def _named(path: object) -> str:
    """A path or hub id as text. Raises InputError for anything else, and where no such file can be."""
    if not isinstance(path, str | Path):
        raise InputError(
            f"{type(path).__name__} is no path: expected the folder of a model, or its id on the hub"
        )
    text = str(path)
    try:
        Path(text).exists()
    except OSError as error:
        raise InputError(
            f"{text[:80]!r} cannot be read ({error.strerror}): expected the folder of a model"
        ) from error
    if not text or not text.isprintable():
        raise InputError(f"{text!r} is no path: expected the folder of a model, or its id on the hub")
    return text


def read_config(path: str, *, trust_remote_code: bool, local_files_only: bool, **changes: Any) -> Any:
    """The configuration of a checkpoint, with ``changes``; of our own architecture where one claims it."""
    fields, _ = PreTrainedConfig.get_config_dict(path, local_files_only=local_files_only)
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
    candidates: list[Task] = [task] if task else stated[:1] or list(AUTO)
    for candidate in candidates:
        auto = AUTO[candidate]
        by_code = auto.__name__ in (getattr(config, "auto_map", None) or {})
        if not by_code and type(config) not in auto._model_mapping:
            continue
        found = with_weights(auto, path, config=config, **options)
        if brought.issuperset(found.missing):
            return found, candidate
        if nearest is None or len(found.missing) < len(nearest.missing):
            nearest = found
    raise no_trained_weights(path, config, nearest)


def _labels(config: Any, task: Task, tokenizer: LetterTokenizer) -> tuple[str, ...]:
    if task == "masked":
        # a model may have room for more tokens than its tokenizer has
        tokens = tokenizer.hf.convert_ids_to_tokens(list(range(config.vocab_size)))
        return tuple(token or f"[unused{index}]" for index, token in enumerate(tokens))
    return tuple(str(config.id2label[i]) for i in range(config.num_labels))


def most_tokens(module: nn.Module, tokenizer: Any) -> int | None:
    """The most tokens the model takes, or None where nothing limits it."""
    limits = [tokenizer.model_max_length] if tokenizer.model_max_length < 10**6 else []
    stated = getattr(module.config, "max_position_embeddings", None)
    if isinstance(stated, int) and stated > 0:
        limits.append(stated - _positions_lost(module))
    return min(limits, default=None)


def _positions_lost(module: nn.Module) -> int:
    """Rows of a table of learned positions that no token can have.

    RoBERTa's and ESM's tables are counted from the padding index on (fairseq's convention).
    """
    tables = [m for name, m in module.named_modules() if name.endswith("position_embeddings")]
    paddings = [m.padding_idx for m in tables if isinstance(m, nn.Embedding) and m.padding_idx is not None]
    return paddings[0] + 1 if paddings else 0


def pick_device(name: str) -> torch.device:
    """The device of that name, ``auto`` being the best there is. Raises InputError if it cannot be used."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device {name!r} cannot be used: expected auto, cpu, cuda or mps") from error
    return device


def pick_dtype(name: str | torch.dtype) -> torch.dtype:
    """The floating-point type of that name. Raises InputError for any other."""
    dtype = getattr(torch, name, None) if isinstance(name, str) else name
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise InputError(f"unknown dtype {name!r}: expected float32, float64, bfloat16 or float16")
    return dtype


def _lasting(path: str) -> str:
    """A folder by its whole path, by which it is found from any other; a hub id as it is."""
    return str(Path(path).resolve()) if Path(path).exists() else path


@contextmanager
def quiet() -> Iterator[None]:
    """While active, transformers says and draws nothing; bars of downloads are the hub's own, and stay.

    What matters of its reports is raised, or in our own records.
    """
    verbosity = logging.get_verbosity()
    hook = logging.set_tqdm_hook(lambda bar, args, kwargs: bar(*args, **{**kwargs, "disable": True}))
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        logging.set_tqdm_hook(hook)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """No reports, bars and warnings about weights."""
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
