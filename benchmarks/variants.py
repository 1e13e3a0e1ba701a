"""How fast variants are scored, in how much memory, and whether SpliceAI's scores say what variants do.

Speed: substitutions in windows of 200, 500 and 2,000 letters by the CNN, from VCF to all files, on one core.
Seconds are those of the processor, beside the model's own forward passes at its best number of rows. A
variant is two windows, though of the alternative the CNN computes only what it changes.
Memory: what is added to the resident set at its peak, for ten times as many variants; and by a CNN of four
filters in windows of 20 letters, after a first 5,000, for 100,000, 200,000 and 400,000, what each 100,000
adds, and what a million would have by that: extrapolated, not measured.

Accuracy: single-letter variants of BRCA1 near its splice sites, measured by saturation genome editing
(Findlay et al. 2018, Nature 562:217-222), at positions that are drawn at random, by the first of SpliceAI's
networks alone; its score is the largest gain or loss of a donor or acceptor within 50 letters. AUROC of loss
of function against function, and Spearman's correlation with the measured score, beside a matrix: the largest
change of the log-odds of a donor or acceptor, of matrices from the introns of the other genes. Intervals are
over positions. Variants also act by the protein, which neither sees.

Target: 0.9 of the model's own speed; the same memory; above the matrix.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import rankdata

import relevome
from benchmarks import Row, added_memory, data, in_fresh_process, published
from benchmarks._splicing import KINDS, read_sites, read_strands
from relevome.data.formats.fasta import read_fasta
from relevome.data.formats.vcf import vcf_header, vcf_lines
from relevome.data.sequences import DNA
from relevome.evaluation.statistics import auroc, correlation
from relevome.models.base import Model
from relevome.models.batching import FixedBatchSize
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.own_tokenizers import letter_tokenizer

MANY, FIRST, SHORT = (100_000, 200_000, 400_000), 5_000, 20
WIDTHS = (200, 500, 2_000)
_OTHER = str.maketrans("ACGT", "CATG")
GENE = (10_000, 91_189)  # from the first letter of BRCA1's transcripts to behind the last, in its record
BEFORE = {"donor": 3, "acceptor": 20}  # letters of a matrix up to the exon's last, or before its first
AFTER = {"donor": 6, "acceptor": 3}


def measure(quick: bool = False) -> list[Row]:
    """Speed, memory and accuracy."""
    torch.set_num_threads(1)
    count = 1_000 if quick else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _save_model(folder / "model")
        found = [row for width in WIDTHS for row in _speed(folder, count, width)]
        found += _memory(folder, count)
        found += _growth(folder, (2_000, 4_000, 8_000) if quick else MANY)
        return found + list(_accuracy(folder, 2 if quick else 75))


def _save_model(folder: Path) -> None:
    torch.manual_seed(0)
    CnnForSequenceClassification(CnnConfig()).save_pretrained(folder)
    letter_tokenizer(DNA).save_pretrained(folder)


def _written(folder: Path, count: int) -> dict[str, Any]:
    """A contig, and as many substitutions in it, in order."""
    draw = np.random.default_rng(0)
    letters = "".join(draw.choice(list("ACGT"), 2_000_000))
    places = np.sort(draw.integers(2_000, len(letters) - 2_000, count)).tolist()
    lines = (f"1\t{at + 1}\t.\t{letters[at]}\t{letters[at].translate(_OTHER)}\n" for at in places)
    files = {"genome": folder / "genome.fa", "vcf": folder / f"{count}.vcf"}
    files["genome"].write_text(f">1\n{letters}\n")
    files["vcf"].write_text("#CHROM\tPOS\tID\tREF\tALT\n" + "".join(lines))
    return files


def _speed(folder: Path, count: int, width: int) -> Iterator[Row]:
    files, model = _written(folder, count), relevome.load_model(folder / "model", device="cpu")
    best = max(_forward(model, rows, width) for rows in (16, 32, 64, 128, 256, model.rows(width)))

    def score() -> None:
        relevome.variants(model, folder / "out", **files, width=width, overwrite=True)

    score()
    rate = 2 * count / _processor(score)
    yield Row(f"{width:,} letters: windows a second, of the best", f"{rate:,.0f} of {best:,.0f}")
    yield Row(f"{width:,} letters: share of the model's own speed", rate / best, "0.9")


def _forward(model: Model, rows: int, width: int) -> float:
    """Windows that the model takes in a second of the processor."""
    ids = torch.full((rows, width), model.tokenizer.ordinary_ids()[0])
    passes = max(1, 2_048 // rows)
    with model.frozen(), torch.inference_mode():
        model.module(input_ids=ids)
        return passes * rows / _processor(lambda: [model.module(input_ids=ids) for _ in range(passes)])


def _processor(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _memory(folder: Path, count: int) -> list[Row]:
    few, many = count, 10 * count
    added = {n: in_fresh_process(_added, folder, n) for n in (few, many)}
    return [
        *(Row(f"{n:,} variants, MiB on top of the model", mib) for n, mib in added.items()),
        Row(f"{many:,} variants over {few:,}", added[many] / added[few], "1"),
    ]


def _added(folder: Path, count: int) -> float:
    files, model = _written(folder, count), relevome.load_model(folder / "model", device="cpu")
    sized = model.with_batch_sizes(FixedBatchSize(64))
    return added_memory(lambda: relevome.variants(sized, folder / f"out{count}", **files, width=200))


def _growth(folder: Path, counts: Sequence[int]) -> Iterator[Row]:
    """Peaks of very many variants, each in a fresh process, and the slope of a line through them."""
    added = [in_fresh_process(_added_to_the_first, folder, count) for count in counts]
    for count, (mib, seconds) in zip(counts, added, strict=True):
        yield Row(f"{count:,} variants of {SHORT} letters, MiB more than {FIRST:,}", mib)
        yield Row(f"{count:,} variants of {SHORT} letters, microseconds of the processor each", seconds)
    slope, start = np.polyfit(np.array(counts) / 100_000, [mib for mib, _ in added], 1)
    yield Row("MiB for each 100,000", float(slope), "0")
    yield Row("MiB for 1,000,000, extrapolated", float(start + 10 * slope))


def _added_to_the_first(folder: Path, count: int) -> tuple[float, float]:
    """MiB on top of a few variants, and microseconds for each."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tiny = folder / f"tiny{count}"
    network = CnnForSequenceClassification(CnnConfig(filters=(4,), widths=(5,), pools=(2,), hidden_size=4))
    network.save_pretrained(tiny / "model")
    letter_tokenizer(DNA).save_pretrained(tiny / "model")
    model = relevome.load_model(tiny / "model", device="cpu")
    few, many = (_written(tiny, number) for number in (FIRST, count))
    relevome.variants(model, tiny / "few", **few, width=SHORT)
    spent: list[float] = []

    def score() -> None:
        spent.append(_processor(lambda: relevome.variants(model, tiny / "many", **many, width=SHORT)))

    return added_memory(score), 1e6 * spent[0] / count


