from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from relevome.attribution import Relevance
from relevome.attribution import integrated_gradients as module
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.errors import InputError
from relevome.models.base import Batch, Model
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


def values(relevance: Relevance) -> np.ndarray:
    assert relevance.values is not None
    return relevance.values


def share_missing(relevance: Relevance) -> float:
    """The completeness error as a share of the score difference."""
    assert relevance.baseline_score is not None
    difference = relevance.score - relevance.baseline_score
    return abs(difference - values(relevance).sum()) / abs(difference)


@pytest.mark.parametrize("tolerance", [0.1, 0.001, 0.00001])
def test_steps_are_doubled_until_the_error_is_under_the_tolerance(
    toy_model: ToyModel, tolerance: float
) -> None:
    model = toy_model("esm-absolute")
    batch = TOYS["esm-absolute"].batch(model, 17, 9, 30)
    found = IntegratedGradients(tolerance=tolerance).attribute(model, batch)
    for row, relevance in enumerate(found):
        steps = relevance.notes["integration_steps"]
        assert share_missing(relevance) <= tolerance
        alone = Batch((batch.tokens[row],), (batch.targets[row],))
        (same,) = IntegratedGradients(steps=steps).attribute(model, alone)
        np.testing.assert_allclose(values(relevance), values(same), atol=1e-12)
        if steps > 16:
            (half,) = IntegratedGradients(steps=steps // 2).attribute(model, alone)
            assert share_missing(half) > tolerance


def test_there_is_an_end_to_doubling(toy_model: ToyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 32)
    model = toy_model("esm")
    method = IntegratedGradients(tolerance=1e-12, baseline="zero")
    (found,) = method.attribute(model, TOYS["esm"].batch(model, 9))
    assert found.notes["integration_steps"] == 32
    assert share_missing(found) > 1e-12


@pytest.mark.parametrize("name", ["protbert", "esm", "roberta"])
@pytest.mark.parametrize("site", ["word", "block"])
def test_relevance_is_complete_at_both_sites(toy_model: ToyModel, name: str, site: str) -> None:
    model = toy_model(name)
    method = IntegratedGradients(site=site, tolerance=0.001)  # pyright: ignore[reportArgumentType]
    for relevance in method.attribute(model, TOYS[name].batch(model, 12, 7)):
        assert share_missing(relevance) <= 0.001


@pytest.mark.parametrize("baseline", ["unknown", "pad", "mean", "zero"])
def test_special_tokens_get_nothing_at_the_word_embedding(toy_model: ToyModel, baseline: str) -> None:
    model = toy_model("protbert")
    (found,) = IntegratedGradients(baseline, steps=5).attribute(model, TOYS["protbert"].batch(model, 9))
    assert found.values is not None
    assert not found.values[found.tokens.special].any()
    assert found.values[~found.tokens.special].all()


def test_several_shuffles_are_averaged(toy_model: ToyModel) -> None:
    model = toy_model("cnn")
    batch = TOYS["cnn"].batch(model, 19)
    several = IntegratedGradients("shuffle:3", steps=6, seed=5)
    (found,) = several.attribute(model, batch)
    single = [several._one_baseline(model, batch, draw)[0] for draw in range(3)]
    origins = np.array([relevance.baseline_score for relevance in single])
    scores = [np.asarray(relevance.letter_scores) for relevance in single]
    np.testing.assert_allclose(values(found), np.mean([*map(values, single)], axis=0), atol=1e-14)
    np.testing.assert_allclose(np.asarray(found.letter_scores), np.mean(scores, axis=0), atol=1e-14)
    assert found.baseline_score == pytest.approx(origins.mean())
    assert len(set(origins)) == 3


@pytest.mark.parametrize("steps", [0, -3])
def test_no_steps_are_refused(steps: int) -> None:
    with pytest.raises(InputError, match=f"--steps {steps}: expected at least 1"):
        IntegratedGradients(steps=steps)


@pytest.mark.parametrize("tolerance", [0.0, 1.0, -0.1, 5.0])
def test_a_tolerance_that_is_no_share_is_refused(tolerance: float) -> None:
    with pytest.raises(InputError, match=f"--tolerance {tolerance}: expected a share .* between 0 and 1"):
        IntegratedGradients(tolerance=tolerance)
