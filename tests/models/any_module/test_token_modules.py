"""Modules that read ids: which table, which ids, and that methods explain them as by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

import relevome
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.own_tokenizers import bpe_tokenizer

IDS = {"A": 5, "C": 3, "G": 7, "T": 2}
SEQUENCE = "ACGTTGCAACGGT"


class Mixed(nn.Module):
    """A table of letters, a table of positions, attention by torch's own layer, and a mean."""

    def __init__(self, rows: int = 9) -> None:
        super().__init__()
        self.letters, self.places = nn.Embedding(rows, 8), nn.Embedding(600, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm, self.out = nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.letters(ids) + self.places(torch.arange(ids.shape[1]))
        x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        return self.out(x.mean(1))


def mixed(rows: int = 9, **options: Any) -> Model:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = Mixed(rows).double()
    told = {"letters": IDS, "embedding": "letters", **options}
    return relevome.from_module(module, input="tokens", **told)


def test_letters_have_the_ids_that_they_are_said_to_have() -> None:
    model = mixed()
    assert model.tokenize(relevome.Sequence("s", "TGCA", DNA)).ids.tolist() == [2, 7, 3, 5]
    module: Any = model.module.module
    plain = module(torch.tensor([[IDS[letter] for letter in SEQUENCE]]))
    np.testing.assert_allclose(model.predict([SEQUENCE])[0].logits, plain[0].detach(), atol=1e-12)


def test_gradients_are_those_at_its_own_table() -> None:
    model = mixed()
    module: Any = model.module.module
    words = module.letters(torch.tensor([[IDS[letter] for letter in SEQUENCE]])).detach().requires_grad_()
    x = words + module.places(torch.arange(len(SEQUENCE)))
    x = module.norm(x + module.attention(x, x, x, need_weights=False)[0])
    (slope,) = torch.autograd.grad(module.out(x.mean(1))[0, 1], words)
    run = relevome.explain(model, [SEQUENCE], "gradient-x-input", 1)
    np.testing.assert_allclose(run[0].relevance, (slope * words).sum(-1)[0].detach(), atol=1e-7)


@pytest.mark.parametrize("method", ["attnlrp", "mutagenesis", "attention", "rollout"])
def test_methods_explain_it(method: str) -> None:
    run = relevome.explain(mixed(), [SEQUENCE], method, 1)
    assert run[0].relevance.shape == (len(SEQUENCE),)
    assert run[0].relevance.any()


def test_without_an_unknown_letter_another_baseline_is_asked_for() -> None:
    with pytest.raises(InputError, match="no token for baseline 'unknown': choose another, such as mean"):
        relevome.explain(mixed(), [SEQUENCE], "integrated-gradients", 1)
    run = relevome.explain(mixed(), [SEQUENCE], "integrated-gradients", 1, baseline="mean")
    assert abs(run[0].completeness_error or 0) < 1e-2


def test_a_letter_without_an_id_is_refused_or_has_that_of_all_others() -> None:
    with pytest.raises(InputError, match="has 'N', for which the model has no token"):
        mixed().predict(["ACGN"])
    assert mixed(unknown=0).tokenize(relevome.Sequence("s", "NR", DNA)).ids.tolist() == [0, 0]
    assert mixed(letters={**IDS, "N": 0}, unknown=0).tokenize(
        relevome.Sequence("s", "NR", DNA)
    ).ids.tolist() == [0, 0]


def test_ids_may_be_counted_from_0_or_come_from_a_tokenizer() -> None:
    counted = mixed(letters="TGCA")
    assert counted.tokenize(relevome.Sequence("s", "ACGT", DNA)).ids.tolist() == [3, 2, 1, 0]
    tokenizer: PreTrainedTokenizerFast = bpe_tokenizer([SEQUENCE * 4, "TTGACA" * 9], 36)
    pairs = mixed(rows=36, tokenizer=tokenizer)
    run = relevome.explain(pairs, [SEQUENCE], "attnlrp", 0)
    assert len(run[0].tokens) < len(SEQUENCE) + 2
    assert run[0].relevance.shape == (len(SEQUENCE),)


def test_its_identity_does_not_depend_on_the_order_in_which_a_tokenizer_lists_its_tokens() -> None:
    assert len({mixed().sha256 for _ in range(8)}) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"embedding": "x"}, "Mixed has no table of embeddings 'x': expected one of letters, places"),
        ({"embedding": None}, r"Mixed has 2 tables of embeddings for 8 ids \(letters, places\): say which"),
        ({"letters": {"A": 1}}, r"letters {'A': 1}, others None: expected an id from 0 on for each of ACGT"),
        ({"unknown": -1}, "others -1: expected an id from 0 on"),
        ({"flank": 3}, "flank 3: expected 0 or more, of one-hot letters only"),
    ],
)
def test_what_cannot_be_read_is_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mixed(**options)
