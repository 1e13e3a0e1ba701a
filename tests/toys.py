"""Tiny models with random weights, saved as people save theirs: one for every way to read sequences.

All axis sizes of a model differ, so that a transposed axis cannot hide.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    BertConfig,
    BertTokenizer,
    EsmConfig,
    EsmTokenizer,
    GPT2Config,
    GPT2Tokenizer,
    LlamaConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaTokenizer,
    T5Config,
    T5Tokenizer,
)

from relevome.data.sequences import DNA, PROTEIN, Alphabet, Sequence
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import FixedBatchSize
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.dnabert2 import Dnabert2Config
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer

LONGEST = 40  # positions that every toy with a table of positions has room for

BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ESM_SPECIALS = ["<cls>", "<pad>", "<eos>", "<unk>"]
ESM_RESIDUES = "LAGVSERTIDPKQNFYMHWCXBUZO"


@dataclass(frozen=True)
class Toy:
    """One model: how it is made, and what should be found out about it.

    ``style`` is how its letters are written, ``head`` the task, ``labels`` their number (masked
    language models: the vocabulary), ``max_tokens`` the longest input.
    """

    name: str
    make: Callable[[Path, str, dict[str, Any]], None] = field(repr=False)
    alphabet: Alphabet
    style: str
    head: str = "sequence"
    labels: int = 2
    max_tokens: int | None = LONGEST
    options: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> Path:
        """The checkpoint, with the same weights every time."""
        with torch.random.fork_rng():
            torch.manual_seed(sum(map(ord, self.name)))
            self.make(folder, self.head, {"num_labels": self.labels, **self.options})
        return folder

    def sequences(self, *lengths: int, seed: int = 0) -> list[Sequence]:
        """Random sequences of these lengths, of unambiguous letters."""
        draw = np.random.default_rng(seed)
        letters = list(self.alphabet.letters)
        drawn = ("".join(draw.choice(letters, size=length)) for length in lengths)
        return [Sequence(f"s{i}", text, self.alphabet) for i, text in enumerate(drawn)]

    def target(self, model: Model) -> Target:
        """A logit to explain, not the first; that of the third letter where every letter has some."""
        if self.name == "pairs-causal":
            return Target.likelihood()
        if self.head in ("masked", "causal"):
            index = model.tokenizer.hf.convert_tokens_to_ids(self.alphabet.letters[3])
            return Target(index, self.alphabet.letters[3], position=2, mask=self.head == "masked")
        return Target(self.labels - 1, "last", position=2 if self.head == "token" else None)

    def batch(self, model: Model, *lengths: int, seed: int = 0) -> Batch:
        """Random sequences, all with the same target."""
        tokens = tuple(model.tokenize(sequence) for sequence in self.sequences(*lengths, seed=seed))
        return Batch(tokens, (self.target(model),) * len(tokens))


def words(k: int) -> list[str]:
    """All words of k nucleotides."""
    return ["".join(word) for word in itertools.product("ACGT", repeat=k)]


def protbert(folder: Path, head: str, options: dict[str, Any]) -> None:
    """ProtBert: residues with blanks between them."""
    save_bert(folder, head, numbered([*BERT_SPECIALS, *ESM_RESIDUES]), options)


def dnabert(folder: Path, head: str, options: dict[str, Any]) -> None:
    """DNABERT: overlapping words of three nucleotides, with blanks between them."""
    save_bert(folder, head, numbered([*BERT_SPECIALS, *words(3)]), options)


def letters(folder: Path, head: str, options: dict[str, Any]) -> None:
    """A BERT on single nucleotides."""
    tokenizer = letter_tokenizer(DNA, specials=True)
    save(folder, head, bert_config(len(tokenizer), tokenizer.get_vocab()["[PAD]"], options), tokenizer)


def bpe(folder: Path, head: str, options: dict[str, Any]) -> None:
    """A BERT on byte-pair encoded DNA."""
    tokenizer = pairs()
    save(folder, head, bert_config(60, tokenizer.get_vocab()["[PAD]"], options), tokenizer)


def dnabert2(folder: Path, head: str, options: dict[str, Any]) -> None:
    """DNABERT-2: byte-pair encoded DNA, ALiBi and gated layers; not a power of two of heads."""
    config = Dnabert2Config(
        vocab_size=60, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=21,
        **options,
    )  # fmt: skip
    save(folder, head, config, pairs())


def pairs() -> PreTrainedTokenizerFast:
    """A byte-pair encoding of 60 tokens."""
    draw = np.random.default_rng(1)
    return bpe_tokenizer(["".join(draw.choice(list("ACGT"), size=90)) for _ in range(40)], 60)


def esm(folder: Path, head: str, options: dict[str, Any]) -> None:
    """ESM-2: residues, rotary positions."""
    vocabulary = [*ESM_SPECIALS, *ESM_RESIDUES, ".", "-", "<null_1>", "<mask>"]
    save_esm(folder, head, vocabulary, {"position_embedding_type": "rotary", **options})


def nucleotide_transformer(folder: Path, head: str, options: dict[str, Any]) -> None:
    """Nucleotide Transformer: words of three nucleotides one after another, the remainder in letters."""
    vocabulary = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", *words(3), *"ATCGN"]
    save_esm(folder, head, vocabulary, {"position_embedding_type": "absolute", **options}, eos_token=None)


def roberta(folder: Path, head: str, options: dict[str, Any]) -> None:
    """A RoBERTa on DNA, with a byte-level encoding: all 256 bytes are tokens, and some longer words."""
    merges: Any = [("A", "C"), ("G", "T"), ("AC", "GT"), ("T", "A"), ("C", "C"), ("CC", "G"), ("AC", "A")]
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary = numbered([*specials, *sorted(ByteLevel.alphabet()), *map("".join, merges)])
    tokenizer = RobertaTokenizer(vocab=vocabulary, merges=merges)
    config = RobertaConfig(
        vocab_size=len(vocabulary), hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
        intermediate_size=21, max_position_embeddings=LONGEST + 2, type_vocab_size=1, pad_token_id=1,
        bos_token_id=0, eos_token_id=2, **options,
    )  # fmt: skip
    save(folder, head, config, tokenizer)


def prott5(folder: Path, head: str, options: dict[str, Any]) -> None:
    """ProtT5's encoder: residues with blanks between them, as sentencepiece writes them."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *(("▁" + x, -2.0) for x in ESM_RESIDUES)]
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=0)
    config = T5Config(
        vocab_size=37, d_model=12, d_kv=5, d_ff=21, num_layers=2, num_heads=3, dropout_rate=0.1,
        pad_token_id=0, eos_token_id=1, **options,
    )  # fmt: skip
    save(folder, head, config, tokenizer)


