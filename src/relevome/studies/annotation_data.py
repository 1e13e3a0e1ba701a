"""What the commands of study B read: tables, windows, regions, motifs, and the matrix scan."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from relevome.data.formats.meme import meme_text, read_meme
from relevome.data.motifs import Motif
from relevome.data.names import bed_line
from relevome.data.sequences import DNA, Interval
from relevome.data.simulation.genome_files import write_genome
from relevome.data.simulation.genome_plan import plan_genome
from relevome.data.simulation.grammar import promoter_grammar
from relevome.discovery.boxes import Boxes, estimate_boxes
from relevome.discovery.known_motifs import FEWEST
from relevome.errors import InputError
from relevome.models.scan import save_scan, scan_for
from relevome.studies.genome_parts import (
    TEST,
    TRAIN,
    VALIDATION,
    LabelledGenome,
    LabelledPosition,
    Parts,
    labelled_positions,
    parts_of,
)

# What the CNN reads before and behind a position; what the boxes of promoters are looked for in.
CNN_REACH = (70, 29)
# What shuffled matrices are called, with a number behind it.
DECOY = "decoy"
# Written last.
DONE = "counts.json"
# Three in four promoters start 6 to 8 letters after the end of -10 (promoter_grammar); two more both ways.
_GAP = range(4, 11)
_GUESS = dict(zip(_GAP, (0.05, 0.08, 0.25, 0.25, 0.25, 0.07, 0.05), strict=True))  # ours
_PSEUDO = 0.01  # of every probability of the published counts


@dataclass(frozen=True)
class WindowCounts:
    """How many windows: ``negatives`` for every labelled one to train the CNN on, ``windows`` for the heads.

    ``reach`` are the letters before and behind a site in the windows for the heads.
    """

    negatives: int
    windows: int
    reach: tuple[int, int]


def write_simulated(folder: Path, length: int, starts: int, seed: int) -> LabelledGenome:
    """A made-up genome with three factors at known distances from its start sites."""
    if not (folder / "genome.json").is_file():
        shutil.rmtree(folder, ignore_errors=True)  # what was left of one when it was stopped
        write_genome(folder, plan_genome(length=length, starts=starts, seed=seed))
    return LabelledGenome(folder / "genome.fa", folder / "starts.bed")


def write_data(
    folder: Path, labelled: LabelledGenome, motifs: Path | None, amount: WindowCounts, seed: int
) -> None:
    """Everything that is read, into a folder that is there.

    ``sites.bed`` all labelled positions; ``regions.bed`` what is held out, ``test.bed`` what of it is
    reported on; ``train.csv``, ``validation.csv`` windows for the CNN; ``windows.bed``, ``controls.bed``
    around test sites and other positions there; ``motifs.meme`` boxes and known motifs; ``scan`` and
    ``scan-published`` the matrix scans; ``counts.json`` how many of each.
    """
    rng = np.random.default_rng(seed)
    with parts_of(labelled) as parts:
        sites = labelled_positions(labelled, parts)
        known = {(one.contig, one.letter, one.strand) for one in sites}
        _bed(folder / "sites.bed", [(one.window(0, 0), "site") for one in sites])
        _regions(folder, parts)
        counts = {"sites": len(sites)}
        for part in (TRAIN, VALIDATION):
            _check([one for one in sites if parts.within(part, one, *CNN_REACH)], part, labelled)
            counts[part] = _table(folder / f"{part}.csv", parts, part, sites, known, amount.negatives, rng)
        around = [one for one in sites if parts.within(TEST, one, *amount.reach)]
        _check(around, TEST, labelled)
        around = [around[i] for i in sorted(rng.permutation(len(around))[: amount.windows])]
        others = parts.drawn(TEST, len(around), amount.reach, known, rng)
        for name, some in (("windows", around), ("controls", others)):
            _bed(folder / f"{name}.bed", [(one.window(*amount.reach), name) for one in some])
        counts |= {"windows": len(around), "controls": len(others)}
        boxes = _boxes(parts, sites, folder)
    counts["boxes"] = boxes.sites
    (folder / "motifs.meme").write_text(meme_text(_motifs(boxes, motifs, rng)), encoding="utf-8")
    (folder / DONE).write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")


def _regions(folder: Path, parts: Parts) -> None:
    test = [(region, TEST) for region in parts.regions(TEST)]
    _bed(folder / "test.bed", test)
    _bed(folder / "regions.bed", [*test, *((region, VALIDATION) for region in parts.regions(VALIDATION))])


def _bed(path: Path, rows: Iterable[tuple[Interval, str]]) -> None:
    lines = (bed_line(r.chrom, r.start, r.end, name, 0, r.strand) for r, name in rows)
    path.write_text("".join(lines), encoding="utf-8")


def _table(
    path: Path, parts: Parts, part: str, sites: Sequence[LabelledPosition], known: set[tuple[str, int, str]],
    negatives: int, rng: np.random.Generator,
) -> int:  # fmt: skip
    """Windows around labelled positions of a part, and around others; gives how many labelled ones."""
    real = [one for one in sites if parts.within(part, one, *CNN_REACH)]
    rows = [*real, *parts.drawn(part, negatives * len(real), CNN_REACH, known, rng)]
    lines = [f"{parts.letters(rows[i], *CNN_REACH)},{int(rows[i].real)}" for i in rng.permutation(len(rows))]
    path.write_text("\n".join(["sequence,label", *lines, ""]), encoding="utf-8")
    return len(real)


def _check(sites: Sequence[LabelledPosition], part: str, labelled: LabelledGenome) -> None:
    if not sites:
        raise InputError(
            f"{labelled.labels} has no labelled position with a whole window in the {part} part: expected "
            "some in the parts to train on, to choose the epoch by (validation) and to report on (test)"
        )


def _boxes(parts: Parts, sites: Sequence[LabelledPosition], folder: Path) -> Boxes:
    """The boxes of training sites, and both scans: by the published counts, and by these boxes."""
    background = parts.background()
    training = [one for part in (TRAIN, VALIDATION) for one in sites if parts.within(part, one, *CNN_REACH)]
    texts = [parts.letters(one, *CNN_REACH) for one in training]
    codes = np.array([["ACGT".find(letter) for letter in text] for text in texts])
    (guess,) = promoter_grammar().units
    softened = tuple(
        Motif(m.name, m.id, (m.probabilities + _PSEUDO) / (1 + 4 * _PSEUDO), DNA) for m in guess.motifs
    )
    save_scan(scan_for(type(guess)(softened, guess.spacers), _GUESS, background), folder / "scan-published")
    boxes = estimate_boxes(codes, CNN_REACH[0], guess, _GAP, background)
    save_scan(scan_for(boxes.unit, boxes.gap, background), folder / "scan")
    return boxes


def _motifs(boxes: Boxes, path: Path | None, rng: np.random.Generator) -> list[Motif]:
    """The boxes as published and as estimated, with letters beside them, and known motifs.

    Of fewer than a database needs, the rest are these with their positions in another order.
    """
    (published,) = promoter_grammar().units
    own = [
        Motif(f"{m.name}_published", f"{m.name}_published", m.probabilities, DNA) for m in published.motifs
    ]
    own += [Motif(f"{m.name}_box", f"{m.name}_box", m.probabilities, DNA) for m in boxes.wider]
    found = own + ([] if path is None else read_meme(path))
    decoys = []
    for number in range(FEWEST - len(found)):
        shuffled = found[number % len(found)].shuffled(rng)
        decoys.append(Motif(f"{DECOY}{number}", f"{DECOY}{number}", shuffled.probabilities, DNA))
    return found + decoys
