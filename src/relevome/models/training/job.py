"""One training: from its settings to a model folder, with a record of all that was chosen and read."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel
from transformers.utils import logging

import relevome
from relevome.data.errors import InputError
from relevome.models.huggingface import most_tokens, pick_device
from relevome.models.tokenization import LetterTokenizer
from relevome.models.training.architectures import LEARNING_RATES, Architecture, add_lora
from relevome.models.training.drawn import DrawnExamples
from relevome.models.training.fitting import History, fit, make_trainer, score
from relevome.models.training.folder import TrainingFolder
from relevome.models.training.labels import LabelScheme, TrainingTask, label_scheme
from relevome.models.training.performance import CLASSIFICATION, REGRESSION
from relevome.models.training.settings import TrainingSettings
from relevome.models.training.tables import Example, Table, read_labelled

# What may differ between a training and its resumption; tables are known by their digests.
_NOT_CLAIMED = ("train", "validation", "test", "output", "resume", "progress", "device")


@dataclass(frozen=True)
class TrainingResult:
    """What was chosen and reached; the folder's training.json says the same and more.

    ``pooling`` is the CNN's (None for others); ``metrics`` are by table (validation, test) and name, None
    where undefined; ``new_weights`` names weights that started from random numbers.
    """

    output: Path
    task: TrainingTask
    labels: tuple[str, ...]
    pooling: str | None
    learning_rate: float
    device: str
    new_weights: tuple[str, ...]
    metrics: Mapping[str, Mapping[str, float | None]]
    history: History
    best_epoch: float
    seconds: float


def train(settings: TrainingSettings) -> TrainingResult:
    """Trains a model and saves it in ``settings.output``: weights, tokenizer, metrics.json, training.json.

    The best epoch by ``settings.best`` on the validation table is kept. The same seed gives the same
    weights, and so does a training that was killed and resumed. Raises ``InputError`` for bad tables,
    sequences longer than the model takes, and an output folder that is in use.
    """
    if find_spec("accelerate") is None:
        raise InputError("training needs the library accelerate: pip install relevome[train]")
    with _quiet():
        architecture = Architecture(settings.arch)
        settings = _chosen(settings, architecture)
        tokenizer = architecture.tokenizer(settings.tokenizer, settings.alphabet)
        tables = _tables(settings, tokenizer)
        folder = TrainingFolder(settings.output, _claim(settings, tables))
        record = folder.finished() if settings.resume else None
        if record is None:
            scheme = label_scheme(tables["train"].rows, settings.task)
            record = _train(settings, architecture, tokenizer, tables, scheme, folder)
    return _result(settings.output, record)


def _train(
    settings: TrainingSettings,
    architecture: Architecture,
    tokenizer: LetterTokenizer,
    tables: dict[str, Table],
    scheme: LabelScheme,
    folder: TrainingFolder,
) -> dict[str, Any]:
    """Trains, scores and publishes; returns what training.json says."""
    from transformers import set_seed

    started = time.monotonic()
    _check_fits(settings, scheme)
    set_seed(settings.seed)
    lengths = {len(row.sequence) for row in tables["train"].rows}
    module, new_weights = architecture.module(tokenizer, scheme, lengths)
    examples = _examples(settings, module, tokenizer, tables, scheme)
    folder.open(settings.resume)
    checkpoint, stopped = folder.last_checkpoint()
    now = replace(settings, epochs=stopped or settings.epochs)
    learner: Any = module if settings.lora_rank is None else add_lora(module, settings.lora_rank, new_weights)
    trainer = make_trainer(now, learner, tokenizer.hf, scheme, examples, folder.checkpoints)
    history, best_epoch = fit(trainer, checkpoint)
    if settings.lora_rank is not None:
        module = learner.merge_and_unload()
        trainer = make_trainer(now, module, tokenizer.hf, scheme, examples, folder.checkpoints)
    record = _record(settings, module, tokenizer, scheme, tables) | {
        "new_weights": new_weights,
        "metrics": {name: score(trainer, examples[name]) for name in examples if name != "train"},
        "best_epoch": best_epoch,
        "history": history,
        "seconds": round(time.monotonic() - started, 2),
    }
    return folder.publish([module, tokenizer.hf], record)


def _examples(
    settings: TrainingSettings,
    module: PreTrainedModel,
    tokenizer: LetterTokenizer,
    tables: dict[str, Table],
    scheme: LabelScheme,
) -> dict[str, Sequence[Example]]:
    """Examples of every table; those to train on are drawn afresh in every epoch, if asked for."""
    own = {name: table.examples(module, tokenizer, scheme) for name, table in tables.items()}
    if not settings.bpe_dropout:
        return {**own}
    try:
        tokenizer.check_draws()
    except InputError as error:
        raise InputError(f"--bpe-dropout {settings.bpe_dropout:g}: {error}") from error
    drawn = DrawnExamples(tables["train"].rows, own["train"], tokenizer, settings.bpe_dropout, settings.seed)
    drawn.check_lengths(most_tokens(module, tokenizer.hf), settings.epochs)
    return {**own, "train": drawn}


def _chosen(settings: TrainingSettings, architecture: Architecture) -> TrainingSettings:
    """Settings with the learning rate and device that stand for None and auto."""
    kind = architecture.kind if settings.lora_rank is None else "lora"
    device = pick_device(settings.device).type
    if settings.dtype == "float16" and device != "cuda":
        raise InputError(f"dtype float16 needs a CUDA device, not {device}: choose bfloat16 or float32")
    if settings.lora_rank is not None and architecture.kind != "checkpoint":
        raise InputError(
            f"LoRA fine-tunes a trained model and {settings.arch} is none: leave --lora-rank out"
        )
    rate = settings.learning_rate or LEARNING_RATES[kind]
    return replace(settings, learning_rate=rate, device=device)


def _tables(settings: TrainingSettings, tokenizer: LetterTokenizer) -> dict[str, Table]:
    paths = {"train": settings.train, "validation": settings.validation, "test": settings.test}
    return {
        name: read_labelled(path, tokenizer.alphabet, settings.on_bad)
        for name, path in paths.items()
        if path is not None
    }


def _check_fits(settings: TrainingSettings, scheme: LabelScheme) -> None:
    """Refuses what was asked for and the task does not have."""
    scores = ("loss", *(REGRESSION if scheme.task == "regression" else CLASSIFICATION))
    if settings.best not in scores:
        listed = ", ".join(scores)
        raise InputError(f"task {scheme.task} has no score {settings.best!r}: expected one of {listed}")
    if settings.class_weights and scheme.task == "regression":
        raise InputError("class weights were asked for, but the task is regression: leave them out")


def _claim(settings: TrainingSettings, tables: dict[str, Table]) -> dict[str, Any]:
    """What makes two trainings the same."""
    claim = {name: value for name, value in asdict(settings).items() if name not in _NOT_CLAIMED}
    return claim | {f"{name} sha256": table.sha256 for name, table in tables.items()}


def _record(
    settings: TrainingSettings,
    module: PreTrainedModel,
    tokenizer: LetterTokenizer,
    scheme: LabelScheme,
    tables: dict[str, Table],
) -> dict[str, Any]:
    """What was asked for, chosen and read, and by which software."""
    libraries = ["torch", "transformers", "tokenizers", "accelerate", "numpy", "scikit-learn"]
    libraries += ["peft"] if settings.lora_rank is not None else []
    own = {"relevome": relevome.__version__, "python": platform.python_version()}
    return {
        "settings": {name: str(x) if isinstance(x, Path) else x for name, x in asdict(settings).items()},
        "chosen": {
            "task": scheme.task,
            "labels": scheme.names,
            "alphabet": tokenizer.alphabet.name,
            "tokenizer": tokenizer.style,
            "pooling": getattr(module.config, "pooling", None),
            "learning_rate": settings.learning_rate,
            "device": settings.device,
            "parameters": module.num_parameters(),
        },
        "data": {name: table.describe(tables["train"]) for name, table in tables.items()},
        "versions": own | {name: version(name) for name in libraries},
    }


def _result(output: Path, record: dict[str, Any]) -> TrainingResult:
    chosen = record["chosen"]
    return TrainingResult(
        output=output,
        task=chosen["task"],
        labels=tuple(chosen["labels"]),
        pooling=chosen["pooling"],
        learning_rate=chosen["learning_rate"],
        device=chosen["device"],
        new_weights=tuple(record["new_weights"]),
        metrics=record["metrics"],
        history=tuple(record["history"]),
        best_epoch=record["best_epoch"],
        seconds=record["seconds"],
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps reports and bars of transformers off the screen: what matters of them is in training.json."""
    verbosity = logging.get_verbosity()
    # The bars of downloads are the hub's own, and stay.
    hook = logging.set_tqdm_hook(lambda bar, args, kwargs: bar(*args, **{**kwargs, "disable": True}))
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        logging.set_tqdm_hook(hook)
