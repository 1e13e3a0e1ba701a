"""Motifs put into backgrounds, against models whose answer is known for every sequence."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pytest

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, PROTEIN, Alphabet, Sequence
from relevome.discovery.motifs.hits import Hits
from relevome.discovery.motifs.put_in import (
    best_distance,
    put_in,
    put_in_pairs,
    shuffled_backgrounds,
    usual_place,
    without_hits,
)
from relevome.errors import InputError

WORDS = {DNA: ("TTGACA", "TATAATG"), PROTEIN: ("PKKKRKV", "WWPWW")}
GAPS = range(14, 21)


def motif_of(letters: str, alphabet: Alphabet, kept: float = 1.0) -> Motif:
    others = (1 - kept) / (len(alphabet.letters) - 1)
    rows = [[kept if own == letter else others for letter in alphabet.letters] for own in letters]
    return Motif(letters, letters, np.array(rows), alphabet)


def backgrounds_of(alphabet: Alphabet, lengths: list[int], seed: int = 0) -> list[Sequence]:
    rng = np.random.default_rng(seed)
    return [
        Sequence(f"s{i}", "".join(rng.choice(list(alphabet.letters), length)), alphabet)
        for i, length in enumerate(lengths)
    ]


class Spaced:
    """2 for every first word, 1.5 for every second one, and 3 for each pair with 17 letters between them."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.first, self.second = WORDS[alphabet]
        self.asked: list[Sequence] = []

    def one(self, letters: str) -> float:
        pairs = re.findall(f"(?={self.first}.{{17}}{self.second})", letters)
        own = 2.0 * letters.count(self.first) + 1.5 * letters.count(self.second)
        return own + 3.0 * len(pairs) + letters.count("A") / 64

    def __call__(self, sequences: Iterable[Sequence]) -> np.ndarray:
        self.asked += (given := [*sequences])
        return np.array([self.one(sequence.letters) for sequence in given])


def put(letters: str, *places: tuple[int, str]) -> str:
    for start, text in places:
        letters = letters[:start] + text + letters[start + len(text) :]
    return letters


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN])
def test_changes_are_those_of_every_place(alphabet: Alphabet) -> None:
    model = Spaced(alphabet)
    backgrounds = backgrounds_of(alphabet, [50, 61, 50])
    found = put_in(model, backgrounds, motif_of(model.first, alphabet))
    last = 50 - len(model.first)
    assert found.start.tolist() == sorted({round(last * i / 19) for i in range(20)})
    for row, background in enumerate(backgrounds):
        for column, start in enumerate(found.start.tolist()):
            changed = put(background.letters, (start, model.first))
            expected = model.one(changed) - model.one(background.letters)
            assert found.change[row, column] == expected
            assert expected == pytest.approx(2.0, abs=0.2)
    lines = found.rows()
    assert [line["start"] for line in lines] == found.start.tolist()
    assert [line["change"] for line in lines] == pytest.approx(found.change.mean(0).tolist())
    assert {line["backgrounds"] for line in lines} == {3}


