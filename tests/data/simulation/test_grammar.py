"""What is planted."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, PROTEIN, Alphabet
from relevome.data.simulation.grammar import Grammar, Unit, motif_grammar, promoter_grammar, sites_grammar
from relevome.errors import InputError


def motif(name: str, width: int = 3, alphabet: Alphabet = DNA) -> Motif:
    size = len(alphabet.letters)
    return Motif(name, name, np.full((width, size), 1 / size), alphabet)


def test_promoters_have_the_published_base_frequencies() -> None:
    # Percentages of the consensus bases, as quoted from Hawley & McClure (1983) in textbooks: an
    # oracle apart from the counts in the code. They were rounded by hand, so one or two are off by 1.
    quoted = {"-35": ("TTGACA", [82, 84, 78, 65, 54, 45]), "-10": ("TATAAT", [80, 95, 45, 60, 50, 96])}
    (unit,) = promoter_grammar().units
    assert [m.name for m in unit.motifs] == ["-35", "-10"]
    for m in unit.motifs:
        consensus, percent = quoted[m.name]
        assert m.consensus == consensus
        np.testing.assert_allclose(100 * m.probabilities.max(axis=1), percent, atol=1.5)


def test_promoters_have_a_spacer_of_15_to_19_most_often_17() -> None:
    (spacer,) = promoter_grammar().units[0].spacers
    assert sorted(spacer) == [15, 16, 17, 18, 19]
    assert max(spacer, key=lambda length: spacer[length]) == 17
    assert spacer[16] + spacer[17] + spacer[18] == pytest.approx(0.92)
    assert promoter_grammar().units[0].longest == 31


def test_a_grammar_of_motifs_has_each_on_its_own() -> None:
    grammar = motif_grammar([motif("a"), motif("b", 5)])
    assert [[m.name for m in unit.motifs] for unit in grammar.units] == [["a"], ["b"]]
    assert [unit.longest for unit in grammar.units] == [3, 5]
    assert grammar.alphabet == DNA


def test_sites_are_halves_at_their_distance_and_two_boxes() -> None:
    units = sites_grammar().units
    consensus = [[m.consensus for m in unit.motifs] for unit in units]
    assert consensus == [["AATGTGA", "TCACATT"], ["TTATCCACA"], ["CTGTCATAAAT"]]
    assert [[sorted(spacer) for spacer in unit.spacers] for unit in units] == [[[5, 6, 7]], [], []]
    for m in (m for unit in units for m in unit.motifs):
        np.testing.assert_allclose(m.probabilities.sum(axis=1), 1)
        np.testing.assert_allclose(m.probabilities.max(axis=1), 0.98)


def test_the_longest_positive_has_the_longest_of_the_units_that_it_gets() -> None:
    assert sites_grammar(1).longest == 21
    assert sites_grammar(2).longest == 21 + 11
    assert sites_grammar(None).longest == 21 + 11 + 9


@pytest.mark.parametrize("planted", [0, 4])
def test_a_positive_has_one_unit_or_more_and_no_more_than_there_are(planted: int) -> None:
    with pytest.raises(
        InputError, match=f"{planted} units of grammar 'sites' in every positive: expected 1 to 3"
    ):
        sites_grammar(planted)


@pytest.mark.parametrize(
    ("motifs", "spacers"),
    [([], []), (["a", "b"], []), (["a"], [{3: 1.0}]), (["a", "a"], [{3: 1.0}])],
    ids=["no motif", "no spacer", "too many spacers", "same name"],
)
def test_a_unit_has_a_spacer_between_every_two_motifs(
    motifs: list[str], spacers: list[dict[int, float]]
) -> None:
    with pytest.raises(InputError, match=r"unit of \[.*\] with \d spacers?: expected"):
        Unit(tuple(motif(name) for name in motifs), tuple(spacers))


@pytest.mark.parametrize("spacer", [{}, {3: 0.5}, {-1: 1.0}, {3: 1.5, 4: -0.5}])
def test_a_spacer_is_a_distribution_of_lengths(spacer: dict[int, float]) -> None:
    with pytest.raises(InputError, match="expected lengths from 0 on with probabilities that sum to 1"):
        Unit((motif("a"), motif("b")), (spacer,))


def test_a_grammar_has_motifs_of_one_alphabet() -> None:
    with pytest.raises(InputError, match="grammar 'meme': expected one motif or more, all of one alphabet"):
        motif_grammar([motif("a"), motif("b", alphabet=PROTEIN)])
    with pytest.raises(InputError, match="grammar 'x': expected one motif or more"):
        Grammar("x", ())
