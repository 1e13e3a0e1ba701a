"""Whether taking out and putting in finds what a model of promoters makes of the -10 and the -35 box.

The CNN of ``ecoli_promoters``, trained with two seeds, on start sites over 1,000,000. Promoters of sigma 70
of RegulonDB, of positions up to 1,000,000, are cut as its windows are; their boxes are where the matrices of
Hawley & McClure (1983) with 15 to 19 letters between them fit best, 4 to 10 letters before the start. They
are replaced by other letters of the promoter, and so are windows of the same letters elsewhere (``beyond`` is
the difference). Patterns are the counts of boxes in promoters of positions over 1,000,000.

Then the consensus of both, TTGACA and TATAAT, is put into other windows: -10 where most promoters have it,
-35 at 12 to 22 letters before it. These are random windows of the test part, or shuffles of promoters with
the same pairs of letters. ``both`` is what both boxes add to the logit, ``interaction`` what that is beyond
the sum of what each adds alone at the same place. Intervals are 95% over promoters or backgrounds.

Target: without either box the logit falls by more than without windows like it; and both boxes add most with
17 letters between them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from benchmarks import Row, data
from benchmarks.ecoli_promoters import all_sites, genome, train_cnn
from relevome.data.genomes import read_bed
from relevome.data.motif_matches import best_match
from relevome.data.problems import refuse_or_skip
from relevome.data.sequences import DNA, Sequence
from relevome.data.simulation.grammar import promoter_grammar
from relevome.discovery.mean_interval import mean_interval
from relevome.discovery.motifs.causal import Predict, taken_out
from relevome.discovery.motifs.hits import Hits
from relevome.discovery.motifs.patterns import SeqletPattern
from relevome.discovery.motifs.put_in import best_distance, put_in_pairs, shuffled_backgrounds, usual_place
from relevome.evaluation.scoring import Scorer
from relevome.models.base import Model
from relevome.models.hugging_face import load_model
from relevome.models.targets import resolve_target
from relevome.studies.start_sites import TEST_END, UPSTREAM, StartSite, write_windows

SEEDS = 2
BACKGROUNDS = 500
GAPS = range(12, 23)
BEST = 17
ENDS = range(UPSTREAM - 10, UPSTREAM - 3)  # of -10, which 4 to 10 letters follow before the start
NAMES = ("-35", "-10")


@dataclass(frozen=True)
class Promoters:
    """Promoters of the test part, their boxes, and the patterns of boxes of all others."""

    sequences: list[Sequence]
    hits: Hits
    patterns: list[SeqletPattern]


def measure(quick: bool = False) -> list[Row]:
    """Train, take boxes out, and put them in; quick: one seed, and a quarter of the start sites."""
    promoters = all_promoters()
    sites = all_sites(seed=0)[:: 4 if quick else 1]
    rows = [Row("promoters", str(len(promoters.sequences)))]
    with tempfile.TemporaryDirectory() as name:
        for seed in range(1 if quick else SEEDS):
            folder = Path(name, str(seed))
            folder.mkdir()
            result = train_cnn(folder, sites, seed=seed)
            rows.append(Row(f"seed {seed}: AUROC on test", result.metrics["test"]["auroc"] or 0.0))
            rows += [
                Row(f"seed {seed}: {row.name}", *row[1:])
                for row in of_model(load_model(result.output), promoters, random_windows(sites, folder))
            ]
    return rows


def of_model(model: Model, promoters: Promoters, windows: list[Sequence]) -> Iterator[Row]:
    """What a model makes of the boxes."""
    rng = np.random.default_rng(0)
    predict = predictor(model)
    for one in taken_out(predict, promoters.sequences, promoters.hits, promoters.patterns, rng):
        name = NAMES[one.pattern]
        yield Row(f"without {name}: fall of the logit", told(one.fall))
        yield Row(f"without windows like {name}", told(one.matched))
        yield Row(f"without {name}, beyond windows like it", told(one.beyond), "above 0")
        yield Row(f"without {name}, beyond windows like it: p", f"{one.p:.2g}", "below 0.05")
    start, _ = usual_place(promoters.hits, NAMES.index("-10"))
    minus_35, minus_10 = (
        one.motif(name) for name, one in zip(NAMES, promoters.patterns, strict=True)
    )
    shuffles = shuffled_backgrounds(promoters.sequences, BACKGROUNDS, rng)
    for name, backgrounds in (("windows", windows[:BACKGROUNDS]), ("shuffles", shuffles)):
        pairs = put_in_pairs(predict, backgrounds, minus_10, minus_35, GAPS, start)
        for what, values in (("both", pairs.both[:, 0]), ("interaction", pairs.interaction[:, 0])):
            best = best_distance(pairs.gap, values, rng)
            yield Row(
                f"{name}, {what}: best distance",
                f"{best.gap} ({best.low} to {best.high})",
                str(BEST) if what == "both" else "",
            )
            for gap, column in zip(pairs.gap.tolist(), values.T, strict=True):
                yield Row(f"{name}, {what} at {gap}", told(column))


def told(values: Float[np.ndarray, " sequences"]) -> str:
    """A mean with its interval."""
    mean, low, high = mean_interval(values)
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def predictor(model: Model) -> Predict:
    """Logits of a start site."""
    scorer, target = Scorer(model), resolve_target(model, "1")
    return lambda sequences: scorer.scores((model.tokenize(one), target) for one in sequences)


def random_windows(sites: Iterable[StartSite], folder: Path) -> list[Sequence]:
    """Windows of the test part around no known start site."""
    bed = write_windows(folder / "random.bed", (one for one in sites if not one.real and one.part == "test"))
    return list(refuse_or_skip(read_bed(bed, genome()), "refuse", []))


def all_promoters() -> Promoters:
    """Promoters of sigma 70 in RegulonDB, none twice, with their boxes."""
    table = pd.read_csv(data("ecoli", "RegulonDB_PromoterSet.tsv"), sep="\t", comment=None)
    table = table[(table["sigmaFactor"] == "sigma70") & (table["posTSS"] > 0)]
    strands = table["strand"].map({"forward": "+", "reverse": "-"})
    (chrom,) = {site.chrom for site in all_sites(seed=0)[:1]}
    places = zip(table["posTSS"].astype(int) - 1, strands, strict=True)
    sites = [StartSite(chrom, place, strand, True) for place, strand in dict.fromkeys(places)]
    with tempfile.TemporaryDirectory() as name:
        bed = write_windows(Path(name, "promoters.bed"), sites)
        sequences = list(refuse_or_skip(read_bed(bed, genome()), "refuse", []))
    test = [one.part == "test" for one in sites]
    return Promoters(
        [one for one, held_out in zip(sequences, test, strict=True) if held_out],
        boxes([one for one, held_out in zip(sequences, test, strict=True) if held_out]),
        patterns([one for one, held_out in zip(sequences, test, strict=True) if not held_out]),
    )


def boxes(promoters: list[Sequence]) -> Hits:
    """Where the boxes fit best: -35 of all promoters, then -10."""
    (unit,) = promoter_grammar().units
    found = [best_match(unit, one, ENDS) for one in promoters]
    start = np.array([[sites[box].start for sites in found] for box in range(len(NAMES))]).ravel()
    count = len(promoters)
    return Hits(
        np.repeat(np.arange(len(NAMES)), count),
        np.tile(np.arange(count), len(NAMES)),
        start,
        start + np.repeat([len(one) for one in unit.motifs], count),
        np.zeros(len(start), dtype=bool),
        np.ones(len(start)),
        np.zeros(len(start)),
        np.zeros(len(start)),
        0.0,
    )


def patterns(promoters: list[Sequence]) -> list[SeqletPattern]:
    """Counts of the letters of their boxes."""
    hits = boxes(promoters)
    found: list[SeqletPattern] = []
    for box in range(len(NAMES)):
        own = hits.pattern == box
        texts = [
            promoters[row].letters[start:end]
            for row, start, end in zip(hits.sequence[own], hits.start[own], hits.end[own], strict=True)
        ]
        counts = np.array([[column.count(letter) for letter in DNA.letters] for column in zip(*texts, strict=True)])
        none = np.zeros(0, dtype=np.int64)
        found.append(SeqletPattern(DNA, 1, counts.astype(float), np.zeros(counts.shape), none, none, none.astype(bool)))
    return found
