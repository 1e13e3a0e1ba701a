from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer, BertTokenizer

from relevome.data.sequences import ALPHABETS, DNA, PROTEIN, RNA, Sequence
from relevome.errors import InputError
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.models.tokenizing.styles import detect_alphabet
from relevome.models.tokens import Tokens
from tests.toys import TOYS, numbered

Saved = Callable[[str], Path]

WRITTEN = {
    "plain": lambda letters: letters,
    "blanks": lambda letters: " ".join(letters),
    "kmers:3": lambda letters: " ".join(letters[i : i + 3] for i in range(len(letters) - 2)),
}


def read(folder: Path) -> LetterTokenizer:
    return LetterTokenizer(AutoTokenizer.from_pretrained(folder))


def any_sequences(name: str, count: int = 25) -> list[Sequence]:
    """Of 3 to 37 letters, about one in eight of them an IUPAC code."""
    alphabet = TOYS[name].alphabet
    draw = np.random.default_rng(7)
    codes, odds = list(alphabet.ambiguous), draw.choice([0, 0.25], size=count)
    texts = []
    for odd in odds:
        plain = draw.choice(list(alphabet.letters), size=draw.integers(3, 38))
        texts.append("".join(np.where(draw.random(plain.size) < odd, draw.choice(codes, plain.size), plain)))
    return [Sequence(f"s{i}", text, alphabet) for i, text in enumerate(texts)]


def decoded(token: str) -> str:
    return re.sub("^(▁|Ġ|##)", "", token)


@pytest.mark.parametrize("name", TOYS)
def test_the_letters_of_a_token_are_those_at_its_offsets(saved: Saved, name: str) -> None:
    tokenizer = read(saved(name))
    unknown_seen = 0
    for sequence in any_sequences(name):
        tokens = tokenizer.encode(sequence)
        for index, start, end in zip(tokens.ids, tokens.starts, tokens.ends, strict=True):
            if start == end:
                continue
            letters = sequence.letters[start:end]
            if index == tokenizer.unknown_id:
                unknown_seen += 1
                assert not {letters, "▁" + letters} & set(tokenizer.hf.get_vocab())
            else:
                assert decoded(tokenizer.hf.convert_ids_to_tokens(int(index))) == letters
    know_all = ("esm", "roberta", "bpe", "dnabert2", "letters", "llama", "pairs", "cnn")
    assert unknown_seen > 0 or name.startswith(know_all)


@pytest.mark.parametrize("name", TOYS)
def test_ids_are_those_that_the_tokenizer_itself_gives(saved: Saved, name: str) -> None:
    tokenizer = read(saved(name))
    original = AutoTokenizer.from_pretrained(saved(name))
    write = WRITTEN[TOYS[name].style]
    for sequence in any_sequences(name):
        tokens = tokenizer.encode(sequence)
        assert tokens.ids.tolist() == original(write(sequence.letters))["input_ids"]
        assert tokens.texts == tuple(original.convert_ids_to_tokens(tokens.ids.tolist()))


@pytest.mark.parametrize("name", TOYS)
def test_every_letter_is_covered_and_special_tokens_cover_none(saved: Saved, name: str) -> None:
    tokenizer = read(saved(name))
    for sequence in any_sequences(name):
        tokens = tokenizer.encode(sequence)
        spans = list(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True))
        ordinary = [span for span, special in zip(spans, tokens.special, strict=True) if not special]
        assert set().union(*(range(*span) for span in ordinary)) == set(range(len(sequence)))
        assert ordinary == sorted(ordinary)
        assert all(start == end for start, end in set(spans) - set(ordinary))
        assert tokens.special.sum() == tokenizer.hf.num_special_tokens_to_add()
        if TOYS[name].style != "kmers:3":
            assert sum(end - start for start, end in ordinary) == len(sequence)


@pytest.mark.parametrize("name", TOYS)
def test_style_and_alphabet_are_found_out(saved: Saved, name: str) -> None:
    tokenizer = read(saved(name))
    assert (tokenizer.style, tokenizer.alphabet) == (TOYS[name].style, TOYS[name].alphabet)


