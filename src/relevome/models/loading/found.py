"""What was found where a model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relevome.models.base import Task


@dataclass(frozen=True)
class LoadedModel:
    """A module with its configuration and weights, its tokenizer, and what it answers.

    ``wrapped`` is a prefix that all names of its weights had in the file and not in the model; ``own_code``
    says whether the module was made by code that came with it.
    """

    module: Any
    tokenizer: Any
    task: Task
    wrapped: str | None = None
    own_code: bool = False
