"""Whether SpliceAI finds the splice sites of genes, and explanations of it the letters that make them.

Predictions: on every gene of up to 160,000 letters with an intron, from the first letter of a transcript to
the last, on its strand, 5,000 real letters on either side where the record has them; of two genes on a strand
where one lies within the other, the outer one. Right is what any transcript has on that strand. Average
precision, and top-k accuracy: of as many letters as there are sites, those with the highest probabilities,
the share that are sites. Intervals are over genes. SpliceAI was trained on other chromosomes than 1, 3, 5, 7
and 9 (Jaganathan et al. 2019), so that some genes here are new to it.

Relevance: the logit of a site less that of ``neither``, by the first of the five networks, at 100 donors and
100 acceptors with 5,000 real letters on either side: half in genes that are new to it, one after another from
each gene. Place 0 is the last letter of an exon (donor) or the first (acceptor), so that GT is at 1 and 2, AG
at -2 and -1; windows are from -50 to 50. The tract is the pyrimidines from -20 to -5, beside all other
letters from -50 to -5. Intervals are over sites. Integrated gradients, from the sequence of N in eight steps,
are of fewer sites, as are weights in random order (one order), and the same logit without ``neither``.

Target: GT, AG and the tract above chance, above weights in random order, and above what every letter has on
the average; sites lie one upon the other, so that no method can beat the null of places for GT and AG.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

import relevome
from benchmarks import Row, published
from benchmarks._aligned import Aligned, Measure, aurocs, by_group, highest, rows, share_on, told
from benchmarks._hardware import gflops
from benchmarks._splicing import (
    KINDS,
    UNSEEN,
    Region,
    Site,
    Strands,
    chosen,
    fits,
    read_regions,
    read_sites,
    read_strands,
    there,
)
from relevome.attribution import methods
from relevome.attribution.lift import to_letters
from relevome.data.sequences import DNA
from relevome.data.sequences import Sequence as Letters
from relevome.evaluation.statistics import correlation
from relevome.models.base import Batch, Model
from relevome.models.published.spliceai import CONTEXT, LABELS, MeanOfProbabilities
from relevome.models.targets import resolve_target
from relevome.models.untrained import with_shuffled_weights

LONGEST = 160_000
PIECE = 100_000  # letters that are predicted at once
HALF = 50
FEW = 4  # sites that are explained without a contrast too
TRACT, AROUND_TRACT = (-20, -5), (-50, -5)


@dataclass(frozen=True)
class How:
    """A method, its options, and at how many sites of each kind it is asked; and so of untrained weights."""

    name: str
    options: Mapping[str, int]
    sites: int
    untrained: int


METHODS = (
    How("gradient-x-input", {}, 100, 30),
    How("attnlrp", {}, 100, 30),
    How("integrated-gradients", {"steps": 8}, 30, 10),
)


def measure(quick: bool = False) -> list[Row]:
    """What is predicted, and what is explained."""
    torch.set_num_threads(1)
    model, strands = spliceai(), read_strands()
    sites, regions = read_sites(strands), read_regions(strands)
    found = [Row("GFLOP/s of one core, float32 products", f"{gflops():.0f}")]
    found += predicted(model, strands, sites, regions, 8_000 if quick else LONGEST)
    first = of_one_site(model, slice(1))
    untrained = with_shuffled_weights(first, seed=0)
    for kind in KINDS:
        whole = chosen([site for site in sites if site.kind == kind and fits(site, strands)], 100)
        others: Aligned | None = None
        for how in METHODS:
            count, fewer = (4, 2) if quick else (how.sites, how.untrained)
            asked = whole[:count]
            given = around(first, strands, asked, how)
            without = around(untrained, strands, asked[:fewer], how)
            name = f"{kind}, {how.name}"
            found.append(Row(f"{name}: highest at", str(highest(given)), "GT: 1, 2; AG: -2, -1"))
            found += rows(name, given, without, MEASURES[kind])
            found += new_to_it(name, given, asked, MEASURES[kind])
            alone = around(first, strands, asked[:FEW], how, contrast=None)
            found.append(Row(f"{name}: r with and without neither", alike(given, alone)))
            if others is not None:
                found.append(Row(f"{name}: r with {METHODS[0].name}", alike(given, others)))
            others = others or given
    return found


def alike(one: Aligned, other: Aligned) -> str:
    """Correlations at the sites that both have, of which the first are the same."""
    found = [correlation(*pair) for pair in zip(one.relevance, other.relevance, strict=False)]
    return f"{min(found):.3f} to {max(found):.3f} ({len(found)} sites)"


def spliceai() -> Model:
    """The published model, which is not in the project."""
    return relevome.load_model(published("spliceai"))


def of_one_site(model: Model, which: slice) -> Model:
    """The same for the letter in the middle of 10,001, by some networks; nothing is added outside."""
    every = list(model.module.module.networks)  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType]
    return relevome.from_module(
        MeanOfProbabilities(every[which]), channels="last", length=2 * CONTEXT + 1, output="position:0",
        outputs="classes", labels=LABELS, name=f"{model.source.path}, {len(every[which])} of {len(every)}",
    )  # fmt: skip


def predicted(
    model: Model, strands: Strands, sites: Sequence[Site], regions: Sequence[Region], longest: int
) -> list[Row]:
    """How well sites are found in the genes that are short enough."""
    asked = [region for region in regions if region.end - region.start <= longest]
    left = [f"{one.gene} ({one.introns})" for one in regions if one not in asked]
    letters = sum(region.end - region.start for region in asked)
    found = [
        Row("genes, and letters", f"{len(asked)}, {letters:,}"),
        Row("genes left out (introns)", ", ".join(left)),
    ]
    scores = [probabilities(model, strands, region) for region in asked]
    for column, kind in ((LABELS.index(kind), kind) for kind in KINDS):
        truth = [there(region, sites, kind) for region in asked]
        given = [one[:, column] for one in scores]
        for name, which in (
            ("all genes", asked),
            ("genes new to it", [region for region in asked if region.record in UNSEEN]),
        ):
            rows_of = [asked.index(region) for region in which]
            if len(rows_of) > 1:
                found += accuracy(
                    f"{kind}s, {name}", [given[i] for i in rows_of], [truth[i] for i in rows_of]
                )
    return found


def probabilities(model: Model, strands: Strands, region: Region) -> Float[np.ndarray, "letters 3"]:
    """Of every letter of a region, by pieces with what is around them."""
    text, parts = strands[region.record, region.strand], []
    for start in range(region.start, region.end, PIECE):
        end, first = min(start + PIECE, region.end), max(0, start - CONTEXT)
        (found,) = model.predict([text[first : end + CONTEXT]])
        if found.probabilities is not None:
            parts.append(found.probabilities[start - first : end - first])
    return np.concatenate(parts)


def accuracy(
    name: str, scores: Sequence[Float[np.ndarray, " letters"]], truth: Sequence[Bool[np.ndarray, " letters"]]
) -> Iterator[Row]:
    """Average precision and top-k accuracy, means over genes, and of all letters together."""
    from sklearn.metrics import average_precision_score  # of the extra `train`

    sites = sum(int(one.sum()) for one in truth)
    for what, score in (("average precision", average_precision_score), ("top-k accuracy", top_k)):
        each = np.array([float(score(right, given)) for right, given in zip(truth, scores, strict=True)])
        together = score(np.concatenate(truth), np.concatenate(scores))
        mean = by_group(each, [str(gene) for gene in range(len(each))])
        yield Row(
            f"{name}: {what}, mean of {len(each)} genes; all letters together ({sites} sites)",
            f"{told(mean)}; {together:.3f}",
        )


def top_k(truth: Bool[np.ndarray, " letters"], scores: Float[np.ndarray, " letters"]) -> float:
    """Of as many letters as are right, those with the highest scores: the share that are right."""
    count = int(truth.sum())
    return float(truth[np.argsort(-scores, kind="stable")[:count]].mean())


def around(
    model: Model, strands: Strands, sites: Sequence[Site], how: How, contrast: str | None = "neither"
) -> Aligned:
    """Relevance of the letters around sites of one kind."""
    method = methods[how.name](**how.options)
    target = resolve_target(model, sites[0].kind, contrast=contrast)
    found, texts = [], []
    for number, site in enumerate(sites):
        text = strands[site.record, site.strand][site.index - CONTEXT : site.index + CONTEXT + 1]
        tokens = model.tokenize(Letters(str(number), text, DNA))
        (relevance,) = method.attribute(model, Batch((tokens,), (target,)))
        window = slice(CONTEXT - HALF, CONTEXT + HALF + 1)
        found.append(to_letters(relevance).values[window])
        texts.append(text[window])
    names = tuple(f"{site.record} {site.strand} {site.index}" for site in sites)
    return Aligned(np.array(found, dtype=float), tuple(texts), names, HALF)


def _letters_at(*places: int) -> Measure:
    """How far two letters stand out of a window."""
    return lambda sites: aurocs(sites, _at(sites, places), np.ones_like(sites.relevance, dtype=bool))


def _share_at(*places: int) -> Measure:
    return lambda sites: share_on(sites, _at(sites, places))


def _at(sites: Aligned, places: Sequence[int]) -> Bool[np.ndarray, "sites places"]:
    return np.broadcast_to(np.isin(sites.places, places), sites.relevance.shape)


def tract(sites: Aligned) -> Float[np.ndarray, " sites"]:
    """How far the pyrimidines of the tract stand out of the letters before an acceptor."""
    near, wide = ((sites.places >= first) & (sites.places <= last) for first, last in (TRACT, AROUND_TRACT))
    return aurocs(sites, sites.among("CT") & near, np.broadcast_to(wide, sites.relevance.shape))


CHANCE = f"{2 / (2 * HALF + 1):.3f}"
MEASURES: Mapping[str, Mapping[str, tuple[Measure, str]]] = {
    "donor": {
        "GT, AUROC": (_letters_at(1, 2), "0.5"),
        "GT, share of absolute relevance": (_share_at(1, 2), CHANCE),
    },
    "acceptor": {
        "AG, AUROC": (_letters_at(-2, -1), "0.5"),
        "AG, share of absolute relevance": (_share_at(-2, -1), CHANCE),
        "tract, AUROC": (tract, "0.5"),
    },
}


def new_to_it(
    name: str, given: Aligned, sites: Sequence[Site], measures: Mapping[str, tuple[Measure, str]]
) -> Iterator[Row]:
    """The measures in genes that the model was not trained on."""
    new = np.array([site.unseen for site in sites])
    for what, (one, _) in measures.items():
        values = np.where(new, one(given), np.nan)
        yield Row(
            f"{name}: {what}, genes new to it ({new.sum()} sites)", told(by_group(values, given.groups))
        )
