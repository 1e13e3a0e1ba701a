"""Epistasis: equal to brute force over every double substitution, whatever the tokens are."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from relevome.data.sequences import DNA, Sequence
from relevome.discovery.pairs.epistasis import epistasis_map
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import FixedBatchSize
from tests.evaluation.metrics.test_double_substitutions import FIRST, SECOND, product
from tests.toys import TOYS

ToyModel = Callable[[str], Model]
__all__ = ["product"]


def score(model: Model, sequence: Sequence, target: Target, changes: dict[int, str]) -> float:
    text = "".join(changes.get(at, letter) for at, letter in enumerate(sequence.letters))
    return alone(model, replace(sequence, letters=text), target)


@cache
def alone(model: Model, sequence: Sequence, target: Target) -> float:
    batch = Batch((model.tokenize(sequence),), (target,))
    with torch.no_grad():
        return model.scores(model.inputs(batch), batch).item()


@pytest.mark.parametrize(
    ("name", "letters", "by"),
    [("bpe", 6, None), ("dnabert", 6, None), ("cnn", 6, None), ("esm", 4, "A"), ("protbert", 6, "W"),
     ("letters-masked", 4, None), ("residues-causal", 4, "A")],
)  # fmt: skip
def test_it_is_brute_force(toy_model: ToyModel, name: str, letters: int, by: str | None) -> None:
    model, toy = toy_model(name), TOYS[name]
    (sequence,) = toy.sequences(letters, seed=5)
    target, alphabet = toy.target(model), toy.alphabet.letters
    largest = epistasis_map(model, sequence, target, by)
    rms = epistasis_map(model.with_batch_sizes(FixedBatchSize(3)), sequence, target, by, "rms")
    whole = score(model, sequence, target, {})
    for i, j in itertools.combinations(range(letters), 2):
        apart = [
            score(model, sequence, target, {i: a, j: b})
            - score(model, sequence, target, {i: a})
            - score(model, sequence, target, {j: b})
            + whole
            for a, b in itertools.product(by or alphabet, repeat=2)
            if a != sequence.letters[i] and b != sequence.letters[j]
        ]
        if not apart:
            assert np.isnan(largest.values[i, j])
            continue
        assert largest.values[i, j] == pytest.approx(max(apart, key=abs), abs=1e-9)
        assert rms.values[j, i] == pytest.approx(np.sqrt(np.mean(np.square(apart))), abs=1e-9)
    assert not np.diag(largest.values).any()


def test_where_two_letters_multiply_their_pair_is_all_there_is(product: Model) -> None:
    """f(ij) - f(i) - f(j) + f(0) of ab is (a' - a)(b' - b), largest for 3 to -2 and 1 to -2."""
    sequence = Sequence("s", "ACCTGACT", DNA)  # C, worth 3, at 2, and A, worth 1, at 5
    found = epistasis_map(product, sequence, Target(1, "b")).values
    assert found[FIRST, SECOND] == found[SECOND, FIRST] == pytest.approx((-2 - 3) * (-2 - 1))
    found[FIRST, SECOND] = found[SECOND, FIRST] = 0
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_letters_that_are_the_substitute_already_have_no_epistasis(product: Model) -> None:
    sequence = Sequence("s", "ACNTGACT", DNA)
    found = epistasis_map(product, sequence, Target(1, "b"), by="A").values
    assert np.isnan(found[[0, 5]][:, [1, 2, 3]]).all()
    assert not np.isnan(found[np.ix_([1, 2, 3], [4, 6, 7])]).any()
    none = epistasis_map(product, Sequence("s", "AAAAAAA", DNA), Target(1, "b"), by="A").values
    assert np.isnan(none[~np.eye(7, dtype=bool)]).all()


def test_a_letter_that_the_alphabet_has_not_is_refused(product: Model) -> None:
    with pytest.raises(InputError, match="--by N: expected one letter of ACGT"):
        epistasis_map(product, Sequence("s", "ACGTACGT", DNA), Target(1, "b"), by="N")
