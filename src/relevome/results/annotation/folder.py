"""``annotation.json``: what was asked of which model and genome, and what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from relevome.errors import InputError
from relevome.results.folder import claim_folder, whole_file
from relevome.results.run.manifest import differences

NAME, SCORES = "annotation.json", "scores"
MADE = ("*.bw", "sites.*")  # of finished scores
SCHEMA_VERSION = 1


@contextmanager
def claimed(folder: Path, question: Mapping[str, Any], overwrite: bool = False) -> Iterator[None]:
    """The folder belongs to this question, whose scores it keeps, and to this process while in the block.

    Raises InputError for a folder that holds anything else, or scores of another question.
    """
    lock = claim_folder(folder, NAME, "an annotation")
    try:
        _prepare(folder, json.loads(json.dumps(question)), overwrite)
        yield
    finally:
        os.close(lock)


def write_annotation(folder: Path, status: str, content: Mapping[str, Any]) -> None:
    """Write ``annotation.json`` as a whole."""
    said = {"schema_version": SCHEMA_VERSION, "status": status, **content}
    with whole_file(folder / NAME) as temporary:
        temporary.write_text(json.dumps(said, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_annotation(folder: Path) -> dict[str, Any]:
    """What ``annotation.json`` says. Raises InputError for a folder that is no annotation."""
    path = folder / NAME
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot read {path}: expected a folder that `relevome annotate -o` wrote"
        ) from error


def _prepare(folder: Path, question: Mapping[str, Any], overwrite: bool) -> None:
    scores = folder / SCORES
    if (folder / NAME).is_file() and not overwrite:
        changed = differences(read_annotation(folder).get("question", {}), question)
        if changed:
            raise InputError(
                f"{folder} holds another annotation, which differs in {', '.join(changed)}: choose another "
                "-o, or replace it with --overwrite"
            )
    for path in scores.glob("*"):
        if overwrite or path.suffix != ".npy":
            path.unlink()
    # tracks and sites are those of what is asked now, or none
    for path in [path for pattern in MADE for path in folder.glob(pattern)]:
        path.unlink()
    write_annotation(folder, "running", {"question": question})
    scores.mkdir(exist_ok=True)
