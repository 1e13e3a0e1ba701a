"""Which checks an explanation passes and which it fails, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from relevome.evaluation.statistics import adjusted, bootstrap_interval, paired_test
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.scores import EXCHANGES, FEWER, MetricScores
from relevome.words import counted

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
    "other maps": "the maps of other sequences at the same places",
    "same letters": "a random order among equal letters",
    "same pairs": "a random order among equal pairs of letters",
    "motif": "the mean of every motif in the other sequences, whatever else these have",
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
    places is called inverted only if it is worse than a random order, and one that fails says how the model's
    own mutagenesis does there, if that is known: then it is the method that fails, or not.
    """
    contests = [contest for one in scores for contest in _contests(one, seed)]
    p_values = adjusted([contest.p for contest in contests])
    inverted = {
        id(contest.scores)
        for contest, p in zip(contests, p_values, strict=True)
        if contest.against == RANDOM and p < LEVEL and contest.gain < 0
    }
    return [
        _check(contest, p, id(contest.scores) in inverted, seed)
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


def _check(contest: _Contest, p: float, inverted: bool, seed: int) -> Check:
    scores, places = contest.scores, contest.scores.excess is not None
    better = p < LEVEL and contest.gain > 0
    numbers = (
        f"{scores.metric} of {scores.level} is {np.mean(contest.own):.3g} against "
        f"{np.mean(contest.other):.3g} ({scores.direction}; {_sequences(contest)}, adjusted p {p:.2g})"
    )
    name = f"{scores.kind} against {'the strongest null' if places else contest.against}"
    said, which = "passes" if better else "fails", f", {_what(contest)}" if places else ""
    meaning = "" if better else f"; {_meaning(contest, p, inverted)}"
    if not better and places:
        meaning += _of_its_sequence(scores) + _whose_fault(contest, seed)
    sentence = f"{said} {name}{which}: {numbers}{meaning}"
    outcome = "pass" if better else "fail"
    return Check(name, outcome, sentence, scores.metric, scores.level, p, inverted)


def _meaning(contest: _Contest, p: float, inverted: bool) -> str:
    if inverted and contest.scores.kind == "localisation":
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
    return counted(count, "sequence") if count == every else f"{count} of its {every} sequences: {FEWER}"


def _of_its_sequence(scores: MetricScores) -> str:
    """What is left to a map that a mean over the others beats."""
    over = scores.over_exchange
    if over is None or over.p >= LEVEL or over.mean <= 0 or scores.others.keys().isdisjoint(EXCHANGES):
        return ""
    return (
        f"; it is better than {WORDS[over.null]} (by {over.mean:.2g}, p {over.p:.2g}), so it does know "
        "something of its sequence"
    )


def _whose_fault(contest: _Contest, seed: int) -> str:
    """What the model's own mutagenesis says of a map that fails, by 95% intervals of paired differences."""
    scores = contest.scores
    if scores.model is None:
        return ""
    sign = 1.0 if scores.direction == "higher is better" else -1.0
    exceeds = {}
    for name in (contest.against, RANDOM):
        pairs = [
            (own, other)
            for own, other in zip(scores.model_values, scores.nulls().get(name, ()), strict=False)
            if own is not None and other is not None
        ]
        over = [sign * (own - other) for own, other in pairs]
        exceeds[name] = len(over) > 1 and bootstrap_interval(over, seed).low > 0
    said = f"; the model's own mutagenesis has {scores.model.mean:.3g}"
    if exceeds[contest.against]:
        return f"{said}, which is more than that null: the method fails"
    if exceeds[RANDOM]:
        return f"{said}, no more than that null beyond chance: this does not speak against the method"
    return f"{said}, no more than a random order beyond chance: the model does not use these sites"


def _what(contest: _Contest) -> str:
    return WORDS[contest.against]
