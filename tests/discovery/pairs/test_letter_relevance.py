"""Relevance from letter to letter: closed forms, and AttnLRP asked for one letter after the other."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from relevome.attribution import methods
from relevome.data.sequences import DNA, Sequence
from relevome.discovery.pairs import letter_relevance
from relevome.discovery.pairs.letter_relevance import Slopes, relevance_map
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Source, Target
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.predictions import outputs
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from tests.toys import TOYS

ToyModel = Callable[[str], Model]
BY_LETTER = ("protbert-masked", "esm-masked", "letters-masked", "residues-causal", "protbert-residues")


METHODS: dict[Slopes, str] = {"attnlrp": "attnlrp", "gradient": "gradient-x-input"}


def scores(model: Model, sequence: Sequence, output: int, letter: int, by: Slopes) -> np.ndarray:
    """What every letter at every place is worth for one logit, as the method says by itself."""
    batch = Batch((model.tokenize(sequence),), (Target(output, "", letter),))
    (found,) = methods[METHODS[by]]().attribute(model, batch)
    assert found.letter_scores is not None
    return found.letter_scores


def one_by_one(model: Model, sequence: Sequence, by: Slopes) -> np.ndarray:
    """The map by a whole explanation of every logit of every letter."""
    size, letters = len(sequence), model.alphabet.letters
    names = [letters.index(letter) for letter in sequence.letters]
    expected = np.zeros((size, size))
    for j in range(model.kind.ahead, size):
        if model.kind.language:
            ids = model.tokenizer.letter_ids()
            assert ids is not None
            every = np.array([scores(model, sequence, one, j, by) for one in ids])
            found = every[names[j]] - every.mean(0)
        else:
            logits = model.predict([sequence])[0].logits[j]
            every = np.array([scores(model, sequence, one, j, by) for one in range(len(model.labels))])
            found = every[logits.argmax()] - (every.mean(0) if outputs(model) == "one of several" else 0)
        for i in range(size):
            expected[i, j] = np.abs(found[i] - found[i, names[i]]).max()
    np.fill_diagonal(expected, 0)
    return expected


@pytest.mark.parametrize("by", METHODS)
@pytest.mark.parametrize("name", BY_LETTER)
def test_it_is_the_method_asked_for_every_letter(toy_model: ToyModel, name: str, by: Slopes) -> None:
    model = toy_model(name)
    (sequence,) = TOYS[name].sequences(5, seed=3)
    found, expected = relevance_map(model, sequence, by).values, one_by_one(model, sequence, by)
    if model.kind.ahead:
        assert np.isnan(found[np.tri(5, k=-1, dtype=bool)]).all()
        found = np.nan_to_num(found)
        assert (expected[np.tri(5, k=-1, dtype=bool)] == 0).all()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    assert (found[np.triu_indices(5, 1)] > 0).all()


def test_of_both_strands_each_half_is_that_of_the_one_that_sees_it(toy_model: ToyModel) -> None:
    model = toy_model("llama-causal")
    (sequence,) = TOYS["llama-causal"].sequences(5)
    found, turned = relevance_map(model, sequence).values, sequence.reverse_complement()
    own, other = (one_by_one(model, one, "attnlrp") for one in (sequence, turned))
    np.testing.assert_allclose(
        found, np.where(np.tri(5, dtype=bool), other[::-1, ::-1], own), rtol=1e-6, atol=1e-9
    )


class Coupled(nn.Module):
    """A masked model of two matrices: letters are mixed by one, and multiplied in pairs by the other.

    The logits of letter j are sum_i mix[j, i] U e_i + (sum_i weigh[j, i] e_j C e_i) w.
    """

    def __init__(self, letters: int, words: int, channels: int = 3) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.words = nn.Embedding(words, channels)
        shapes = {"mix": (letters, letters), "weigh": (letters, letters), "out": (channels, words),
                  "form": (channels, channels), "told": (words,)}  # fmt: skip
        self.given = nn.ParameterDict({name: torch.randn(shape) for name, shape in shapes.items()})

    def get_input_embeddings(self) -> nn.Embedding:
        return self.words

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        given, read = self.given, self.words(input_ids)
        both = (torch.matmul(read, given["form"]) @ read.transpose(1, 2)) * given["weigh"]
        pairs = both.sum(-1, keepdim=True) * given["told"]
        return SimpleNamespace(logits=torch.matmul(given["mix"], read) @ given["out"] + pairs)


@pytest.mark.parametrize(("by", "share"), [("attnlrp", 0.5), ("gradient", 1.0)])
@pytest.mark.parametrize("text", ["AC", "GATTA"])
def test_of_letters_that_are_added_and_multiplied_it_is_a_formula(
    text: str, by: Slopes, share: float
) -> None:
    """A sum gives each letter its own part, a product by AttnLRP half of it to each factor."""
    tokenizer = letter_tokenizer(DNA)
    words = tokenizer.get_vocab()
    module = Coupled(len(text), len(words)).double()
    labels = tuple(tokenizer.convert_ids_to_tokens(list(range(len(words)))))
    model = Model(
        module, LetterTokenizer(tokenizer, DNA), "masked", labels, None, Source("made here", "letters")
    )
    found = relevance_map(model, Sequence("s", text, DNA), by).values
    ids = [words[letter] for letter in "ACGT"]
    given = {name: one.detach().numpy() for name, one in module.given.items()}
    table = module.words.weight.detach().numpy()
    for j, own in enumerate(text):
        chosen = given["out"][:, words[own]] - given["out"][:, ids].mean(1)
        told = given["told"][words[own]] - given["told"][ids].mean()
        for i, letter in enumerate(text):
            change = table[ids] - table[words[letter]]
            added = given["mix"][j, i] * change @ chosen
            multiplied = share * given["weigh"][j, i] * table[words[own]] @ given["form"] @ change.T * told
            expected = 0.0 if i == j else np.abs(added + multiplied).max()
            assert found[i, j] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_how_many_go_together_changes_nothing_but_the_passes(
    toy_model: ToyModel, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    model = toy_model("esm-masked")
    (sequence,) = TOYS["esm-masked"].sequences(7)
    expected = relevance_map(model, sequence).values
    seen: list[int] = []
    handle = model.word_embedding.register_forward_hook(lambda *given: seen.append(len(given[2])))
    monkeypatch.setattr(letter_relevance, "AT_ONCE", at_once)
    np.testing.assert_allclose(relevance_map(model, sequence).values, expected, rtol=1e-7, atol=1e-12)
    handle.remove()
    assert seen == [min(at_once, 7)]


def test_an_ambiguous_letter_is_replaced_by_every_other(toy_model: ToyModel) -> None:
    model = toy_model("letters-masked")
    found = relevance_map(model, Sequence("s", "ANGT", DNA)).values
    tokens = model.tokenize(Sequence("s", "ANGT", DNA))
    assert tokens.one_letter_each
    assert (found[~np.eye(4, dtype=bool)] > 0).all()


def test_a_letter_that_nothing_sees_has_none(toy_model: ToyModel) -> None:
    model = toy_model("residues-causal")
    assert relevance_map(model, Sequence("s", "M", model.alphabet)).values.tolist() == [[0.0]]


def test_models_that_say_nothing_of_letters_are_refused(toy_model: ToyModel) -> None:
    with pytest.raises(InputError, match="has outputs for whole sequences"):
        relevance_map(toy_model("esm"), TOYS["esm"].sequences(5)[0])
