"""Byte-pair encoding, merged by ourselves: the tokenizer's own tokens, and what dropout makes of them."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models.own_tokenizers import bpe_tokenizer
from relevome.models.tokenizing.bpe_dropout import BytePairs, read_byte_pairs
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

DRAW = np.random.default_rng(5)
PROMOTERS = ["".join(DRAW.choice(list("ACGT"), size=90)) for _ in range(60)]

# Ways in which byte-pair encodings mark words, split text and treat what they do not know.
KINDS: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "plain": ({}, None, None),
    "whitespace, as DNABERT-2": ({}, pre_tokenizers.Whitespace(), None),
    "marks the start of a word": ({}, pre_tokenizers.Metaspace(), None),
    "marks it in the normalizer": ({}, None, normalizers.Prepend("▁")),
    "bytes": ({}, pre_tokenizers.ByteLevel(add_prefix_space=False), None),
    "bytes with a mark": ({}, pre_tokenizers.ByteLevel(add_prefix_space=True), None),
    "marks the inside of a word": ({"continuing_subword_prefix": "##"}, pre_tokenizers.Whitespace(), None),
    "marks the end of a word": ({"end_of_word_suffix": "</w>"}, pre_tokenizers.Whitespace(), None),
    "fuses what it does not know": ({"fuse_unk": True}, pre_tokenizers.Whitespace(), None),
}


def trained(kind: str, size: int = 150) -> PreTrainedTokenizerFast:
    options, splitter, normalizer = KINDS[kind]
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", **options))
    tokenizer.pre_tokenizer, tokenizer.normalizer = splitter, normalizer
    marks = {name: options[name] for name in options if name != "fuse_unk"}
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=["[UNK]"], show_progress=False, **marks)
    tokenizer.train_from_iterator(PROMOTERS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")


def texts(codes: str = "") -> list[str]:
    """Of every length from 1 to 60, and some long ones; about one letter in ten is one of ``codes``."""
    odds = np.array([9.0] * 4 + [4.0 / max(len(codes), 1)] * len(codes))
    lengths = [*range(1, 61), 200, 333]
    return ["".join(DRAW.choice(list("ACGT" + codes), size=n, p=odds / odds.sum())) for n in lengths]


def slowly(text: str, merges: dict[tuple[str, str], int], dropped: set[tuple[str, str]]) -> list[str]:
    """Byte-pair encoding as it is defined: the best merge of all, one after the other."""
    pieces = list(text)
    while True:
        pairs = [
            (merges[pair], i)
            for i, pair in enumerate(itertools.pairwise(pieces))
            if pair in merges and pair not in dropped
        ]
        if not pairs:
            return pieces
        _, best = min(pairs)
        pieces[best : best + 2] = [pieces[best] + pieces[best + 1]]


def of(*merges: tuple[str, str]) -> BytePairs:
    """An encoding of these merges over A, C, G and T."""
    tokens = [*"ACGT", *("".join(merge) for merge in merges)]
    model = models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=list(merges))
    return read_byte_pairs(PreTrainedTokenizerFast(tokenizer_object=Tokenizer(model)))


def shares(pairs: BytePairs, text: str, dropout: float, draws: int = 4000) -> dict[str, float]:
    """How often each tokenisation is drawn, written with blanks."""
    rng = np.random.default_rng(3)
    found = Counter(
        " ".join(text[start:end] for _, start, end in pairs.encode(text, dropout, rng)) for _ in range(draws)
    )
    return {tokens: count / draws for tokens, count in found.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("codes", ["", "NR"])
def test_without_dropout_tokens_and_their_letters_are_the_tokenizers_own(kind: str, codes: str) -> None:
    tokenizer = trained(kind)
    pairs = read_byte_pairs(tokenizer)
    for text in texts(codes):
        own = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
        drawn = pairs.encode(text, 0.0, np.random.default_rng(0))
        assert drawn == pairs.encode(text)
        assert [piece.token for piece in drawn] == own["input_ids"]
        assert [(piece.start, piece.end) for piece in drawn] == own["offset_mapping"]


@pytest.mark.parametrize("name", ["bpe", "roberta"])
def test_tokenizers_of_models_are_read(saved, name: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(saved(name))
    pairs = read_byte_pairs(tokenizer)
    for text in texts("N"):
        own = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert [piece.token for piece in pairs.encode(text)] == own


def test_with_every_merge_left_out_letters_are_tokens() -> None:
    pairs = read_byte_pairs(trained("plain"))
    drawn = pairs.encode("ACGTTGCA", 1.0, np.random.default_rng(0))
    assert [(piece.start, piece.end) for piece in drawn] == [(i, i + 1) for i in range(8)]


def test_a_draw_leaves_out_merges_and_makes_all_others() -> None:
    """With merges left out by kind, of which each occurs once, a draw is the encoding without those."""
    merges = [("A", "C"), ("G", "T"), ("AC", "GT"), ("T", "T")]
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    text = "ACGTT"
    expected = {
        " ".join(slowly(text, ranks, set(left_out)))
        for size in range(5)
        for left_out in itertools.combinations(merges, size)
    }
    assert set(shares(of(*merges), text, 0.5)) == expected


def test_one_merge_is_left_out_as_often_as_asked() -> None:
    assert shares(of(("A", "C")), "AC", 0.3) == {
        "AC": pytest.approx(0.7, abs=0.03),
        "A C": pytest.approx(0.3, abs=0.03),
    }


def test_a_later_merge_gets_its_turn_where_an_earlier_one_is_left_out() -> None:
    p = 0.3
    assert shares(of(("A", "C"), ("C", "G")), "ACG", p) == {
        "AC G": pytest.approx(1 - p, abs=0.03),
        "A CG": pytest.approx(p * (1 - p), abs=0.03),
        "A C G": pytest.approx(p * p, abs=0.03),
    }


def test_a_merge_of_merges_needs_all_three() -> None:
    p = 0.4
    found = shares(of(("A", "C"), ("G", "T"), ("AC", "GT")), "ACGT", p)
    assert found == {
        "ACGT": pytest.approx((1 - p) ** 3, abs=0.03),
        "AC GT": pytest.approx((1 - p) ** 2 * p, abs=0.03),
        "AC G T": pytest.approx((1 - p) * p, abs=0.03),
        "A C GT": pytest.approx((1 - p) * p, abs=0.03),
        "A C G T": pytest.approx(p * p, abs=0.03),
    }


@pytest.mark.parametrize("length", [20, 400])
def test_as_much_is_left_out_of_long_sequences_as_of_short_ones(length: int) -> None:
    pairs, rng = of(("A", "C")), np.random.default_rng(2)
    kept = [len(pairs.encode("AC" * (length // 2), 0.2, rng)) for _ in range(8000 // length)]
    merged = 2 - np.mean(kept) / (length // 2)
    assert merged == pytest.approx(0.8, abs=0.03)


def test_the_same_generator_gives_the_same_draw() -> None:
    pairs, text = read_byte_pairs(trained("plain")), PROMOTERS[0]
    one, same, other = (pairs.encode(text, 0.2, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("name", ["protbert", "dnabert", "prott5", "esm", "cnn"])
def test_what_is_no_byte_pair_encoding_is_refused(saved, name: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(saved(name))
    with pytest.raises(InputError, match="leaving out merges of a byte-pair encoding, which the tokenizer"):
        read_byte_pairs(tokenizer)


def test_letters_as_a_byte_pair_encoding_without_merges_are_refused() -> None:
    with pytest.raises(InputError, match="which the tokenizer"):
        of()


@pytest.mark.parametrize("name", ["bpe", "roberta"])
def test_draws_stand_between_the_special_tokens_and_cover_every_letter(saved, name: str) -> None:
    tokenizer = LetterTokenizer(AutoTokenizer.from_pretrained(saved(name)))
    rng, numbers = np.random.default_rng(0), set()
    for number, text in enumerate(texts("NRY")):
        sequence = Sequence(f"s{number}", text, DNA)
        own, drawn = tokenizer.encode(sequence), tokenizer.draw(sequence, 0.4, rng)
        assert drawn.special.tolist() == [True, *[False] * (len(drawn) - 2), True]
        assert (drawn.texts[0], drawn.texts[-1]) == (own.texts[0], own.texts[-1])
        inner = slice(1, len(drawn) - 1)
        assert [text[a:b] for a, b in zip(drawn.starts[inner], drawn.ends[inner], strict=True)] == [
            *drawn.texts[inner]
        ]
        numbers.add(len(drawn) - len(own))
    assert max(numbers) > 0


@pytest.mark.parametrize("name", ["bpe", "roberta"])
def test_ids_alone_are_those_of_the_same_draw(saved, name: str) -> None:
    tokenizer = LetterTokenizer(AutoTokenizer.from_pretrained(saved(name)))
    for number, text in enumerate(texts("NRY")):
        sequence = Sequence(f"s{number}", text, DNA)
        whole = tokenizer.draw(sequence, 0.4, np.random.default_rng(number))
        assert tokenizer.draw_ids(sequence, 0.4, np.random.default_rng(number)) == whole.ids.tolist()


def test_letters_that_are_not_known_stay_unknown() -> None:
    tokenizer = LetterTokenizer(trained("whitespace, as DNABERT-2"))
    drawn = tokenizer.draw(Sequence("s", "ACGTNNACGT", DNA), 0.3, np.random.default_rng(0))
    unknown = drawn.ids == tokenizer.unknown_id
    assert [(drawn.starts[t], drawn.ends[t]) for t in np.flatnonzero(unknown)] == [(4, 5), (5, 6)]


def test_an_encoding_that_does_more_than_merge_is_refused() -> None:
    hf = bpe_tokenizer(PROMOTERS, 60)
    hf.add_tokens(["GATTACA", "TATA"])
    tokenizer = LetterTokenizer(hf)
    with pytest.raises(InputError, match="its tokens are not those of its merges alone"):
        tokenizer.check_draws()


@pytest.mark.parametrize("name", ["nucleotide-transformer", "letters-masked"])
def test_tokenizers_of_words_or_letters_have_one_tokenisation_only(saved, name: str) -> None:
    with pytest.raises(InputError, match="which the tokenizer"):
        LetterTokenizer(AutoTokenizer.from_pretrained(saved(name))).check_draws()
