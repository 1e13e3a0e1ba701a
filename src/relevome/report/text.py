"""Names and titles made to fit: measured, wrapped, and cut where everybody sees it."""

from __future__ import annotations

import textwrap
from functools import cache, lru_cache
from pathlib import Path

import matplotlib
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.textpath import text_to_path

# The fonts that come with matplotlib, by their files, so that every machine measures and draws the same.
_FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
FONTS = {"normal": str(_FOLDER / "DejaVuSans.ttf"), "bold": str(_FOLDER / "DejaVuSans-Bold.ttf")}
CUT, LACKING = "…", "\N{REPLACEMENT CHARACTER}"


@lru_cache(maxsize=4096)
def width(text: str, size: float, weight: str = "normal") -> float:
    """Width of one line of text in type of ``size`` points, in points."""
    font = FontProperties(fname=FONTS[weight], size=size)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]


def shortened(text: str, size: float, room: float) -> str:
    """The text on one line of at most ``room`` points; what is cut off leaves a mark."""
    text = _printable(text)
    while (wide := width(text, size)) > room:
        text = text[: int((len(text) - 1) * room / wide)] + CUT
    return text


def wrapped(text: str, size: float, room: float, most: int, weight: str = "normal") -> list[str]:
    """The text on at most ``most`` lines of at most ``room`` points; what is cut off leaves a mark."""
    text = _printable(text)
    letters = int(4 * room / size)  # of the narrowest kind
    while lines := textwrap.wrap(text, letters, max_lines=most, placeholder=CUT):
        widest = max(lines, key=lambda line: width(line, size, weight))
        if (wide := width(widest, size, weight)) <= room:
            break
        letters = max(1, int((len(widest) - 1) * room / wide))
    return lines


def _printable(text: str) -> str:
    """On one line; a letter that the fonts lack becomes the sign for that."""
    line = " ".join(text.split())
    return "".join(
        letter if letter.isprintable() and ord(letter) in _drawable() else LACKING for letter in line
    )


@cache
def _drawable() -> frozenset[int]:
    charmaps = (get_font(path).get_charmap() for path in FONTS.values())
    return frozenset.intersection(*map(frozenset, charmaps))
