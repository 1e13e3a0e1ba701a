"""Tokenizers of our own: single letters, words of k, and byte-pair encoding learnt from sequences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from relevome.data.sequences import DNA, Alphabet
from relevome.errors import InputError

_PLAIN = {"pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"}
_BRACKETS = {"cls_token": "[CLS]", "sep_token": "[SEP]"}
_DNABERT2_ORDER = ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")


def letter_vocabulary(alphabet: Alphabet, specials: bool = False) -> dict[str, int]:
    """Token to index: [PAD], [UNK], [MASK], with ``specials`` [CLS] and [SEP], letters, IUPAC codes."""
    tokens = [*_names(specials).values(), *alphabet.all_letters]
    return {token: index for index, token in enumerate(tokens)}


def letter_tokenizer(alphabet: Alphabet, specials: bool = False) -> PreTrainedTokenizerFast:
    """A tokenizer of one token per letter; with ``specials``, [CLS] before and [SEP] after them."""
    return _wrap(single_letters(letter_vocabulary(alphabet, specials), "[UNK]"), _names(specials))


def known_tokenizer(vocabulary: dict[str, int], names: Mapping[str, str]) -> PreTrainedTokenizerFast:
    """A tokenizer of one token per letter by the ids of somebody else.

    ``names`` are the tokens for ``pad_token``, ``unk_token``, ``mask_token``, and for ``cls_token`` and
    ``sep_token``, which stand around the letters. Raises ``InputError`` if one is not in the vocabulary.
    """
    if missing := [token for token in names.values() if token not in vocabulary]:
        raise InputError(f"the vocabulary has no {missing[0]!r}: expected {', '.join(names.values())}")
    return _wrap(single_letters(vocabulary, names["unk_token"]), names)


def single_letters(vocabulary: dict[str, int], unknown: str | None) -> Tokenizer:
    """One token per letter, by these ids; ``unknown`` is the token of all other letters, if there is one."""
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")
    return tokenizer


def kmer_tokenizer(k: int, alphabet: Alphabet = DNA) -> PreTrainedTokenizerFast:
    """Words of ``k`` letters with blanks between them, as DNABERT reads; one with a code is unknown.

    [CLS] stands before and [SEP] after them (Ji et al. 2021, doi 10.1093/bioinformatics/btab083).
    """
    words = map("".join, product(alphabet.letters, repeat=k))
    vocabulary = {token: index for index, token in enumerate((*_names(True).values(), *words))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return _wrap(tokenizer, _names(True))


def bpe_tokenizer(
    sequences: Iterable[str], vocab_size: int, specials: bool = True, alphabet: Alphabet = DNA
) -> PreTrainedTokenizerFast:
    """A byte-pair encoding of ``vocab_size`` tokens learnt from ``sequences``, laid out as DNABERT-2's.

    Every letter and IUPAC code of the alphabet is a token, seen or not. Raises ``InputError`` if
    ``vocab_size`` leaves no room for them, or the sequences have too few repeated words to fill it.
    """
    names = [name for name in _DNABERT2_ORDER if name in _names(specials).values()]
    letters = list(alphabet.all_letters)
    if vocab_size < len(names) + len(letters):
        raise InputError(
            f"a vocabulary of {vocab_size} is too small: expected at least {len(names) + len(letters)}, "
            f"for {len(names)} special tokens and {len(letters)} {alphabet.name} letters and codes"
        )
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=names,
        initial_alphabet=letters,
        show_progress=False,
    )
    tokenizer.train_from_iterator(sequences, trainer)
    if tokenizer.get_vocab_size() != vocab_size:
        raise InputError(
            f"the sequences gave {tokenizer.get_vocab_size()} tokens, not {vocab_size}: "
            "expected more sequences or a smaller vocabulary"
        )
    return _wrap(tokenizer, _names(specials))


def _names(specials: bool) -> dict[str, str]:
    return _PLAIN | (_BRACKETS if specials else {})


def _wrap(tokenizer: Tokenizer, names: Mapping[str, str]) -> PreTrainedTokenizerFast:
    tokenizer.decoder = decoders.Fuse()
    if "cls_token" in names:
        first, last = names["cls_token"], names["sep_token"]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{first} $A {last}",
            special_tokens=[(name, tokenizer.token_to_id(name)) for name in (first, last)],
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_input_names=["input_ids", "attention_mask"],
        **names,
    )
