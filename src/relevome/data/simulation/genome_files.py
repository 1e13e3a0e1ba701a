"""A folder with a made-up genome, ready to train an annotator on and to ask its heads about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import numpy as np

from relevome.data.formats.meme import meme_text
from relevome.data.lines import PathLike
from relevome.data.names import bed_line
from relevome.data.simulation.folders import new_folder, write_last
from relevome.data.simulation.genome import CONTIG, Genome, GenomePlan, drawn, simulate_genome
from relevome.data.sites import Site

FLANK = 30  # letters of a window past all that belongs to its site: what an annotator looks ahead at

_HELD_OUT = 0.3  # of the genome, its end
_BYSTANDERS = 0.2  # start sites near which a motif that is not planted is said to have a site
_LINE = 80
_STREAM = 1  # of random numbers under the seed, apart from those of the genome


def write_genome(folder: PathLike, plan: GenomePlan) -> Genome:
    """Writes a genome into a new folder, what is true of it, and how it was made.

    ``genome.fa``, ``starts.bed``, ``truth.bed`` with every planted motif, ``planted.meme``; to train and to
    ask heads ``held_out.bed``, ``windows.bed`` around the start sites in it, ``database.meme`` and
    ``known.bed``, which also have the motifs that are not planted; ``genome.json`` comes last. Raises
    InputError for a folder that is not empty.
    """
    made = new_folder(folder)
    genome = simulate_genome(plan)
    letters, held_out = genome.sequence.letters, round((1 - _HELD_OUT) * plan.length)
    lines = [letters[i : i + _LINE] for i in range(0, len(letters), _LINE)]
    known = sorted((*genome.planted, *_bystanders(plan, genome)), key=lambda site: (site.start, site.end))
    content = {
        "genome.fa": "\n".join([f">{CONTIG}", *lines, ""]),
        "starts.bed": _bed(genome.starts),
        "truth.bed": _bed(genome.planted),
        "planted.meme": meme_text(plan.motifs),
        "held_out.bed": bed_line(CONTIG, held_out, plan.length),
        "windows.bed": _bed(_windows(plan, genome, held_out)),
        "database.meme": meme_text(plan.database),
        "known.bed": _bed(known),
    }
    for name, text in content.items():
        (made / name).write_text(text, encoding="utf-8", newline="\n")
    write_last(made / "genome.json", json.dumps(_described(plan), indent=1) + "\n")
    return genome


def _windows(plan: GenomePlan, genome: Genome, first: int) -> Iterator[Site]:
    """Letters around the start sites from letter ``first`` on, each in the middle of its window."""
    around = plan.half + FLANK
    for start in genome.starts:
        if start.start - around >= first and start.end + around <= plan.length:
            yield Site(start.start - around, start.end + around, start.name, start.strand)


def _bystanders(plan: GenomePlan, genome: Genome) -> Iterator[Site]:
    """Sites said to be of motifs that are not planted: as far from start sites as what is planted is.

    So one who finds them goes by distance, and not by letters.
    """
    rng = np.random.default_rng([plan.seed, _STREAM])
    for motif in plan.others:
        near = rng.random(len(genome.starts)) < _BYSTANDERS
        for start in (start for start, is_near in zip(genome.starts, near, strict=True) if is_near):
            placed = plan.placed[int(rng.integers(len(plan.placed)))]
            at, width = drawn(placed.distances, rng), placed.unit.longest
            first = start.start + at if start.strand == "+" else start.end - at - width
            yield Site(first, first + width, motif.name, start.strand)


def _bed(sites: Iterable[Site]) -> str:
    return "".join(bed_line(CONTIG, s.start, s.end, s.name, 0, s.strand) for s in sites)


def _described(plan: GenomePlan) -> dict[str, object]:
    placed = [
        {
            "motifs": [motif.name for motif in one.unit.motifs],
            "spacers": [dict(spacer) for spacer in one.unit.spacers],
            "distances": dict(one.distances),
            "share": one.share,
        }
        for one in plan.placed
    ]
    return {
        "length": plan.length,
        "starts": plan.starts,
        "seed": plan.seed,
        "background": plan.background.first.tolist(),
        "placed": placed,
        "others": [motif.name for motif in plan.others],
    }
