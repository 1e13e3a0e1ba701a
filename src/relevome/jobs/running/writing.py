"""Shards that an engine computes, and the parts that are written of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from relevome.engines.base import Engine, engine_of
from relevome.jobs.running.shards import ShardResult
from relevome.results.parts.manifest import Folder, read_manifest
from relevome.results.parts.writer import PartsWriter


def remembered(out: Path, kind: Folder, overwrite: bool) -> object:
    """The batch sizes of a result that was stopped, so that the rest of it is computed alike."""
    there = (out / kind.manifest).is_file() and not overwrite
    return read_manifest(out, kind).get("batch_size") if there else None


@runtime_checkable
class NumberedShard(Protocol):
    """A part of what is given, by its number, with how many ``sequences``, or variants, begin in it."""

    @property
    def number(self) -> int:
        """Its number, from 0."""
        ...

    @property
    def sequences(self) -> int:
        """How many there are."""
        ...

    @property
    def letters(self) -> int:
        """How many letters they have."""
        ...


_Shard = TypeVar("_Shard", bound=NumberedShard)


def write_shards(
    writer: PartsWriter,
    task: Callable[[_Shard], ShardResult],
    every: Iterable[_Shard],
    engine: Engine | str,
    told: Callable[[int], None],
) -> None:
    """Have an engine carry out a task for the shards that are not written yet, and write them as they come.

    ``told`` is called with how many sequences begin in a shard when that is there.
    """
    asked: dict[int, tuple[int, int]] = {}

    def missing() -> Iterator[tuple[int, _Shard]]:
        for shard in every:
            if shard.number in writer.done:
                told(shard.sequences)
            else:
                asked[shard.number] = shard.sequences, shard.letters
                yield shard.number, shard

    for number, result in engine_of(engine).map(task, missing()):
        writer.remember(batch_size=result.batch_size)
        writer.write_part(number, result.rows, result.counts)
        sequences, letters = asked.pop(number)
        writer.computed(letters)
        told(sequences)
