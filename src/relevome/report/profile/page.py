"""A profile in words: where relevance is highest, of which letters, and what it is of."""

from __future__ import annotations

from pathlib import Path

from relevome.report.logo import save_logo
from relevome.report.profile.pictures import draw_profile, draw_rows, position_label
from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, interval, markdown, number
from relevome.results.profile.folder import HEAT_PICTURE, LINES_PICTURE, PAGE
from relevome.results.profile.profile import PositionMean, PositionProfile
from relevome.words import counted

_MOST = 10  # positions in the table


def write_profile_page(found: PositionProfile, folder: Path) -> None:
    """What to read and to look at, into the folder of a result: ``profile.md`` and two pictures."""
    save_logo(draw_profile(found), folder / LINES_PICTURE)
    save_logo(draw_rows(found), folder / HEAT_PICTURE)
    (folder / PAGE).write_text(_page(found), encoding="utf-8")


def summary(found: PositionProfile) -> list[str]:
    """The highest and the lowest mean, and what was left out."""
    known = [one for one in found.means if one.mean is not None]
    lowest = min(known, key=lambda one: one.mean or 0.0)
    said = [f"highest mean: {_said(found.highest)}", f"lowest mean: {_said(lowest)}"]
    short = sum(one.without > 0 for one in found.means)
    if short:
        why = "gaps" if found.settings.anchor == "alignment" else "the ends of sequences"
        most = max(one.without for one in found.means)
        said.append(
            f"{short:,} of {len(found.means):,} positions are without a letter in some rows ({why}), in up "
            f"to {most:,} of {len(found.rows):,}; these do not count there"
        )
    return [*said, *(f"left out {count:,}: {why}" for why, count in found.left_out.items())]


def _said(one: PositionMean) -> str:
    return f"{_with_interval(one)} at position {one.position} ({counted(one.sequences, 'sequence')})"


def _with_interval(one: PositionMean) -> str:
    if one.mean is None:
        return ""
    if one.low is None or one.high is None:
        return number(one.mean)
    return interval(one.mean, one.low, one.high)


def _page(found: PositionProfile) -> str:
    of = f"{counted(len(found.rows), 'row')} of {counted(found.sequences, 'sequence')}"
    caption = (
        f"{found.about['run']}: {found.about['method']}, target {found.about['target']}; {of}. Mean "
        f"relevance (logit) by {position_label(found)}, with 95% intervals by Student's t over sequences, "
        "each position by itself. Below are the positions where the mean is largest in size, and the letters "
        "with the highest mean there."
    )
    known = [one for one in found.means if one.mean is not None]
    chosen = sorted(known, key=lambda one: -abs(one.mean or 0.0))[:_MOST]
    rows = tuple(
        tuple(map(Cell, (str(one.position), _with_interval(one), str(one.sequences), str(one.without),
                         _letters(found, one.position))))
        for one in chosen
    )  # fmt: skip
    header = ("position", "mean", "sequences", "rows without a letter", "letters, with how many sequences")
    return f"{markdown(Table(caption, header, rows, words=1))}\n{listed(summary(found))}"


def _letters(found: PositionProfile, position: int) -> str:
    """The letters of the highest means, four at most."""
    here = sorted((one for one in found.letters if one.position == position), key=lambda one: -one.mean)
    return ", ".join(f"{one.letter} {number(one.mean)} ({one.sequences:,})" for one in here[:4])
