"""Double substitutions: models whose letters add up, or multiply, by hand; and plain loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from relevome.attribution.mutagenesis import effects_at, other_letters
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.double_substitutions import (
    DoubleSubstitutions,
    double_substitutions,
    drawn_pairs,
    epistasis,
    pair_fall_spearman,
)
from relevome.evaluation.own_mutagenesis import OwnMutagenesis
from relevome.jobs.evaluate import evaluate
from relevome.models.base import Batch, Model, Source, Target
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from tests.evaluation.additive import TARGET, additive_model, proteins, worth
from tests.evaluation.example_runs import changed, explained
from tests.toys import TOYS

ToyModel = Callable[[str], Model]
FIRST, SECOND = 2, 5


class ProductOfTwo(nn.Module):
    """The logit is what two letters are worth, multiplied; no other letter matters."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, 1)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.words

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        values = self.words(input_ids)[..., 0]
        product = values[:, FIRST] * values[:, SECOND]
        return SimpleNamespace(logits=torch.stack([-product, product, 2 * product], 1))


@pytest.fixture(scope="module")
def product() -> Model:
    """A, C, G and T are worth 1, 3, 0 and -2."""
    tokenizer = letter_tokenizer(DNA)
    module = ProductOfTwo(len(tokenizer)).double()
    with torch.no_grad():
        for letter, value in zip("ACGT", (1.0, 3.0, 0.0, -2.0), strict=True):
            module.words.weight[tokenizer.get_vocab()[letter]] = value
    return Model(
        module, LetterTokenizer(tokenizer, DNA), "sequence", ("a", "b", "c"), None,
        Source("made here", "letters"),
    )  # fmt: skip


def whole(model: Model, sequence: Sequence, target: Target) -> OwnMutagenesis:
    places = np.arange(len(sequence))
    effects = effects_at(model, model.tokenize(sequence), target, places)
    return OwnMutagenesis(places, effects, -effects.sum(1) / other_letters(sequence), True, 0)


def found_of(
    model: Model, sequence: Sequence, target: Target, draws: int = 30
) -> tuple[DoubleSubstitutions, OwnMutagenesis]:
    own = whole(model, sequence, target)
    (found,) = double_substitutions(model, [sequence], [target], [own], draws)
    assert isinstance(found, DoubleSubstitutions)
    return found, own


def test_by_hand() -> None:
    assert pair_fall_spearman(np.array([1.0, 2, 3]), np.array([5.0, 6, 9])) == pytest.approx(1)
    assert pair_fall_spearman(np.array([1.0, 2, 3]), np.array([9.0, 6, 5])) == pytest.approx(-1)
    assert pair_fall_spearman(np.array([1.0, 1, 1]), np.array([9.0, 6, 5])) == 0
    one = DoubleSubstitutions(np.array([[0, 1]]), np.array([[2.0, -1.0, 3.0]]), np.array([[1.0, 1.0, 3.0]]))
    assert epistasis([one]) == pytest.approx((1 + 2 + 0) / (2 + 1 + 3))
    still = DoubleSubstitutions(np.array([[0, 1]]), np.zeros((1, 3)), np.zeros((1, 3)))
    assert (epistasis([still]), epistasis([])) == (0, 0)


def test_where_letters_add_up_so_do_pairs() -> None:
    model = additive_model()
    (sequence,) = proteins(40)
    found, own = found_of(model, sequence, TARGET)
    np.testing.assert_allclose(found.falls, found.singles, atol=1e-12)
    assert epistasis([found]) < 1e-10
    every = worth(model, model.alphabet.letters)
    letters = worth(model, sequence.letters)
    exact = (letters - (every.sum() - letters) / 19) / 40
    relevance, falls = found.against(exact)
    np.testing.assert_allclose(falls, exact[found.pairs].sum(1), atol=1e-12)
    np.testing.assert_allclose(own.relevance, exact, atol=1e-12)
    assert pair_fall_spearman(relevance, falls) == pytest.approx(1)
    assert pair_fall_spearman(*found.against(-exact)) == pytest.approx(-1)


