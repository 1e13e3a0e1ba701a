"""What grammars with logic ask of every site, against brute force and by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from statistics import fmean

import numpy as np
import pytest

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA
from relevome.data.simulation.grammar import consensus
from relevome.data.simulation.logic import (
    DECOY,
    SITE,
    STATES,
    WEAK,
    LogicGrammar,
    leaving_out,
    shapley,
    weakened,
)
from relevome.data.sites import Site
from relevome.errors import InputError

A, B = consensus("A", "TTATCCACA"), consensus("B", "CTGTCATAAAT")


def at(name: str, start: int, kind: str = SITE) -> Site:
    return Site(start, start + (9 if name == "A" else 11), name, "+", kind)


def over_all_orders(value: Callable[[Sequence[Site]], float], sites: Sequence[Site]) -> list[float]:
    """What each site adds when it comes, in the mean over all orders of coming: Shapley's own definition."""
    gains: dict[int, list[float]] = {i: [] for i in range(len(sites))}
    for order in permutations(range(len(sites))):
        for place, i in enumerate(order):
            before = [sites[j] for j in order[:place]]
            gains[i].append(value([*before, sites[i]]) - value(before))
    return [fmean(gains[i]) for i in range(len(sites))]


@pytest.mark.parametrize(
    ("name", "sites", "effects", "lost"),
    [
        ("and", [at("A", 0), at("B", 20)], [0.5, 0.5], [1, 1]),
        ("and", [at("A", 0)], [0], [0]),
        ("or", [at("A", 0), at("B", 20)], [0.5, 0.5], [0, 0]),  # each can do without the other
        ("or", [at("B", 20)], [1], [1]),
        ("not", [at("A", 0)], [1], [1]),
        ("not", [at("A", 0), at("B", 20)], [0.5, -0.5], [0, -1]),
        ("not", [at("B", 20)], [0], [0]),
        ("spacing", [at("A", 0), at("B", 17)], [0.5, 0.5], [1, 1]),
        ("spacing", [at("A", 0), at("B", 16)], [0, 0], [0, 0]),
        ("spacing", [at("A", 0), at("B", 22)], [0, 0], [0, 0]),
        ("spacing", [at("B", 0), at("A", 20)], [0, 0], [0, 0]),  # the wrong one is first
        ("strength", [at("A", 0), at("A", 10, WEAK), at("B", 20)], [1, 0.5, 1], [1, 0.5, 1]),
    ],
)
def test_effects_by_hand(name: str, sites: list[Site], effects: list[float], lost: list[float]) -> None:
    grammar = LogicGrammar(name, (A, B))
    assert shapley(grammar.value, sites) == effects
    assert leaving_out(grammar.value, sites) == lost
    assert sum(effects) == grammar.value(sites) - grammar.value([])
    decoy = Site(60, 69, "A_shuffled", "+", DECOY)
    assert [one.effect for one in grammar.with_effects([*sites, decoy])] == [*effects, 0]


def test_shapley_values_are_means_over_all_orders() -> None:
    rng = np.random.default_rng(5)
    sites = [at("A", 20 * i) for i in range(5)]
    table = {i: float(x) for i, x in enumerate(rng.normal(size=32))}

    def value(some: Sequence[Site]) -> float:
        return table[sum(1 << (site.start // 20) for site in some)]

    np.testing.assert_allclose(shapley(value, sites), over_all_orders(value, sites), atol=1e-10)
    three = [at("A", 0), at("B", 20), at("A", 40)]
    for name in ("and", "or", "not"):
        found = LogicGrammar(name, (A, B)).value
        np.testing.assert_allclose(shapley(found, three), over_all_orders(found, three), atol=1e-10)


@pytest.mark.parametrize("name", STATES)
def test_shares_of_the_states_of_a_class_sum_to_one(name: str) -> None:
    for grammar in (LogicGrammar(name, (A, B)), LogicGrammar(name, (A, B), spacing=range(3))):
        for positive in (True, False):
            shares = [one.share for one in grammar.states if one.positive == positive]
            assert sum(shares) == pytest.approx(1)


def test_distances_that_are_wrong_lie_beside_the_range() -> None:
    inside, closer, farther = (LogicGrammar("spacing", (A, B)).gaps(one) for one in STATES["spacing"])
    assert (inside, closer, farther) == (range(8, 13), range(3, 8), range(13, 18))
    near = LogicGrammar("spacing", (A, B), range(2, 7))
    assert [list(near.gaps(one)) for one in near.states] == [[*range(2, 7)], [0, 1], [*range(7, 12)]]
    assert [one.name for one in LogicGrammar("spacing", (A, B), range(3)).states] == ["in range", "farther"]


def test_a_weak_site_does_not_keep_to_two_clear_positions() -> None:
    weak = weakened(A, np.random.default_rng(0))
    changed = np.flatnonzero(np.abs(weak.probabilities - A.probabilities).max(1) > 1e-9)
    assert len(changed) == 2
    for place in changed:
        best = A.probabilities[place].argmax()
        np.testing.assert_allclose(np.delete(weak.probabilities[place], best), 1 / 3)
    assert weak.name == A.name
    rows = np.array([[1.0, 0, 0, 0], [0.25] * 4, [0, 1.0, 0, 0]])
    found = weakened(Motif("x", "x", rows, DNA), np.random.default_rng(1))
    np.testing.assert_allclose(found.probabilities[1], 0.25)  # a place where any letter does is not clear
    with pytest.raises(InputError, match="no clear positions"):
        weakened(Motif("x", "x", np.full((3, 4), 0.25), DNA), np.random.default_rng(1))


@pytest.mark.parametrize(
    ("name", "motifs", "options", "said"),
    [
        ("xor", (A, B), {}, "unknown logic 'xor'"),
        ("and", (A,), {}, "1 motif for --grammar and: expected two"),
        ("strength", (), {}, "0 motifs for --grammar strength: expected one or more"),
        ("and", (A, A), {}, "the same name"),
        ("spacing", (A, B), {"spacing": range(5, 5)}, "expected distances from 0 on"),
        ("spacing", (A, B), {"spacing": range(-1, 5)}, "expected distances from 0 on"),
        ("strength", (A, B), {"most": 9}, "9 sites of one sequence: expected 1 to 8"),
    ],
)
def test_grammars_that_cannot_be_are_refused(
    name: str, motifs: tuple[Motif, ...], options: dict[str, range | int], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        LogicGrammar(name, motifs, **options)  # pyright: ignore[reportArgumentType]
