from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from relevome.training.function.labels import EcLabels
from relevome.training.function.scores import Outputs, fmax, outputs_of, smin

THRESHOLDS = [round(0.01 * k, 2) for k in range(1, 101)]


def sets(matrix: np.ndarray) -> list[set[int]]:
    return [set(np.flatnonzero(row).tolist()) for row in matrix]


def fmax_by_sets(chance: np.ndarray, known: np.ndarray) -> float:
    """Radivojac et al. 2013, by the definition: sets of terms, protein by protein."""
    best = 0.0
    for t in THRESHOLDS:
        precisions, recalls = [], []
        for predicted, true in zip(sets(chance >= t), sets(known), strict=True):
            if predicted:
                precisions.append(len(predicted & true) / len(predicted))
            recalls.append(len(predicted & true) / len(true))
        if precisions and np.mean(precisions) + np.mean(recalls) > 0:
            p, r = float(np.mean(precisions)), float(np.mean(recalls))
            best = max(best, 2 * p * r / (p + r))
    return best


def smin_by_sets(chance: np.ndarray, known: np.ndarray, bits: np.ndarray) -> float:
    """Clark and Radivojac 2013, equations 5 to 8, likewise."""
    found = []
    for t in THRESHOLDS:
        pairs = list(zip(sets(chance >= t), sets(known), strict=True))
        ru = sum(bits[v] for predicted, true in pairs for v in true - predicted) / len(pairs)
        mi = sum(bits[v] for predicted, true in pairs for v in predicted - true) / len(pairs)
        found.append(math.sqrt(ru**2 + mi**2))
    return min(found)


@pytest.mark.parametrize("seed", range(6))
def test_fmax_and_smin_equal_a_loop_over_proteins_and_thresholds(seed: int) -> None:
    draw = np.random.default_rng(seed)
    known = draw.random((23, 7)) < 0.3
    known[~known.any(1), 2] = True
    chance = np.clip(draw.random((23, 7)) * 0.7 + 0.3 * known, 0, 1)
    bits = draw.random(7) * 5
    assert fmax(chance, known) == pytest.approx(fmax_by_sets(chance, known), abs=1e-12)
    assert smin(chance, known, bits) == pytest.approx(smin_by_sets(chance, known, bits), abs=1e-12)


def test_fmax_of_single_threshold_guesses_is_the_sample_mean_of_scikit_learn() -> None:
    draw = np.random.default_rng(3)
    known, chance = draw.random((31, 5)) < 0.4, (draw.random((31, 5)) < 0.5).astype(float)
    known[~known.any(1), 0] = chance[~chance.any(1), 1] = True
    given: Any = {"average": "samples", "zero_division": 0}
    precision, recall, *_ = precision_recall_fscore_support(known, chance, **given)
    assert fmax(chance, known) == pytest.approx(2 * precision * recall / (precision + recall))


def test_perfect_and_empty_predictions() -> None:
    known = np.array([[True, False, True], [False, True, False]])
    assert fmax(known.astype(float), known) == 1
    assert smin(known.astype(float), known, np.array([1.0, 2, 4])) == 0
    assert fmax(np.zeros((2, 3)), known) == 0
    assert smin(np.zeros((2, 3)), known, np.array([1.0, 2, 4])) == (5 + 2) / 2
    assert math.isnan(fmax(np.zeros((0, 3)), np.zeros((0, 3), dtype=bool)))
    assert math.isnan(smin(np.zeros((0, 3)), np.zeros((0, 3), dtype=bool), np.ones(3)))


def test_an_output_is_as_probable_as_what_implies_it() -> None:
    implies = np.array([[True, False, False], [True, True, False], [True, True, True]])
    logits = np.array([[-2.0, -1, 3], [1, 0.5, -4]])
    truth = np.array([[1.0, 1, 1], [1, 0, 0]])
    found = Outputs(implies, np.array([1.0, 2, 3])).scores(logits, truth, one_class=False)
    raised = expit(np.array([[3.0, 3, 3], [1, 0.5, -4]]))
    assert found["fmax"] == fmax_by_sets(raised, truth == 1)
    assert found["smin"] == pytest.approx(smin_by_sets(raised, truth == 1, np.array([1.0, 2, 3])))
    assert found["micro_average_precision"] == average_precision_score(truth.ravel(), raised.ravel())


def test_one_class_for_each_protein_is_a_set_of_one() -> None:
    draw = np.random.default_rng(5)
    logits, truth = draw.normal(size=(40, 3)), draw.integers(0, 3, size=40)
    bits = np.array([0.5, 1.5, 3.0])
    found = Outputs(np.eye(3, dtype=bool), bits).scores(logits, truth, one_class=True)
    known, chance = np.eye(3, dtype=bool)[truth], softmax(logits, axis=1)
    assert found["fmax"] == pytest.approx(fmax_by_sets(chance, known))
    assert found["smin"] == pytest.approx(smin_by_sets(chance, known, bits))
    assert found["micro_average_precision"] == pytest.approx(
        average_precision_score(known.ravel(), chance.ravel())
    )


def test_proteins_without_a_label_count_for_no_protein_centric_score() -> None:
    draw = np.random.default_rng(8)
    truth, logits = (draw.random((12, 4)) < 0.4).astype(float), draw.normal(size=(12, 4))
    truth[:5] = 0
    truth[5:, 0] = 1
    outputs = Outputs(np.eye(4, dtype=bool), np.ones(4))
    every, some = (outputs.scores(logits[part], truth[part], False) for part in (slice(None), slice(5, None)))
    assert (every["fmax"], every["smin"]) == (some["fmax"], some["smin"])
    assert every["micro_average_precision"] < some["micro_average_precision"]


def test_a_model_that_gives_no_numbers_has_no_scores() -> None:
    outputs = Outputs(np.eye(2, dtype=bool), np.ones(2))
    found = outputs.scores(np.array([[np.nan, 0.0]]), np.array([[1.0, 0.0]]), one_class=False)
    assert all(map(math.isnan, found.values()))


def test_information_is_that_of_a_class_among_proteins_with_its_parents() -> None:
    class Chain(EcLabels):
        """c is under b is under a."""

        def above(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
            chain = "abc"
            at = chain.index(name)
            return frozenset(chain[: at + 1]), frozenset(chain[at - 1 : at] if at else "")

    proteins = [frozenset(p) for p in ("a", "ab", "ab", "abc", "", "", "", "")]
    outputs = outputs_of(("a", "b", "c"), Chain(1), proteins)
    assert outputs.information == pytest.approx([1, -math.log2(3 / 4), -math.log2(1 / 3)])
    assert outputs.implies.tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