def test_overlapping_words_move_on_by_one_letter_and_a_code_makes_three_of_them_unknown(saved: Saved) -> None:
    tokens = read(saved("dnabert")).encode(Sequence("s", "ACGTNACG", DNA))
    assert tokens.texts == ("[CLS]", "ACG", "CGT", "[UNK]", "[UNK]", "[UNK]", "ACG", "[SEP]")
    assert tokens.starts.tolist() == [0, 0, 1, 2, 3, 4, 5, 0]
    assert tokens.ends.tolist() == [0, 3, 4, 5, 6, 7, 8, 0]


def test_words_one_after_another_start_anew_behind_a_code_and_leave_single_letters(saved: Saved) -> None:
    tokens = read(saved("nucleotide-transformer")).encode(Sequence("s", "ACGTNACGTACRRG", DNA))
    assert tokens.texts == ("<cls>", "ACG", "T", "N", "ACG", "TAC", "<unk>", "G")
    assert tokens.starts.tolist() == [0, 0, 3, 4, 5, 8, 11, 13]
    assert tokens.ends.tolist() == [0, 3, 4, 5, 8, 11, 13, 14]


@pytest.mark.parametrize("name", TOYS)
def test_the_shortest_sequences(saved: Saved, name: str) -> None:
    tokenizer = read(saved(name))
    shortest = 3 if name == "dnabert" else 1
    letter = TOYS[name].alphabet.letters[1]
    tokens = tokenizer.encode(Sequence("s", letter * shortest, TOYS[name].alphabet))
    assert (tokens.ends - tokens.starts).sum() == shortest


def test_a_sequence_shorter_than_a_word_is_refused(saved: Saved) -> None:
    with pytest.raises(InputError, match="sequence 's' has 2 letters, fewer than one token of 3"):
        read(saved("dnabert")).encode(Sequence("s", "AC", DNA))


