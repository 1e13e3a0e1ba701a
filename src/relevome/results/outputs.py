"""The files of an export: one per target, never over an existing one unasked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from relevome.errors import InputError
from relevome.results.run.reader import Run


def wanted_targets(run: Run, target: str | None) -> tuple[str, ...]:
    """The one target asked for, or all. Raises InputError for an empty run or a target that it lacks."""
    if not len(run):
        raise InputError(f"{run.path} holds no explanations: there is nothing to export")
    if target is None:
        return run.targets
    if target not in run.targets:
        raise InputError(f"{run.path} has no target {target!r}: expected one of {', '.join(run.targets)}")
    return (target,)


def target_paths(out: Path, targets: Sequence[str]) -> dict[str, Path]:
    """``out`` itself for one target; for several, the target's name before the suffix.

    Characters that do not belong into file names become ``_``; names that then coincide get the target's
    number.
    """
    if len(targets) == 1:
        return {targets[0]: out}
    safe = [re.sub(r"[^\w.+-]", "_", target) for target in targets]
    names = [name if safe.count(name) == 1 else f"{name}_{i}" for i, name in enumerate(safe)]
    return {t: out.with_name(f"{out.stem}.{n}{out.suffix}") for t, n in zip(targets, names, strict=True)}


def check_free(paths: Iterable[Path], overwrite: bool) -> None:
    """Raises InputError where a file cannot be made, or is there and shall not be replaced."""
    for path in paths:
        if not path.parent.is_dir():
            raise InputError(f"no folder {path.parent} for {path.name}: make it, or choose another -o")
        if path.is_dir():
            raise InputError(f"{path} is a folder: expected the name of a file for -o")
        if path.exists() and not overwrite:
            raise InputError(f"{path} exists: choose another -o, or replace it with --overwrite")
