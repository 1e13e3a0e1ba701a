"""What `relevome heads --by relevance` leaves: tables, a page to read, maps of layers by heads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from relevome import __version__
from relevome.discovery.head_attention import HeadName
from relevome.discovery.head_map import HeadMap
from relevome.discovery.placements import Collected
from relevome.discovery.relevance_heads import ALL, Effect, RelevantHeads
from relevome.report.logo import save_logo
from relevome.report.relevance_pictures import draw_maps, draw_points
from relevome.report.relevance_words import page
from relevome.results.folder import ResultFolder, whole_file
from relevome.results.tables import write_tsv

NAME = "heads.json"
SCHEMA_VERSION = 1
RANDOM = "random"  # the folder of runs with random weights, which is kept
FOLDER = ResultFolder(
    (NAME,),
    (
        "heads.tsv",
        "heads.md",
        "contributions.tsv",
        "left_out.tsv",
        "maps*.png",
        "proteins.tsv",
        "proteins.png",
    ),
    kept=(RANDOM,),
)

_HEADS = (
    "class", "type", "metric", "layer", "head", "proteins", "effect", "low", "high", "p", "q",
    "shift_score", "shift_p", "shift_q", "exchange_left", "exchange_p", "exchange_q",
    "random_left", "random_p", "random_q", "random_rank", "significant", "specialised", "contributes",
)  # fmt: skip
_SUMS = ("class", "layer", "head", "proteins", "sum", "low", "high", "p", "q", "contributes")


def write_relevant_heads(
    found: RelevantHeads,
    collected: Collected,
    folder: Path,
    about: Mapping[str, Any],
    classes: Mapping[str, str] | None = None,
    points: HeadMap | None = None,
) -> None:
    """Everything into a folder, in place of an earlier result; runs with random weights stay.

    ``about`` says which run and which annotations. ``heads.json`` comes last: a folder without it is not
    finished.
    """
    FOLDER.clear(folder)
    write_tsv(folder / "heads.tsv", _HEADS, (row for one in found.effects for row in _rows(one, found)))
    write_tsv(folder / "contributions.tsv", _SUMS, _sums(found))
    missing = ((id, kind, why) for kind, ids in collected.left_out.items() for id, why in ids.items())
    write_tsv(folder / "left_out.tsv", ("id", "type", "reason"), missing)
    (folder / "heads.md").write_text(page(found, collected, about), encoding="utf-8")
    groups = dict.fromkeys(one.group for one in found.effects)
    for group, name in zip(groups, _file_names(groups), strict=True):
        some = [one for one in found.effects if one.group == group]
        save_logo(draw_maps(some, found.shape), folder / name)
    if points is not None:
        _write_points(folder, points, collected.ids, classes or {})
    content = {"schema_version": SCHEMA_VERSION, "relevome": __version__, **about}
    content |= {
        "shape": list(found.shape), "proteins": len(collected.ids),
        "proteins_with_sites": {kind: len(one.ids) for kind, one in collected.placements.items()},
        "left_out": {kind: dict(collected.reasons(kind)) for kind in collected.left_out},
        "not_tested": dict(found.left_out), "maps": dict(zip(groups, _file_names(groups), strict=True)),
        "settings": {"level": found.level},
    }  # fmt: skip
    with whole_file(folder / NAME) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _file_names(groups: Mapping[str, None]) -> list[str]:
    """``maps.png`` for all proteins; a number apart for classes of one spelling in file names."""
    plain = [re.sub(r"[^A-Za-z0-9.]+", "_", group) for group in groups]
    names = [name if plain.index(name) == i else f"{name}_{i}" for i, name in enumerate(plain)]
    return [
        "maps.png" if group == ALL else f"maps-{name}.png" for group, name in zip(groups, names, strict=True)
    ]


def _names(found: RelevantHeads) -> list[tuple[Any, Any]]:
    """Layer and head of every unit; both empty for the embedding."""
    layers, heads = found.shape
    return [(None, None), *(HeadName(i, j) for i in range(layers) for j in range(heads))]


def _rows(one: Effect, found: RelevantHeads) -> Iterator[tuple[Any, ...]]:
    """The fields of `_HEADS`."""
    tests = (one.shift, one.exchange, one.random)
    for unit, name in enumerate(_names(found)):
        null = [
            _shown(values[unit])
            for test in tests
            for values in ((test.median, test.p, test.q) if test else ([None] * len(one.p),) * 3)
        ]
        rank = None if one.random_rank is None else _shown(one.random_rank[unit])
        flags = (one.significant[unit], one.specialised[unit], one.positive[unit])
        numbers = (*(part[unit] for part in one.effect), one.p[unit], one.q[unit])
        yield (
            one.group, one.kind, one.metric, *name, int(one.proteins[unit]), *map(_shown, numbers), *null,
            rank, *(int(flag) for flag in flags),
        )  # fmt: skip


def _sums(found: RelevantHeads) -> Iterator[tuple[Any, ...]]:
    for one in found.contributions:
        for unit, name in enumerate(_names(found)):
            numbers = (*(part[unit] for part in one.sums), one.p[unit], one.q[unit])
            yield (one.group, *name, one.proteins, *map(_shown, numbers), int(one.positive[unit]))


def _shown(value: float | np.floating | None) -> float | None:
    """A number that a table may hold."""
    return None if value is None or np.isnan(value) else float(value)


def _write_points(folder: Path, points: HeadMap, ids: tuple[str, ...], classes: Mapping[str, str]) -> None:
    own = [classes.get(id, "") for id in ids]
    rows = ((id, name, *map(float, point)) for id, name, point in zip(ids, own, points.points, strict=True))
    write_tsv(folder / "proteins.tsv", ("id", "class", "x", "y"), rows)
    save_logo(draw_points(points, own), folder / "proteins.png")
