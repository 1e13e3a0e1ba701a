"""How letters are written for a tokenizer: one style, one class; and which letters its vocabulary has.

A new style is a class here and a place in `STYLES`. Which one a tokenizer wants is found by writing a probe.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Int

from relevome.data.sequences import ALPHABETS, Alphabet
from relevome.errors import InputError


@dataclass(frozen=True, eq=False)
class WrittenLetters:
    """The text for a tokenizer, and for each of its characters the index of its letter (-1: none)."""

    text: str
    letter_of: Int[np.ndarray, " characters"]

    def letters_at(
        self, spans: list[tuple[int, int]]
    ) -> tuple[Int[np.ndarray, " tokens"], Int[np.ndarray, " tokens"]]:
        """First letter and the one behind the last of each span of characters; both 0 if it has none."""
        written = np.flatnonzero(self.letter_of >= 0)
        first, behind = np.searchsorted(written, np.array(spans).reshape(-1, 2)).T
        covers = behind > first
        starts, ends = np.zeros((2, len(spans)), dtype=int)
        starts[covers] = self.letter_of[written[first[covers]]]
        ends[covers] = self.letter_of[written[behind[covers] - 1]] + 1
        return starts, ends


class TokenizerStyle(ABC):
    """One way to write letters.

    ``kind`` is its name, and ``described`` completes an error, "letters, written ...". ``shortest`` are the
    fewest letters that can be written. ``joined`` says that nothing stands between letters, so that the
    tokenizer alone cuts them; ``apart`` that no token can have two of them; ``overlapping`` that neighbouring
    tokens share some.
    """

    kind: ClassVar[str]
    described: ClassVar[str]
    joined: ClassVar[bool] = False
    apart: ClassVar[bool] = False
    overlapping: ClassVar[bool] = False
    shortest: int = 1

    @classmethod
    def for_words(cls, words: Collection[str]) -> TokenizerStyle | None:
        """The style for a vocabulary with these words of letters; None if it cannot be this one."""
        return cls()

    @property
    def name(self) -> str:
        """What users and runs are told of it."""
        return self.kind

    @abstractmethod
    def write(self, letters: str) -> WrittenLetters:
        """At least ``shortest`` letters as text."""


@dataclass(frozen=True)
class PlainStyle(TokenizerStyle):
    """Letters as they are: ESM-2, Nucleotide Transformer, byte-pair encodings."""

    kind: ClassVar[str] = "plain"
    described: ClassVar[str] = "plainly"
    joined: ClassVar[bool] = True

    def write(self, letters: str) -> WrittenLetters:
        """``ACGT``."""
        return WrittenLetters(letters, np.arange(len(letters)))


@dataclass(frozen=True)
class BlanksStyle(TokenizerStyle):
    """A blank between any two letters: ProtBert, ProtT5."""

    kind: ClassVar[str] = "blanks"
    described: ClassVar[str] = "with blanks"
    apart: ClassVar[bool] = True

    def write(self, letters: str) -> WrittenLetters:
        """``A C G T``."""
        index = np.full(2 * len(letters) - 1, -1)
        index[::2] = np.arange(len(letters))
        return WrittenLetters(" ".join(letters), index)


@dataclass(frozen=True)
class KmersStyle(TokenizerStyle):
    """Words of ``shortest`` letters with blanks between them, each beginning one letter on: DNABERT."""

    shortest: int
    kind: ClassVar[str] = "kmers"
    described: ClassVar[str] = "as overlapping words"
    overlapping: ClassVar[bool] = True

    @classmethod
    def for_words(cls, words: Collection[str]) -> TokenizerStyle | None:
        """If all words have one length."""
        lengths = set(map(len, words))
        return cls(lengths.pop()) if len(lengths) == 1 else None

    @property
    def name(self) -> str:
        """``kmers:K``."""
        return f"{self.kind}:{self.shortest}"

    def write(self, letters: str) -> WrittenLetters:
        """``ACG CGT``."""
        k = self.shortest
        words = [letters[i : i + k] for i in range(len(letters) - k + 1)]
        index = np.arange(len(words))[:, None] + np.arange(k + 1)
        index[:, k] = -1
        return WrittenLetters(" ".join(words), index.ravel()[:-1])


# In the order in which they are tried: the first that leaves no letter unknown is taken.
STYLES: tuple[type[TokenizerStyle], ...] = (PlainStyle, BlanksStyle, KmersStyle)


def find_style(words: Collection[str], knows: Callable[[str], bool], probe: str) -> TokenizerStyle | None:
    """The first style in which a tokenizer ``knows`` all of a probe; None if it knows it in none.

    ``words`` are all tokens of its vocabulary that are unambiguous letters alone.
    """
    styles = (kind.for_words(words) for kind in STYLES)
    return next((style for style in styles if style and knows(style.write(probe).text)), None)


def ways_of_writing() -> str:
    """All styles in words, for an error: ``plainly, with blanks or ...``."""
    *others, last = (style.described for style in STYLES)
    return f"{', '.join(others)} or {last}"


def detect_alphabet(vocabulary: dict[str, int]) -> Alphabet:
    """The alphabet of a vocabulary: protein if most residues are in it, RNA if U but no T is."""
    tokens = {letters_of(token) for token in vocabulary}
    single = {token for token in tokens if len(token) == 1}
    # byte-level encodings know every letter: there only longer words tell
    longer = [token for token in tokens if len(token) > 1 and token.isalpha() and token.isupper()]
    nucleic = sum(set(word) <= set("ACGTUN") for word in longer) > len(longer) / 2
    if len(single & set(ALPHABETS["protein"].letters)) >= 15 and not nucleic:
        return ALPHABETS["protein"]
    words = {token for token in tokens if token and set(token) <= set("ACGTU")}
    used = set("".join(words))
    if {"A", "C", "G"} <= used and used & {"T", "U"}:
        return ALPHABETS["rna"] if "T" not in used else ALPHABETS["dna"]
    raise InputError(
        "the tokenizer's vocabulary is neither nucleotides nor amino acids: expected a model of biological "
        "sequences, or an --alphabet"
    )


def letters_of(token: str) -> str:
    """A token without the marks for the start or the inside of a word."""
    return token.removeprefix("▁").removeprefix("Ġ").removeprefix("##")
