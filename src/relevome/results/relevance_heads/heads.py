"""What relevance says of the heads of a run: which lie on annotated sites, and more than nulls do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from relevome.data.problems import Problem
from relevome.results.head_name import HeadName
from relevome.results.notebook import as_html, plotted
from relevome.results.quality.record import ModelQuality, quality_of
from relevome.results.quality.words import described, not_specialised
from relevome.results.relevance_heads.nulls import DECIDING, NULLS, Against, Aligned, Units, may_specialise
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ALL = "all"  # the class of all proteins

# The least median effect that counts: of r and of shares of relevance, and of sums of it in logits. With many
# proteins, or none that differ, effects of nothing (1e-8) have small p-values too.
LEAST = 1e-3

COLUMNS = (
    "class", "type", "metric", "layer", "head", "proteins", "effect", "low", "high", "p", "q",
    *(column for null in NULLS for column in null.columns), "random_rank", "significant", "specialised",
    "contributes",
)  # fmt: skip

Projection: TypeAlias = Literal["pca", "tsne", "umap"]
Flags: TypeAlias = Bool[np.ndarray, " units"]


class Median(NamedTuple):
    """Medians of columns and the ends of their confidence intervals; NaN for columns without a value."""

    median: Units
    low: Units
    high: Units


@dataclass(frozen=True, eq=False)
class Effect:
    """One statistic of one type of sites in one class of proteins, for the embedding and all heads.

    ``proteins`` counts those with a value, families as one. ``effect`` is the statistic less its chance
    level, which is 0 for r and the share of letters inside for accuracies. ``nulls`` has what remains over
    each of `NULLS` that was asked about, in units of the statistic, over shifts in standard deviations.
    ``random_rank`` is the share of all heads of models with random weights, and this one, whose median effect
    is as large, None without such models. ``learnt`` is False where the model is below the quality that is
    asked, so that no head of it is called specialised.
    """

    group: str
    kind: str
    metric: str
    proteins: Int[np.ndarray, " units"]
    effect: Median
    p: Units
    q: Units
    nulls: Mapping[str, Against]
    random_rank: Units | None
    positive: Flags
    level: float
    learnt: bool = True

    @property
    def significant(self) -> Flags:
        """By the published test, and an effect of at least `LEAST`: what is counted, listed and marked."""
        return (self.q < self.level) & (self.effect.median >= LEAST)

    @property
    def shifted(self) -> Flags:
        """Significant, and more than circular shifts explain."""
        return self.significant & (self.nulls["shift"].q < self.level)

    @property
    def asked(self) -> bool:
        """Whether a head can be called specialised: the model has ``learnt``, and no null is missing."""
        return self.learnt and may_specialise(self.nulls)

    @property
    def left(self) -> Units:
        """What remains over whichever null that decides leaves least; NaN are left out."""
        return np.fmin.reduce([one.median for one in self._deciding])

    @property
    def specialised(self) -> Flags:
        """Significant, and more than any null that decides explains; none where that was not ``asked``."""
        if not self.asked:
            return np.zeros(len(self.p), dtype=bool)
        over = [(one.q < self.level) & (one.median >= LEAST) for one in self._deciding]
        return self.significant & np.all(over, axis=0)

    @property
    def _deciding(self) -> list[Against]:
        return [self.nulls[null.name] for null in DECIDING if null.name in self.nulls]


@dataclass(frozen=True, eq=False)
class Contribution:
    """Whether the relevance of a head adds up to more than 0 in the proteins of a class."""

    group: str
    proteins: int
    sums: Median
    p: Units
    q: Units
    level: float

    @property
    def positive(self) -> Flags:
        """Those that speak for the class, by at least `LEAST`."""
        return (self.q < self.level) & (self.sums.median >= LEAST)


@dataclass(frozen=True, eq=False)
class HeadMap:
    """Two coordinates of every protein; of principal components also their shares of the variance."""

    how: Projection
    points: Float[np.ndarray, "proteins 2"]
    shares: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class RelevantHeads:
    """All effects and contributions of (layers, heads), tested at the false discovery rate ``level``.

    ``left_out`` says which classes and types are not there, and why. ``proteins`` are the ids of all that
    were measured and ``classes`` their classes, empty without one; ``with_sites`` counts those placed by
    type, and ``proteins_left_out`` says by type and id why others are not. ``unplaced`` are sites whose
    place nobody knows. ``points`` is a map of the proteins; ``about`` says which run and which annotations.
    ``aligned`` says by class and type, as ``left_out`` names them, whose maps stood in for one another;
    ``unaligned`` why none did, which is None where position is among the nulls.
    """

    shape: tuple[int, int]
    effects: tuple[Effect, ...]
    contributions: tuple[Contribution, ...]
    left_out: Mapping[str, str]
    level: float
    proteins: tuple[str, ...]
    classes: tuple[str, ...]
    with_sites: Mapping[str, int]
    proteins_left_out: Mapping[str, Mapping[str, str]]
    unplaced: tuple[Problem, ...] = ()
    points: HeadMap | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    aligned: Mapping[str, Aligned] = field(default_factory=dict)
    unaligned: str | None = None

    @property
    def quality(self) -> ModelQuality:
        """How good the model of the run is."""
        return quality_of(self.about.get("model"))

    @property
    def names(self) -> list[HeadName]:
        """All heads, layer by layer."""
        layers, heads = self.shape
        return [HeadName(i, j) for i in range(layers) for j in range(heads)]

    def reasons(self, kind: str) -> Mapping[str, int]:
        """How many proteins are left out of a type for which reason."""
        return Counter(self.proteins_left_out[kind].values())

    def __repr__(self) -> str:
        lines = [
            f"RelevantHeads of {self.about.get('run', 'a run')}: {self.shape[0]} x "
            f"{counted(self.shape[1], 'head')} in "
            f"{counted(len(self.proteins), 'protein')}"
        ]
        for one in self.effects:
            if one.group == ALL:
                counts = (int(flags[1:].sum()) for flags in (one.significant, one.specialised))
                lines.append("  {}, {}: {} significant, {} specialised".format(one.kind, one.metric, *counts))
        said = [described(self.quality), not_specialised(self.quality)]
        lines += [f"  {line}" for line in said if line is not None]
        return "\n".join([*lines, "  .effects has them all, .to_pandas() a row for each and every head"])

    def _repr_html_(self) -> str:
        header = ("class", "type", "metric", "significant", "specialised", "best head", "its effect")
        return as_html(repr(self), header, map(self._counted, self.effects))

    def plot(self, group: str | None = None) -> list[Axes]:
        """Median effects of all heads, layer by head: a row for every type of site, a column a metric.

        Args:
            group: The class of proteins. Default: the first, which is all of them.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: For a class that is not there, and where there is no effect.
        """
        return plotted(self, group=group)

    def _counted(self, one: Effect) -> tuple[Any, ...]:
        medians = one.effect.median[1:]
        if np.isnan(medians).all():
            return (one.group, one.kind, one.metric, 0, 0, None, None)
        best = int(np.nanargmax(medians))
        counts = (int(flags[1:].sum()) for flags in (one.significant, one.specialised))
        return (one.group, one.kind, one.metric, *counts, str(self.names[best]), float(medians[best]))

    def to_pandas(self) -> pd.DataFrame:
        """A row for every class, type, metric and head, with the columns of ``heads.tsv``.

        Layer and head are missing for the embedding, and numbers where there is none.
        """
        import pandas as pd

        rows = [row for one in self.effects for row in effect_rows(one, self)]
        return pd.DataFrame(rows, columns=list(COLUMNS))


def map_names(groups: Iterable[str]) -> dict[str, str]:
    """Files of maps: ``maps.png`` of all proteins; classes of one spelling in file names get numbers."""
    groups = list(dict.fromkeys(groups))
    plain = [re.sub(r"[^A-Za-z0-9.]+", "_", group) for group in groups]
    names = [name if plain.index(name) == i else f"{name}_{i}" for i, name in enumerate(plain)]
    return {
        group: "maps.png" if group == ALL else f"maps-{name}.png"
        for group, name in zip(groups, names, strict=True)
    }


def units(found: RelevantHeads) -> list[tuple[Any, Any]]:
    """Layer and head of the embedding, which has neither, and of every head."""
    return [(None, None), *found.names]


def effect_rows(one: Effect, found: RelevantHeads) -> Iterator[tuple[Any, ...]]:
    """The fields of `COLUMNS`."""
    tests = [one.nulls.get(null.name) for null in NULLS]
    for unit, name in enumerate(units(found)):
        null = [
            shown(values[unit])
            for test in tests
            for values in ((test.median, test.p, test.q) if test else ([None] * len(one.p),) * 3)
        ]
        rank = None if one.random_rank is None else shown(one.random_rank[unit])
        flags = (one.significant[unit], one.specialised[unit], one.positive[unit])
        numbers = (*(part[unit] for part in one.effect), one.p[unit], one.q[unit])
        yield (
            one.group, one.kind, one.metric, *name, int(one.proteins[unit]), *map(shown, numbers), *null,
            rank, *(int(flag) for flag in flags),
        )  # fmt: skip


def shown(value: float | np.floating | None) -> float | None:
    """A number that a table may hold."""
    return None if value is None or np.isnan(value) else float(value)
