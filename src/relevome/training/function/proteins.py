"""Proteins and their functions as tables to train on, with a count of everything that was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from relevome.data.ec_numbers import LEVELS
from relevome.data.formats.obo import read_obo
from relevome.data.formats.table import LabelledSequence
from relevome.data.inputs import sha256_of
from relevome.data.ontology import Ontology
from relevome.data.problems import Problem, Stops, refuse_or_skip
from relevome.data.protein_function import Kind, read_functions
from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.training.function.labels import EcLabels, FunctionLabels, GoLabels, LeftOut
from relevome.training.function.scores import Outputs, outputs_of
from relevome.training.labels import LabelScheme, TrainingTask
from relevome.training.settings import LABELS_FROM, TrainingSettings
from relevome.training.splits import Split
from relevome.training.tables import LabelledTable
from relevome.words import counted

# Options of the labels that --labels-from asks for.
_OF_LABELS = {
    "ec_level": ("ec",),
    "obo": ("go",),
    "go_terms": ("go",),
    "min_proteins": LABELS_FROM,
    "max_length": LABELS_FROM,
}


@dataclass(frozen=True)
class LabelledProtein:
    """A sequence and all its classes."""

    sequence: Sequence
    classes: frozenset[str]


@dataclass(frozen=True)
class FunctionData:
    """Tables with classes as labels, the task, what is known of its outputs, and the record of it all."""

    tables: Mapping[str, LabelledTable]
    scheme: LabelScheme
    outputs: Outputs
    record: Mapping[str, Any]


def check_function(settings: TrainingSettings) -> None:
    """Refuses options of labels that are not asked for, or not given."""
    for name, kinds in _OF_LABELS.items():
        if settings.has_been_set(name) and settings.labels_from not in kinds:
            option = name.replace("_", "-")
            raise InputError(
                f"--{option} belongs to --labels-from {' or '.join(kinds)}: add it, or leave this out"
            )
    if settings.labels_from == "go" and settings.obo is None:
        raise InputError("--labels-from go needs the ontology: expected --obo go-basic.obo")
    if not 0 <= settings.ec_level <= LEVELS:
        raise InputError(
            f"ec_level is {settings.ec_level}: expected 1 to {LEVELS}, or 0 for enzymes against others"
        )
    if settings.labels_from and settings.alphabet not in (None, PROTEIN.name):
        raise InputError(f"--labels-from {settings.labels_from} is about proteins, not {settings.alphabet}")


def read_function_data(settings: TrainingSettings, split: Split | None, stops: Stops | None) -> FunctionData:
    """Reads the files of settings, whose ``labels_from`` says what is learnt.

    Raises ``InputError`` for files and terms that cannot be read, and if no class is left to learn.
    """
    return _Reading(settings, split, stops).data()


class _Reading:
    """One reading of the files, with what it counts."""

    def __init__(self, settings: TrainingSettings, split: Split | None, stops: Stops | None) -> None:
        self._settings = settings
        self._split = split
        self._stops = stops
        self._task: TrainingTask = _task_of(settings)
        self._labels, self._ontology = _labels_of(settings, self._task)
        self._left_out: Counter[str] = Counter()
        self._problems: dict[str, list[Problem]] = {}

    def data(self) -> FunctionData:
        """The tables, and all that was counted."""
        paths = _paths(self._settings)
        files = {name: self._read(name, path) for name, path in paths.items()}
        self._read_in_all = sum(map(len, files.values())) + self._left_out.total()
        parts = files | ({} if self._split is None else self._split.cut(files["train"]))
        names = self._names(parts["train"])
        scheme = LabelScheme(self._task, names)
        tables = {
            name: self._table(name, paths.get(name, paths["train"]), proteins, names)
            for name, proteins in parts.items()
        }
        outputs = outputs_of(names, self._labels, (protein.classes for protein in parts["train"]))
        record = self._record(tables, names)
        if self._split is not None:
            record["split"] = self._split.describe(files["train"])
        return FunctionData(tables, scheme, outputs, record)

    def _read(self, name: str, path: Path) -> list[LabelledProtein]:
        problems = self._problems[name] = []
        return list(refuse_or_skip(self._proteins(path), self._settings.on_bad, problems))

    def _proteins(self, path: Path) -> Iterator[LabelledProtein | Problem]:
        kind = cast(Kind, self._settings.labels_from)
        columns = self._settings.labels_column, self._settings.id_column
        for item in read_functions(path, kind, *columns, self._stops):
            if isinstance(item, Problem):
                yield item
                continue
            longest = self._settings.max_length
            if longest is not None and len(item.sequence) > longest:
                self._left_out[f"of more than {longest} letters"] += 1
                continue
            try:
                found = self._labels.classes(item.terms)
            except InputError as error:
                yield Problem(item.sequence.id, str(error), f"{path}, sequence {item.sequence.id!r}")
                continue
            if isinstance(found, LeftOut):
                self._left_out[found.reason] += 1
            else:
                yield LabelledProtein(item.sequence, found)

    def _names(self, training: list[LabelledProtein]) -> tuple[str, ...]:
        """The outputs: classes with enough proteins to learn from, and not those that all proteins have."""
        counts = Counter(name for protein in training for name in protein.classes)
        fewest = self._settings.min_proteins
        if isinstance(self._labels, GoLabels) and self._settings.go_terms:
            names = self._labels.chosen(self._settings.go_terms)
            for name in names:
                _check_both(name, counts[name], len(training), fewest)
            return names
        enough = {name for name, count in counts.items() if count >= fewest}
        if self._task == "multi-label":
            enough -= {name for name in enough if counts[name] == len(training)}
        names = self._labels.in_order(enough)
        if len(enough) < (1 if self._task == "multi-label" else 2) or not names:
            common = ", ".join(f"{name} ({count})" for name, count in counts.most_common(3))
            raise InputError(
                f"{len(enough)} classes have at least {fewest} of the {len(training)} proteins to train on, "
                f"the most common being {common or 'none'}: expected more, or a smaller --min-proteins"
            )
        return names

    def _table(
        self, part: str, path: Path, proteins: list[LabelledProtein], names: tuple[str, ...]
    ) -> LabelledTable:
        place, rows = {name: index for index, name in enumerate(names)}, []
        reason = f"of a class with fewer than {self._settings.min_proteins} to train on"
        for protein in proteins:
            learnt = protein.classes & place.keys()
            if not learnt and self._settings.labels_from == "ec":
                self._left_out[reason] += 1
                continue
            rows.append(LabelledSequence(protein.sequence, ";".join(sorted(learnt, key=place.__getitem__))))
        if not rows:
            raise InputError(f"{path} has no protein with a label for {part}: expected some in every part")
        return LabelledTable(path, sha256_of(path), tuple(rows), tuple(self._problems.get(part, ())))

    def _record(self, tables: Mapping[str, LabelledTable], names: tuple[str, ...]) -> dict[str, Any]:
        counts = {
            part: Counter(name for row in table.rows for name in (row.label or "").split(";"))
            for part, table in tables.items()
        }
        record: dict[str, Any] = {
            "labels_from": self._settings.labels_from,
            "proteins_read": self._read_in_all,
            "left_out": {reason: count for reason, count in self._left_out.items() if count},
            "terms": {what: count for what, count in self._labels.counts.items() if count},
            "without_any_label": {part: count[""] for part, count in counts.items()},
            "proteins": {name: {part: count[name] for part, count in counts.items()} for name in names},
        }
        if self._ontology is not None and self._settings.obo is not None:
            path = self._settings.obo
            record["ontology"] = {
                "path": str(path),
                "sha256": sha256_of(path),
                "version": self._ontology.version,
            }
        return record


def _task_of(settings: TrainingSettings) -> TrainingTask:
    if settings.labels_from == "go":
        usual, allowed = "multi-label", ("multi-label",)
    elif settings.ec_level == 0:
        usual, allowed = "binary", ("binary",)
    else:
        usual, allowed = "multi-class", ("multi-class", "multi-label")
    if settings.task not in ("auto", *allowed):
        raise InputError(
            f"--task is {settings.task}: labels from {settings.labels_from} can be {' or '.join(allowed)}"
        )
    return cast(TrainingTask, usual if settings.task == "auto" else settings.task)


def _labels_of(settings: TrainingSettings, task: TrainingTask) -> tuple[FunctionLabels, Ontology | None]:
    if settings.labels_from == "ec" or settings.obo is None:
        return EcLabels(settings.ec_level, several=task == "multi-label"), None
    ontology = read_obo(settings.obo)
    labels = GoLabels(ontology)
    labels.chosen(settings.go_terms)  # an unknown one is said before anything is read
    return labels, ontology


def _paths(settings: TrainingSettings) -> dict[str, Path]:
    paths = {"train": settings.train, "validation": settings.validation, "test": settings.test}
    return {name: path for name, path in paths.items() if path is not None}


def _check_both(name: str, having: int, proteins: int, fewest: int) -> None:
    if not fewest <= having < proteins:
        raise InputError(
            f"{having} of {counted(proteins, 'protein')} to train on have {name}: expected at least {fewest} "
            "(--min-proteins), and not all"
        )
