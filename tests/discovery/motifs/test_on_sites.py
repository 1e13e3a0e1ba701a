"""Places on known sites, against all that chance could have done."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from relevome.data.sequences import DNA, Interval, Sequence
from relevome.data.sites import Site
from relevome.discovery.motifs.hits import Hits
from relevome.discovery.motifs.on_sites import adjusted, on_known_sites, place_sites

WIDTH = 3


def places(*rows: tuple[int, int, int]) -> Hits:
    """Hits by pattern, sequence and start."""
    pattern, sequence, start = np.array(rows).T
    ones = np.ones(len(rows))
    return Hits(
        pattern, sequence, start, start + WIDTH, np.zeros(len(rows), dtype=bool), ones, ones, ones, 0.05
    )


def sequences(*lengths: int) -> list[Sequence]:
    return [Sequence(f"s{i}", "A" * length, DNA) for i, length in enumerate(lengths)]


def sites(**starts: list[int]) -> dict[str, list[Site]]:
    """Of two letters each, all of one name."""
    return {id: [Site(start, start + 2, "box") for start in some] for id, some in starts.items()}


def touching(start: int, some: list[int]) -> bool:
    return any(start < at + 2 and at < start + WIDTH for at in some)


def test_of_unlike_sequences_every_place_is_put_anywhere_in_its_own() -> None:
    known = {"s0": [0, 4], "s1": [1], "s2": [3, 9, 7]}
    hits = places((0, 0, 3), (0, 1, 5), (0, 2, 7), (0, 2, 2))
    placed = place_sites(sequences(9, 10, 13), sites(**known))
    (found,) = on_known_sites(hits, ["m"], placed)
    by_hand = [
        sum(touching(at, known[id]) for at, id in zip(starts, ("s0", "s1", "s2", "s2"), strict=True))
        for starts in product(range(7), range(8), range(11), range(11))
    ]
    assert (found.motif, found.sites, found.hits, found.null) == ("m", "box", 4, "moved")
    assert (found.on_sites, found.known, found.found) == (3, 6, 4)
    assert found.expected == pytest.approx(np.mean(by_hand))
    assert found.p == found.q == pytest.approx(np.mean(np.array(by_hand) >= 3))


def test_of_sequences_of_one_length_it_is_the_same_letter_of_any() -> None:
    """What always lies at one distance, as a box before a start, is worth nothing by that."""
    many = sequences(*[12] * 8)
    everywhere = place_sites(many, sites(**{f"s{i}": [4] for i in range(8)}))
    (found,) = on_known_sites(places(*((0, i, 4) for i in range(6))), ["m"], everywhere)
    assert (found.on_sites, found.expected, found.p, found.null) == (6, 6.0, 1.0, "position")
    some = place_sites(many, sites(**{f"s{i}": [4] for i in range(5)}))
    (found,) = on_known_sites(places(*((0, i, 4) for i in range(5))), ["m"], some)
    # five of eight sequences, and these very ones
    assert found.p == pytest.approx(1 / 56)
    assert found.expected == pytest.approx(25 / 8)


def test_sites_of_few_names_are_counted_and_not_tested() -> None:
    known = {"s0": [Site(0, 2, "rare")], "s1": [Site(i, i + 1, "often") for i in range(5)]}
    placed = place_sites(sequences(9, 10), known)
    assert (list(placed.places), placed.rare) == (["often"], 1)


def test_sequences_that_overlap_an_earlier_one_do_not_count() -> None:
    rows = [
        Sequence(id, "A" * 10, DNA, Interval("c", start, start + 10, strand))
        for id, start, strand in (("a", 5, "+"), ("b", 0, "-"), ("c", 30, "+"))
    ]
    placed = place_sites(rows, {"c": [Site(at, at + 1, "box") for at in (1, 6, 8, 31, 32, 33)]})
    assert placed.kept.tolist() == [1, 2]
    # b is turned, so that letters 1, 6 and 8 of the chromosome are its letters 8, 3 and 1
    assert placed.places["box"] == [(0, 8, 9), (0, 3, 4), (0, 1, 2), (1, 1, 2), (1, 2, 3), (1, 3, 4)]
    (found,) = on_known_sites(places((0, 0, 0), (0, 2, 6)), ["m"], placed)
    assert (found.hits, found.on_sites, found.known, found.found) == (1, 0, 6, 0)


def test_rates_are_over_all_motifs_and_names() -> None:
    placed = place_sites(sequences(40, 41), sites(s0=[1, 3, 5], s1=[30, 33]))
    found = on_known_sites(places((0, 0, 2), (1, 1, 3)), ["a", "b"], placed)
    rows = adjusted(found)
    assert [one.motif for one in rows] == ["a", "b"]
    assert rows[0].q == pytest.approx(min(2 * rows[0].p, rows[1].p))
    assert adjusted([]) == []


def test_a_pattern_without_places_is_not_tested() -> None:
    placed = place_sites(sequences(40, 41), sites(s0=[1, 3, 5], s1=[30, 33]))
    assert [one.motif for one in on_known_sites(places((1, 0, 2)), ["a", "b"], placed)] == ["b"]
