"""Whether the nulls of places are honest: how often a method that knows no more than one is called better.

Simulated sequences of 60 letters have a site of six each, rich in A, near their middle or anywhere. Methods
know a place, a letter or a pair of letters and nothing else, with as much noise as signal or a twentieth of
it; or each site, with some noise. In each of 1,000 simulations of 40 sequences their maps meet every null.

Shuffles are explained by the same method, at the same sites. Models with random weights are drawn as the
model is, each knows letters as well as it happens to, and has a noise of its own at every letter.

Target: against the exchange of what they know (maps of other sequences; orders among equal letters, among
equal pairs), and of those that know a place against shuffles, the paired test rejects in 5 +- 1.5% (the
standard error is 0.7%); against the best of 19 random models in at most 5%; the check of places, against the
strongest null, passes in at most 5%; a method that knows each site passes always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from benchmarks import Row
from relevome.data.shuffle import dinucleotide_shuffle
from relevome.evaluation.checks import checks
from relevome.evaluation.contrasts import SHUFFLED
from relevome.evaluation.measurement import Measured, summarise
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.nulls import OTHER_MAPS, SAME_LETTERS, SAME_PAIRS
from relevome.evaluation.places import Mapped, Places, RandomModels
from relevome.evaluation.statistics import paired_test
from relevome.results.evaluation.scores import MetricScores

LETTERS, SEQUENCES, WIDTH, MODELS = 60, 40, 6, 19
METRICS = ("auroc", "mass-accuracy")

Values = Float[np.ndarray, " letters"]
Knows = Callable[[str, Bool[np.ndarray, " letters"]], Values]


def _place(text: str, inside: Bool[np.ndarray, " letters"]) -> Values:
    return np.exp(-(((np.arange(LETTERS) - LETTERS / 2) / 8) ** 2))


def _letter(text: str, inside: Bool[np.ndarray, " letters"]) -> Values:
    return np.array([float(letter == "A") for letter in text])


def _pair(text: str, inside: Bool[np.ndarray, " letters"]) -> Values:
    return np.array([0.0, *(float(text[i - 1 : i + 1] in ("AA", "TA")) for i in range(1, LETTERS))])


def _site(text: str, inside: Bool[np.ndarray, " letters"]) -> Values:
    return inside.astype(float)


@dataclass(frozen=True)
class Case:
    """What a method knows, the null that says the same with the same noise, and where sites are."""

    name: str
    knows: Knows
    null: str
    near: bool


CASES = (
    Case("place", _place, OTHER_MAPS, near=True),
    Case("letter", _letter, SAME_LETTERS, near=False),
    Case("pair of letters", _pair, SAME_PAIRS, near=False),
)


def measure(quick: bool = False) -> list[Row]:
    """Rejections and passes of every case and metric."""
    simulations = 50 if quick else 1000
    rows: list[Row] = []
    for case in CASES:
        for noise in (0.05, 1.0):
            rows += _rows(case, noise, simulations)
    rows += [_against_models(name, models, simulations) for name in METRICS for models in (1, MODELS)]
    knowing = Case("site", _site, OTHER_MAPS, near=True)
    few = simulations // 10
    found = [scores_of(knowing, 0.3, seed) for seed in range(few)]
    for name in METRICS:
        passed = np.mean([_passes(one[name]) for one in found])
        rows.append(Row(f"knows each site, {name}, passes", f"{passed:.1%}", "100%"))
    return rows


def _rows(case: Case, noise: float, simulations: int) -> Iterator[Row]:
    found = [scores_of(case, noise, seed) for seed in range(simulations)]
    for name in METRICS:
        some = [one[name] for one in found]
        rejected, passed = _rejected(some, case.null), np.mean([_passes(one) for one in some])
        title = f"knows a {case.name}, noise {noise:g}, {name}"
        yield Row(f"{title}, rejected against {case.null}", f"{rejected:.1%}", "3.5 to 6.5%")
        if case.near:
            yield Row(
                f"{title}, rejected against {SHUFFLED}", f"{_rejected(some, SHUFFLED):.1%}", "3.5 to 6.5%"
            )
        yield Row(f"{title}, check passes", f"{passed:.1%}", "at most 5%")


def scores_of(case: Case, noise: float, seed: int) -> dict[str, MetricScores]:
    """The scores of one simulation, by the name of the metric."""
    rng = np.random.default_rng(seed)
    rows = [_simulated(case, noise, str(i), rng) for i in range(SEQUENCES)]
    places, chosen = Places(rows, seed), [metrics[name] for name in METRICS]
    nulls = [places.of(row, chosen) for row in rows]
    shuffles = {row.sequence_id: _shuffled(case, noise, row, rng) for row in rows}
    return {
        metric.name: _scores(metric, rows, nulls, places.exchanged(metric.name), rng, shuffles)
        for metric in chosen
    }


def _shuffled(case: Case, noise: float, row: Mapped, rng: np.random.Generator) -> Values:
    """The map of a shuffle of a sequence, whose sites are where they were."""
    text = dinucleotide_shuffle(row.letters, rng)
    return case.knows(text, np.zeros(LETTERS, dtype=bool)) + rng.normal(0, noise, LETTERS)


def _against_models(name: str, models: int, simulations: int) -> Row:
    """How often a model that was drawn as they were is called better than others with random weights."""
    metric, rejected = metrics[name], 0
    for seed in range(simulations):
        rng, case = np.random.default_rng(seed), CASES[1]
        rows = [_simulated(case, 0.0, str(i), rng) for i in range(SEQUENCES)]
        drawn = [
            [metric.compute(row.relevance * habit + rng.normal(0, 1, LETTERS), row.mask) for row in rows]
            for habit in rng.normal(0, 1, models + 1)
        ]
        others = RandomModels()
        for row, values in zip(rows, np.array(drawn[1:]).T, strict=True):
            others.add(metric, row.sequence_id, dict(enumerate(values.tolist())))
        best = [others.best(metric)[row.sequence_id] for row in rows]
        rejected += paired_test(drawn[0], best, seed, 999) <= 0.05 and np.mean(drawn[0]) > np.mean(best)
    title = f"random weights, {name}, called better than the best of {models}"
    return Row(title, f"{rejected / simulations:.1%}", "at most 5%" if models == MODELS else "")


def _simulated(case: Case, noise: float, name: str, rng: np.random.Generator) -> Mapped:
    start = rng.normal(LETTERS / 2, 4) if case.near else rng.uniform(0, LETTERS - WIDTH)
    start = int(np.clip(start, 0, LETTERS - WIDTH))
    inside = np.zeros(LETTERS, dtype=bool)
    inside[start : start + WIDTH] = True
    odds = [(0.7, 0.1, 0.1, 0.1) if one else (0.25,) * 4 for one in inside]
    text = "".join(rng.choice(list("ACGT"), p=one) for one in odds)
    return Mapped(name, text, case.knows(text, inside) + rng.normal(0, noise, LETTERS), inside)


def _scores(
    metric: Metric,
    rows: list[Mapped],
    nulls: list[dict[str, dict[str, float]]],
    exchanged: dict[str, float],
    rng: np.random.Generator,
    shuffles: Mapping[str, Values] | None = None,
) -> MetricScores:
    found: list[Measured] = []
    for row, others in zip(rows, nulls, strict=True):
        random = [metric.compute(rng.permutation(row.relevance), row.mask) for _ in range(5)]
        own = {**others[metric.name], OTHER_MAPS: exchanged[row.sequence_id]}
        value = metric.compute(row.relevance, row.mask)
        null = None if shuffles is None else metric.compute(shuffles[row.sequence_id], row.mask)
        found.append(Measured(row.sequence_id, value, float(np.mean(random)), null, own))
    return summarise(metric, "letters", found, {})


def _rejected(some: list[MetricScores], null: str) -> float:
    tests = [paired_test(one.values, _known(one, null), seed, 999) for seed, one in enumerate(some)]
    return float(np.mean(np.array(tests) <= 0.05))


def _known(scores: MetricScores, null: str) -> list[float]:
    return [value for value in scores.nulls()[null] if value is not None]


def _passes(scores: MetricScores) -> bool:
    (check,) = checks([scores])
    return check.outcome == "pass"
