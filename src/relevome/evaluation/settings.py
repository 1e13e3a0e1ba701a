"""How a run is evaluated: what is measured, at which level, and how much of it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from relevome.errors import InputError
from relevome.evaluation.metrics.faithfulness import SHARES, Removal
from relevome.evaluation.metrics.infidelity import Subsets
from relevome.evaluation.metrics.robustness import Substitutions
from relevome.evaluation.units import Level

Levels = Literal["letters", "tokens", "both"]
FAST_SHARES = tuple(i / 10 for i in range(11))


@dataclass(frozen=True)
class Settings:
    """All that decides the scores of a run, apart from the run, its model and the known sites.

    ``metrics`` are names or kinds, all that can be computed if empty. ``replacement`` stands in for letters
    that are taken away. What asks the model is measured on ``sequences`` of the run, drawn at random (all
    with 0), and ``fast`` asks less of it for each. ``draws`` random orders and ``null`` shuffles of every
    sequence say what its scores are worth.
    """

    metrics: tuple[str, ...] = ()
    level: Levels = "letters"
    how: str = "sum"
    target: str | None = None
    replacement: str = "unknown"
    draws: int = 10
    null: int = 1
    sequences: int = 100
    fast: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.how not in ("sum", "mean", "max_abs"):
            raise InputError(f"--how {self.how}: expected sum, mean or max_abs")
        if self.draws < 2 or self.draws % 2:
            raise InputError(f"--draws {self.draws}: expected an even number, an order and its reverse each")
        if min(self.null, self.sequences) < 0 or self.sequences == 1:
            raise InputError(
                f"--null {self.null} and --sequences {self.sequences}: expected 0 or more, and not 1 sequence"
            )

    @property
    def levels(self) -> tuple[Level, ...]:
        """Letters, tokens, or first one and then the other."""
        return ("letters", "tokens") if self.level == "both" else (self.level,)

    def removal(self, level: Level) -> Removal:
        """How letters are taken away for curves of faithfulness."""
        shares, fillers = (FAST_SHARES, 1) if self.fast else (SHARES, 3)
        unit = "letter" if level == "letters" else "token"
        return Removal(self.replacement, unit, shares, fillers, self.draws // 2, self.seed)

    def subsets(self, level: Level) -> Subsets:
        """Which letters are taken away together for infidelity."""
        unit = "letter" if level == "letters" else "token"
        return Subsets(self.replacement, unit, draws=20 if self.fast else 50, seed=self.seed)

    @property
    def substitutions(self) -> Substitutions:
        """Which substitutions test robustness."""
        return Substitutions(draws=5 if self.fast else 20, seed=self.seed)
