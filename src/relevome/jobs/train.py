"""One training: from its settings to a model folder, with a record of all that was chosen and read."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedModel

import relevome
from relevome.errors import InputError
from relevome.models.hugging_face import pick_device, quiet
from relevome.models.identity import tokenizer_sha256
from relevome.results.notebook import as_html, plotted
from relevome.results.record import reading
from relevome.training.architectures import Architecture
from relevome.training.folder import TrainingFolder, begun_with, finished_record
from relevome.training.objective import History, Objective, Watch, objectives
from relevome.training.settings import TrainingSettings, settings_from_record, settings_record
from relevome.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What may differ between a training and its resumption; an objective claims what it read, by digests.
_NOT_CLAIMED = (
    "train", "validation", "test", "genome", "labels", "obo", "clusters", "split", "output", "resume",
    "finish", "device",
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
            return _again(Path(settings), record, resume, finish)
        settings = _begun(Path(settings), resume or finish)
    finish = finish or settings.finish
    asked = replace(settings, resume=resume or finish or settings.resume, finish=finish)
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
            return _again(settings.output, record, not finish, finish)
        if finish:
            folder.check_begun()
        try:
            record = _train(settings, objective, folder, progress)
        finally:
            folder.close()
    return _result(settings.output, record)


def _again(output: Path, record: dict[str, Any], resume: bool, finish: bool) -> TrainingResult:
    """The result of a training that is finished. Raises InputError for one to be begun, or gone on with."""
    with reading(output / "training.json", "remove the folder, or choose another output"):
        early, result = record.get("finished_early"), _result(output, record)
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
    return result


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
    }
    return folder.publish([trained.module, objective.tokenizer.hf, *trained.beside], record)


def _on_device(settings: TrainingSettings) -> TrainingSettings:
    """Settings with the device that auto stands for."""
    device = pick_device(settings.device).type
    if settings.dtype == "float16" and device != "cuda":
        raise InputError(f"dtype float16 needs a CUDA device, not {device}: choose bfloat16 or float32")
    return replace(settings, device=device)


def _claim(settings: TrainingSettings, architecture: Architecture, objective: Objective) -> dict[str, Any]:
    """What makes two trainings the same."""
    claim = {name: value for name, value in asdict(settings).items() if name not in _NOT_CLAIMED}
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
        notes=(*_early(record.get("finished_early")), *_notes(record["data"])),
    )


def _early(after: str | None) -> Iterator[str]:
    if after:
        yield f"finished early, {after}: more epochs may have been better"


def _notes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """What a user should know of the data, from training.json: the split, what was left out, and codes."""
    function = data.get("function", {})
    lines = [*_split(data.get("split") or function.get("split")), *_function(function)]
    if data.get("stops_stripped"):
        lines.append(f"stripped {data['stops_stripped']:,} '*' from the ends of proteins")
    return (*lines, *_made(data.get("made", {})), *_known(data), *_skipped(data), *_codes(data))


def _made(made: Mapping[str, Any]) -> Iterator[str]:
    """What is read in place of the sequences of the tables, or beside them."""
    if fewer := made.get("letters_fewer"):
        yield (
            f"{fewer:,} letters fewer are read of every sequence, of those to validate and test on from "
            f"letter {made['from_letter']:,} on (0-based): cut those to explain likewise, as beside the model"
        )
    if count := made.get("shuffles"):
        yield f"{counted(count, 'shuffle is the negative', 'shuffles are the negatives')}"
    if count := made.get("shuffles_as_before"):
        yield f"{count:,} of them happen to be the very letters of their positive"


def _known(data: Mapping[str, Any]) -> Iterator[str]:
    """How many sequences that scores are of were learnt from too."""
    for part, table in data.items():
        known = table.get("also_in_training", 0) if isinstance(table, Mapping) and part != "train" else 0
        if known:
            yield (
                f"{known:,} of {table['sequences']:,} sequences of {part} are in train too: scores of {part} "
                "say too much of sequences that are new"
            )


def _split(split: Mapping[str, Any] | None) -> Iterator[str]:
    if not split:
        return
    if split["by"] == "clusters":
        yield f"split by {split['clusters']:,} clusters of a file"
    else:
        yield "split without --clusters: identical sequences stay together, relatives may not"
    if split.get("members_not_used"):
        yield f"  {split['members_not_used']:,} members of clusters are no sequences to learn from"


def _function(function: Mapping[str, Any]) -> Iterator[str]:
    for reason, count in function.get("left_out", {}).items():
        yield f"left out {count:,} of {function['proteins_read']:,} proteins {reason}"
    for what, count in function.get("terms", {}).items():
        yield f"{count:,} {what}"
    for part, count in function.get("without_any_label", {}).items():
        if count:
            has = "has" if count == 1 else "have"
            yield f"{counted(count, 'protein')} of {part} {has} none of the labels"
    for part in next(iter(function.get("proteins", {}).values()), {}):
        missing = [name for name, counts in function["proteins"].items() if not counts[part]]
        if missing:
            yield (
                f"{counted(len(missing), 'label has', 'labels have')} no protein in {part}, such as "
                f"{missing[0]}"
            )


def _skipped(data: Mapping[str, Any]) -> Iterator[str]:
    """How many rows or positions were left out because they could not be read (``--on-bad skip``)."""
    tables = [data, *(table for table in data.values() if isinstance(table, Mapping))]
    skipped = [problem for table in tables for problem in table.get("skipped", ())]
    if skipped:
        example = skipped[0]["id"]
        yield f"left out {len(skipped):,} that could not be read, such as {example}: see training.json"


def _codes(data: Mapping[str, Any]) -> Iterator[str]:
    """Letters that a model reads as another, or does not know."""
    for part, table in data.items():
        codes = table.get("codes", {}) if isinstance(table, Mapping) else {}
        for code, said in codes.items():
            if said["read_as"].strip("\u2581") != code:
                yield f"{said['count']:,} letters {code} of {part} are read as {said['read_as']}"