def test_the_other_strand_and_drawn_instances_are_put_in() -> None:
    model, backgrounds = Spaced(DNA), backgrounds_of(DNA, [30, 20, 31, 30])
    start = np.array([4, 17])
    found = put_in(model, backgrounds, motif_of("TTGACA", DNA), start, turned=True)
    assert (found.no_room, len(found.change)) == (1, 3)
    texts = [one.letters for one in model.asked]
    whole = [one.letters for one in backgrounds if len(one) > 20]
    assert texts == [
        text for one in whole for text in (one, put(one, (4, "TGTCAA")), put(one, (17, "TGTCAA")))
    ]
    model.asked.clear()
    many = backgrounds_of(DNA, [30] * 300)
    motif = motif_of("TTGACA", DNA, 0.7)
    put_in(model, many, motif, start, rng=np.random.default_rng(0))
    asked = np.array([one.letters for one in model.asked]).reshape(300, 3)
    drawn = [text[4:10] for text in asked[:, 1]]
    assert drawn == [text[17:23] for text in asked[:, 2]]
    shares = [[sum(text[i] == letter for text in drawn) / 300 for letter in "ACGT"] for i in range(6)]
    np.testing.assert_allclose(shares, motif.probabilities, atol=0.1)


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN])
@pytest.mark.parametrize("start", [None, 31])
def test_pairs_are_those_of_every_order_and_distance(alphabet: Alphabet, start: int | None) -> None:
    model = Spaced(alphabet)
    staying, moving = motif_of(model.second, alphabet), motif_of(model.first, alphabet)
    backgrounds = backgrounds_of(alphabet, [71, 80, 71])
    found = put_in_pairs(model, backgrounds, staying, moving, GAPS, start)
    assert len({one.letters for one in model.asked}) <= 3 * (2 + 2 * 2 * len(GAPS))
    for row, background in enumerate(backgrounds):
        at = (len(background) - len(staying)) // 2 if start is None else start
        letters, wild = background.letters, model.one(background.letters)
        stay = (at, model.second)
        assert found.stayed[row] == model.one(put(letters, stay)) - wild
        for column, gap in enumerate(GAPS):
            for order, place in enumerate((at - gap - len(moving), at + len(staying) + gap)):
                move = (place, model.first)
                assert found.moved[row, order, column] == model.one(put(letters, move)) - wild
                assert found.both[row, order, column] == model.one(put(letters, stay, move)) - wild
    interaction = np.zeros((3, 2, len(GAPS)))
    interaction[:, 0, GAPS.index(17)] = 3.0
    np.testing.assert_array_equal(found.interaction, interaction)
    best = best_distance(found.gap, found.interaction[:, 0], np.random.default_rng(0))
    assert best == (17, 17, 17, 1.0)
    lines = {(line["order"], line["gap"]): line for line in found.rows()}
    assert len(lines) == 2 * len(GAPS)
    assert lines["before", 17]["interaction"] == lines["before", 17]["interaction_low"] == 3.0
    assert lines["behind", 17]["interaction"] == lines["before", 16]["interaction_high"] == 0.0
    assert lines["before", 17]["both"] == pytest.approx(6.5, abs=0.2)


def test_both_motifs_may_be_on_the_other_strand() -> None:
    model = Spaced(DNA)
    (background,) = backgrounds_of(DNA, [60])
    given = motif_of("TATAATG", DNA), motif_of("TTGACA", DNA)
    put_in_pairs(model, [background], *given, [5], 30, turned=(True, True))
    texts = [one.letters for one in model.asked]
    stay, before, behind = (30, "CATTATA"), (19, "TGTCAA"), (42, "TGTCAA")
    assert texts[:2] == [background.letters, put(background.letters, stay)]
    assert texts[2:4] == [put(background.letters, before), put(background.letters, stay, before)]
    assert texts[4:] == [put(background.letters, behind), put(background.letters, stay, behind)]


def test_distances_without_room_are_nan_and_short_backgrounds_are_counted() -> None:
    model = Spaced(DNA)
    backgrounds = backgrounds_of(DNA, [60, 60, 30, 49])
    given = motif_of("TATAATG", DNA), motif_of("TTGACA", DNA)
    found = put_in_pairs(model, backgrounds, *given, [0, 12, 30], 20)
    # before, the third would start at -16; behind, it ends at 63
    assert np.isfinite(found.both).all(0).tolist() == [[True, True, False], [True, True, False]]
    assert (found.no_room, found.both.shape) == (1, (3, 2, 3))
    assert found.rows()[2]["both"] is not None
    assert np.isnan(found.rows()[2]["both"])
    best = best_distance(found.gap, found.both[:, 0], np.random.default_rng(0))
    assert best.gap in (0, 12)


def test_the_best_distance_is_that_of_most_bootstrap_samples() -> None:
    rng = np.random.default_rng(1)
    gap, truth = np.arange(10, 20), np.array([0, 0, 0, 0, 0.6, 1.0, 0.9, 0, 0, 0])
    values = truth + rng.normal(0, 1.2, size=(40, 10))
    found = best_distance(gap, values, np.random.default_rng(0))
    assert found.gap == gap[values.mean(0).argmax()]
    draws = [gap[values[rng.integers(40, size=40)].mean(0).argmax()] for _ in range(4000)]
    assert found.share == pytest.approx(np.mean(np.equal(draws, found.gap)), abs=0.04)
    assert (found.low, found.high) == tuple(np.quantile(draws, [0.025, 0.975], method="inverted_cdf"))
    lowest = best_distance(gap, -values, np.random.default_rng(0), sign=-1)
    assert lowest == found


