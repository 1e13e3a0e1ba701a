"""Tables of windows around sites of a genome, to train, validate and test a model on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relevome.data.contigs import Contig, read_contigs
from relevome.data.genomes import open_genome
from relevome.data.inputs import sha256_of
from relevome.data.positions import PositionChoice
from relevome.data.problems import OnBad
from relevome.data.sequences import DNA
from relevome.data.shares import read_shares
from relevome.data.windows.anchors import windowing
from relevome.data.windows.division import Division, by_chromosome, by_name, by_region
from relevome.data.windows.letters import Cuts, GenomeLetters
from relevome.data.windows.site_windows import read_site_windows
from relevome.data.windows.tables import TablePlan, part_tables
from relevome.errors import InputError
from relevome.options import configured
from relevome.results.window_tables import FOLDER, WindowTables, write_window_tables

_SPLIT = "0.8,0.1,0.1"
_BY = ("region", "chromosome")


def windows(
    sites: str | Path,
    genome: str | Path,
    width: int,
    out: str | Path,
    *,
    anchor: str | None = None,
    types: Collection[str] = (),
    labels_column: str | None = None,
    labels_where: Collection[str] = (),
    strand: str = "site",
    negatives: str = "random",
    ratio: float = 1.0,
    split: str | None = None,
    by: str | None = None,
    test: Collection[str] = (),
    validation: Collection[str] = (),
    max_unknown: int = 0,
    on_bad: OnBad = "refuse",
    seed: int = 0,
    overwrite: bool = False,
) -> WindowTables:
    """Make tables of windows with sites and without, to train, validate and test on.

    No letters are in two windows, on either strand, and windows of two tables never overlap.

    Args:
        sites: Sites on the genome: BED, narrowPeak, GFF3, a table of features, or a table of positions
            counted from 1.
        genome: The genome as FASTA.
        width: Letters of every window.
        out: The folder, which must be new, empty or unfinished.
        anchor: What is at letter ``width // 2`` of every window, counted from 0: ``centre``, ``summit``,
            ``start`` or ``site``; None: ``summit`` of narrowPeak, ``site`` of a table of positions, and else
            ``centre``.
        types: Types of sites; all without it, but a GFF3 file of several types needs a choice.
        labels_column: Column of a table that has the positions.
        labels_where: Only rows of such a table with ``COLUMN=TEXT``, or ``COLUMN~PART`` of it.
        strand: ``site`` reads windows on the strand of their sites, ``forward`` on ``+``, and ``both`` as
            ``site`` and again on the other strand, as a row of its own in the same table.
        negatives: Windows without a site: at ``random`` places that overlap no window of a site;
            ``shuffled`` sites, with the same pairs of letters; ``matched``, such places as are made of the
            same share of G and C and the same pairs of letters as sites.
        ratio: Negatives for each positive.
        split: Shares of windows with sites to train, validate and perhaps test on; None: ``0.8,0.1,0.1``.
        by: What parts are: ``region``, stretches of the genome one after the other, or ``chromosome``, whole
            ones; None: ``region``.
        test: In place of shares, what to test on: chromosomes, with commas between or one by one, stretches
            as ``chrom:first-last`` counted from 1, or BED files.
        validation: Likewise, what to validate on.
        max_unknown: Letters other than A, C, G and T that a window may have.
        on_bad: ``refuse`` or ``skip`` sites that have no window on the genome.
        seed: Seed of everything that is drawn at random.
        overwrite: Whether tables that are there are replaced.

    Returns:
        The tables, and the record of what was left out and why.

    Raises:
        InputError: For files that cannot be read, sites that are not on the genome, options that do not go
            together, a part without sites or with too little room for negatives, and a folder that holds
            something else or is being written.
    """
    asked = {"strand": strand, "negatives": negatives, "ratio": ratio, "seed": seed}
    plan = configured(TablePlan, "windows", {**asked, "most_unknown": max_unknown})
    choice = PositionChoice(tuple(types), labels_column, tuple(labels_where))
    shares = _shares(split, by, test, validation)
    around = windowing(sites, width, anchor, choice)
    about: dict[str, Any] = {
        "sites": {"path": str(sites), "sha256": sha256_of(sites)},
        "genome": {"path": str(genome), "sha256": sha256_of(genome)},
        "width": width,
        "anchor": around.anchor,
        "types": sorted(types),
        "labels_column": labels_column,
        "labels_where": [*labels_where],
        **asdict(plan),
        "split": None if shares is None else {"by": by or "region", "shares": [*shares]},
        "test": [*test],
        "validation": [*validation],
        "on_bad": on_bad,
    }
    with FOLDER.held(Path(out), overwrite), open_genome(genome) as chromosomes:
        contigs = read_contigs(chromosomes, genome, DNA)
        read = read_site_windows(sites, genome, contigs, around, choice, strand == "forward", on_bad)
        division = _division(contigs, read.cuts, width, shares, by or "region", test, validation)
        letters = GenomeLetters(chromosomes, contigs, width)
        tables, left_out = part_tables(read, division, letters, plan)
        about["sites_read"] = len(read.cuts) + read.again + len(read.problems)
        about["skipped"] = [asdict(problem) for problem in read.problems]
        FOLDER.clear(Path(out))
        return write_window_tables(Path(out), tables, left_out, about)


def _shares(
    split: str | None, by: str | None, test: Collection[str], validation: Collection[str]
) -> tuple[float, ...] | None:
    """Shares of the parts; None where these are named. Raises InputError for both."""
    if not (test or validation):
        if by not in (None, *_BY):
            raise InputError(f"--by {by}: expected one of {', '.join(_BY)}")
        return read_shares(split or _SPLIT, 3)
    if split is not None or by is not None:
        option = "--split" if split is not None else "--by"
        raise InputError(f"{option} shares the genome out, and parts are named, too: expected one of the two")
    return None


def _division(
    contigs: Sequence[Contig],
    cuts: Cuts,
    width: int,
    shares: tuple[float, ...] | None,
    by: str,
    test: Collection[str],
    validation: Collection[str],
) -> Division:
    if shares is None:
        return by_name(contigs, test, validation)
    if by == "chromosome":
        return by_chromosome(contigs, cuts, shares)
    return by_region(contigs, cuts, width, shares)
