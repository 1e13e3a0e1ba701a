"""A first pass of a few letters: a folder may be read without a fault and be no model that can be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.loading.errors import first_line
from relevome.models.tokens import Tokens

_LETTERS = 24
_TOKENS = (32, 64, 128, 512)  # some models take no sequence so short, or only some lengths
_SPECIAL = 8  # tokens that a model puts around those of letters, at most


def try_out(model: Model, path: str, own_code: bool) -> None:
    """One pass of a few letters through a model, of more where it takes none so short.

    Raises InputError if it fails, by words of its own where ``own_code`` came with the model, or gives no
    logits.
    """
    if not own_code and not _has_embeddings(model, path):
        return
    failed: list[InputError] = []
    for tokens in _trials(model):
        try:
            with _errors(path, own_code), model.frozen(), torch.inference_mode():
                given = _pass(model, tokens)
        except InputError as error:
            if own_code or not isinstance(error.__cause__, RuntimeError):
                raise
            failed.append(error)
        else:
            _check_logits(given, model, path, own_code)
            if model.kind.ahead:
                _check_looks_back_only(given.logits, model, tokens, path)
            return
    # what is said of every length alike has nothing to do with lengths
    if len(failed) > 1 and len(set(map(str, failed))) == 1:
        raise failed[0]


def _pass(model: Model, tokens: Tokens) -> Any:
    return model.module(**model.inputs(Batch((tokens,), (Target(0, ""),))))


def _check_looks_back_only(logits: torch.Tensor, model: Model, tokens: Tokens, path: str) -> None:
    """Raises InputError if the logits of a token change with those behind it: a BERT can be loaded so."""
    half = len(tokens) // 2
    letters = model.tokenizer.ordinary_ids()
    ids = tokens.ids.copy()
    ids[half:] = [next(letter for letter in letters[:2] if letter != one) for one in ids[half:].tolist()]
    with model.frozen(), torch.inference_mode():
        other = _pass(model, tokens.with_ids(ids)).logits
    moved = (logits - other)[:, :half].abs().max()
    if moved > 10 * torch.finfo(logits.dtype).eps * logits.abs().max():
        raise InputError(
            f"{path}, a {type(model.module).__name__}, sees the tokens behind the one it predicts: it is no "
            "causal language model, leave --task out"
        )


def _trials(model: Model) -> Iterator[Tokens]:
    """Tokens of a few letters, or of as many as the model was made for; then of more."""
    count = model.fixed_tokens or _LETTERS
    if model.max_tokens is not None:
        count = max(min(count, model.max_tokens - _SPECIAL), 1)
    special = 0
    for letters in (count, *_TOKENS):
        tokens = _tokens(model, letters if letters == count else letters - special)
        too_long = model.max_tokens is not None and len(tokens) > model.max_tokens
        if too_long or model.fixed_tokens not in (None, len(tokens)):
            return
        special = int(tokens.special.sum())
        yield tokens


def _tokens(model: Model, count: int) -> Tokens:
    letters = model.alphabet.letters
    text = (letters * (count // len(letters) + 1))[:count]
    return model.tokenizer.encode(Sequence("trial", text, model.alphabet))


def _has_embeddings(model: Model, path: str) -> bool:
    """Whether there is one table of embeddings; what it is to be without is said when relevance is asked for.

    Raises InputError if a token of letters, or an unknown one, has no row in it.
    """
    try:
        rows = model.word_embedding.num_embeddings
    except InputError:
        return False
    tokenizer = model.tokenizer
    single = (*map(tokenizer.letter_id, model.alphabet.all_letters), tokenizer.unknown_id)
    ids = [*tokenizer.ordinary_ids(), *(one for one in single if one is not None)]
    if beyond := [one for one in ids if not 0 <= one < rows]:
        token = tokenizer.hf.convert_ids_to_tokens(beyond[0])
        raise InputError(
            f"{path} has embeddings of {rows:,} tokens, and its tokenizer gives {token!r} the id "
            f"{beyond[0]:,}: expected a tokenizer that belongs to the model, copy both again"
        )
    return True


def _check_logits(given: Any, model: Model, path: str, own_code: bool) -> None:
    logits = getattr(given, "logits", None)
    whose = f"the code that comes with {path}" if own_code else f"{path}, a {type(model.module).__name__},"
    if not isinstance(logits, torch.Tensor):
        raise InputError(
            f"{whose} gives no logits but a {type(given).__name__}: expected a model with a head as "
            "transformers' own have them"
        )
    if not torch.isfinite(logits).all():
        raise InputError(
            f"{whose} gives logits that are infinite or no numbers: expected weights and a config.json that "
            "belong together, or a --dtype of more precision"
        )


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
