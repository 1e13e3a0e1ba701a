"""Integrated gradients at the embeddings (Sundararajan, Taly, Yan 2017, arXiv 1703.01365), and at heads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from relevome.attribution import methods
from relevome.attribution.baselines import baseline_words, draws
from relevome.attribution.embeddings import at_site, gradients, letter_scores, unpadded
from relevome.attribution.gradient_product import with_heads
from relevome.attribution.lrp.path import PathRecorder
from relevome.attribution.lrp.watching import Watching
from relevome.attribution.relevance import Relevance
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Site

FIRST_STEPS = 16
MOST_STEPS = 1024


@dataclass(frozen=True)
class _Path:
    """The straight line between two embeddings, and the scores at its ends."""

    start: Float[Tensor, "batch tokens channels"]
    end: Float[Tensor, "batch tokens channels"]
    start_scores: Float[Tensor, "batch"]
    end_scores: Float[Tensor, "batch"]


@methods.register("integrated-gradients")
@dataclass(frozen=True)
class IntegratedGradients:
    """Gradient averaged over the straight path from a baseline, times what differs (their eq. 1).

    Gauss-Legendre quadrature. With ``steps`` None the number of steps is doubled from 16, up to 1,024,
    until the completeness error is under ``tolerance`` times the score difference, per sequence.
    Several baselines (``shuffle:N``) are averaged.

    ``heads`` keeps the relevance of every attention head from the same passes: at its context, before the
    output projection, along the curve that the context takes (Wenzel, Gruner & Strodthoff 2024, doi
    10.1093/bioinformatics/btae031); see `PathRecorder`.
    """

    suits: ClassVar[str] = (
        "for any model; 1 forward and 1 backward pass for each step, tens to hundreds; gives "
        "token_relevance, baseline_score, completeness_error, with --heads head_relevance"
    )
    baseline: str = "unknown"
    steps: int | None = None
    tolerance: float = 0.01
    site: Site = "word"
    heads: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        draws(self.baseline)
        if self.steps is not None and self.steps < 1:
            raise InputError(f"--steps {self.steps}: expected at least 1")
        if self.heads and self.steps == 1:
            raise InputError(
                "--steps 1 with --heads: expected at least 2, since what a head gives is followed from step "
                "to step"
            )
        if not 0 < self.tolerance < 1:
            raise InputError(
                f"--tolerance {self.tolerance}: expected a share of the score difference between 0 and 1"
            )

    @property
    def rows_each(self) -> int:
        """How many rows one sequence makes at first: its steps, which share a pass with those of others."""
        return self.steps or FIRST_STEPS

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every token, complete up to the tolerance; see `Method`."""
        found = [self._one_baseline(model, batch, draw) for draw in range(draws(self.baseline))]
        return [self._judged(_average(list(same))) for same in zip(*found, strict=True)]

    def _one_baseline(self, model: Model, batch: Batch, draw: int) -> list[Relevance]:
        """Doubles the steps for those sequences of the batch that need it."""
        steps = self.steps or FIRST_STEPS
        found = dict(enumerate(self._integrate(model, batch, draw, steps)))
        while self.steps is None and steps < MOST_STEPS:
            left = [row for row, relevance in found.items() if not self._converged(relevance)]
            if not left:
                break
            steps *= 2
            tokens, targets = zip(*((batch.tokens[i], batch.targets[i]) for i in left), strict=True)
            part = replace(batch, tokens=tokens, targets=targets)
            found.update(zip(left, self._integrate(model, part, draw, steps), strict=True))
        return [found[row] for row in range(len(batch))]

    def _judged(self, relevance: Relevance) -> Relevance:
        """Notes a completeness error over the tolerance, so that a run counts it."""
        missed = int(not self._converged(relevance))
        return replace(relevance, notes={**relevance.notes, "integration_not_converged": missed})

    def _converged(self, relevance: Relevance) -> bool:
        error, baseline = relevance.completeness_error, relevance.baseline_score
        if error is None or baseline is None:
            return True
        return abs(error) <= self.tolerance * abs(relevance.score - baseline)

    def _integrate(self, model: Model, batch: Batch, draw: int, steps: int) -> list[Relevance]:
        path, at_words = self._path(model, batch, draw)
        alphas, weights = _quadrature(steps)
        recorder = PathRecorder(len(batch), batch.width, alphas, weights) if self.heads else None
        slopes = _mean_gradient(model, batch, self.site, path, steps, recorder)
        values = unpadded(batch, (slopes * (path.end - path.start)).sum(-1))
        every = letter_scores(model, batch, slopes, path.start) if at_words else [None] * len(batch)
        ends = (path.end_scores.tolist(), path.start_scores.tolist())
        found = [
            Relevance(tokens, target, score, values=value, baseline_score=origin, letter_scores=scores,
                      complete=True, notes={"integration_steps": steps})
            for tokens, target, score, origin, value, scores in zip(
                batch.tokens, batch.targets, *ends, values, every, strict=True)
        ]  # fmt: skip
        return with_heads(batch, found, recorder.relevance()) if recorder else found

    def _path(self, model: Model, batch: Batch, draw: int) -> tuple[_Path, bool]:
        with torch.no_grad():
            words = model.word_embedding(model.inputs(batch)["input_ids"]).detach()
        origin = baseline_words(model, batch, words, self.baseline, [self.seed, draw])
        start, end = (at_site(model, batch, self.site, at) for at in (origin, words))
        ends = [gradients(model, batch, self.site, embeddings=at).scores for at in (start, end)]
        return _Path(start, end, *ends), model.site(self.site) is model.word_embedding


def _mean_gradient(
    model: Model, batch: Batch, site: Site, path: _Path, steps: int, recorder: PathRecorder | None
) -> Tensor:
    """Gradient averaged over the path; several steps share a pass if the batch leaves room."""
    start, change = path.start, path.end - path.start
    alphas, weights = (
        torch.tensor(numbers, dtype=start.dtype, device=start.device) for numbers in _quadrature(steps)
    )
    at_once = max(1, model.rows(batch.width, steps * len(batch)) // len(batch))
    total = torch.zeros_like(start)
    for first in range(0, steps, at_once):
        some = alphas[first : first + at_once]
        if recorder:
            recorder.begin(first, len(some))
        repeated = Batch(batch.tokens * len(some), batch.targets * len(some))
        points = start + some.view(-1, 1, 1, 1) * change
        at_work = Watching(recorder) if recorder else None
        found = gradients(model, repeated, site, rules=at_work, embeddings=points.flatten(0, 1))
        shares = weights[first : first + at_once]
        total += torch.einsum("s,sbtc->btc", shares, found.gradient.view(points.shape))
    return total


@cache
def _quadrature(steps: int) -> tuple[Float[np.ndarray, "steps"], Float[np.ndarray, "steps"]]:
    """Where on the way from 0 to 1 gradients are taken, and what they weigh (Gauss-Legendre)."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return (nodes + 1) / 2, weights / 2


def _average(same: list[Relevance]) -> Relevance:
    """One sequence's relevance against several baselines, averaged."""
    if len(same) == 1:
        return same[0]
    scores = [r.letter_scores for r in same if r.letter_scores is not None]
    heads = [r.heads for r in same if r.heads is not None]
    return replace(
        same[0],
        values=np.mean([r.values for r in same if r.values is not None], axis=0),
        baseline_score=float(np.mean([r.baseline_score for r in same if r.baseline_score is not None])),
        letter_scores=np.mean(scores, axis=0) if scores else None,
        heads=np.mean(heads, axis=0) if heads else None,
        notes={"integration_steps": sum(r.notes["integration_steps"] for r in same)},
    )
