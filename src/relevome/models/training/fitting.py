"""Fitting a module to labelled tokens by transformers' Trainer, and scoring it.

The Trainer needs accelerate, an extra, so it is imported where it is made; a trainer is Any.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from transformers import DataCollatorForTokenClassification, DataCollatorWithPadding

from relevome.data.errors import InputError
from relevome.models.training.drawn import DrawnExamples
from relevome.models.training.labels import LabelScheme
from relevome.models.training.performance import performance
from relevome.models.training.settings import TrainingSettings
from relevome.models.training.tables import Example

History = tuple[dict[str, float], ...]


def make_trainer(
    settings: TrainingSettings,
    module: Any,
    tokenizer: Any,
    scheme: LabelScheme,
    examples: Mapping[str, Sequence[Example]],
    folder: Path,
) -> Any:
    """A Trainer for ``module`` on examples ``train`` and ``validation``, with checkpoints in ``folder``."""
    from transformers import EarlyStoppingCallback, Trainer
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    train, validation = examples["train"], examples["validation"]
    collator = DataCollatorForTokenClassification if scheme.task == "token" else DataCollatorWithPadding
    trainer = Trainer(
        model=module,
        args=_arguments(settings, train, folder),
        data_collator=collator(tokenizer),
        train_dataset=train,  # pyright: ignore[reportArgumentType]  # a list is a data set to torch
        eval_dataset=validation,  # pyright: ignore[reportArgumentType]
        compute_loss_func=_weighted_loss(scheme, train) if settings.class_weights else None,
        compute_metrics=lambda prediction: performance(scheme.task, *_arrays(prediction)),
        preprocess_logits_for_metrics=_only_logits,
        callbacks=[EarlyStoppingCallback(settings.patience)],
    )
    if isinstance(train, DrawnExamples):
        trainer.add_callback(_fresh_draws(train))
    trainer.remove_callback(PrinterCallback)
    bar: Any = trainer.pop_callback(ProgressCallback)
    if bar is not None:
        bar.on_log = _say_nothing  # else it prints every log to standard output
        trainer.add_callback(bar)
    return trainer


def fit(trainer: Any, checkpoint: Path | None) -> tuple[History, float]:
    """Trains, or goes on from a checkpoint; the trainer's model is then that of the best epoch.

    Returns what was measured after every epoch, and the best epoch. Raises ``InputError`` if no epoch
    had a finite score.
    """
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


def score(trainer: Any, examples: Sequence[Example]) -> dict[str, float]:
    """Loss and performance of the trainer's model."""
    prediction = trainer.predict(examples, metric_key_prefix="eval")
    measured = {name.removeprefix("eval_"): value for name, value in (prediction.metrics or {}).items()}
    return {name: value for name, value in measured.items() if not _is_timing(name)}


def _arguments(settings: TrainingSettings, train: Sequence[Example], folder: Path) -> Any:
    from transformers import TrainingArguments

    progress = sys.stderr.isatty() if settings.progress is None else settings.progress
    ragged = len({len(example["input_ids"]) for example in train}) > 1
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=4 * settings.batch_size,
        learning_rate=settings.learning_rate or 0,
        weight_decay=settings.weight_decay,
        warmup_steps=settings.warmup,
        train_sampling_strategy="group_by_length" if ragged else "random",
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        save_total_limit=2,  # the best and the last
        load_best_model_at_end=True,
        metric_for_best_model=settings.best,
        greater_is_better=settings.best not in ("loss", "rmse"),
        restore_callback_states_from_checkpoint=True,
        seed=settings.seed,
        use_cpu=settings.device == "cpu",
        bf16=settings.dtype == "bfloat16",
        fp16=settings.dtype == "float16",
        dataloader_pin_memory=settings.device == "cuda",
        label_names=["labels"],
        disable_tqdm=not progress,
        report_to="none",
    )


def _fresh_draws(examples: DrawnExamples) -> Any:
    """Tells the examples which epoch begins."""
    from transformers import TrainerCallback

    class FreshDraws(TrainerCallback):
        def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            examples.epoch = round(state.epoch or 0)

    return FreshDraws()


def _say_nothing(*args: Any, **kwargs: Any) -> None:
    pass


def _weighted_loss(scheme: LabelScheme, train: Sequence[Example]) -> Callable[..., Tensor]:
    """A loss in which every class counts the same (multi-label: positives as much as negatives)."""
    labels = np.array([x for example in train for x in np.atleast_1d(example["labels"])])
    if scheme.task == "multi-label":
        positives = labels.reshape(len(train), -1).mean(axis=0)
        ratio = torch.tensor((1 - positives) / positives, dtype=torch.float32)
        return lambda outputs, labels, num_items_in_batch=None: F.binary_cross_entropy_with_logits(
            outputs.logits.float(), labels, pos_weight=ratio.to(labels.device)
        )
    labels = labels[labels != -100]
    weights = torch.tensor(
        len(labels) / (len(scheme.names) * np.bincount(labels, minlength=len(scheme.names))),
        dtype=torch.float32,
    )
    return lambda outputs, labels, num_items_in_batch=None: F.cross_entropy(
        outputs.logits.float().flatten(0, -2), labels.flatten(), weight=weights.to(labels.device)
    )


def _arrays(prediction: Any) -> tuple[Float[np.ndarray, "..."], np.ndarray]:
    return np.asarray(prediction.predictions, dtype=np.float64), np.asarray(prediction.label_ids)


def _only_logits(outputs: Any, labels: Tensor) -> Tensor:
    """Some architectures return more than logits; only those are gathered."""
    return outputs[0] if isinstance(outputs, tuple) else outputs


def _named(entry: dict[str, float]) -> dict[str, float]:
    names = {name: name.replace("eval_", "validation_") for name in entry}
    return {names[name]: value for name, value in entry.items() if not _is_timing(name.removeprefix("eval_"))}


def _is_timing(name: str) -> bool:
    return name in ("runtime", "samples_per_second", "steps_per_second", "model_preparation_time")
