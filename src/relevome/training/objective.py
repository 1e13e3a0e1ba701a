"""What a training is for. One objective, one file, registered under its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from transformers import PreTrainedModel

from relevome.models.tokens import LetterTokenizer
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
    model, each with a function ``save_pretrained(folder)``.
    """

    module: PreTrainedModel
    new_weights: tuple[str, ...]
    metrics: Mapping[str, Mapping[str, float]]
    history: History
    best_epoch: float
    beside: tuple[Any, ...] = ()


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

    def run(self, folder: TrainingFolder) -> Trained:
        """Trains a module of its own, with checkpoints in ``folder``, or goes on from those that are there.

        The folder is opened when everything that can be refused was: an error before leaves none.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """What was read, for the record."""
        ...


objectives: Registry[type[Objective]] = Registry("objective", "relevome.training")


def objective_names() -> list[str]:
    """The names of all objectives, our first ones first."""
    return sorted(objectives, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
