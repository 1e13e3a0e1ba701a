"""What holds over trainings and sequences, of scores written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relevome.evaluation.statistics import bootstrap_interval, crossed_interval
from relevome.results.evaluation.scores import EXCHANGES
from relevome.studies.trainings.explained import ExplainedTraining
from relevome.studies.trainings.over import OverTrainings
from tests.studies.made_trainings import made_scores, write_scores

SPREAD = np.array([-0.05, -0.03, -0.01, 0.01, 0.03, 0.05])
NAMES = tuple("abcdef")


def over(
    folder: Path, values: np.ndarray, name: str, kind: str = "cnn", metric: str = "auroc"
) -> OverTrainings:
    """An explanation with these values, a row for every training."""
    runs = [ExplainedTraining("toy", kind, number, name) for number in range(len(values))]
    for run, row in zip(runs, values.tolist(), strict=True):
        write_scores(folder, run, [made_scores(metric, dict(zip(NAMES, row, strict=False)))])
    return OverTrainings(runs, folder)


def spread(*means: float) -> np.ndarray:
    """The same sequences in every training."""
    return np.array(means)[:, None] + SPREAD


def test_who_loses_one_training_of_ten_is_not_better_though_the_interval_is_off_0(tmp_path: Path) -> None:
    often = over(tmp_path, spread(*[0.8] * 9, 0.69), "often")
    other = over(tmp_path, spread(*[0.7] * 10), "other")
    assert crossed_interval(often.values("auroc") - other.values("auroc")).low > 0
    assert often.better(other, "auroc") is None
    assert other.better(often, "auroc") is None


def test_who_wins_every_training_by_one_sequence_is_not_better(tmp_path: Path) -> None:
    values = spread(0.7, 0.7, 0.7)
    once = values.copy()
    once[:, 0] += 0.2
    found = over(tmp_path, once, "once"), over(tmp_path, values, "other")
    assert (once.mean(1) > values.mean(1)).all()
    assert found[0].better(found[1], "auroc") is None


def test_who_wins_all_trainings_and_sequences_is_better_by_the_crossed_interval(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    first, second = spread(0.8, 0.82, 0.81), spread(0.7, 0.71, 0.7) + rng.normal(0, 0.01, (3, 6))
    found = over(tmp_path, first, "first").better(over(tmp_path, second, "second"), "auroc")
    assert found == pytest.approx(crossed_interval(first - second))


def test_of_infidelity_the_lower_is_better(tmp_path: Path) -> None:
    low = over(tmp_path, spread(0.2, 0.22), "low", metric="scaled-infidelity")
    high = over(tmp_path, spread(0.4, 0.42), "high", metric="scaled-infidelity")
    assert low.better(high, "scaled-infidelity") == pytest.approx((0.2, 0.2, 0.2))
    assert high.better(low, "scaled-infidelity") is None
    assert low.by_training("scaled-infidelity") == pytest.approx([-0.2, -0.22])


def test_trainings_of_two_models_are_not_paired_by_their_numbers(tmp_path: Path) -> None:
    """Each number of the one is above the same number of the other, but not above every number."""
    first, second = spread(0.7, 0.8, 0.9), spread(0.65, 0.75, 0.85)
    cnn, other = over(tmp_path, first, "lrp"), over(tmp_path, second, "other")
    transformer = over(tmp_path, second, "attnlrp", kind="transformer")
    assert cnn.better(other, "auroc") == pytest.approx((0.05, 0.05, 0.05))
    assert cnn.better(transformer, "auroc") is None


def test_one_training_has_the_interval_of_its_sequences_and_is_better_than_none(tmp_path: Path) -> None:
    found = over(tmp_path, spread(0.9), "found")
    expected = bootstrap_interval(0.9 + SPREAD, seed=0, bounds=(0.0, 1.0))
    assert found.mean("auroc") == pytest.approx(expected)
    assert found.better(over(tmp_path, spread(0.1), "other"), "auroc") is None


def test_values_are_of_sequences_that_all_trainings_have(tmp_path: Path) -> None:
    runs = [ExplainedTraining("toy", "cnn", number, "lrp") for number in range(2)]
    write_scores(tmp_path, runs[0], [made_scores("auroc", {"a": 0.5, "b": 0.6, "c": 0.7})])
    write_scores(tmp_path, runs[1], [made_scores("auroc", {"c": 0.1, "b": 0.2})])
    found = OverTrainings(runs, tmp_path)
    assert found.values("auroc").tolist() == [[0.6, 0.7], [0.2, 0.1]]
    assert found.values("auroc", among={"c", "a"}).tolist() == [[0.7], [0.1]]
    assert found.values("auroc", among=()).shape == (2, 0)


def test_a_metric_without_two_sequences_in_common_is_none(tmp_path: Path) -> None:
    runs = [ExplainedTraining("toy", "cnn", number, "lrp") for number in range(2)]
    for run, names in zip(runs, ("abc", "cde"), strict=True):
        scores = made_scores("auroc", dict.fromkeys(names, 0.5))
        write_scores(tmp_path, run, [scores, made_scores("mass-accuracy", {"a": 0.2, "b": 0.4})])
    assert OverTrainings(runs, tmp_path).metrics == ["mass-accuracy"]


def test_scores_of_tokens_are_not_taken_for_those_of_letters(tmp_path: Path) -> None:
    run = ExplainedTraining("toy", "cnn", 0, "lrp")
    rows = {"letters": {"a": 0.5, "b": 0.7}, "tokens": {"a": 0.9, "b": 0.9}}
    write_scores(
        tmp_path,
        run,
        [
            made_scores("auroc", rows["letters"]),
            made_scores("auroc", rows["tokens"], level="tokens"),
        ],
    )
    assert OverTrainings([run], tmp_path).values("auroc").tolist() == [[0.5, 0.7]]


def test_the_strongest_null_is_that_by_its_mean_over_all_trainings(tmp_path: Path) -> None:
    """A position is stronger in the first training, a letter in both together; other maps have noise."""
    runs = [ExplainedTraining("toy", "cnn", number, "lrp") for number in range(2)]
    nulls = [
        {"position": 0.70, "letter": 0.60, "other maps": 0.52, "random order": 0.5},
        {"position": 0.40, "letter": 0.62, "other maps": 0.54, "random order": 0.5},
    ]
    values = spread(0.8, 0.9)
    for run, row, beside in zip(runs, values.tolist(), nulls, strict=True):
        write_scores(tmp_path, run, [made_scores("auroc", dict(zip(NAMES, row, strict=True)), nulls=beside)])
    found = OverTrainings(runs, tmp_path)
    every, exchange = found.over("auroc"), found.over("auroc", EXCHANGES)
    assert every is not None
    assert exchange is not None
    assert (every[0], exchange[0]) == ("letter", "other maps")
    assert every[1] == pytest.approx(crossed_interval(values - np.array([[0.6], [0.62]])))
    assert exchange[1] == pytest.approx(crossed_interval(values - np.array([[0.52], [0.54]])))
    assert found.over("auroc", ("same pairs",)) is None
    # two trainings that differ by 0.08 leave nothing sure of 0.24, whatever their sequences say
    assert not found.is_over("auroc")