def residues(folder: Path, head: str, options: dict[str, Any]) -> None:
    """A GPT-2 on residues with blanks between them, and tokens of what they are from (as IgLM has them)."""
    vocabulary = numbered([*BERT_SPECIALS, *PROTEIN.letters, "[HEAVY]", "[HUMAN]"])
    save(
        folder,
        head,
        gpt2_config(len(vocabulary), options),
        BertTokenizer(vocab=vocabulary, do_lower_case=False),
    )


def llama(folder: Path, head: str, options: dict[str, Any]) -> None:
    """A Llama on single nucleotides, whose table of embeddings is not its head."""
    tokenizer = letter_tokenizer(DNA, specials=True)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=18, num_hidden_layers=2, num_attention_heads=6,
        num_key_value_heads=2, head_dim=4, intermediate_size=21, max_position_embeddings=LONGEST,
        pad_token_id=None, bos_token_id=None, eos_token_id=None, tie_word_embeddings=False, **options,
    )  # fmt: skip
    save(folder, head, config, tokenizer)


def protein_pairs(folder: Path, head: str, options: dict[str, Any]) -> None:
    """A GPT-2 on a byte-level encoding of proteins, which puts nothing before them and has no padding."""
    merges: Any = [("A", "L"), ("G", "K"), ("AL", "E"), ("S", "S"), ("L", "V"), ("GK", "T"), ("E", "E")]
    vocabulary = numbered(["<|endoftext|>", *sorted(ByteLevel.alphabet()), *map("".join, merges)])
    save(folder, head, gpt2_config(len(vocabulary), options), GPT2Tokenizer(vocab=vocabulary, merges=merges))


def gpt2_config(vocabulary: int, options: dict[str, Any]) -> GPT2Config:
    """Sizes that all differ."""
    return GPT2Config(
        vocab_size=vocabulary, n_embd=12, n_layer=2, n_head=3, n_inner=21, n_positions=LONGEST,
        bos_token_id=None, eos_token_id=None, **options,
    )  # fmt: skip


def cnn(folder: Path, head: str, options: dict[str, Any]) -> None:
    """The baseline: a CNN on one-hot letters."""
    sizes = {"filters": (6, 7), "widths": (5, 3), "pools": (2, 3), "hidden_size": 9}
    CnnForSequenceClassification(CnnConfig(**sizes, **options)).save_pretrained(folder)
    letter_tokenizer(DNA).save_pretrained(folder)


