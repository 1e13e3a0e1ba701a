"""What the model says when it is left alone, beside what it says while it is explained."""

from __future__ import annotations

from collections.abc import Sequence as List
from collections.abc import Set

import numpy as np

from relevome.attribution import Method
from relevome.attribution.batches import Asked
from relevome.attribution.readings import Readings
from relevome.errors import InputError
from relevome.models.base import Model, Target
from relevome.models.responses import Response, answers_or_errors
from relevome.models.tokens import Tokens

CHECKED = 8  # sequences of a shard whose logit is compared with that of the model left alone, at most


def asked_alone(method: Method, asked: List[Asked]) -> Set[int]:
    """Of which sequences the model is asked when it is left alone too, by their numbers.

    That is all of them, unless the method knows all outputs from its own forward pass: then some, of every
    length, show whether that is the model as it is.
    """
    readable = [(len(one.tokens[0]), n) for n, one in enumerate(asked) if isinstance(one.tokens, tuple)]
    first = asked[0].targets[0] if asked else None
    if first is None or first.is_predicted or not getattr(method, "gives_outputs", False):
        return {number for _, number in readable}
    by_length = [number for _, number in sorted(readable)]
    last = len(by_length) - 1
    return {by_length[int(place)] for place in np.linspace(0, last, CHECKED)} if by_length else set()


def answered(
    model: Model, asked: List[Asked], readings: Readings, which: Set[int]
) -> tuple[dict[int, list[Response]], dict[int, InputError]]:
    """What the model says of sequences that are not refused, as they are read first, by their numbers.

    That is one answer for each of its targets; targets at the same letters have one in common. Of a sequence
    at which the model fails it is the error.
    """
    first = readings.all[0]
    questions: dict[tuple[int, tuple[int, ...]], tuple[Tokens, Target]] = {}
    for number, one in enumerate(asked):
        if number in which and not isinstance(one.tokens, InputError):
            for target in one.targets:
                question = (one.tokens[0], first.target(model, target, one.sequence))
                questions.setdefault((number, target.letters), question)
    said = dict(zip(questions, answers_or_errors(model, [*questions.values()]), strict=True))
    failed = {number: one for (number, _), one in said.items() if isinstance(one, InputError)}
    told: dict[int, list[Response]] = {}
    for number in {number for number, _ in said} - failed.keys():
        each = (said[number, target.letters] for target in asked[number].targets)
        told[number] = [one for one in each if isinstance(one, Response)]
    return told, failed
