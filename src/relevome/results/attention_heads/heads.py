"""What attention says of the heads of a model: where each looks, what for, what that is, and its weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jaxtyping import Float, Int

from relevome.data.motifs import Motif
from relevome.data.problems import Problem
from relevome.results.attention_heads.consensus import Attended, Consensus
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.head_name import HeadName
from relevome.results.notebook import as_html, plotted
from relevome.words import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLUMNS = (
    "layer", "head", "peak", "gain", "half_from", "half_to", "by_distance", "attended", "distance",
    "consensus", "from", "to", "bits", "motif", "p", "q", "strand", "factor", "factor_sites",
    "factor_expected", "factor_q", "logit_fall", "precision_fall", "rank_in_layer", "rank_among_all",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Profile:
    """Mean attention of one head at every distance, at sites and in control windows.

    What both have in common is the position's own; their difference is what sites add to it.
    """

    distances: Int[np.ndarray, " letters"]
    sites: Float[np.ndarray, " letters"]
    controls: Float[np.ndarray, " letters"]
    by_distance: float

    @property
    def peak(self) -> int:
        """The distance that gets most attention at sites."""
        return int(self.distances[np.argmax(self.sites)])

    @property
    def gain(self) -> int | None:
        """The distance at which sites get most more attention than control windows; None without any more."""
        more = self.sites - self.controls
        best = int(np.argmax(more))
        return int(self.distances[best]) if more[best] > 1e-6 else None

    @property
    def half(self) -> tuple[int, int]:
        """First and last distance of the shortest stretch with half of the attention at sites.

        Of contributions, of those that raise the logit.
        """
        start, end = shortest_stretch(np.maximum(self.sites, 0), 0.5)
        return int(self.distances[start]), int(self.distances[end - 1])


def shortest_stretch(values: Float[np.ndarray, " letters"], share: float) -> tuple[int, int]:
    """Start and end (half-open) of the shortest stretch that holds a share of the sum of all values.

    Everything, if they are all 0.
    """
    largest = float(values.max(initial=0))
    shares = values / largest if largest > 0 else values  # whose sum is a number
    before = np.concatenate([[0.0], np.cumsum(shares, dtype=np.float64)])
    wanted = share * before[-1] * (1 - 1e-12)
    ends = np.searchsorted(before, before + wanted, side="left")
    starts = np.flatnonzero(ends < len(before))
    if not len(starts) or before[-1] == 0:
        return 0, len(values)
    best = starts[np.argmin(ends[starts] - starts)]
    return int(best), max(int(ends[best]), int(best) + 1)


@dataclass(frozen=True)
class Match:
    """A motif of a database that another one is like.

    ``p`` is that of TOMTOM for the best alignment on either strand; ``q`` is the share of false ones expected
    among all matches as good, whichever of two nulls expects more: TOMTOM's own, or shuffled motifs.
    """

    motif: Motif
    p: float
    q: float
    strand: str


@dataclass(frozen=True)
class Enrichment:
    """How many attended stretches lie on sites of a factor, and how many would as far from other sites."""

    factor: str
    attended: int
    on_sites: int
    expected: float
    p: float
    q: float


@dataclass(frozen=True)
class Strongest:
    """A window of those that the consensus was made of in which the attended letter weighs most.

    ``place`` is the window's on the genome, if it is known; ``distance`` that from the site to the attended
    letter, ``weight`` what the letter weighs there (a share of attention, or what it brings to the logit),
    and ``letters`` what stands where the consensus would, the attended letter alone without one.
    """

    window: str
    place: str | None
    distance: int
    weight: float
    letters: str


@dataclass(frozen=True)
class Fall:
    """What is lost without some heads: the mean logit at sites, and average precision against controls."""

    logit: float
    precision: float


@dataclass(frozen=True, eq=False)
class AttentionHead:
    """One head: its profile, its consensus and what that is like, the factors it sits on, what it is worth.

    ``attended`` are the letters that the consensus was made of, ``strongest`` the ten of them that weigh
    most, the first most (none in a result of an earlier relevome). ``matches`` and ``on_factors``
    hold all that was compared, the best first. ``in_layer`` and ``among_all`` are the shares of heads whose
    ablation lowers the logit as much.
    """

    name: HeadName
    profile: Profile
    attended: Attended
    consensus: Consensus
    matches: tuple[Match, ...] = ()
    on_factors: tuple[Enrichment, ...] = ()
    fall: Fall | None = None
    in_layer: float | None = None
    among_all: float | None = None
    strongest: tuple[Strongest, ...] = ()

    @property
    def distance(self) -> int | None:
        """From the site to the attended letter, the median; None for a head that looks alike everywhere."""
        if not len(self.attended):
            return None
        return int(np.median(self.profile.distances[self.attended.letters]))

    @property
    def ends(self) -> tuple[int, int] | tuple[None, None]:
        """First and last distance of the consensus, where the head most often finds it; None without one."""
        if self.distance is None or not self.consensus.core:
            return None, None
        offsets = self.consensus.offsets
        return self.distance + offsets[0], self.distance + offsets[-1]

    def named(self, level: float) -> list[Match]:
        """Known motifs that the consensus is."""
        return [match for match in self.matches if match.q < level]

    def bound(self, level: float) -> list[Enrichment]:
        """Factors on whose sites the head sits."""
        return [one for one in self.on_factors if one.q < level and one.on_sites > one.expected]


@dataclass(frozen=True)
class Together:
    """What all heads with a name are worth, and as many random ones of the same layers, or of any."""

    heads: tuple[HeadName, ...]
    fall: Fall
    same_layers: tuple[Fall, ...]
    any_layers: tuple[Fall, ...]


@dataclass(frozen=True)
class FactorsCompared:
    """What heads could be found to sit on: factors with enough known sites on the windows, and all others.

    Only ``windows`` count that have no letter in common; ``fewest`` sites are enough.
    """

    factors: int
    rare: int
    windows: int
    fewest: int


@dataclass(frozen=True)
class WindowsRead:
    """What a file of windows gave: how many, how many of them were asked about, and those left out."""

    read: int
    asked: int
    left_out: tuple[Problem, ...]


@dataclass(frozen=True, eq=False, repr=False)
class AttentionHeads:
    """All heads of a model in its own order.

    ``motifs`` is how many known ones there were to compare with; ``known`` is None without known sites.
    ``about`` says which model and which windows; ``read`` what their files gave, sites first, then controls.
    """

    heads: tuple[AttentionHead, ...]
    together: Together | None
    windows: int
    motifs: int
    known: FactorsCompared | None
    settings: HeadSettings
    about: Mapping[str, Any] = field(default_factory=dict)
    read: tuple[WindowsRead, ...] = ()

    def __repr__(self) -> str:
        level = self.settings.level
        with_consensus = sum(bool(head.consensus.core) for head in self.heads)
        named = {str(head.name): head.named(level)[0].motif.name for head in self.heads if head.named(level)}
        shown = [f"{head}: {motif}" for head, motif in named.items()]
        return (
            f"AttentionHeads of {self.about.get('model', 'a model')}: {counted(len(self.heads), 'head')} by "
            f"{self.settings.weigh} in {counted(self.windows, 'window')}\n"
            f"  {with_consensus} with a consensus, {len(named)} named by one of {self.motifs:,} known motifs"
            f"{': ' * bool(shown)}{', '.join(shown[:5])}{', ...' * (len(shown) > 5)}\n"
            "  .heads has them all, .to_pandas() a row for each"
        )

    def _repr_html_(self) -> str:
        return as_html(repr(self), COLUMNS, map(head_row, self.heads))

    def plot(self, what: Literal["logos", "profiles"] = "logos") -> list[Axes]:
        """A panel for every head.

        Args:
            what: ``logos``, the letters that a head attends to (default), or ``profiles``, what letters
                weigh by their distance from the site, beside control windows.

        Returns:
            The axes of the picture, see `relevome.results.notebook.plotted`.

        Raises:
            InputError: Where there is no head.
        """
        return plotted(self, what=what)

    def to_pandas(self) -> pd.DataFrame:
        """A row for every head, with the columns of ``heads.tsv``; missing where a head has no such thing."""
        import pandas as pd

        return pd.DataFrame([head_row(head) for head in self.heads], columns=list(COLUMNS))


def head_row(head: AttentionHead) -> tuple[Any, ...]:
    """The fields of `COLUMNS`."""
    where, looks_for = head.profile, head.consensus
    motif = looks_for.motif("")
    bits = float(looks_for.information[looks_for.core.start : looks_for.core.stop].sum()) if motif else None
    match = head.matches[0] if head.matches else None
    best = head.on_factors[0] if head.on_factors else None
    return (
        *head.name, where.peak, where.gain, *where.half, where.by_distance, len(head.attended),
        head.distance, motif.consensus if motif else None, *head.ends, bits,
        *((match.motif.name, match.p, match.q, match.strand) if match else (None,) * 4),
        *((best.factor, best.on_sites, best.expected, best.q) if best else (None,) * 4),
        *((head.fall.logit, head.fall.precision) if head.fall else (None, None)),
        head.in_layer, head.among_all,
    )  # fmt: skip
