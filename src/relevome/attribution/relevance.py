"""What every method gives: relevance of tokens or letters, and the same as a track over letters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.ledger import Ledger
from relevome.models.base import Target
from relevome.models.tokens import Tokens
from relevome.words import counted


@dataclass(frozen=True, eq=False)
class Relevance:
    """How much every token, or every letter, of one sequence contributed to one logit.

    Methods that see tokens give ``values``; methods that change letters give ``letters``.
    ``letter_scores`` is the score of every base at every position (letters in the alphabet's order),
    from methods that have one. ``complete`` says that the method promises
    ``score - baseline_score = sum of relevance``. ``notes`` are counts about the computation, such as
    integration steps, which a run adds up over its sequences. ``heads`` is the relevance of every attention
    head's context in every layer, and ``ledger`` the account of all relevance, where they were asked for.
    ``outputs`` are the logits of all outputs where the target asks, of methods that have them from the same
    forward pass.
    """

    tokens: Tokens
    target: Target
    score: float
    values: Float[np.ndarray, "tokens"] | None = None
    letters: Float[np.ndarray, "letters"] | None = None
    baseline_score: float | None = None
    letter_scores: Float[np.ndarray, "letters alphabet"] | None = None
    complete: bool = False
    notes: Mapping[str, int] = field(default_factory=dict)
    heads: Float[np.ndarray, "layers heads tokens"] | None = None
    ledger: Ledger | None = None
    outputs: Float[np.ndarray, "outputs"] | None = None

    def __post_init__(self) -> None:
        if (self.values is None) == (self.letters is None):
            raise ValueError(
                "a method gives relevance either of tokens (values) or of letters, not both or none"
            )
        given = self.values if self.values is not None else self.letters
        expected = len(self.tokens) if self.values is not None else len(self.tokens.sequence)
        if given is None or len(given) != expected:
            raise ValueError(
                f"relevance of {self.tokens.sequence.id!r} has the wrong length: expected {expected}"
            )
        if not (math.isfinite(self.score) and np.isfinite(given).all()):
            raise InputError(
                f"relevance of sequence {self.tokens.sequence.id!r} is infinite or not a number: the model "
                "overflowed; use a wider --dtype or another method"
            )

    @property
    def total(self) -> float:
        """The sum of all relevance."""
        return float(self.values.sum() if self.values is not None else self.letters.sum())  # pyright: ignore[reportOptionalMemberAccess]

    @property
    def completeness_error(self) -> float | None:
        """``score - baseline_score - sum of relevance``, where the method promises 0."""
        if not self.complete or self.baseline_score is None:
            return None
        return self.score - self.baseline_score - self.total


@dataclass(frozen=True, eq=False)
class Track:
    """Relevance of every letter of a sequence, and what stayed on tokens that have no letters."""

    sequence: Sequence
    values: Float[np.ndarray, "letters"]
    special: float

    def __post_init__(self) -> None:
        if len(self.values) != len(self.sequence):
            raise ValueError(
                f"track of {self.sequence.id!r} has {counted(len(self.values), 'value')} "
                f"for {counted(len(self.sequence), 'letter')}"
            )
