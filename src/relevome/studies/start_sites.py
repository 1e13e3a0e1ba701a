"""Windows around start sites of transcription, and as many others, as tables to learn from.

The others are random, or made of the same letters and pairs of letters as those around start sites. Positions
up to 1,000,000 are the test, those over 4,200,000 the validation, those between the training: a model is
never tested on what lies near its training windows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from relevome.data.contigs import Contig
from relevome.data.genomes import open_genome, read_bed
from relevome.data.names import bed_line
from relevome.data.problems import refuse_or_skip
from relevome.data.sequences import Interval
from relevome.data.windows.letters import Composition, Cuts, GenomeLetters
from relevome.data.windows.matching import nearest
from relevome.errors import InputError
from relevome.words import counted

UPSTREAM, DOWNSTREAM = 70, 30
TEST_END, VALIDATION_START = 1_000_000, 4_200_000
DRAWS = 20  # random windows of which one is chosen that is like a real one


class StartSite(NamedTuple):
    """A 0-based position on a strand; ``real`` if transcription is known to start there."""

    chrom: str
    position: int
    strand: str
    real: bool

    @property
    def part(self) -> str:
        """The table that the site belongs to."""
        if self.position < TEST_END:
            return "test"
        return "train" if self.position < VALIDATION_START else "validation"

    @property
    def window(self) -> Interval:
        """-70 to +29 as read on the strand."""
        before, after = (UPSTREAM, DOWNSTREAM) if self.strand == "+" else (DOWNSTREAM - 1, UPSTREAM + 1)
        return Interval(self.chrom, self.position - before, self.position + after, self.strand)


def start_sites(genome: Path, table: Path, seed: int, matched: bool = False) -> list[StartSite]:
    """Every start site with a whole window, and as many random sites in each part, in random order.

    With ``matched`` the windows of the random sites have the share of G and C and the shares of letter pairs
    of those of start sites: each is chosen for one out of `DRAWS` times as many, see `nearest`.

    ``table`` has 1-based positions in ``position_NC_000913.3``, ``strand`` and ``source_info``, of which
    those marked ``storz`` are taken (Thomason et al. 2015, doi 10.1128/JB.02096-14). A random site is any
    but a start site, so its window may overlap that of one. Raises InputError for other tables, and for a
    genome of several sequences.
    """
    with open_genome(genome) as chromosomes:
        records = [(name, len(record)) for name, record in chromosomes.items()]
    if len(records) != 1:
        raise InputError(
            f"{genome} has {counted(len(records), 'sequence')}: expected one, the chromosome of E. coli"
        )
    ((chrom, length),) = records
    whole = range(UPSTREAM, length - UPSTREAM)
    real = [StartSite(chrom, place, strand, True) for place, strand in _known(table) if place in whole]
    if missing := {"train", "validation", "test"} - {site.part for site in real}:
        raise InputError(f"{table} has no start site on {genome} to {min(missing)} with: download them again")
    rng = np.random.default_rng(seed)
    if matched:
        pool = list(_random_sites(real, whole, rng, DRAWS))
        sites = [*real, *_matched(genome, real, pool, rng)]
    else:
        sites = [*real, *_random_sites(real, whole, rng)]
    return [sites[i] for i in rng.permutation(len(sites))]


def _known(table: Path) -> Iterator[tuple[int, str]]:
    """0-based positions and strands."""
    kinds: dict[Hashable, type] = {"position_NC_000913.3": int, "strand": str, "source_info": str}
    try:
        known = pd.read_csv(table, sep="\t", usecols=list(kinds), dtype=kinds)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{table} is no table of start sites ({reason}): download it again") from error
    known = known[known["source_info"].str.contains("storz", na=False)]
    yield from zip(known["position_NC_000913.3"] - 1, known["strand"], strict=True)


def _random_sites(
    real: Sequence[StartSite], whole: range, rng: np.random.Generator, times: int = 1
) -> Iterator[StartSite]:
    """In each part ``times`` as many as are real."""
    taken = {(site.position, site.strand) for site in real}
    wanted = Counter({part: times * count for part, count in Counter(site.part for site in real).items()})
    while wanted.total():
        position, strand = int(rng.integers(whole.start, whole.stop)), "+-"[rng.integers(2)]
        site = StartSite(real[0].chrom, position, strand, False)
        if wanted[site.part] and (position, strand) not in taken:
            taken.add((position, strand))
            wanted[site.part] -= 1
            yield site


def _matched(
    genome: Path, real: Sequence[StartSite], pool: Sequence[StartSite], rng: np.random.Generator
) -> Iterator[StartSite]:
    """For each real site one of the pool in its part whose window is made of the same, none twice."""
    for part in sorted({site.part for site in real}):
        wanted = [site for site in real if site.part == part]
        others = [site for site in pool if site.part == part]
        chosen = nearest(composition(genome, wanted), composition(genome, others), rng)
        yield from (others[i] for i in chosen)


def composition(genome: Path, sites: Sequence[StartSite]) -> Composition:
    """What the windows of sites are made of."""
    windows = [site.window for site in sites]
    with open_genome(genome) as chromosomes:
        contigs = [Contig(name, len(record)) for name, record in chromosomes.items()]
        numbers = {contig.name: number for number, contig in enumerate(contigs)}
        cuts = Cuts(
            np.array([numbers[window.chrom] for window in windows]),
            np.array([window.start for window in windows]),
            np.array([window.strand == "-" for window in windows]),
        )
        return GenomeLetters(chromosomes, contigs, len(windows[0])).composition(cuts)


def write_windows(path: Path, sites: Iterable[StartSite]) -> Path:
    """The windows of some sites as BED."""
    windows = [site.window for site in sites]
    lines = (bed_line(w.chrom, w.start, w.end, "", 0, w.strand) for w in windows)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def write_tables(folder: Path, genome: Path, sites: Sequence[StartSite]) -> None:
    """``train.csv``, ``validation.csv`` and ``test.csv`` with sequences and whether each is real."""
    bed = write_windows(folder / "all.bed", sites)
    found = refuse_or_skip(read_bed(bed, genome), "refuse", [])
    rows = [(site.part, s.letters, int(site.real)) for s, site in zip(found, sites, strict=True)]
    table = pd.DataFrame(rows, columns=["part", "sequence", "label"])
    for part, some in table.groupby("part"):
        some[["sequence", "label"]].to_csv(folder / f"{part}.csv", index=False)
