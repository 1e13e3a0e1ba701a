"""What models of DNA learn: tables to train on, sequences to explain, and their expected sites."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from relevome.data.formats.meme import read_meme
from relevome.data.formats.table import read_table
from relevome.data.genomes import open_genome, read_bed
from relevome.data.motif_matches import best_match, best_match_on_either_strand
from relevome.data.motifs import select_motifs
from relevome.data.names import bed_line
from relevome.data.problems import Problem, refuse_or_skip
from relevome.data.sequences import DNA, Sequence
from relevome.data.simulation.grammar import promoter_grammar
from relevome.data.simulation.logic_files import write_logic
from relevome.data.simulation.logic_plan import plan_logic
from relevome.data.simulation.sequence_files import write_simulation
from relevome.data.simulation.sequence_plan import plan_simulation
from relevome.data.sites import Site, read_sites
from relevome.errors import InputError
from relevome.studies.prepared import check_files, prepare_once, write_fasta
from relevome.studies.start_sites import UPSTREAM, StartSite, start_sites, write_tables, write_windows

PARTS = ("train", "validation", "test")
EFFECTS = "effects.tsv"
PROMOTERS = Path("ecoli", "RegulonDB_PromoterSet.tsv")
TSS = Path("ecoli", "tss_thomason_wanner_regulondb.tsv")
GENOME = Path("ecoli", "NC_000913.3.fna.gz")
JASPAR = Path("motifs", "JASPAR2024_CORE_vertebrates_nr.meme.gz")

# Three in four promoters start 6 to 8 letters after the end of -10 (promoter_grammar); two more both ways.
_BOX_ENDS = range(UPSTREAM - 10, UPSTREAM - 3)

Find = Callable[[Sequence], list[Site]]


class SequenceCounts(NamedTuple):
    """How many sequences a task has: ``training`` at most, ``explained`` of those tested."""

    training: int
    explained: int


class SequenceTask(NamedTuple):
    """Data to learn from. ``write(folder, data, amount, seed)`` puts them into a folder that is there.

    ``pooling`` is the CNN's: positions are kept where sites have their place. ``needs`` are files of the
    folder with public data, ``truth`` is the file of known sites in its own. A study does only ``usual`` ones
    unless told which.
    """

    write: Callable[[Path, Path, SequenceCounts, int], None]
    pooling: str
    sites: str
    needs: tuple[Path, ...] = ()
    truth: str = "sites.bed"
    usual: bool = True


def write_simulated(folder: Path, data: Path, amount: SequenceCounts, seed: int) -> None:
    """Binding sites of three factors, one per positive, with two decoys in every sequence."""
    plan = plan_simulation("sites", length=100, seed=seed, decoys=2)
    each = round(amount.training / 2 / 0.8)
    write_simulation(folder / "simulation", plan, each, each)
    tables = {part: pd.read_csv(folder / "simulation" / f"{part}.csv") for part in PARTS}
    planted = read_sites(folder / "simulation" / "test.truth.bed")
    _write(folder, tables, amount, seed, lambda sequence: planted[sequence.id])


def write_logic_of(grammar: str, folder: Path, data: Path, amount: SequenceCounts, seed: int) -> None:
    """Sites of two motifs of which a grammar says what counts; explained are sequences of both classes."""
    plan = plan_logic(grammar, length=80, seed=seed)
    each = round(amount.training / 2 / 0.8)
    write_logic(folder / "simulation", plan, each, each)
    tables = {part: pd.read_csv(folder / "simulation" / f"{part}.csv") for part in PARTS}
    chosen = _write_tables(folder, tables, amount, seed)
    _write_explained(folder, _sequences(chosen), lambda sequence: [])
    shutil.copy(folder / "simulation" / "test.effects.tsv", folder / EFFECTS)


def write_start_sites(matched: bool, folder: Path, data: Path, amount: SequenceCounts, seed: int) -> None:
    """Windows around start sites of transcription in *E. coli*, and random ones or ``matched`` ones."""
    write_tables(folder, data / GENOME, start_sites(data / GENOME, data / TSS, seed, matched))
    (unit,) = promoter_grammar().units
    tables = {part: pd.read_csv(folder / f"{part}.csv") for part in PARTS}
    _write(folder, tables, amount, seed, lambda sequence: best_match(unit, sequence, _BOX_ENDS))


def write_promoters(folder: Path, data: Path, amount: SequenceCounts, seed: int) -> None:
    """The same to learn from; explained are well-known promoters of sigma 70 that no model learnt from.

    Those of RegulonDB (doi 10.1093/nar/gkad1072) of strong confidence; their boxes are where both fit best in
    -45..-1.
    """
    write_start_sites(False, folder, data, amount, seed)
    rows = pd.read_csv(data / PROMOTERS, sep="\t", comment="#")
    known = (
        (rows["sigmaFactor"] == "sigma70") & (rows["confidenceLevel"] == "STRONG") & rows["posTSS"].notna()
    )
    rows = rows[known]
    with open_genome(data / GENOME) as chromosomes:
        (chrom,) = chromosomes.keys()
    strands = ["+" if strand == "forward" else "-" for strand in rows["strand"]]
    places = zip(rows["posTSS"].astype(int) - 1, strands, strict=True)
    sites = [StartSite(chrom, place, strand, True) for place, strand in dict.fromkeys(places)]
    bed = write_windows(folder / "promoters.bed", (site for site in sites if site.part == "test"))
    found = list(refuse_or_skip(read_bed(bed, data / GENOME), "refuse", []))
    order = np.random.default_rng(seed).permutation(len(found))[: amount.explained]
    _write_explained(folder, [found[i] for i in order], _boxes_upstream)


def _boxes_upstream(sequence: Sequence) -> list[Site]:
    """The boxes of a window around a start site where they fit best in -45..-1."""
    (unit,) = promoter_grammar().units
    start = UPSTREAM - 45
    found = best_match(unit, sequence.window(start, UPSTREAM))
    return [replace(site, start=site.start + start, end=site.end + start) for site in found]


def write_gue(name: str, motif: str, folder: Path, data: Path, amount: SequenceCounts, seed: int) -> None:
    """Peaks of a transcription factor from the GUE benchmark, and sequences without."""
    tables = {part: _labelled(data / path) for part, path in zip(PARTS, _gue_files(name), strict=True)}
    (matrix,) = select_motifs(read_meme(data / JASPAR), [motif])
    _write(folder, tables, amount, seed, partial(best_match_on_either_strand, matrix))


def _labelled(path: Path) -> pd.DataFrame:
    """Sequences of a table and their labels, 0 or 1."""
    rows = []
    for number, row in enumerate(list(read_table(path, DNA)), 1):
        if isinstance(row, Problem):
            raise InputError(f"{row}; download the file again")
        if row.label not in ("0", "1"):
            raise InputError(f"{path}, row {number} has label {row.label}: expected 0 or 1")
        rows.append((row.sequence.letters, int(row.label)))
    return pd.DataFrame(rows, columns=["sequence", "label"])


def _gue_files(name: str) -> tuple[Path, ...]:
    """Training, validation and test."""
    return tuple(Path("gue", f"GUE_{name}_{part}.csv.gz") for part in ("train", "dev", "test"))


def _gue(name: str, motif: str, factor: str) -> SequenceTask:
    files = _gue_files(name)
    return SequenceTask(partial(write_gue, name, motif), "max", f"best match of {factor}", (*files, JASPAR))


def _start_sites(matched: bool) -> SequenceTask:
    sites = "best match of the -35 and -10 boxes"
    return SequenceTask(
        partial(write_start_sites, matched), "flatten", sites, (TSS, GENOME), usual=not matched
    )


# Of JASPAR's matrices, those whose best match tells the classes apart best, by the validation table.
TASKS = {
    "simulated": SequenceTask(write_simulated, "max", "planted"),
    "ecoli": _start_sites(matched=False),
    "ecoli-matched": _start_sites(matched=True),
    "tf_2": _gue("tf_2", "MA0067.3", "PAX2"),
    "tf_4": _gue("tf_4", "MA1099.3", "HES1"),
}

# Beside these, what is learnt to compare explanations only.
EVERY = TASKS | {
    "promoters": SequenceTask(
        write_promoters, "flatten", "best match of the -35 and -10 boxes in -45..-1", (TSS, GENOME, PROMOTERS)
    ),
    "and": SequenceTask(partial(write_logic_of, "and"), "max", "planted, both or none counts", truth=EFFECTS),
    "not": SequenceTask(
        partial(write_logic_of, "not"), "max", "planted, one takes the other back", truth=EFFECTS
    ),
}


def check_data(tasks: Iterable[str], data: Path | None) -> None:
    """Raises InputError where the folder with public data lacks a file that a task needs."""
    for name in tasks:
        check_files(name, EVERY[name].needs, data)


def write_task(name: str, folder: Path, data: Path | None, amount: SequenceCounts, seed: int) -> None:
    """A task's data into a new folder, unless it is there. Raises InputError for files that are garbled."""
    prepare_once(folder, lambda new: EVERY[name].write(new, data or new, amount, seed))


