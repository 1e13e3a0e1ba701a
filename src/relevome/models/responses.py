"""What a model answers where a target asks: the logits of all outputs, and what they are as probabilities."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as List
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from relevome.errors import InputError
from relevome.models.batching import like_lengths
from relevome.models.predictions import Outputs, logits_or_errors, outputs_of, probabilities
from relevome.models.questions import Batch, Target, at_targets
from relevome.models.tokens import Tokens

if TYPE_CHECKING:
    from relevome.models.base import Model


@dataclass(frozen=True, eq=False)
class Response:
    """The logits of all outputs for one sequence, at the letter that is asked for if there is one.

    ``probabilities`` are those of every output: of one class of several they add up to 1; None of a number.
    ``among`` are those that can be predicted, of a language model the letters; None for all. Asked for a
    log-likelihood it is that one number.
    """

    logits: Float[np.ndarray, " outputs"]
    kind: Outputs
    probabilities: Float[np.ndarray, " outputs"] | None
    among: tuple[int, ...] | None = None

    @property
    def largest(self) -> int | None:
        """The most probable output; None of a number."""
        if self.kind == "a number":
            return None
        if self.among is None:
            return int(self.logits.argmax())
        return max(self.among, key=lambda output: self.logits[output])

    @property
    def largest_probability(self) -> float | None:
        """The probability of the most probable output; None of a number."""
        found, largest = self.probabilities, self.largest
        return None if found is None or largest is None else float(found[largest])

    def score(self, target: Target) -> float:
        """The logit of a target, or the log-likelihood."""
        return float(scores_of_target(self.logits[None], target)[0])

    def probability(self, target: Target) -> float | None:
        """That of the target; of a difference of two, that of the first among the two; None of a number."""
        found = probabilities_of_target(self.logits[None], target, self.kind)
        return None if found is None else float(found[0])


def scores_of_target(
    logits: Float[np.ndarray, "sequences outputs"], target: Target
) -> Float[np.ndarray, " sequences"]:
    """The logit of a target, or the log-likelihood, as `Response.score`."""
    if target.is_likelihood:
        return logits[:, 0]
    return logits[:, target.index] - (0 if target.contrast is None else logits[:, target.contrast])


def probabilities_of_target(
    logits: Float[np.ndarray, "sequences outputs"], target: Target, kind: Outputs
) -> Float[np.ndarray, " sequences"] | None:
    """As `Response.probability`."""
    if kind == "a number":
        return None
    if target.contrast is not None:
        return np.exp(-np.logaddexp(0, -scores_of_target(logits, target)))
    found = probabilities(logits, kind)
    return None if found is None else found[:, target.index]


def responses_to(
    model: Model, target: Target
) -> Callable[[List[Float[np.ndarray, " outputs"]]], list[Response]]:
    """What makes responses of the logits of all outputs, for targets of this kind."""
    letters = model.tokenizer.letter_ids() if model.kind.language else None
    among = None if letters is None else tuple(letters)
    return partial(responses, kind=outputs_of(model, target), among=among)


def responses(
    logits: List[Float[np.ndarray, " outputs"]], kind: Outputs, among: tuple[int, ...] | None = None
) -> list[Response]:
    """Responses of the logits of all outputs, for outputs of a kind."""
    chances = probabilities(np.stack(logits), kind) if logits else None
    each = [None] * len(logits) if chances is None else list(chances)
    return [Response(one, kind, chance, among) for one, chance in zip(logits, each, strict=True)]


def answers(model: Model, asked: List[tuple[Tokens, Target]]) -> list[Response]:
    """What a model that is left alone answers for every sequence, where its target asks, in their order.

    Raises InputError for the first sequence at which it fails.
    """
    found = answers_or_errors(model, asked)
    for one in found:
        if isinstance(one, InputError):
            raise one
    return [one for one in found if isinstance(one, Response)]


def answers_or_errors(model: Model, asked: List[tuple[Tokens, Target]]) -> list[Response | InputError]:
    """As `answers`; a sequence at which the model fails gives its error instead."""
    if not asked:
        return []
    found: dict[int, np.ndarray | InputError] = {}
    for some in like_lengths(model, [len(tokens) for tokens, _ in asked]):
        tokens, targets = zip(*(asked[place] for place in some), strict=True)
        given = logits_or_errors(
            model, Batch(tokens, targets), lambda logits, batch: at_targets(logits, batch, model.kind)
        )
        found.update(zip(some, given, strict=True))
    known = {place: one for place, one in found.items() if not isinstance(one, InputError)}
    answered = dict(zip(known, responses_to(model, asked[0][1])([*known.values()]), strict=True))
    return [one if isinstance(one := found[n], InputError) else answered[n] for n in range(len(asked))]
