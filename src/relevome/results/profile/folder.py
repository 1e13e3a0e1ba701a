"""The folder of a profile: tables, the rows of the heat map, and the record, each written and read back."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relevome.results.arrays import read_arrays, write_arrays
from relevome.results.folder import ResultFolder
from relevome.results.kinds import of_its_kind
from relevome.results.profile.profile import (
    LetterMean,
    PositionMean,
    PositionProfile,
    ProfileRow,
    ProfileSettings,
)
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.tables import read_tsv, write_tsv
from relevome.words import counted

SCHEMA_VERSION = 1
NAME, MEANS, LETTERS, ROWS = "profile.json", "profile.tsv", "letters.tsv", "rows.tsv"
HEAT, PAGE, LINES_PICTURE, HEAT_PICTURE = "heatmap.npz", "profile.md", "profile.png", "heatmap.png"
FOLDER = ResultFolder((NAME,), (MEANS, LETTERS, ROWS, HEAT, PAGE, LINES_PICTURE, HEAT_PICTURE))

_OWN = frozenset({
    "schema_version", "command", "library_versions", "settings", "alphabet", "rows", "sequences", "left_out",
})  # fmt: skip


def write_profile(found: PositionProfile, folder: Path) -> None:
    """Tables and the heat map, then the record: a folder without ``profile.json`` is unfinished.

    The folder is one without an earlier result.
    """
    write_tsv(folder / MEANS, PositionMean._fields, found.means)
    write_tsv(folder / LETTERS, LetterMean._fields, found.letters)
    write_tsv(folder / ROWS, ("row", *ProfileRow._fields), ((i, *row) for i, row in enumerate(found.rows)))
    write_arrays(folder / HEAT, {"values": found.values, "letters": found.codes})
    content = {
        "schema_version": SCHEMA_VERSION, **provenance(), **found.about, "settings": asdict(found.settings),
        "alphabet": found.alphabet, "rows": len(found.rows), "sequences": found.sequences,
        "left_out": dict(found.left_out),
    }  # fmt: skip
    write_record(folder / NAME, content)


def read_profile(folder: str | Path) -> PositionProfile:
    """What `relevome profile` left in a folder, every number as it was.

    Raises InputError for a folder without such a result, for one of a later relevome, and for one that is
    damaged.
    """
    path = Path(folder) / NAME
    said = read_record(path, SCHEMA_VERSION, "relevome profile")
    with reading(path):
        here = path.parent
        arrays = read_arrays(here / HEAT)
        found = PositionProfile(
            {name: value for name, value in said.items() if name not in _OWN},
            ProfileSettings(**said["settings"]),
            said["alphabet"],
            tuple(map(_position_mean, read_tsv(here / MEANS, PositionMean._fields))),
            tuple(map(_letter_mean, read_tsv(here / LETTERS, LetterMean._fields))),
            tuple(map(_row, read_tsv(here / ROWS, ("row", *ProfileRow._fields)))),
            arrays["values"],
            arrays["letters"],
            said["left_out"],
        )
        _check(of_its_kind(found), said)
        return found


def _check(found: PositionProfile, said: dict[str, Any]) -> None:
    """Raises ValueError where the files do not speak of the same rows and positions."""
    shape = (len(found.rows), found.settings.width)
    if {found.values.shape, found.codes.shape, (said["rows"], len(found.means))} != {shape}:
        raise ValueError(
            f"expected {counted(shape[0], 'row')} and {counted(shape[1], 'position')} in all files"
        )
    positions = found.settings.positions
    if [one.position for one in found.means] != [*positions]:
        raise ValueError(f"positions of {MEANS} are not {positions.start} to {positions.stop - 1}")
    if any(one.position not in positions or one.letter not in found.alphabet for one in found.letters):
        raise ValueError(f"a position or letter of {LETTERS} that {NAME} does not have")


def _position_mean(row: list[str]) -> PositionMean:
    position, mean, low, high, sequences, rows, without = row
    ends = _number(low), _number(high)
    return PositionMean(int(position), _number(mean), *ends, int(sequences), int(rows), int(without))


def _letter_mean(row: list[str]) -> LetterMean:
    position, letter, mean, low, high, sequences = row
    return LetterMean(int(position), letter, _finite(mean), _number(low), _number(high), int(sequences))


def _row(row: list[str]) -> ProfileRow:
    _, id, site, strand, anchor, score, total = row
    if strand not in ("+", "-"):
        raise ValueError(f"strand {strand!r} of a row")
    return ProfileRow(id, site, strand, int(anchor), _finite(score), _finite(total))


def _number(text: str) -> float | None:
    return _finite(text) if text else None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number of a profile")
    return value
