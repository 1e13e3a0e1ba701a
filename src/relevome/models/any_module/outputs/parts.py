"""Steps that choose among parts of an output, or say them otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from relevome.errors import InputError
from relevome.models.any_module.odds import log_odds
from relevome.models.any_module.outputs import Channels, checks, described, steps


@steps.register("part")
def part(given: Any, argument: str, channels: Channels) -> Any:
    """One of several, by its number from 0, its name, or the name of an attribute."""
    if isinstance(given, list | tuple) and argument.isdecimal() and int(argument) < len(given):
        return given[int(argument)]
    if isinstance(given, Mapping) and argument in given:
        return given[argument]
    if argument.isidentifier() and isinstance(getattr(given, argument, None), Tensor):
        return getattr(given, argument)
    raise InputError(f"there is no part {argument!r} in {described(given)}")


@steps.register("counts")
def counts(given: Any, argument: str, channels: Channels) -> Any:
    """The second of profile and counts, as models like BPNet give them (Avsec et al. 2021)."""
    return part(given, argument or "1", channels)


@steps.register("log-odds")
def to_log_odds(given: Tensor, argument: str, channels: Channels) -> Tensor:
    """Log p / (1 - p) of probabilities, so that a logit is explained where a module ends in them."""
    return log_odds(given)


def _are_probabilities(given: Tensor) -> None:
    low, high = float(given.min()), float(given.max())
    if not 0 <= low <= high <= 1:
        raise InputError(f"log-odds of numbers from {low:g} to {high:g}: expected probabilities")


checks["log-odds"] = _are_probabilities
