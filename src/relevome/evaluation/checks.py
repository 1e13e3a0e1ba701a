"""Which checks an explanation passes and which it fails, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relevome.evaluation.statistics import adjusted, paired_test
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.scores import FEWER, MetricScores

LEVEL = 0.05  # of the false discovery rate, over all comparisons of one evaluation

FEWEST = 5  # sequences, of which a sign-flip test can be significant: 2 in 2^5 orders, by its mid-p 1 in 2^5
RANDOM = "random order"
WORDS = {
    RANDOM: "a random order",
    "shuffled sequences": "relevance of shuffled sequences",
    "position": "the mean of the other sequences at every place",
    "letter": "the mean of every letter in the other sequences",
    "letter pairs": "the mean of every pair of letters in the other sequences",
    "random weights": "the same model with random weights",
}


@dataclass(frozen=True)
class _Contest:
    """The values of a metric beside those that it should exceed."""

    scores: MetricScores
    against: str
    own: tuple[float, ...]
    other: tuple[float, ...]
    p: float

    @property
    def gain(self) -> float:
        """How much better the metric is than what it should exceed, in its own direction."""
        difference = float(np.mean(self.own) - np.mean(self.other))
        return difference if self.scores.direction == "higher is better" else -difference


def checks(scores: Sequence[MetricScores], seed: int = 0) -> list[Check]:
    """Every metric against random orders; metrics of places against the strongest null that there is.

    A metric passes that is better by a paired test over sequences, at a false discovery rate of 5%. One of
    places is called inverted only if it is worse than a random order.
    """
    contests = [contest for one in scores for contest in _contests(one, seed)]
    p_values = adjusted([contest.p for contest in contests])
    inverted = {
        id(contest.scores)
        for contest, p in zip(contests, p_values, strict=True)
        if contest.against == RANDOM and p < LEVEL and contest.gain < 0
    }
    return [
        _check(contest, p, id(contest.scores) in inverted)
        for contest, p in zip(contests, p_values, strict=True)
        if contest.scores.excess is None or contest.against == contest.scores.excess.null
    ]


def _contests(scores: MetricScores, seed: int) -> list[_Contest]:
    against = [RANDOM] if scores.excess is None else list(dict.fromkeys((RANDOM, scores.excess.null)))
    found = [_contest(scores, name, scores.nulls().get(name, ()), seed) for name in against]
    return [contest for contest in found if contest is not None]


def _contest(
    scores: MetricScores, against: str, values: Sequence[float | None], seed: int
) -> _Contest | None:
    pairs = [(own, other) for own, other in zip(scores.values, values, strict=False) if other is not None]
    if len(pairs) < 2:
        return None
    own, other = zip(*pairs, strict=True)
    return _Contest(scores, against, own, other, paired_test(own, other, seed))


def _check(contest: _Contest, p: float, inverted: bool) -> Check:
    scores, places = contest.scores, contest.scores.excess is not None
    better = p < LEVEL and contest.gain > 0
    numbers = (
        f"{scores.metric} of {scores.level} is {np.mean(contest.own):.3g} against "
        f"{np.mean(contest.other):.3g} ({scores.direction}; {_sequences(contest)}, adjusted p {p:.2g})"
    )
    name = f"{scores.kind} against {'the strongest null' if places else contest.against}"
    said, which = "passes" if better else "fails", f", {_what(contest)}" if places else ""
    meaning = "" if better else f"; {_meaning(contest, p, inverted)}"
    sentence = f"{said} {name}{which}: {numbers}{meaning}"
    outcome = "pass" if better else "fail"
    return Check(name, outcome, sentence, scores.metric, scores.level, p, inverted)


def _meaning(contest: _Contest, p: float, inverted: bool) -> str:
    if inverted and contest.scores.excess is not None:
        return (
            "relevance lies significantly off the known sites: the map may be inverted, or explain another "
            "target"
        )
    if inverted:
        return f"it is significantly worse than {_what(contest)}; the map may be inverted"
    if len(contest.own) < FEWEST:
        return f"with fewer than {FEWEST} sequences no test can be passed"
    worse = p < LEVEL and contest.gain < 0
    return f"it is {'significantly worse' if worse else 'no better'} than {_what(contest)}"


def _sequences(contest: _Contest) -> str:
    """How many sequences were compared, and why not all that have the metric."""
    count, every = len(contest.own), contest.scores.n
    return f"{count} sequences" if count == every else f"{count} of its {every} sequences: {FEWER}"


def _what(contest: _Contest) -> str:
    return WORDS[contest.against]
