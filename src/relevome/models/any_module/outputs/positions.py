"""Steps from outputs at many positions, (batch, tracks, positions), to one for each track, or each letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from relevome.errors import InputError
from relevome.models.any_module.outputs import Channels, described, steps


def _tracks(given: Any, channels: Channels, argument: str) -> Tensor:
    """Tracks before positions, of which those from ``a`` to before ``b`` are taken where ``a-b`` is said."""
    if not isinstance(given, Tensor) or given.ndim != 3:
        raise InputError(
            f"positions of {described(given)}: expected (batch, tracks, positions), or with channels last "
            "(batch, positions, tracks)"
        )
    tracks = given if channels == "first" else given.transpose(1, 2)
    if not argument:
        return tracks
    start, _, end = argument.partition("-")
    if not (start.isdecimal() and end.isdecimal() and 0 <= int(start) < int(end) <= tracks.shape[2]):
        raise InputError(
            f"positions {argument!r} of {tracks.shape[2]}: expected such as 40-60, from 0 on, the last not in"
        )
    return tracks[..., int(start) : int(end)]


def _over_positions(reduce: Callable[[Tensor], Tensor]) -> Callable[[Any, str, Channels], Tensor]:
    def step(given: Any, argument: str, channels: Channels) -> Tensor:
        return reduce(_tracks(given, channels, argument))

    return step


steps.register("mean")(_over_positions(lambda tracks: tracks.mean(-1)))
steps.register("sum")(_over_positions(lambda tracks: tracks.sum(-1)))
steps.register("max")(_over_positions(lambda tracks: tracks.amax(-1)))


@steps.register("position")
def position(given: Any, argument: str, channels: Channels) -> Tensor:
    """One position of every track, counted from 0; from the end with a minus."""
    tracks = _tracks(given, channels, "")
    number = argument.removeprefix("-")
    count = tracks.shape[2]
    if not number.isdecimal() or not -count <= int(argument) < count:
        raise InputError(f"position {argument!r} of {count}: expected one from 0 to {count - 1}")
    return tracks[..., int(argument)]


@steps.register("letters")
def letters(given: Any, argument: str, channels: Channels) -> Tensor:
    """Outputs for every letter, each explained by its position."""
    return _tracks(given, channels, argument).transpose(1, 2)


@steps.register("profile")
def profile(given: Any, argument: str, channels: Channels) -> Tensor:
    """The shape of a profile: its logits less their mean, weighted by the probabilities that they stand for.

    All strands are one distribution, and no gradient goes through the weights, as in Avsec et al. 2021
    (Nature Genetics 53:354-366, "profile contribution scores").
    """
    if isinstance(given, list | tuple):
        given = given[0]
    logits = _tracks(given, channels, argument).flatten(1)
    logits = logits - logits.mean(1, keepdim=True)
    return (logits * logits.detach().softmax(1)).sum(1, keepdim=True)
