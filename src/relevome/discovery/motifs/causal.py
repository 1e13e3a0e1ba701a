"""Whether a motif matters: what a prediction loses without it, beside other stretches of the same letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from numpy.lib.stride_tricks import sliding_window_view

from relevome.data.motifs import Motif
from relevome.data.sequences import Sequence
from relevome.discovery.mean_interval import LEVEL, TableRow, above_zero, interval_columns
from relevome.discovery.motifs.hits import Hits
from relevome.discovery.motifs.patterns import SeqletPattern

# Predictions of sequences, in their order, such as logits of a target. A changed sequence has the id of the
# one that it was made of, so that a target of its own is found.
Predict: TypeAlias = Callable[[Iterable[Sequence]], Float[np.ndarray, " sequences"]]

DRAWS = 10
MOST = 1000  # sequences that a pattern is taken out of
_TRIES = 50


@dataclass(frozen=True, eq=False)
class TakenOut:
    """What predictions lose with all hits of one pattern in a sequence, and with windows like them.

    Args:
        pattern: Number of the pattern, from 0.
        sign: 1 of positive relevance, -1 of negative.
        sequence: Numbers of the sequences that it was taken out of, from 0.
        hits: How many hits each has.
        fall: The prediction less that with other letters in the place of the hits, mean over draws.
        matched: The same for as many windows of the same widths beside all hits.
        unlike: How many letters a window has that its hit has not, whatever their order; mean over windows.
        with_hits: How many sequences have hits, looked at or not.
        no_room: How many that were looked at have no windows beside their hits, and are left out.
        resembling: The share of hits, over all draws, for which no letters were found that are unlike the
            pattern; the least alike were taken.
    """

    pattern: int
    sign: int
    sequence: Int[np.ndarray, " sequences"]
    hits: Int[np.ndarray, " sequences"]
    fall: Float[np.ndarray, " sequences"]
    matched: Float[np.ndarray, " sequences"]
    unlike: Float[np.ndarray, " sequences"]
    with_hits: int
    no_room: int
    resembling: float

    @property
    def beyond(self) -> Float[np.ndarray, " sequences"]:
        """What is lost with the hits more than with the windows."""
        return self.fall - self.matched

    @property
    def p(self) -> float:
        """That `beyond` is on average as far in the pattern's direction, were it 0; one-sided."""
        return above_zero(self.sign * self.beyond)

    def row(self, level: float = LEVEL) -> TableRow:
        """A line of a table: means over sequences, their intervals, and what they are of."""
        values = {"fall": self.fall, "matched": self.matched, "beyond": self.beyond}
        counts: TableRow = {
            "pattern": self.pattern,
            "sequences": len(self.sequence),
            "hits": int(self.hits.sum()),
            "with_hits": self.with_hits,
            "no_room": self.no_room,
            "unlike": float(self.unlike.mean()) if len(self.unlike) else np.nan,
            "resembling": self.resembling,
        }
        return counts | interval_columns(values, level) | {"p": self.p}


def taken_out(
    predict: Predict,
    sequences: Many[Sequence],
    hits: Hits,
    patterns: Many[SeqletPattern],
    rng: np.random.Generator,
    draws: int = DRAWS,
    most: int = MOST,
) -> list[TakenOut]:
    """For each pattern, predictions of sequences without its hits, and without windows like these.

    In the place of every hit come letters drawn from those of its own sequence, one by one with replacement,
    so that composition is kept; drawn again, up to 50 times, while they are likelier of the pattern than of
    the sequence, on either strand of nucleic acids, or make with the letters beside them a window as likely
    of the pattern as its own seqlets are on average. All hits of the pattern in a sequence are taken out
    together: one that is left might do alone. The same letters are put in the place of windows of the same
    width in the same sequence, which share no letter with a hit of any pattern, with each other, or with a
    code of several letters. Of all such windows those are drawn that have most letters in common with the
    hit, in any order.

    Args:
        predict: What gives predictions.
        sequences: Those with hits, and any others, by their numbers.
        hits: Places of the patterns. They do not overlap.
        patterns: All that hits have numbers of.
        rng: What is drawn.
        draws: How often letters and windows are drawn for a sequence. Default: 10.
        most: Of how many sequences with hits each pattern is taken out at most; of more, so many are drawn.
            Default: 1,000.

    Raises:
        InputError: As ``predict`` does.
    """
    return [
        _one_taken_out(predict, sequences, hits, number, pattern, rng, draws, most)
        for number, pattern in enumerate(patterns)
    ]


