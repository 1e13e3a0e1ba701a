"""What the labels of a table mean: the task to train for, and every label as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence as List
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from relevome.data.formats.table import LabelledSequence
from relevome.errors import InputError
from relevome.words import counted

TrainingTask = Literal["binary", "multi-class", "multi-label", "regression", "token"]
TASKS: tuple[str, ...] = get_args(TrainingTask)


@dataclass(frozen=True)
class LabelScheme:
    """A task and the names of its outputs; ``binary`` and ``token`` score the last of two as positive."""

    task: TrainingTask
    names: tuple[str, ...]

    @property
    def problem_type(self) -> str | None:
        """What transformers calls the task of one prediction per sequence; None for one per letter."""
        if self.task == "token":
            return None
        named = {"multi-label": "multi_label_classification", "regression": "regression"}
        return named.get(self.task, "single_label_classification")

    def encode(self, row: LabelledSequence) -> int | float | list[int] | list[float]:
        """The label of a row as a model learns it.

        A class index; a number; a 0 or 1 for every name (multi-label); or a class index for every
        letter (token). Raises ``InputError`` for a label that the task does not have.
        """
        label = row.label or ""
        if self.task == "regression":
            return _number(row)
        if self.task == "multi-label":
            chosen = {self._index(row, name) for name in _names_in(label)}
            return [float(index in chosen) for index in range(len(self.names))]
        if self.task == "token":
            _check_one_per_letter(row)
            return [self._index(row, letter) for letter in label]
        return self._index(row, label)

    def count(self, rows: List[LabelledSequence]) -> dict[str, int]:
        """How many sequences have each output, of ``token`` how many letters; empty where it is a number."""
        if self.task == "regression":
            return {}
        encoded = np.array([x for row in rows for x in np.atleast_1d(self.encode(row))], dtype=float)
        if self.task == "multi-label":
            counts = encoded.reshape(len(rows), -1).sum(axis=0)
        else:
            counts = np.bincount(encoded.astype(int), minlength=len(self.names))
        return {name: int(count) for name, count in zip(self.names, counts, strict=True)}

    def _index(self, row: LabelledSequence, name: str) -> int:
        if name not in self.names:
            known = ", ".join(self.names[:20])
            raise InputError(f"sequence {row.sequence.id!r} has label {name!r}: expected one of {known}")
        return self.names.index(name)


def label_scheme(rows: List[LabelledSequence], task: str = "auto") -> LabelScheme:
    """The task and output names for a training table; ``auto`` reads the task off the labels.

    ``auto``: labels with ``;`` are multi-label; one character per letter of its sequence, token; numbers
    with decimals, regression; all else classes. Raises ``InputError`` where the labels fit no task, or
    more than one.
    """
    if task not in ("auto", *TASKS):
        raise InputError(f"unknown task {task!r}: expected auto or one of {', '.join(TASKS)}")
    for row in rows:
        if row.label is None:
            raise InputError("the training table has no label column: expected one named label")
    if task == "auto":
        task = _task_of(rows)
    if task == "regression":
        return LabelScheme("regression", ("value",))
    return _with_names(task, rows)


def _with_names(task: str, rows: List[LabelledSequence]) -> LabelScheme:
    """Output names in order: numbers by size, all else by letters."""
    labels = [row.label or "" for row in rows]
    if task == "multi-label":
        found = {name for label in labels for name in _names_in(label)}
    else:
        found = set("".join(labels)) if task == "token" else set(labels)
    names = tuple(sorted(found, key=(lambda x: (int(x), x)) if all(map(_is_integer, found)) else str))
    fewest, most = {"binary": (2, 2), "multi-label": (1, math.inf)}.get(task, (2, math.inf))
    if "" in found or not fewest <= len(names) <= most:
        wanted = "two" if task == "binary" else f"at least {fewest}"
        raise InputError(
            f"the training labels are {', '.join(map(repr, names[:20])) or 'all empty'}: "
            f"expected {wanted} different labels for task {task}, and none empty"
        )
    return LabelScheme(task, names)  # pyright: ignore[reportArgumentType]  # one of TASKS, checked above


def _task_of(rows: List[LabelledSequence]) -> TrainingTask:
    labels = [row.label or "" for row in rows]
    different = set(labels)
    if any(";" in label for label in different):
        return "multi-label"
    if all(len(row.label or "") == len(row.sequence) for row in rows) and max(map(len, labels)) > 1:
        return "token"
    if all(map(_is_number, different)) and not all(map(_is_integer, different)):
        if len(different) > 2:
            return "regression"
        raise InputError(_ambiguous(different, "binary or regression"))
    if len(different) > max(len(labels) // 2, 2):
        raise InputError(_ambiguous(different, "multi-class or regression"))
    return "binary" if len(different) == 2 else "multi-class"


def _ambiguous(labels: set[str], tasks: str) -> str:
    examples = ", ".join(sorted(labels)[:3])
    return (
        f"{counted(len(labels), 'different label')} ({examples}, ...) may be {tasks}: say which with --task"
    )


def _names_in(label: str) -> list[str]:
    return [name.strip() for name in label.split(";") if name.strip()]


def _check_one_per_letter(row: LabelledSequence) -> None:
    letters, labels = len(row.sequence), len(row.label or "")
    if labels != letters:
        raise InputError(
            f"sequence {row.sequence.id!r} has {counted(letters, 'letter')} but {counted(labels, 'label')}: "
            "expected one character for every letter"
        )


def _number(row: LabelledSequence) -> float:
    if not _is_number(row.label or ""):
        raise InputError(f"sequence {row.sequence.id!r} has label {row.label!r}: expected a finite number")
    return float(row.label or "")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
