"""The folder of heads by relevance: tables, and a record from which all of it can be read back.

Numbers are in the tables for people, and exactly as they were in ``relevance_heads.npz``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.problems import Problem
from relevome.errors import InputError
from relevome.results.arrays import read_arrays, write_arrays
from relevome.results.folder import ResultFolder
from relevome.results.kinds import of_its_kind
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.relevance_heads.heads import (
    COLUMNS,
    Contribution,
    Effect,
    HeadMap,
    Median,
    RelevantHeads,
    effect_rows,
    map_names,
    shown,
    units,
)
from relevome.results.relevance_heads.nulls import NULLS, Against, Aligned
from relevome.results.tables import write_tsv

NAME, ARRAYS = "relevance_heads.json", "relevance_heads.npz"
EARLIER = "heads.json"  # the record of an earlier relevome
SCHEMA_VERSION = 2
# Why a result of an earlier relevome says nothing of position.
_BEFORE = "no null of positions: an earlier relevome made this, make it again with --overwrite"
RANDOM = "random"  # the folder of runs with random weights, which is kept
FOLDER = ResultFolder(
    (NAME, EARLIER),
    (
        ARRAYS, "heads.tsv", "heads.md", "contributions.tsv", "left_out.tsv", "maps*.png", "proteins.tsv",
        "proteins.png",
    ),
    kept=(RANDOM,),
)  # fmt: skip

_SUMS = ("class", "layer", "head", "proteins", "sum", "low", "high", "p", "q", "contributes")
_OWN = frozenset({
    "schema_version", "command", "library_versions", "shape", "proteins", "proteins_with_sites", "left_out",
    "not_tested", "maps", "settings", "unplaced_sites", "unplaced", "effects", "contributions", "ids",
    "ids_left_out", "class_of", "points", "aligned", "unaligned",
})  # fmt: skip


def write_relevance_heads(found: RelevantHeads, folder: Path) -> None:
    """Tables and arrays, then the record: a folder without ``relevance_heads.json`` is unfinished.

    The folder is one without an earlier result, as `FOLDER.writing` gives it.
    """
    rows = (row for one in found.effects for row in effect_rows(one, found))
    write_tsv(folder / "heads.tsv", COLUMNS, rows)
    write_tsv(folder / "contributions.tsv", _SUMS, _sums(found))
    missing = ((id, kind, why) for kind, ids in found.proteins_left_out.items() for id, why in ids.items())
    write_tsv(folder / "left_out.tsv", ("id", "type", "reason"), missing)
    if found.points is not None:
        places = zip(found.proteins, found.classes, found.points.points, strict=True)
        points = ((id, name, *map(float, point)) for id, name, point in places)
        write_tsv(folder / "proteins.tsv", ("id", "class", "x", "y"), points)
    write_arrays(folder / ARRAYS, _arrays(found))
    write_record(folder / NAME, _content(found))


def read_relevance_heads(folder: str | Path) -> RelevantHeads:
    """What `relevome heads --by relevance` left in a folder, every number as it was.

    Raises InputError for a folder without such a result, for one of an earlier or a later relevome, and for
    one that is damaged.
    """
    path = Path(folder) / NAME
    if not path.is_file() and (path.parent / EARLIER).is_file():
        raise InputError(
            f"{folder} holds heads by an earlier relevome, or by attention: expected {NAME}; make them again "
            f"with relevome heads --by relevance --overwrite -o {folder}"
        )
    said = read_record(path, SCHEMA_VERSION, "relevome heads --by relevance")
    with reading(path):
        arrays = read_arrays(path.parent / ARRAYS)
        layers, heads = said["shape"]
        for name, values in arrays.items():
            if name != "points" and values.shape != (1 + layers * heads,):
                raise ValueError(f"{name} has shape {values.shape}, for {layers} layers of {heads} heads")
        found = RelevantHeads(
            (layers, heads), tuple(_effects(said, arrays)), tuple(_contributions(said, arrays)),
            said["not_tested"], said["settings"]["level"], tuple(said["ids"]), tuple(said["class_of"]),
            said["proteins_with_sites"], said["ids_left_out"],
            tuple(Problem(**one) for one in said["unplaced"]), _points(said["points"], arrays),
            {name: value for name, value in said.items() if name not in _OWN},
            {name: Aligned(**one) for name, one in said.get("aligned", {}).items()},
            said.get("unaligned", _BEFORE),
        )  # fmt: skip
        return of_its_kind(found)


def _sums(found: RelevantHeads) -> Iterator[tuple[Any, ...]]:
    for one in found.contributions:
        for unit, name in enumerate(units(found)):
            numbers = (*(part[unit] for part in one.sums), one.p[unit], one.q[unit])
            yield (one.group, *name, one.proteins, *map(shown, numbers), int(one.positive[unit]))


def _content(found: RelevantHeads) -> dict[str, Any]:
    points = found.points
    return {
        "schema_version": SCHEMA_VERSION, **provenance(), **found.about, "shape": list(found.shape),
        "proteins": len(found.proteins), "proteins_with_sites": dict(found.with_sites),
        "left_out": {kind: dict(found.reasons(kind)) for kind in found.proteins_left_out},
        "not_tested": dict(found.left_out), "maps": map_names(one.group for one in found.effects),
        "settings": {"level": found.level}, "unplaced_sites": len(found.unplaced),
        "effects": [_effect_said(one) for one in found.effects],
        "contributions": [{"class": one.group, "proteins": one.proteins} for one in found.contributions],
        "ids": list(found.proteins), "class_of": list(found.classes),
        "ids_left_out": {kind: dict(ids) for kind, ids in found.proteins_left_out.items()},
        "unplaced": list(map(asdict, found.unplaced)),
        "aligned": {name: asdict(one) for name, one in found.aligned.items()}, "unaligned": found.unaligned,
        "points": None if points is None else {"how": points.how, "shares": points.shares},
    }  # fmt: skip


def _effect_said(one: Effect) -> dict[str, Any]:
    nulls = [null.name for null in NULLS if null.name in one.nulls]
    said = {"class": one.group, "type": one.kind, "metric": one.metric, "nulls": nulls}
    return said if one.learnt else said | {"learnt": False}


def _arrays(found: RelevantHeads) -> dict[str, np.ndarray]:
    """Every number of every unit; those of effects and of contributions are counted from 0."""
    arrays: dict[str, np.ndarray] = {}
    for i, one in enumerate(found.effects):
        fields = {"proteins": one.proteins, "p": one.p, "q": one.q, "positive": one.positive}
        if one.random_rank is not None:
            fields["random_rank"] = one.random_rank
        fields |= {f"effect_{end}": values for end, values in one.effect._asdict().items()}
        for null, test in one.nulls.items():
            fields |= {f"{null}_median": test.median, f"{null}_p": test.p, f"{null}_q": test.q}
        arrays |= {f"effect_{i}_{name}": values for name, values in fields.items()}
    for i, one in enumerate(found.contributions):
        fields = {"p": one.p, "q": one.q, **one.sums._asdict()}
        arrays |= {f"contribution_{i}_{name}": values for name, values in fields.items()}
    return arrays if found.points is None else arrays | {"points": found.points.points}


def _effects(said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[Effect]:
    level = said["settings"]["level"]
    for i, one in enumerate(said["effects"]):
        own = _own(arrays, f"effect_{i}_")
        tests = {
            null: Against(*(own[f"{null}_{name}"] for name in ("median", "p", "q"))) for null in one["nulls"]
        }
        if absent := [null.name for null in NULLS if null.always and null.name not in tests]:
            raise ValueError(f"effect {i} has no null called {absent[0]}")
        yield Effect(
            one["class"], one["type"], one["metric"], own["proteins"],
            Median(*(own[f"effect_{end}"] for end in Median._fields)), own["p"], own["q"], tests,
            own.get("random_rank"), own["positive"], level, one.get("learnt", True),
        )  # fmt: skip


def _contributions(said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[Contribution]:
    for i, one in enumerate(said["contributions"]):
        own = _own(arrays, f"contribution_{i}_")
        sums = Median(*(own[end] for end in Median._fields))
        yield Contribution(one["class"], one["proteins"], sums, own["p"], own["q"], said["settings"]["level"])


def _own(arrays: Mapping[str, np.ndarray], start: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(start): values for name, values in arrays.items() if name.startswith(start)}


def _points(said: Mapping[str, Any] | None, arrays: Mapping[str, np.ndarray]) -> HeadMap | None:
    if said is None:
        return None
    return HeadMap(said["how"], arrays["points"], None if said["shares"] is None else tuple(said["shares"]))
