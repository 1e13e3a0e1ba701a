"""Whether a run is complete: every sequence once, by one model and one method, in parts that are whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from relevome.data.inputs import Input, from_description, given_sequences
from relevome.data.sequences import Sequence, named_alphabet
from relevome.errors import InputError
from relevome.jobs import Progress, nobody
from relevome.results.parts.manifest import Folder, check_belong, read_manifest
from relevome.results.parts.part import (
    PartInfo,
    damaged_part,
    part_paths,
    read_info,
    read_part,
    sha256_of_part,
)
from relevome.results.prediction import PREDICTION
from relevome.results.run.manifest import RUN
from relevome.stores.place import Place, named_place
from relevome.words import counted

KINDS = {kind.manifest: kind for kind in (RUN, PREDICTION)}
_SAID = 3  # examples of what is wrong that are named


@dataclass(frozen=True)
class RunCheck:
    """What was found of a run.

    Attributes:
        run: Its folder.
        read: Sequences that it read.
        explained: Of these, those of which it has a result.
        refused: Those that it refused with a reason.
        parts: Files of its rows.
        not_read_again: Why its sequences were not compared with their file; None where they were.
        problems: What is wrong, each in a few words; none of a run that is complete.
    """

    run: Place
    read: int
    explained: int
    refused: int
    parts: int
    not_read_again: str | None
    problems: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def check(run: str | Place, sequences: Any = None, *, progress: Progress = nobody) -> RunCheck:
    """Say whether a run is complete, from all bytes of its files.

    Every part must be there, with the checksums of its pages right, and answer the question of the manifest:
    the same model by its digest, method, options and targets. Every sequence of the input must have its rows,
    with the letters that the file has, or be refused with a reason, once. Of windows of long sequences
    (``--long window``) each must have its rows, and they must cover the sequence.

    Args:
        run: The folder of `explain` or `predict`, or its address in a store.
        sequences: What it was made of, as `explain` takes it. Default: the file that its record names, if it
            is there and has not changed.
        progress: Called with how many parts were just read, and of how many.

    Returns:
        Counts, and what is wrong.

    Raises:
        InputError: For a folder that is none of these, and sequences that cannot be read.
    """
    folder = named_place(run)
    kind = _kind_of(folder)
    manifest = read_manifest(folder, kind)
    problems = [] if manifest["status"] == "finished" else [f"it is {manifest['status']}, not finished"]
    found, infos = _Found(), {}
    paths = part_paths(folder)
    progress(0, len(paths))
    for index, path in paths.items():
        try:
            infos[index] = read_info(path)
            check_belong(manifest, {path: infos[index]})
            _check_bytes(path, index, manifest.get("checksums"))
            found.add(_names(path, kind, infos[index]))
        except InputError as error:
            problems.append(str(error).partition(": delete that file")[0])
        progress(1, len(paths))
    problems += _of_parts(manifest, sorted(paths))
    refused = [refusal.sequence_id for info in infos.values() for refusal in info.counts.refused]
    found.refused = Counter(refused)
    read = sum(info.counts.read for info in infos.values())
    explained = sum(info.counts.explained for info in infos.values())
    said = manifest.get("counts", {}).get("read", read)
    if said != read:
        problems.append(f"it read {said:,} sequences, and its parts speak of {read:,}")
    problems += found.rows_of_each(len(manifest.get("targets", [None])))
    again, why_not = _input(manifest, sequences)
    if again is not None:
        problems += found.compared(again.read())
    return RunCheck(folder, read, explained, len(refused), len(paths), why_not, tuple(problems))


def _kind_of(folder: Place) -> Folder:
    for name, kind in KINDS.items():
        if (folder / name).is_file():
            return kind
    raise InputError(
        f"{folder} has neither {' nor '.join(KINDS)}: expected a folder of `relevome explain` or `predict`"
    )


def _of_parts(manifest: dict[str, Any], indices: list[int]) -> Iterator[str]:
    """What is wrong with the numbers of parts."""
    said = manifest.get("parts", len(indices))
    missing = sorted(set(range(max(said, *indices, 0))) - set(indices)) if indices else [*range(said)]
    if missing:
        yield f"part {_some(missing)} of {said} is missing"
    elif len(indices) != said:
        yield f"it has {counted(len(indices), 'part')} and its record speaks of {said}"


def _check_bytes(path: Place, index: int, checksums: list[str] | None) -> None:
    """Raises InputError for a part other than it was when the run was finished; earlier runs do not say."""
    if checksums is not None and index < len(checksums) and sha256_of_part(path) != checksums[index]:
        raise damaged_part(path, ValueError("its checksum is another than when the run was finished"))


def _names(path: Place, kind: Folder, info: PartInfo) -> Iterator[tuple[str, str, str | None]]:
    """Id, letters and target of the rows of a part, of which every column is read."""
    table = read_part(path, kind.rows.schema)
    targets = table["target"].to_pylist() if "target" in table.column_names else [None] * len(table)
    yield from zip(table["sequence_id"].to_pylist(), table["sequence"].to_pylist(), targets, strict=True)


def _input(manifest: dict[str, Any], sequences: Any) -> tuple[Input | None, str | None]:
    """The sequences again, or why they cannot be had."""
    alphabet = named_alphabet(manifest["alphabet"])
    if sequences is not None:
        return given_sequences(sequences, alphabet), None
    try:
        return from_description(manifest["input"], alphabet), None
    except (InputError, KeyError, StopIteration, ValueError) as error:
        return None, str(error)


@dataclass
class _Found:
    """What the rows of a run hold, and which sequences it refused.

    ``rows`` are by id, with how many targets each has, ``letters`` their digest and number.
    """

    rows: Counter[str] = field(default_factory=Counter)
    letters: dict[str, tuple[int, int]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    changed: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    _told: set[tuple[str, str | None]] = field(default_factory=set)

    def add(self, names: Iterable[tuple[str, str, str | None]]) -> None:
        """The rows of a part."""
        for id, letters, target in names:
            kept = (hash(letters), len(letters))
            if self.letters.setdefault(id, kept) != kept:
                self.changed.append(id)
            if (id, target) in self._told:
                self.again.append(id)
            self._told.add((id, target))
            self.rows[id] += 1

    def rows_of_each(self, targets: int) -> Iterator[str]:
        """What is wrong with how many rows a sequence has."""
        if self.again:
            yield f"{_number(self.again)} explained more than once: {_some(self.again)}"
        if self.changed:
            yield f"{_number(self.changed)} in rows of different letters: {_some(self.changed)}"
        other = [id for id, rows in self.rows.items() if rows != targets and id not in self.again]
        if other:
            yield f"{_number(other)} with another number of targets than {targets}: {_some(other)}"

    def compared(self, items: Iterable[Any]) -> Iterator[str]:
        """What is wrong beside the input."""
        left, refused = set(self.rows), Counter(self.refused)
        lost: list[str] = []
        other: list[str] = []
        windows = self._windows()
        for item in items:
            if refused[item.id] and not (isinstance(item, Sequence) and item.id in left):
                refused[item.id] -= 1
            elif not isinstance(item, Sequence) or (item.id not in left and item.id not in windows):
                lost.append(item.id)
            elif item.id in left:
                left.discard(item.id)
                if self.letters[item.id] != (hash(item.letters), len(item)):
                    other.append(item.id)
            else:
                own = windows[item.id]
                left -= {f"{item.id}:{start}-{end}" for start, end in own}
                if not _covers(own, len(item)):
                    lost.append(item.id)
        if lost:
            yield f"{_number(lost)} of the input neither explained whole nor refused: {_some(lost)}"
        if other:
            yield f"{_number(other)} explained with other letters than the input has: {_some(other)}"
        strange = [*left, *refused.elements()]
        if strange:
            yield f"{_number(strange)} that the input does not have: {_some(strange)}"

    def _windows(self) -> dict[str, list[tuple[int, int]]]:
        """First and last letter of the windows of a long sequence, by its id."""
        found: dict[str, list[tuple[int, int]]] = {}
        for id in self.rows:
            whole, _, place = id.rpartition(":")
            start, dash, end = place.partition("-")
            if whole and dash and start.isdecimal() and end.isdecimal():
                found.setdefault(whole, []).append((int(start), int(end)))
        return found


def _covers(windows: list[tuple[int, int]], letters: int) -> bool:
    """Whether windows cover all letters of a sequence."""
    reached = 0
    for start, end in sorted(windows):
        if start > reached:
            return False
        reached = max(reached, end)
    return reached == letters


def _number(ids: list[str]) -> str:
    return f"{len(ids):,} sequence{'s' * (len(ids) != 1)}"


def _some(names: list[Any]) -> str:
    return ", ".join(map(str, names[:_SAID])) + (f" and {len(names) - _SAID:,} more" * (len(names) > _SAID))