def _write(
    folder: Path, tables: dict[str, pd.DataFrame], amount: SequenceCounts, seed: int, find: Find
) -> None:
    """Tables to learn from; positives of the test to explain, and their sites."""
    _write_explained(folder, _sequences(_write_tables(folder, tables, amount, seed, label=1)), find)


def _write_tables(
    folder: Path, tables: dict[str, pd.DataFrame], amount: SequenceCounts, seed: int, label: int | None = None
) -> pd.DataFrame:
    """Tables with ids, that to train on no longer than asked; gives rows to explain, of one label or any."""
    for part, table in tables.items():
        if "id" not in table:
            table.insert(0, "id", [f"{part}_{row + 1}" for row in range(len(table))])
        if part == "train" and len(table) > amount.training:
            table = table.sample(amount.training, random_state=seed)
        table.to_csv(folder / f"{part}.csv", index=False)
    tested = tables["test"] if label is None else tables["test"].query(f"label == {label}")
    return tested.sample(min(amount.explained, len(tested)), random_state=seed)


def _sequences(rows: pd.DataFrame) -> list[Sequence]:
    return [Sequence(name, letters, DNA) for name, letters in zip(rows["id"], rows["sequence"], strict=True)]


def _write_explained(folder: Path, sequences: list[Sequence], find: Find) -> None:
    """Sequences to explain, and their expected sites."""
    write_fasta(folder / "explained.fasta", sequences)
    lines = [
        bed_line(s.id, site.start, site.end, site.name, 0, site.strand) for s in sequences for site in find(s)
    ]
    (folder / "sites.bed").write_text("".join(lines), encoding="utf-8")
