"""The manifest of a result in parts: what was asked, how far it is, and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from relevome.errors import InputError
from relevome.ledger import Ledger, to_json
from relevome.results.folder import whole_file
from relevome.results.parts.part import Counts, PartInfo, Rows, damaged_part
from relevome.results.record import reading
from relevome.stores.place import Place, local

Status: TypeAlias = Literal["running", "finished", "failed"]
Kinds: TypeAlias = Mapping[str, type | tuple[type, ...]]

# What the writer adds to what it was given.
OWN = frozenset({
    "schema_version", "status", "parts", "checksums", "counts", "refused", "head_shape", "ended", "audit",
    "metrics", "took",
})  # fmt: skip

# What may differ between two calls that make the same result, wherever in the manifest it stands.
VOLATILE = frozenset(
    {"started", "seconds", "library_versions", "batch_size", "engine", "workers", "command", "chosen", "took"}
)

# Where a model was found, which may differ too between calls that name the same digest of it.
_PATH, _DIGEST = ("model", "path"), ("model", "sha256")
# How good it is belongs to it, and changes no result; earlier manifests do not say.
_QUALITY = ("model", "quality")


AGAIN = "make it again with --overwrite"

MAYBE = type(None)
_COMMON: Kinds = {
    "status": str, "model": dict, "input": dict, "alphabet": str, "counts": dict, "refused": list,
    "parts": int, "checksums": list, "took": dict,
}  # fmt: skip
_MODEL: Kinds = {
    "path": str, "sha256": (str, MAYBE), "weights_sha256": (str, MAYBE), "tokenizer": str, "task": str,
    "dtype": str, "max_tokens": (int, MAYBE), "quality": (dict, MAYBE),
}  # fmt: skip


@dataclass(frozen=True)
class Folder:
    """A kind of result in parts.

    ``manifest`` is the name of its manifest, ``what`` what it is called, ``command`` the command that makes
    it, and ``done`` what was done to the sequences that it counts. ``rows`` says how its rows are kept.
    ``kinds`` are the types of what the manifest says, ``kinds_within`` those of the items of a list in it.
    """

    manifest: str
    what: str
    command: str
    done: str
    rows: Rows[Any]
    schema_version: int
    kinds: Kinds
    kinds_within: Mapping[str, Kinds] = field(default_factory=dict)


def write_manifest(folder: Place, kind: Folder, content: Mapping[str, Any]) -> None:
    """Write a manifest as a whole."""
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    with whole_file(folder / kind.manifest) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_manifest(folder: Place, kind: Folder) -> dict[str, Any]:
    """What the manifest of a folder says.

    Raises InputError for a folder that is no result of this kind, or that is of a later version.
    """
    path, command = folder / kind.manifest, kind.command
    if not (local(folder) if isinstance(folder, Path) else folder).is_dir():
        raise InputError(
            f"no {kind.what} at {folder}: expected the folder that `relevome {command} -o` wrote"
        )
    if not path.is_file():
        raise InputError(
            f"{folder} is no {kind.what}: it has no {path.name}; expected a folder of `relevome {command} -o`"
        )
    with reading(path, AGAIN):
        content = json.loads(path.read_text(encoding="utf-8"))
        version = int(content["schema_version"])
    if version > kind.schema_version:
        raise InputError(
            f"{folder} was written by a later relevome (schema {version}, this one reads up to "
            f"{kind.schema_version}): upgrade relevome"
        )
    with reading(path, AGAIN):
        return _checked(content, path, kind)


class Said(dict[str, Any]):
    """A manifest, or a part of one. Raises InputError for a name of which it says nothing."""

    def __init__(self, content: Mapping[str, Any], path: Place) -> None:
        super().__init__(content)
        self.path = path

    def __missing__(self, name: str) -> Any:
        raise InputError(f"{self.path} says nothing of {name!r}: it is damaged, {AGAIN}")


def _checked(content: Mapping[str, Any], path: Place, kind: Folder) -> Said:
    """What was read, if all that is said is of the kind that it should be."""
    _check_kinds(content, {**_COMMON, **kind.kinds})
    _check_kinds(content.get("model", {}), _MODEL)
    for name, kinds in kind.kinds_within.items():
        for item in content.get(name, ()):
            _check_kinds(item, kinds)
    said = Said(content, path)
    said["status"]  # is always there
    if "model" in said:
        said["model"] = Said(said["model"], path)
    return said


def _check_kinds(content: Mapping[str, Any], kinds: Kinds) -> None:
    for name, kind in kinds.items():
        if name in content and not isinstance(content[name], kind):
            raise TypeError(f"{name} is {str(content[name])[:60]!r}")


def question_sha256(manifest: Mapping[str, Any]) -> str:
    """A digest of what a result was asked, the same for all calls that make the same: its parts know it."""
    asked = dict(_leaves({key: value for key, value in manifest.items() if key not in OWN}))
    aside = () if asked.get(_DIGEST) is None else (_PATH,)
    same = {name: value for name, value in asked.items() if name not in aside and not _may_differ(name)}
    text = json.dumps(sorted((".".join(name), value) for name, value in same.items()), default=dict)
    return hashlib.sha256(text.encode()).hexdigest()


def check_belong(manifest: Mapping[str, Any], infos: Mapping[Place, PartInfo]) -> None:
    """Raises InputError for a part that answers another question than the manifest asks."""
    asked = question_sha256(manifest)
    for path, info in infos.items():
        if info.run not in (None, asked):
            raise damaged_part(path, ValueError("it is of another run"))


def plain(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest as it will be read back; refuses what JSON cannot hold and names of our own."""
    taken = OWN & set(manifest)
    if taken:
        raise ValueError(f"these names in a manifest belong to the writer: {', '.join(sorted(taken))}")
    return json.loads(json.dumps(manifest, allow_nan=False))


def results(counts: Counts, done: str) -> dict[str, Any]:
    """Counts as they stand in a manifest; ``done`` names those of which there is a result."""
    refused = [{"sequence_id": r.sequence_id, "reason": r.reason} for r in counts.refused]
    numbers = {"read": counts.read, done: counts.explained, "refused": len(refused)}
    found: dict[str, Any] = {"counts": numbers | dict(counts.other), "refused": refused}
    if counts.ledger is not None:
        found["audit"] = _audit(counts.ledger)
    return found


def _audit(ledger: Ledger) -> dict[str, Any]:
    """A ledger as it stands in a manifest, with the sums that people look for."""
    sums = {"absorbed": ledger.absorbed, "unaccounted_share": ledger.unaccounted_share}
    return to_json(ledger) | sums


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Parameters in which two manifests ask for different results, each with both values."""
    before = dict(_leaves({key: value for key, value in old.items() if key not in OWN}))
    after = dict(_leaves(new))
    names = [*before, *(name for name in after if name not in before)]
    if before.get(_DIGEST) is not None and before.get(_DIGEST) == after.get(_DIGEST):
        names = [name for name in names if name != _PATH]
    return [
        f"{'.'.join(name)} ({_short(before, name)} there, {_short(after, name)} now)"
        for name in names
        if before.get(name, ...) != after.get(name, ...) and not _may_differ(name)
    ]


def _may_differ(name: tuple[str, ...]) -> bool:
    return bool(VOLATILE & set(name)) or name[:2] == _QUALITY


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
