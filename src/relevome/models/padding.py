"""The token with which sequences of unlike lengths share a batch."""

from __future__ import annotations

from typing import Any

from torch import nn

from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer


def padding(module: nn.Module, tokenizer: LetterTokenizer) -> int | None:
    """The token that the model itself takes for padding, or None where sequences cannot be padded.

    Decoders find the last letter by it, and refuse every batch where their config names none: they are told
    the tokenizer's, unless that also ends a sequence, or else one that never occurs.
    """
    config: Any = getattr(module, "config", None)
    if not hasattr(config, "pad_token_id"):
        return tokenizer.pad_id
    if config.pad_token_id is not None and config.pad_token_id >= 0:
        return config.pad_token_id
    pad = None if tokenizer.pad_id == tokenizer.hf.eos_token_id else tokenizer.pad_id
    config.pad_token_id = -1 if pad is None else pad
    return pad
