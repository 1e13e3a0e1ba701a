"""Dependency maps and categorical Jacobians: equal to loops written out, one mutant at a time, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import product
from math import log2
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from relevome.data.sequences import DNA, Sequence
from relevome.discovery.pairs.dependency import dependency_maps, log2_odds
from relevome.discovery.pairs.jacobian import contact_map, jacobian_maps, product_corrected
from relevome.discovery.pairs.strands import PairMap
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Source, Target
from relevome.models.batching import FixedBatchSize
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from tests.toys import TOYS

ToyModel = Callable[[str], Model]
BY_LETTER = ("protbert-masked", "esm-masked", "letters-masked", "residues-causal", "llama-causal",
             "protbert-residues")  # fmt: skip
LENGTHS = {"letters-masked": (6, 4), "llama-causal": (6, 4)}


def mutated(sequence: Sequence, place: int, letter: str) -> Sequence:
    letters = sequence.letters[:place] + letter + sequence.letters[place + 1 :]
    return Sequence(sequence.id, letters, sequence.alphabet)


@cache
def logits(model: Model, sequence: Sequence) -> np.ndarray:
    """What the model says of every letter, by one pass of its own; of a first letter nobody sees nothing."""
    tokens = model.tokenize(sequence)
    with torch.no_grad():
        every = model.module(**model.inputs(Batch((tokens,), (Target(0, "", 0),)))).logits[0].numpy()
    found = []
    for place in range(len(sequence)):
        try:
            row = every[model.token_read(tokens, place)]
        except InputError:
            row = np.full(every.shape[-1], np.nan)
        ids = model.tokenizer.letter_ids() if model.kind.language else None
        found.append(row if ids is None else row[ids])
    return np.array(found)


def log2_odds_of(row: np.ndarray, output: int) -> float:
    chance = np.exp(row - row.max())
    chance /= chance.sum()
    return log2(chance[output] / np.delete(chance, output).sum())


def dependency(model: Model, sequence: Sequence, i: int, j: int) -> float:
    """The largest change of odds at j by another letter at i."""
    own, largest = logits(model, sequence)[j], 0.0
    for letter in model.alphabet.letters:
        if letter != sequence.letters[i]:
            row = logits(model, mutated(sequence, i, letter))[j]
            for n in range(len(row)):
                largest = max(largest, abs(log2_odds_of(row, n) - log2_odds_of(own, n)))
    return largest


def by_loops(model: Model, sequence: Sequence) -> np.ndarray:
    size = len(sequence)
    found = np.zeros((size, size))
    for i, j in product(range(size), range(size)):
        if i == j:
            continue
        if model.kind.ahead and i > j:
            if sequence.alphabet != DNA:
                found[i, j] = np.nan
                continue
            turned = sequence.reverse_complement()
            found[i, j] = dependency(model, turned, size - 1 - i, size - 1 - j)
            continue
        found[i, j] = dependency(model, sequence, i, j)
    return found


def maps(found: Iterable[tuple[int, PairMap | InputError]]) -> list[np.ndarray]:
    by_number: dict[int, np.ndarray] = {}
    for number, one in found:
        assert isinstance(one, PairMap)
        assert number not in by_number
        by_number[number] = one.values
    return [by_number[number] for number in sorted(by_number)]


@pytest.mark.parametrize("name", BY_LETTER)
def test_a_dependency_map_is_the_loop_of_its_definition(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    sequences = TOYS[name].sequences(*LENGTHS.get(name, (4, 3)), seed=3)
    for sequence, found in zip(sequences, maps(dependency_maps(model, sequences)), strict=True):
        np.testing.assert_allclose(found, by_loops(model, sequence), rtol=1e-6, atol=1e-9)
        assert (found[~np.isnan(found)] > 0).any()


def jacobian(model: Model, sequence: Sequence) -> np.ndarray:
    """Every letter at every place, by one pass each; of a causal model what is not seen is 0."""
    size, letters = len(sequence), model.alphabet.letters
    own = logits(model, sequence)
    found = np.zeros((size, len(letters), size, own.shape[1]))
    for i, (a, letter) in product(range(size), enumerate(letters)):
        changed = logits(model, mutated(sequence, i, letter)) - own
        for j in range(size):
            if not model.kind.ahead or i < j:
                found[i, a, j] = changed[j]
    return found


def less_its_means(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Over each axis in turn, of the pairs that are seen."""
    known = np.broadcast_to(seen[:, None, :, None], values.shape)
    for axis in range(4):
        mean = np.ma.masked_array(values, ~known).mean(axis, keepdims=True).filled(0.0)
        values = np.where(known, values - mean, 0.0)
    return values


