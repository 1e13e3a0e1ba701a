"""A genome as both its strands, labelled letter by letter, with what is held out, and in lanes to learn from.

Lanes are read side by side, segment after segment.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Sequence as List
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

from relevome.data.formats.bed import BedLine, bed_lines
from relevome.data.positions import Position
from relevome.data.problems import Problem
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.annotator import AnnotatorForTokenClassification
from relevome.words import counted

# Regions of this name are held out and choose nothing.
TEST = "test"

# The label of a letter that is neither learnt from nor scored, as everywhere in transformers.
IGNORED = -100
_UNKNOWN = ord("N")

# Segments of a lane. Memory is carried from one to the next, and is empty only before the first.
SEGMENTS = 16


@dataclass(frozen=True)
class Strand:
    """One strand of a contig, in its own direction: letters as ASCII, and labels, 1 at sites and 0 elsewhere.

    Unknown letters have the label IGNORED. Of a circular contig, positions before the first letter and after
    the last one are those on the other end; of another, they are unknown letters.
    """

    contig: str
    sign: str
    letters: UInt8[np.ndarray, " letters"]
    labels: Int[np.ndarray, " letters"]
    held_out: Bool[np.ndarray, " letters"]
    circular: bool

    def __len__(self) -> int:
        return len(self.letters)

    def read(self, start: int, end: int) -> str:
        """Letters from ``start`` to ``end``, which may lie outside the contig."""
        index = np.arange(start, end)
        found = self.letters[index % len(self)]
        if not self.circular:
            found = np.where((index >= 0) & (index < len(self)), found, np.uint8(_UNKNOWN))
        return found.tobytes().decode("ascii")

    def labels_at(self, start: int, end: int) -> Int[np.ndarray, " letters"]:
        """Labels from ``start`` to ``end``, which on a circular contig may pass the last letter."""
        return self.labels[np.arange(start, end) % len(self)]

    def to_learn_from(self, look_ahead: int) -> Strand:
        """The same with every held-out letter unknown, and none of what would look ahead at one labelled."""
        near = self.held_out.copy()
        for apart in range(1, min(look_ahead, len(self) - 1) + 1):
            ahead = np.roll(self.held_out, -apart)
            if not self.circular:
                ahead[-apart:] = False
            near |= ahead
        letters = np.where(self.held_out, np.uint8(_UNKNOWN), self.letters)
        return replace(self, letters=letters, labels=np.where(near, np.int8(IGNORED), self.labels))

    def runs(self, held_out: bool) -> list[tuple[int, int]]:
        """Start and end of every run of letters that are held out, or that are not.

        Over the origin of a circular contig a run goes on, and ends past the last letter.
        """
        chosen = self.held_out == held_out
        edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen, [0]])))
        found = [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
        if self.circular and len(found) > 1 and chosen[0] and chosen[-1]:
            (_, end), *between, (start, _) = found
            return [*between, (start, len(self) + end)]
        return found


def both_strands(
    sequences: Iterable[Sequence],
    positions: Iterable[Position],
    held_out: Mapping[str, Bool[np.ndarray, " letters"]],
    circular: bool,
) -> Iterator[Strand]:
    """The strand ``+`` and then ``-`` of every contig; ``held_out`` is along the strand ``+``."""
    sites: dict[tuple[str, str], list[int]] = {}
    for position in positions:
        sites.setdefault((position.contig, position.strand), []).append(position.index)
    for sequence in sequences:
        for sign in "+-":
            marked = np.zeros(len(sequence), dtype=np.int8)
            marked[sites.get((sequence.id, sign), [])] = 1
            held, one = held_out[sequence.id], sequence
            if sign == "-":
                marked, held, one = marked[::-1], held[::-1], sequence.reverse_complement()
            letters = np.frombuffer(one.letters.encode("ascii"), dtype=np.uint8)
            labels = np.where(letters == _UNKNOWN, np.int8(IGNORED), marked)
            yield Strand(sequence.id, sign, letters, labels, held.copy(), circular)


def held_out_part(split: str, contigs: Mapping[str, int]) -> dict[str, Bool[np.ndarray, " letters"]]:
    """Which letters of every contig are held out: the last ones, ``20%``, or those in regions of a BED file.

    Raises ``InputError`` for what is neither, for regions off the genome, and if nothing or everything would
    be held out.
    """
    held = {contig: np.zeros(length, dtype=bool) for contig, length in contigs.items()}
    if split.endswith("%") or not Path(split).is_file():
        share = _share(split)
        for mask in held.values():
            mask[len(mask) - round(share * len(mask)) :] = True
    else:
        _mark(held, _regions(split, contigs))
    count, letters = sum(int(mask.sum()) for mask in held.values()), sum(contigs.values())
    if not 0 < count < letters:
        raise InputError(
            f"--split {split} holds out {count} of {counted(letters, 'letter')}: expected some, and others "
            "to learn from"
        )
    return held


def test_part(split: str, contigs: Mapping[str, int]) -> dict[str, Bool[np.ndarray, " letters"]]:
    """Which of the held-out letters are kept for a last word: those in regions named ``test``, if any."""
    kept = {contig: np.zeros(length, dtype=bool) for contig, length in contigs.items()}
    if not split.endswith("%"):
        _mark(kept, (line for line in _regions(split, contigs) if line.name == TEST))
    return kept


def _mark(masks: Mapping[str, Bool[np.ndarray, "_"]], regions: Iterable[BedLine]) -> None:
    for line in regions:
        region = line.interval
        masks[region.chrom][region.start : region.end] = True


def _share(split: str) -> float:
    try:
        share = float(split.removesuffix("%")) / 100 if split.endswith("%") else 0.0
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise InputError(f"--split is {split!r}: expected a share such as 20%, or the name of a BED file")
    return share


def _regions(split: str, contigs: Mapping[str, int]) -> Iterator[BedLine]:
    for line in bed_lines(split):
        if isinstance(line, Problem):
            raise InputError(str(line))
        region = line.interval
        if region.end > contigs.get(region.chrom, 0):
            length = contigs.get(region.chrom)
            found = f"which has {counted(length, 'letter')}" if length else "which the genome does not have"
            raise InputError(f"{line.where}: {region} is not on contig {region.chrom!r}, {found}")
        yield line


@dataclass(frozen=True)
class Lane:
    """A stretch of one strand to learn from."""

    strand: Strand
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Group:
    """Lanes side by side: letters, and labels of those letters that the rows of logits are of."""

    letters: Int[Tensor, "lanes letters"]
    labels: Int[Tensor, "lanes letters"]


def cut_lanes(strands: Iterable[Strand], size: int, rng: np.random.Generator) -> list[Lane]:
    """All that is to be learnt from, in lanes of ``size`` letters or fewer, from an offset that is drawn."""
    lanes = []
    for strand in strands:
        for start, end in strand.runs(held_out=False):
            edges = [start, *range(start + int(rng.integers(1, size + 1)), end, size), end]
            lanes += [Lane(strand, *pair) for pair in itertools.pairwise(edges)]
    return lanes


def side_by_side(lanes: List[Lane], streams: int, rng: np.random.Generator) -> list[list[Lane]]:
    """All lanes in random order, ``streams`` of like length at a time."""
    order = rng.permutation(len(lanes)).tolist()
    order.sort(key=lambda index: len(lanes[index]))
    groups = [order[first : first + streams] for first in range(0, len(order), streams)]
    return [[lanes[index] for index in groups[number]] for number in rng.permutation(len(groups))]


def group_of(lanes: List[Lane], module: AnnotatorForTokenClassification) -> Group:
    """Letters of the lanes, with those that are looked ahead at; shorter ones end in unknown letters."""
    ahead = module.config.look_ahead
    length = max(map(len, lanes)) + ahead
    texts = [lane.strand.read(lane.start, lane.end + ahead).ljust(length, "N") for lane in lanes]
    labels = np.full((len(lanes), length), IGNORED)
    for row, lane in zip(labels, lanes, strict=True):
        row[ahead : ahead + len(lane)] = lane.strand.labels_at(lane.start, lane.end)
    letters = torch.cat([module.tokens(text) for text in texts])
    return Group(letters, torch.from_numpy(labels).to(letters.device))


def predictions(
    group: Group, module: AnnotatorForTokenClassification
) -> Iterator[tuple[Tensor, Int[Tensor, "lanes certain"]]]:
    """Logits and labels segment by segment; memory is carried along, gradients are not."""
    memory, first = module.begin(len(group.letters)), 0
    segments = group.letters.split(module.config.segment, 1)
    for number, segment in enumerate(segments, 1):
        logits, memory = module.advance(segment, memory.detach(), last=number == len(segments))
        labels = group.labels[:, first : first + logits.shape[1]]
        first += logits.shape[1]
        if labels.numel():
            yield logits, labels
