"""Both strands of a genome cut into lanes, which are read side by side, segment after segment."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as List
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from relevome.models.annotator import AnnotatorForTokenClassification
from relevome.training.genome_strands import IGNORED, Strand

# Segments of a lane. Memory is carried from one to the next, and is empty only before the first.
SEGMENTS = 16


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
