"""How heads are characterised by attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from relevome.errors import InputError

SHARE = 0.25  # of all sites, those that a head attends to most
FLANK = 15  # letters on both sides of an attended one
SHUFFLES = 1000  # of every consensus, whose matches say what chance gives

# What counts of a letter: the attention that it gets, or what of it reaches the logit.
Weighing: TypeAlias = Literal["attention", "contribution"]
# What takes the place of a head's output: its own mean, or zero.
HeadReplacement: TypeAlias = Literal["mean", "zero"]


@dataclass(frozen=True)
class HeadSettings:
    """How heads are characterised; see the modules that take each of these.

    ``weigh`` says what counts of a letter: attention, or what a head brings from there.
    A match or an enrichment is a finding below ``level``. ``ablated`` windows of each kind are scored without
    every head, none if 0; ``draws`` random sets of heads stand against those that have a name.
    """

    query: Literal["read", "first", "last", "mean"] = "read"
    weigh: Weighing = "attention"
    share: float = SHARE
    flank: int = FLANK
    shuffles: int = SHUFFLES
    level: float = 0.05
    ablated: int = 200
    replacement: HeadReplacement = "mean"
    draws: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(f"--share {self.share:g}: expected a share of windows, above 0 and at most 1")
