"""What a module reads in the place of each letter: a vector with a number for every channel."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from relevome.data.sequences import Alphabet
from relevome.errors import InputError
from relevome.models.own_tokenizers import letter_vocabulary

Unknown: TypeAlias = Literal["zero", "quarter", "codes"]
UNKNOWN = ("zero", "quarter", "codes")
_EMPTY = "."  # in place of a letter: a channel that no letter sets
_URACIL = str.maketrans("TU", "UT")


def order_of(letters: str | None, alphabet: Alphabet) -> str:
    """The letter of each channel; T and U are the same. Raises InputError for other letters."""
    if letters is None:
        return alphabet.letters
    known = set(alphabet.all_letters)
    order = "".join(
        one if one in known | {_EMPTY} else one.translate(_URACIL) for one in map(str.upper, letters)
    )
    strange = sorted({one for one in order if one != _EMPTY and one not in known})
    twice = sorted({one for one in order if one != _EMPTY and order.count(one) > 1})
    lacking = sorted(set(alphabet.letters) - set(order))
    if strange or twice or lacking:
        why = (
            f"{strange[0]!r} is none of them" if strange
            else f"{twice[0]!r} is there twice" if twice
            else f"{lacking[0]!r} is not there"
        )  # fmt: skip
        raise InputError(
            f"letters {letters!r}, {why}: expected {alphabet.letters} in the order of the channels, perhaps "
            f"with codes of {''.join(alphabet.ambiguous)}, and {_EMPTY} for a channel of no letter"
        )
    return order


def vectors(alphabet: Alphabet, order: str, unknown: Unknown) -> Float[Tensor, "vocabulary channels"]:
    """The vector of each token of the letters' own tokenizer.

    A letter with a channel is one-hot. What has none, as a code such as N, is ``zero``; ``quarter``, the same
    number for every letter; or with ``codes`` the mean of the letters that it stands for.
    """
    if unknown not in UNKNOWN:
        raise InputError(f"unknown {unknown!r}: expected one of {', '.join(UNKNOWN)}")
    vocabulary = letter_vocabulary(alphabet)
    table = torch.zeros(len(vocabulary), len(order))
    columns = [order.index(letter) for letter in alphabet.letters]
    for letter in alphabet.all_letters:
        row = table[vocabulary[letter]]
        if letter in order:
            row[order.index(letter)] = 1
        elif unknown == "quarter":
            row[columns] = 1 / len(columns)
        elif unknown == "codes":
            meant = [order.index(x) for x in alphabet.ambiguous.get(letter, "") if x in alphabet.letters]
            row[meant] = 1 / max(len(meant), 1)
    return table
