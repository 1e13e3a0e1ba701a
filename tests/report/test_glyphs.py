"""Letters as shapes: as tall as asked, upright, side by side, in their colours."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.path import Path

from relevome.data.sequences import DNA, PROTEIN, RNA, Alphabet
from relevome.report.glyphs import BASES, CHEMISTRY, GREY, RESIDUES, letter_shapes


def colours(letters: str, alphabet: Alphabet) -> list[str]:
    shapes = letter_shapes(letters, np.ones(len(letters)), alphabet, first=0)
    return [to_hex(tuple(colour)).upper() for colour in np.asarray(shapes.get_facecolor())]


def vertices(path: Path) -> np.ndarray:
    return np.asarray(path.vertices)


@pytest.mark.parametrize("alphabet", [DNA, RNA, PROTEIN], ids=lambda alphabet: alphabet.name)
def test_every_letter_is_as_tall_as_its_height_and_stays_in_its_place(alphabet: Alphabet) -> None:
    letters = alphabet.all_letters
    heights = np.linspace(-2, 3, len(letters))
    for i, shape in enumerate(letter_shapes(letters, heights, alphabet, first=40).get_paths()):
        box = shape.get_extents()
        assert (box.y0, box.y1) == pytest.approx((min(heights[i], 0), max(heights[i], 0)), abs=1e-12)
        assert 40 + i < box.x0 < box.x1 < 40 + i + 1
        assert (box.x0 + box.x1) / 2 == pytest.approx(40.5 + i, abs=1e-12)


def test_a_letter_below_the_axis_stands_upright() -> None:
    above, below = letter_shapes("AA", np.array([2.0, -2.0]), DNA, first=0).get_paths()
    np.testing.assert_allclose(vertices(below), vertices(above) + np.array([1, -2]), atol=1e-12)


def test_a_letter_without_relevance_has_no_height() -> None:
    (shape,) = letter_shapes("G", np.zeros(1), DNA, first=0).get_paths()
    assert shape.get_extents().height == 0


def test_letters_can_be_slimmer_than_their_place() -> None:
    full, slim = (
        letter_shapes("T", np.ones(1), DNA, 0, wide).get_paths()[0].get_extents() for wide in (1.0, 0.25)
    )
    assert slim.width == pytest.approx(full.width / 4, abs=1e-12)
    assert slim.x0 + slim.x1 == pytest.approx(1, abs=1e-12)


def test_an_i_is_not_stretched_into_a_block() -> None:
    i, e = (
        shape.get_extents().width for shape in letter_shapes("IE", np.ones(2), PROTEIN, first=0).get_paths()
    )
    assert i < e / 2


def test_bases_have_a_colour_each_and_codes_are_grey() -> None:
    assert colours("ACGTNR", DNA) == [BASES["A"], BASES["C"], BASES["G"], BASES["T"], GREY, GREY]
    assert colours("U", RNA) == [BASES["T"]]
    assert len(set(colours("ACGT", DNA))) == 4


def test_every_residue_has_the_colour_of_its_chemistry() -> None:
    assert sorted(RESIDUES) == sorted(PROTEIN.letters)
    assert len(set(CHEMISTRY.values())) == len(CHEMISTRY)
    assert colours("DEKCX", PROTEIN) == [
        RESIDUES["D"],
        RESIDUES["D"],
        RESIDUES["R"],
        CHEMISTRY["cysteine C"],
        GREY,
    ]
