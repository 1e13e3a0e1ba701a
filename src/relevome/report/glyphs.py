"""Letters as shapes that stretch to any height, in colours that tell bases and residues apart."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from relevome.data.sequences import Alphabet
from relevome.report.text import FONTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection

# Okabe and Ito's palette, made for every common kind of colour vision (Wong 2011, Nature Methods 8:441).
GREEN, BLUE, ORANGE, RED = "#009E73", "#0072B2", "#E69F00", "#D55E00"
PURPLE, SKY, BLACK, GREY = "#CC79A7", "#56B4E9", "#333333", "#999999"

BASES = {"A": GREEN, "C": BLUE, "G": ORANGE, "T": RED, "U": RED}
CHEMISTRY = {
    "hydrophobic AILMV": BLACK,
    "aromatic FWY": SKY,
    "polar NQST": GREEN,
    "basic HKR": BLUE,
    "acidic DE": RED,
    "small GP": ORANGE,
    "cysteine C": PURPLE,
    "other": GREY,
}
RESIDUES = {letter: colour for group, colour in CHEMISTRY.items() for letter in group if letter.isupper()}

SLIM = 0.5  # letters narrower than this share of their height, I and J, are not stretched to full width
NEIGHBOUR = 0.94  # width of all others, which leaves a gap

# Path data of SVG, https://www.w3.org/TR/SVG2/paths.html
_COMMANDS = {int(Path.MOVETO): "M", int(Path.LINETO): "L", int(Path.CURVE3): "Q", int(Path.CURVE4): "C"}


def letter_shapes(
    letters: str, heights: Float[np.ndarray, " letters"], alphabet: Alphabet, first: int, wide: float = 1.0
) -> PathCollection:
    """Letters side by side, each upright between y = 0 and its height, be it above or below.

    Letter i is centred between x = ``first`` + i and the next, and fills the share ``wide`` of that.
    IUPAC codes and rare residues are grey.
    """
    from matplotlib.collections import PathCollection  # outlines alone, as a page has them, need no axes

    shapes = []
    for position, (letter, height) in enumerate(zip(letters, heights, strict=True), start=first):
        outline = _outline(letter)
        corner = (position + 0.5, min(height, 0))
        shapes.append(Path(np.asarray(outline.vertices) * (wide, abs(height)) + corner, outline.codes))
    colours = BASES if alphabet.complements else RESIDUES
    return PathCollection(shapes, facecolors=[colours.get(letter, GREY) for letter in letters], linewidths=0)


def stack_letters(
    axes: Axes,
    heights: Float[np.ndarray, "rows letters"],
    alphabet: Alphabet,
    first: int,
    alpha: float = 1.0,
) -> None:
    """Letters of every row one on another, the tallest outside, centred on whole numbers from ``first`` on.

    Those of positive height stand on 0, those of negative hang from it.
    """
    order = np.argsort(np.abs(heights), axis=1, kind="stable")
    tall = np.take_along_axis(heights, order, 1)
    up, down = (np.cumsum(np.where(there, tall, 0), axis=1) for there in (tall > 0, tall < 0))
    bottoms = np.where(tall < 0, down, up) - tall
    for rank in range(heights.shape[1]):
        letters = "".join(alphabet.letters[i] for i in order[:, rank])
        shapes = letter_shapes(letters, tall[:, rank], alphabet, first)
        for path, bottom in zip(shapes.get_paths(), bottoms[:, rank], strict=True):
            path.vertices = np.add(path.vertices, (-0.5, bottom))
        shapes.set_alpha(alpha)
        axes.add_collection(shapes)


@cache
def _outline(letter: str) -> Path:
    """A letter of height 1 and at most width 1, centred on x = 0."""
    shape = TextPath((0, 0), letter, size=1, prop=FontProperties(fname=FONTS["bold"]))
    box = shape.get_extents()
    width = NEIGHBOUR * min(1, box.width / SLIM)
    unit = (shape.vertices - box.p0) / box.size
    return Path((unit - (0.5, 0)) * (width, 1), shape.codes)


def outline_as_svg(letter: str) -> str:
    """The same shape as path data of SVG: height 1, upwards, centred on x = 0."""
    shape, written = _outline(letter), []
    for points, code in shape.iter_segments(curves=True, simplify=False):
        numbers = " ".join(f"{value:.3f}" for value in np.asarray(points).tolist())
        written.append("Z" if code == Path.CLOSEPOLY else f"{_COMMANDS[int(code)]}{numbers}")
    return "".join(written)
