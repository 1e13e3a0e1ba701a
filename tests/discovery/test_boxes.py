"""Boxes estimated from windows in which they were planted."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA
from relevome.data.simulation.grammar import Unit
from relevome.discovery.boxes import FLANK, estimate_boxes

SITE, LENGTH, COUNT = 50, 60, 700
BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])
SPACER, GAP = {7: 0.25, 8: 0.75}, {3: 0.1, 4: 0.6, 6: 0.3}


def motif(name: str, letters: str, kept: float) -> Motif:
    rows = [[kept if base == letter else (1 - kept) / 3 for base in "ACGT"] for letter in letters]
    return Motif(name, name, np.array(rows), DNA)


TRUE = (motif("first", "TTGACA", 0.9), motif("second", "TATAAT", 0.85))


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    rng = np.random.default_rng(0)
    windows = rng.choice(4, size=(COUNT, LENGTH), p=BACKGROUND)
    for row in windows:
        end = SITE - int(rng.choice(list(GAP), p=list(GAP.values())))
        for one, apart in zip(
            TRUE[::-1], (0, rng.choice(list(SPACER), p=list(SPACER.values()))), strict=True
        ):
            end -= int(apart)
            row[end - 6 : end] = ["ACGT".index(letter) for letter in one.sample(rng)]
            end -= 6
    windows[3, 7] = -1
    return windows


def test_a_rough_guess_becomes_what_was_planted(codes: np.ndarray) -> None:
    guess = Unit(
        (motif("first", "TTGACA", 0.5), motif("second", "TATAAT", 0.5)), (dict.fromkeys((6, 7, 8), 1 / 3),)
    )
    found = estimate_boxes(codes, SITE, guess, range(2, 8), BACKGROUND)
    assert found.sites == COUNT - 1
    for one, true, wide in zip(found.unit.motifs, TRUE, found.wider, strict=True):
        assert np.abs(one.probabilities - true.probabilities).max() < 0.06
        assert np.abs(wide.probabilities[FLANK:-FLANK] - true.probabilities).max() < 0.06
        assert np.abs(wide.probabilities[:FLANK] - BACKGROUND).max() < 0.08
    assert list(found.gap) == list(range(2, 8))
    assert list(found.unit.spacers[0]) == [6, 7, 8]
    for letters, p in GAP.items():
        assert found.gap[letters] == pytest.approx(p, abs=0.06)
    assert found.unit.spacers[0][8] == pytest.approx(0.75, abs=0.06)
    assert sum(found.gap.values()) == pytest.approx(1)


def test_without_rounds_the_guess_is_what_it_was(codes: np.ndarray) -> None:
    guess = Unit(TRUE, (SPACER,))
    found = estimate_boxes(codes, SITE, guess, range(3, 5), BACKGROUND, rounds=0)
    assert found.unit is guess
    assert found.gap == {3: 0.5, 4: 0.5}
