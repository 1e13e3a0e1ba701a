"""One training: from its settings to a model folder, with a record of all that was chosen and read."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

import relevome
from relevome.errors import InputError
from relevome.models.hugging_face import pick_device, quiet
from relevome.training.annotation import AnnotationObjective
from relevome.training.architectures import LEARNING_RATES, Architecture, add_lora
from relevome.training.fitting import History, fit, make_trainer, score
from relevome.training.folder import TrainingFolder
from relevome.training.genome_fitting import Fit
from relevome.training.labelled import LabelledObjective
from relevome.training.masked import MaskedObjective
from relevome.training.notes import notes
from relevome.training.objective import Objective
from relevome.training.regimes import regime_of
from relevome.training.settings import HELD_OUT, TrainingSettings

_OBJECTIVES = {"classify": LabelledObjective, "mlm": MaskedObjective, "annotate": AnnotationObjective}

# What may differ between a training and its resumption; what was read is known by its digests.
_NOT_CLAIMED = (
    "train", "validation", "test", "genome", "labels", "obo", "clusters", "output", "resume", "progress",
    "device",
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


def train(settings: TrainingSettings) -> TrainingResult:
    """Trains a model and saves it in ``settings.output``: weights, tokenizer, metrics.json, training.json.

    The best epoch by ``settings.best`` on what is validated on is kept. The same seed gives the same
    weights, and so does a training that was killed and resumed. Raises ``InputError`` for bad tables,
    sequences longer than the model takes, and an output folder that is in use.
    """
    if find_spec("accelerate") is None:
        raise InputError("training needs the library accelerate: pip install relevome[train]")
    with quiet():
        architecture = Architecture(settings.arch)
        settings = _chosen(settings, architecture)
        objective = _OBJECTIVES[settings.objective](settings, architecture)
        folder = TrainingFolder(settings.output, _claim(settings, objective))
        record = folder.finished() if settings.resume else None
        if record is None:
            record = _train(settings, objective, folder)
    return _result(settings.output, record)


def _train(
    settings: TrainingSettings, objective: Objective | AnnotationObjective, folder: TrainingFolder
) -> dict[str, Any]:
    """Trains, scores and publishes; returns what training.json says."""
    from transformers import set_seed

    started = time.monotonic()
    set_seed(settings.seed)
    module, new_weights = objective.module()
    if isinstance(objective, AnnotationObjective):
        trained, reached = _by_streams(settings, objective, module, folder)
    else:
        trained, reached = _by_examples(settings, objective, module, new_weights, folder)
    seconds = round(time.monotonic() - started, 2)
    record = _record(settings, trained, objective) | {"new_weights": new_weights, **reached}
    beside = objective.saved if isinstance(objective, LabelledObjective) else ()
    return folder.publish([trained, objective.tokenizer.hf, *beside], record | {"seconds": seconds})


def _by_examples(
    settings: TrainingSettings,
    objective: Objective,
    module: PreTrainedModel,
    new_weights: tuple[str, ...],
    folder: TrainingFolder,
) -> tuple[PreTrainedModel, dict[str, Any]]:
    examples = objective.examples(module)
    folder.open(settings.resume)
    checkpoint, stopped = folder.last_checkpoint()
    now = replace(settings, epochs=stopped or settings.epochs)
    learner: Any = module if settings.lora_rank is None else add_lora(module, settings.lora_rank, new_weights)
    trainer = make_trainer(now, learner, objective, examples, folder.checkpoints)
    history, best_epoch = fit(trainer, checkpoint)
    if settings.lora_rank is not None:
        module = learner.merge_and_unload()
        trainer = make_trainer(now, module, objective, examples, folder.checkpoints)
    scores = {name: score(trainer, examples[name]) for name in examples if name != "train"}
    metrics = scores | objective.baselines(examples)
    return module, {"metrics": metrics, "best_epoch": best_epoch, "history": history}


def _by_streams(
    settings: TrainingSettings, objective: AnnotationObjective, module: Any, folder: TrainingFolder
) -> tuple[PreTrainedModel, dict[str, Any]]:
    folder.open(settings.resume)
    reached = Fit(settings, objective, module, folder.checkpoints).run()
    metrics = {"validation": reached.scores, "chance": objective.chance()}
    return module, {"metrics": metrics, "best_epoch": float(reached.best_epoch), "history": reached.history}


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
    if settings.objective == "annotate":
        return _with_regime(replace(settings, device=device, best="average_precision"))
    rate = settings.learning_rate or LEARNING_RATES[kind]
    return replace(settings, learning_rate=rate, device=device)


def _with_regime(settings: TrainingSettings) -> TrainingSettings:
    regime = regime_of(settings)
    return replace(
        settings,
        learning_rate=regime.learning_rate,
        steps=regime.steps,
        streams=regime.streams,
        split=settings.split or HELD_OUT,
    )


def _claim(settings: TrainingSettings, objective: Objective | AnnotationObjective) -> dict[str, Any]:
    """What makes two trainings the same."""
    left = _NOT_CLAIMED if settings.objective == "classify" else (*_NOT_CLAIMED, "split")
    claim = {name: value for name, value in asdict(settings).items() if name not in left}
    return claim | {f"{name} sha256": digest for name, digest in objective.digests.items()}


def _record(
    settings: TrainingSettings, module: PreTrainedModel, objective: Objective | AnnotationObjective
) -> dict[str, Any]:
    """What was asked for, chosen and read, and by which software."""
    libraries = ["torch", "transformers", "tokenizers", "accelerate", "numpy", "scikit-learn"]
    libraries += ["peft"] if settings.lora_rank is not None else []
    own = {"relevome": relevome.__version__, "python": platform.python_version()}
    return {
        "settings": {name: str(x) if isinstance(x, Path) else x for name, x in asdict(settings).items()},
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
        notes=notes(record["data"]),
    )
