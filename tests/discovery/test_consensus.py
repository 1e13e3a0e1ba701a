"""What a head looks for, from its attention and the letters alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA
from relevome.discovery.consensus import align, attended, consensus, unattended
from relevome.results.attention_heads.consensus import Attended, Consensus


def test_attended_is_what_exceeds_the_mean_at_its_distance() -> None:
    # the first letter gets most attention, but the same at every site
    weights = np.array([[0.8, 0.2, 0.0], [0.8, 0.0, 0.2], [0.8, 0.1, 0.1], [0.8, 0.1, 0.1]])
    found = attended(weights, share=0.5)
    assert (found.sites.tolist(), found.letters.tolist()) == ([0, 1], [1, 2])


def test_a_head_that_looks_alike_everywhere_attends_to_nothing() -> None:
    assert len(attended(np.tile(np.array([0.1, 0.6, 0.3], dtype=np.float32), (5, 1)))) == 0


def test_the_lower_half_is_unattended() -> None:
    weights = np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]])
    assert unattended(weights).tolist() == [[True, False], [True, False], [False, True], [False, True]]


def test_where_all_get_the_same_all_are_unattended() -> None:
    assert unattended(np.full((3, 1), 0.2)).all()


def test_what_only_lowers_a_logit_is_not_attended() -> None:
    # the first letter lowers it at every site, the second raises it at one
    weights = np.array([[-0.8, 0.1], [-0.1, 0.0], [-0.9, 0.0], [-0.7, -0.2]])
    found = attended(weights, share=1.0)
    assert (found.sites.tolist(), found.letters.tolist()) == ([0], [1])


def test_all_that_does_not_raise_a_logit_is_its_background() -> None:
    weights = np.array([[-0.5, 0.1], [0.0, 0.2], [0.4, 0.3], [-0.02, 0.4]])
    assert unattended(weights).T.tolist() == [[True, True, False, True], [True, True, False, False]]


def test_a_consensus_of_contributions_does_not_depend_on_what_lowers_the_logit() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (1200, 40))
    codes[:400, 18:24] = [3, 0, 3, 0, 0, 3]
    codes[400:700, 18:24] = [2, 2, 1, 1, 2, 1]
    found = []
    for lowered in (0, -1):
        weights = np.zeros(codes.shape)
        weights[:400, 20] = 1
        weights[400:700, 20] = lowered
        chosen = attended(weights)
        assert set(chosen.sites.tolist()) <= set(range(400))
        found.append(consensus(codes, chosen, unattended(weights), DNA))
    raises, lowers = found
    motif = raises.motif("raises")
    assert motif is not None
    assert motif.consensus == "TATAAT"
    np.testing.assert_array_equal(raises.information, lowers.information)


def test_a_head_that_only_lowers_the_logit_has_no_consensus() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (1000, 60))
    codes[:500, 20:26] = [3, 0, 3, 0, 0, 3]
    weights = rng.normal(0, 1e-3, codes.shape)
    weights[:500, 22] = -1
    found = consensus(codes, attended(weights), unattended(weights), DNA)
    assert not found.core


def test_some_sites_are_counted_anew() -> None:
    some = Attended(np.array([1, 4, 6]), np.array([7, 8, 9])).among(np.array([0, 4, 5, 6]))
    assert (some.sites.tolist(), some.letters.tolist()) == ([1, 3], [8, 9])


def test_counts_are_of_letters_beside_attended_ones() -> None:
    codes = np.array([[0, 1, 2, 3], [3, 3, 2, -1], [1, 1, 1, 1], [0, 0, 0, 0]])
    passed_over = np.zeros((4, 4), dtype=bool)
    passed_over[2:, :] = True
    found = consensus(codes, Attended(np.array([0, 1]), np.array([1, 3])), passed_over, DNA, flank=1)
    # before: A, G; itself: C, unknown; behind: G, off the window
    assert found.counts.tolist() == [[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    # A and C of the two others, one pseudocount shared by all letters over an effective size of 4
    np.testing.assert_allclose(found.background, np.tile([2.25, 2.25, 0.25, 0.25], (3, 1)) / 5)


def test_the_test_of_every_row_is_scipys() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(4, size=(60, 11))
    passed_over = np.zeros((60, 11), dtype=bool)
    passed_over[20:] = True
    found = consensus(codes, Attended(np.arange(20), np.full(20, 5)), passed_over, DNA, flank=2)
    others = np.stack([(codes[20:, 3:8] == letter).sum(0) for letter in range(4)], axis=1)
    for row in range(5):
        table = np.stack([found.counts[row], others[row]])
        assert found.p[row] == pytest.approx(chi2_contingency(table, correction=False)[1])


def made(frequencies: list[float], background: list[float], p: float = 0.0, rows: int = 5) -> Consensus:
    n = 1e9  # so that the pseudocount does not matter
    tiled = (np.tile(np.array(values), (rows, 1)) for values in (frequencies, background))
    counts, others = tiled
    return Consensus(DNA, rows // 2, n * counts, others, np.full(rows, p))


def test_information_is_relative_to_the_background() -> None:
    found = made([0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25])
    np.testing.assert_allclose(found.information, 1.0, atol=1e-6)
    np.testing.assert_allclose(made([0.7, 0.1, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1]).information, 0, atol=1e-6)


def test_preference_is_frequency_where_the_background_says_nothing() -> None:
    found = made([0.7, 0.1, 0.1, 0.1], [0.25] * 4)
    np.testing.assert_allclose(found.probabilities, found.frequencies, atol=1e-9)


def test_what_all_sites_have_is_no_preference() -> None:
    found = made([0.7, 0.1, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1])
    np.testing.assert_allclose(found.probabilities, 0.25, atol=1e-6)
    assert not found.core
    assert found.motif("none") is None


def test_between_them_the_share_is_that_of_information() -> None:
    p, q = np.array([0.7, 0.1, 0.1, 0.1]), np.array([0.4, 0.2, 0.2, 0.2])
    share = (p * np.log2(p / q)).sum() / (p * np.log2(4 * p)).sum()
    expected = share * p + (1 - share) / 4
    np.testing.assert_allclose(made([*p], [*q]).probabilities[0], expected, atol=1e-6)


def test_the_core_is_from_the_first_to_the_last_row_that_differs() -> None:
    found = made([0.7, 0.1, 0.1, 0.1], [0.25] * 4, rows=9)
    found.p[[0, 3, 8]] = 1
    assert (found.core, found.offsets) == (range(1, 8), range(-3, 4))
    motif = found.motif("it")
    assert motif is not None
    assert motif.consensus == "AAAAAAA"
    found = made([0.7, 0.1, 0.1, 0.1], [0.25] * 4, rows=9)
    found.p[3:] = 1
    assert (found.core, found.offsets) == (range(0), range(0, 1))


@pytest.mark.parametrize("strand", ["+", "-"])
def test_a_motif_stands_where_it_was_put(strand: str) -> None:
    rng = np.random.default_rng(3)
    motif = Motif("m", "m", rng.dirichlet([0.2] * 4, size=6), DNA)
    rows = np.full((21, 4), 0.25)
    rows[13:19] = motif.probabilities if strand == "+" else motif.probabilities[::-1, ::-1]
    found = Consensus(DNA, 10, 1e6 * rows, np.full((21, 4), 0.25), np.zeros(21))
    fit = align(found, motif)
    assert (fit.offset, fit.strand) == (3, strand)
    assert fit.r == pytest.approx(1, abs=1e-4)


def test_correlation_finds_a_motif_on_either_strand() -> None:
    rng = np.random.default_rng(2)
    motif = Motif("m", "m", rng.dirichlet([0.3] * 4, size=4), DNA)
    inside = np.concatenate([np.full((3, 4), 0.25), motif.probabilities[::-1, ::-1], np.full((2, 4), 0.25)])
    found = Consensus(DNA, 4, 1e9 * inside, np.full((9, 4), 0.25), np.zeros(9))
    assert align(found, motif).r == pytest.approx(1)
    assert align(found, motif.shuffled(rng)).r < 0.9
