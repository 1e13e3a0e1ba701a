"""One training: from its settings to a model folder, with a record of all that was chosen and read."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedModel

import relevome
from relevome.errors import InputError
from relevome.models.hugging_face import pick_device, quiet
from relevome.models.identity import tokenizer_sha256
from relevome.results.notebook import as_html, plotted
from relevome.results.record import provenance, reading
from relevome.training.architectures import Architecture
from relevome.training.folder import TrainingFolder, begun_with, finished_record
from relevome.training.notes import notes_of
from relevome.training.objective import History, Objective, Watch, objectives
from relevome.training.processes import in_processes, is_first
from relevome.training.settings import TrainingSettings, settings_from_record, settings_record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What may differ between a training and its resumption; an objective claims what it read, by digests.
_NOT_CLAIMED = (
    "train", "validation", "test", "genome", "labels", "obo", "clusters", "split", "output", "resume",
    "finish", "device", "processes",
)  # fmt: skip


@dataclass(frozen=True)
class TrainingResult:
    """What was chosen and reached; the folder's training.json says the same and more.

    ``task`` is that of the labels, or ``masked``, which has none. ``pooling`` is the CNN's (None for
    others); ``metrics`` are by table (validation, test) and name, None where undefined, and of ``masked``
    also what a guess by frequency (unigram) gives; ``new_weights`` names weights that started from random
    numbers; ``notes`` say what was left out, and how what is rare was read.
    """

    output: Path
    task: str
    labels: tuple[str, ...]
    pooling: str | None
    learning_rate: float
    device: str
    new_weights: tuple[str, ...]
    metrics: Mapping[str, Mapping[str, float | None]]
    history: History
    best_epoch: float
    seconds: float
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        labels = ", ".join(self.labels[:6]) + ", ..." * (len(self.labels) > 6)
        scores = [
            f"  {part}: {', '.join(f'{name} {x:.4g}' for name, x in some.items() if x is not None)}"
            for part, some in self.metrics.items()
        ]
        return "\n".join(
            [
                f"TrainingResult({str(self.output)!r}: {self.task}{f', labels {labels}' * bool(labels)})",
                f"  best epoch {self.best_epoch:g}, {self.seconds:,.0f} seconds on {self.device}",
                *scores,
                *(f"  {note}" for note in self.notes),
            ]
        )

    def _repr_html_(self) -> str:
        rows = ((part, name, x) for part, some in self.metrics.items() for name, x in some.items())
        return as_html(repr(self), ("table", "score", "value"), rows)

    def plot(self) -> list[Axes]:
        """What was measured after every epoch: losses, and the scores of what is validated on.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: Where no epoch was measured.
        """
        return plotted(self)


def train(
    settings: TrainingSettings | str | Path,
    *,
    resume: bool = False,
    finish: bool = False,
    progress: Watch = lambda _: None,
) -> TrainingResult:
    """Trains a model and saves it: weights, tokenizer, metrics.json, training.json.

    The best epoch by ``settings.best`` on what is validated on is kept. The same seed gives the same
    weights, and so does a training that was killed and resumed.

    Args:
        settings: What is trained, on which tables, into which folder, and how: `TrainingSettings` of
            `relevome.training.settings`, such as
            ``TrainingSettings("cnn", Path("train.csv"), Path("validation.csv"), Path("model"))``. Or the
            folder of a training that was begun, for ``resume`` or ``finish`` with the settings that it was
            begun with.
        resume: Go on with a training that was stopped, from its last checkpoint; of one that is finished give
            the result again. False (default): begin, in a folder that is not in use.
        finish: Learn nothing more, and make a model of the best of its whole epochs, as at the end of a
            training; its checkpoints are then gone, so that it cannot be resumed. False (default): train.
        progress: Told every second or so where the training is, and at the end of every epoch with the
            scores. Default: nobody is told.

    Returns:
        What was chosen and reached: task, labels, scores by table, history, the best epoch, seconds, notes.

    Raises:
        InputError: For bad tables, sequences longer than the model takes, an output folder that is in use,
            other settings or data than a training was begun with, one without a whole epoch to finish, and
            libraries that are not there (accelerate, peft).
    """
    if find_spec("accelerate") is None:
        raise InputError("training needs the library accelerate: pip install relevome[train]")
    if not isinstance(settings, TrainingSettings):
        record = finished_record(Path(settings))
        if record is not None:
            _check_again(Path(settings), record, resume, finish)
            return _result(Path(settings), record)
        settings = _begun(Path(settings), resume or finish)
    finish = finish or settings.finish
    asked = replace(settings, resume=resume or finish or settings.resume, finish=finish)
    if asked.processes == 1:
        return _result(asked.output, _carried_out(asked, progress))
    _on_device(asked)
    in_processes(asked.processes, _carried_out, asked, progress)
    record = finished_record(asked.output)
    if record is None:
        raise InputError(f"{asked.output} was finished and is gone: something else has removed it")
    return _result(asked.output, record)


def _carried_out(asked: TrainingSettings, watch: Watch) -> dict[str, Any]:
    """What training.json says in the end; one of several processes has its share in it."""
    with quiet():
        architecture = Architecture(asked.arch)
        kind = objectives[asked.objective]
        settings = kind.chosen(_on_device(asked), architecture)
        objective = kind(settings, architecture)
        folder = TrainingFolder(
            settings.output, _claim(settings, architecture, objective), settings_record(asked)
        )
        record = folder.finished() if settings.resume else None
        if record is not None:
            _check_again(settings.output, record, not asked.finish, asked.finish)
            return record
        if asked.finish:
            folder.check_begun()
        try:
            return _train(settings, objective, folder, watch)
        finally:
            folder.close()


def _check_again(output: Path, record: dict[str, Any], resume: bool, finish: bool) -> None:
    """Raises InputError where a training that is finished is to be begun, or gone on with."""
    with reading(output / "training.json", "remove the folder, or choose another output"):
        early, _ = record.get("finished_early"), _result(output, record)
    if not (resume or finish):
        raise InputError(
            f"{output} is the folder of a finished training: expected settings, or resume=True to have its "
            "result again"
        )
    if early and not finish:
        raise InputError(
            f"{output} was finished early, {early} (--finish), and has no checkpoint to go on from: train "
            f"into another output, from the start or from this model (--arch {output})"
        )


def _begun(output: Path, goes_on: bool) -> TrainingSettings:
    """The settings of a training that was begun."""
    if not goes_on:
        raise InputError(
            f"{output} is a folder: expected settings, or resume=True or finish=True for a training in it"
        )
    begun = begun_with(output)
    with reading(output, "repeat the whole command"):
        return replace(settings_from_record(begun), output=output)


def _train(
    settings: TrainingSettings, objective: Objective, folder: TrainingFolder, watch: Watch
) -> dict[str, Any]:
    """Trains, scores and publishes; returns what training.json says."""
    from transformers import set_seed

    started = time.monotonic()
    set_seed(settings.seed)
    trained = objective.run(folder, watch)
    record = _record(settings, trained.module, objective) | {
        "new_weights": trained.new_weights,
        "metrics": trained.metrics,
        "best_epoch": trained.best_epoch,
        "history": trained.history,
        "finished_early": trained.early,
        "seconds": round(time.monotonic() - started, 2),
        "command": provenance()["command"],
    }
    if not is_first():
        return record
    return folder.publish([trained.module, objective.tokenizer.hf, *trained.beside], record)


def _on_device(settings: TrainingSettings) -> TrainingSettings:
    """Settings with the device that auto stands for, of which there are enough."""
    device = pick_device(settings.device).type
    gpus = torch.cuda.device_count() if device == "cuda" else 0
    if settings.processes > 1 and device != "cpu" and gpus < settings.processes:
        raise InputError(
            f"{settings.processes} processes need a CUDA device each, and there are {gpus}: expected at most "
            "as many, or --device cpu"
        )
    if settings.dtype == "float16" and device != "cuda":
        raise InputError(f"dtype float16 needs a CUDA device, not {device}: choose bfloat16 or float32")
    return replace(settings, device=device)


def _claim(settings: TrainingSettings, architecture: Architecture, objective: Objective) -> dict[str, Any]:
    """What makes two trainings the same."""
    claim = {name: value for name, value in asdict(settings).items() if name not in _NOT_CLAIMED}
    claim |= {"processes": settings.processes} if settings.processes > 1 else {}
    begins = {"arch sha256": architecture.sha256(), "tokenizer sha256": tokenizer_sha256(objective.tokenizer)}
    return claim | begins | objective.claim()


def _record(settings: TrainingSettings, module: PreTrainedModel, objective: Objective) -> dict[str, Any]:
    """What was asked for, chosen and read, and by which software."""
    libraries = ["torch", "transformers", "tokenizers", "accelerate", "numpy", "scikit-learn"]
    libraries += ["peft"] if settings.lora_rank is not None else []
    own = {"relevome": relevome.__version__, "python": platform.python_version()}
    return {
        "settings": settings_record(settings)["settings"],
        "chosen": {
            "task": objective.task,
            "labels": objective.labels,
            "alphabet": objective.tokenizer.alphabet.name,
            "tokenizer": objective.tokenizer.style,
            "tokens": len(objective.tokenizer.hf),
            "pooling": getattr(module.config, "pooling", None),
            "learning_rate": settings.learning_rate,
            "device": settings.device,
            "parameters": module.num_parameters(),
        },
        "data": objective.describe(),
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
        notes=notes_of(record),
    )
