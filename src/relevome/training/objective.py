"""What a training is for. One objective, one file, registered under its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from transformers import PreTrainedModel

from relevome.errors import InputError
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.registry import Registry
from relevome.training.architectures import Architecture
from relevome.training.folder import TrainingFolder

if TYPE_CHECKING:
    from relevome.training.settings import TrainingSettings  # which ask the registry below

History = tuple[dict[str, float], ...]

# Messages name objectives in this order, as the docs do; those of others follow.
_FIRST = ("classify", "mlm", "annotate")


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training ends with: the module of the best epoch, and what was measured.

    ``new_weights`` names weights that no checkpoint gave, ``metrics`` are scores by what was scored, and
    ``history`` what was measured after every epoch. ``beside`` has what else is saved in the folder of the
    model, each with a function ``save_pretrained(folder)``. ``early`` says after what it was finished, where
    that was before its end.
    """

    module: PreTrainedModel
    new_weights: tuple[str, ...]
    metrics: Mapping[str, Mapping[str, float]]
    history: History
    best_epoch: float
    beside: tuple[Any, ...] = ()
    early: str | None = None


@dataclass(frozen=True)
class Reached:
    """Where a training is: so many of its steps are done, in the epoch of this number, from 1 on.

    ``epochs`` is the most there will be, where steps do not decide. ``loss`` is the mean over the epoch so
    far. At the end of an epoch ``scores`` are those of what is validated on, else None.
    """

    step: int
    steps: int
    epoch: int
    epochs: int | None
    loss: float | None
    scores: Mapping[str, float] | None = None


# Told now and then where a training is, and at the end of every epoch.
Watch: TypeAlias = Callable[[Reached], None]


def nothing_to_finish(output: Path) -> InputError:
    """What is wrong with a training that is to be finished and has no whole epoch."""
    return InputError(f"{output} has no whole epoch yet, so no model to finish with: go on with --resume")


@runtime_checkable
class Objective(Protocol):
    """Data, what is learnt from them, and how.

    ``options`` names the settings that it has and not every objective does: those of others are refused
    for it. Made from settings and an architecture, it has read its data.
    """

    options: ClassVar[tuple[str, ...]]

    def __init__(self, settings: TrainingSettings, architecture: Architecture) -> None: ...

    @staticmethod
    def check(settings: TrainingSettings) -> None:
        """Raises ``InputError`` for settings that make no sense together, before any file is read."""
        ...

    @staticmethod
    def chosen(settings: TrainingSettings, architecture: Architecture) -> TrainingSettings:
        """The settings with what stands for None, such as the learning rate."""
        ...

    @property
    def task(self) -> str:
        """What the model will predict."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the outputs, where they are not tokens."""
        ...

    @property
    def tokenizer(self) -> LetterTokenizer:
        """How sequences are read."""
        ...

    def claim(self) -> dict[str, Any]:
        """What, beside settings, makes two trainings the same: sha256 of what was read, by its role."""
        ...

    def run(self, folder: TrainingFolder, watch: Watch) -> Trained:
        """Trains a module of its own, with checkpoints in ``folder``, or goes on from those that are there.

        The folder is opened when everything that can be refused was: an error before leaves none. Where the
        settings say ``finish``, nothing more is learnt, and the best of whole epochs is what it ends with.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """What was read, for the record."""
        ...


objectives: Registry[type[Objective]] = Registry("objective", "relevome.training")


def objective_names() -> list[str]:
    """The names of all objectives, our first ones first."""
    return sorted(objectives, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
