"""What a training is told to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from relevome.data.errors import InputError
from relevome.data.problems import OnBad
from relevome.data.sequence import ALPHABETS
from relevome.models.training.labels import TASKS
from relevome.models.training.performance import CLASSIFICATION, REGRESSION

_CHOICES = {
    "task": ("auto", *TASKS),
    "best": ("loss", *CLASSIFICATION, *REGRESSION),
    "device": ("auto", "cpu", "cuda", "mps"),
    "dtype": ("float32", "bfloat16", "float16"),
    "on_bad": ("refuse", "skip"),
    "alphabet": (None, *ALPHABETS),
}


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that ``relevome train`` can be told; None means: chosen, and recorded in training.json.

    ``arch`` is ``cnn``, the folder or hub id of a model to fine-tune, or a config.json to start from
    random weights. ``best`` names the validation score whose best epoch is kept; ``patience`` is the
    number of epochs without a better one after which training stops. ``dtype`` is the precision of
    the arithmetic: weights are kept in float32. ``bpe_dropout`` is the share of merges that are left out
    when training sequences are tokenised, afresh in every epoch.
    """

    arch: str
    train: Path
    validation: Path
    output: Path
    test: Path | None = None
    alphabet: str | None = None
    tokenizer: str | None = None
    task: str = "auto"
    epochs: int = 10
    batch_size: int = 64
    learning_rate: float | None = None
    weight_decay: float = 0.01
    warmup: float = 0.06
    patience: int = 3
    best: str = "loss"
    class_weights: bool = False
    lora_rank: int | None = None
    bpe_dropout: float = 0.0
    seed: int = 0
    device: str = "auto"
    dtype: str = "float32"
    on_bad: OnBad = "refuse"
    resume: bool = False
    progress: bool | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                listed = ", ".join(choice for choice in choices if choice)
                raise InputError(f"unknown {name} {value!r}: expected one of {listed}")
        for name in ("epochs", "batch_size", "patience", "lora_rank", "learning_rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name} is {value}: expected a number above 0")
        if not 0 <= self.bpe_dropout <= 1:
            raise InputError(f"bpe_dropout is {self.bpe_dropout}: expected a share of merges, from 0 to 1")
        if not 0 <= self.warmup < 1 or self.weight_decay < 0:
            raise InputError(
                f"warmup is {self.warmup} and weight_decay {self.weight_decay}: "
                "expected a share of all steps from 0 to under 1, and no negative number"
            )
