"""Sequences that are longer than a model takes, cut into overlapping windows that it takes."""

from __future__ import annotations

from collections.abc import Iterator

from relevome.data.sequences import Sequence
from relevome.models.base import Model

OVERLAP = 0.5


def windows(model: Model, sequence: Sequence) -> Iterator[Sequence]:
    """The sequence itself if the model takes it, else windows that half overlap and end where it ends.

    Every window is as long as fits: with tokens of several letters that depends on the letters.
    """
    start, end = 0, _fitting_end(model, sequence, 0)
    if end == len(sequence):
        yield sequence
        return
    while True:
        yield sequence.window(start, end)
        if end == len(sequence):
            return
        start += max(1, round((end - start) * (1 - OVERLAP)))
        end = _fitting_end(model, sequence, start)


def _fitting_end(model: Model, sequence: Sequence, start: int) -> int:
    """Where the longest window from ``start`` ends that the model takes."""
    limit = model.max_tokens
    if limit is None:
        return len(sequence)
    # no more letters than could possibly fit are tokenised, so that a chromosome costs linear time
    end = min(len(sequence), start + limit * model.tokenizer.longest_token)
    tokens = model.tokenizer.encode(sequence.window(start, end))
    if len(tokens) > limit:
        ordinary_ends = tokens.ends[~tokens.special]
        end = start + int(ordinary_ends[limit - int(tokens.special.sum()) - 1])
    while len(model.tokenizer.encode(sequence.window(start, end))) > limit:
        end -= 1
    return end
