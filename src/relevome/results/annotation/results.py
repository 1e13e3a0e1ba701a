"""From scores to called sites, tracks and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from relevome.data.contigs import Contig
from relevome.data.positions import Position
from relevome.results.annotation.calls import Peaks, ReadScores, close_to, peaks
from relevome.results.annotation.ranking import Ranking
from relevome.results.annotation.scores import SIGNS, ScoreFiles, chunks
from relevome.results.annotation.sites import CalledSite
from relevome.results.tracks import Values, write_bigwig

# Labelled positions along the strand +, sorted, by contig and strand.
Truth = Mapping[tuple[str, str], Int[np.ndarray, "_"]]


@dataclass(frozen=True)
class ClassScores:
    """The scores of one class on all contigs; no higher one is within ``apart`` letters of a called site."""

    files: ScoreFiles
    column: int
    label: str
    contigs: Sequence[Contig]
    apart: int

    def strands(self) -> Iterator[tuple[Contig, str, ReadScores]]:
        """Every strand of every contig, and its scores."""
        for contig in self.contigs:
            for sign in SIGNS:
                yield contig, sign, partial(self.files.read, contig, sign, self.column)

    def peaks(self) -> Iterator[tuple[Contig, str, Peaks]]:
        """All that might be called."""
        for contig, sign, read in self.strands():
            yield from ((contig, sign, some) for some in peaks(read, contig, self.apart))

    def called(self, threshold: float | None) -> Iterator[CalledSite]:
        """Sites that score at least ``threshold``; none without one."""
        for contig, sign, found in self.peaks() if threshold is not None else ():
            chosen = found.above(threshold or 0.0)
            for position, p in zip(
                chosen.positions.tolist(), probability(chosen.scores).tolist(), strict=True
            ):
                yield CalledSite(contig.name, position, sign, self.label, p)


def probability(log_odds: Float[np.ndarray, " positions"]) -> Float[np.ndarray, " positions"]:
    """1 / (1 + exp(-log odds))."""
    return (1 / (1 + np.exp(-log_odds.astype(np.float64).clip(-700, 700)))).astype(log_odds.dtype)


def log_odds(p: float) -> float:
    """The score of a probability."""
    with np.errstate(divide="ignore"):
        return float(np.log(p) - np.log1p(-p))


def placed(positions: Iterable[Position], scores: ClassScores) -> tuple[Truth, int]:
    """Labelled positions that have a score, each once, and how many have none."""
    by_strand: dict[tuple[str, str], set[int]] = {}
    for position in positions:
        by_strand.setdefault((position.contig, position.strand), set()).add(position.index)
    truth, without = {}, 0
    for contig, sign, read in scores.strands():
        all_here = np.array(sorted(by_strand.get((contig.name, sign), ())), dtype=np.int64)
        kept = np.array([not np.isnan(read(at, at + 1)[0]) for at in all_here.tolist()], dtype=bool)
        truth[contig.name, sign] = all_here[kept]
        without += int((~kept).sum())
    return truth, without


def threshold_for(scores: ClassScores, truth: Truth, precision: float, within: int) -> float | None:
    """The lowest score of a right call at which so large a share of calls is right; None if there is none."""
    right = [
        found.scores[close_to(found.positions, truth[contig.name, sign], within, contig)]
        for contig, sign, found in scores.peaks()
    ]
    ranking = Ranking(np.concatenate([*right, np.zeros(0, dtype=np.float32)]))
    for _, _, found in scores.peaks():
        ranking.add(found.scores)
    return ranking.threshold(precision)


def measure(scores: ClassScores, truth: Truth, threshold: float | None, within: int) -> dict[str, Any]:
    """How good scores and calls are over all strands, and on each."""
    everywhere = _Measured(_labelled(scores, truth), within)
    by_strand = []
    for contig, sign, read in scores.strands():
        sites = truth[contig.name, sign]
        here = _Measured(_scores_at(read, sites), within)
        for one in (here, everywhere):
            one.add_scores(read, contig)
            one.add_calls(contig, peaks(read, contig, scores.apart), sites, threshold)
        if here.ranking.positions:
            by_strand.append({"contig": contig.name, "strand": sign, **here.numbers()})
    return {"all": everywhere.numbers(), "strands": by_strand}


class _Measured:
    """What is counted over one strand or several."""

    def __init__(self, labelled: Float[np.ndarray, " sites"], within: int) -> None:
        self.ranking = Ranking(labelled)
        self._within = within
        self._calls = self._right = self._found = 0

    def add_scores(self, read: ReadScores, contig: Contig) -> None:
        for start, end in chunks(contig.length):
            self.ranking.add(read(start, end))

    def add_calls(
        self, contig: Contig, some: Iterable[Peaks], sites: Int[np.ndarray, " sites"], threshold: float | None
    ) -> None:
        if threshold is None:
            return
        called = np.concatenate([found.above(threshold).positions for found in some])
        self._calls += len(called)
        self._right += int(close_to(called, sites, self._within, contig).sum())
        self._found += int(close_to(sites, called, self._within, contig).sum())

    def numbers(self) -> dict[str, Any]:
        positions, sites = self.ranking.positions, self.ranking.sites
        return {
            "positions": positions,
            "sites": sites,
            "base_rate": sites / positions if positions else None,
            "roc_auc": self.ranking.roc_auc(),
            "average_precision": self.ranking.average_precision(),
            "calls": self._calls,
            "precision": self._right / self._calls if self._calls else None,
            "recall": self._found / sites if sites else None,
        }


def _scores_at(read: ReadScores, sites: Int[np.ndarray, " sites"]) -> Float[np.ndarray, " sites"]:
    return np.array([read(at, at + 1)[0] for at in sites.tolist()], dtype=np.float32)


def _labelled(scores: ClassScores, truth: Truth) -> Float[np.ndarray, " all_sites"]:
    return np.concatenate([_scores_at(read, truth[c.name, sign]) for c, sign, read in scores.strands()])


def write_tracks(paths: Mapping[str, Path], scores: ClassScores, values: str) -> None:
    """A bigWig file for each strand, of probabilities or of logits, without positions that have no score."""
    sizes = {contig.name: contig.length for contig in _by_name(scores)}
    for sign, path in paths.items():
        write_bigwig(path, sizes, _scored(scores, sign, values))


def _by_name(scores: ClassScores) -> list[Contig]:
    return sorted(scores.contigs, key=lambda contig: contig.name)


def _scored(scores: ClassScores, sign: str, values: str) -> Iterator[Values]:
    for contig in _by_name(scores):
        for start, end in chunks(contig.length):
            found = scores.files.read(contig, sign, scores.column, start, end)
            shown = probability(found) if values == "probability" else found
            for first, last in _runs(~np.isnan(found)):
                yield contig.name, start + first, shown[first:last]


def _runs(kept: np.ndarray) -> Iterator[tuple[int, int]]:
    """Start and end of every run of what is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
