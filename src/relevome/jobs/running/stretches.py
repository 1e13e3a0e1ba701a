"""Scores of stretches of a strand: how they are computed and kept, and what that will take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32
from pyfaidx import Fasta
from scipy.special import logsumexp

from relevome.data.contigs import Contig, ContigStrand
from relevome.data.genomes import open_genome
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.jobs.running.estimates import Stratum, Weight, Work, WorkEstimate, estimate_work
from relevome.models.base import Model
from relevome.models.strand_logits import strand_logits
from relevome.results.annotation.scores import ScoreFiles, Stretch
from relevome.results.folder import is_marked

_BLOCK = 1_000  # letters; of so many, and twice as many and so on, is a sample


@dataclass(frozen=True)
class ScoreStretch:
    """What an engine does with every stretch of a strand: the log-odds of classes, letter by letter.

    An open genome cannot be sent: a worker opens the file ``genome`` for each stretch.
    """

    model: Model
    window: tuple[int, int] | None
    columns: list[int]
    chromosomes: Fasta | None
    contigs: list[Contig]
    genome: Path

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"chromosomes": None}

    def __call__(self, stretch: Stretch) -> list[Float32[np.ndarray, "positions classes"]]:
        """Scores in the direction of the strand, in pieces; NaN in gaps."""
        if self.chromosomes is None:
            with open_genome(self.genome) as chromosomes:
                return replace(self, chromosomes=chromosomes)(stretch)
        with self.model.frozen():
            return [scores.astype(np.float32) for scores in self._scores(stretch, self.chromosomes)]

    def _scores(
        self, stretch: Stretch, chromosomes: Fasta
    ) -> Iterator[Float[np.ndarray, "positions classes"]]:
        region, sign = stretch.region, stretch.sign
        contig = next(contig for contig in self.contigs if contig.name == region.chrom)
        strand = ContigStrand(chromosomes, contig, sign, self.model.alphabet)
        start, end = region.start, region.end
        if sign == "-":
            start, end = contig.length - end, contig.length - start
        for logits in strand_logits(self.model, strand, start, end, self.window):
            if len(logits):
                self._check(logits, f"{contig.name}({sign}), letter {start + 1:,} of that strand")
                scores = odds(logits)[:, self.columns]
                scores[strand.in_gap(start, start + len(logits))] = np.nan
                start += len(logits)
                yield scores

    def _check(self, logits: Float[np.ndarray, "positions classes"], where: str) -> None:
        # NaN would be taken for a gap
        if not np.isfinite(logits).all():
            raise InputError(
                f"the model gives logits that are no finite numbers from {where}, on: expected numbers; look "
                f"at its weights, and whether {str(self.model.dtype).removeprefix('torch.')} is too narrow "
                "for them"
            )


@dataclass(frozen=True)
class KeepScores:
    """Scores of a stretch, written by a worker that sees the folder ``out``, which has this ``mark``."""

    task: ScoreStretch
    files: ScoreFiles
    out: Path
    mark: str

    def __call__(self, stretch: Stretch) -> list[Float32[np.ndarray, "positions classes"]] | None:
        """None where they are written; else, as on another machine, the scores."""
        found = self.task(stretch)
        if not is_marked(self.out, self.mark):
            return found
        self.files.write(stretch, found)
        return None


def odds(logits: Float[np.ndarray, "positions classes"]) -> Float[np.ndarray, "positions classes"]:
    """Each class against all others, as the logarithm of odds; a single output is one already."""
    logits = logits.astype(np.float64)
    if logits.shape[1] == 1:
        return logits
    others = [np.delete(logits, column, axis=1) for column in range(logits.shape[1])]
    return logits - np.stack([logsumexp(rest, axis=1) for rest in others], axis=1)


def estimate_stretches(
    files: ScoreFiles, task: ScoreStretch, engine: Engine | str, overwrite: bool
) -> WorkEstimate:
    """What the stretches that are missing will take, from pieces of them."""
    missing = files.stretches if overwrite else files.missing()
    lengths = [len(stretch.region) for stretch in missing]
    rng = np.random.default_rng(0)

    def draw(blocks: int) -> tuple[Stretch, int]:
        some = missing[int(rng.choice(len(missing), p=np.array(lengths) / sum(lengths)))]
        letters = min(blocks * _BLOCK, len(some.region))
        start = some.region.start + int(rng.integers(len(some.region) - letters + 1))
        return replace(some, region=replace(some.region, start=start, end=start + letters)), letters

    def weigh(pieces: Sequence[np.ndarray]) -> Weight:
        size = sum(piece.nbytes for piece in pieces)
        return Weight(size, size)

    strata = {0: Stratum(sum(lengths), max(1, max(lengths) // _BLOCK), draw)} if missing else {}
    there = len(files.stretches) - len(missing)
    work = Work([{0: letters} for letters in lengths], strata, len(missing), there)
    return estimate_work(work, task, weigh, engine)