def test_intervals_of_the_best_distance_hold_it() -> None:
    truth, held = np.array([0, 0.2, 0.5, 0.3, 0]), 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        best = best_distance(np.arange(5), truth + rng.normal(0, 1, size=(30, 5)), rng)
        held += best.low <= 2 <= best.high
    assert held >= 90


def test_shuffles_keep_pairs_of_letters_of_each_sequence_as_often_as_of_others() -> None:
    sequences = backgrounds_of(DNA, [40, 30, 35])
    found = shuffled_backgrounds(sequences, 7, np.random.default_rng(0))
    ids = [one.id for one in found]
    assert sorted(ids.count(one.id) for one in sequences) == [2, 2, 3]
    by_id = {one.id: one.letters for one in sequences}
    for one in found:
        own = by_id[one.id]
        assert one.letters != own
        pairs = [sorted(text[i : i + 2] for i in range(len(text) - 1)) for text in (own, one.letters)]
        assert pairs[0] == pairs[1]
    (protein,) = backgrounds_of(PROTEIN, [50])
    (shuffled,) = shuffled_backgrounds([protein], 1, np.random.default_rng(0))
    assert sorted(shuffled.letters) == sorted(protein.letters)
    assert shuffled.letters != protein.letters
    assert shuffled_backgrounds([], 3, np.random.default_rng(0)) == []


def places(pattern: list[int], sequence: list[int], start: list[int], turned: list[bool]) -> Hits:
    ones, first = np.ones(len(start)), np.array(start, dtype=np.int64)
    numbers = np.array(pattern, dtype=np.int64), np.array(sequence, dtype=np.int64)
    return Hits(*numbers, first, first + 6, np.array(turned), ones, ones, ones, 0.05)


def test_the_usual_place_is_where_most_hits_start_on_one_strand() -> None:
    hits = places([0, 0, 0, 0, 1], [0, 1, 3, 3, 3], [7, 5, 5, 5, 9], [True, False, True, True, False])
    assert usual_place(hits, 0) == (5, True)
    assert usual_place(hits, 1) == (9, False)
    sequences = backgrounds_of(DNA, [20] * 5)
    assert without_hits(sequences, hits) == [sequences[2], sequences[4]]
    with pytest.raises(InputError, match="pattern 2 has no hits"):
        usual_place(hits, 2)


def test_what_cannot_be_put_in_is_refused() -> None:
    model, backgrounds = Spaced(DNA), backgrounds_of(DNA, [20, 12])
    first, second = motif_of("TTGACA", DNA), motif_of("TATAATG", DNA)
    with pytest.raises(InputError, match=r"2 backgrounds, the longest of 20 letters: expected .* 26, to"):
        put_in(model, backgrounds, first, np.array([3, 20]))
    with pytest.raises(InputError, match=r"0 backgrounds, the longest of 0 letters: expected .* 6, to"):
        put_in(model, [], first)
    with pytest.raises(InputError, match=r"places \[-1, 3\]: expected one or more, from 0 on"):
        put_in(model, backgrounds, first, np.array([-1, 3]))
    with pytest.raises(InputError, match="with room for motifs of 6 and 7 letters and 8 between them"):
        put_in_pairs(model, backgrounds, first, second, [8])
    with pytest.raises(InputError, match=r"distances \[\]: expected one or more, from 0 on"):
        put_in_pairs(model, backgrounds, first, second, [])
    with pytest.raises(InputError, match="starts at letter -2: expected 0 or more"):
        put_in_pairs(model, backgrounds, first, second, [1], -2)
    with pytest.raises(InputError, match="no distance between the motifs has room"):
        best_distance(np.arange(2), np.full((3, 2), np.nan), np.random.default_rng(0))
