"""Any transformers checkpoint, from a folder or the hub, as a `Model`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers.utils import logging

from relevome.data.sequences import named_alphabet
from relevome.errors import InputError
from relevome.models.any_module.python_file import made_by, moved
from relevome.models.base import Model, Source
from relevome.models.identity import state_of
from relevome.models.light.folder import read_light
from relevome.models.light.whereabouts import named_head, python_function
from relevome.models.loading.adapters import Adapter, adapter_in
from relevome.models.loading.errors import one_line_errors
from relevome.models.loading.found import LoadedModel
from relevome.models.loading.hub import hub
from relevome.models.loading.tasks import AUTO
from relevome.models.loading.trial import try_out
from relevome.models.questions import TASKS, Task
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer


@torch.inference_mode(mode=False)
def load_model(
    path: str | Path,
    *,
    task: str | None = None,
    alphabet: str | None = None,
    tokenizer: str | Path | None = None,
    device: str = "auto",
    dtype: str | torch.dtype = "float32",
    max_tokens: int | None = None,
    rare_as_x: bool | None = None,
    prefix: str | None = None,
    trust_remote_code: bool = False,
    download: bool = False,
) -> Model:
    """A trained model from a folder in transformers' layout, with its adapter if it has one, or by hub id.

    Args:
        path: The folder, or the hub id, which is looked for in the local cache; published weights as their
            authors ship them; or ``FILE.py:function``, a function of your own that gives a model
            (`relevome.from_module`), which is run.
        task: ``sequence``, ``token``, ``masked`` or ``causal``: what outputs are for. Default: as the
            checkpoint says.
        alphabet: ``dna``, ``rna`` or ``protein``. Default: read off the tokenizer.
        tokenizer: The folder, or the hub id, that the tokenizer is read from. Default: the model's own.
        device: ``auto`` (default: the best there is), ``cpu``, ``cuda`` or ``mps``.
        dtype: Floating-point type of weights and arithmetic. Default: ``float32``.
        max_tokens: Most tokens, with special ones. Default: as the checkpoint states.
        rare_as_x: Whether U, Z, O, B and J of proteins are read as X. Default: as the model was trained.
        prefix: Tokens, apart by blanks, that a causal language model reads before every sequence, such as
            ``[HEAVY] [HUMAN]``, in place of the special ones that its tokenizer puts there. Default: those.
        trust_remote_code: Whether code that comes with the checkpoint may run. Default: False.
        download: Whether a hub id that is not in the cache is fetched. Default: False.

    Raises:
        InputError: If there is no model, its head has no trained weights, or its code or tokenizer is no use.
    """
    path = _named(path)
    if task not in (None, *AUTO):
        raise InputError(f"unknown task {task!r}: expected one of {', '.join(AUTO)}")
    other = None if tokenizer is None else _named(tokenizer)
    own = python_function(path)
    known = None if own is not None else _published(path)
    if other is not None and (own is not None or known is not None):
        raise InputError(f"{path} has its own way to read letters: leave --tokenizer {other} out")
    if own is not None:
        known = made_by(*own)
    if known is not None and task not in (None, known.task):
        raise InputError(f"{path} is {known.kind.called} ({known.task}): leave --task {task} out")
    if known is not None:
        return moved(known, pick_device(device), pick_dtype(dtype), max_tokens)
    adapter = adapter_in(path)
    if adapter is None and Path(path).exists() and not (Path(path) / "config.json").is_file():
        raise InputError(f"{path} is no model: expected a folder with config.json, weights and a tokenizer")
    called = path if adapter is None else adapter.base
    plain = nullcontext(path) if adapter is None else adapter.base_folder()
    with _without_warnings(), hub(download) as asked, one_line_errors(called, asked), plain as base:
        options = {"dtype": pick_dtype(dtype), "trust_remote_code": trust_remote_code, **asked.options}
        light = None if adapter or other else read_light(path, task, options["dtype"])
        found = light or _by_transformers(path, called, base, task, adapter, other, options)
    module, reader = found.module.to(pick_device(device)).eval(), found.tokenizer
    with one_line_errors(called):
        letters = LetterTokenizer(
            reader,
            None if alphabet is None else named_alphabet(alphabet),
            getattr(module.config, "rare_as_x", False) if rare_as_x is None else rare_as_x,
            _prefix_of(prefix, found.task),
        )
        model = Model(
            module=module,
            tokenizer=letters,
            task=found.task,
            labels=_labels(module.config, found.task, letters),
            max_tokens=max_tokens or most_tokens(module, reader),
            fixed_tokens=getattr(module.config, "sequence_length", None),
            source=Source(
                _lasting(path),
                f"{type(reader).__name__} ({letters.style})",
                found.wrapped,
                None if other is None else _lasting(other),
                state_of(module),
            ),
        )
        try_out(model, path, found.own_code)
    return model


def _published(path: str) -> Model | None:
    """Of what is there, the model of a family of published weights; None if it is of none."""
    place, head = named_head(path)
    if not place.exists():
        return None
    from relevome.models.published import published_model

    return published_model(place, head)


def _by_transformers(
    path: str,
    called: str,
    base: str,
    task: Any,
    adapter: Adapter | None,
    tokenizer: str | None,
    options: dict[str, Any],
) -> LoadedModel:
    """What `read_checkpoint` finds; it takes seconds to import."""
    from relevome.models.loading.checkpoint import read_checkpoint

    return read_checkpoint(path, called, base, task, adapter, tokenizer, **options)


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


def _prefix_of(prefix: str | None, task: Task) -> str | None:
    """The same. Raises InputError where the model is of no task that takes one, and for an empty one."""
    if prefix is not None and not prefix.split():
        raise InputError("--prefix is empty: expected tokens, apart by blanks")
    if prefix is not None and not TASKS[task].ahead:
        raise InputError(
            f"--prefix is what a causal language model reads first, and this is {TASKS[task].called}: leave "
            "it out"
        )
    return prefix


def _labels(config: Any, task: Task, tokenizer: LetterTokenizer) -> tuple[str, ...]:
    if TASKS[task].language:
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
