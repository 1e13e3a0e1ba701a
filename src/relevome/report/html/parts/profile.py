"""A profile on the page: mean relevance by position, that of each letter, and the rows that these are of."""

from __future__ import annotations

from typing import Any

import numpy as np

from relevome.report.html.arrays import PageArrays
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.references import STUDENT
from relevome.report.html.verdict import Remark
from relevome.report.profile.page import summary
from relevome.report.profile.pictures import ORDERS, pooled, position_label
from relevome.results.profile.folder import NAME, read_profile
from relevome.results.profile.profile import PositionMean, PositionProfile, ProfileRow
from relevome.results.quality.record import quality_of
from relevome.words import counted

LIES = "Where relevance lies"
_MOST_VALUES = 2_000_000  # of the heat map; of more, lines are means of several rows
_NONE = 255  # of letters


def _content(found: PositionProfile, tools: PageTools) -> dict[str, Any]:
    lines = max(1, _MOST_VALUES // found.settings.width)
    values, pool = pooled(found.values, lines)
    return {
        "method": str(found.about.get("method")),
        "target": str(found.about.get("target")),
        "anchor": found.settings.anchor,
        "first": found.settings.first,
        "width": found.settings.width,
        "label": position_label(found),
        "order": ORDERS[found.settings.order],
        "alphabet": found.alphabet,
        "sequences": found.sequences,
        "row_count": len(found.rows),
        "columns": list(PositionMean._fields),
        "means": [list(one) for one in found.means],
        "letters": _letters(found, tools.arrays),
        "pool": pool,
        "heat": _heat(values, tools.arrays),
        "codes": tools.arrays.add(_codes(found), "u1") if pool == 1 else None,
        "row_columns": list(ProfileRow._fields),
        "rows": [list(one) for one in found.rows] if pool == 1 else [],
        "notes": summary(found),
    }


def _letters(found: PositionProfile, arrays: PageArrays) -> dict[str, Any]:
    """Letter by letter of the alphabet: means and their ends at every position, and of how many sequences."""
    shape = (len(found.alphabet), found.settings.width)
    columns = {name: np.full(shape, np.nan) for name in ("mean", "low", "high", "sequences")}
    for one in found.letters:
        at = found.alphabet.index(one.letter), one.position - found.settings.first
        for name, values in columns.items():
            value = getattr(one, name)
            values[at] = np.nan if value is None else value
    return {name: arrays.add(values.ravel(), "f8") for name, values in columns.items()}


def _heat(values: np.ndarray, arrays: PageArrays) -> dict[str, Any]:
    """Rows in half precision of the largest value of all; not a number without a letter."""
    sizes = np.abs(values[np.isfinite(values)], dtype=np.float64)
    scale = float(sizes.max(initial=0.0)) or 1.0
    return {"lines": len(values), "scale": scale, "values": arrays.add((values / scale).ravel(), "f2")}


def _codes(found: PositionProfile) -> np.ndarray:
    return np.where(found.codes < 0, _NONE, found.codes.astype(np.int64)).ravel()


def _remarks(found: PositionProfile) -> list[Remark]:
    best = summary(found)[0]
    text = (
        f"{counted(len(found.rows), 'row')} of {counted(found.sequences, 'sequence')} by "
        f"{position_label(found)}: {best}"
    )
    return [Remark(LIES, text)]


TITLE = "Relevance by position"
page_parts.register("profile")(
    PagePart(
        NAME, read_profile, TITLE, _content, _remarks,
        qualities=lambda found: {TITLE: quality_of(found.about.get("model"))},
        statistics=(STUDENT,),
    )
)  # fmt: skip
