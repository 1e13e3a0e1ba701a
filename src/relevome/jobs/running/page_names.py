"""What runs and other results are called on one page: each by one name, wherever it is spoken of."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from relevome.jobs.running.labels import told_apart
from relevome.report.html.parts import ShownResult
from relevome.results.comparison import Comparison
from relevome.results.evaluation.result import Evaluation
from relevome.results.run.reader import Run
from relevome.stores.place import named_place

_Compared: TypeAlias = list[tuple[str, Evaluation]]  # with what the comparison calls it

# What an evaluation and other results have of the run that they are about.
_OF_RUN = (
    "method", "parameters", "input", "lift", "average_strands", "tokenisations", "offsets", "shifts",
)  # fmt: skip


def page_names(
    runs: Sequence[Run], others: Sequence[ShownResult], labels: Sequence[str]
) -> tuple[list[str], list[ShownResult]]:
    """Labels of runs, and the other results by their names.

    A run has the label that is given for it; else that of the first comparison with it; else its method, or
    the end of its path where methods do not tell all apart. A result that is about a run of the page is
    called as the run, with its folder behind it where another one of the kind is about that run too; others
    by their method, or by their folder. In a comparison everything has the name that it has elsewhere.

    Raises InputError for other numbers of labels than of runs, or two that are alike.
    """
    compared = [
        pair for one in others if isinstance(one.found, Comparison) for pair in one.found.evaluations.items()
    ]
    paths = [run.path for run in runs]
    alone = told_apart((), paths, [str(run.manifest.get("method")) for run in runs])
    wanted = [_label(run, compared) or name for run, name in zip(runs, alone, strict=True)]
    names = told_apart(labels, paths, wanted)
    of = [next((i for i, run in enumerate(runs) if is_about(_about(one), run)), None) for one in others]
    called = [
        names[i] if i is not None else _called(one, compared, names)
        for one, i in zip(others, of, strict=True)
    ]
    told = _by_kind(others, called, of)
    found = [replace(one, name=name, run=i) for one, name, i in zip(others, told, of, strict=True)]
    known = [(one.name, one.found) for one in found if isinstance(one.found, Evaluation)]
    return names, [_as_elsewhere(one, known, runs, names) for one in found]


def is_about(about: Mapping[str, Any], run: Run) -> bool:
    """Whether a result is about a run: by the end of its path, its model, target and how it was explained.

    A result has the path as it was typed when it was made, perhaps from another folder than now.
    """
    said = run.manifest
    if not _ends_alike(_parts(about.get("run")), run.path.resolve().parts):
        return False
    first, second = (one.get("model") or {} for one in (about, said))
    same_model = first.get("sha256") is None or first.get("sha256") == second.get("sha256")
    asked = all(about[key] == said[key] for key in _OF_RUN if key in about and key in said)
    return same_model and asked and _of_target(about.get("target"), run)


def _of_target(label: object, run: Run) -> bool:
    """Whether a run may have rows of a target; not known of what was predicted for each sequence."""
    labels = [one["label"] for one in run.manifest.get("targets", ())]
    return label is None or run.of_predicted or not labels or label in labels


def is_same(one: Evaluation, other: Evaluation) -> bool:
    """Whether two are one evaluation: of one run, asked the same and answered the same.

    Of those that it read a comparison keeps what they are about, their settings and their checks.
    """
    first, second = (
        {key: value for key, value in each.about.items() if key not in ("run", "batch_size")}
        for each in (one, other)
    )
    return (
        _ends_alike(_parts(one.about.get("run")), _parts(other.about.get("run")))
        and (first, one.settings, one.checks) == (second, other.settings, other.checks)
    )  # fmt: skip


def _parts(said: object) -> tuple[str, ...]:
    """A path as parts; of a relative one without what leads up from where it was typed."""
    if said is None:
        return ()
    text = str(said)
    if "://" in text or Path(text).is_absolute():
        return named_place(text).resolve().parts
    parts = Path(os.path.normpath(text)).parts
    return tuple(part for part in parts if part not in ("..", "."))


def _ends_alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return bool(shorter) and longer[len(longer) - len(shorter) :] == shorter


def _label(run: Run, compared: _Compared) -> str | None:
    """What the first comparison with a run calls it."""
    return next((label for label, one in compared if is_about(one.about, run)), None)


def _about(one: ShownResult) -> Mapping[str, Any]:
    found = getattr(one.found, "about", None)
    return found if isinstance(found, Mapping) else {}


def _called(one: ShownResult, compared: _Compared, taken: Sequence[str]) -> str:
    """What a result of no run of the page is called: as a comparison does, or by its method; else nothing."""
    if isinstance(one.found, Evaluation):
        known = (label for label, other in compared if is_same(one.found, other))
        if (label := next(known, None)) is not None and label not in taken:
            return label
    settings = getattr(one.found, "settings", None)
    method = _about(one).get("method") or getattr(settings, "method", None)
    return "" if method is None or method in taken else str(method)


def _by_kind(others: Sequence[ShownResult], called: Sequence[str], of: Sequence[int | None]) -> list[str]:
    """Names that differ within each kind: of those that do not, or have none, the folder tells them apart."""
    counts = Counter((one.kind, name) for one, name in zip(others, called, strict=True))
    folders = told_apart((), [one.folder for one in others], [one.folder.name for one in others])
    found = []
    for one, name, i, folder in zip(others, called, of, folders, strict=True):
        alone = name and counts[one.kind, name] == 1
        found.append(name if alone else f"{name}, {folder}" if i is not None else folder)
    return found


def _as_elsewhere(
    one: ShownResult, known: _Compared, runs: Sequence[Run], labels: Sequence[str]
) -> ShownResult:
    """A comparison in which what is on the page too has the name that it has there, and no other has it.

    Its evaluations become ``known`` by their names, so that the next comparison calls them the same.
    """
    if not isinstance(one.found, Comparison):
        return one
    names: dict[str, str] = {}
    for label, found in one.found.evaluations.items():
        name = next((name for name, other in known if is_same(found, other)), None)
        if name is None:
            of = next((i for i, run in enumerate(runs) if is_about(found.about, run)), None)
            name = label if of is None else labels[of]
            taken = {name for name, _ in known} | (set(labels) if of is None else set())
            name = f"{name}, {one.folder.name}" if name in taken else name
        known.append((name, found))
        names[label] = name
    return replace(one, found=one.found.renamed(names))
