from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from relevome.data.sequences import ALPHABETS, Alphabet
from relevome.errors import InputError
from relevome.models import fast_mutagenesis as substitution
from relevome.models.base import Model
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.fast_mutagenesis import Pace
from relevome.models.own_tokenizers import letter_vocabulary
from tests.toys import TOYS

POOLINGS = ["max", "mean", "flatten"]
DNA, PROTEIN = ALPHABETS["dna"], ALPHABETS["protein"]


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick way also where it does not pay, in parts of a few mutants."""
    monkeypatch.setattr(substitution, "pays", lambda *asked: True)
    monkeypatch.setattr(substitution, "CPU", Pace(numbers=600, start=0))


def cnn(pooling: str, length: int, **settings: Any) -> CnnForSequenceClassification:
    """A tiny CNN in float64, every axis of another size; nothing outside the sequence would stay zero."""
    torch.manual_seed(7)
    sizes: dict[str, Any] = {"filters": (6, 5), "widths": (3, 7), "pools": (2, 3), "hidden_size": 8}
    sizes |= {
        "num_labels": 3,
        "pooling": pooling,
        "sequence_length": length if pooling == "flatten" else None,
    }
    model = CnnForSequenceClassification(CnnConfig(**(sizes | settings))).double().eval()
    for convolution in model.convolutions:
        convolution.get_parameter("bias").data.uniform_(0.1, 0.5)
    return model.requires_grad_(False)


def sequence(alphabet: Alphabet, length: int) -> Tensor:
    """Letters and, rarely, ambiguity codes."""
    draw, vocabulary = np.random.default_rng(length), letter_vocabulary(alphabet)
    letters = draw.choice(list(alphabet.letters), size=length)
    letters[length // 2 :: 9] = draw.choice(list(alphabet.ambiguous))
    return torch.tensor([[vocabulary[letter] for letter in letters]])


def all_substitutions(alphabet: Alphabet, length: int) -> tuple[Tensor, Tensor]:
    """Every letter (its own too) at every place, in no order."""
    vocabulary = letter_vocabulary(alphabet)
    pairs = torch.cartesian_prod(
        torch.arange(length), torch.tensor([vocabulary[letter] for letter in alphabet.letters])
    )
    places, ids = pairs[torch.randperm(len(pairs), generator=torch.Generator().manual_seed(3))].T
    return places, ids


def mutants(input_ids: Tensor, places: Tensor, ids: Tensor) -> Tensor:
    return torch.where(torch.arange(input_ids.shape[1]) == places[:, None], ids[:, None], input_ids)


def largest_error(model: CnnForSequenceClassification, alphabet: Alphabet, length: int) -> float:
    """Of the quick way against a forward pass of every mutant, in logits."""
    input_ids, (places, ids) = sequence(alphabet, length), all_substitutions(alphabet, length)
    quick = model.substitution_logits(input_ids, places, ids)
    assert quick is not None
    plain = model(mutants(input_ids, places, ids)).logits
    assert plain.std(0).min() > 1e-6
    return float((quick - plain).abs().max())


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("pools", [(1, 1), (2, 2), (2, 3), (3, 2), (3, 1)])
@pytest.mark.parametrize("length", [1, 2, 6, 13, 40])
def test_logits_are_those_of_every_mutant(pooling: str, pools: tuple[int, ...], length: int) -> None:
    assert largest_error(cnn(pooling, length, pools=pools), DNA, length) < 1e-12


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("widths", [(1, 1), (3, 1), (11, 7), (1, 9), (5, 15)])
def test_kernels_of_any_width(pooling: str, widths: tuple[int, ...]) -> None:
    assert largest_error(cnn(pooling, 53, widths=widths), DNA, 53) < 1e-12


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("blocks", [1, 3, 4])
def test_any_number_of_blocks(pooling: str, blocks: int) -> None:
    sizes = {"filters": (6, 5, 7, 9), "widths": (5, 3, 7, 3), "pools": (2, 1, 3, 2)}
    model = cnn(pooling, 67, **{name: values[:blocks] for name, values in sizes.items()})
    assert largest_error(model, DNA, 67) < 1e-12


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("pooling", POOLINGS)
def test_proteins(pooling: str) -> None:
    assert largest_error(cnn(pooling, 31, alphabet="protein"), PROTEIN, 31) < 1e-12


@pytest.mark.parametrize("pooling", POOLINGS)
def test_single_precision_at_common_sizes(pooling: str) -> None:
    sizes = {"filters": (64, 64), "widths": (11, 7), "pools": (2, 2), "hidden_size": 64}
    assert largest_error(cnn(pooling, 230, **sizes).float(), DNA, 230) < 1e-5


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("pooling", POOLINGS)
def test_parts_do_not_matter(pooling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, input_ids, (places, ids) = cnn(pooling, 44), sequence(DNA, 44), all_substitutions(DNA, 44)
    in_parts = model.substitution_logits(input_ids, places, ids)
    monkeypatch.setattr(substitution, "CPU", Pace(numbers=1 << 30, start=0))
    at_once = model.substitution_logits(input_ids, places, ids)
    torch.testing.assert_close(in_parts, at_once, rtol=0, atol=1e-12)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("length", [1, 7, 40])
def test_mutants_of_several_sequences(pooling: str, length: int) -> None:
    """Some have none, some several; logits of the sequences themselves are those of a pass, bit by bit."""
    model, draw = cnn(pooling, length), np.random.default_rng(length)
    ids = torch.from_numpy(draw.choice([letter_vocabulary(DNA)[one] for one in "ACGTN"], (5, length)))
    of, places, to = (torch.from_numpy(draw.choice(some, 60)) for some in ([3, 0, 4], length, ids[0].numpy()))
    own, quick = model.logits_with_substitutions(ids, of, places, to)
    changed = ids[of].clone()
    changed[torch.arange(60), places] = to
    torch.testing.assert_close(own, model(ids).logits, rtol=0, atol=0)
    torch.testing.assert_close(quick, model(changed).logits, rtol=0, atol=1e-12)


@pytest.mark.usefixtures("always")
def test_no_mutants_have_no_logits() -> None:
    nothing = torch.zeros(0, dtype=torch.long)
    logits = cnn("max", 20).substitution_logits(sequence(DNA, 20), nothing, nothing)
    assert logits is not None
    assert logits.shape == (0, 3)


def test_flatten_still_takes_one_length_only() -> None:
    with pytest.raises(InputError, match="a sequence has 21 letters but the CNN was made for exactly 20"):
        cnn("flatten", 20).substitution_logits(sequence(DNA, 21), *all_substitutions(DNA, 21))


def operations(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def test_the_work_for_a_mutant_does_not_grow_with_the_sequence() -> None:
    def for_each_mutant(length: int) -> float:
        model, (places, ids) = cnn("max", length), all_substitutions(DNA, length)
        input_ids = sequence(DNA, length)
        wild = operations(lambda: model(input_ids))
        return (operations(lambda: model.substitution_logits(input_ids, places, ids)) - wild) / len(places)

    assert for_each_mutant(3000) == pytest.approx(for_each_mutant(600), rel=0.01)


@pytest.mark.parametrize(("length", "quick"), [(9, False), (20, False), (1000, True)])
def test_sequences_that_a_substitution_reaches_throughout_are_left_to_the_plain_way(
    length: int, quick: bool
) -> None:
    logits = cnn("max", length).substitution_logits(sequence(DNA, length), *all_substitutions(DNA, length))
    assert (logits is not None) == quick


@pytest.mark.parametrize("quick", [True, False])
def test_a_model_scores_alike_both_ways(
    load: Callable[..., Model], monkeypatch: pytest.MonkeyPatch, quick: bool
) -> None:
    monkeypatch.setattr(substitution, "pays", lambda *asked: quick)
    model = load("cnn")
    batch = TOYS["cnn"].batch(model, 26)
    places, ids = all_substitutions(TOYS["cnn"].alphabet, 26)
    with torch.no_grad():
        found = model.substituted_scores(batch.tokens[0], batch.targets[0], places.numpy(), ids.numpy())
        rows = mutants(torch.from_numpy(batch.tokens[0].ids)[None], places, ids)
        expected = model.module(rows).logits[:, batch.targets[0].index]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_hidden_letter_stays_hidden(load: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    """By a way of the module's own, too: where the mask is, it is asked to put the mask."""
    model, toy = load("esm-masked"), TOYS["esm-masked"]
    batch = toy.batch(model, 8)
    tokens, target = batch.tokens[0], batch.targets[0]
    hidden = np.array([tokens.covering(2)])
    letter = np.array(model.tokenizer.letter_ids())[4:5]
    with torch.no_grad():
        expected = model.substituted_scores(tokens, target, hidden, letter)
        seen: list[Tensor] = []

        def own(input_ids: Tensor, places: Tensor, ids: Tensor) -> None:
            seen.extend((input_ids, places, ids))

        monkeypatch.setattr(model.module, "substitution_logits", own, raising=False)
        found = model.substituted_scores(tokens, target, hidden, letter)
    mask = model.tokenizer.mask_id
    assert (int(seen[0][0, hidden[0]]), seen[1].tolist(), seen[2].tolist()) == (mask, hidden.tolist(), [mask])
    np.testing.assert_array_equal(found, expected)
