"""Robustness: methods whose answer to a substitution is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from relevome.attribution import Relevance, methods
from relevome.attribution.readings import Readings
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.robustness import (
    Neighbours,
    Substitutions,
    explained_neighbours,
    robust_correlation,
    robust_overlap,
)
from relevome.models.base import Batch, Model
from tests.evaluation.additive import TARGET, additive_model, proteins, worth
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


@dataclass(frozen=True)
class Told:
    """Gives what it is told for a sequence, and remembers the sequences."""

    tell: Callable[[Sequence], np.ndarray]
    seen: list[str] = field(default_factory=list)

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        self.seen.extend(tokens.sequence.letters for tokens in batch.tokens)
        return [
            Relevance(tokens, target, 0.0, letters=self.tell(tokens.sequence))
            for tokens, target in zip(batch.tokens, batch.targets, strict=True)
        ]


def places(sequence: Sequence) -> np.ndarray:
    """A relevance that only the place decides."""
    return np.arange(len(sequence), dtype=float)


def noise(sequence: Sequence) -> np.ndarray:
    """A relevance that is another one for every sequence."""
    return np.random.default_rng([ord(letter) for letter in sequence.letters]).normal(size=len(sequence))


def neighbours(model: Model, method: Told, sequence: Sequence, **options: float) -> Neighbours:
    substitutions = Substitutions(**options)  # pyright: ignore[reportArgumentType]
    (found,) = explained_neighbours(model, method, [sequence], [TARGET], substitutions)
    assert isinstance(found, Neighbours)
    return found


def test_what_stays_is_robust_and_what_changes_is_not() -> None:
    model = additive_model()
    (sequence,) = proteins(200)
    stays = neighbours(model, Told(places), sequence, bound=10.0)
    changes = neighbours(model, Told(noise), sequence, bound=10.0)
    assert (robust_correlation(stays), robust_overlap(stays)) == (pytest.approx(1), 1)
    assert abs(robust_correlation(changes)) < 0.1
    assert abs(robust_overlap(changes) - 0.1) < 0.1


def test_the_same_is_more_robust_than_noisy_than_unrelated_than_inverted() -> None:
    """The original is the same in all; only what becomes of it differs."""
    model = additive_model()
    (sequence,) = proteins(200)
    own = noise(sequence)
    answers: list[Callable[[Sequence], np.ndarray]] = [
        lambda other: own,
        lambda other: own + 0.5 * noise(other),
        noise,
        lambda other: -own,
    ]
    correlations, overlaps = [], []
    for answer in answers:
        told = Told(lambda s, answer=answer: own if s.letters == sequence.letters else answer(s))
        found = neighbours(model, told, sequence, bound=10.0)
        correlations.append(robust_correlation(found))
        overlaps.append(robust_overlap(found))
    assert correlations == sorted(correlations, reverse=True)
    assert overlaps[0] > overlaps[1] > overlaps[2]
    assert len(set(correlations)) == 4


def test_substitutions_spare_what_is_most_relevant_of_either_sign() -> None:
    model, method = additive_model(), Told(lambda sequence: places(sequence) - 15)
    (sequence,) = proteins(30)
    neighbours(model, method, sequence, bound=10.0, draws=300, spared=0.5)
    changed = [[i for i in range(30) if other[i] != sequence.letters[i]] for other in method.seen[1:]]
    assert all(len(one) == 1 for one in changed)
    # Relevance runs from -15 to 14: the larger half by size is below -7 and above 7, and one of both 7s.
    assert {one[0] for one in changed} <= set(range(8, 23))
    assert len({one[0] for one in changed}) == 15
    assert len(set(method.seen)) == len(method.seen) == 1 + 15 * 19


def test_substitutions_that_change_the_prediction_are_left_out() -> None:
    model, method = additive_model(), Told(places)
    (sequence,) = proteins(30)
    found = neighbours(model, method, sequence, bound=0.01, draws=100)
    assert found.drawn == 100
    assert 0 < len(found.variants) == len(method.seen) - 1 < 100

    def score(letters: str) -> float:
        tokens = model.tokenize(Sequence("m", letters, model.alphabet))
        batch = Batch((tokens,), (TARGET,))
        with torch.inference_mode():
            return model.scores(model.inputs(batch), batch).item()

    assert max(abs(score(letters) - score(sequence.letters)) for letters in method.seen) <= 0.01


def test_with_several_readings_the_mean_of_their_logits_has_to_stay() -> None:
    model, bound = additive_model(), 0.02
    (sequence,) = proteins(9)
    every = Substitutions(draws=9 * 19, bound=bound, spared=0.0)
    (found,) = explained_neighbours(
        model, Told(places), [sequence], [TARGET], every, readings=Readings(offsets=2)
    )
    assert isinstance(found, Neighbours)
    letters = model.alphabet.letters
    weights = np.array([0.5, *[1.0] * 7, 0.5]) / 8  # two windows of 8 letters, each without one end
    moves = weights[:, None] * (worth(model, letters) - worth(model, sequence.letters)[:, None])
    assert found.drawn == 9 * 19
    assert len(found.variants) == (np.abs(moves) <= bound).sum() - 9  # but for the letters themselves
    # the method tells places in a window: 0 to 7 for the first, and one less for the second
    np.testing.assert_array_equal(found.relevance, [0, *(np.arange(1, 8) - 0.5), 7])


def test_no_substitution_leaves_the_prediction() -> None:
    model = additive_model()
    sequences = proteins(30, 31)
    strict = explained_neighbours(model, Told(places), sequences, [TARGET] * 2, Substitutions(bound=0.0))
    assert "none of 20 substitutions left the logit of sequence 's1' within 0" in str(strict[1])
    assert [type(one) for one in strict] == [InputError] * 2


def test_of_real_methods_at_letters_of_longer_tokens(toy_model: ToyModel) -> None:
    model, toy = toy_model("bpe"), TOYS["bpe"]
    sequences = toy.sequences(25, 30)
    found = explained_neighbours(
        model, methods["attnlrp"](), sequences, [toy.target(model)] * 2, Substitutions(bound=0.3)
    )
    for one, sequence in zip(found, sequences, strict=True):
        assert isinstance(one, Neighbours)
        assert one.variants.shape[1] == len(sequence)
        assert -1 <= robust_correlation(one) <= 1
        assert 0 <= robust_overlap(one) <= 1


def test_the_letter_that_is_asked_for_is_not_substituted(toy_model: ToyModel) -> None:
    model, toy = toy_model("protbert-masked"), TOYS["protbert-masked"]
    (sequence,) = toy.sequences(6)
    method, target = Told(places), toy.target(model)
    explained_neighbours(model, method, [sequence], [target], Substitutions(500, bound=99.0, spared=0.0))
    assert len(method.seen) == 1 + 5 * 19
    assert {letters[2] for letters in method.seen} == {sequence.letters[2]}


@pytest.mark.parametrize("options", [{"draws": 0}, {"bound": -0.1}, {"spared": 1.0}])
def test_substitutions_that_cannot_be(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="expected one or more, a bound of 0 or more"):
        Substitutions(**options)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["robust-correlation", "robust-overlap"])
def test_metrics_are_registered(name: str) -> None:
    metric = metrics[name]
    assert (metric.kind, metric.needs, metric.higher_is_better) == ("robustness", (), True)
