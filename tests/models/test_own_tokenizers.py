from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from relevome.data.sequences import ALPHABETS, DNA, PROTEIN, Alphabet, Sequence
from relevome.errors import InputError
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer


def read(tokenizer: PreTrainedTokenizerFast, text: str) -> tuple[list[str], list[tuple[int, int]]]:
    encoded = tokenizer(text, return_offsets_mapping=True)
    return list(tokenizer.convert_ids_to_tokens(encoded["input_ids"])), encoded["offset_mapping"]


def corpus(word: str) -> list[str]:
    """Random DNA with one word again and again."""
    draw = random.Random(3)
    flanks = ["".join(draw.choices("ACGT", k=5)) for _ in range(90)]
    return [left + word + right + word for left, right in itertools.pairwise(flanks)]


@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS)
def test_every_letter_and_code_is_one_token_with_its_own_index(alphabet: Alphabet) -> None:
    tokens, offsets = read(letter_tokenizer(alphabet), alphabet.all_letters)
    assert tokens == list(alphabet.all_letters)
    assert offsets == [(i, i + 1) for i in range(len(alphabet.all_letters))]
    ids = letter_tokenizer(alphabet)(alphabet.all_letters)["input_ids"]
    assert len(set(ids)) == len(ids)


def test_brackets_have_empty_offsets_and_come_only_when_asked_for() -> None:
    assert read(letter_tokenizer(DNA), "GAN") == (["G", "A", "N"], [(0, 1), (1, 2), (2, 3)])
    tokens, offsets = read(letter_tokenizer(DNA, specials=True), "GAN")
    assert tokens == ["[CLS]", "G", "A", "N", "[SEP]"]
    assert offsets == [(0, 0), (0, 1), (1, 2), (2, 3), (0, 0)]


def test_a_letter_that_is_not_in_the_alphabet_is_unknown_and_not_lost() -> None:
    tokens, offsets = read(letter_tokenizer(DNA), "aCE")
    assert tokens == ["[UNK]", "C", "[UNK]"]
    assert offsets == [(0, 1), (1, 2), (2, 3)]


def test_decoding_gives_the_letters_back() -> None:
    tokenizer = letter_tokenizer(PROTEIN, specials=True)
    ids = tokenizer("MKVXW")["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "MKVXW"


@pytest.mark.parametrize("specials", [False, True])
@pytest.mark.parametrize("kind", ["letters", "pairs"])
def test_a_saved_tokenizer_loads_again_by_name_alone(tmp_path: Path, kind: str, specials: bool) -> None:
    made = (
        letter_tokenizer(DNA, specials)
        if kind == "letters"
        else bpe_tokenizer(corpus("TATAAT"), 40, specials=specials)
    )
    made.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert read(loaded, "ACGTATAATN") == read(made, "ACGTATAATN")
    assert loaded.get_vocab() == made.get_vocab()
    for name in ("pad_token_id", "unk_token_id", "mask_token_id", "cls_token_id", "sep_token_id"):
        assert getattr(loaded, name) == getattr(made, name)


def test_pairs_are_laid_out_as_dnabert2s() -> None:
    tokenizer = bpe_tokenizer(corpus("TATAAT"), 40)
    assert tokenizer.convert_ids_to_tokens(list(range(5))) == ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    assert len(tokenizer) == 40
    tokens, offsets = read(tokenizer, "TATAATG")
    assert (tokens[0], tokens[-1]) == ("[CLS]", "[SEP]")
    assert (offsets[0], offsets[-1]) == ((0, 0), (0, 0))


def test_pairs_learn_a_word_that_comes_back() -> None:
    assert "TATAAT" in bpe_tokenizer(corpus("TATAAT"), 60).get_vocab()
    assert "TATAAT" not in bpe_tokenizer(corpus("GGCCGC"), 60).get_vocab()


def test_pairs_cover_every_letter_in_order_also_codes_never_seen() -> None:
    letters = "TATAATNACGRTATTATAATCCY"
    tokenizer = bpe_tokenizer(corpus("TATAAT"), 45)
    tokens, offsets = read(tokenizer, letters)
    assert "[UNK]" not in tokens
    assert [letters[start:end] for start, end in offsets] == ["", *tokens[1:-1], ""]
    assert "".join(tokens[1:-1]) == letters
    encoded = LetterTokenizer(tokenizer, DNA).encode(Sequence("a", letters, DNA))
    assert list(zip(encoded.starts, encoded.ends, strict=True)) == offsets
    assert encoded.special.tolist() == [True] + [False] * (len(tokens) - 2) + [True]


def test_a_vocabulary_without_room_for_the_letters_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"a vocabulary of 19 is too small: expected at least 20, for 5 special"
    ):
        bpe_tokenizer(corpus("TATAAT"), 19)


def test_too_few_sequences_for_a_vocabulary_are_refused() -> None:
    with pytest.raises(InputError, match=r"gave \d+ tokens, not 500: expected more sequences"):
        bpe_tokenizer(["ACGT", "ACCT"], 500)
