"""Writing a result part by part, so that it can be read at any moment and goes on where it was killed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeVar

from relevome.errors import InputError
from relevome.results.folder import (
    claim_folder,
    is_marked,
    mark_held,
    temporary_name,
    unlock_folder,
    wait_until_shown,
)
from relevome.results.parts import manifest as manifests
from relevome.results.parts.manifest import Folder
from relevome.results.parts.part import (
    Counts,
    Rows,
    common_head_shape,
    part_path,
    part_paths,
    read_info,
    sha256_of_part,
    total,
    write_part,
)
from relevome.results.parts.pieces import Pieces, piece_paths
from relevome.stores.lock import StoreLock
from relevome.stores.place import Place, StorePath, each, named_place

_Writer = TypeVar("_Writer")


@dataclass(frozen=True)
class PartsPlace:
    """Where parts of a result are written, by its writer or by whoever computes them for it.

    ``run`` is the digest of the question, ``mark`` what the lock of the folder holds (`mark_of`): a worker on
    another machine knows by it that it sees the same folder, and one whose writer is dead that it has ended.
    """

    folder: Place
    rows: Rows[Any]
    version: int
    run: str
    mark: str

    def write(self, index: int, rows: Sequence[Any], counts: Counts) -> str | None:
        """Write a part as a whole, if the folder is seen from here; gives its SHA-256 if it was written.

        Raises InputError if the disk is full; the parts before stay whole.
        """
        if not is_marked(self.folder, self.mark):
            return None
        return write_part(part_path(self.folder, index), self.rows, rows, counts, self.version, self.run)


class PartsWriter:
    """A result that is being written; use it in a ``with`` block.

    ``manifest`` is what the manifest shall say about the question: model, input, seed and so on. A folder
    that holds a result with the same manifest (apart from `manifest.VOLATILE`) is continued: ``done``
    has the parts that are already there. Leaving the block marks the result as finished, leaving it by an
    exception as failed. All that the manifest says about the outcome is gathered from the parts, so that a
    result that was killed and continued ends like one that was not.

    Raises InputError for a folder that holds anything else, or a different result, or that another process
    is writing.
    """

    def __init__(
        self, folder: str | Place, kind: Folder, manifest: Mapping[str, Any], overwrite: bool = False
    ) -> None:
        self.folder = named_place(folder)
        self.kind = kind
        self._manifest = manifests.plain(manifest)
        self._metrics: dict[str, float | None] | None = None
        self._sha256: dict[int, str] = {}
        self._letters = 0
        self._took: dict[str, float] | None = None
        self._begun = time.monotonic()
        self._lock = claim_folder(self.folder, kind.manifest, f"a {kind.what}")
        try:
            self._mark = mark_held(self.folder, self._lock)
            self._open(overwrite)
        except BaseException:
            unlock_folder(self._lock)
            raise

    def _open(self, overwrite: bool) -> None:
        _remove_stray(self.folder, self.kind.manifest)
        if overwrite:
            for path in (*part_paths(self.folder).values(), *piece_paths(self.folder)):
                path.unlink()
        elif (self.folder / self.kind.manifest).exists():
            there = manifests.read_manifest(self.folder, self.kind)
            _check_same(self.folder, self.kind, self._manifest)
            self._took = there.get("took")
        paths = part_paths(self.folder)
        self._parts = dict(zip(paths, each(read_info, [*paths.values()]), strict=True))
        manifests.check_belong(self._manifest, {paths[index]: info for index, info in self._parts.items()})
        self._write_manifest("running")

    @property
    def done(self) -> frozenset[int]:
        """Indices of the parts that are written."""
        return frozenset(self._parts)

    @property
    def pieces(self) -> Pieces:
        """Where what is finished of a part is kept while the rest of it is computed."""
        return Pieces(self.folder, manifests.question_sha256(self._manifest), self.kind.rows, self._mark)

    @property
    def parts(self) -> PartsPlace:
        """Where parts are written, for whoever computes them."""
        run = manifests.question_sha256(self._manifest)
        return PartsPlace(self.folder, self.kind.rows, self.kind.schema_version, run, self._mark)

    def write_part(self, index: int, rows: Sequence[Any], counts: Counts) -> None:
        """Write part ``index``, which may be empty; parts may come in any order.

        Raises InputError if the disk is full; the parts before stay whole.
        """
        self._check_new(index)
        parts = self.parts
        path = part_path(self.folder, index)
        sha256 = write_part(path, parts.rows, rows, counts, parts.version, parts.run)
        self._record(index, sha256, path)

    def record_part(self, index: int, sha256: str) -> None:
        """Take notice of part ``index``, which a worker wrote; a shared disk may take a while to show it.

        Raises InputError if it does not, or answers another question.
        """
        self._check_new(index)
        path = part_path(self.folder, index)
        wait_until_shown(path)
        self._record(index, sha256, path)

    def _check_new(self, index: int) -> None:
        if index in self._parts:
            raise ValueError(f"part {index} of {self.folder} is already written")
        self._check_held()

    def _check_held(self) -> None:
        """Raises InputError where another process has taken the folder while this one stood still."""
        if isinstance(self._lock, StoreLock) and not is_marked(self.folder, self._mark):
            raise InputError(
                f"another process has taken {self.folder} while this one stood still: run the same command "
                "again, which makes only what is missing"
            )

    def _record(self, index: int, sha256: str, path: Place) -> None:
        info = read_info(path)
        manifests.check_belong(self._manifest, {path: info})
        self._sha256[index] = sha256
        self._parts[index] = info
        self.pieces.remove(index)

    def computed(self, letters: int) -> None:
        """So many letters more were computed by this process or for it, and not found here."""
        self._letters += letters
        seconds = round(time.monotonic() - self._begun, 3)
        self._took = {"seconds": seconds, "letters": self._letters}

    def remember(self, **volatile: Any) -> None:
        """Write into the manifest what was learned on the way and a continued run shall know."""
        if any(self._manifest.get(key) != value for key, value in volatile.items()):
            self._manifest |= manifests.plain(volatile)
            self._write_manifest("running")

    def conclude(self, metrics: Mapping[str, float | None]) -> None:
        """What the manifest shall say of the whole when it is finished."""
        self._metrics = dict(metrics)

    def __enter__(self: _Writer) -> _Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write_manifest("finished")
                for path in piece_paths(self.folder):  # of whoever was killed when its part was whole
                    path.unlink(missing_ok=True)
            else:
                # The error under way says more than a disk that is too full for this note.
                with suppress(InputError):
                    self._write_manifest("failed")
        finally:
            unlock_folder(self._lock)

    def _write_manifest(self, status: manifests.Status) -> None:
        self._check_held()
        head = {"schema_version": self.kind.schema_version, "status": status}
        manifests.write_manifest(self.folder, self.kind, head | self._manifest | self._outcome(status))

    def _outcome(self, status: manifests.Status) -> dict[str, Any]:
        if status == "running":
            return {}
        infos = [self._parts[index] for index in sorted(self._parts)]
        shape = common_head_shape(info.head_shape for info in infos)
        return {
            "parts": len(infos),
            **({} if status != "finished" else {"checksums": self._checksums()}),
            "head_shape": None if shape is None else {"layers": shape[0], "heads": shape[1]},
            **manifests.results(total(info.counts for info in infos), self.kind.done),
            **({} if self._metrics is None else {"metrics": self._metrics}),
            **({} if self._took is None else {"took": self._took}),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _checksums(self) -> list[str]:
        """The SHA-256 of each part, in their order; those that were there before are read for it."""
        before = [index for index in self._parts if index not in self._sha256]
        found = each(sha256_of_part, [part_path(self.folder, index) for index in before])
        self._sha256 |= zip(before, found, strict=True)
        return [self._sha256[index] for index in sorted(self._parts)]


def parts_there(
    folder: Place, kind: Folder, manifest: Mapping[str, Any], overwrite: bool = False
) -> frozenset[int]:
    """Indices of the parts that a `PartsWriter` would find there and go on from; nothing is written.

    Raises InputError for a folder that holds a different result.
    """
    if overwrite or not (folder / kind.manifest).is_file():
        return frozenset()
    _check_same(folder, kind, manifests.plain(manifest))
    return frozenset(part_paths(folder))


class OtherQuestion(InputError):
    """A folder holds a result of another question."""


def _check_same(folder: Place, kind: Folder, manifest: Mapping[str, Any]) -> None:
    differences = manifests.differences(manifests.read_manifest(folder, kind), manifest)
    if differences:
        raise OtherQuestion(
            f"{folder} holds another {kind.what}, which differs in {', '.join(differences)}: choose "
            f"another -o, or replace that {kind.what} with --overwrite"
        )


def _remove_stray(folder: Place, manifest: str) -> None:
    """Remove what a process that was killed left half-written; in a store nothing ever is."""
    if isinstance(folder, StorePath):
        return
    for name in (manifest, "part-*.parquet", "piece-*.parquet"):
        for path in folder.glob(temporary_name(name)):
            path.unlink()
