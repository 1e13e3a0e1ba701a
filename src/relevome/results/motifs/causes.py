"""Whether motifs matter: predictions without them, and with them where there were none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class MotifTakenOut(NamedTuple):
    """What predictions lose with all places of a motif in a sequence, and with windows like them.

    Means are over sequences, in logits, with 95% intervals by Student's t; of one sequence the ends are NaN.

    Attributes:
        motif: Its name.
        sequences: How many sequences it was taken out of.
        hits: How many places they have.
        with_hits: How many sequences have places, looked at or not.
        no_room: How many that were looked at have no windows beside their places, and are left out.
        unlike: How many letters a window has that its place has not, whatever their order.
        resembling: The share of places for which no letters were found that are unlike the motif.
        fall: The prediction less that with other letters in the places.
        fall_low: Lower end of its interval.
        fall_high: Upper end.
        matched: The same for as many windows of the same widths beside all places.
        matched_low: Lower end of its interval.
        matched_high: Upper end.
        beyond: What is lost with the places more than with the windows.
        beyond_low: Lower end of its interval.
        beyond_high: Upper end.
        p: That ``beyond`` is on average as far in the motif's direction, were it 0; one-sided.
    """

    motif: str
    sequences: int
    hits: int
    with_hits: int
    no_room: int
    unlike: float
    resembling: float
    fall: float
    fall_low: float
    fall_high: float
    matched: float
    matched_low: float
    matched_high: float
    beyond: float
    beyond_low: float
    beyond_high: float
    p: float


class MotifPutIn(NamedTuple):
    """What a motif adds to predictions of backgrounds at one place.

    Attributes:
        motif: Its name.
        start: Where its first letter is put, 0-based.
        backgrounds: How many there were.
        change: The mean of predictions with it less those without.
        change_low: Lower end of its interval.
        change_high: Upper end.
    """

    motif: str
    start: int
    backgrounds: int
    change: float
    change_low: float
    change_high: float


class MotifPair(NamedTuple):
    """What two motifs add to predictions of backgrounds, by order and distance.

    Attributes:
        staying: The motif that stays at its place.
        moving: The other.
        order: ``before``: the moving one lies before the staying one, or ``behind`` it.
        gap: Letters between them.
        backgrounds: How many there were.
        stayed: The mean of predictions with the staying motif alone less those with none.
        stayed_low: Lower end of its interval.
        stayed_high: Upper end.
        moved: The same of the moving motif alone, where it is put.
        moved_low: Lower end of its interval.
        moved_high: Upper end.
        both: The same of both.
        both_low: Lower end of its interval.
        both_high: Upper end.
        interaction: What both add beyond the sum of what each adds alone.
        interaction_low: Lower end of its interval.
        interaction_high: Upper end.
    """

    staying: str
    moving: str
    order: str
    gap: int
    backgrounds: int
    stayed: float
    stayed_low: float
    stayed_high: float
    moved: float
    moved_low: float
    moved_high: float
    both: float
    both_low: float
    both_high: float
    interaction: float
    interaction_low: float
    interaction_high: float


class MotifDistance(NamedTuple):
    """The distance at which two motifs in an order add most together.

    Attributes:
        staying: The motif that stays at its place.
        moving: The other.
        order: ``before`` or ``behind``, as in `MotifPair`.
        gap: Letters between them.
        low: Lower end of its interval, by bootstrap over backgrounds.
        high: Upper end.
        share: The share of bootstrap samples in which it is best.
        both: What both add there.
        least: What both add at the distance where it is least.
    """

    staying: str
    moving: str
    order: str
    gap: int
    low: int
    high: int
    share: float
    both: float
    least: float


@dataclass(frozen=True)
class MotifCauses:
    """What a model says when it is asked without motifs, and with them put into backgrounds.

    Args:
        taken_out: One for each motif with places.
        put_in: Each motif by place.
        pairs: Pairs of motifs by order and distance.
        distances: The best distance of each pair and order.
    """

    taken_out: tuple[MotifTakenOut, ...]
    put_in: tuple[MotifPutIn, ...]
    pairs: tuple[MotifPair, ...]
    distances: tuple[MotifDistance, ...]


def together(every: list[MotifCauses]) -> MotifCauses:
    """Those of several runs in one."""
    return MotifCauses(
        tuple(one for some in every for one in some.taken_out),
        tuple(one for some in every for one in some.put_in),
        tuple(one for some in every for one in some.pairs),
        tuple(one for some in every for one in some.distances),
    )
