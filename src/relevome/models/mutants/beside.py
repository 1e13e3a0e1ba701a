"""Logits of many sequences, and beside each of a few substitutions in it, by a module's own quick way.

`relevome.models.mutants.scores` is for many substitutions in one sequence.
"""

from __future__ import annotations

from collections.abc import Sequence as List
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from relevome.models.base import Model
from relevome.models.batching import like_lengths
from relevome.models.tokens import Tokens

# Mutants of a batch for which it is told whether the quick way pays: the same for any batch, so that no
# result depends on what else is asked.
_MUTANTS = 32


class SubstitutedToken(NamedTuple):
    """A token of a sequence that is another.

    Attributes:
        of: Which of the sequences.
        place: Which token.
        id: What it is.
    """

    of: int
    place: int
    id: int


def substitutes_quickly(model: Model, tokens: int) -> bool:
    """Whether single tokens of sequences of so many are substituted quicker by the module's own way.

    That is a method ``logits_with_substitutions(input_ids, of, places, ids)`` of the module, with
    ``substitutions_pay(tokens, mutants)`` beside it, see `relevome.models.light.cnn`.
    """
    told: Any = getattr(model.module, "substitutions_pay", None)
    return told is not None and bool(told(tokens, _MUTANTS))


def logits_with_substitutions(
    model: Model, sequences: List[Tokens], mutants: List[SubstitutedToken]
) -> tuple[Float[np.ndarray, "sequences outputs"], Float[np.ndarray, "mutants outputs"]]:
    """Logits of sequences as wholes and of substitutions in them, of a model that `substitutes_quickly`.

    What a substitution does not reach is that of its sequence, so that results are those of a pass of the
    whole to rounding.

    Args:
        model: The model.
        sequences: Any; those of one length go through it together.
        mutants: Substitutions in them.
    """
    of, places, ids = np.array(mutants, dtype=np.int64).reshape(-1, 3).T
    own, found = (np.empty((len(some), len(model.labels))) for some in (sequences, mutants))
    lengths = np.array([len(tokens) for tokens in sequences])
    module: Any = model.module
    with model.frozen(), torch.inference_mode():
        for length in np.unique(lengths):
            alike = np.flatnonzero(lengths == length)
            for rows in like_lengths(model, [int(length)] * len(alike)):
                some = alike[rows]
                row = np.full(len(sequences), -1)
                row[some] = np.arange(len(some))
                here = np.flatnonzero(row[of] >= 0)
                batch = np.stack([sequences[one].ids for one in some])
                given = (batch, row[of[here]], places[here], ids[here])
                logits = module.logits_with_substitutions(
                    *(torch.from_numpy(one).to(model.device) for one in given)
                )
                own[some], found[here] = (one.double().cpu().numpy() for one in logits)
    return own, found