def _accuracy(folder: Path, positions: int) -> Iterator[Row]:
    source = data("variants", "BRCA1_splice_SGE_multiallelic.vcf")
    genome = data("variants", "BRCA1_gene_GRCh38_minus.fa.gz")
    lines = [line for _, line in vcf_lines(source)]
    drawn = sorted(random.Random(0).sample(range(len(lines)), positions))
    (folder / "sge.vcf").write_text("\n".join([*vcf_header(source), *(lines[at] for at in drawn), ""]))
    (folder / "gene.bed").write_text(f"BRCA1\t{GENE[0]}\t{GENE[1]}\tBRCA1\t0\t+\n")
    (folder / "one").mkdir()
    (folder / "one" / "spliceai1.h5").symlink_to(published("spliceai", "spliceai1.h5").resolve())
    found = relevome.variants(
        relevome.load_model(folder / "one", device="cpu"), folder / "spliced", vcf=folder / "sge.vcf",
        genome=genome, genes=folder / "gene.bed", target=KINDS, distance=50,
    )  # fmt: skip
    yield from compared(found.to_pandas(), [lines[at].split("\t") for at in drawn], str(_letters(genome)))


def _letters(genome: Path) -> str:
    (record,) = read_fasta(genome, DNA)
    return getattr(record, "letters", "")