def test_a_truncation_that_is_saved_with_a_tokenizer_is_not_applied(saved: Saved, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("bpe"), tmp_path / "bpe"))
    content = json.loads((folder / "tokenizer.json").read_text())
    content["truncation"] = {"max_length": 6, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    content["padding"] = {"strategy": {"Fixed": 50}, "direction": "Right", "pad_to_multiple_of": None}
    content["padding"] |= {"pad_id": 3, "pad_type_id": 0, "pad_token": "[PAD]"}
    (folder / "tokenizer.json").write_text(json.dumps(content))
    assert len(AutoTokenizer.from_pretrained(folder).backend_tokenizer.encode("ACGT" * 20)) == 50
    tokens = read(folder).encode(Sequence("s", "ACGT" * 20, DNA))
    assert tokens.ends.max() == 80
    assert tokens.texts[-1] == "[SEP]"


def test_a_tokenizer_that_knows_no_such_letters_is_refused(saved: Saved) -> None:
    hf = AutoTokenizer.from_pretrained(saved("dnabert"))
    with pytest.raises(InputError, match="BertTokenizer does not know protein letters"):
        LetterTokenizer(hf, PROTEIN)


def test_words_of_several_lengths_are_no_kmers() -> None:
    vocabulary = numbered(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ACG", "ACGT", "T"])
    with pytest.raises(InputError, match="expected a tokenizer for biological sequences"):
        LetterTokenizer(BertTokenizer(vocab=vocabulary, do_lower_case=False))


@pytest.mark.parametrize(
    ("tokens", "alphabet"),
    [
        ("[PAD] A C G T", "dna"),
        ("[PAD] A C G U N", "rna"),
        ("<pad> ▁A ▁C ▁G ▁T ▁N", "dna"),
        ("AAA ACG CGT", "dna"),
        ("AAA ACG CGU", "rna"),
        (" ".join("ACDEFGHIKLMNPQRSTVWY"), "protein"),
        (" ".join("ACDEFGHIKLMNPQRSTVWY") + " LL AG GA SS", "protein"),
        (" ".join("ABCDEFGHIJKLMNOPQRSTUVWXYZabc") + " AC GT ĠACC ACGT TTT", "dna"),
    ],
)
def test_the_alphabet_of_a_vocabulary(tokens: str, alphabet: str) -> None:
    assert detect_alphabet(numbered(tokens.split())) is ALPHABETS[alphabet]


@pytest.mark.parametrize("tokens", ["a c g t", "[PAD] hello world", "A C G"])
def test_a_vocabulary_of_something_else_is_refused(tokens: str) -> None:
    with pytest.raises(InputError, match=r"neither nucleotides nor amino acids: .*--alphabet"):
        detect_alphabet(numbered(tokens.split()))


@pytest.mark.parametrize(
    ("name", "longest", "always", "ordinary", "letters"),
    [
        ("protbert", 1, True, 20, True),
        ("esm", 1, True, 20, True),
        ("prott5", 1, True, 20, True),
        ("cnn", 1, True, 4, True),
        ("dnabert", 3, False, 64, False),
        ("nucleotide-transformer", 3, False, 68, True),
        ("roberta", 4, False, 11, True),
    ],
)
def test_what_stands_for_letters(
    saved: Saved, name: str, longest: int, always: bool, ordinary: int, letters: bool
) -> None:
    tokenizer = read(saved(name))
    vocabulary = tokenizer.hf.get_vocab()
    assert (tokenizer.longest_token, tokenizer.one_letter_always) == (longest, always)
    assert len(tokenizer.ordinary_ids()) == ordinary
    expected = [vocabulary.get(x, vocabulary.get("▁" + x)) for x in TOYS[name].alphabet.letters]
    assert tokenizer.letter_ids() == (expected if letters else None)


def test_tokens_of_one_letter_each() -> None:
    tokenizer = LetterTokenizer(bpe_tokenizer(["ACACACACGTGTGT"] * 9, 22))
    assert not tokenizer.encode(Sequence("s", "ACAC", DNA)).one_letter_each
    assert tokenizer.encode(Sequence("s", "CCAA", DNA)).one_letter_each
    assert LetterTokenizer(letter_tokenizer(RNA)).encode(Sequence("s", "ACGU", RNA)).one_letter_each


def test_of_overlapping_tokens_the_middle_one_stands_for_a_letter(saved: Saved) -> None:
    tokens = read(saved("dnabert")).encode(Sequence("s", "ACGTACG", DNA))
    over = [(tokens.starts[t], tokens.ends[t]) for t in (tokens.covering(i) for i in range(7))]
    assert over == [(0, 3), (1, 4), (1, 4), (2, 5), (3, 6), (4, 7), (4, 7)]


@pytest.mark.parametrize("position", [7, 99])
def test_a_letter_beyond_the_end_is_refused(saved: Saved, position: int) -> None:
    tokens = read(saved("dnabert")).encode(Sequence("s", "ACGTACG", DNA))
    with pytest.raises(InputError, match=f"'s' has no letter at position {position}: expected 0 to 6"):
        tokens.covering(position)


@pytest.mark.parametrize(
    ("starts", "ends", "special", "message"),
    [
        ([0, 2], [1, 4], [False, False], "do not cover all of its 4 letters"),
        ([0, 1], [1, 3], [False, False], "do not cover all of its 4 letters"),
        ([2, 0], [4, 2], [False, False], "not in the order of its letters"),
        ([0, 0], [2, 4], [True, False], "a special token of sequence 's' covers letters"),
    ],
)
def test_offsets_that_make_no_sense_are_refused(
    starts: list[int], ends: list[int], special: list[bool], message: str
) -> None:
    sequence = Sequence("s", "ACGT", DNA)
    with pytest.raises(InputError, match=message):
        Tokens(sequence, np.array([5, 6]), np.array(starts), np.array(ends), np.array(special), ("x", "y"))
