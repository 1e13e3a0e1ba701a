"""Scores of many inputs against the model asked for each alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.evaluation.scoring import Asked, Scorer
from relevome.models.base import Batch, Model, Target
from tests.evaluation.additive import TARGET, MeanOfLetters, additive_model, proteins
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


def alone(model: Model, tokens: object, target: Target) -> float:
    batch = Batch((tokens,), (target,))  # pyright: ignore[reportArgumentType]
    with model.frozen(), torch.inference_mode():
        return model.scores(model.inputs(batch), batch).item()


def shapes(model: Model) -> list[tuple[int, ...]]:
    assert isinstance(model.module, MeanOfLetters)
    return model.module.shapes


@pytest.mark.parametrize("pooled", [1, 60, 10_000])
@pytest.mark.parametrize("name", ["esm", "protbert-residues", "protbert-masked", "bpe", "dnabert", "cnn"])
def test_scores_of_ragged_inputs_are_those_of_each_alone(toy_model: ToyModel, name: str, pooled: int) -> None:
    model = toy_model(name)
    batch = TOYS[name].batch(model, 9, 31, 12, 30, 9, 17, 11)
    found = Scorer(model, pooled_tokens=pooled).scores(zip(batch.tokens, batch.targets, strict=True))
    expected = [alone(model, *one) for one in zip(batch.tokens, batch.targets, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_targets_of_several_kinds_go_together(toy_model: ToyModel) -> None:
    model = toy_model("protbert-residues")
    tokens = TOYS["protbert-residues"].batch(model, 12).tokens[0]
    targets = [Target(0, "a", position=3), Target(0, "a", position=3, contrast=2), Target(1, "b", position=7)]
    found = Scorer(model).scores((tokens, target) for target in targets)
    np.testing.assert_allclose(found, [alone(model, tokens, t) for t in targets], rtol=0, atol=1e-12)
    assert len(set(found)) == 3


def test_a_repeated_input_is_computed_once_also_in_a_later_call() -> None:
    model = additive_model()
    tokens = [model.tokenize(sequence) for sequence in proteins(7, 9, 8)]
    scorer = Scorer(model)
    first = scorer.scores((tokens[i], TARGET) for i in (0, 1, 0, 0, 1))
    again = scorer.scores((tokens[i], TARGET) for i in (2, 1, 0))
    assert scorer.computed == sum(rows for rows, _ in shapes(model)) == 3
    assert (first[0], first[1]) == (again[2], again[1])


def test_the_same_letters_by_another_name_are_the_same_input() -> None:
    model = additive_model()
    (sequence,) = proteins(9)
    scorer = Scorer(model)
    scorer.scores((model.tokenize(replace(sequence, id=name)), TARGET) for name in "ab")
    assert scorer.computed == 1


def test_another_target_is_another_input() -> None:
    model = additive_model()
    (sequence,) = proteins(9)
    tokens = model.tokenize(sequence)
    found = Scorer(model).scores([(tokens, TARGET), (tokens, Target(0, "first"))])
    assert found[0] != found[1]


def test_what_is_remembered_is_bounded_and_the_latest() -> None:
    model = additive_model()
    tokens = [model.tokenize(sequence) for sequence in proteins(7, 9, 8)]
    scorer = Scorer(model, remembered=2)
    scorer.scores((one, TARGET) for one in tokens)
    scorer.scores([(tokens[2], TARGET), (tokens[1], TARGET)])
    assert scorer.computed == 3
    scorer.scores([(tokens[0], TARGET)])
    assert scorer.computed == 4


def test_like_lengths_go_together_in_full_batches() -> None:
    model = additive_model(rows=4)
    lengths = [100, 20, 99, 21, 98, 20, 97, 96, 21, 20]
    tokens = [model.tokenize(sequence) for sequence in proteins(*lengths)]
    Scorer(model).scores((one, TARGET) for one in tokens)
    assert shapes(model) == [
        (4, 100),
        (1, 96),
        (4, 21),
        (1, 20),
    ]


def test_inputs_are_taken_pool_by_pool() -> None:
    model = additive_model()
    seen: list[int] = []

    def stream() -> Iterator[Asked]:
        for sequence in proteins(10, 11, 12, 13):
            seen.append(len(shapes(model)))
            yield model.tokenize(sequence), TARGET

    Scorer(model, pooled_tokens=20).scores(stream())
    assert seen == [0, 0, 1, 1]


def test_nothing_asked_is_nothing_computed() -> None:
    scorer = Scorer(additive_model())
    assert (scorer.scores([]).shape, scorer.computed) == ((0,), 0)


def test_a_model_that_overflows() -> None:
    model = additive_model()
    with torch.no_grad():
        model.word_embedding.weight[model.tokenizer.letter_id("W")] = torch.inf
    fine, broken = (Sequence(name, letters, PROTEIN) for name, letters in (("a", "MKL"), ("b", "MWL")))
    with pytest.raises(InputError, match="score of sequence 'b', with letters changed, is infinite or not"):
        Scorer(model).scores((model.tokenize(sequence), TARGET) for sequence in (fine, broken))


def test_the_model_is_left_as_it_was() -> None:
    model = additive_model()
    model.module.train()
    Scorer(model).scores((model.tokenize(sequence), TARGET) for sequence in proteins(5))
    assert model.module.training
    assert all(parameter.requires_grad for parameter in model.module.parameters())
