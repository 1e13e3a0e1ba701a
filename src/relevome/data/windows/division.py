"""A genome divided into parts to train, validate and test on: whole chromosomes, or stretches of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from relevome.data.contigs import Contig, read_regions
from relevome.data.sequences import Interval
from relevome.data.shares import PARTS
from relevome.data.windows.letters import Cuts
from relevome.errors import InputError

# A border may be moved by this share of all windows to where no window lies.
_LEEWAY = 0.02


@dataclass(frozen=True)
class Division:
    """Where each part lies: its stretches, in the order of the genome. No two share a letter."""

    regions: Mapping[str, tuple[Interval, ...]]

    def part_of(self, cuts: Cuts, contigs: Sequence[Contig], width: int) -> Int[np.ndarray, " windows"]:
        """The number of the part in which each window lies, and -1 for one that lies in none as a whole."""
        found = np.full(len(cuts), -1)
        stretches: dict[str, list[tuple[int, int, int]]] = {}
        for part, regions in self.regions.items():
            for one in regions:
                stretches.setdefault(one.chrom, []).append((one.start, one.end, PARTS.index(part)))
        for number, here in cuts.by_contig():
            there = sorted(stretches.get(contigs[number].name, ()))
            if there:
                starts, ends, parts = np.array(there).T
                at = np.searchsorted(starts, cuts.start[here], "right") - 1
                inside = (at >= 0) & (cuts.start[here] + width <= ends[at])
                found[here] = np.where(inside, parts[at], -1)
        return found


def by_name(contigs: Sequence[Contig], test: Collection[str], validation: Collection[str]) -> Division:
    """Chromosomes or stretches to test and to validate on, as `read_regions` reads them; the rest trains.

    One text may name several chromosomes with commas between. Raises InputError for what is not there, for
    stretches of both, and where nothing is left to train on.
    """
    names = {contig.name for contig in contigs}
    asked = {"validation": validation, "test": test}
    held: dict[str, list[Interval]] = {}
    for part, texts in asked.items():
        spelt = [one for text in texts for one in _several(text, names)]
        held[part] = read_regions(spelt, contigs) if spelt else []
    for one in held["validation"]:
        for other in held["test"]:
            if one.chrom == other.chrom and one.start < other.end and other.start < one.end:
                raise InputError(f"{one} is of validation and {other} of test: expected no letter in both")
    everything = [Interval(one.name, 0, one.length) for one in contigs]
    left = tuple(without(everything, [*held["validation"], *held["test"]]))
    if not left:
        raise InputError("nothing is left to train on: expected less in validation and test")
    regions = {"train": left, **{part: tuple(found) for part, found in held.items() if found}}
    return Division(regions)


def by_chromosome(contigs: Sequence[Contig], cuts: Cuts, shares: Sequence[float]) -> Division:
    """Whole chromosomes to each part, so that windows are shared out as nearly as that goes.

    The chromosome with most windows goes first, each to the part that lacks most; those without any train.
    """
    counts = np.bincount(cuts.contig, minlength=len(contigs))
    room = np.array(shares) * len(cuts)
    regions: dict[str, list[Interval]] = {part: [] for part in PARTS[: len(shares)]}
    for number in np.argsort(-counts, kind="stable"):
        part = int(room.argmax()) if counts[number] else 0
        room[part] -= counts[number]
        regions[PARTS[part]].append(Interval(contigs[number].name, 0, contigs[number].length))
    return Division({part: tuple(found) for part, found in regions.items()})


def by_region(contigs: Sequence[Contig], cuts: Cuts, width: int, shares: Sequence[float]) -> Division:
    """One stretch of the genome after the other to train, validate and test on, with these shares of windows.

    A border lies where no window does, if there is such a place near, or else at the start of one.
    """
    ordered = cuts.take(cuts.in_order())
    offsets = np.concatenate([[0], np.cumsum([contig.length for contig in contigs])])
    borders = _borders(offsets[ordered.contig] + ordered.start, width, shares, offsets)
    edges = [0, *borders, int(offsets[-1])]
    regions = {}
    for part, first, last in zip(PARTS, edges, edges[1:], strict=False):
        pieces = zip(contigs, offsets.tolist(), strict=False)
        regions[part] = tuple(
            Interval(contig.name, max(first - at, 0), min(last - at, contig.length))
            for contig, at in pieces
            if max(first - at, 0) < min(last - at, contig.length)
        )
    return Division(regions)


def _borders(
    starts: Int[np.ndarray, " windows"],
    width: int,
    shares: Sequence[float],
    offsets: Int[np.ndarray, " ends"],
) -> list[int]:
    """Letters of the genome, as if its contigs were one, at which parts begin."""
    count = len(starts)
    # the first windows that begin behind all before them
    apart = np.flatnonzero(starts[1:] >= starts[:-1] + width) + 1
    borders = []
    for share in np.cumsum(shares)[:-1]:
        wanted = int(np.clip(round(share * count), 1, max(1, count - 1)))
        near = apart[np.abs(apart - wanted) <= max(1, _LEEWAY * count)]
        at = int(near[np.abs(near - wanted).argmin()]) if len(near) else min(wanted, count - 1)
        border = int(starts[at])
        if len(near):
            ends = offsets[(offsets >= starts[at - 1] + width) & (offsets <= starts[at])]
            border = int(ends[0]) if len(ends) else (int(starts[at - 1]) + width + border) // 2
        borders.append(border)
    return borders


def _several(text: str, names: Collection[str]) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    return parts if text not in names and all(part in names for part in parts) else [text]


def without(whole: Iterable[Interval], taken: Iterable[Interval]) -> Iterator[Interval]:
    """What is left of stretches, one by one, without others, which may overlap."""
    by_chrom: dict[str, list[tuple[int, int]]] = {}
    for one in taken:
        by_chrom.setdefault(one.chrom, []).append((one.start, one.end))
    for spans in by_chrom.values():
        spans.sort()
    for one in whole:
        here = one.start
        for start, end in by_chrom.get(one.chrom, ()):
            if here < min(start, one.end):
                yield Interval(one.chrom, here, min(start, one.end))
            here = max(here, end)
        if here < one.end:
            yield Interval(one.chrom, here, one.end)
