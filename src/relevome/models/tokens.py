"""One tokenised sequence, and which letters each token stands for."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Texts
from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

import numpy as np
from jaxtyping import Bool, Int

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.words import counted


@dataclass(frozen=True, eq=False)
class CodedTexts(Texts[str]):
    """Texts of few kinds, by their numbers in ``words``; equal to a tuple of the same texts."""

    codes: Int[np.ndarray, "texts"]
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...

    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        if isinstance(place, slice):
            return tuple(CodedTexts(self.codes[place], self.words))
        return self.words[self.codes[place]]

    def __iter__(self) -> Iterator[str]:
        return map(self.words.__getitem__, self.codes.tolist())

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, CodedTexts) else other)

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True, eq=False)
class Tokens:
    """One tokenised sequence; token ``t`` stands for letters ``starts[t]`` to ``ends[t]``."""

    sequence: Sequence = field(repr=False)
    ids: Int[np.ndarray, "tokens"]
    starts: Int[np.ndarray, "tokens"]
    ends: Int[np.ndarray, "tokens"]
    special: Bool[np.ndarray, "tokens"]
    texts: Texts[str]

    def __post_init__(self) -> None:
        name, letters = self.sequence.id, len(self.sequence)
        ordinary = ~self.special
        covered = np.zeros(letters + 1, dtype=int)
        np.add.at(covered, self.starts[ordinary], 1)
        np.add.at(covered, self.ends[ordinary], -1)
        if not (np.cumsum(covered)[:letters] > 0).all():
            raise InputError(
                f"the tokens of sequence {name!r} do not cover all of its {counted(letters, 'letter')}"
            )
        if (np.diff(self.starts[ordinary]) < 0).any():
            raise InputError(f"the tokens of sequence {name!r} are not in the order of its letters")
        if (self.starts[self.special] != self.ends[self.special]).any():
            raise InputError(f"a special token of sequence {name!r} covers letters")

    @classmethod
    def known(
        cls,
        sequence: Sequence,
        ids: Int[np.ndarray, "tokens"],
        starts: Int[np.ndarray, "tokens"],
        ends: Int[np.ndarray, "tokens"],
        special: Bool[np.ndarray, "tokens"],
        texts: Texts[str],
        **more: bool,
    ) -> Tokens:
        """Tokens that hold by how they were made; to check them takes longer than a small CNN.

        ``more`` may say that they are ``one_letter_each``.
        """
        tokens = object.__new__(cls)
        vars(tokens).update(
            sequence=sequence, ids=ids, starts=starts, ends=ends, special=special, texts=texts, **more
        )
        return tokens

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def one_letter_each(self) -> bool:
        """Whether every ordinary token is exactly one letter."""
        ordinary = ~self.special
        return bool((self.ends - self.starts == 1)[ordinary].all()) and int(ordinary.sum()) == len(
            self.sequence
        )

    def covering(self, position: int) -> int:
        """Index of the token over letter ``position``; of overlapping ones, the middle one."""
        over = self._all_covering(position)
        return int(over[len(over) // 2])

    def first_covering(self, position: int) -> int:
        """Index of the first token over letter ``position``."""
        return int(self._all_covering(position)[0])

    def _all_covering(self, position: int) -> Int[np.ndarray, "over"]:
        over = np.flatnonzero((self.starts <= position) & (position < self.ends))
        if not len(over):
            raise InputError(
                f"sequence {self.sequence.id!r} has no letter at position {position}: "
                f"expected 0 to {len(self.sequence) - 1}"
            )
        return over

    def with_ids(self, ids: Int[np.ndarray, "tokens"]) -> Tokens:
        """Other ids at the same places; letters and texts stay those of the sequence."""
        return Tokens.known(self.sequence, ids, self.starts, self.ends, self.special, self.texts)

    def substituted(self, place: int, token: int) -> Tokens:
        """The same with another id at one place."""
        ids = self.ids.copy()
        ids[place] = token
        return self.with_ids(ids)
