"""What maps reach that know a place or letters alone, and what is said of methods that know no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from relevome.evaluation.checks import checks
from relevome.evaluation.measurement import Measured, summarise
from relevome.evaluation.metrics import metrics
from relevome.evaluation.nulls import (
    PEERS,
    MapExchange,
    OtherSequences,
    Peer,
    Peers,
    orders_among_equals,
    scaled,
    unaligned,
)
from relevome.evaluation.places import Mapped, Places, RandomModels
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
    assert found.row()[-11:-6] == ("letter", 0.8, *found.excess[2:5])
    assert found.over_exchange is not None
    assert found.over_exchange[:2] == ("random order", 0.5)
    assert found.row()[-6:] == ("random order", 0.5, *found.over_exchange[2:5], None)
    lower = summarise(metrics["sufficiency"], "letters", rows, {})
    assert lower.excess is None  # it is of no place


def test_exchanged_maps_come_to_what_sites_and_maps_come_to_by_themselves() -> None:
    """Of values that are a sum of both the least squares are exact, whoever met whom."""
    rng = np.random.default_rng(0)
    sites, maps = rng.normal(size=(2, 20))
    exchange = MapExchange()
    for i in range(20):
        for j in (i + np.array([1, 5, 8])) % 20:
            exchange.add(str(i), str(j), 3 + sites[i] + maps[j])
    found = exchange.expected()
    np.testing.assert_allclose([found[str(i)] for i in range(20)], 3 + sites + maps, atol=1e-6)


def test_maps_are_exchanged_between_sequences_of_one_length() -> None:
    mask = np.arange(4) == 1
    peers = Peers(seed=0)
    for i in range(5):
        peers.add(Peer(str(i), np.full(4, float(i)), mask))
    drawn = [peer.sequence_id for peer in peers.draw("2", 10)]
    assert sorted(drawn) == ["0", "1", "3", "4"]
    assert len(peers.draw("9", 3)) == 3
    peers.add(Peer("long", np.zeros(5), np.arange(5) == 1))
    assert peers.draw("2", 10) == []


def test_every_sequence_of_many_may_be_a_peer() -> None:
    seen: set[str] = set()
    for seed in range(20):
        peers = Peers(seed)
        for i in range(2 * PEERS):
            peers.add(Peer(str(i), np.zeros(3), np.arange(3) == 1))
        kept = {peer.sequence_id for peer in peers.draw("none", PEERS)}
        assert len(kept) == PEERS
        seen |= kept
    assert len(seen) == 2 * PEERS


def test_orders_among_equals_move_values_between_equal_letters_and_pairs_alone() -> None:
    letters, values = "AACAACGT", np.arange(8.0)
    found = orders_among_equals(letters, values, np.random.default_rng(0), 50)
    for order in found["same letters"]:
        for letter in "ACGT":
            places = [i for i, one in enumerate(letters) if one == letter]
            assert sorted(order[places]) == sorted(values[places])
    assert len({tuple(order) for order in found["same letters"]}) > 10
    # AA is at 1 and 4, AC at 2 and 5; every other pair, and the first letter, stands once
    seen = {tuple(order) for order in found["same pairs"]}
    fixed = {0: 0.0, 3: 3.0, 6: 6.0, 7: 7.0}
    assert all(order[place] == value for order in seen for place, value in fixed.items())
    assert {(order[1], order[4], order[2], order[5]) for order in seen} == {
        (1, 4, 2, 5), (4, 1, 2, 5), (1, 4, 5, 2), (4, 1, 5, 2),
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["auroc", "average-precision", "mass-accuracy", "rank-accuracy", "point-biserial"]
)
def test_absolute_twins_take_no_heed_of_signs(name: str) -> None:
    rng = np.random.default_rng(0)
    relevance, mask = rng.normal(size=30), np.arange(30) < 8
    signed, absolute = metrics[name], metrics[f"absolute-{name}"]
    assert absolute.compute(relevance, mask) == signed.compute(np.abs(relevance), mask)
    assert absolute.compute(relevance, mask) != signed.compute(relevance, mask)
    assert (absolute.absolute, signed.absolute) == (True, False)
    assert (absolute.kind, absolute.bounds) == (signed.kind, signed.bounds)


def test_means_of_absolute_twins_are_of_absolute_values() -> None:
    """Relevance of one place whose sign is another in every sequence: signed, its mean says nothing."""
    rng = np.random.default_rng(0)
    mask = np.arange(20) == 7
    rows = [Mapped(str(i), "ACGT" * 5, rng.normal(0, 0.1, 20) + mask * (-1) ** i, mask) for i in range(20)]
    places = Places(rows)
    chosen = [metrics["auroc"], metrics["absolute-auroc"]]
    found = [places.of(row, chosen) for row in rows]
    assert np.mean([one["absolute-auroc"]["position"] for one in found]) == 1
    assert np.mean([one["auroc"]["position"] for one in found]) < 0.8
    assert set(found[0]["auroc"]) == {"position", "letter", "letter pairs", "same letters", "same pairs"}
    assert places.exchanged("auroc").keys() == {row.sequence_id for row in rows}
    assert np.mean([*places.exchanged("absolute-auroc").values()]) == pytest.approx(1)


def of_places_by_noise(rng: np.random.Generator, text: str, inside: np.ndarray) -> np.ndarray:
    return of_places(rng, text, inside) + rng.normal(0, 0.5, LENGTH)


def test_a_method_that_knows_a_place_is_as_good_as_other_maps() -> None:
    """The full calibration is benchmarks/nulls.py; here the mean over simulations is 0 within its error."""
    over = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows = [Mapped(str(i), *case) for i, case in enumerate(_cases(of_places_by_noise, rng))]
        places, metric = Places(rows, seed), metrics["auroc"]
        for row in rows:
            places.of(row, [metric])
        expected = places.exchanged("auroc")
        over += [metric.compute(row.relevance, row.mask) - expected[row.sequence_id] for row in rows]
    assert abs(np.mean(over)) < 3 * np.std(over) / np.sqrt(len(over))


def _cases(method: Method, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for _ in range(SEQUENCES):
        start = int(np.clip(rng.normal(LENGTH / 2, 4), 0, LENGTH - WIDTH))
        inside = (np.arange(LENGTH) >= start) & (np.arange(LENGTH) < start + WIDTH)
        text = "".join(rng.choice(list("ACGT"), LENGTH))
        yield text, method(rng, text, inside), inside


def test_a_map_that_only_a_mean_beats_knows_its_sequence() -> None:
    others = {"position": 0.9, "other maps": 0.55}
    rows = [Measured(str(i), 0.6 + i / 100, 0.5, None, others) for i in range(8)]
    (check,) = checks([summarise(metrics["auroc"], "letters", rows, {})])
    assert check.outcome == "fail"
    assert check.sentence.endswith(
        "it is significantly worse than the mean of the other sequences at every place; it is better than "
        "the maps of other sequences at the same places (by 0.085, p 0.0039), so it does know something of "
        "its sequence"
    )
    unknowing = [Measured(str(i), 0.5 + (-1) ** i / 100, 0.5, None, others) for i in range(8)]
    (check,) = checks([summarise(metrics["auroc"], "letters", unknowing, {})])
    assert check.sentence.endswith("worse than the mean of the other sequences at every place")


def test_the_picture_has_the_strongest_null() -> None:
    rows = [Measured(str(i), 0.6 + i / 100, 0.5, 0.7, {"position": 0.8 + i / 100}) for i in range(5)]
    found = bars("auroc", "", {"run": summarise(metrics["auroc"], "letters", rows, {})}, with_null=True)
    assert [*found.means] == ["run", "shuffled", "position"]
    assert found.means["position"].mean == pytest.approx(0.82)


@pytest.mark.parametrize(
    ("name", "best"), [("auroc", {"a": 0.9, "c": 0.5}), ("scaled-infidelity", {"a": 0.2, "b": 0.4, "c": 0.3})]
)
def test_the_null_of_random_weights_is_the_model_that_does_best(name: str, best: dict[str, float]) -> None:
    """By the mean over the sequences that it has, whichever way is better."""
    models = RandomModels()
    for sequence, each in {"a": (0.2, 0.9, None), "b": (0.4, None, 0.8), "c": (0.3, 0.5, 0.4)}.items():
        models.add(metrics[name], sequence, dict(enumerate(each)))
    assert models.best(metrics[name]) == best
    assert models.best(metrics["mass-accuracy"]) == {}
