"""Saturation mutagenesis, as plain loops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from relevome.attribution.mutagenesis import Mutagenesis
from relevome.data.sequences import Sequence
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import FixedBatchSize
from tests.toys import TOYS, Toy

ToyModel = Callable[[str], Model]

# One of every way to read letters and of every kind of head; with codes, and too short for a word.
CASES = [
    ("protbert", "MKVA"),
    ("esm", "MJJA"),
    ("protbert-residues", "MXVA"),
    ("protbert-masked", "MKVAL"),
    ("esm-masked", "MKVAX"),
    ("prott5", "MKVB"),
    ("residues-causal", "MKXVA"),
    ("pairs-causal", "MALEGKSS"),
    ("nucleotide-transformer", "ACGTACGTAC"),
    ("dnabert", "ACGTNACGT"),
    ("bpe", "ACGTACGGTTAACC"),
    ("roberta", "ACGTTACCGTACGG"),
    ("cnn", "ACGTTNCCGT"),
]


def score(model: Model, letters: str, toy: Toy, target: Target) -> float:
    tokens = model.tokenize(Sequence("mutant", letters, toy.alphabet))
    batch = Batch((tokens,), (target,))
    with torch.no_grad():
        return model.scores(model.inputs(batch), batch).item()


def mutants(letters: str, alphabet: str) -> list[tuple[int, int, str]]:
    """Position, index of the new letter, letters of the mutant."""
    return [
        (position, index, letters[:position] + new + letters[position + 1 :])
        for position in range(len(letters))
        for index, new in enumerate(alphabet)
        if letters[position] != new
    ]


@pytest.mark.parametrize("rows", [1, 3, 50])
@pytest.mark.parametrize(("name", "letters"), CASES)
def test_every_mutant_is_scored_as_if_it_came_alone(
    toy_model: ToyModel, name: str, letters: str, rows: int
) -> None:
    model, toy = toy_model(name), TOYS[name]
    model = model.with_batch_sizes(FixedBatchSize(rows))
    target = toy.target(model)
    tokens = model.tokenize(Sequence("s", letters, toy.alphabet))
    (found,) = Mutagenesis().attribute(model, Batch((tokens,), (target,)))
    wild = score(model, letters, toy, target)
    effects = np.zeros((len(letters), len(toy.alphabet.letters)))
    for position, index, mutant in mutants(letters, toy.alphabet.letters):
        effects[position, index] = score(model, mutant, toy, target) - wild
    others = [len(toy.alphabet.letters) - (letter in toy.alphabet.letters) for letter in letters]
    assert found.score == pytest.approx(wild, abs=1e-12)
    assert found.letter_scores is not None
    assert found.letters is not None
    np.testing.assert_allclose(found.letter_scores, effects, atol=1e-10)
    np.testing.assert_allclose(found.letters, -effects.sum(1) / others, atol=1e-10)


def spans(pieces: list[str]) -> set[tuple[int, int, str]]:
    """Start, end and text of words one after another."""
    ends = np.cumsum([len(piece) for piece in pieces]).tolist()
    return {(end - len(piece), end, piece) for piece, end in zip(pieces, ends, strict=True)}


@pytest.mark.parametrize("name", ["bpe", "roberta", "nucleotide-transformer"])
def test_mutants_with_a_change_elsewhere_are_counted(
    toy_model: ToyModel, saved: Callable[[str], Path], name: str
) -> None:
    model, toy = toy_model(name), TOYS[name]
    hf = AutoTokenizer.from_pretrained(saved(name))
    letters = "ACGTACGGTTAACCNACA"
    tokens = model.tokenize(Sequence("s", letters, toy.alphabet))
    (found,) = Mutagenesis().attribute(model, Batch((tokens,), (toy.target(model),)))
    count = 0
    for position, _, mutant in mutants(letters, "ACGT"):
        apart = [
            {span for span in spans(hf.tokenize(text)) if not span[0] <= position < span[1]}
            for text in (letters, mutant)
        ]
        count += apart[0] != apart[1]
    assert found.notes == {"mutants": 17 * 3 + 4, "mutants_retokenised": count}
    assert count > 0


@pytest.mark.parametrize("name", ["protbert", "esm", "dnabert", "prott5", "cnn"])
def test_where_tokens_stand_by_their_place_none_changes_elsewhere(toy_model: ToyModel, name: str) -> None:
    model, toy = toy_model(name), TOYS[name]
    (found,) = Mutagenesis().attribute(model, toy.batch(model, 6))
    assert found.notes == {"mutants": 6 * (len(toy.alphabet.letters) - 1), "mutants_retokenised": 0}


def test_letters_that_become_a_word_are_read_as_one(toy_model: ToyModel) -> None:
    """Around the N all tokens are letters; without it there is a word of three."""
    model, toy = toy_model("nucleotide-transformer"), TOYS["nucleotide-transformer"]
    tokens = model.tokenize(Sequence("s", "ACNCA", toy.alphabet))
    assert tokens.one_letter_each
    (found,) = Mutagenesis().attribute(model, Batch((tokens,), (toy.target(model),)))
    assert found.letter_scores is not None
    expected = score(model, "ACGCA", toy, toy.target(model)) - found.score
    assert found.letter_scores[2, 2] == pytest.approx(expected, abs=1e-12)
    assert found.notes["mutants_retokenised"] == 4


def test_a_letter_that_is_hidden_has_no_effect(toy_model: ToyModel) -> None:
    model, toy = toy_model("esm-masked"), TOYS["esm-masked"]
    (found,) = Mutagenesis().attribute(model, toy.batch(model, 5))
    assert found.letters is not None
    assert [position for position, value in enumerate(found.letters) if abs(value) < 1e-12] == [2]
