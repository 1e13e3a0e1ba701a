"""How a run is evaluated: what is measured, at which level, and how much of it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from relevome.errors import InputError
from relevome.results.evaluation.scores import Level

Levels = Literal["letters", "tokens", "both"]


@dataclass(frozen=True)
class EvaluationSettings:
    """All that decides the scores of a run, apart from the run, its model and the known sites.

    ``metrics`` are names or kinds, all that can be computed if empty. ``replacement`` stands in for letters
    that are taken away. What asks the model is measured on ``sequences`` of the run, drawn at random (all
    with 0), and ``fast`` asks less of it for each. Its own mutagenesis is of letters that have about
    ``mutants`` substitutions in each, all with 0. ``draws`` random orders, ``null`` shuffles of every
    sequence, and explanations by ``random_models`` models with random weights say what its scores are worth.
    """

    metrics: tuple[str, ...] = ()
    level: Levels = "letters"
    how: str = "sum"
    target: str | None = None
    replacement: str = "unknown"
    draws: int = 10
    null: int = 1
    random_models: int = 5
    sequences: int = 100
    fast: bool = False
    seed: int = 0
    mutants: int = 1000

    def __post_init__(self) -> None:
        if self.how not in ("sum", "mean", "max_abs"):
            raise InputError(f"--how {self.how}: expected sum, mean or max_abs")
        if self.draws < 2 or self.draws % 2:
            raise InputError(f"--draws {self.draws}: expected an even number, an order and its reverse each")
        if self.mutants < 0:
            raise InputError(f"--mutants {self.mutants}: expected 0 or more")
        if self.random_models < 0:
            raise InputError(f"--random-models {self.random_models}: expected 0 or more")
        if min(self.null, self.sequences) < 0 or self.sequences == 1:
            raise InputError(
                f"--null {self.null} and --sequences {self.sequences}: expected 0 or more, and not 1 sequence"
            )

    @property
    def mutants_each(self) -> int:
        """Of how many mutants of a sequence its own mutagenesis is: a quarter if ``fast``; 0: of all."""
        return -(-self.mutants // 4) if self.fast else self.mutants

    @property
    def levels(self) -> tuple[Level, ...]:
        """Letters, tokens, or first one and then the other."""
        return ("letters", "tokens") if self.level == "both" else (self.level,)
