"""Where motifs fit best."""

from __future__ import annotations

import numpy as np

from relevome.data.motif_matches import best_match, best_match_on_either_strand
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, Sequence
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import Unit, promoter_grammar, sites_grammar
from relevome.data.simulation.sequences import SimulationPlan, simulate
from relevome.data.sites import Site


def exact(name: str, letters: str) -> Motif:
    return Motif(name, name, np.array([[float(a == b) for b in DNA.letters] for a in letters]), DNA)


PAIR = Unit((exact("left", "CCG"), exact("right", "GCGC")), ({2: 0.7, 5: 0.3},))


def dna(letters: str) -> Sequence:
    return Sequence("s", letters, DNA)


def test_both_motifs_are_found_at_the_spacer_that_they_have() -> None:
    assert best_match(PAIR, dna("AACCGTTATAGCGCAA")) == [Site(2, 5, "left", "+"), Site(10, 14, "right", "+")]
    assert best_match(PAIR, dna("AACCGTTGCGCAAAAA")) == [Site(2, 5, "left", "+"), Site(7, 11, "right", "+")]


def test_of_two_equal_matches_the_more_likely_spacer_wins() -> None:
    near, far = "CCGAAGCGC", "CCGAAAAAGCGC"
    assert best_match(PAIR, dna(f"{near}AAAA{far}"))[0].start == 0
    assert best_match(PAIR, dna(f"{far}AAAA{near}"))[0].start == len(far) + 4


def test_only_places_that_are_allowed_are_looked_at() -> None:
    letters = "CCGAAGCGCAAAAAAACCGAAAAAGCGC"
    assert [site.start for site in best_match(PAIR, dna(letters), ends=range(20, 29))] == [16, 24]


def test_a_sequence_that_is_too_short_has_no_match() -> None:
    assert best_match(PAIR, dna("CCGGCGC")) == []
    assert best_match_on_either_strand(exact("long", "ACGTACGT"), dna("ACGT")) == []


def test_unknown_letters_fit_nowhere() -> None:
    assert best_match(Unit((exact("x", "GGG"),)), dna("NGGAAAAAA"))[0].start > 0
    assert best_match(Unit((exact("x", "GGG"),)), dna("NNNN")) == []


def test_a_match_on_the_other_strand_is_given_in_letters_of_this_one() -> None:
    motif = exact("m", "AACCG")
    assert best_match_on_either_strand(motif, dna("TTTTAACCGTTT")) == [Site(4, 9, "m", "+")]
    assert best_match_on_either_strand(motif, dna("TTTCGGTTTTTT")) == [Site(3, 8, "m", "-")]


def test_planted_sites_are_found_again() -> None:
    plan = SimulationPlan(sites_grammar(), 100, Background.with_gc(0.5), seed=3)
    kinds = {unit.motifs[0].name: unit for unit in plan.grammar.units}
    planted = list(simulate(plan, 60, 0))
    found = [tuple(best_match(kinds[item.sites[0].name], item.sequence)) == item.sites for item in planted]
    assert np.mean(found) > 0.9


def test_boxes_of_promoters_are_found_again_near_where_they_belong() -> None:
    plan = SimulationPlan(promoter_grammar(), 80, Background.with_gc(0.5), seed=3, position=70)
    (unit,) = plan.grammar.units
    found = [
        best_match(unit, item.sequence, ends=range(68, 73))[1] == item.sites[1]
        for item in simulate(plan, 60, 0)
    ]
    assert np.mean(found) > 0.8
