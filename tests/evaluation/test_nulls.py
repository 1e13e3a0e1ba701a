"""What maps reach that know a place or letters alone, and what is said of methods that know no more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from relevome.evaluation.checks import checks
from relevome.evaluation.measurement import Measured, summarise
from relevome.evaluation.metrics import metrics
from relevome.evaluation.nulls import OtherSequences, scaled, unaligned
from relevome.report.scores import bars
from relevome.results.evaluation.checks import Check
from relevome.results.evaluation.scores import MetricScores

LENGTH, SEQUENCES, WIDTH = 60, 30, 6


def test_means_are_of_the_other_sequences() -> None:
    letters = ["ACA", "AAC", "CCA"]
    values = [np.array(one, dtype=float) for one in ([2, 4, 6], [1, -1, 1], [0, 3, 3])]
    sizes = [one / np.abs(one).mean() for one in values]  # 0.5 1 1.5, 1 -1 1, 0 1.5 1.5
    np.testing.assert_allclose([scaled(one) for one in values], sizes)
    found = OtherSequences(zip(letters, values, strict=True)).maps(letters[0], values[0])
    np.testing.assert_allclose(found["position"], (sizes[1] + sizes[2]) / 2)
    # A is 1, -1 and 1.5 in the others, C is 1, 0 and 1.5
    np.testing.assert_allclose(found["letter"], [0.5, 2.5 / 3, 0.5])
    # A begins one of the others; C behind A is 1; A behind C is 1.5
    np.testing.assert_allclose(found["letter pairs"], [1, 1, 1.5])


def test_what_no_other_sequence_has_says_nothing() -> None:
    letters = ["ACG", "AAA", "AAA"]
    values = [np.array([1.0, 2.0, 3.0])] * 3
    found = OtherSequences(zip(letters, values, strict=True)).maps(letters[0], values[0])
    assert found["letter"].tolist() == [1.0, 0.0, 0.0]
    assert found["letter pairs"].tolist() == [0.5, 0.0, 0.0]


def test_sequences_of_several_lengths_have_no_null_of_positions() -> None:
    rows = [("ACGT"[: 2 + i % 3], np.arange(2.0 + i % 3)) for i in range(6)]
    assert set(OtherSequences(rows).maps(*rows[0])) == {"letter", "letter pairs"}
    assert OtherSequences(rows[:2]).maps(*rows[0]) == {}
    (said,) = unaligned(len(letters) for letters, _ in rows)
    assert said.startswith("no null of positions: sequences have 3 lengths, from 2 to 4 letters")
    assert unaligned([4, 4]) == []


Method = Callable[[np.random.Generator, str, np.ndarray], np.ndarray]


def simulated(method: Method, seed: int, near: bool = True) -> tuple[MetricScores, Check]:
    """A method on sequences with a site each, near their middle or anywhere, and what is said of it."""
    rng = np.random.default_rng(seed)
    texts, masks, maps = [], [], []
    for _ in range(SEQUENCES):
        start = rng.normal(LENGTH / 2, 4) if near else rng.uniform(0, LENGTH - WIDTH)
        start = int(np.clip(start, 0, LENGTH - WIDTH))
        inside = np.zeros(LENGTH, dtype=bool)
        inside[start : start + WIDTH] = True
        # sites are rich in A
        text = "".join(
            rng.choice(list("ACGT"), p=(0.7, 0.1, 0.1, 0.1) if one else (0.25,) * 4) for one in inside
        )
        texts.append(text)
        masks.append(inside)
        maps.append(method(rng, text, inside))
    others = OtherSequences(zip(texts, maps, strict=True))
    metric = metrics["auroc"]
    rows = [
        Measured(
            str(i), metric.compute(own, inside), 0.5, None,
            {name: metric.compute(one, inside) for name, one in others.maps(text, own).items()},
        )
        for i, (text, inside, own) in enumerate(zip(texts, masks, maps, strict=True))
    ]  # fmt: skip
    score = summarise(metric, "letters", rows, {})
    (check,) = checks([score])
    return score, check


def of_places(rng: np.random.Generator, text: str, inside: np.ndarray) -> np.ndarray:
    """One profile for all, and noise."""
    return np.exp(-(((np.arange(LENGTH) - LENGTH / 2) / 8) ** 2)) + rng.normal(0, 0.05, LENGTH)


def of_letters(rng: np.random.Generator, text: str, inside: np.ndarray) -> np.ndarray:
    """A wherever it stands, and noise."""
    return np.array([float(letter == "A") for letter in text]) + rng.normal(0, 0.05, LENGTH)


def of_sites(rng: np.random.Generator, text: str, inside: np.ndarray) -> np.ndarray:
    """The site itself, and noise."""
    return inside + rng.normal(0, 0.2, LENGTH)


@pytest.mark.parametrize(("method", "null"), [(of_places, "position"), (of_letters, "letter")])
def test_a_method_that_knows_no_more_than_a_null_never_passes(method: Method, null: str) -> None:
    """Its AUROC is far above that of random orders. Means have less noise, so that it is below its null."""
    found = [simulated(method, seed, near=null == "position") for seed in range(200)]
    assert np.mean([score.mean for score, _ in found]) > 0.65
    over = [score.excess for score, _ in found if score.excess is not None]
    assert np.mean([one.null.startswith(null) for one in over]) > 0.9
    assert abs(np.mean([one.mean for one in over])) < 0.02
    alarms = np.mean([check.outcome == "pass" for _, check in found])
    assert alarms <= 0.05


def test_a_method_that_knows_each_site_has_it_all() -> None:
    for seed in range(20):
        score, check = simulated(of_sites, seed)
        assert check.outcome == "pass", check.sentence
        assert score.excess is not None
        assert 0 < score.excess.low < score.excess.mean
        assert score.mean > 0.95


def test_the_strongest_null_is_that_with_the_best_mean() -> None:
    rows = [Measured(str(i), 0.6 + i / 100, 0.5, 0.7, {"letter": 0.8, "position": 0.4}) for i in range(5)]
    found = summarise(metrics["auroc"], "letters", rows, {})
    assert found.excess is not None
    assert (found.excess.null, found.excess.strongest) == ("letter", 0.8)
    assert found.excess.mean == pytest.approx(-0.18)
    assert found.row()[-6:] == ("letter", 0.8, *found.excess[2:5], None)
    lower = summarise(metrics["sufficiency"], "letters", rows, {})
    assert lower.excess is None  # it is of no place


def test_the_picture_has_the_strongest_null() -> None:
    rows = [Measured(str(i), 0.6 + i / 100, 0.5, 0.7, {"position": 0.8 + i / 100}) for i in range(5)]
    found = bars("auroc", "", {"run": summarise(metrics["auroc"], "letters", rows, {})}, with_null=True)
    assert [*found.means] == ["run", "shuffled", "position"]
    assert found.means["position"].mean == pytest.approx(0.82)
