"""Shards that an engine computes, and the parts that are written of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar, runtime_checkable

from relevome.engines.base import Engine, engine_of
from relevome.jobs.running.shards import ShardResult
from relevome.results.parts.manifest import Folder, read_manifest
from relevome.results.parts.writer import PartsPlace, PartsWriter
from relevome.stores.place import Place


def remembered(out: Place, kind: Folder, overwrite: bool) -> object:
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


@dataclass(frozen=True)
class WritePart(Generic[_Shard]):
    """What an engine does with every shard: it carries out a task, and writes the part where it can be seen.

    A worker that does not see the folder, as on another machine, gives the rows back.
    """

    task: Callable[[_Shard], ShardResult]
    parts: PartsPlace

    def __call__(self, shard: _Shard) -> ShardResult:
        """The result of a shard, without the rows of a part that is written."""
        found = self.task(shard)
        written = self.parts.write(shard.number, found.rows, found.counts)
        return found if written is None else replace(found, rows=[], written=written)


def write_shards(
    writer: PartsWriter,
    task: Callable[[_Shard], ShardResult],
    every: Iterable[_Shard],
    engine: Engine | str,
    told: Callable[[int], None],
) -> None:
    """Have an engine carry out a task for the shards that are not written yet, and record them as they come.

    Parts are written by the workers, as a whole and each once, so that what one of them finished is there
    whatever becomes of the others, and of the command; what is in a part depends on its shard alone.
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

    for number, result in engine_of(engine).map(WritePart(task, writer.parts), missing()):
        writer.remember(batch_size=result.batch_size)
        if result.written is None:
            writer.write_part(number, result.rows, result.counts)
        else:
            writer.record_part(number, result.written)
        sequences, letters = asked.pop(number)
        writer.computed(letters if result.letters is None else result.letters)
        told(sequences)
