"""Which checks an explanation passes and which it fails, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from relevome.evaluation.statistics import adjusted, paired_test
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.scores import MetricScores

LEVEL = 0.05  # of the false discovery rate, over all comparisons of one evaluation

# What a shuffle should not reach. How faithful an explanation of a shuffle is says nothing about the rest.
AGAINST_NULL = ("localisation",)


@dataclass(frozen=True)
class _Contest:
    """The values of a metric beside those that it should exceed."""

    scores: MetricScores
    against: Literal["random order", "shuffled sequences"]
    own: tuple[float, ...]
    other: tuple[float, ...]
    p: float

    @property
    def gain(self) -> float:
        """How much better the metric is than what it should exceed, in its own direction."""
        difference = float(np.mean(self.own) - np.mean(self.other))
        return difference if self.scores.direction == "higher is better" else -difference


def checks(scores: Sequence[MetricScores], seed: int = 0) -> list[Check]:
    """Every metric against random orders, and localisation against shuffles.

    A metric passes that is better by a paired test over sequences, at a false discovery rate of 5%.
    """
    contests = [contest for one in scores for contest in _contests(one, seed)]
    p_values = adjusted([contest.p for contest in contests])
    return [_check(contest, p) for contest, p in zip(contests, p_values, strict=True)]


def _contests(scores: MetricScores, seed: int) -> list[_Contest]:
    found = [_contest(scores, "random order", scores.random_values, seed)]
    if scores.kind in AGAINST_NULL:
        found.append(_contest(scores, "shuffled sequences", scores.null_values, seed))
    return [contest for contest in found if contest is not None]


def _contest(
    scores: MetricScores,
    against: Literal["random order", "shuffled sequences"],
    values: Sequence[float | None],
    seed: int,
) -> _Contest | None:
    pairs = [(own, other) for own, other in zip(scores.values, values, strict=True) if other is not None]
    if len(pairs) < 2:
        return None
    own, other = zip(*pairs, strict=True)
    return _Contest(scores, against, own, other, paired_test(own, other, seed))


def _check(contest: _Contest, p: float) -> Check:
    scores = contest.scores
    better, worse = (p < LEVEL and sign * contest.gain > 0 for sign in (1, -1))
    numbers = (
        f"{scores.metric} of {scores.level} is {np.mean(contest.own):.3g} against "
        f"{np.mean(contest.other):.3g} ({scores.direction}; {len(contest.own)} sequences, adjusted p {p:.2g})"
    )
    name = f"{scores.kind} against {contest.against}"
    said = "passes" if better else "fails"
    sentence = f"{said} {name}: {numbers}{'' if better else '; ' + _meaning(contest, worse)}"
    return Check(name, "pass" if better else "fail", sentence, scores.metric, scores.level, p, worse)


def _meaning(contest: _Contest, worse: bool) -> str:
    if not worse:
        return f"it is no better than {_what(contest)}"
    if contest.scores.kind == "localisation" and contest.against == "random order":
        return (
            "relevance lies significantly off the known sites: the map may be inverted, or explain another "
            "target"
        )
    return f"it is significantly worse than {_what(contest)}; the map may be inverted"


def _what(contest: _Contest) -> str:
    return "a random order" if contest.against == "random order" else "relevance of shuffled sequences"
