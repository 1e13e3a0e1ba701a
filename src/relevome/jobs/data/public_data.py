"""Data sets as folders that the studies read: from a mirror, or downloaded and made."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from relevome.data.lines import open_bytes
from relevome.data.public import DataFile, DataSet, Download, data_sets
from relevome.errors import InputError
from relevome.jobs import Say
from relevome.jobs.data.downloads import cached_at, downloaded
from relevome.results.folder import ResultFolder, make_folder, whole_file
from relevome.results.record import provenance, reading, write_record

MIRROR = "RELEVOME_DATA"
# Several sets share a folder, which may hold anything: none of it is cleared away.
_SHARED = ResultFolder((), ("*",))


def mirror() -> str | None:
    """The folder or address that RELEVOME_DATA names, in place of all others; None where it is not set.

    Raises InputError for a folder that is not there.
    """
    named = os.environ.get(MIRROR) or None
    if named and not _is_address(named) and not Path(named).expanduser().is_dir():
        raise InputError(f"{MIRROR} names {named}, which is no folder: expected one, or http(s)://...")
    return named


def _is_address(named: str) -> bool:
    return named.startswith(("http://", "https://"))


def downloads_of(file: DataFile) -> tuple[Download, ...]:
    """What is downloaded for a file: from the mirror, where that is an address, or from its own addresses."""
    named = mirror()
    if named is None:
        return file.sources
    return (Download(f"{named.rstrip('/')}/{file.path}"),) if _is_address(named) else ()


def in_mirror(file: DataFile) -> Path | None:
    """Where a file is in the folder that is the mirror; None where no folder is."""
    named = mirror()
    return None if named is None or _is_address(named) else Path(named).expanduser() / file.path


def fetch_data(name: str, out: Path, *, overwrite: bool, say: Say) -> dict[str, Any]:
    """A data set in a folder, with the record ``NAME.fetched.json``.

    Files that are there and hold what they should stay as they are, so that the same call again goes on.

    Args:
        name: One of the data sets that are no query.
        out: The folder, in which other sets may be.
        overwrite: Whether files with another content are replaced.
        say: Told what is going on.

    Returns:
        The record: where each file came from, and its digest.

    Raises:
        InputError: Where a file is not to be had, holds something else than is known of it, or cannot be
            written; what was finished before stays, without a record.
    """
    data = data_sets[name]
    files: dict[str, Any] = {}
    missing: list[str] = []
    with _SHARED.held(out, overwrite):
        for file in data.files:
            came = _bring(name, file, out / file.path, overwrite, say)
            if came is None:
                missing.append(file.path)
            else:
                files[file.path] = {"sha256_of_content": file.sha256, "bytes": file.size, **came}
        if missing:
            raise InputError(_by_hand(name, data, missing, out))
        record: dict[str, Any] = {
            "schema_version": 1,
            "data_set": name,
            "about": data.about,
            "licence": data.licence,
            "page": data.page,
            "files": files,
            "fetched": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            **provenance(),
        }
        write_record(out / f"{name}.fetched.json", record)
    return record


def _by_hand(name: str, data: DataSet, missing: list[str], out: Path) -> str:
    named = mirror()
    if named is not None:
        return f"{MIRROR} ({named}) lacks {', '.join(missing)} of {name}: put it there, or unset {MIRROR}"
    return (
        f"{', '.join(missing)} of {name} cannot be downloaded, see {data.page}: put it into {out}, or name a "
        f"folder that has it in {MIRROR}"
    )


def _bring(name: str, file: DataFile, target: Path, overwrite: bool, say: Say) -> dict[str, Any] | None:
    """Have a file at its place, and say where it came from; None where it is not to be had."""
    if target.is_file():
        if _holds(target) == file.sha256:
            return {"from": "was there"}
        if not overwrite:
            raise InputError(
                f"{target} holds something else than {name} does: choose another -o, or replace it with "
                "--overwrite"
            )
    if (path := in_mirror(file)) is not None:
        if not path.is_file():
            return None
        say(f"checking {file.path}")
        _write(target, _checked(path, file, f"{MIRROR} has another {file.path} ({path})"))
        return {"from": str(path)}
    sources = downloads_of(file)
    if not sources:
        return None
    paths = [downloaded(one, say) for one in sources]
    try:
        content = _made(file, paths)
    except InputError:
        for one in sources:
            if one.sha256 is None:
                cached_at(one).unlink(missing_ok=True)
        raise
    _write(target, content)
    return {
        "from": [{"url": one.url, "sha256": _sha256(path)} for one, path in zip(sources, paths, strict=True)]
    }


def _made(file: DataFile, paths: list[Path]) -> Path | bytes:
    """What is kept, of what was downloaded. Raises InputError for anything else than is known of it."""
    where = ", ".join(one.url for one in downloads_of(file))
    wrong = f"what {where} has now does not give {file.path}"
    if file.made is None or mirror() is not None:
        (path,) = paths
        return _checked(path, file, wrong)
    with reading(paths[0], f"{where} may have changed; have the data in a folder that {MIRROR} names"):
        content = file.made(paths)
    if sha256(content).hexdigest() != file.sha256:
        raise InputError(_other(wrong, sha256(content).hexdigest(), file))
    return gzip.compress(content, mtime=0) if file.path.endswith(".gz") else content


def _checked(path: Path, file: DataFile, wrong: str) -> Path:
    found = _holds(path)
    if found != file.sha256:
        raise InputError(_other(wrong, found, file))
    return path


def _other(wrong: str, found: str, file: DataFile) -> str:
    known = file.sha256[:12]
    return f"{wrong}: its content has sha256 {found[:12]}..., expected {known}...; nothing of it is kept"


def _write(target: Path, content: Path | bytes) -> None:
    """A file as a whole, or none."""
    make_folder(target.parent)
    with whole_file(target) as temporary:
        if isinstance(content, Path):
            shutil.copyfile(content, temporary)
        else:
            temporary.write_bytes(content)


def _holds(path: Path) -> str:
    """The digest of what a file holds, decompressed."""
    with open_bytes(path) as content:
        return file_digest(content, "sha256").hexdigest()  # pyright: ignore[reportArgumentType]


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
