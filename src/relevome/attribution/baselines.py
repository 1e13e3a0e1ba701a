"""Baselines and references: what a sequence without information looks like to the model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from relevome.attribution.embeddings import mean_letter, ordinary
from relevome.data.shuffle import dinucleotide_shuffle, shuffle
from relevome.errors import InputError
from relevome.models.base import Batch, Model
from relevome.models.tokens import Tokens
from relevome.options import check_choice

NAMES = ("unknown", "pad", "mask", "zero", "mean", "shuffle:N")


def draws(baseline: str) -> int:
    """How many baselines a name stands for: N of ``shuffle:N``, else 1; unknown names are refused."""
    if baseline in ("shuffle", *NAMES[:-1]):
        return 1
    name, _, count = baseline.partition(":")
    if name != "shuffle":
        raise InputError(f"unknown baseline {baseline!r}: expected one of {', '.join(NAMES)}")
    if not count.isdigit() or int(count) < 1:
        raise InputError(f"{baseline!r}: expected shuffle:N with a number of draws, such as shuffle:10")
    return int(count)


def check_reference(reference: str) -> None:
    """Raises ``InputError`` for what is no reference: ``zero``, ``mean``, or ``shuffle:N``."""
    if not reference.startswith("shuffle"):
        check_choice("--reference", reference, ("zero", "mean", "shuffle:N"))
    draws(reference)


def baseline_words(model: Model, batch: Batch, words: Tensor, baseline: str, seed: list[int]) -> Tensor:
    """Word embeddings of the baseline, (batch, tokens, channels); special tokens stay as they are."""
    if baseline == "zero":
        replacement = torch.zeros_like(words)
    elif baseline == "mean":
        replacement = mean_letter(model).expand_as(words)
    elif baseline.startswith("shuffle"):
        return _shuffled(model, batch, words, seed)
    else:
        replacement = model.word_embedding.weight.detach()[_token_id(model, baseline)].expand_as(words)
    return torch.where(ordinary(batch, words), replacement, words)


def _token_id(model: Model, baseline: str) -> int:
    letters = model.tokenizer
    find: dict[str, Callable[[], int | None]] = {
        "unknown": lambda: _first(letters.letter_id(letters.alphabet.unknown), letters.unknown_id),
        "pad": lambda: letters.pad_id,
        "mask": lambda: letters.mask_id,
    }
    token = find[baseline]()
    if token is None:
        raise InputError(
            f"the model has no token for baseline {baseline!r}: choose another, such as mean or zero"
        )
    return token


def _first(*ids: int | None) -> int | None:
    return next((i for i in ids if i is not None), None)


def _shuffled(model: Model, batch: Batch, words: Tensor, seed: list[int]) -> Tensor:
    """Embeddings of each sequence in another order that keeps what it is made of."""
    result = words.clone()
    for row, tokens in enumerate(batch.tokens):
        places = np.flatnonzero(~tokens.special)
        ids = _shuffled_ids(model, tokens, np.random.default_rng([*seed, *tokens.ids[places].tolist()]))
        result[row, torch.from_numpy(places)] = model.word_embedding.weight.detach()[ids]
    return result


def _shuffled_ids(model: Model, tokens: Tokens, rng: np.random.Generator) -> list[int]:
    """Letters keep their dinucleotides (proteins: their residues); longer tokens are permuted whole."""
    sequence = tokens.sequence
    if not tokens.one_letter_each:
        return rng.permutation(tokens.ids[~tokens.special]).tolist()
    keep = dinucleotide_shuffle if sequence.alphabet.complements else shuffle
    id_of = dict(zip(sequence.letters, tokens.ids[~tokens.special].tolist(), strict=True))
    return [id_of[letter] for letter in keep(sequence.letters, rng)]