@pytest.mark.parametrize("name", BY_LETTER)
def test_a_categorical_jacobian_is_the_loop_of_its_definition(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    sequences = TOYS[name].sequences(*LENGTHS.get(name, (4, 3)), seed=3)
    for sequence, found in zip(sequences, maps(jacobian_maps(model, sequences)), strict=True):
        size, whole = len(sequence), jacobian(model, sequence)
        seen = np.ones((size, size), dtype=bool)
        if model.kind.ahead:
            seen = np.triu(seen, 1)
            if name == "llama-causal":
                other = jacobian(model, sequence.reverse_complement())
                for (i, a), (j, b) in product(product(range(size), range(4)), repeat=2):
                    if i > j:
                        whole[i, a, j, b] = other[size - 1 - i, 3 - a, size - 1 - j, 3 - b]
                seen = ~np.eye(size, dtype=bool)
        centred = less_its_means(whole, seen)
        expected = np.zeros((size, size))
        for i, j in product(range(size), range(size)):
            there, back = centred[i, :, j], centred[j, :, i]
            if name == "protbert-residues":
                expected[i, j] = (np.linalg.norm(there) + np.linalg.norm(back)) / 2
            elif seen[i, j] and seen[j, i]:
                expected[i, j] = np.linalg.norm((there + back.T) / 2)
            else:
                expected[i, j] = np.linalg.norm(there if seen[i, j] else back.T)
        np.fill_diagonal(expected, 0)
        np.testing.assert_allclose(found, product_corrected(expected), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(found, found.T, atol=1e-12)


def test_the_product_correction_by_hand() -> None:
    values = np.array([[0.0, 1, 2], [1, 0, 3], [2, 3, 0]])
    total = 12
    expected = [
        [0, 1 - 3 * 4 / total, 2 - 3 * 5 / total],
        [1 - 4 * 3 / total, 0, 3 - 4 * 5 / total],
        [2 - 5 * 3 / total, 3 - 5 * 4 / total, 0],
    ]
    np.testing.assert_allclose(product_corrected(values), expected)
    assert not product_corrected(np.zeros((3, 3))).any()


def test_odds_are_exact_where_a_letter_is_all_but_certain() -> None:
    logits = np.array([[60.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    found = log2_odds(logits, "one of several")
    others = np.log2(np.exp(1) + 2)
    assert found[0, 0] == pytest.approx(60 / np.log(2) - others)
    assert found[0, 1] == pytest.approx((1 - 60) / np.log(2))
    np.testing.assert_allclose(found[1], np.log2(1 / 3))
    np.testing.assert_allclose(log2_odds(logits, "any of several"), logits / np.log(2))


@pytest.mark.parametrize("name", ["esm-masked", "llama-causal"])
@pytest.mark.parametrize("method", [dependency_maps, jacobian_maps])
def test_what_goes_together_through_the_model_changes_nothing(
    toy_model: ToyModel, name: str, method: Callable[..., Any]
) -> None:
    model = toy_model(name)
    sequences = TOYS[name].sequences(5, 3, 5, seed=1)
    together = maps(method(model.with_batch_sizes(FixedBatchSize(23)), sequences))
    alone = [maps(method(model.with_batch_sizes(FixedBatchSize(1)), [one]))[0] for one in sequences]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


class Ising(nn.Module):
    """A masked model whose couplings are known: the logit of b at j is the sum of J[i, a, j, b] over i."""

    def __init__(self, couplings: Tensor) -> None:
        super().__init__()
        self.words = nn.Embedding(couplings.shape[1], 1)
        self.couplings = nn.Parameter(couplings)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.words

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        at = torch.arange(input_ids.shape[1])
        return SimpleNamespace(logits=self.couplings[at, input_ids].sum(1) + 0 * self.words(input_ids))


def ising(pairs: list[tuple[int, int]], letters: int) -> Model:
    """Letters of a pair want their complements at each other's place; all else is noise, a tenth as large."""
    tokenizer = letter_tokenizer(DNA)
    words = tokenizer.get_vocab()
    rng = np.random.default_rng(0)
    couplings = 0.1 * rng.standard_normal((letters, len(words), letters, len(words)))
    for (i, j), (a, b) in product(pairs, ("AT", "CG", "GC", "TA")):
        couplings[i, words[a], j, words[b]] += 2
        couplings[j, words[b], i, words[a]] += 2
    module = Ising(torch.from_numpy(couplings)).double()
    reads = LetterTokenizer(tokenizer, DNA)
    labels = tuple(tokenizer.convert_ids_to_tokens(list(range(len(words)))))
    return Model(module, reads, "masked", labels, None, Source("made here", "letters"))


PLANTED = [(2, 11), (3, 10), (5, 8)]


@pytest.mark.parametrize("method", [dependency_maps, jacobian_maps])
def test_planted_pairs_come_first(method: Callable[..., Any]) -> None:
    model = ising(PLANTED, 14)
    sequence = Sequence("s", "ACGTTAGCATGCAC", DNA)
    (found,) = maps(method(model, [sequence]))
    strength = np.triu(np.maximum(found, found.T), 1)
    best = np.argsort(-strength, axis=None)[:3]
    assert sorted(zip(*np.unravel_index(best, strength.shape), strict=True)) == PLANTED


def test_of_couplings_the_jacobian_is_the_couplings_themselves() -> None:
    """As the source says of a Markov random field: those of the letters, in the gauge where sums are 0."""
    model = ising(PLANTED, 14)
    sequence = Sequence("s", "ACGTTAGCATGCAC", DNA)
    (found,) = maps(jacobian_maps(model, [sequence]))
    ids = model.tokenizer.letter_ids()
    kept: Any = model.module.couplings
    couplings = kept.detach().numpy()[:, ids][..., ids]
    expected = contact_map(couplings.copy(), np.ones((14, 14), dtype=bool), letters=True)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_an_ambiguous_letter_is_replaced_by_every_other() -> None:
    model = ising([], 4)
    (found,) = maps(dependency_maps(model, [Sequence("s", "ANGT", DNA)]))
    assert found.shape == (4, 4)
    assert (found[1, [0, 2, 3]] > 0).all()


@pytest.mark.parametrize(
    ("name", "why"),
    [("esm", "has outputs for whole sequences"), ("dnabert2-masked", "reads tokens of several letters")],
)
def test_models_that_say_nothing_of_letters_are_refused(toy_model: ToyModel, name: str, why: str) -> None:
    for method in (dependency_maps, jacobian_maps):
        with pytest.raises(InputError, match=why):
            list(method(toy_model(name), TOYS[name].sequences(5)))


def test_a_sequence_that_is_too_long_leaves_the_others(toy_model: ToyModel) -> None:
    model = toy_model("letters-masked")
    short, long = TOYS["letters-masked"].sequences(5, 60)
    for method in (dependency_maps, jacobian_maps):
        found = dict(method(model, [long, short]))
        assert isinstance(found[0], InputError)
        assert isinstance(found[1], PairMap)
    huge = Sequence("huge", "A" * 6000, DNA)
    (_, error), (_, one) = jacobian_maps(model, [huge, short])
    assert "expected 4,096 letters at most, or --method dependency" in str(error)
    assert isinstance(one, PairMap)