def test_where_letters_multiply_it_is_the_product_of_what_they_lose(product: Model) -> None:
    """f(ij) - f(i) - f(j) of ab is -(a - a')(b - b'), and nothing for any other pair of letters."""
    values = dict(zip("ACGT", (1.0, 3.0, 0.0, -2.0), strict=True))
    sequence = Sequence("s", "ACCTGACT", DNA)  # C at 2, A at 5
    found, _ = found_of(product, sequence, Target(1, "b"), draws=60)
    assert sorted(map(sorted, found.pairs.tolist())) == [[i, j] for i in range(8) for j in range(i + 1, 8)]
    for pair, falls, singles in zip(found.pairs.tolist(), found.falls, found.singles, strict=True):
        for step, (fall, single) in enumerate(zip(falls, singles, strict=True), 1):
            new = {p: "ACGT"[("ACGT".index(sequence.letters[p]) + step) % 4] for p in pair}
            a, b = (values[sequence.letters[p]] for p in (FIRST, SECOND))
            a2, b2 = (values[new.get(p, sequence.letters[p])] for p in (FIRST, SECOND))
            assert fall == pytest.approx(a * b - a2 * b2)
            both = {FIRST, SECOND} == set(pair)
            assert fall - single == pytest.approx(-(a - a2) * (b - b2) if both else 0)
    # of C and A the substitutes are G and C, T and G, A and T
    apart = sum(abs((3 - x) * (1 - y)) for x, y in ((0, 3), (-2, 0), (1, -2)))
    assert epistasis([found]) == pytest.approx(apart / np.abs(found.falls).sum())
    assert apart == 6 + 5 + 6


@pytest.mark.parametrize("name", ["cnn", "bpe", "protbert-masked", "dnabert", "esm"])
def test_falls_are_those_of_each_mutant_alone(toy_model: ToyModel, name: str) -> None:
    model, toy = toy_model(name), TOYS[name]
    (sequence,) = toy.sequences(30 if name == "cnn" else 12)
    target, letters = toy.target(model), toy.alphabet.letters
    found, _ = found_of(model, sequence, target, draws=6)

    def score(places: list[int], step: int) -> float:
        text = [
            letters[(letters.index(x) + step) % len(letters)] if p in places else x
            for p, x in enumerate(sequence.letters)
        ]
        batch = Batch((model.tokenize(replace(sequence, letters="".join(text))),), (target,))
        with model.frozen(), torch.inference_mode():
            return model.scores(model.inputs(batch), batch).item()

    for pair, falls, singles in zip(found.pairs.tolist(), found.falls, found.singles, strict=True):
        steps = range(1, len(letters))
        own = score([], 0)
        np.testing.assert_allclose(falls, [own - score(pair, step) for step in steps], atol=1e-9)
        alone = [2 * own - score(pair[:1], step) - score(pair[1:], step) for step in steps]
        np.testing.assert_allclose(singles, alone, atol=1e-9)


def test_half_of_the_pairs_are_of_the_largest_effects_and_all_are_different() -> None:
    rng = np.random.default_rng(0)
    size = rng.permutation(np.arange(200.0))
    pairs = drawn_pairs(size, 30, rng)
    assert pairs.shape == (30, 2)
    assert (size[pairs[:15]] >= 180).all()
    assert len({frozenset(pair) for pair in pairs.tolist()}) == 30
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert size[pairs[15:]].mean() < 150
    # of few letters there are few pairs, and all of the first half
    few = drawn_pairs(np.arange(4.0), 30, rng)
    assert sorted(map(sorted, few.tolist())) == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_every_pair_is_as_likely_as_any_other() -> None:
    rng = np.random.default_rng(1)
    size = np.zeros(12)
    drawn = [tuple(sorted(p)) for _ in range(1500) for p in drawn_pairs(size, 4, rng).tolist()]
    counts = [drawn.count((i, j)) for i in range(12) for j in range(i + 1, 12)]
    assert stats.chisquare(counts).pvalue > 0.001


def test_unknown_letters_are_in_no_pair_and_two_letters_are_too_few(product: Model) -> None:
    sequence = Sequence("s", "ANCTGACNNT", DNA)
    found, _ = found_of(product, sequence, Target(1, "b"))
    assert not {1, 7, 8} & set(found.pairs.ravel().tolist())
    short = Sequence("short", "ANNNNCNN", DNA)
    own = whole(product, short, Target(1, "b"))
    (error,) = double_substitutions(product, [short], [Target(1, "b")], [own])
    assert "sequence 'short' has 2 letters to substitute in pairs: expected three or more" in str(error)
    (given,) = double_substitutions(product, [short], [Target(1, "b")], [InputError("why")])
    assert str(given) == "why"


def test_a_run_has_it_beside_random_orders_and_the_models_own(tmp_path: Path) -> None:
    model = additive_model()
    run = explained(model, tmp_path / "right")
    wrong = changed(run, tmp_path / "inverted", lambda relevance: -relevance)
    for given, mean in ((run, 1), (wrong, -1)):
        found = evaluate(given, model=model, null=0, metrics="double substitutions")
        (one,) = found.scores
        assert one.mean == pytest.approx(mean)
        assert one.model is not None
        assert one.random is not None
        assert one.model.mean == pytest.approx(1)
        assert abs(one.random.mean) < 0.2
        assert any(
            note.startswith("of the model itself: of what two substitutions do at once 0% is not the sum")
            for note in found.notes
        )


def test_the_metric_is_registered() -> None:
    metric = metrics["pair-fall-spearman"]
    assert (metric.kind, metric.needs, metric.higher_is_better) == ("double substitutions", (), True)
