"""Any tokenizer, with right character offsets: which letters each token stands for."""

from __future__ import annotations

import random
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Int

from relevome.data.sequences import PROTEIN, Alphabet, Sequence
from relevome.errors import InputError
from relevome.models.tokenizing.bpe_dropout import BytePairs, Piece, read_byte_pairs
from relevome.models.tokenizing.letter_table import LetterTable
from relevome.models.tokenizing.styles import (
    TokenizerStyle,
    detect_alphabet,
    find_style,
    letters_of,
    ways_of_writing,
)
from relevome.models.tokens import Tokens
from relevome.words import counted

# Codes of proteins other than X itself; ProtTrans has U, Z, O and B read as X, and no model has a J.
_RARE = "".join(code for code in PROTEIN.ambiguous if code != PROTEIN.unknown)
_AS_X = str.maketrans(_RARE, PROTEIN.unknown * len(_RARE))


class LetterTokenizer:
    """A tokenizer of transformers, told how to read letters, with the offsets that it may not give.

    Models want their letters written in one of several ways (see `styles`), found by trying them
    on a probe sequence.

    With ``rare_as_x`` it reads U, Z, O, B and J of proteins as X, as the models of ProtTrans are used; the
    sequence keeps its own letters. ``prefix`` are tokens, apart by blanks, that stand before every sequence
    in place of the special ones that the tokenizer puts there. Raises ``InputError`` where nothing can be
    read as X, and for a token of the prefix that the vocabulary has not.
    """

    def __init__(
        self,
        tokenizer: Any,
        alphabet: Alphabet | None = None,
        rare_as_x: bool = False,
        prefix: str | None = None,
    ) -> None:
        self.hf = tokenizer
        self.alphabet = alphabet or detect_alphabet(tokenizer.get_vocab())
        self.pad_id: int | None = tokenizer.pad_token_id
        self.mask_id: int | None = tokenizer.mask_token_id
        self.unknown_id: int | None = tokenizer.unk_token_id
        self.rare_as_x = rare_as_x
        if rare_as_x and (self.alphabet != PROTEIN or self.letter_id(PROTEIN.unknown) is None):
            raise InputError(
                f"the tokenizer {type(tokenizer).__name__} reads {self.alphabet.name} letters and has no "
                "residue X: leave --rare-as-x out"
            )
        self.prefix: tuple[str, ...] = tuple((prefix or "").split())
        self._prefix_ids = self._known_ids(self.prefix)
        self._style = self._find_style()

    def _known_ids(self, prefix: tuple[str, ...]) -> list[int]:
        vocabulary = self.hf.get_vocab()
        if strange := [token for token in prefix if token not in vocabulary]:
            raise InputError(
                f"--prefix: the tokenizer has no token {strange[0]!r}: expected tokens of its vocabulary, "
                "apart by blanks"
            )
        return [vocabulary[token] for token in prefix]

    @property
    def style(self) -> str:
        """``plain``, ``blanks`` or ``kmers:K``."""
        return self._style.name

    @property
    def overlapping(self) -> bool:
        """Whether neighbouring tokens share letters, and so give each other away."""
        return self._style.overlapping

    def encode(self, sequence: Sequence) -> Tokens:
        """Tokens of one sequence, special ones included, never truncated."""
        if len(sequence) < (least := self._style.shortest):
            raise InputError(
                f"sequence {sequence.id!r} has {counted(len(sequence), 'letter')}, fewer than one token of "
                f"{least}"
            )
        return self._by_table(sequence) or self._by_tokenizer(sequence)

    def _by_table(self, sequence: Sequence) -> Tokens | None:
        """The same tokens as by the tokenizer, much faster, where it reads every letter by itself."""
        found = None if self._table is None else self._table.read(self.read_as(sequence))
        if self._table is None or found is None:
            return None
        ids, texts = found
        places = self._table.places(len(sequence))
        return Tokens.known(sequence, ids, *places, texts, one_letter_each=True)

    @cached_property
    def _table(self) -> LetterTable | None:
        return LetterTable.of(self._by_tokenizer, self.alphabet) if self.one_letter_always else None

    def _by_tokenizer(self, sequence: Sequence) -> Tokens:
        self._check_known(sequence)
        written = self._style.write(self.read_as(sequence))
        ids, spans = self._fast(written.text) if self.hf.is_fast else self._slow(sequence.id, written.text)
        ids, spans = self._with_prefix(ids, spans)
        starts, ends = written.letters_at(spans)
        special = ends == starts
        return Tokens(
            sequence, ids, starts, ends, special, tuple(self.hf.convert_ids_to_tokens(ids.tolist()))
        )

    def _with_prefix(
        self, ids: np.ndarray, spans: list[tuple[int, int]]
    ) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """The prefix, if there is one, in place of the special tokens before the others."""
        if not self.prefix:
            return ids, spans
        without_letters = np.array([start == end for start, end in spans])
        first = int(np.argmin(np.isin(ids, self.hf.all_special_ids) & without_letters))
        before = [(0, 0)] * len(self.prefix)
        return np.concatenate([self._prefix_ids, ids[first:]]), before + spans[first:]

    def _check_known(self, sequence: Sequence) -> None:
        """Raises InputError for a letter without a token where letters are tokens, and none is for others."""
        if self.unknown_id is None and self.longest_token == 1:
            strange = sorted(one for one in set(self.read_as(sequence)) if self.letter_id(one) is None)
            if strange:
                raise InputError(
                    f"sequence {sequence.id!r} has {strange[0]!r}, for which the model has no token"
                )

    def read_as(self, sequence: Sequence) -> str:
        """The letters of a sequence as the model reads them."""
        return sequence.letters.translate(_AS_X) if self.rare_as_x else sequence.letters

    def rare_letters(self, sequence: Sequence) -> int:
        """How many letters of a sequence are read as X and are another."""
        return sum(map(sequence.letters.count, _RARE)) if self.rare_as_x else 0

    def draw(self, sequence: Sequence, dropout: float, rng: np.random.Generator) -> Tokens:
        """Tokens of one sequence by a tokenisation drawn with BPE dropout, between its own special tokens.

        Raises ``InputError`` for a tokenizer that is no byte-pair encoding.
        """
        ids, starts, ends = self._drawn(sequence, dropout, rng).T
        texts = tuple(self.hf.convert_ids_to_tokens(ids.tolist()))
        return Tokens(sequence, ids, starts, ends, ends == starts, texts)

    def draw_ids(self, sequence: Sequence, dropout: float, rng: np.random.Generator) -> list[int]:
        """The ids of `draw` alone, in a fraction of its time."""
        return self._drawn(sequence, dropout, rng)[:, 0].tolist()

    def _drawn(
        self, sequence: Sequence, dropout: float, rng: np.random.Generator
    ) -> Int[np.ndarray, "tokens 3"]:
        """Id, first letter and letter behind the last of every token that is drawn."""
        pieces = self._byte_pairs.encode(self.read_as(sequence), dropout, rng)
        before, after = self._around
        return np.array([*before, *pieces, *after])

    def check_draws(self) -> None:
        """Raises ``InputError`` if no tokenisations can be drawn, since this is no byte-pair encoding."""
        _ = self._byte_pairs

    @cached_property
    def _around(self) -> tuple[list[Piece], list[Piece]]:
        """The special tokens before and behind those of every sequence, which have no letters."""
        own = self.encode(Sequence("probe", self.alphabet.letters, self.alphabet))
        first, last = np.flatnonzero(~own.special)[[0, -1]]
        special = [Piece(token, 0, 0) for token in own.ids.tolist()]
        return special[:first], special[last + 1 :]

    @cached_property
    def _byte_pairs(self) -> BytePairs:
        pairs = read_byte_pairs(self.hf)
        known = self.alphabet.letters if self.unknown_id is None else self.alphabet.all_letters
        letters = "".join(random.Random(0).choices(known, k=200))
        own = self.encode(Sequence("probe", letters, self.alphabet))
        merged = [piece.token for piece in pairs.encode(letters)]
        added = set(self.hf.get_added_vocab().values()) & set(self._words)
        if added or not self._style.joined or merged != own.ids[~own.special].tolist():
            raise InputError(
                f"tokenisations of the tokenizer {type(self.hf).__name__} cannot be drawn: its tokens are "
                "not those of its merges alone"
            )
        return pairs

    def letter_id(self, letter: str) -> int | None:
        """Vocabulary index of a token that is this one letter, or None."""
        vocabulary = self.hf.get_vocab()
        for written in (letter, "▁" + letter):
            if written in vocabulary:
                return vocabulary[written]
        return None

    def letter_ids(self) -> list[int] | None:
        """Vocabulary indices of the alphabet's letters, or None if some have no token of their own."""
        ids = [self.letter_id(letter) for letter in self.alphabet.letters]
        return None if None in ids else [i for i in ids if i is not None]

    def ordinary_ids(self) -> list[int]:
        """Vocabulary indices of all tokens that stand for unambiguous letters."""
        return sorted(self._words)

    @property
    def longest_token(self) -> int:
        """Letters of the longest token."""
        return max(map(len, self._words.values()))

    @property
    def one_letter_always(self) -> bool:
        """Whether every letter is a token of its own, whatever letters are beside it."""
        return self._style.apart or self.longest_token == 1

    @cached_property
    def _words(self) -> dict[int, str]:
        """Every token that stands for unambiguous letters, by its index, and those letters."""
        written = {i: letters_of(token) for token, i in self.hf.get_vocab().items()}
        letters, special = set(self.alphabet.letters), set(self.hf.all_special_ids)
        return {i: word for i, word in written.items() if word and set(word) <= letters and i not in special}

    def _find_style(self) -> TokenizerStyle:
        probe = "".join(random.Random(0).choices(self.alphabet.letters, k=60))
        style = find_style(self._words.values(), self._knows, probe)
        if style is None and self._lower_cases:
            raise InputError(
                f"the tokenizer {type(self.hf).__name__} makes letters lower case, and its vocabulary has "
                f"{self.alphabet.name} letters in upper case: set do_lower_case to false in "
                'tokenizer_config.json (or take "lowercase" out of the normalizer in tokenizer.json)'
            )
        if style is None:
            raise InputError(
                f"the tokenizer {type(self.hf).__name__} does not know {self.alphabet.name} letters, "
                f"written {ways_of_writing()}: expected a tokenizer for biological sequences, or another "
                "--alphabet"
            )
        return style

    @property
    def _lower_cases(self) -> bool:
        """Whether the tokenizer makes letters lower case before it looks them up."""
        normalizer = getattr(getattr(self.hf, "backend_tokenizer", None), "normalizer", None)
        if normalizer is not None:
            return normalizer.normalize_str("A") == "a"
        return bool(getattr(self.hf, "do_lower_case", False))

    def _knows(self, text: str) -> bool:
        ids = self.hf(text, add_special_tokens=False)["input_ids"]
        return bool(ids) and self.unknown_id not in ids

    def _fast(self, text: str) -> tuple[np.ndarray, list[tuple[int, int]]]:
        encoded = self.hf(text, return_offsets_mapping=True, truncation=False, verbose=False)
        return np.array(encoded["input_ids"]), encoded["offset_mapping"]

    def _slow(self, name: str, text: str) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """A tokenizer without offsets: its pieces are found again in the text, one after the other."""
        pieces = self.hf.tokenize(text)
        inner = self.hf.convert_tokens_to_ids(pieces)
        ids = np.array(self.hf.build_inputs_with_special_tokens(inner))
        spans: list[tuple[int, int]] = []
        at = 0
        for piece in pieces:
            while at < len(text) and text[at] == " ":
                at += 1
            written = piece.removeprefix("##").strip("▁Ġ ")
            if not text.startswith(written, at):
                # an unknown piece hides what it stood for: up to the next blank, or one letter
                blank = text.find(" ", at)
                written = text[at : blank if blank > 0 else at + 1]
            spans.append((at, at + len(written)))
            at += len(written)
        if at != len(text):
            raise InputError(f"the tokenizer {type(self.hf).__name__} lost letters of sequence {name!r}")
        before = _position_of(inner, ids.tolist())
        return ids, [(0, 0)] * before + spans + [(0, 0)] * (len(ids) - before - len(spans))


def _position_of(part: list[int], whole: list[int]) -> int:
    for start in range(len(whole) - len(part) + 1):
        if whole[start : start + len(part)] == part:
            return start
    raise InputError(
        "the tokenizer changes ordinary tokens when it adds special ones: its offsets are unknown"
    )
