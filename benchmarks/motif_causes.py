"""Whether taking out and putting in finds what a model of promoters makes of the -10 and the -35 box.

The CNN of ``ecoli_promoters``, trained with two seeds on start sites of positions over 1,000,000. Promoters
of sigma 70 in RegulonDB of positions up to 1,000,000 are cut as its windows are. Boxes are where the matrices
of Hawley & McClure (1983), with 15 to 19 letters between them, fit best, 4 to 10 letters before the start;
the patterns are counts of their letters in the promoters of other positions. Boxes are taken out of
promoters, and so are windows of the same letters elsewhere in them: ``beyond`` is the difference of both
falls.

Then TTGACA and TATAAT are put into other windows: random ones of the test part, or shuffles of promoters with
the same pairs of letters. -10 is where most start sites of the test part have it, -35 is 12 to 22 letters
before it. ``both`` is what both boxes add to the logit, ``interaction`` what that is beyond the sum of what
each adds alone at the same place. All is done again with -10 a letter before and behind that place: what
looks for a distance has the same best one, what looks for the place of -35 one less and one more. Intervals
are 95%, over promoters or backgrounds.

Target: without either box the logit falls by more than without windows like it; both boxes add most with 17
letters between them, within the interval, and beyond the sum of what each adds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
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
from relevome.studies.start_sites import UPSTREAM, StartSite, write_windows

SEEDS = 2
BACKGROUNDS = 300
PLACED = 500  # start sites of the test part that say where -10 usually is
GAPS = range(12, 23)
BEST = 17
ENDS = range(UPSTREAM - 10, UPSTREAM - 3)  # of -10, which 4 to 10 letters follow before the start
NAMES = ("-35", "-10")
CHROMOSOME = "NC_000913.3"
OF_DISTANCE = f"{BEST}, were it distance that counts"
TEN = NAMES.index("-10")


@dataclass(frozen=True)
class Promoters:
    """Promoters of the test part, their boxes, and the patterns of boxes of all others."""

    sequences: list[Sequence]
    hits: Hits
    patterns: list[SeqletPattern]


@dataclass(frozen=True)
class PutWhere:
    """What boxes are put into, by name, and the first letter that -10 usually has there."""

    backgrounds: dict[str, list[Sequence]]
    start: int


def measure(quick: bool = False) -> list[Row]:
    """Train, take boxes out, and put them in; quick: one seed, a quarter of the start sites and promoters."""
    every = 4 if quick else 1
    promoters, sites = known_promoters(every), all_sites(seed=0)[::every]
    put_where = backgrounds(promoters, sites)
    rows = [
        Row("promoters", str(len(promoters.sequences))),
        Row("first letter of -10, of promoters", str(usual_place(promoters.hits, TEN)[0] - UPSTREAM)),
        Row("first letter of -10, of start sites", str(put_where.start - UPSTREAM)),
    ]
    for seed in range(1 if quick else SEEDS):
        with tempfile.TemporaryDirectory() as name:
            result = train_cnn(Path(name), sites, seed=seed)
            found = of_model(load_model(result.output), promoters, put_where)
            rows.append(Row(f"seed {seed}: AUROC on test", result.metrics["test"]["auroc"] or 0.0))
            rows += [Row(f"seed {seed}: {row.name}", *row[1:]) for row in found]
    return rows


def of_model(model: Model, promoters: Promoters, put_where: PutWhere) -> list[Row]:
    """What a model makes of the boxes."""
    scorer, target = Scorer(model), resolve_target(model, "1")

    def predict(sequences: Iterable[Sequence]) -> Float[np.ndarray, " sequences"]:
        return scorer.scores((model.tokenize(one), target) for one in sequences)

    return [*without_boxes(predict, promoters), *with_boxes(predict, promoters, put_where)]


def without_boxes(predict: Predict, promoters: Promoters) -> Iterator[Row]:
    """What promoters lose with their boxes, and with other windows."""
    rng = np.random.default_rng(0)
    for one in taken_out(predict, promoters.sequences, promoters.hits, promoters.patterns, rng):
        name = NAMES[one.pattern]
        yield Row(f"without {name}, fall of the logit", told(one.fall))
        yield Row(f"without windows like {name}, fall of the logit", told(one.matched))
        yield Row(f"without {name}, beyond windows", told(one.beyond), "above 0")
        yield Row(f"without {name}, beyond windows, p", f"{one.p:.2g}", "below 0.05")


def with_boxes(predict: Predict, promoters: Promoters, put_where: PutWhere) -> Iterator[Row]:
    """What boxes add to backgrounds at every distance, with -10 where it usually is and beside."""
    minus_35, minus_10 = (one.motif(name) for name, one in zip(NAMES, promoters.patterns, strict=True))
    for (name, given), moved in product(put_where.backgrounds.items(), (0, -1, 1)):
        pairs = put_in_pairs(predict, given, minus_10, minus_35, GAPS, put_where.start + moved)
        both, beyond = pairs.both[:, 0], pairs.interaction[:, 0]
        place = f"{name}, -10 at {put_where.start + moved - UPSTREAM}"
        yield _best(f"{place}: best distance, both", both, str(BEST) if not moved else OF_DISTANCE)
        yield _best(f"{place}: best distance, interaction", beyond, "")
        if not moved:
            at = GAPS.index(BEST)
            yield Row(f"{place}: both, {BEST} between", told(both[:, at]))
            yield Row(f"{place}: interaction, {BEST} between", told(beyond[:, at]), "above 0")
            for what, values in (("both", both), ("interaction", beyond)):
                means = " ".join(f"{mean:.2f}" for mean in values.mean(0))
                yield Row(f"{place}: {what}, {GAPS[0]} to {GAPS[-1]} between", means)


def _best(name: str, values: Float[np.ndarray, "backgrounds gaps"], target: str) -> Row:
    best = best_distance(np.array(GAPS), values, np.random.default_rng(0))
    return Row(name, f"{best.gap} ({best.low} to {best.high})", target)


def backgrounds(promoters: Promoters, sites: list[StartSite]) -> PutWhere:
    """Random windows of the test part, and shuffles of promoters."""
    test = [one for one in sites if one.part == "test"]
    real, random = (
        windows([one for one in test if one.real == wanted][:count])
        for wanted, count in ((True, PLACED), (False, BACKGROUNDS))
    )
    shuffles = shuffled_backgrounds(promoters.sequences, BACKGROUNDS, np.random.default_rng(1))
    return PutWhere({"windows": random, "shuffles": shuffles}, usual_place(boxes(real), TEN)[0])


def told(values: Float[np.ndarray, " sequences"]) -> str:
    """A mean with its interval."""
    mean, low, high = mean_interval(values)
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def windows(sites: list[StartSite]) -> list[Sequence]:
    """The letters around start sites."""
    with tempfile.TemporaryDirectory() as name:
        bed = write_windows(Path(name, "windows.bed"), sites)
        return list(refuse_or_skip(read_bed(bed, genome()), "refuse", []))


def known_promoters(every: int = 1) -> Promoters:
    """Promoters of sigma 70 in RegulonDB, none twice, with their boxes; only one in ``every`` is taken."""
    table = pd.read_csv(data("ecoli", "RegulonDB_PromoterSet.tsv"), sep="\t")
    table = table[(table["sigmaFactor"] == "sigma70") & (table["posTSS"] > 0)]
    strands = [{"forward": "+", "reverse": "-"}[one] for one in table["strand"]]
    places = zip(table["posTSS"].astype(int) - 1, strands, strict=True)
    sites = [
        StartSite(CHROMOSOME, place, strand, True) for place, strand in [*dict.fromkeys(places)][::every]
    ]
    test, others = (
        windows([one for one in sites if (one.part == "test") == held_out]) for held_out in (True, False)
    )
    return Promoters(test, boxes(test), patterns(others))


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
        places = zip(hits.sequence[own], hits.start[own], hits.end[own], strict=True)
        texts = [list(promoters[row].letters[start:end]) for row, start, end in places]
        counts = (np.array(texts)[..., None] == [*DNA.letters]).sum(0).astype(float)
        none = np.zeros(0, dtype=np.int64)
        found.append(SeqletPattern(DNA, 1, counts, np.zeros_like(counts), none, none, none.astype(bool)))
    return found
