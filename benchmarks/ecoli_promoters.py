"""Whether explanations find the promoter: a CNN trained on the start sites of E. coli, by three methods.

Windows of 100 letters, -70 to +29 around the start sites of transcription marked ``storz``, against as many
random windows of either strand (any but that of a known start site, so they may overlap one). Positions up
to 1,000,000 are the test, those over 4,200,000 the validation, those between the training.

Target: AUROC of at least 0.95 on test; and averaged over the start sites of the test, relevance is highest
inside -14..-7 (the -10 element), and upstream of -20 it is highest at -35 or -34, by each method. Position
0 is the start site.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

import relevome
from benchmarks import Row, data
from relevome.data.genome import open_genome
from relevome.data.inputs import from_bed
from relevome.data.readers import read_bed, refuse_or_skip
from relevome.data.sequence import Interval
from relevome.models.training import TrainingResult, TrainingSettings, train

UPSTREAM, DOWNSTREAM = 70, 30
TEST_END, VALIDATION_START = 1_000_000, 4_200_000
METHODS = ("attnlrp", "integrated-gradients", "mutagenesis")


class Site(NamedTuple):
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


def measure(quick: bool = False) -> list[Row]:
    """Train, explain the start sites of the test, and say where relevance is highest."""
    sites = all_sites(seed=0)[:: 4 if quick else 1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = train_cnn(folder, sites)
        rows = [
            Row("AUROC on test", result.metrics["test"]["auroc"] or 0.0, "at least 0.95"),
            Row("training, seconds", result.seconds),
        ]
        real = write_bed(folder / "real.bed", (s for s in sites if s.real and s.part == "test"))
        model = relevome.load_model(result.output)
        for method in METHODS:
            begin = time.perf_counter()
            run = relevome.explain(model, from_bed(real, genome(), model.alphabet), method)
            rows += _rows(method, mean_profile(run), time.perf_counter() - begin)
    return rows


def _rows(method: str, profile: Float[np.ndarray, "letters"], seconds: float) -> list[Row]:
    return [
        Row(f"{method}, highest at", str(highest(profile)), "-14 to -7"),
        Row(f"{method}, highest upstream of -20 at", str(highest(profile[: UPSTREAM - 20])), "-35 or -34"),
        Row(f"{method}, seconds", seconds),
    ]


def genome() -> Path:
    """The genome of E. coli K-12 MG1655."""
    return data("ecoli", "NC_000913.3.fna.gz")


def all_sites(seed: int) -> list[Site]:
    """Every start site with a whole window, and as many random sites in each table, in random order."""
    with open_genome(genome()) as chromosomes:
        ((chrom, record),) = chromosomes.items()
        whole = range(UPSTREAM, len(record) - UPSTREAM)
    table = pd.read_csv(data("ecoli", "tss_thomason_wanner_regulondb.tsv"), sep="\t")
    table = table[table["source_info"].str.contains("storz")]
    places = zip(table["position_NC_000913.3"] - 1, table["strand"], strict=True)
    real = [Site(chrom, position, strand, True) for position, strand in places if position in whole]
    rng = np.random.default_rng(seed)
    sites = [*real, *_random_sites(real, whole, rng)]
    return [sites[i] for i in rng.permutation(len(sites))]


def _random_sites(real: Sequence[Site], whole: range, rng: np.random.Generator) -> Iterator[Site]:
    taken = {(site.position, site.strand) for site in real}
    wanted = Counter(site.part for site in real)
    while wanted.total():
        position, strand = int(rng.integers(whole.start, whole.stop)), "+-"[rng.integers(2)]
        site = Site(real[0].chrom, position, strand, False)
        if wanted[site.part] and (position, strand) not in taken:
            taken.add((position, strand))
            wanted[site.part] -= 1
            yield site


def write_bed(path: Path, sites: Iterable[Site]) -> Path:
    """The windows of some sites as BED."""
    windows = [site.window for site in sites]
    path.write_text("".join(f"{w.chrom}\t{w.start}\t{w.end}\t.\t0\t{w.strand}\n" for w in windows))
    return path


def write_tables(folder: Path, sites: Sequence[Site]) -> None:
    """``train.csv``, ``validation.csv`` and ``test.csv`` with sequences and whether each is real."""
    bed = write_bed(folder / "all.bed", sites)
    found = refuse_or_skip(read_bed(bed, genome()), "refuse", [])
    rows = [(site.part, s.letters, int(site.real)) for s, site in zip(found, sites, strict=True)]
    table = pd.DataFrame(rows, columns=["part", "sequence", "label"])
    for part, some in table.groupby("part"):
        some[["sequence", "label"]].to_csv(folder / f"{part}.csv", index=False)


def train_cnn(folder: Path, sites: Sequence[Site], epochs: int = 10, seed: int = 0) -> TrainingResult:
    """The CNN with its defaults, trained and scored in ``folder``."""
    write_tables(folder, sites)
    settings = TrainingSettings(
        arch="cnn",
        train=folder / "train.csv",
        validation=folder / "validation.csv",
        test=folder / "test.csv",
        output=folder / "model",
        epochs=epochs,
        seed=seed,
        device="cpu",
    )
    return train(settings)


def mean_profile(run: relevome.Run) -> Float[np.ndarray, "letters"]:
    """Relevance averaged over all sequences of a run."""
    return np.mean([explanation.relevance for explanation in run], axis=0)


def highest(profile: Float[np.ndarray, "letters"]) -> int:
    """Where relevance is highest, as a position beside the start site."""
    return int(profile.argmax()) - UPSTREAM
