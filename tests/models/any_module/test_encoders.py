"""Heads of one's own on known encoders: they are explained as the same network is as a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

import relevome
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.own_tokenizers import letter_tokenizer
from tests.toys import TOYS

Saved = Callable[[str], Path]


class OnBert(nn.Module):
    """A BERT with a layer of one's own on its pooled state."""

    def __init__(self, folder: Path, outputs: int) -> None:
        super().__init__()
        self.encoder = AutoModel.from_config(AutoConfig.from_pretrained(folder))
        self.head = nn.Linear(12, outputs)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.encoder(input_ids=ids).pooler_output)


class OnEsm(nn.Module):
    """An ESM with two layers of one's own on its first token, which asks for a mask."""

    def __init__(self, folder: Path, outputs: int) -> None:
        super().__init__()
        self.encoder = AutoModel.from_config(AutoConfig.from_pretrained(folder), add_pooling_layer=False)
        self.dense, self.out = nn.Linear(12, 12), nn.Linear(12, outputs)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return self.out(torch.tanh(self.dense(states[:, 0])))


NAMES = {
    "protbert": (OnBert, {"bert.": "encoder.", "classifier.": "head."}, "encoder.embeddings.word_embeddings"),
    "esm": (
        OnEsm,
        {"esm.": "encoder.", "classifier.dense.": "dense.", "classifier.out_proj.": "out."},
        "encoder.embeddings.word_embeddings",
    ),
}


def with_own_head(saved: Saved, folder: Path, toy: str) -> Model:
    """A toy whose weights a training of Lightning left, on a GPU or not, as a module of one's own."""
    kind, names, table = NAMES[toy]
    weights = {}
    for name, tensor in relevome.load_model(saved(toy)).module.state_dict().items():
        old = next(one for one in names if name.startswith(one))
        weights[f"model.{names[old]}{name.removeprefix(old)}"] = tensor
    torch.save({"state_dict": weights, "epoch": 9}, folder / "last.ckpt")
    network = relevome.load_weights(kind(saved(toy), TOYS[toy].labels), folder / "last.ckpt")
    return relevome.from_module(
        network, alphabet="protein", input="tokens", embedding=table, outputs="classes",
        tokenizer=AutoTokenizer.from_pretrained(saved(toy)),
    )  # fmt: skip


@pytest.mark.parametrize("toy", NAMES)
@pytest.mark.parametrize(
    ("method", "options"),
    [("attnlrp", {"audit": True}), ("gradient-x-input", {}), ("integrated-gradients", {"steps": 12})],
)
def test_it_is_explained_as_transformers_own_class(
    saved: Saved, tmp_path: Path, toy: str, method: str, options: dict[str, Any]
) -> None:
    plain, own = relevome.load_model(saved(toy)), with_own_head(saved, tmp_path, toy)
    assert (plain.pads, own.pads) == (True, False)
    sequences = TOYS[toy].sequences(12, 17, 17, 9)
    expected = relevome.explain(plain, sequences, method, 1, **options)
    found = relevome.explain(own, sequences, method, 1, **options)
    assert [row.sequence_id for row in found] == [row.sequence_id for row in expected]
    for row, other in zip(found, expected, strict=True):
        assert row.score == pytest.approx(other.score, abs=1e-6)
        assert row.token_relevance is not None
        assert other.token_relevance is not None
        np.testing.assert_allclose(row.token_relevance, other.token_relevance, atol=2e-6)
        assert np.abs(row.relevance).max() > 1e-4
    if method == "attnlrp":
        ledgers = [run.audit() for run in (found, expected)]
        assert max(one.unaccounted_share for one in ledgers) < 1e-5
        assert ledgers[0].tokens == pytest.approx(ledgers[1].tokens, abs=1e-5)


SIZES: dict[str, Any] = {
    "T5": {"vocab_size": 37, "d_model": 12, "d_kv": 5, "d_ff": 21, "num_layers": 2, "num_heads": 3},
    "Bart": {
        "vocab_size": 37, "d_model": 12, "encoder_layers": 2, "decoder_layers": 1, "encoder_ffn_dim": 13,
        "decoder_ffn_dim": 13, "encoder_attention_heads": 3, "decoder_attention_heads": 3,
        "max_position_embeddings": 64, "num_labels": 4, "eos_token_id": 4,
    },
}  # fmt: skip
SEQUENCE = "ACGTTGCAACGGTTATAATG"


