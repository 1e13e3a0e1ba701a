"""The rows of a run that are about one target."""

from __future__ import annotations

from collections.abc import Iterator

from relevome.errors import InputError
from relevome.results.run.explanation import Explanation
from relevome.results.run.reader import Run


def rows_of(run: Run, target: str | None = None) -> Iterator[Explanation]:
    """The rows of one target, one for each sequence.

    Raises InputError for an empty run, a target that it lacks, and several targets of which none is named.
    """
    if not run.targets:
        raise InputError(f"{run.path} holds no explanations: there is nothing to evaluate")
    if target is None and len(run.targets) > 1:
        raise InputError(f"{run.path} has several targets: choose one of {', '.join(run.targets)}")
    if target is not None and target not in run.targets:
        raise InputError(f"{run.path} has no target {target!r}: expected one of {', '.join(run.targets)}")
    return (row for row in run if target is None or row.target == target)
