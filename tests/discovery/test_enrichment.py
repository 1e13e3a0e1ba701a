"""Whether a head sits on known sites."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.data.sequences import DNA, Interval, Sequence
from relevome.data.sites import Site
from relevome.discovery.enrichment import (
    enrichments,
    on_factor,
    over_chance,
    placed_by_factor,
    without_overlap,
)
from relevome.discovery.windows import Windows
from relevome.models.base import Target
from relevome.results.attention_heads.consensus import Attended


def test_sites_are_placed_in_letters_of_windows_on_either_strand() -> None:
    intervals = [Interval("chr", 10, 20, "+"), Interval("chr", 30, 40, "-"), *[Interval("chr", 50, 60)] * 4]
    sequences = tuple(Sequence(f"w{i}", "A" * 10, DNA, one) for i, one in enumerate(intervals))
    known = {
        "chr": [Site(12, 15, "X", "+"), Site(31, 33, "X", "+"), Site(55, 58, "X", "-"), Site(1, 11, "Y")]
    }
    placed = placed_by_factor(Windows(sequences, Target(0, "t"), 5), known)
    assert placed == {
        "X": [(0, 2, 5), (1, 7, 9), *((row, 5, 8) for row in range(2, 6))],
        "Y": [(0, 0, 1)],
    }


def test_windows_that_share_letters_count_once() -> None:
    ends = [(0, 10), (5, 15), (10, 20), (0, 10)]
    intervals = [Interval("a", start, end) for start, end in ends[:3]] + [Interval("b", *ends[3]), None]
    assert without_overlap(intervals).tolist() == [True, False, True, True, True]


def test_a_stretch_touches_a_site_if_any_letter_does() -> None:
    shape, offsets = (2, 12), range(-2, 2)
    touched = on_factor([(0, 5, 7)], shape, offsets)
    for letter in range(12):
        expected = any(5 <= letter + offset < 7 for offset in offsets)
        assert touched[0, letter] == expected
    assert not touched[1].any()


def test_chance_is_that_of_shuffling_sites_at_every_distance() -> None:
    rng = np.random.default_rng(0)
    hits = rng.random((9, 4)) < [0.1, 0.5, 0.0, 0.9]
    chosen = Attended(np.array([0, 1, 2, 5, 7]), np.array([1, 1, 3, 0, 1]))
    found, expected, p = over_chance(hits, chosen)
    draws = []
    for _ in range(20_000):
        drawn = sum(
            hits[rng.permutation(9)[:count], letter].sum()
            for letter, count in zip(*np.unique(chosen.letters, return_counts=True), strict=True)
        )
        draws.append(drawn)
    assert found == hits[chosen.sites, chosen.letters].sum()
    assert expected == pytest.approx(np.mean(draws), abs=0.03)
    assert p == pytest.approx(np.mean(np.array(draws) >= found), abs=0.015)


def test_a_head_on_a_factor_is_found_and_one_at_its_distance_is_not() -> None:
    sites = np.arange(200)
    factor = [(row, 20, 30) for row in range(0, 200, 4)]
    placed = {"X": factor, "Y": [(row, 40, 45) for row in range(1, 200, 9)]}
    on_it = Attended(sites[::4], np.full(50, 25))
    at_its_distance = Attended(sites[:50], np.full(50, 25))
    found = enrichments([on_it, at_its_distance], [range(1), range(1)], placed, (200, 60))
    best = found[0][0]
    assert (best.factor, best.on_sites, best.attended) == ("X", 50, 50)
    assert best.expected == pytest.approx(12.5)
    assert best.q < 1e-10
    assert found[1][0].q > 0.5


def test_without_known_sites_nothing_is_found() -> None:
    nobody = Attended(np.array([], dtype=int), np.array([], dtype=int))
    assert enrichments([nobody], [range(1)], {}, (5, 9)) == [[]]
