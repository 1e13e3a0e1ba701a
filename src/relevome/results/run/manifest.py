"""``run.json``: what a run was asked, how far it is, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from relevome.errors import InputError
from relevome.ledger import Ledger, to_json
from relevome.results.folder import whole_file
from relevome.results.run.columns import SCHEMA_VERSION
from relevome.results.run.parts import Counts

Status = Literal["running", "finished", "failed"]

NAME = "run.json"

# What the writer adds to what it was given.
OWN = frozenset({"schema_version", "status", "parts", "counts", "refused", "head_shape", "ended", "audit"})

# What may differ between two calls that make the same run, wherever in the manifest it stands.
VOLATILE = frozenset({"started", "seconds", "library_versions", "batch_size", "engine", "workers", "command"})

# Where a model was found, which may differ too between calls that name the same digest of it.
_PATH, _DIGEST = ("model", "path"), ("model", "sha256")


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write ``run.json`` as a whole."""
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    with whole_file(folder / NAME) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """What ``run.json`` says.

    Raises InputError for a folder that is no run, or that is of a later version.
    """
    path = folder / NAME
    if not folder.is_dir():
        raise InputError(f"no run at {folder}: expected the folder that `relevome explain -o` wrote")
    if not path.is_file():
        raise InputError(f"{folder} is no run: it has no {NAME}; expected a folder of `relevome explain -o`")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = int(content["schema_version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is damaged ({type(error).__name__}: {error}): make the run again with --overwrite"
        ) from error
    if version > SCHEMA_VERSION:
        raise InputError(
            f"{folder} was written by a later relevome (schema {version}, this one reads up to "
            f"{SCHEMA_VERSION}): upgrade relevome"
        )
    return content


def plain(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest as it will be read back; refuses what JSON cannot hold and names of our own."""
    taken = OWN & set(manifest)
    if taken:
        raise ValueError(f"these names in run.json belong to the writer: {', '.join(sorted(taken))}")
    return json.loads(json.dumps(manifest, allow_nan=False))


def results(counts: Counts) -> dict[str, Any]:
    """Counts as they stand in ``run.json``."""
    refused = [{"sequence_id": r.sequence_id, "reason": r.reason} for r in counts.refused]
    numbers = {"read": counts.read, "explained": counts.explained, "refused": len(refused)}
    found: dict[str, Any] = {"counts": numbers | dict(counts.other), "refused": refused}
    if counts.ledger is not None:
        found["audit"] = _audit(counts.ledger)
    return found


def _audit(ledger: Ledger) -> dict[str, Any]:
    """A ledger as it stands in ``run.json``, with the sums that people look for."""
    sums = {"absorbed": ledger.absorbed, "unaccounted_share": ledger.unaccounted_share}
    return to_json(ledger) | sums


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Parameters in which two manifests ask for different runs, each with both values."""
    before = dict(_leaves({key: value for key, value in old.items() if key not in OWN}))
    after = dict(_leaves(new))
    names = [*before, *(name for name in after if name not in before)]
    if before.get(_DIGEST) is not None and before.get(_DIGEST) == after.get(_DIGEST):
        names = [name for name in names if name != _PATH]
    return [
        f"{'.'.join(name)} ({_short(before, name)} there, {_short(after, name)} now)"
        for name in names
        if before.get(name, ...) != after.get(name, ...) and not VOLATILE & set(name)
    ]


def _leaves(value: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*name, key))
    else:
        yield name, value


def _short(values: Mapping[tuple[str, ...], Any], name: tuple[str, ...]) -> str:
    if name not in values:
        return "none"
    text = json.dumps(values[name])
    return text if len(text) <= 60 else text[:57] + "..."
