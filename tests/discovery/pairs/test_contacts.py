"""Pairs against structures: precision by hand, and heads whose pairs were planted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from relevome.attribution.attention_weights import attention_weights
from relevome.data.sequences import PROTEIN, Sequence
from relevome.discovery.pairs.contacts import (
    contact_matrix,
    densities,
    head_maps,
    nearest_precisions,
    precisions,
)
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.results.head_name import HeadName
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


def test_precision_is_counted_pair_by_pair() -> None:
    rng = np.random.default_rng(0)
    size = 31
    strength = rng.standard_normal((size, size))
    strength[rng.random((size, size)) < 0.1] = np.nan
    touching = rng.random((size, size)) < 0.2
    touching |= touching.T
    found = precisions(strength, touching)
    for row, apart in enumerate((6, 12, 24)):
        pairs = [(i, j) for i in range(size) for j in range(i + apart, size)]
        best = sorted(pairs, key=lambda p: -np.nanmax([strength[p], strength[p[::-1]], -np.inf]))
        for column, part in enumerate((1, 2, 5)):
            some = best[: size // part]
            expected = sum(bool(touching[pair]) for pair in some) / len(some)
            assert found[row, column] == pytest.approx(expected)
        assert densities(touching)[row] == pytest.approx(np.mean([touching[pair] for pair in pairs]))


@pytest.mark.parametrize("size", [7, 13, 31])
def test_the_nearest_pairs_are_counted_over_every_order_of_equal_ones(size: int) -> None:
    rng = np.random.default_rng(size)
    touching = rng.random((size, size)) < 0.3
    touching |= touching.T
    places = np.arange(size)
    away = np.abs(places[:, None] - places)
    draws = []
    for _ in range(2000):
        noise = rng.random((size, size)) / 2
        draws.append(precisions(-(away + noise + noise.T), touching))
    found = nearest_precisions(touching)
    np.testing.assert_allclose(found, np.mean(draws, 0), atol=0.03)
    assert np.isnan(found[2]).all() == (size <= 24)


def test_of_short_sequences_there_is_none_so_far_apart() -> None:
    found = precisions(np.ones((8, 8)), np.ones((8, 8), dtype=bool))
    assert found[0].tolist() == [1, 1, 1]
    assert np.isnan(found[1:]).all()
    assert np.isnan(densities(np.ones((8, 8), dtype=bool))[1:]).all()


def test_the_strength_of_contacts_themselves_is_precise() -> None:
    rng = np.random.default_rng(1)
    touching = rng.random((50, 50)) < 0.3
    touching |= touching.T
    assert (precisions(touching.astype(float), touching)[:2] == 1).all()
    assert (precisions(-touching.astype(float), touching)[:2] == 0).all()


def test_contacts_are_of_letters_that_are_there() -> None:
    sequence = Sequence("s", "ACDE", PROTEIN)
    found = contact_matrix(sequence, [(0, 3), (1, 2)])
    assert np.argwhere(found).tolist() == [[0, 3], [1, 2], [2, 1], [3, 0]]
    with pytest.raises(InputError, match="a contact of letters 1 and 4 is not on sequence 's' of 4 letters"):
        contact_matrix(sequence, [(1, 4)])


@pytest.mark.parametrize("name", ["esm-masked", "esm", "residues-causal", "bpe"])
def test_a_head_is_its_attention_both_ways_corrected(toy_model: ToyModel, name: str) -> None:
    model, toy = toy_model(name), TOYS[name]
    (sequence,) = toy.sequences(9)
    found = head_maps(model, sequence)
    tokens = model.tokenize(sequence)
    batch = Batch((tokens,), (Target(0, "", 2 if model.kind.by_letter else None),))
    with torch.no_grad():
        every = attention_weights(model, batch)[0].numpy()
    assert [*found] == [HeadName(layer, head) for layer in range(2) for head in range(3)]
    for (layer, head), one in found.items():
        both = np.zeros((9, 9))
        for i in range(9):
            for j in range(9):
                for a in np.flatnonzero((tokens.starts <= i) & (i < tokens.ends)):
                    for b in np.flatnonzero((tokens.starts <= j) & (j < tokens.ends)):
                        share = (tokens.ends[a] - tokens.starts[a]) * (tokens.ends[b] - tokens.starts[b])
                        both[i, j] += (every[layer, head, a, b] + every[layer, head, b, a]) / share
        np.fill_diagonal(both, 0)
        expected = both - both.sum(0) * both.sum(1)[:, None] / both.sum()
        np.fill_diagonal(expected, 0)
        np.testing.assert_allclose(one, expected, atol=1e-6)