def _one_taken_out(
    predict: Predict,
    sequences: Many[Sequence],
    hits: Hits,
    number: int,
    pattern: SeqletPattern,
    rng: np.random.Generator,
    draws: int,
    most: int,
) -> TakenOut:
    with_hits = np.unique(hits.sequence[hits.pattern == number])
    chosen = with_hits
    if len(chosen) > most:
        chosen = np.sort(rng.choice(chosen, most, replace=False))
    motif, plans = pattern.motif("pattern"), dict[int, _Plan]()
    for row in chosen.tolist():
        here = hits.sequence == row
        own = hits.start[here & (hits.pattern == number)]
        every = np.stack([hits.start[here], hits.end[here]], axis=1)
        plan = _plan(sequences[row], own, every, motif, draws, rng)
        if plan is not None:
            plans[row] = plan
    asked = (one for plan in plans.values() for one in plan.asked())
    found = predict(asked).reshape(len(plans), 1 + 2 * draws)
    without, beside = found[:, 1 : 1 + draws].mean(1), found[:, 1 + draws :].mean(1)
    resembling = [plan.resembling for plan in plans.values()]
    return TakenOut(
        number,
        pattern.sign,
        np.array([*plans], dtype=np.int64),
        np.array([len(plan.starts) for plan in plans.values()], dtype=np.int64),
        found[:, 0] - without,
        found[:, 0] - beside,
        np.array([plan.unlike for plan in plans.values()], dtype=np.float64),
        len(with_hits),
        len(chosen) - len(plans),
        float(np.mean(resembling)) if resembling else 0.0,
    )


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is replaced in one sequence: at hits, and in every draw at windows, by the same letters."""

    sequence: Sequence
    starts: Int[np.ndarray, " hits"]
    windows: Int[np.ndarray, "draws hits"]
    letters: UInt8[np.ndarray, "draws hits width"]
    unlike: float
    resembling: float

    def asked(self) -> Iterator[Sequence]:
        """The sequence as it is, without hits in every draw, and without windows in every draw."""
        yield self.sequence
        for drawn in self.letters:
            yield replaced(self.sequence, self.starts, drawn)
        for windows, drawn in zip(self.windows, self.letters, strict=True):
            yield replaced(self.sequence, windows, drawn)


def replaced(
    sequence: Sequence, starts: Int[np.ndarray, " places"], letters: UInt8[np.ndarray, "places width"]
) -> Sequence:
    """The sequence with these letters, in ASCII, at every place from its start on."""
    changed = np.frombuffer(sequence.letters.encode("ascii"), dtype=np.uint8).copy()
    changed[starts[:, None] + np.arange(letters.shape[1])] = letters
    return replace(sequence, letters=changed.tobytes().decode("ascii"))


def _plan(
    sequence: Sequence,
    starts: Int[np.ndarray, " hits"],
    every: Int[np.ndarray, "all 2"],
    motif: Motif,
    draws: int,
    rng: np.random.Generator,
) -> _Plan | None:
    """What is replaced; None where there is no room for windows."""
    alphabet, width = sequence.alphabet.letters, len(motif)
    codes = np.array([alphabet.find(letter) for letter in sequence.letters])
    taken = codes < 0
    for start, end in every.tolist():
        taken[start:end] = True
    chosen = _windows(codes, len(alphabet), starts, taken, width, draws, rng)
    if chosen is None:
        return None
    windows, unlike = chosen
    places = np.stack([np.broadcast_to(starts, windows.shape), windows], axis=-1).reshape(-1, 2)
    drawn, resembling = _other_letters(codes, places, motif, rng)
    letters = np.frombuffer(alphabet.encode("ascii"), dtype=np.uint8)[drawn]
    return _Plan(sequence, starts, windows, letters.reshape(*windows.shape, width), unlike, resembling)


def _windows(
    codes: Int[np.ndarray, " letters"],
    size: int,
    starts: Int[np.ndarray, " hits"],
    taken: Bool[np.ndarray, " letters"],
    width: int,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Int[np.ndarray, "draws hits"], float] | None:
    """Starts of windows like each hit in every draw, and by how many letters they are unlike on average."""
    if len(codes) < width:
        return None
    present = np.cumsum(codes[:, None] == np.arange(size), axis=0)
    counts = np.pad(present, ((1, 0), (0, 0)))
    counts = counts[width:] - counts[:-width]
    off = np.concatenate([[0], np.cumsum(taken)])
    free = off[width:] == off[:-width]
    distances = np.abs(counts[starts][:, None] - counts).sum(2) / 2  # (hits, starts)
    windows, sums = np.zeros((draws, len(starts)), dtype=np.int64), 0.0
    for draw in range(draws):
        left = free.copy()
        for hit in rng.permutation(len(starts)):  # none is always the first to choose
            if not left.any():
                return None
            far = np.where(left, distances[hit], np.inf)
            at = int(rng.choice(np.flatnonzero(far == far.min())))
            windows[draw, hit], sums = at, sums + float(far[at])
            left[max(at - width + 1, 0) : at + width] = False
    return windows, sums / windows.size


@dataclass(frozen=True, eq=False)
class _Likeness:
    """Log odds of a motif against letters of a sequence, on its strands; the last column is for no letter."""

    odds: Float[np.ndarray, "strands width columns"]
    usual: float

    @classmethod
    def of(cls, motif: Motif, codes: Int[np.ndarray, " letters"]) -> _Likeness:
        """``usual`` are the mean log odds of the motif's own instances, its information."""
        shares = np.bincount(codes[codes >= 0], minlength=motif.probabilities.shape[1]) + 1.0
        shares /= shares.sum()
        strands = [motif.probabilities] + ([] if motif.alphabet.complements is None else [motif.turned])
        odds = np.log2(np.stack(strands) / shares)
        usual = float(motif.information_content(shares).sum())
        return cls(np.pad(odds, ((0, 0), (0, 0), (0, 1)), constant_values=-np.inf), usual)

    def __call__(self, windows: Int[np.ndarray, "*windows width"]) -> Float[np.ndarray, "*windows"]:
        """In bits, on the strand where they are higher."""
        return self.odds[:, np.arange(windows.shape[-1]), windows].sum(-1).max(0)


