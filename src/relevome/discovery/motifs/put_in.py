"""What motifs do where there were none: alone at every place, and in pairs at every distance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from relevome.data.motifs import Motif
from relevome.data.sequences import Sequence
from relevome.data.shuffle import dinucleotide_shuffle, shuffle
from relevome.discovery.mean_interval import LEVEL, TableRow, interval_columns
from relevome.discovery.motifs.causal import Predict, replaced
from relevome.discovery.motifs.hits import Hits
from relevome.errors import InputError

PLACES = 20
RESAMPLES = 2000
ORDERS = ("before", "behind")

Gaps = Int[np.ndarray, " gaps"]


def shuffled_backgrounds(sequences: Many[Sequence], count: int, rng: np.random.Generator) -> list[Sequence]:
    """Shuffles of sequences: pairs of neighbours are kept for nucleic acids, single letters for proteins.

    Args:
        sequences: What is shuffled, in random order, each as often as any other, or once more. They keep
            their ids.
        count: How many shuffles.
        rng: What is drawn.
    """
    if not sequences:
        return []
    rounds = -(-count // len(sequences))
    order = np.concatenate([rng.permutation(len(sequences)) for _ in range(rounds)])[:count]
    return [_shuffled(sequences[i], rng) for i in order.tolist()]


def _shuffled(sequence: Sequence, rng: np.random.Generator) -> Sequence:
    by = shuffle if sequence.alphabet.complements is None else dinucleotide_shuffle
    return Sequence(sequence.id, by(sequence.letters, rng), sequence.alphabet)


def without_hits(sequences: Many[Sequence], hits: Hits) -> list[Sequence]:
    """The sequences that have no hit of any pattern."""
    having = {*hits.sequence.tolist()}
    return [one for number, one in enumerate(sequences) if number not in having]


def usual_place(hits: Hits, pattern: int) -> tuple[int, bool]:
    """Where most hits of a pattern start, counted from the first letter, and whether they are turned.

    Of several that are as frequent the first is taken. Raises InputError for a pattern without hits.
    """
    own = hits.pattern == pattern
    if not own.any():
        raise InputError(f"pattern {pattern} has no hits: expected one that has, to know where they lie")
    places, counts = np.unique(np.stack([hits.start[own], hits.turned[own]]), axis=1, return_counts=True)
    start, turned = places[:, counts.argmax()].tolist()
    return int(start), bool(turned)


@dataclass(frozen=True, eq=False)
class PutIn:
    """What a motif adds to predictions of backgrounds, by where it is put.

    Args:
        start: The first letter of the motif, 0-based.
        change: Predictions with the motif less those without.
        no_room: How many backgrounds are too short for a place, and left out.
    """

    start: Int[np.ndarray, " places"]
    change: Float[np.ndarray, "backgrounds places"]
    no_room: int

    def rows(self, level: float = LEVEL) -> list[TableRow]:
        """Lines of a table: each place, the mean change and its interval over backgrounds."""
        return [
            {"start": start, "backgrounds": len(self.change)} | interval_columns({"change": change}, level)
            for start, change in zip(self.start.tolist(), self.change.T, strict=True)
        ]


def put_in(
    predict: Predict,
    backgrounds: Many[Sequence],
    motif: Motif,
    start: Int[np.ndarray, " places"] | None = None,
    turned: bool = False,
    rng: np.random.Generator | None = None,
) -> PutIn:
    """Predictions of backgrounds with a motif put in the place of their letters, at one place at a time.

    Args:
        predict: What gives predictions.
        backgrounds: Sequences, such as shuffles, or others without hits.
        motif: Such as `SeqletPattern.motif` gives.
        start: Where its first letter is put, 0-based. Default: 20 places evenly spread over the shortest
            background that has room for it.
        turned: Whether its reverse complement is put in. Default: no.
        rng: What an instance of it for each background is drawn by, the same at all places. Default: none;
            its consensus is put in.

    Raises:
        InputError: For no background with room, a place before the first letter, and as ``predict`` does.
    """
    start = spread_places(backgrounds, len(motif)) if start is None else start
    if not len(start) or start.min() < 0:
        raise InputError(f"places {start.tolist()[:5]}: expected one or more, from 0 on")
    roomy = _roomy(backgrounds, int(start.max()) + len(motif))
    instances = _instances(motif, len(roomy), turned, rng)

    def asked() -> Iterator[Sequence]:
        for background, letters in zip(roomy, instances, strict=True):
            yield background
            for place in start:
                yield replaced(background, np.array([place]), letters[None])

    found = predict(asked()).reshape(len(roomy), 1 + len(start))
    return PutIn(start, found[:, 1:] - found[:, :1], len(backgrounds) - len(roomy))


def spread_places(backgrounds: Many[Sequence], width: int) -> Int[np.ndarray, " places"]:
    """First letters of 20 places evenly spread over the shortest background with room for so many letters."""
    shortest = min((len(one) for one in backgrounds if len(one) >= width), default=width)
    return np.unique(np.linspace(0, shortest - width, PLACES).round().astype(np.int64))


def _roomy(backgrounds: Many[Sequence], letters: int) -> list[Sequence]:
    """Those with so many letters."""
    roomy = [one for one in backgrounds if len(one) >= letters]
    if not roomy:
        longest = max(map(len, backgrounds), default=0)
        raise InputError(
            f"{len(backgrounds)} backgrounds, the longest of {longest} letters: expected one or more of "
            f"{letters}, to put motifs in"
        )
    return roomy


def _instances(
    motif: Motif, count: int, turned: bool, rng: np.random.Generator | None
) -> np.ndarray:  # (count, letters of the motif), in ASCII
    if turned:
        motif = replace(motif, probabilities=motif.turned)
    texts = [motif.consensus if rng is None else motif.sample(rng) for _ in range(count)]
    return np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8).reshape(count, len(motif))


class BestDistance(NamedTuple):
    """The distance between two motifs at which something is largest.

    Attributes:
        gap: Letters between them.
        low: The lower end of its confidence interval.
        high: The upper end.
        share: The share of bootstrap samples in which this one is best.
    """

    gap: int
    low: int
    high: int
    share: float


@dataclass(frozen=True, eq=False)
class PairsPutIn:
    """What two motifs add to predictions of backgrounds, alone and together, by order and distance.

    Columns are NaN where there is no room in any background. Orders are `ORDERS`: the moving motif before
    the staying one, and behind it.

    Args:
        gap: Letters between the two.
        stayed: Predictions with the staying motif alone less those with none.
        moved: The same of the moving motif alone, where it is put.
        both: The same of both.
        no_room: How many backgrounds are shorter than what others have room for, and left out.
    """

    gap: Int[np.ndarray, " gaps"]
    stayed: Float[np.ndarray, " backgrounds"]
    moved: Float[np.ndarray, "backgrounds 2 gaps"]
    both: Float[np.ndarray, "backgrounds 2 gaps"]
    no_room: int

    @property
    def interaction(self) -> Float[np.ndarray, "backgrounds 2 gaps"]:
        """What both add beyond the sum of what each adds alone at the same place."""
        return self.both - self.moved - self.stayed[:, None, None]

    def rows(self, level: float = LEVEL) -> list[dict[str, int | float | str]]:
        """Lines of a table: orders and distances, mean changes and the interaction with their intervals."""
        places = range(len(self.gap))
        return [self._row(order, at, level) for order in range(len(ORDERS)) for at in places]

    def _row(self, order: int, at: int, level: float) -> dict[str, int | float | str]:
        every = {"moved": self.moved, "both": self.both, "interaction": self.interaction}
        values = {"stayed": self.stayed} | {name: one[:, order, at] for name, one in every.items()}
        about = {"order": ORDERS[order], "gap": int(self.gap[at]), "backgrounds": len(self.stayed)}
        return about | interval_columns(values, level)


def best_distance(
    gap: Int[np.ndarray, " gaps"],
    values: Float[np.ndarray, "backgrounds gaps"],
    rng: np.random.Generator,
    sign: int = 1,
    level: float = LEVEL,
) -> BestDistance:
    """The distance at which the mean over backgrounds is largest, and that of bootstrap samples of these.

    Backgrounds are drawn with replacement 2,000 times (Efron 1979, Annals of Statistics 7:1-26); ends are the
    percentiles of the distance that is best in each sample. Of several that are as good the first counts.

    Args:
        gap: Letters between motifs.
        values: Of `PairsPutIn`, of one order: ``interaction`` or ``both``. Columns with NaN are passed over.
        rng: What is drawn.
        sign: 1 for the largest, -1 for the smallest. Default: 1.
        level: The share of intervals that hold the best. Default: 0.95.

    Raises:
        InputError: Where no distance has values.
    """
    known = np.isfinite(values).all(0)
    if not known.any() or not len(values):
        raise InputError("no distance between the motifs has room in a background: give longer ones")
    tried, kept = gap[known], sign * values[:, known]
    n = len(kept)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    best, drawn = tried[kept.mean(0).argmax()], tried[(weights @ kept).argmax(1)]
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    low, high = np.quantile(drawn, tails, method="inverted_cdf")
    return BestDistance(int(best), int(low), int(high), float((drawn == best).mean()))


def put_in_pairs(
    predict: Predict,
    backgrounds: Many[Sequence],
    staying: Motif,
    moving: Motif,
    gaps: Iterable[int],
    start: int | None = None,
    turned: tuple[bool, bool] = (False, False),
    rng: np.random.Generator | None = None,
) -> PairsPutIn:
    """Predictions of backgrounds with two motifs: one stays, the other is put before and behind it.

    Everything else is the same: a background, and of each motif the same instance, at all distances, alone
    and together.

    Args:
        predict: What gives predictions.
        backgrounds: As for `put_in`.
        staying: The motif that stays at its place.
        moving: The other.
        gaps: Letters between the two, 0 or more.
        start: The first letter of the staying motif, such as `usual_place` says. Default: it is in the middle
            of every background.
        turned: Whether the staying and the moving motif are put in as reverse complements. Default: neither.
        rng: As for `put_in`. Default: consensus.

    Raises:
        InputError: For no distances or negative ones, a background with no room, and as ``predict`` does.
    """
    gap = np.array([*gaps], dtype=np.int64)
    if not len(gap) or gap.min() < 0:
        raise InputError(f"distances {gap.tolist()[:5]}: expected one or more, from 0 on")
    if start is not None and start < 0:
        raise InputError(f"a motif that starts at letter {start}: expected 0 or more")
    chosen, wanted = _chosen(backgrounds, start, staying, moving, gap)
    stays, moves = (
        _instances(motif, len(chosen), other, rng)
        for motif, other in zip((staying, moving), turned, strict=True)
    )

    def asked() -> Iterator[Sequence]:
        for (background, places), stay, move in zip(chosen, stays, moves, strict=True):
            with_one = replaced(background, np.array([places.stay]), stay[None])
            yield from (background, with_one)
            for place in places.move[wanted]:
                yield from (replaced(one, place[None], move[None]) for one in (background, with_one))

    found = predict(asked()).reshape(len(chosen), -1)
    found = found[:, 1:] - found[:, :1]
    moved, both = np.full((2, len(chosen), *wanted.shape), np.nan)
    moved[:, wanted], both[:, wanted] = found[:, 1::2], found[:, 2::2]
    return PairsPutIn(gap, found[:, 0], moved, both, len(backgrounds) - len(chosen))


def _chosen(
    backgrounds: Many[Sequence], start: int | None, staying: Motif, moving: Motif, gap: Gaps
) -> tuple[list[tuple[Sequence, _Places]], Bool[np.ndarray, "2 gaps"]]:
    """Backgrounds with room for all that the longest has room for, with their places, and what that is."""
    found = [(one, _places(len(one), start, staying, moving, gap)) for one in backgrounds]
    longest = max(map(len, backgrounds), default=0)
    wanted = _places(longest, start, staying, moving, gap).fits
    if not wanted.any():
        raise InputError(
            f"{len(backgrounds)} backgrounds, the longest of {longest} letters: expected one with room "
            f"for motifs of {len(staying)} and {len(moving)} letters and {gap.min()} between them"
        )
    return [(one, places) for one, places in found if (places.fits >= wanted).all()], wanted


class _Places(NamedTuple):
    """Where motifs start in a background: the staying one, the moving one by `ORDERS`, if both have room."""

    stay: int
    move: Int[np.ndarray, "2 gaps"]
    fits: Bool[np.ndarray, "2 gaps"]


def _places(length: int, start: int | None, staying: Motif, moving: Motif, gap: Gaps) -> _Places:
    stay = (length - len(staying)) // 2 if start is None else start
    move = np.stack([stay - gap - len(moving), stay + len(staying) + gap])
    fits = (move >= 0) & (move + len(moving) <= length) & (0 <= stay <= length - len(staying))
    return _Places(stay, move, fits)
