"""Letters in which motifs are planted."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import chisquare

from relevome.data.sequences import DNA, PROTEIN, RNA, Alphabet
from relevome.data.simulation.background import Background
from relevome.errors import InputError

LENGTH = 20_000


def frequencies(letters: str, of: str) -> np.ndarray:
    return np.array([letters.count(letter) for letter in of])


def test_independent_letters_have_the_frequencies_asked_for() -> None:
    asked = np.array([0.1, 0.2, 0.3, 0.4])
    letters = Background.independent(DNA, asked).sample(LENGTH, np.random.default_rng(1))
    assert len(letters) == LENGTH
    assert chisquare(frequencies(letters, "ACGT"), LENGTH * asked).pvalue > 1e-3
    after = [frequencies("".join(b for a, b in pairwise(letters) if a == first), "ACGT") for first in "ACGT"]
    for counts in after:
        assert chisquare(counts, counts.sum() * asked).pvalue > 1e-3


def test_without_frequencies_all_letters_are_equally_likely() -> None:
    letters = Background.independent(PROTEIN).sample(LENGTH, np.random.default_rng(2))
    assert chisquare(frequencies(letters, PROTEIN.letters)).pvalue > 1e-3


@pytest.mark.parametrize("alphabet", [DNA, RNA], ids=lambda a: a.name)
def test_gc_is_the_share_of_g_and_c_together(alphabet: Alphabet) -> None:
    background = Background.with_gc(0.3, alphabet)
    np.testing.assert_allclose(background.first, [0.35, 0.15, 0.15, 0.35], rtol=1e-12)
    assert set(Background.with_gc(1.0, alphabet).sample(200, np.random.default_rng(0))) == {"G", "C"}


def test_a_markov_chain_has_the_transitions_asked_for() -> None:
    transitions = np.array([[0, 1, 0, 0], [0.5, 0, 0.5, 0], [0.1, 0.2, 0.3, 0.4], [0, 0, 0.9, 0.1]])
    background = Background(DNA, np.array([0.0, 0.0, 0.0, 1.0]), transitions)
    letters = background.sample(LENGTH, np.random.default_rng(3))
    assert len(letters) == LENGTH
    assert letters[0] == "T"
    pairs = Counter(pairwise(letters))
    for first, row in zip("ACGT", transitions, strict=True):
        counts = np.array([pairs[first, second] for second in "ACGT"])
        assert counts[row == 0].sum() == 0
        if (row > 0).sum() > 1:
            assert chisquare(counts[row > 0], counts.sum() * row[row > 0]).pvalue > 1e-3


def test_the_first_letter_is_drawn_from_its_own_frequencies() -> None:
    background = Background(DNA, np.array([0.0, 0.5, 0.5, 0.0]), np.full((4, 4), 0.25))
    first = Counter(background.sample(2, np.random.default_rng(seed))[0] for seed in range(400))
    assert set(first) == {"C", "G"}
    assert chisquare(list(first.values())).pvalue > 1e-3


@pytest.mark.parametrize("gc", [-0.1, 1.1])
def test_a_gc_content_is_a_share(gc: float) -> None:
    with pytest.raises(InputError, match=f"GC content {gc}: expected a share between 0 and 1"):
        Background.with_gc(gc)


def test_a_protein_has_no_gc_content() -> None:
    with pytest.raises(InputError, match="a GC content was given for protein: expected a nucleic acid"):
        Background.with_gc(0.5, PROTEIN)


@pytest.mark.parametrize("first", [[0.5, 0.5, 0.5, 0.5], [-1.0, 1.0, 1.0, 0.0]])
def test_frequencies_sum_to_one(first: list[float]) -> None:
    with pytest.raises(InputError, match="negative or do not sum to 1"):
        Background.independent(DNA, np.array(first))


def test_there_is_one_frequency_per_letter() -> None:
    with pytest.raises(InputError, match="background with 2 frequencies: expected 4, one for each of ACGT"):
        Background.independent(DNA, np.array([0.5, 0.5]))
