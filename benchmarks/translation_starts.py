"""Whether TIS Transformer finds where translation starts, and explanations of it what is known of starts.

Predictions: of 191 human mRNAs of 134 genes, how often the letter with the highest probability of a start is
the annotated one, among all letters and among the A of every ATG; beside the first ATG. The model was trained
on the whole transcriptome but for some chromosomes, so that most genes here are not new to it.

Relevance: the logit of ``start`` less that of ``no start`` at the annotated start of mRNAs of up to 2,000
letters. Place 0 is the A of the ATG, +1 by the custom of Kozak, so that her -3 is at -3 and her +4 at 3;
windows are from -20 to 149, and around the stop codon, whose first letter is 0, from -60 to 62; mRNAs that
have no such window, or whose reading frame ends in the first, are left out. The reading frame: letters 3 to
149, by their places in codons; the power at a period of three letters is that of a Fourier transform over the
mean of all periods, 1 by chance. Intervals are over genes. Integrated gradients, from the mRNA of N in eight
steps, are of mRNAs of up to 1,500 letters; weights in random order (one order) of up to 1,500, and 1,000.

Target: ATG, -3, +4, the frame and the stop codon above chance, above weights in random order, and above what
every letter has on the average; the null of places, which is told where the site is, is there to be seen.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

import relevome
from benchmarks import Row, Unavailable, data, published
from benchmarks._aligned import Aligned, Measure, aurocs, by_group, highest, rows, share_on, told
from benchmarks._hardware import gflops
from relevome.attribution import methods
from relevome.attribution.lift import to_letters
from relevome.data.formats.fasta import read_fasta
from relevome.data.sequences import DNA
from relevome.data.sequences import Sequence as Letters
from relevome.evaluation.statistics import auroc
from relevome.models.base import Batch, Model
from relevome.models.targets import resolve_target
from relevome.models.untrained import with_shuffled_weights

BEFORE, AFTER = 20, 150
AROUND_STOP = (60, 63)
STOPS = ("TAA", "TAG", "TGA")


@dataclass(frozen=True)
class Transcript:
    """An mRNA; translated are the letters from ``start`` to before ``end``, the stop codon included."""

    sequence: Letters
    gene: str
    start: int
    end: int


@dataclass(frozen=True)
class How:
    """A method, its options, and up to which length mRNAs are explained by it; and of untrained weights."""

    name: str
    options: Mapping[str, int | str]
    longest: int
    untrained: int

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{option}={value}" for option, value in self.options.items())])


METHODS = (
    How("gradient-x-input", {}, 2_000, 1_500),
    How("attnlrp", {}, 2_000, 1_500),
    How("attnlrp", {"reference": "mean"}, 2_000, 1_500),
    How("integrated-gradients", {"steps": 8}, 1_500, 1_000),
)


def measure(quick: bool = False) -> list[Row]:
    """What is predicted, and what is explained."""
    torch.set_num_threads(1)
    model, every = relevome.load_model(published("tis_transformer")), transcripts()
    untrained = with_shuffled_weights(model, seed=0)
    found = [Row("GFLOP/s of one core, float32 products", f"{gflops():.0f}")]
    found += accuracy(model, [one for one in every if len(one.sequence) <= (800 if quick else 10**6)])
    for how in METHODS:
        longest, short = (800, 700) if quick else (how.longest, how.untrained)
        asked = [one for one in every if len(one.sequence) <= longest]
        given = around(model, asked, how)
        without = around(untrained, [one for one in asked if len(one.sequence) <= short], how)
        found.append(Row(f"{how}: highest at", str(highest(given[0])), "0 to 2"))
        found += rows(str(how), given[0], without[0], AT_START)
        found += rows(str(how), given[0], without[0], OF_LETTERS, nulls=("letter",))
        found += rows(str(how), given[0], without[0], OF_POWER, bounds=None)
        found += rows(str(how), given[1], without[1], AT_STOP)
    return found


def transcripts() -> list[Transcript]:
    """All mRNAs, in the order of the table."""
    letters = {}
    for one in read_fasta(data("transcripts", "human_mrna.fa.gz"), DNA):
        if not isinstance(one, Letters):
            raise Unavailable(f"transcripts/human_mrna.fa.gz is not as it was: {one}")
        letters[one.id] = one
    with data("transcripts", "human_mrna.tsv").open(newline="") as file:
        return [
            Transcript(letters[row["id"]], row["gene"], int(row["cds_start0"]), int(row["cds_end0"]))
            for row in csv.DictReader(file, delimiter="\t")
        ]


def accuracy(model: Model, every: Sequence[Transcript]) -> Iterator[Row]:
    """How often the annotated start is what the model finds most probable, and what is first."""
    right: dict[str, list[bool]] = {"highest of all letters": [], "highest of all ATG": [], "first ATG": []}
    for one in every:
        (found,) = model.predict([one.sequence])
        scores = found.logits[:, 1] - found.logits[:, 0]
        starts = triplets(one.sequence.letters, ("ATG",))
        right["highest of all letters"].append(int(scores.argmax()) == one.start)
        right["highest of all ATG"].append(int(starts[scores[starts].argmax()]) == one.start)
        right["first ATG"].append(int(starts[0]) == one.start)
    genes = [one.gene for one in every]
    size = f"{len(every)} mRNAs, {len(set(genes))} genes"
    for name, values in right.items():
        numbers = np.array(values, dtype=float)
        yield Row(
            f"annotated start is the {name}, mean over genes; over mRNAs ({size})",
            f"{told(by_group(numbers, genes))}; {numbers.mean():.3f}",
            "" if name == "first ATG" else "above the first ATG",
        )


def triplets(text: str, kinds: Sequence[str]) -> np.ndarray:
    """Where these three letters begin, in any frame."""
    return np.array([at for at in range(len(text) - 2) if text[at : at + 3] in kinds], dtype=int)


def around(model: Model, asked: Sequence[Transcript], how: How) -> tuple[Aligned, Aligned]:
    """Relevance of the letters around start and stop codons."""
    method = methods[how.name](**how.options)
    tracks = []
    for one in asked:
        target = resolve_target(model, "start", position=one.start, contrast="no start")
        (relevance,) = method.attribute(model, Batch((model.tokenize(one.sequence),), (target,)))
        tracks.append(to_letters(relevance).values.astype(float))
    at_start = [one.start if one.start + AFTER <= one.end - 3 else -1 for one in asked]
    at_stop = [one.end - 3 for one in asked]
    return aligned(asked, tracks, at_start, BEFORE, AFTER), aligned(asked, tracks, at_stop, *AROUND_STOP)


def aligned(
    asked: Sequence[Transcript], tracks: Sequence[np.ndarray], sites: Sequence[int], before: int, after: int
) -> Aligned:
    """Windows of so many letters before each site and from it on; mRNAs without such a one are left out."""
    kept = [
        (track[site - before : site + after], one.sequence.letters[site - before : site + after], one.gene)
        for one, track, site in zip(asked, tracks, sites, strict=True)
        if before <= site <= len(track) - after
    ]
    relevance, letters, genes = zip(*kept, strict=True)
    return Aligned(np.array(relevance), letters, genes, before)


def _among(known: Sequence[int], first: int, last: int) -> Measure:
    """How far known places stand out of those from the first to the last."""

    def found(sites: Aligned) -> Float[np.ndarray, " sites"]:
        asked = (sites.places >= first) & (sites.places <= last)
        these, those = (
            np.broadcast_to(one, sites.relevance.shape) for one in (np.isin(sites.places, known), asked)
        )
        return aurocs(sites, these, those)

    return found


def _share(known: Callable[[np.ndarray], np.ndarray], first: int, last: int) -> Measure:
    """The share of absolute relevance on known places, of that from the first to the last."""

    def found(sites: Aligned) -> Float[np.ndarray, " sites"]:
        asked = (sites.places >= first) & (sites.places <= last)
        part = replace(sites, relevance=sites.relevance * asked)
        return share_on(part, np.broadcast_to(known(sites.places), part.relevance.shape))

    return found


def letters_tell(place: int, kinds: str) -> Measure:
    """Of sites with one of these letters at a place: the share of those without, of other genes, with less.

    Relevance at the place is divided by its mean size in the window; ties count half.
    """

    def found(sites: Aligned) -> Float[np.ndarray, " sites"]:
        at = sites.before + place
        values, has = sites.scaled[:, at], sites.among(kinds)[:, at]
        genes = np.array(sites.groups)
        result = np.full(len(values), np.nan)
        for one in np.flatnonzero(has):
            others = values[~has & (genes != genes[one])]
            if len(others):
                result[one] = np.mean((np.sign(values[one] - others) + 1) / 2)
        return result

    return found


def power_at_three(sites: Aligned) -> Float[np.ndarray, " sites"]:
    """The power at a period of three letters behind the start codon, over the mean of all periods."""
    frame = sites.relevance[:, (sites.places >= 3) & (sites.places < AFTER)]
    power = np.abs(np.fft.rfft(frame - frame.mean(1, keepdims=True), axis=1)[:, 1:]) ** 2
    total = power.mean(1)
    return np.where(total > 0, power[:, frame.shape[1] // 3 - 1] / np.where(total > 0, total, 1), np.nan)


def stop_of_the_frame(sites: Aligned) -> Float[np.ndarray, " sites"]:
    """The share of other TAA, TAG and TGA around the stop codon, in any frame, whose letters have less."""
    result = []
    for values, text in zip(sites.relevance, sites.letters, strict=True):
        places = triplets(text, STOPS)
        sums = np.array([values[at : at + 3].sum() for at in places])
        own = places == sites.before
        result.append(float(auroc(sums, own)) if own.any() and len(places) > 1 else np.nan)
    return np.array(result)


def _codon(which: int) -> Measure:
    return _share(lambda places: places % 3 == which, 3, AFTER - 1)


AT_START: Mapping[str, tuple[Measure, str]] = {
    "ATG, AUROC": (_among((0, 1, 2), -BEFORE, AFTER - 1), "0.5"),
    "ATG, share of absolute relevance": (
        _share(lambda places: np.isin(places, (0, 1, 2)), -BEFORE, AFTER - 1),
        f"{3 / (BEFORE + AFTER):.3f}",
    ),
    "-3 among -20 to -1, AUROC": (_among((-3,), -BEFORE, -1), "0.5"),
    "+4 among +4 to +23, AUROC": (_among((3,), 3, 22), "0.5"),
    "frame, share of first letters of codons": (_codon(0), "0.333"),
    "frame, share of second letters": (_codon(1), "0.333"),
    "frame, share of third letters": (_codon(2), "0.333"),
}
OF_LETTERS: Mapping[str, tuple[Measure, str]] = {
    "A or G at -3 over C or T of other genes": (letters_tell(-3, "AG"), "0.5"),
    "G at +4 over other letters of other genes": (letters_tell(3, "G"), "0.5"),
}
OF_POWER: Mapping[str, tuple[Measure, str]] = {"frame, power at three letters": (power_at_three, "1")}
AT_STOP: Mapping[str, tuple[Measure, str]] = {
    "stop codon among -60 to 62, AUROC": (_among((0, 1, 2), -AROUND_STOP[0], AROUND_STOP[1]), "0.5"),
    "stop codon among -60 to 62, share of absolute relevance": (
        _share(lambda places: np.isin(places, (0, 1, 2)), -AROUND_STOP[0], AROUND_STOP[1]),
        f"{3 / sum(AROUND_STOP):.3f}",
    ),
    "stop codon over other TAA, TAG, TGA": (stop_of_the_frame, "0.5"),
}