def compared(rows: Any, lines: list[list[str]], letters: str) -> Iterator[Row]:
    """Rows of the result, and lines of the VCF that they are of, beside the matrices."""
    largest = rows.assign(score=rows[["gain", "loss"]].max(axis=1)).groupby(["start", "alt"])["score"].max()
    matrices = _matrices()
    table: list[tuple[int, float, float, float, str]] = []
    for fields in lines:
        info = dict(one.split("=", 1) for one in fields[7].split(";"))
        each = zip(fields[4].split(","), info["SGE"].split(","), info["CLASS"].split(","), strict=True)
        for alt, measured, kind in each:
            at = int(fields[1]) - 1
            change = max(_change(matrices[one], letters, at, alt) for one in KINDS)
            table.append((at, float(largest[at, alt]), change, float(measured), kind))
    places, scores, changes, measured = (np.array(column) for column in list(zip(*table, strict=True))[:4])
    lost = np.array([row[4] == "LOF" for row in table])
    sure = np.array([row[4] in ("LOF", "FUNC") for row in table])
    yield Row("variants of BRCA1, and positions", f"{len(table)} ({lost.sum()} LOF), {len(set(places))}")
    for name, given in (("SpliceAI, one network", scores), ("matrices", changes)):
        said = _interval(places[sure], lambda at, g=given[sure]: _auroc(g[at], lost[sure][at]))
        yield Row(f"{name}: AUROC of LOF against FUNC", said)
        said = _interval(places, lambda at, g=given: _spearman(g[at], -measured[at]))
        yield Row(f"{name}: Spearman's correlation with the loss of function", said)


def _auroc(scores: Float[np.ndarray, " n"], truth: np.ndarray) -> float:
    return float(auroc(scores, truth)) if truth.any() and not truth.all() else np.nan


def _spearman(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"]) -> float:
    return correlation(rankdata(first), rankdata(second))


def _interval(places: np.ndarray, statistic: Callable[[np.ndarray], float], draws: int = 500) -> str:
    """A statistic of rows with its 95% interval, by draws of whole positions."""
    draw = np.random.default_rng(0)
    of = {place: np.flatnonzero(places == place) for place in np.unique(places)}
    names = list(of)
    found = [
        statistic(np.concatenate([of[names[n]] for n in draw.integers(0, len(names), len(names))]))
        for _ in range(draws)
    ]
    low, high = np.nanquantile(found, [0.025, 0.975])
    return f"{statistic(np.arange(len(places))):.3f} ({low:.3f} to {high:.3f})"


def _matrices() -> dict[str, Float[np.ndarray, "places letters"]]:
    """Log-odds of letters around sites of each kind against a quarter each, by the introns of other genes."""
    strands, found = read_strands(), {}
    sites = [site for site in read_sites(strands) if site.gene != "BRCA1"]
    for kind in KINDS:
        counts = np.full((BEFORE[kind] + AFTER[kind], 4), 0.5)
        for site in sites:
            if site.kind == kind:
                first = site.index + (1 if kind == "donor" else 0) - BEFORE[kind]
                text = strands[site.record, site.strand][first : first + len(counts)]
                if first >= 0 and len(text) == len(counts):
                    counts[np.arange(len(text)), ["ACGT".index(letter) for letter in text]] += 1
        found[kind] = np.log(counts / counts.sum(1, keepdims=True) / 0.25)
    return found


def _change(matrix: Float[np.ndarray, "places letters"], letters: str, at: int, alt: str) -> float:
    """How far the best of the windows over a place rises or falls with another letter."""
    width = len(matrix)
    best = [
        max(
            sum(matrix[n, "ACGT".index(text[first + n])] for n in range(width))
            for first in range(at - width + 1, at + 1)
        )
        for text in (letters, letters[:at] + alt + letters[at + 1 :])
    ]
    return abs(best[1] - best[0])
