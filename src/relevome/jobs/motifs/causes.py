"""The causal check of motifs of a run: its model is asked without them, and with them elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Many
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from relevome.data.motifs import Motif
from relevome.data.sequences import Sequence
from relevome.discovery.motifs.causal import Predict, taken_out
from relevome.discovery.motifs.put_in import (
    ORDERS,
    PairsPutIn,
    best_distance,
    put_in,
    put_in_pairs,
    shuffled_backgrounds,
    spread_places,
    usual_place,
)
from relevome.jobs.motifs.of_run import MotifsOfRun
from relevome.results.motifs.causes import MotifCauses, MotifDistance, MotifPair, MotifPutIn, MotifTakenOut

TableRow: TypeAlias = dict[str, Any]  # by column

BACKGROUNDS = 50  # shuffles of the run's sequences that motifs are put into
GAPS = range(31)  # letters between two motifs
PAIRED = 3  # motifs, those with most places, of which every two are put in together


def causes_of(predict: Predict, found: MotifsOfRun, seed: int) -> MotifCauses:
    """What the model of a run says without each motif, and with motifs in shuffles of the run's sequences.

    What is asked depends on the motifs and the seed alone, not on what ``predict`` says. Where all sequences
    have one length a motif that stays is at the place where most of its hits are, since such a model may read
    places; else it is in the middle.

    Raises InputError as ``predict`` does.
    """
    rng = np.random.default_rng([seed, 1])
    hits, patterns, names = found.found.hits, found.found.patterns, found.names
    out = [
        MotifTakenOut(names[one.pattern], **_without(one.row(), "pattern"))
        for one in taken_out(predict, found.sequences, hits, patterns, rng)
        if one.with_hits
    ]
    counts = np.bincount(hits.pattern, minlength=len(patterns))
    backgrounds = shuffled_backgrounds(found.sequences, BACKGROUNDS, rng)
    placed = [
        _Placed(patterns[number].motif(names[number]), *usual_place(hits, number), patterns[number].sign)
        for number in np.argsort(-counts, kind="stable").tolist()
        if counts[number]
    ]
    aligned = len({len(one) for one in backgrounds}) == 1
    put = [
        MotifPutIn(one.motif.name, **row)
        for one in placed
        for row in _alone(predict, backgrounds, one, aligned)
    ]
    pairs: list[MotifPair] = []
    best: list[MotifDistance] = []
    for staying, moving in combinations(placed[:PAIRED], 2):
        both = _together(predict, backgrounds, staying, moving, aligned)
        if both is not None:
            couple = staying.motif.name, moving.motif.name
            rows: list[TableRow] = both.rows()
            pairs += [MotifPair(*couple, **row) for row in rows]
            best += _distances(couple, both, staying.sign, rng)
    return MotifCauses(tuple(out), tuple(put), tuple(pairs), tuple(best))


class _Placed(NamedTuple):
    """A motif, where most of its hits start, whether these are turned, and its sign."""

    motif: Motif
    start: int
    turned: bool
    sign: int


def _alone(predict: Predict, backgrounds: Many[Sequence], one: _Placed, aligned: bool) -> list[TableRow]:
    """One motif by place, its usual one among them; none where no background has room."""
    if max(map(len, backgrounds)) < len(one.motif):
        return []
    places = spread_places(backgrounds, len(one.motif))
    if aligned:
        places = np.union1d(places, [one.start])
    return put_in(predict, backgrounds, one.motif, places, one.turned).rows()


def _together(
    predict: Predict, backgrounds: Many[Sequence], staying: _Placed, moving: _Placed, aligned: bool
) -> PairsPutIn | None:
    """Two motifs by distance; None where no background has room for both."""
    longest, stays, moves = max(map(len, backgrounds)), len(staying.motif), len(moving.motif)
    start = staying.start if aligned else (longest - stays) // 2
    if start < moves and longest - start - stays < moves:
        return None
    return put_in_pairs(
        predict, backgrounds, staying.motif, moving.motif, GAPS, staying.start if aligned else None,
        (staying.turned, moving.turned),
    )  # fmt: skip


def _distances(
    couple: tuple[str, str], both: PairsPutIn, sign: int, rng: np.random.Generator
) -> Iterator[MotifDistance]:
    """The best distance of each order that has room; by the sign of the motif that stays."""
    for order, name in enumerate(ORDERS):
        values = both.both[:, order]
        if np.isfinite(values).all(0).any():
            best = best_distance(both.gap, values, rng, sign)
            means = sign * values.mean(0)
            yield MotifDistance(
                *couple, name, *best, sign * float(np.nanmax(means)), sign * float(np.nanmin(means))
            )


def _without(row: TableRow, name: str) -> TableRow:
    return {key: value for key, value in row.items() if key != name}
