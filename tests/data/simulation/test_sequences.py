"""Simulated sequences and the truth about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.stats import chisquare

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, PROTEIN, Alphabet
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import Grammar, Unit, motif_grammar, promoter_grammar, sites_grammar
from relevome.data.simulation.sequences import Simulated, SimulationPlan, simulate
from relevome.data.sites import Site
from relevome.errors import InputError

PROMOTER = promoter_grammar()
UNIFORM = Background.independent(DNA)


def exact(name: str, letters: str, alphabet: Alphabet = DNA) -> Motif:
    """A motif with one possible instance."""
    probabilities = np.array([[float(letter == other) for other in alphabet.letters] for letter in letters])
    return Motif(name, name, probabilities, alphabet)


# Motifs of letters that the background does not have: whatever is found was planted.
MARKED = motif_grammar([exact("x", "CGCCG"), exact("y", "GGGC")])
AT_ONLY = Background.with_gc(0.0)
PAIR = Grammar("pair", (Unit((exact("left", "CCG"), exact("right", "GCGC")), ({2: 0.5, 5: 0.5},)),))


def found(letters: str, word: str) -> list[int]:
    return [i for i in range(len(letters) - len(word) + 1) if letters[i : i + len(word)] == word]


def positives(items: list[Simulated]) -> list[Simulated]:
    return [item for item in items if item.label == 1]


def negatives(items: list[Simulated]) -> list[Simulated]:
    return [item for item in items if item.label == 0]


def gap(item: Simulated) -> int:
    left, right = item.sites
    return right.start - left.end


def pairs_in(letters: str) -> Counter[tuple[str, str]]:
    return Counter(pairwise(letters))


def test_the_truth_is_where_the_motifs_are_and_nowhere_else() -> None:
    for item in simulate(SimulationPlan(MARKED, 23, AT_ONLY, seed=1), 100, 0):
        letters = item.sequence.letters
        assert len(letters) == 23
        assert {(s.start, s.end, s.name) for s in item.sites} == {
            *((i, i + 5, "x") for i in found(letters, "CGCCG")),
            *((i, i + 4, "y") for i in found(letters, "GGGC")),
        }
        first, second = item.sites
        assert first.end <= second.start
        covered = {i for s in item.sites for i in range(s.start, s.end)}
        assert {i for i, letter in enumerate(letters) if letter in "GC"} == covered


def test_a_motif_is_planted_anywhere_with_equal_probability() -> None:
    plan = SimulationPlan(motif_grammar([exact("y", "GGGC")]), 13, AT_ONLY, seed=2)
    starts = Counter(item.sites[0].start for item in simulate(plan, 1000, 0))
    assert sorted(starts) == list(range(10))
    assert chisquare(list(starts.values())).pvalue > 1e-3


def test_a_unit_is_planted_anywhere_with_equal_probability_whatever_its_spacer() -> None:
    items = list(simulate(SimulationPlan(PAIR, 20, AT_ONLY, seed=3), 2000, 0))
    assert chisquare(list(Counter(map(gap, items)).values())).pvalue > 1e-3
    for spacer in (2, 5):
        starts = Counter(item.sites[0].start for item in items if gap(item) == spacer)
        assert sorted(starts) == list(range(20 - 7 - spacer + 1))
        assert chisquare(list(starts.values())).pvalue > 1e-3


def test_promoters_have_both_elements_at_an_allowed_distance() -> None:
    items = list(simulate(SimulationPlan(PROMOTER, 60, UNIFORM, seed=4), 2000, 0))
    assert {tuple((s.name, s.end - s.start) for s in item.sites) for item in items} == {
        (("-35", 6), ("-10", 6))
    }
    spacers = Counter(map(gap, items))
    (expected,) = PROMOTER.units[0].spacers
    assert set(spacers) == set(expected)
    assert chisquare([spacers[g] for g in expected], [2000 * p for p in expected.values()]).pvalue > 1e-3


@pytest.mark.parametrize("planted", [1, 2])
def test_each_positive_has_units_drawn_with_equal_probability(planted: int) -> None:
    plan = SimulationPlan(sites_grammar(planted), 80, Background.with_gc(0.5), seed=4, decoys=1)
    drawn = Counter(
        name for item in simulate(plan, 600, 0) for name in {site.name.split("-")[0] for site in item.sites}
    )
    assert drawn.keys() == {"CRP", "DnaA", "PhoB"}
    assert drawn.total() == 600 * planted
    # Six standard deviations of a binomial count.
    for count in drawn.values():
        assert abs(count - 200 * planted) < 6 * (600 * planted / 3 * (1 - planted / 3)) ** 0.5


def test_planted_elements_have_the_frequencies_of_their_motifs() -> None:
    items = list(simulate(SimulationPlan(PROMOTER, 60, UNIFORM, seed=5), 2000, 0))
    for number, motif in enumerate(PROMOTER.units[0].motifs):
        planted = [item.sequence.letters[(s := item.sites[number]).start : s.end] for item in items]
        for column, probabilities in zip(zip(*planted, strict=True), motif.probabilities, strict=True):
            counts = np.array([column.count(letter) for letter in "ACGT"])
            possible = probabilities > 0
            assert counts[~possible].sum() == 0
            assert chisquare(counts[possible], 2000 * probabilities[possible]).pvalue > 1e-4


@pytest.mark.parametrize("position", [31, 44, 60])
def test_at_a_fixed_position_the_last_element_ends_there(position: int) -> None:
    items = list(simulate(SimulationPlan(PROMOTER, 60, UNIFORM, seed=6, position=position), 40, 0))
    assert {item.sites[-1].end for item in items} == {position}
    assert len({item.sites[0].start for item in items}) > 1


@pytest.mark.parametrize("decoys", [0, 2])
@pytest.mark.parametrize("position", [None, 50])
def test_negatives_have_every_pair_of_letters_of_their_positive(decoys: int, position: int | None) -> None:
    items = list(simulate(SimulationPlan(PROMOTER, 70, Background.with_gc(0.4), 7, decoys, position), 30, 30))
    for positive, negative in zip(positives(items), negatives(items), strict=True):
        assert pairs_in(negative.sequence.letters) == pairs_in(positive.sequence.letters)
        assert negative.sequence.letters != positive.sequence.letters
        assert negative.source == positive.source
        assert negative.sites == ()
        for site in positive.sites:
            there = slice(site.start, site.end)
            assert negative.sequence.letters[there] != positive.sequence.letters[there]


def test_negatives_of_proteins_have_every_letter_of_their_positive() -> None:
    grammar = motif_grammar([exact("zinc", "CHCW", PROTEIN)])
    items = list(simulate(SimulationPlan(grammar, 40, Background.independent(PROTEIN), 8, decoys=1), 20, 20))
    for positive, negative in zip(positives(items), negatives(items), strict=True):
        assert Counter(negative.sequence.letters) == Counter(positive.sequence.letters)
        (decoy,) = negative.decoys
        assert Counter(negative.sequence.letters[decoy.start : decoy.end]) == Counter("CHCW")


@pytest.mark.parametrize("decoys", [1, 3])
def test_every_sequence_has_its_decoys_beside_the_truth(decoys: int) -> None:
    for item in simulate(SimulationPlan(PAIR, 60, AT_ONLY, seed=9, decoys=decoys), 60, 60):
        assert len(item.decoys) == decoys
        every = sorted(item.sites + item.decoys, key=lambda site: site.start)
        assert all(a.end <= b.start for a, b in pairwise(every))
        for decoy in item.decoys:
            planted = item.sequence.letters[decoy.start : decoy.end]
            assert planted == {"left": "CCG", "right": "GCGC"}[decoy.name]
    assert {item.label for item in simulate(SimulationPlan(PAIR, 60, AT_ONLY, 9, decoys), 1, 1)} == {0, 1}


def test_no_decoy_makes_up_a_unit() -> None:
    # Crowded, so that most places would: 3 decoys in 45 letters beside a unit of up to 12.
    for item in simulate(SimulationPlan(PAIR, 45, AT_ONLY, seed=10, decoys=3), 150, 150):
        for one, other in combinations(item.sites + item.decoys, 2):
            left, right = sorted((one, other), key=lambda site: site.start)
            complete = (left.name, right.name) == ("left", "right") and right.start - left.end in (2, 5)
            assert complete == ({one, other} == set(item.sites))


def test_decoys_of_single_motifs_are_shuffled_and_the_same_in_all_sequences() -> None:
    grammar = motif_grammar([exact("x", "CCGGA")])
    items = list(simulate(SimulationPlan(grammar, 30, Background.with_gc(0.5), seed=11, decoys=2), 20, 20))
    words = {item.sequence.letters[d.start : d.end] for item in items for d in item.decoys}
    assert len(words) == 1
    assert sorted(words.pop()) == sorted("CCGGA")
    assert {d.name for item in items for d in item.decoys} == {"x_shuffled"}


@pytest.mark.parametrize(
    ("number", "sources"),
    [(4, [0, 1, 2, 3]), (2, [0, 2]), (7, [0, 0, 1, 1, 2, 2, 3]), (3, [0, 1, 2]), (0, [])],
)
def test_negatives_are_spread_evenly_over_positives(number: int, sources: list[int]) -> None:
    items = list(simulate(SimulationPlan(PROMOTER, 50, UNIFORM, seed=12), 4, number))
    assert [item.source for item in positives(items)] == [0, 1, 2, 3]
    assert [item.source for item in negatives(items)] == sources
    assert [item.sequence.id for item in negatives(items)] == [f"negative_{i + 1}" for i in range(number)]
    assert len({item.sequence.letters for item in items}) == 4 + number


def test_the_same_seed_gives_the_same_sequences_however_many_are_asked_for() -> None:
    few = list(simulate(SimulationPlan(PROMOTER, 50, UNIFORM, seed=13, decoys=1), 3, 3))
    many = list(simulate(SimulationPlan(PROMOTER, 50, UNIFORM, seed=13, decoys=1), 6, 6))
    other = list(simulate(SimulationPlan(PROMOTER, 50, UNIFORM, seed=14, decoys=1), 3, 3))
    assert few == many[:6]
    assert all(a.sequence.letters != b.sequence.letters for a, b in zip(few, other, strict=True))


def test_sequences_come_one_at_a_time() -> None:
    first = next(simulate(SimulationPlan(PROMOTER, 50, UNIFORM, seed=15), 10**12, 10**12))
    assert first.sites == tuple(sorted(first.sites, key=lambda s: s.start))
    assert isinstance(first.sites[0], Site)


def plan_of(**changed: object) -> Callable[[], SimulationPlan]:
    arguments = {"grammar": PROMOTER, "length": 60, "background": UNIFORM, "seed": 0} | changed
    return lambda: SimulationPlan(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (plan_of(length=30), "length 30: expected 31 or more for all motifs and decoys"),
        (plan_of(length=48, decoys=3), "length 48: expected 49 or more for all motifs and decoys"),
        (
            plan_of(position=30),
            "position 30: expected the end of the last motif, between 31 and the length 60",
        ),
        (
            plan_of(position=61),
            "position 61: expected the end of the last motif, between 31 and the length 60",
        ),
        (plan_of(grammar=MARKED, position=20), "position 20 for 2 motifs: expected one, or no position"),
        (plan_of(seed=-1), "seed -1 and 0 decoys: expected whole numbers from 0 on"),
        (plan_of(decoys=-1), "seed 0 and -1 decoys: expected whole numbers from 0 on"),
        (
            plan_of(background=Background.independent(PROTEIN)),
            "motifs of dna in a background of protein: expected the same alphabet",
        ),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(plan: Callable[[], SimulationPlan], message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan()


def test_numbers_of_sequences_are_checked() -> None:
    with pytest.raises(InputError, match="0 positives and 3 negatives: expected at least 1 and 0"):
        next(simulate(plan_of()(), 0, 3))


def test_too_little_room_is_an_error_and_no_endless_search() -> None:
    # Seven decoys could be laid out beside a promoter, end to end, but not so that none pairs up.
    with pytest.raises(
        InputError, match="no room for all motifs and decoys in 73 letters: give a larger length"
    ):
        list(simulate(SimulationPlan(PROMOTER, 73, UNIFORM, seed=1, decoys=7), 50, 0))


def test_a_positive_that_no_shuffle_changes_has_no_negative() -> None:
    plan = SimulationPlan(
        motif_grammar([exact("a", "AAAA")]), 9, Background.independent(DNA, np.array([1.0, 0, 0, 0])), 0
    )
    with pytest.raises(InputError, match="positive_1 cannot be shuffled without its motifs"):
        list(simulate(plan, 1, 1))