def _other_letters(
    codes: Int[np.ndarray, " letters"],
    places: Int[np.ndarray, "stretches places"],
    motif: Motif,
    rng: np.random.Generator,
) -> tuple[Int[np.ndarray, "stretches width"], float]:
    """Letters by number for each stretch, put at some places, and the share of stretches that are alike.

    Drawn from a sequence's own until they are unlike the motif, and make nothing like it with what is around.
    """
    width, likeness, own = len(motif), _Likeness.of(motif, codes), codes[codes >= 0]
    padded = np.pad(codes, width, constant_values=-1)
    around = padded[places[..., None] + np.arange(1, 3 * width - 1)]  # all windows that share a letter
    letters = np.zeros((len(places), width), dtype=np.int64)
    alike, left = np.full(len(places), np.inf), np.arange(len(places))
    for _ in range(_TRIES):
        drawn = own[rng.integers(len(own), size=(len(left), width))]
        around[left, :, width - 1 : 2 * width - 1] = drawn[:, None]
        near = likeness(sliding_window_view(around[left], width, axis=-1)).max((1, 2))
        score = likeness(drawn)
        unlike = (score <= 0) & (near < likeness.usual)
        score = np.where(unlike, -np.inf, np.maximum(score, near))
        better = score < alike[left]
        letters[left[better]], alike[left[better]] = drawn[better], score[better]
        left = left[~unlike]
        if not len(left):
            break
    return letters, len(left) / len(places)
