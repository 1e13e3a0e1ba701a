"""Raw attention and rollout, against loops over weights that transformers gives away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from relevome.attribution import Method
from relevome.attribution.attention import Attention
from relevome.attribution.rollout import Rollout
from relevome.errors import InputError
from relevome.models.base import Batch, Model
from tests.architectures import ARCHITECTURES
from tests.oracles.explicit_cases import Double
from tests.toys import TOYS

Make = Callable[..., Model]
ToyModel = Callable[[str], Model]
Array = np.ndarray

# The token that the prediction is read from, of so many; None is all.
READ: dict[str, Callable[[int], int | None]] = {
    "BERT": lambda tokens: 0,
    "LLaMA": lambda tokens: tokens - 1,
    "T5 encoder": lambda tokens: 3,
    "EuroBERT": lambda tokens: None,
}
QUERIES: dict[str, Callable[[int], int | None]] = {
    "first": lambda tokens: 0,
    "last": lambda tokens: tokens - 1,
    "mean": lambda tokens: None,
}
every_model = pytest.mark.parametrize("name", READ)
every_query = pytest.mark.parametrize("query", QUERIES)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A model of an architecture by its name: ``make("BERT", "sdpa")``."""
    folders: dict[str, Path] = {}

    def made(name: str, attention: str) -> Model:
        folder = folders.setdefault(name, tmp_path_factory.mktemp("architecture") / "model")
        return ARCHITECTURES[name].make(folder, attention)

    return made


def given_away(make: Make, name: str, batch: Batch) -> list[Array]:
    """Mean attention over heads of each sequence, (layers, queries, keys), one sequence at a time."""
    model = make(name, "eager")
    found = []
    for tokens, target in zip(batch.tokens, batch.targets, strict=True):
        with torch.no_grad():
            inputs = model.inputs(Batch((tokens,), (target,)))
            layers = model.module(**inputs, output_attentions=True).attentions
        found.append(np.stack([layer[0].mean(0).numpy() for layer in layers]))
    return found


def raw(layers: Array, query: int | None, which: str) -> Array:
    looks = layers[-1] if which == "last" else layers.mean(0)
    return looks.mean(0) if query is None else looks[query]


def rolled_out(layers: Array, query: int | None) -> Array:
    """The sum over all paths from a token in front to one at the end, each step as eq. 1 weighs it."""
    tokens = layers.shape[1]
    ends = range(tokens) if query is None else [query]
    total = np.zeros(tokens)
    for end in ends:
        shares = np.eye(tokens)[end]
        for layer in layers[::-1]:
            before = np.zeros(tokens)
            for here in range(tokens):
                for there in range(tokens):
                    step = 0.5 * layer[here, there] + (0.5 if here == there else 0.0)
                    before[there] += shares[here] * step
            shares = before
        total += shares
    return total / len(ends)


def check(make: Make, name: str, method: Method, expected: Callable[[Array, int], Array]) -> None:
    """Padded and fused, a method gives what the oracle makes of weights that were given away."""
    with Double():
        batch = ARCHITECTURES[name].batch(make(name, "sdpa"))
        found = method.attribute(make(name, "sdpa"), batch)
        weights = given_away(make, name, batch)
    for relevance, layers in zip(found, weights, strict=True):
        assert relevance.values is not None
        np.testing.assert_allclose(
            relevance.values, expected(layers, len(relevance.tokens)), rtol=0, atol=1e-12
        )
        assert relevance.total == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("layers", ["last", "mean"])
@every_model
def test_raw_attention_is_that_of_the_token_that_the_prediction_is_read_from(
    make: Make, name: str, layers: str
) -> None:
    method = Attention(layers=layers)  # pyright: ignore[reportArgumentType]
    check(make, name, method, lambda weights, tokens: raw(weights, READ[name](tokens), layers))


@every_query
def test_raw_attention_of_another_token_can_be_asked_for(make: Make, query: str) -> None:
    method = Attention(query=query)  # pyright: ignore[reportArgumentType]
    check(make, "BERT", method, lambda weights, tokens: raw(weights, QUERIES[query](tokens), "last"))


@every_model
def test_rollout_is_the_sum_over_all_paths(make: Make, name: str) -> None:
    check(make, name, Rollout(), lambda weights, tokens: rolled_out(weights, READ[name](tokens)))


@every_query
def test_rollout_to_another_token_can_be_asked_for(make: Make, query: str) -> None:
    method = Rollout(query=query)  # pyright: ignore[reportArgumentType]
    check(make, "BERT", method, lambda weights, tokens: rolled_out(weights, QUERIES[query](tokens)))


@pytest.mark.parametrize("method", [Attention(), Rollout()])
def test_a_model_without_attention_is_refused(toy_model: ToyModel, method: Method) -> None:
    model = toy_model("cnn")
    with pytest.raises(InputError, match=r"no attention over its tokens .* needs none, such as"):
        method.attribute(model, TOYS["cnn"].batch(model, 9))
