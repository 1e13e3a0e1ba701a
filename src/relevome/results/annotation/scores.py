"""Log-odds of every position of both strands, in files of a stretch each that are whole or not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from relevome.data.contigs import Contig
from relevome.data.sequences import Interval
from relevome.results.folder import whole_file
from relevome.results.record import reading
from relevome.words import counted

# A stretch has at most so many letters: what is lost when a process is killed.
STRETCH = 1_000_000
# Positions read at once: as Python numbers, for a bigWig file, each takes 32 bytes.
CHUNK = 1 << 15
SIGNS = {"+": "plus", "-": "minus"}


@dataclass(frozen=True)
class Stretch:
    """Part of a region of a contig, along the strand ``+``, and the strand whose scores are kept."""

    number: int
    region: Interval
    sign: str

    @property
    def name(self) -> str:
        """The file of its scores."""
        return f"{self.number:06d}-{SIGNS[self.sign]}.npy"


def stretches(regions: Iterable[Interval], letters: int = STRETCH) -> list[Stretch]:
    """Both strands of all regions, cut into stretches."""
    cuts = [
        Interval(region.chrom, start, min(start + letters, region.end))
        for region in regions
        for start in range(region.start, region.end, letters)
    ]
    return [Stretch(number, cut, sign) for number, cut in enumerate(cuts) for sign in SIGNS]


def chunks(length: int) -> Iterator[tuple[int, int]]:
    """Start and end of the pieces in which so many positions are read."""
    for start in range(0, length, CHUNK):
        yield start, min(start + CHUNK, length)


@dataclass(frozen=True)
class ScoreFiles:
    """A folder of scores, float32 of shape (classes, letters) each, NaN where there is no prediction."""

    folder: Path
    stretches: Sequence[Stretch]
    classes: int

    def missing(self) -> list[Stretch]:
        """Stretches that have no scores yet."""
        return [stretch for stretch in self.stretches if not (self.folder / stretch.name).is_file()]

    def without(self) -> int:
        """Letters of both strands that have no score: those in gaps."""
        parts = (
            self._part(stretch, 0, start, end - start)
            for stretch in self.stretches
            for start, end in chunks(len(stretch.region))
        )
        return sum(int(np.isnan(part).sum()) for part in parts)

    def write(self, stretch: Stretch, found: Iterable[Float[np.ndarray, "_ classes"]]) -> None:
        """Keep the scores of a stretch, given piece by piece in the direction of its strand.

        Raises InputError if the disk is full.
        """
        length, at = len(stretch.region), 0
        with whole_file(self.folder / stretch.name) as temporary:
            scores = np.lib.format.open_memmap(
                temporary, mode="w+", dtype="<f4", shape=(self.classes, length)
            )
            begin = scores.offset
            del scores
            with temporary.open("r+b") as file:
                for piece in found:
                    place = at if stretch.sign == "+" else length - at - len(piece)
                    for column, values in enumerate(piece.T):
                        file.seek(begin + 4 * (column * length + place))
                        one = values if stretch.sign == "+" else values[::-1]
                        file.write(np.ascontiguousarray(one, dtype="<f4").tobytes())
                    at += len(piece)
            if at != length:
                raise ValueError(f"{counted(at, 'score')} for a stretch of {counted(length, 'letter')}")

    def read(
        self, contig: Contig, sign: str, column: int, start: int, end: int
    ) -> Float32[np.ndarray, " positions"]:
        """Scores of a class along the strand ``+``, NaN outside; a circle goes on past its ends."""
        values = np.full(end - start, np.nan, dtype=np.float32)
        turns = range(start // contig.length, (end - 1) // contig.length + 1) if contig.circular else (0,)
        for turn in turns:
            shift = turn * contig.length
            for stretch in self._along.get((contig.name, sign), ()):
                region = stretch.region
                low, high = max(region.start + shift, start), min(region.end + shift, end)
                if low < high:
                    part = self._part(stretch, column, low - shift - region.start, high - low)
                    values[low - start : high - start] = part
        return values

    @cached_property
    def _along(self) -> dict[tuple[str, str], list[Stretch]]:
        """Stretches by contig and strand."""
        found: dict[tuple[str, str], list[Stretch]] = {}
        for stretch in self.stretches:
            found.setdefault((stretch.region.chrom, stretch.sign), []).append(stretch)
        return found

    def _part(
        self, stretch: Stretch, column: int, start: int, count: int
    ) -> Float32[np.ndarray, " positions"]:
        path, length = self.folder / stretch.name, len(stretch.region)
        with reading(path, "delete that file and run the same `relevome annotate` again"):
            place = _begin(path, path.stat().st_mtime_ns, (self.classes, length))
            place += 4 * (column * length + start)
            return np.fromfile(path, dtype="<f4", count=count, offset=place)


@lru_cache(maxsize=64)
def _begin(path: Path, changed: int, shape: tuple[int, int]) -> int:
    """Where the numbers of a file begin, which is read by parts: a map of all of it would count as memory.

    Raises ValueError for scores of another kind or shape; of a file that was changed since, it looks again.
    """
    scores = np.load(path, mmap_mode="r")
    if not isinstance(scores, np.memmap) or (scores.shape, scores.dtype.str) != (shape, "<f4"):
        raise ValueError(f"{scores.dtype} {scores.shape}, expected float32 {shape}")
    return scores.offset
