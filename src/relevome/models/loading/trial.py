"""A first pass of a few letters: a folder may be read without a fault and be no model that can be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.loading.errors import first_line

_LETTERS = 24
_SPECIAL = 8  # tokens that a model puts around those of letters, at most


def try_out(model: Model, path: str, own_code: bool) -> None:
    """One pass of a few letters through a model, unless it takes none so short or so long.

    Raises InputError if it fails, by words of its own where ``own_code`` came with the model, or gives no
    logits.
    """
    _check_ids(model, path)
    tokens = model.tokenizer.encode(Sequence("trial", _letters(model), model.alphabet))
    too_long = model.max_tokens is not None and len(tokens) > model.max_tokens
    if too_long or model.fixed_tokens not in (None, len(tokens)):
        return
    with _errors(path, own_code), model.frozen(), torch.inference_mode():
        inputs = model.inputs(Batch((tokens,), (Target(0, ""),)))
        given = model.module(**inputs)
    logits, kind = getattr(given, "logits", None), type(given).__name__
    if not isinstance(logits, torch.Tensor):
        whose = (
            f"the code that comes with {path}" if own_code else f"{path}, a {type(model.module).__name__},"
        )
        raise InputError(
            f"{whose} gives no logits but a {kind}: expected a model with a head as transformers' own have "
            "them"
        )


def _check_ids(model: Model, path: str) -> None:
    """Raises InputError if a token of letters, or an unknown one, has no row in the table of embeddings."""
    tokenizer, rows = model.tokenizer, model.word_embedding.num_embeddings
    single = (*map(tokenizer.letter_id, model.alphabet.all_letters), tokenizer.unknown_id)
    ids = [*tokenizer.ordinary_ids(), *(one for one in single if one is not None)]
    if beyond := [one for one in ids if not 0 <= one < rows]:
        token = tokenizer.hf.convert_ids_to_tokens(beyond[0])
        raise InputError(
            f"{path} has embeddings of {rows:,} tokens, and its tokenizer gives {token!r} the id "
            f"{beyond[0]:,}: expected a tokenizer that belongs to the model, copy both again"
        )


def _letters(model: Model) -> str:
    """As many as make a trial, or as the model was made for."""
    count = model.fixed_tokens or _LETTERS
    if model.max_tokens is not None:
        count = max(min(count, model.max_tokens - _SPECIAL), 1)
    letters = model.alphabet.letters
    return (letters * (count // len(letters) + 1))[:count]


@contextmanager
def _errors(path: str, own_code: bool) -> Iterator[None]:
    """Whatever a first pass raises, as one line."""
    if own_code:
        from relevome.models.loading.remote_code import errors_of_code

        with errors_of_code(path):
            yield
        return
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # of weights and a config.json that do not agree torch raises anything
        raise InputError(
            f"{path} was loaded and then failed at its first sequence ({type(error).__name__}: "
            f"{first_line(error)}): expected weights, config.json and tokenizer that belong together"
        ) from error