class OnEncoder(nn.Module):
    """Something that gives states, and the mean of them with a layer on it."""

    def __init__(self, states: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = states, nn.Linear(12, 2)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.encoder(input_ids=ids).last_hidden_state.mean(1))


def whole(kind: str) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = getattr(transformers, f"{kind}Config")(**SIZES[kind])
        return getattr(transformers, f"{kind}Model")(config).eval().double()


def explained(module: nn.Module, embedding: str, **options: Any) -> relevome.Run:
    model = relevome.from_module(
        module.double(), input="tokens", tokenizer=letter_tokenizer(DNA, specials=True), embedding=embedding
    )
    return relevome.explain(model, [SEQUENCE], target=1, **options)


@pytest.mark.parametrize("kind", SIZES)
def test_the_encoder_of_an_encoder_and_decoder_is_explained(kind: str) -> None:
    torch.manual_seed(1)
    encoder = whole(kind).get_encoder()
    module, table = OnEncoder(encoder).double(), encoder.get_input_embeddings()
    rows: list[Tensor] = []
    hook = table.register_forward_hook(lambda _, __, given: rows.append(given) or given.requires_grad_())
    ids = torch.tensor([letter_tokenizer(DNA, specials=True)(SEQUENCE)["input_ids"]])
    (slope,) = torch.autograd.grad(module(ids)[0, 1], rows[0])
    hook.remove()
    expected = (slope * rows[0]).sum(-1)[0].detach()
    (row,) = explained(module, "encoder.embed_tokens", method="gradient-x-input")
    assert row.token_relevance is not None
    np.testing.assert_allclose(row.token_relevance, expected, atol=1e-7)
    audit = explained(module, "encoder.embed_tokens", method="attnlrp", audit=True).audit()
    assert audit.unaccounted_share < 1e-9


@pytest.mark.parametrize("table", ["encoder.shared", "encoder.encoder.embed_tokens"])
def test_of_a_table_that_is_there_twice_either_may_be_named(table: str) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = OnEncoder(transformers.T5EncoderModel(transformers.T5Config(**SIZES["T5"])).eval())
    run = explained(module, table, method="gradient-x-input")
    other = explained(module, "encoder.shared", method="gradient-x-input")
    np.testing.assert_array_equal(run[0].relevance, other[0].relevance)
    assert run[0].relevance.any()


@pytest.mark.parametrize(
    ("kind", "table", "message"),
    [
        (
            "Bart",
            "shared",
            "OnEncoder reads its input in 2 places, such as an encoder and a decoder: expect",
        ),
        (
            "Bart",
            "encoder.embed_positions",
            r"'encoder.encoder.embed_positions': say with embedding which",
        ),
    ],
)
def test_what_reads_twice_or_not_at_all_is_refused(kind: str, table: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        explained(OnEncoder(whole(kind)), f"encoder.{table}", method="gradient-x-input")


class Placed(nn.Module):
    """Tables of letters, of places, and of kinds of tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.letters, self.places, self.kinds = nn.Embedding(9, 4), nn.Embedding(500, 4), nn.Embedding(9, 4)
        self.spare, self.out = nn.Embedding(9, 4), nn.Linear(4, 2)

    def forward(self, ids: Tensor) -> Tensor:
        places, kinds = torch.arange(ids.shape[1]).expand_as(ids), torch.zeros_like(ids)
        return self.out((self.letters(input=ids) + self.places(places) + self.kinds(kinds)).mean(1))


@pytest.mark.parametrize("table", ["places", "kinds", "spare"])
def test_a_table_that_does_not_read_letters_is_not_taken(table: str) -> None:
    with pytest.raises(InputError, match=f"Placed does not read letters with its table of .* '{table}'"):
        explained(Placed(), table, method="gradient-x-input")
    assert explained(Placed(), "letters", method="gradient-x-input")[0].relevance.any()


@pytest.mark.parametrize("kind", SIZES)
def test_a_whole_one_says_what_to_do(tmp_path: Path, kind: str) -> None:
    config = getattr(transformers, f"{kind}Config")(**SIZES[kind])
    getattr(transformers, f"{kind}ForSequenceClassification")(config).save_pretrained(tmp_path)
    letter_tokenizer(DNA, specials=True).save_pretrained(tmp_path)
    message = r"reads its input in 2 places, .*, such as its encoder with a head of your own \(relevome.from"
    with pytest.raises(InputError, match=message):
        relevome.explain(relevome.load_model(tmp_path), [SEQUENCE], "gradient-x-input", 1)
