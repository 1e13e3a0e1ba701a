"""Tokens looked up in a table are those of the tokenizer."""

import random

import numpy as np
import pytest

from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.models.own_tokenizers import bpe_tokenizer, kmer_tokenizer, letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.models.tokens import Tokens

SINGLE = [
    "protbert", "protbert-masked", "prott5", "esm", "esm-masked", "letters-masked", "residues-causal",
    "llama-causal", "cnn",
]  # fmt: skip


def same(one, other):
    """Whether tokens are the same in all that they hold."""
    arrays = all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("ids", "starts", "ends", "special")
    )
    return arrays and one.texts == other.texts and one.sequence is other.sequence


def drawn(alphabet, count=40):
    """Sequences of all letters, codes among them, of 1 to 60."""
    draw = random.Random(1)
    letters = [alphabet.letters, alphabet.all_letters]
    return [
        Sequence(f"s{i}", "".join(draw.choices(letters[i % 2], k=draw.randint(1, 60))), alphabet)
        for i in range(count)
    ]


@pytest.mark.parametrize("kind", SINGLE)
def test_a_table_gives_the_tokens_of_the_tokenizer(load, kind):
    tokenizer = load(kind).tokenizer
    every = drawn(tokenizer.alphabet)
    looked_up = [tokenizer._by_table(sequence) for sequence in every]
    assert sum(one is not None for one in looked_up) >= len(every) / 2
    for sequence, found in zip(every, looked_up, strict=True):
        assert found is None or same(found, tokenizer._by_tokenizer(sequence))
        Tokens(sequence, *(getattr(found or tokenizer.encode(sequence), name) for name in FIELDS))


FIELDS = ("ids", "starts", "ends", "special", "texts")


def test_residues_that_are_read_as_x_and_a_prefix_are_looked_up_too():
    vocabulary = letter_tokenizer(PROTEIN, specials=True)
    tokenizer = LetterTokenizer(vocabulary, PROTEIN, rare_as_x=True, prefix="[MASK] [CLS]")
    for sequence in drawn(PROTEIN):
        found = tokenizer._by_table(sequence)
        assert found is not None
        assert same(found, tokenizer._by_tokenizer(sequence))
        assert found.texts[:2] == ("[MASK]", "[CLS]")


@pytest.mark.parametrize("words", [kmer_tokenizer(3), bpe_tokenizer(["ACGTACGTTTGA" * 9], 32)])
def test_tokens_of_several_letters_have_no_table(words):
    tokenizer = LetterTokenizer(words, DNA)
    assert tokenizer._table is None
    assert len(tokenizer.encode(Sequence("s", "ACGTAC", DNA)).ids) < 9


class Joining(LetterTokenizer):
    """Takes two letters in a row that it does not know for one."""

    def _fast(self, text):
        ids, spans = super()._fast(text)
        keep = [i for i in range(len(ids)) if not (i and ids[i] == ids[i - 1] == self.unknown_id)]
        behind = [*keep[1:], len(ids)]
        return ids[keep], [(spans[i][0], spans[j - 1][1]) for i, j in zip(keep, behind, strict=True)]


def test_letters_that_depend_on_their_neighbours_are_left_to_the_tokenizer():
    vocabulary = letter_tokenizer(DNA)
    known = {token: i for i, token in enumerate(["[PAD]", "[UNK]", "[MASK]", *"ACGT"])}
    vocabulary.backend_tokenizer.model = type(vocabulary.backend_tokenizer.model)(known, unk_token="[UNK]")
    tokenizer = Joining(vocabulary, DNA)
    assert same(tokenizer._by_table(one := Sequence("s", "ACGT", DNA)), tokenizer._by_tokenizer(one))
    assert tokenizer._by_table(two := Sequence("s", "ANNT", DNA)) is None
    assert len(tokenizer.encode(two)) == 3


def test_tokens_of_one_sequence_are_its_own(load):
    tokenizer = load("cnn").tokenizer
    one, other = (tokenizer.encode(Sequence(name, "ACGT", DNA)) for name in "ab")
    for array in (one.starts, one.ends, one.special):
        array[:] = 1
    assert other.starts.tolist() == [0, 1, 2, 3]
    assert tokenizer.encode(Sequence("c", "ACGT", DNA)).ends.tolist() == [1, 2, 3, 4]
