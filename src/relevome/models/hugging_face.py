"""Any transformers checkpoint, from a folder or the hub, as a `Model`."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from torch import nn
from transformers import PreTrainedConfig
from transformers.utils import logging
from transformers.utils.hub import cached_file

from relevome.data.sequences import named_alphabet
from relevome.errors import InputError
from relevome.models import models
from relevome.models.adapters import Adapter, adapter_in
from relevome.models.base import Model, Source, Task
from relevome.models.light.folder import read_light
from relevome.models.light.whereabouts import nowhere
from relevome.models.tokens import LetterTokenizer

_ENDINGS: dict[str, Task] = {
    "ForSequenceClassification": "sequence",
    "ForTokenClassification": "token",
    "ForMaskedLM": "masked",
}
# Names only: it takes seconds until transformers has what stands behind them.
_AUTO: dict[Task, str] = {task: f"AutoModel{ending}" for ending, task in _ENDINGS.items()}
_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_KERNELS = ("eager", "sdpa")
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model")
# Weights that a head for classification never reads.
_UNUSED = ("contact_head.", "position_ids")


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
    """A trained model from a folder in transformers' layout, or by its hub id.

    A folder with an adapter (``adapter_config.json``) is its base model, which lies there too, in a local
    folder or in the cache, with the adapter added to its weights.

    A hub id is looked for in the local cache, and fetched from the hub only if ``download`` says so.

    ``task`` (``sequence``, ``token``, ``masked``) is read off the checkpoint where not given, and so is
    ``alphabet`` (``dna``, ``rna``, ``protein``). ``max_tokens`` replaces the length that the
    checkpoint states. ``rare_as_x`` has U, Z, O, B and J of proteins read as X; None is as the model was
    trained. Weights come from safetensors, or from ``.bin`` by ``weights_only``; code that
    comes with a checkpoint runs only if ``trust_remote_code`` says so.

    Raises ``InputError`` if there is no model, its head has no trained weights, or its code or
    tokenizer cannot be used.
    """
    if not isinstance(path, str | Path):
        raise InputError(
            f"{type(path).__name__} is no path: expected the folder of a model, or its id on the hub"
        )
    path = str(path)
    if task not in (None, *_AUTO):
        raise InputError(f"unknown task {task!r}: expected one of {', '.join(_AUTO)}")
    adapter = adapter_in(path)
    if adapter is None and Path(path).exists() and not (Path(path) / "config.json").is_file():
        raise InputError(f"{path} is no model: expected a folder with config.json, weights and a tokenizer")
    hub = {"trust_remote_code": trust_remote_code, "local_files_only": not download}
    called = path if adapter is None else adapter.base
    plain = nullcontext(path) if adapter is None else adapter.base_folder()
    with _without_warnings(), one_line_errors(called), plain as base:
        light = None if adapter else read_light(path, task, pick_dtype(dtype))
        if light is not None:
            module, tokenizer, task = light.module, light.tokenizer, light.task
        else:
            models.discover()  # our own architectures enter transformers' Auto classes
            changes = {} if adapter is None else adapter.outputs
            config = _plain(read_config(base, **hub, **changes), called)
            own = any((Path(path) / name).is_file() for name in _TOKENIZERS)
            tokenizer = _load_tokenizer(path if adapter and own else base, config, hub)
            with _weight_errors(path):
                module, task = _load_module(base, config, task, dtype, hub, adapter)
    module.to(pick_device(device)).eval()
    with one_line_errors(called):
        letters = LetterTokenizer(
            tokenizer,
            None if alphabet is None else named_alphabet(alphabet),
            getattr(module.config, "rare_as_x", False) if rare_as_x is None else rare_as_x,
        )
        return Model(
            module=module,
            tokenizer=letters,
            task=task,
            labels=_labels(module.config, task, letters),
            max_tokens=max_tokens or most_tokens(module, tokenizer),
            fixed_tokens=getattr(module.config, "sequence_length", None),
            source=Source(_lasting(path), f"{type(tokenizer).__name__} ({letters.style})"),
        )


def read_config(path: str, *, trust_remote_code: bool, local_files_only: bool, **changes: Any) -> Any:
    """The configuration of a checkpoint, with ``changes``; of our own architecture where one claims it."""
    fields, _ = PreTrainedConfig.get_config_dict(path, local_files_only=local_files_only)
    own = claimed_by(fields)
    if own is not None:
        return own.from_dict(fields, name_or_path=path, **changes)
    hub = {"trust_remote_code": trust_remote_code, "local_files_only": local_files_only}
    return transformers.AutoConfig.from_pretrained(path, **hub, **changes)


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


def _load_tokenizer(path: str, config: Any, hub: dict[str, bool]) -> Any:
    """The tokenizer; where its files are missing, transformers makes up one that knows no letter."""
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, config=config, **hub)
    except TypeError:
        tokenizer = None
    if tokenizer is None or set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise InputError(f"{path} has no tokenizer: expected tokenizer.json or vocab.txt beside config.json")
    return tokenizer


def _load_module(
    path: str,
    config: Any,
    task: Task | None,
    dtype: str | torch.dtype,
    hub: dict[str, bool],
    adapter: Adapter | None = None,
) -> tuple[nn.Module, Task]:
    """The module with the head that the checkpoint, or an adapter to it, has weights for."""
    stated: list[Task] = [
        t
        for name in getattr(config, "architectures", None) or ()
        for end, t in _ENDINGS.items()
        if name.endswith(end)
    ]
    stated = [adapter.task, *stated] if adapter is not None and adapter.task is not None else stated
    candidates: list[Task] = [task] if task else stated[:1] or list(_AUTO)
    brought = () if adapter is None else adapter.weights
    missing: list[str] = []
    for candidate in candidates:
        auto: Any = getattr(transformers, _AUTO[candidate])
        known = hub["trust_remote_code"] or type(config) in auto._model_mapping
        if not known and len(candidates) > 1:
            continue
        module, loading = auto.from_pretrained(
            path, config=config, dtype=pick_dtype(dtype), output_loading_info=True, **hub
        )
        lacking = set(loading["missing_keys"]) - set(brought)
        missing = sorted(key for key in lacking if not any(part in key for part in _UNUSED))
        if not missing:
            return module if adapter is None else adapter.merged(module), candidate
    raise InputError(
        f"{path} has no trained weights for {', '.join(missing[:3]) or 'any head that can be explained'}: "
        "expected a model fine-tuned for sequence or token classification, or a masked language model "
        "(--task)"
    )


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


def weights_sha256(path: str) -> str | None:
    """One digest over all weight files of a checkpoint."""
    digest = hashlib.sha256()
    found = False
    for file in _weight_files(path):
        found = True
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest() if found else None


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


@contextmanager
def one_line_errors(path: str) -> Iterator[None]:
    """What transformers raises over many lines, as one line that says what to do."""
    try:
        yield
    except InputError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # of damaged files transformers raises anything
        if "trust_remote_code" in str(error):
            raise InputError(
                f"{path} comes with code of its own, which is not run: "
                "give --trust-remote-code if you trust its authors"
            ) from error
        if not Path(path).exists():
            raise nowhere(path) from error
        said = _first_line(error)
        if not isinstance(error, OSError | ValueError):
            said = f"{type(error).__name__}: {said}"
        raise InputError(f"{path} cannot be loaded as a model: {said}") from error


@contextmanager
def _weight_errors(path: str) -> Iterator[None]:
    """What goes wrong with files of weights, as one line."""
    try:
        yield
    except pickle.UnpicklingError as error:
        raise InputError(
            f"the weights of {path} are no plain tensors but pickled objects, whose code is never run: "
            "expected safetensors, or a .bin of tensors"
        ) from error
    except (SafetensorError, RuntimeError, EOFError, LookupError) as error:
        reason = _first_line(error)
        if "ignore_mismatched_sizes" in reason:
            reason = "their shapes are not those of config.json"
        raise InputError(
            f"the weights of {path} cannot be read ({reason}): expected safetensors, or a .bin of tensors"
        ) from error


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


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
