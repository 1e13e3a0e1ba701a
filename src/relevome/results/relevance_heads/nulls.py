"""The null models that heads by relevance stand beside: one table for tests, columns and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

Units: TypeAlias = Float[np.ndarray, " units"]


@dataclass(frozen=True, eq=False)
class Against:
    """What remains of an effect over a null model: its median over proteins, and the test of it."""

    median: Units
    p: Units
    q: Units


@dataclass(frozen=True)
class Aligned:
    """Whose maps stood in for one another, of one class and type of sites.

    ``proteins`` have a site in the letters that their group shares, and ``without`` count those that have
    none there, or nothing else. ``groups`` share their first ``shortest`` to ``longest`` letters; ``kept`` is
    the share of all letters of sites that is among them.
    """

    proteins: int
    without: int
    groups: int
    shortest: int
    longest: int
    kept: float


@dataclass(frozen=True)
class HeadNull:
    """A null model of heads.

    ``name`` is its key, and how its columns begin; ``measure`` how the column of what remains over it ends;
    ``over`` says what a head has to exceed, ``about`` how that was had. Every result has those that are
    ``always`` there. Only what exceeds all nulls that ``decides`` marks is specialised, and nothing is where
    one is absent that is ``needed``; position may not apply.
    """

    name: str
    measure: str
    over: str
    about: str
    always: bool = True
    decides: bool = True
    needed: bool = True

    @property
    def columns(self) -> tuple[str, str, str]:
        """Of tables: what remains, p and q."""
        return (f"{self.name}_{self.measure}", f"{self.name}_p", f"{self.name}_q")


NULLS = (
    HeadNull(
        "shift", "score", "circular shifts",
        "standard deviations above the mean of circular shifts of the annotation", decides=False,
    ),
    HeadNull(
        "exchange", "left", "composition",
        "what exceeds exchanges of the annotation among like letters",
    ),
    HeadNull(
        "position", "left", "position",
        "what exceeds the maps of other proteins at the same places", always=False, needed=False,
    ),
    HeadNull(
        "random", "left", "random weights",
        "what exceeds the mean head of the layer in models of random weights", always=False,
    ),
)  # fmt: skip
DECIDING = tuple(null for null in NULLS if null.decides)


def may_specialise(nulls: Mapping[str, Against]) -> bool:
    """Whether enough was asked to call a head specialised: every null that is needed is there."""
    return all(null.name in nulls for null in DECIDING if null.needed)
