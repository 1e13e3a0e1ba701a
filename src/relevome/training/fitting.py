"""Fitting a module to examples by transformers' Trainer, and scoring it.

The Trainer needs accelerate, an extra, so it is imported where it is made; a trainer is Any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from safetensors import SafetensorError
from transformers import PreTrainedModel

from relevome.errors import InputError
from relevome.training.architectures import LEARNING_RATES, Architecture, add_lora
from relevome.training.folder import TrainingFolder
from relevome.training.objective import History, Trained, Watch, nothing_to_finish
from relevome.training.processes import is_first, wait
from relevome.training.settings import TrainingSettings
from relevome.training.tables import Example
from relevome.training.while_fitting import is_timing, keep_within_epochs, trainer_class, watch_over

# What a score of the best model may differ by, computed twice; LoRA is merged, narrow numbers are rounded.
_ALIKE, _ROUNDED = 1e-4, 0.02

# The settings that fitting to examples has, and so every objective that is learnt from them.
EXAMPLE_OPTIONS = (
    "alphabet", "tokenizer", "tokens", "epochs", "batch_size", "weight_decay", "warmup", "dtype",
    "processes",
)  # fmt: skip


@runtime_checkable
class LearntFromExamples(Protocol):
    """What `fit_by_examples` asks of an objective."""

    def module(self) -> tuple[PreTrainedModel, tuple[str, ...]]:
        """A module to train, and the names of weights that no checkpoint gave."""
        ...

    def examples(self, module: PreTrainedModel) -> Mapping[str, Sequence[Example]]:
        """``train``, ``validation`` and what else is scored; none is too long for the module."""
        ...

    def by_length(self, train: Sequence[Example]) -> bool:
        """Whether examples of like lengths should share a batch."""
        ...

    def trainer_options(self, train: Sequence[Example]) -> dict[str, Any]:
        """What a Trainer is told about batches, loss and scores."""
        ...

    def baselines(self, examples: Mapping[str, Sequence[Example]]) -> dict[str, dict[str, float]]:
        """Scores of what knows less than a model, by name."""
        ...


def with_learning_rate(settings: TrainingSettings, architecture: Architecture) -> TrainingSettings:
    """The settings with the learning rate that None stands for; LoRA has one of its own."""
    if settings.lora_rank is not None and architecture.kind != "checkpoint":
        raise InputError(
            f"LoRA fine-tunes a trained model and {settings.arch} is none: leave --lora-rank out"
        )
    usual = architecture.learning_rate if settings.lora_rank is None else LEARNING_RATES["lora"]
    return replace(settings, learning_rate=settings.learning_rate or usual)


def fit_by_examples(
    settings: TrainingSettings, objective: LearntFromExamples, folder: TrainingFolder, watch: Watch
) -> Trained:
    """Trains the objective's module, or goes on with it, and scores all examples but those of ``train``."""
    module, new_weights = objective.module()
    examples = objective.examples(module)
    if is_first():
        folder.open(settings.resume)
    wait()
    last = folder.last_checkpoint()
    if settings.finish and (last is None or not last.epochs):
        raise nothing_to_finish(settings.output)
    now, early = settings, None
    if last is not None and (last.stopped or settings.finish):
        now = replace(settings, epochs=last.epochs)  # then nothing more is learnt
        if not last.stopped and last.epochs < settings.epochs:
            early = f"after epoch {last.epochs} of {settings.epochs}"
    learner: Any = module if settings.lora_rank is None else add_lora(module, settings.lora_rank, new_weights)
    trainer = make_trainer(now, learner, objective, examples, folder.checkpoints, watch)
    history, best_epoch = fit(trainer, None if last is None else last.path)
    best = trainer.state.best_metric
    if settings.lora_rank is not None:
        module = learner.merge_and_unload()
        trainer = make_trainer(now, module, objective, examples, folder.checkpoints, watch)
    scores = {name: score(trainer, examples[name]) for name in examples if name != "train"}
    _check_best(settings, best, scores["validation"][settings.best])
    measured = scores | objective.baselines(examples)
    return Trained(module, new_weights, measured, history, best_epoch, early=early)


