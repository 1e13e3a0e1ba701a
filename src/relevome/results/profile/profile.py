"""Relevance by position: means over sequences, of each letter too, and the rows that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float32, Int8

from relevome.errors import InputError
from relevome.options import check_choice
from relevome.results.notebook import as_html, plotted
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Anchor = Literal["site", "start", "end", "alignment"]
Border = Literal["start", "middle", "end"]
RowOrder = Literal["relevance", "score", "clusters"]

MOST_POSITIONS = 100_000


@dataclass(frozen=True)
class ProfileSettings:
    """Where a profile is read, and in which order its rows are.

    Args:
        anchor: ``site``, the start or the end of a sequence, or the columns of an ``alignment``.
        at: Of sites, what is position 0: their first letter (``start``), the one in the ``middle``, or the
            first one behind (``end``).
        width: Positions: half of them before a site; from the start of sequences, or up to their end. Of an
            alignment, its columns.
        order: Of the rows of the heat map: by ``relevance``, that is its sum over all positions, by the
            ``score``, both the highest first, or by ``clusters``.

    Raises:
        InputError: For words and numbers that cannot be.
    """

    anchor: Anchor
    at: Border = "start"
    width: int = 100
    order: RowOrder = "relevance"

    def __post_init__(self) -> None:
        check_choice("--anchor", self.anchor, get_args(Anchor))
        check_choice("--at", self.at, get_args(Border))
        check_choice("--order", self.order, get_args(RowOrder))
        if not 1 <= self.width <= MOST_POSITIONS:
            raise InputError(f"--width {self.width}: expected 1 to {MOST_POSITIONS:,} positions")

    @property
    def first(self) -> int:
        """The first position."""
        return {"site": -(self.width // 2), "end": -self.width}.get(self.anchor, 0)

    @property
    def positions(self) -> range:
        """All of them: 0 is the anchor, that of an ``end`` the first place behind the last letter."""
        return range(self.first, self.first + self.width)


class PositionMean(NamedTuple):
    """Mean relevance at a position.

    Attributes:
        position: Letters after the anchor, below 0 before it; the column of an alignment, from 0.
        mean: Over sequences, in logits; of a sequence with several sites, their mean. None without any.
        low: The lower end of its 95% interval by Student's t over sequences, None of fewer than two.
        high: The upper end.
        sequences: Sequences with a letter there.
        rows: Sites, or sequences, with a letter there.
        without: Those without one: the position is beyond an end of the sequence, or a gap.
    """

    position: int
    mean: float | None
    low: float | None
    high: float | None
    sequences: int
    rows: int
    without: int


class LetterMean(NamedTuple):
    """Mean relevance of one letter at a position; fields are those of `PositionMean`.

    Attributes:
        position: Letters after the anchor; the column of an alignment.
        letter: The letter, on the strand that is read.
        mean: Over sequences that have it there, in logits.
        low: The lower end of its 95% interval, None of fewer than two sequences.
        high: The upper end.
        sequences: Sequences that have it there.
    """

    position: int
    letter: str
    mean: float
    low: float | None
    high: float | None
    sequences: int


class ProfileRow(NamedTuple):
    """One row of the heat map: a sequence, or one of its sites.

    Attributes:
        sequence_id: The sequence.
        site: The label of its site; empty without sites.
        strand: ``-`` where the row is read against the letters of the sequence, else ``+``.
        anchor: The letter at position 0, counted from 0 along the sequence as it was explained; it may lie
            beyond its ends. Of an alignment 0.
        score: The explained logit.
        total: The sum of relevance over all positions, in logits.
    """

    sequence_id: str
    site: str
    strand: str
    anchor: int
    score: float
    total: float


@dataclass(frozen=True, eq=False, repr=False)
class PositionProfile:
    """Relevance by position.

    ``about`` says of which run and sites, ``alphabet`` which letters, ``means`` and ``letters`` what the mean
    at every position is, ``rows`` what it is of. ``values`` has relevance of the rows, not a number where
    they have no letter; ``codes`` the letters as their places in the alphabet, its size for IUPAC codes, -1
    without a letter. ``left_out`` counts what is not there, by reason.
    """

    about: Mapping[str, Any]
    settings: ProfileSettings
    alphabet: str
    means: tuple[PositionMean, ...]
    letters: tuple[LetterMean, ...]
    rows: tuple[ProfileRow, ...]
    values: Float32[np.ndarray, "rows positions"]
    codes: Int8[np.ndarray, "rows positions"]
    left_out: Mapping[str, int]

    @property
    def sequences(self) -> int:
        """How many sequences have a row."""
        return len({row.sequence_id for row in self.rows})

    @property
    def highest(self) -> PositionMean:
        """The position of the highest mean."""
        return max(self.means, key=lambda one: -np.inf if one.mean is None else one.mean)

    def __repr__(self) -> str:
        best = self.highest
        lines = [
            f"PositionProfile of {self.about.get('run', 'a run')}: {counted(len(self.rows), 'row')} of "
            f"{counted(self.sequences, 'sequence')}, {counted(self.settings.width, 'position')}, "
            f"anchor {self.settings.anchor}",
            f"  highest mean {best.mean:.4g} at {best.position}",
            *(f"  left out {count:,}: {why}" for why, count in self.left_out.items()),
        ]
        return "\n".join([*lines, "  .means, .letters and .rows have it all, .to_pandas() the means"])

    def _repr_html_(self) -> str:
        return as_html(repr(self), PositionMean._fields, self.means)

    def plot(self, what: Literal["means", "rows"] = "means") -> list[Axes]:
        """Relevance by position.

        Args:
            what: ``means`` over sequences, with their 95% intervals and those of each letter (default), or
                ``rows``, every sequence as a line of a heat map.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: For another word.
        """
        return plotted(self, what=what)

    def to_pandas(self) -> pd.DataFrame:
        """A row for every position; columns are the fields of `PositionMean`."""
        import pandas as pd

        return pd.DataFrame(self.means, columns=list(PositionMean._fields))