def save_bert(folder: Path, head: str, vocabulary: dict[str, int], options: dict[str, Any]) -> None:
    """A BERT with WordPiece over a given vocabulary."""
    tokenizer = BertTokenizer(vocab=vocabulary, do_lower_case=False)
    save(folder, head, bert_config(len(vocabulary), 0, options), tokenizer)


def bert_config(vocabulary: int, pad: int, options: dict[str, Any]) -> BertConfig:
    """Sizes that all differ."""
    return BertConfig(
        vocab_size=vocabulary, hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
        intermediate_size=21, max_position_embeddings=LONGEST, pad_token_id=pad, **options,
    )  # fmt: skip


def save_esm(folder: Path, head: str, vocabulary: list[str], options: dict[str, Any], **tokens: Any) -> None:
    """An ESM with the slow tokenizer, which gives no offsets."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    ids = numbered(vocabulary)
    absolute = options["position_embedding_type"] == "absolute"
    config = EsmConfig(
        vocab_size=len(vocabulary), hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
        intermediate_size=21, max_position_embeddings=LONGEST + (ids["<pad>"] + 1 if absolute else 0),
        pad_token_id=ids["<pad>"], mask_token_id=ids["<mask>"], **options,
    )  # fmt: skip
    save(folder, head, config, EsmTokenizer(str(folder / "vocab.txt"), **tokens))


def save(folder: Path, head: str, config: Any, tokenizer: Any) -> None:
    """The model with its head, and weights large enough that every part of it matters."""
    model_class = getattr(transformers, f"AutoModelFor{HEADS[head]}")
    model = model_class.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3) if parameter.dim() > 1 else parameter.add_(
                torch.randn_like(parameter) / 9
            )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def numbered(tokens: list[str]) -> dict[str, int]:
    """Tokens in their order."""
    return {token: index for index, token in enumerate(tokens)}


HEADS = {
    "sequence": "SequenceClassification",
    "token": "TokenClassification",
    "masked": "MaskedLM",
    "causal": "CausalLM",
}
REGRESSION = {"problem_type": "regression"}
ABSOLUTE = {"position_embedding_type": "absolute"}
SEVERAL = {"problem_type": "multi_label_classification"}

TOYS = {
    toy.name: toy
    for toy in (
        Toy("protbert", protbert, PROTEIN, "blanks", labels=5),
        Toy("protbert-residues", protbert, PROTEIN, "blanks", "token", labels=3),
        Toy("protbert-masked", protbert, PROTEIN, "blanks", "masked", labels=30),
        Toy("esm", esm, PROTEIN, "plain", options={"token_dropout": True}),
        Toy("esm-masked", esm, PROTEIN, "plain", "masked", labels=33, options={"token_dropout": True}),
        Toy("esm-absolute", esm, PROTEIN, "plain", labels=1, options=REGRESSION | ABSOLUTE),
        Toy("nucleotide-transformer", nucleotide_transformer, DNA, "plain", options={"token_dropout": False}),
        Toy("dnabert", dnabert, DNA, "kmers:3", labels=4, options=SEVERAL),
        Toy("bpe", bpe, DNA, "plain", labels=1, options=SEVERAL),
        Toy("dnabert2", dnabert2, DNA, "plain", labels=3, max_tokens=None),
        Toy("dnabert2-masked", dnabert2, DNA, "plain", "masked", labels=60, max_tokens=None),
        Toy("letters-masked", letters, DNA, "plain", "masked", labels=20),
        Toy("residues-causal", residues, PROTEIN, "blanks", "causal", labels=27),
        Toy("llama-causal", llama, DNA, "plain", "causal", labels=20),
        Toy("pairs-causal", protein_pairs, PROTEIN, "plain", "causal", labels=264),
        Toy("roberta", roberta, DNA, "plain"),
        Toy("prott5", prott5, PROTEIN, "blanks", "token", labels=4, max_tokens=None),
        Toy("cnn", cnn, DNA, "plain", max_tokens=None),
    )
}


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a toy by its name, made when first asked for; not to be changed."""
    folders: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in folders:
            folders[name] = TOYS[name].save(tmp_path_factory.mktemp("toys") / name)
        return folders[name]

    return folder


@pytest.fixture(scope="session")
def load(saved: Callable[[str], Path]) -> Callable[..., Model]:
    """A toy as a model of this test's own, in double precision: ``load("esm")``."""

    def load_toy(name: str, dtype: str = "float64") -> Model:
        model = load_model(saved(name), dtype=dtype, device="cpu")
        return model.with_batch_sizes(FixedBatchSize(4))

    return load_toy


@pytest.fixture(scope="session")
def toy_model(load: Callable[..., Model]) -> Callable[[str], Model]:
    """A toy as a model that tests share and do not change."""
    return cache(load)
