"""Other tokenisations of the same letters: a byte-pair encoding with some of its merges left out."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from relevome.errors import InputError

# Of two tokens side by side: the rank of their merge (low ones go first) and the token that it gives.
Merges = Mapping[tuple[int, int], tuple[int, int]]

_GONE = -1


class Piece(NamedTuple):
    """A token, and the letters ``start`` to ``end`` that it stands for."""

    token: int
    start: int
    end: int


@dataclass(frozen=True)
class BytePairs:
    """A byte-pair encoding, merged here: the library that otherwise does it takes no seed.

    ``prefix`` marks tokens inside a word and ``suffix`` the last one, where the encoding has such marks.
    """

    backend: Any
    vocabulary: Mapping[str, int]
    merges: Merges
    unknown: int | None
    fuses_unknown: bool
    prefix: str
    suffix: str

    def encode(
        self, letters: str, dropout: float = 0.0, rng: np.random.Generator | None = None
    ) -> list[Piece]:
        """The ordinary tokens of ``letters``: the tokenizer's own, or with ``rng`` a draw.

        BPE dropout (Provilkov, Emelianenko, Voita 2020, arXiv 1910.13267), but a merge that is left out
        stays out: it is drawn once, when its two tokens come to lie side by side. As published
        (algorithm 1) all are drawn afresh before every merge, and a sequence, being one long word, has so
        many that hardly any is left out in the end.
        """
        words = self._words(letters)
        # what is more than letters are marks in front of them
        at = len(letters) - sum(map(len, words))
        pieces: list[Piece] = []
        for word in words:
            kept = repeat(True) if rng is None else iter((rng.random(3 * len(word)) >= dropout).tolist())
            pieces += _merge(self._symbols(word, at), self.merges, kept)
            at += len(word)
        return pieces

    def _words(self, letters: str) -> list[str]:
        normalizer, splitter = self.backend.normalizer, self.backend.pre_tokenizer
        text = normalizer.normalize_str(letters) if normalizer else letters
        return [word for word, _ in splitter.pre_tokenize_str(text)] if splitter else [text]

    def _symbols(self, word: str, at: int) -> list[Piece]:
        """The single characters of a word that begins at letter ``at``, the marks of words not counted."""
        known = self.vocabulary
        if at >= 0 and not self.prefix and not self.suffix and all(map(known.__contains__, word)):
            tokens = [known[character] for character in word]
            if self.unknown not in tokens:  # nearly always, and much faster
                return [Piece(token, start, start + 1) for start, token in enumerate(tokens, at)]
        symbols: list[Piece] = []
        for index, character in enumerate(word):
            inside = self.prefix if index else ""
            written = inside + character + (self.suffix if index == len(word) - 1 else "")
            token = self.vocabulary.get(written, self.unknown)
            if token is None:
                continue
            start = max(at + index, 0)
            if self.fuses_unknown and symbols and token == symbols[-1].token == self.unknown:
                start = symbols.pop().start
            symbols.append(Piece(token, start, max(at + index, 0) + 1))
        return symbols


def read_byte_pairs(tokenizer: Any) -> BytePairs:
    """The byte-pair encoding inside a tokenizer of transformers; ``InputError`` if there is none."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    model = {} if backend is None else json.loads(backend.to_str())["model"]
    if model.get("type") != "BPE" or not model["merges"]:
        raise InputError(
            "tokenisations are drawn by leaving out merges of a byte-pair encoding, which the tokenizer "
            f"{type(tokenizer).__name__} has not"
        )
    vocabulary, prefix = model["vocab"], model["continuing_subword_prefix"] or ""
    merges = {
        (vocabulary[left], vocabulary[right]): (rank, vocabulary[left + right.removeprefix(prefix)])
        for rank, (left, right) in enumerate(model["merges"])
    }
    return BytePairs(
        backend,
        vocabulary,
        merges,
        vocabulary.get(model["unk_token"]),
        model["fuse_unk"],
        prefix,
        model["end_of_word_suffix"] or "",
    )


def _merge(symbols: list[Piece], merges: Merges, kept: Iterator[bool]) -> list[Piece]:
    """Merges neighbours, the lowest rank first and of equal ones the leftmost, if ``kept`` says so."""
    count, tokens = len(symbols), [symbol.token for symbol in symbols]
    before, after = list(range(-1, count - 1)), list(range(1, count + 1))
    waiting: list[tuple[int, int, int, int, int, int]] = []

    def meet(left: int, right: int) -> None:
        first, second = tokens[left], tokens[right]
        merge = merges.get((first, second))
        if merge is not None and next(kept):
            heapq.heappush(waiting, (merge[0], left, right, first, second, merge[1]))

    for left in range(count - 1):
        meet(left, left + 1)
    while waiting:
        _, left, right, first, second, token = heapq.heappop(waiting)
        if after[left] != right or (first, second) != (tokens[left], tokens[right]):
            continue  # one of the two was merged with its other neighbour
        tokens[left], tokens[right] = token, _GONE
        after[left] = after[right]
        if after[left] < count:
            before[after[left]] = left
        if before[left] >= 0:
            meet(before[left], left)
        if after[left] < count:
            meet(left, after[left])
    starts = (index for index in range(count) if tokens[index] != _GONE)
    return [Piece(tokens[i], symbols[i].start, symbols[after[i] - 1].end) for i in starts]