def make_trainer(
    settings: TrainingSettings,
    module: Any,
    objective: LearntFromExamples,
    examples: Mapping[str, Sequence[Example]],
    folder: Path,
    watch: Watch,
) -> Any:
    """A Trainer for ``module`` on examples ``train`` and ``validation``, with checkpoints in ``folder``."""
    from transformers import EarlyStoppingCallback
    from transformers.trainer_callback import PrinterCallback

    train, validation = examples["train"], examples["validation"]
    trainer = trainer_class()(
        model=module,
        args=_arguments(settings, folder, by_length=objective.by_length(train)),
        train_dataset=train,  # pyright: ignore[reportArgumentType]  # a list is a data set to torch
        eval_dataset=validation,  # pyright: ignore[reportArgumentType]
        callbacks=[EarlyStoppingCallback(settings.patience)],
        **objective.trainer_options(train),
    )
    trainer.remove_callback(PrinterCallback)
    watch_over(trainer, train, watch)
    return trainer


def fit(trainer: Any, checkpoint: Path | None) -> tuple[History, float]:
    """Trains, or goes on from a checkpoint; the trainer's model is then that of the best epoch.

    Returns what was measured after every epoch, and the best epoch. Raises ``InputError`` if no epoch
    had a finite score, and for a checkpoint that is damaged.
    """
    keep_within_epochs(trainer, checkpoint)
    with _checkpoints_read(trainer, checkpoint):
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    if trainer.state.best_model_checkpoint is None:
        raise InputError(
            f"validation {trainer.args.metric_for_best_model} was undefined after every epoch: expected both "
            "outcomes in the validation table, and a learning rate low enough (--learning-rate)"
        )
    epochs: dict[int, dict[str, float]] = {}
    for entry in trainer.state.log_history:
        if "loss" in entry or "eval_loss" in entry:
            epochs.setdefault(int(entry["step"]), {}).update(_named(entry))
    return tuple(epochs.values()), epochs[trainer.state.best_global_step or 0]["epoch"]


@contextmanager
def _checkpoints_read(trainer: Any, checkpoint: Path | None) -> Iterator[None]:
    """What fails before the first step of a training that goes on is its checkpoint, later its best one."""
    from transformers import TrainerCallback

    class Begun(TrainerCallback):
        """Whether there was a step."""

        yet = checkpoint is None

        def on_step_begin(self, *arguments: Any, **named: Any) -> None:
            self.yet = True

    begun = Begun()
    trainer.add_callback(begun)
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if begun.yet and not isinstance(error, SafetensorError):
            raise
        folder = checkpoint or trainer.state.best_model_checkpoint
        raise InputError(
            f"{folder} is damaged ({type(error).__name__}: {str(error)[:200]}): remove it to go on from the "
            "one before, or train again in another output"
        ) from error


def _check_best(settings: TrainingSettings, best: float, found: float) -> None:
    """Raises InputError where the model that was loaded as the best does not score as it did."""
    exact = settings.lora_rank is None and settings.dtype == "float32"
    if not abs(found - best) <= (_ALIKE if exact else _ROUNDED) * (1 + abs(best)):
        raise InputError(
            f"the best model of {settings.output} had a validation {settings.best} of {best:.6g} and now has "
            f"{found:.6g}: its checkpoint was changed by something else; remove the folder and train again"
        )


def score(trainer: Any, examples: Sequence[Example]) -> dict[str, float]:
    """Loss and performance of the trainer's model."""
    prediction = trainer.predict(examples, metric_key_prefix="eval")
    measured = {name.removeprefix("eval_"): value for name, value in (prediction.metrics or {}).items()}
    return {name: value for name, value in measured.items() if not is_timing(name)}


def _arguments(settings: TrainingSettings, folder: Path, by_length: bool) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size // settings.processes,
        per_device_eval_batch_size=4 * settings.batch_size // settings.processes,
        learning_rate=settings.learning_rate or 0,
        weight_decay=settings.weight_decay,
        warmup_steps=settings.warmup,
        train_sampling_strategy="group_by_length" if by_length else "random",
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        save_total_limit=2,  # the best and the last
        load_best_model_at_end=True,
        metric_for_best_model=settings.best,
        greater_is_better=settings.best not in ("loss", "rmse", "smin"),
        restore_callback_states_from_checkpoint=True,
        seed=settings.seed,
        use_cpu=settings.device == "cpu",
        bf16=settings.dtype == "bfloat16",
        fp16=settings.dtype == "float16",
        dataloader_pin_memory=settings.device == "cuda",
        label_names=["labels"],
        disable_tqdm=True,
        report_to="none",
    )


def _named(entry: dict[str, float]) -> dict[str, float]:
    names = {name: name.replace("eval_", "validation_") for name in entry}
    return {names[name]: value for name, value in entry.items() if not is_timing(name.removeprefix("eval_"))}
