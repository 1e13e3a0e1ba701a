"""Writing a run, part by part, so that it can be read at any moment and goes on where it was killed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from relevome.errors import InputError
from relevome.results.folder import claim_folder, temporary_name
from relevome.results.run import manifest as manifests
from relevome.results.run.columns import Explanation
from relevome.results.run.parts import (
    Counts,
    common_head_shape,
    part_path,
    part_paths,
    read_info,
    total,
    write_part,
)


class RunWriter:
    """A run that is being written; use it in a ``with`` block.

    ``manifest`` is what ``run.json`` shall say about the question: model, method, target, seed and so on. A
    folder that holds a run with the same manifest (apart from `manifest.VOLATILE`) is continued: ``done``
    has the parts that are already there. Leaving the block marks the run as finished, leaving it by an
    exception as failed. All that ``run.json`` says about the outcome is gathered from the parts, so that a
    run that was killed and continued ends like one that was not.

    Raises InputError for a folder that holds anything else, or a different run, or that another process is
    writing.
    """

    def __init__(self, folder: str | Path, manifest: Mapping[str, Any], overwrite: bool = False) -> None:
        self.folder = Path(folder)
        self._manifest = manifests.plain(manifest)
        self._lock = claim_folder(self.folder, manifests.NAME, "a run")
        try:
            self._open(overwrite)
        except BaseException:
            os.close(self._lock)
            raise

    def _open(self, overwrite: bool) -> None:
        _remove_stray(self.folder)
        if overwrite:
            for path in part_paths(self.folder).values():
                path.unlink()
        elif (self.folder / manifests.NAME).exists():
            self._check_same()
        paths = part_paths(self.folder)
        self._parts = {index: read_info(path) for index, path in paths.items()}
        manifests.check_belong(self._manifest, {paths[index]: info for index, info in self._parts.items()})
        self._write_manifest("running")

    @property
    def done(self) -> frozenset[int]:
        """Indices of the parts that are written."""
        return frozenset(self._parts)

    def write_part(self, index: int, explanations: Sequence[Explanation], counts: Counts) -> None:
        """Write part ``index``, which may be empty; parts may come in any order.

        Raises InputError if the disk is full; the parts before stay whole.
        """
        if index in self._parts:
            raise ValueError(f"part {index} of {self.folder} is already written")
        path = part_path(self.folder, index)
        write_part(path, explanations, counts, manifests.question_sha256(self._manifest))
        self._parts[index] = read_info(path)

    def remember(self, **volatile: Any) -> None:
        """Write into ``run.json`` what was learned on the way and a continued run shall know."""
        if any(self._manifest.get(key) != value for key, value in volatile.items()):
            self._manifest |= manifests.plain(volatile)
            self._write_manifest("running")

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write_manifest("finished")
            else:
                # The error under way says more than a disk that is too full for this note.
                with suppress(InputError):
                    self._write_manifest("failed")
        finally:
            os.close(self._lock)

    def _write_manifest(self, status: manifests.Status) -> None:
        head = {"schema_version": manifests.SCHEMA_VERSION, "status": status}
        manifests.write_manifest(self.folder, head | self._manifest | self._outcome(status))

    def _outcome(self, status: manifests.Status) -> dict[str, Any]:
        if status == "running":
            return {}
        infos = [self._parts[index] for index in sorted(self._parts)]
        shape = common_head_shape(info.head_shape for info in infos)
        return {
            "parts": len(infos),
            "head_shape": None if shape is None else {"layers": shape[0], "heads": shape[1]},
            **manifests.results(total(info.counts for info in infos)),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _check_same(self) -> None:
        differences = manifests.differences(manifests.read_manifest(self.folder), self._manifest)
        if differences:
            raise InputError(
                f"{self.folder} holds another run, which differs in {', '.join(differences)}: choose "
                "another -o, or replace that run with --overwrite"
            )


def _remove_stray(folder: Path) -> None:
    """Remove what a process that was killed left half-written."""
    for pattern in (
        temporary_name(folder / manifests.NAME).name,
        temporary_name(folder / "part-*.parquet").name,
    ):
        for path in folder.glob(pattern):
            path.unlink()
