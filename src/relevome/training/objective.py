"""What a training is for. One objective, one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from transformers import PreTrainedModel

from relevome.models.tokens import LetterTokenizer
from relevome.training.tables import Example


@runtime_checkable
class Objective(Protocol):
    """Data, the head that learns from them, and its scores.

    Made from settings and an architecture, it has read its data; ``digests`` are those of the files.
    """

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

    @property
    def digests(self) -> Mapping[str, str]:
        """sha256 of every file that was read, by its role."""
        ...

    def module(self) -> tuple[PreTrainedModel, tuple[str, ...]]:
        """A module to train, and the names of weights that no checkpoint gave."""
        ...

    def examples(self, module: PreTrainedModel) -> dict[str, Sequence[Example]]:
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

    def describe(self) -> dict[str, Any]:
        """What was read, for the record."""
        ...
