"""The ledger: where every bit of relevance went. It is made by attribution, kept by runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from relevome.words import counted

KINDS = ("biases", "softmax", "positions", "constants")

# The largest share that rounding alone explains, by the type that the model calculates in.
BOUNDS = {"float64": 1e-9, "float32": 1e-3, "float16": 0.1, "bfloat16": 0.3}

# What a method notes of a sequence for which all rules were the plain gradient.
SAME = "same_as_gradient_x_input"


@dataclass(frozen=True)
class Entry:
    """One kind of operation: its calls, the relevance that came in and went out, and what was absorbed.

    ``unaccounted`` is the sum, over its calls, of the size of came in - went out - absorbed.
    """

    operation: str
    calls: int
    came_in: float
    went_out: float
    absorbed: Mapping[str, float]
    unaccounted: float


@dataclass(frozen=True)
class Ledger:
    """The account of one explained logit, or of those of several sequences together.

    ``logit`` = ``tokens`` (relevance of the input) + ``absorbed`` (by biases, softmax, positions, other
    constants) + what is unaccounted for, which is an error in a rule: 0 to rounding. ``unaccounted`` and
    ``throughput`` (relevance of tokens plus absorbed) are sizes, added up over sequences so that nothing
    cancels; ``largest_share`` is that of the worst sequence.
    """

    sequences: int
    logit: float
    tokens: float
    entries: tuple[Entry, ...]
    unaccounted: float
    throughput: float
    largest_share: float

    def __repr__(self) -> str:
        absorbed = ", ".join(f"{kind} {amount:.4g}" for kind, amount in self.absorbed.items())
        worst = "" if self.worst is None else f", most of it at {self.worst.operation}"
        return (
            f"Ledger of {counted(self.sequences, 'logit')}, {self.logit:.6g} in all: input tokens "
            f"{self.tokens:.6g}, absorbed by {absorbed}; {self.unaccounted_share:.1e} unaccounted "
            f"for{worst}\n  .entries has every operation"
        )

    @property
    def absorbed(self) -> dict[str, float]:
        """Relevance absorbed, by kind."""
        return {kind: sum(e.absorbed.get(kind, 0.0) for e in self.entries) for kind in KINDS}

    @property
    def unaccounted_share(self) -> float:
        """What is unaccounted for as a share of all, between 0 and 1."""
        return share(self.unaccounted, self.throughput)

    @property
    def worst(self) -> Entry | None:
        """The operation that leaves most unaccounted for."""
        return max(self.entries, key=lambda entry: entry.unaccounted, default=None)

    def fault(self, dtype: str) -> str | None:
        """What is wrong where a sequence has more unaccounted for than rounding explains, else None.

        ``dtype`` is the type that the model calculates in, such as ``torch.float32``.
        """
        precision = dtype.removeprefix("torch.")
        bound = BOUNDS.get(precision, max(BOUNDS.values()))
        if self.largest_share <= bound or self.worst is None:
            return None
        return (
            f"{self.largest_share:.1e} of a sequence's relevance is unaccounted for, more than rounding "
            f"explains ({bound:.0e} in {precision}), most of it at {self.worst.operation}: do not trust this "
            "run, a rule is wrong for this model"
        )


def share(unaccounted: float, throughput: float) -> float:
    """What is unaccounted for of all that went in."""
    return unaccounted / (throughput + unaccounted) if unaccounted else 0.0


def total(ledgers: Iterable[Ledger]) -> Ledger | None:
    """Several ledgers as one; None if there are none."""
    every = list(ledgers)
    if not every:
        return None
    entries: dict[str, list[Entry]] = {}
    for entry in (entry for ledger in every for entry in ledger.entries):
        entries.setdefault(entry.operation, []).append(entry)
    return Ledger(
        sequences=sum(ledger.sequences for ledger in every),
        logit=sum(ledger.logit for ledger in every),
        tokens=sum(ledger.tokens for ledger in every),
        entries=tuple(_merged(name, same) for name, same in entries.items()),
        unaccounted=sum(ledger.unaccounted for ledger in every),
        throughput=sum(ledger.throughput for ledger in every),
        largest_share=max(ledger.largest_share for ledger in every),
    )


def _merged(operation: str, same: list[Entry]) -> Entry:
    kinds = [kind for kind in KINDS if any(kind in entry.absorbed for entry in same)]
    return Entry(
        operation,
        sum(entry.calls for entry in same),
        sum(entry.came_in for entry in same),
        sum(entry.went_out for entry in same),
        {kind: sum(entry.absorbed.get(kind, 0.0) for entry in same) for kind in kinds},
        sum(entry.unaccounted for entry in same),
    )


def to_json(ledger: Ledger) -> dict[str, Any]:
    """What JSON can hold; `from_json` reads it back."""
    return asdict(ledger)


def from_json(content: Mapping[str, Any]) -> Ledger:
    """What `to_json` wrote."""
    return Ledger(**{**content, "entries": tuple(Entry(**entry) for entry in content["entries"])})
