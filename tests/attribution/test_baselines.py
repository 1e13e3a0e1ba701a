from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from relevome.attribution.baselines import baseline_words, draws
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


def words_of(model: Model, batch: Batch) -> Tensor:
    return model.word_embedding(model.inputs(batch)["input_ids"]).detach()


def read(model: Model, words: Tensor) -> list[int]:
    """The tokens whose embeddings these are."""
    table = model.word_embedding.weight.detach()
    return [int((table - word).abs().sum(1).argmin()) for word in words]


@pytest.mark.parametrize(
    ("baseline", "count"), [("unknown", 1), ("zero", 1), ("shuffle", 1), ("shuffle:1", 1), ("shuffle:12", 12)]
)
def test_how_many_baselines_a_name_stands_for(baseline: str, count: int) -> None:
    assert draws(baseline) == count


@pytest.mark.parametrize("baseline", ["shuffle:0", "shuffle:-1", "shuffle:x", "shuffle:", "shuffle:1.5"])
def test_a_number_of_draws_that_makes_no_sense_is_refused(baseline: str) -> None:
    with pytest.raises(InputError, match=f"'{baseline}': expected shuffle:N .* such as shuffle:10"):
        IntegratedGradients(baseline=baseline)


@pytest.mark.parametrize("baseline", ["", "X", "shuffled", "unknown:2"])
def test_an_unknown_baseline_is_refused_before_anything_is_computed(baseline: str) -> None:
    expected = f"^unknown baseline '{baseline}': expected one of unknown, pad, mask, zero, mean, shuffle:N$"
    with pytest.raises(InputError, match=expected):
        IntegratedGradients(baseline=baseline)


@pytest.mark.parametrize(
    ("name", "baseline", "token"),
    [
        ("protbert", "unknown", "X"),
        ("esm", "unknown", "X"),
        ("prott5", "unknown", "▁X"),
        ("nucleotide-transformer", "unknown", "N"),
        ("dnabert", "unknown", "[UNK]"),
        ("cnn", "unknown", "N"),
        ("protbert", "pad", "[PAD]"),
        ("prott5", "pad", "<pad>"),
        ("esm", "mask", "<mask>"),
    ],
)
def test_a_token_takes_the_place_of_every_letter(
    toy_model: ToyModel, name: str, baseline: str, token: str
) -> None:
    model = toy_model(name)
    batch = TOYS[name].batch(model, 9, 5)
    found = baseline_words(model, batch, words_of(model, batch), baseline, [0, 0])
    index = model.tokenizer.hf.convert_tokens_to_ids(token)
    for row, tokens in zip(found, batch.tokens, strict=True):
        expected = np.where(tokens.special, tokens.ids, index)
        assert read(model, row[: len(tokens)]) == expected.tolist()


def test_zero_and_the_mean_letter(toy_model: ToyModel) -> None:
    model = toy_model("protbert")
    batch = TOYS["protbert"].batch(model, 9)
    words = words_of(model, batch)
    ids = model.tokenizer.hf.convert_tokens_to_ids(list("ACDEFGHIKLMNPQRSTVWY"))
    mean = model.word_embedding.weight.detach()[ids].mean(0)
    for baseline, expected in (("zero", torch.zeros(12, dtype=torch.float64)), ("mean", mean)):
        found = baseline_words(model, batch, words, baseline, [0, 0])[0]
        torch.testing.assert_close(found[1:-1], expected.expand(9, 12))
        assert torch.equal(found[[0, -1]], words[0, [0, -1]])


def test_a_model_without_such_a_token_is_refused(toy_model: ToyModel) -> None:
    model = toy_model("prott5")
    with pytest.raises(InputError, match="the model has no token for baseline 'mask': choose another"):
        IntegratedGradients(baseline="mask").attribute(model, TOYS["prott5"].batch(model, 9))


def shuffled(model: Model, letters: str, seed: list[int]) -> str:
    batch = TOYS["cnn"].batch(model, 3)
    batch = Batch((model.tokenize(Sequence("s", letters, DNA)), *batch.tokens), batch.targets * 2)
    words = baseline_words(model, batch, words_of(model, batch), "shuffle:4", seed)[0]
    return "".join(model.tokenizer.hf.convert_ids_to_tokens(read(model, words)))


def test_shuffled_letters_of_dna_keep_their_pairs(toy_model: ToyModel) -> None:
    letters = "ACGTNTACCGATTGACNACGATATTAGCCAG"
    found = shuffled(toy_model("cnn"), letters, [0, 0])
    assert found != letters
    assert Counter(pairwise(found)) == Counter(pairwise(letters))


def test_draws_and_seeds_are_all_different_and_come_again(toy_model: ToyModel) -> None:
    model, letters = toy_model("cnn"), "ACGTATACCGATTGACTACGATATTAGCCAG"
    seeds = [[seed, draw] for seed in range(3) for draw in range(3)]
    found = [shuffled(model, letters, seed) for seed in seeds]
    assert len(set(found)) == 9
    assert [shuffled(model, letters, seed) for seed in seeds] == found


@pytest.mark.parametrize("name", ["protbert", "bpe", "dnabert", "nucleotide-transformer"])
def test_residues_and_longer_tokens_are_the_same_in_another_order(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    batch = TOYS[name].batch(model, 21, 9)
    found = baseline_words(model, batch, words_of(model, batch), "shuffle:2", [0, 1])
    for row, tokens in zip(found, batch.tokens, strict=True):
        ids = np.array(read(model, row[: len(tokens)]))
        assert Counter(ids) == Counter(tokens.ids)
        assert (ids != tokens.ids).any()
        assert (ids[tokens.special] == tokens.ids[tokens.special]).all()
