"""The benchmark of antibody pairs: its maps are those of the package, and what it counts by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import antibody_pairs
from benchmarks.antibody_pairs import dependency_and_jacobian, rows_of_map, spread
from relevome.attribution.attention_weights import attention_weights
from relevome.data.sequences import PROTEIN, Sequence
from relevome.discovery.pairs.dependency import dependency_maps
from relevome.discovery.pairs.jacobian import jacobian_maps
from relevome.discovery.pairs.strands import PairMap
from relevome.models.base import Batch, Model, Target
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


def test_both_maps_of_the_same_passes_are_those_of_each(toy_model: ToyModel) -> None:
    model = toy_model("esm-masked")
    (sequence,) = TOYS["esm-masked"].sequences(5)
    dependency, jacobian = dependency_and_jacobian(model, sequence)
    for found, made in ((dependency, dependency_maps), (jacobian, jacobian_maps)):
        ((_, expected),) = made(model, [sequence])
        assert isinstance(expected, PairMap)
        np.testing.assert_allclose(found, expected.values, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(rows_of_map(model, sequence, [4, 1]), dependency[[4, 1]], rtol=1e-6, atol=1e-9)


def test_attention_of_a_pair_is_over_one_share_of_the_tokens(toy_model: ToyModel) -> None:
    model = toy_model("esm-masked")
    sequence = Sequence("s", "MKCAYIAKCQRQISFV", PROTEIN)
    bridge, beside = antibody_pairs._over_uniform(model, [(sequence, 2, 8)])
    tokens = model.tokenize(sequence)
    every = attention_weights(model, Batch((tokens,), (Target(0, "", 0),)))[0].detach().numpy()
    at, size = np.flatnonzero(~tokens.special), len(tokens)

    def both(i: int, j: int) -> np.ndarray:
        return (every[..., at[i], at[j]] + every[..., at[j], at[i]]) / 2 * size

    np.testing.assert_allclose(bridge[0], both(2, 8), rtol=1e-6)
    np.testing.assert_allclose(beside[0], (both(2, 13) + both(7, 8)) / 2, rtol=1e-6)


def test_ranks_are_of_pairs_that_are_far_apart() -> None:
    values = np.arange(100.0).reshape(10, 10)
    pairs = [(i, j) for i in range(10) for j in range(i + 6, 10)]
    below = sum(values[pair] < values[1, 8] for pair in pairs)
    assert antibody_pairs._above(values, 1, 8) == pytest.approx(below / len(pairs))


def test_chains_are_at_equal_steps() -> None:
    made = [(Sequence(str(n), "A", PROTEIN), n, n) for n in range(9)]
    assert [one for _, one, _ in spread(made, 3)] == [0, 4, 8]
