"""What seqlets have in common."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import power_divergence

from relevome.data.sequences import DNA, Sequence
from relevome.discovery.motifs import alignment
from relevome.discovery.motifs.alignment import align, turn
from relevome.discovery.motifs.clustering import chance_similarity, clusters
from relevome.discovery.motifs.maps import LetterMaps, complement_codes
from relevome.discovery.motifs.patterns import SeqletPattern, pattern_at, tells
from relevome.discovery.motifs.stability import recurring, similarities
from relevome.discovery.motifs.windows import Spots

COMPLEMENTS = np.array([3, 2, 1, 0])


def cosine_by_hand(a: np.ndarray, b: np.ndarray, shift: int) -> float:
    """Of ``a`` and of ``b`` moved to the right, over all places of both."""
    total = sum(float(a[i] @ b[i - shift]) for i in range(len(a)) if 0 <= i - shift < len(b))
    return total / float(np.linalg.norm(a) * np.linalg.norm(b))


@pytest.mark.parametrize("at_a_time", [(256, 2048), (2, 3)])
@pytest.mark.parametrize("strands", [None, COMPLEMENTS])
def test_the_best_of_all_shifts_and_strands_is_found(
    strands: np.ndarray | None, at_a_time: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in zip(("_ROWS", "_COLUMNS"), at_a_time, strict=True):
        monkeypatch.setattr(alignment, name, size)
    rng = np.random.default_rng(0)
    ours, others = rng.normal(size=(5, 9, 4)), rng.normal(size=(4, 9, 4))
    found = align(ours, others, 3, strands)
    for i, a in enumerate(ours):
        for j, b in enumerate(others):
            every = {(shift, False): cosine_by_hand(a, b, shift) for shift in range(-3, 4)}
            if strands is not None:
                turned = b[::-1][:, strands]
                every |= {(shift, True): cosine_by_hand(a, turned, shift) for shift in range(-3, 4)}
            best = max(every, key=lambda key: every[key])
            assert found.similarity[i, j] == pytest.approx(every[best], abs=1e-6)
            assert (found.shift[i, j], found.turned[i, j]) == best


def test_of_equal_shifts_the_least_comes_first_and_the_strand_as_it_is() -> None:
    """A, and AnA, TnT or TnA: the same at two shifts, on the other strand alone, and on either."""
    ours, others = np.zeros((1, 7, 4)), np.zeros((3, 7, 4))
    ours[0, 3, 0] = 1
    for row, letters in enumerate(("AnA", "TnT", "TnA")):
        for place, letter in enumerate(letters):
            if letter != "n":
                others[row, 2 + place, "ACGT".index(letter)] = 1
    found = align(ours, others, 2, COMPLEMENTS)
    np.testing.assert_allclose(found.similarity, np.full((1, 3), np.sqrt(0.5)), atol=1e-6)
    assert found.shift.tolist() == [[-1, -1, -1]]
    assert found.turned.tolist() == [[False, True, False]]


def test_a_window_of_nothing_is_like_nothing() -> None:
    windows = np.zeros((2, 5, 4))
    windows[0, 2, 1] = 1
    np.testing.assert_array_equal(align(windows, windows, 2, COMPLEMENTS).similarity, [[1, 0], [0, 0]])


def test_groups_are_alike_on_average() -> None:
    similarity = np.full((7, 7), 0.1)
    similarity[:3, :3], similarity[3:5, 3:5] = 0.8, 0.6
    np.fill_diagonal(similarity, 1)
    assert [one.tolist() for one in clusters(similarity, 0.5)] == [[0, 1, 2], [3, 4], [5], [6]]
    assert [one.tolist() for one in clusters(similarity, 0.7)] == [[0, 1, 2], [3], [4], [5], [6]]
    assert [one.tolist() for one in clusters(similarity[:1, :1], 0.5)] == [[0]]
    assert clusters(similarity[:0, :0], 0.5) == []


def test_chance_is_what_other_orders_give() -> None:
    rng = np.random.default_rng(0)
    windows = np.zeros((60, 12, 4), dtype=np.float32)
    windows[:, np.arange(3, 9), [0, 1, 2, 3, 0, 2]] = rng.uniform(0.5, 1, size=(60, 6))
    alike = align(windows, windows, 4, COMPLEMENTS).similarity
    by_chance = chance_similarity(windows, 4, COMPLEMENTS, rng)
    assert alike.min() > 0.9
    assert np.quantile(alike, 0.01) > 0.9
    # most orders of six letters are another, and one order in 180 is the same
    assert 0.7 < by_chance < 1
    same = np.zeros_like(windows)
    same[:, 3:9, 0] = 1.0
    assert chance_similarity(same, 4, None, rng) == pytest.approx(1)


def test_places_tell_by_information_and_by_the_likelihood_ratio() -> None:
    rng = np.random.default_rng(0)
    background = np.array([0.3, 0.2, 0.2, 0.3])
    counts = np.stack([rng.multinomial(40, p) for p in rng.dirichlet(np.ones(4) * 2, 60)]).astype(float)
    found = tells(counts, background)
    assert 5 < found.sum() < 55
    for row, one in zip(counts, found, strict=True):
        shares = row[row > 0] / 40
        bits = float((shares * np.log2(shares / background[row > 0])).sum())
        p = power_divergence(row, 40 * background, lambda_="log-likelihood").pvalue
        assert one == (bits >= 0.2 and p * 60 < 0.01)


def planted(turned: bool) -> tuple[LetterMaps, Spots]:
    """30 sequences with GATTAC at letter 7, or on the other strand, each letter with relevance of its own."""
    rng = np.random.default_rng(1)
    letters = ["".join(rng.choice(list("ACGT"), 20)) for _ in range(30)]
    sequences = [Sequence(f"s{i}", one[:7] + "GATTAC" + one[13:], DNA) for i, one in enumerate(letters)]
    values = [np.concatenate([np.zeros(7), np.arange(1.0, 7), np.zeros(7)]) for _ in sequences]
    if turned:
        sequences = [one.reverse_complement() for one in sequences]
        values = [one[::-1].copy() for one in values]
    maps = LetterMaps.of(sequences, values)
    centre = maps.bounds[:-1] + (20 - 10 if turned else 10)
    return maps, Spots(centre, np.arange(30), np.full(30, turned))


@pytest.mark.parametrize("turned", [False, True])
def test_a_pattern_is_cut_to_its_letters_on_its_strand(turned: bool) -> None:
    maps, spots = planted(turned)
    found = pattern_at(maps, spots, 1, 8, np.full(4, 0.25))
    assert found is not None
    assert found.motif("found").consensus == "GATTAC"
    assert found.counts.max(1).tolist() == [30] * 6
    assert found.contributions.sum(1).tolist() == [1, 2, 3, 4, 5, 6]
    assert found.start.tolist() == [7] * 30
    assert found.seqlets == 30
    np.testing.assert_allclose((found.shape**2).sum(), 1)
    np.testing.assert_allclose(found.shape.max(1) ** 2, np.arange(1, 7) / 21)


def test_letters_of_the_background_are_no_pattern() -> None:
    maps, spots = planted(False)
    elsewhere = Spots(spots.centre + 7, spots.sequence, spots.turned)
    assert pattern_at(maps, elsewhere, 1, 3, np.full(4, 0.25)) is None


@pytest.mark.parametrize(("beside", "wide"), [(0.25, 8), (0.4, 6)])
def test_a_pattern_goes_on_over_letters_unlike_those_beyond(beside: float, wide: int) -> None:
    """A place on either side has G in 40%, a tenth of a bit, which is something if others do not have it."""
    rng = np.random.default_rng(2)
    common = np.r_[np.full(2, (1 - beside) / 3), beside, (1 - beside) / 3]
    weak = np.array([0.2, 0.2, 0.4, 0.2])
    draw = lambda shares, size: "".join(rng.choice(list("ACGT"), size, p=shares))  # noqa: E731
    rows = [draw(common, 9) + draw(weak, 1) + "GATTAC" + draw(weak, 1) + draw(common, 9) for _ in range(600)]
    maps = LetterMaps.of([Sequence(f"s{i}", one, DNA) for i, one in enumerate(rows)], [np.ones(26)] * 600)
    spots = Spots(maps.bounds[:-1] + 13, np.arange(600), np.zeros(600, dtype=bool))
    found = pattern_at(maps, spots, 1, 13, np.full(4, 0.25))
    assert found is not None
    assert len(found) == wide
    assert "GATTAC" in found.motif("found").consensus
    if wide == 8:
        assert found.motif("found").information_content()[[0, -1]].max() < 0.2


def pattern(letters: str, sign: int = 1, noise: float = 0.0, seed: int = 0) -> SeqletPattern:
    """One whose letters contribute 1 each, and all noise."""
    rng = np.random.default_rng(seed)
    rows = np.array([[float(one == letter) for one in "ACGT"] for letter in letters])
    values = sign * (rows + noise * rng.random(rows.shape))
    none = np.zeros(9, dtype=np.int64)
    return SeqletPattern(DNA, sign, 9 * rows, values, none, none, none.astype(bool))


def turned(one: SeqletPattern) -> SeqletPattern:
    complements = complement_codes(DNA)
    assert complements is not None
    counts, values = (turn(x[None], complements)[0] for x in (one.counts, one.contributions))
    return SeqletPattern(DNA, one.sign, counts, values, one.sequence, one.start, one.turned)


def test_the_same_patterns_of_several_runs_come_together() -> None:
    gata, box, low = "AGATAAG", "TTATCCACA", "TGTGAC"
    first = [pattern(gata), pattern(box), pattern(low, -1)]
    second = [turned(pattern(box[:-1], noise=0.02)), pattern("C" + gata, noise=0.02, seed=1)]
    third = [pattern("GGGCGGGG"), pattern(gata, -1), pattern(box, noise=0.02, seed=2)]
    found = recurring([first, second, third])
    assert [(one.members, one.runs) for one in found] == [
        (((0, 1), (1, 0), (2, 2)), 3),
        (((0, 0), (1, 1)), 2),
        (((0, 2),), 1),
        (((2, 0),), 1),
        (((2, 1),), 1),
    ]
    assert 0.85 < found[0].similarity < 1
    assert found[-1].similarity == 1
    # one strand alone
    assert [one.runs for one in recurring([first, second, third], both_strands=False)][:2] == [2, 2]


def test_two_pieces_of_one_run_are_one_run() -> None:
    found = recurring([[pattern("AGATAAG"), pattern("AGATAAG", noise=0.01)]])
    assert [(one.members, one.runs) for one in found] == [(((0, 0), (0, 1)), 1)]
    assert recurring([]) == []
    assert recurring([[], []]) == []


def test_similarity_is_the_cosine_of_roots() -> None:
    one, other = pattern("ACGT", noise=0.3), pattern("CGTA", noise=0.3, seed=1)
    found = similarities([one, other], both_strands=False)
    every = [cosine_by_hand(one.shape, other.shape, shift) for shift in range(-3, 4)]
    assert found[0, 1] == pytest.approx(max(every), abs=1e-6)
    assert found[0, 1] == pytest.approx(found[1, 0], abs=1e-6)
