"""Pairs of letters on the page: maps of sequences, the strongest pairs, and how far the estimate agrees."""

from __future__ import annotations

from typing import Any

import numpy as np

from relevome.report.html.arrays import PageArrays
from relevome.report.html.evaluations import estimate_content
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.references import BOOTSTRAP
from relevome.report.html.verdict import LEFT_OUT, Remark
from relevome.report.pairs.pictures import QUANTITIES, SIGNED
from relevome.results.pairs.contacts import ContactPrecision
from relevome.results.pairs.folder import NAME, MappedSequence, Pair, Pairs, read_pairs
from relevome.words import counted

READS = "Which letters the model reads together"
_MOST = 5000  # pairs of the table, the strongest
_MOST_VALUES = 2_000_000  # of all maps and estimates; sequences without room for theirs are counted
_LEVEL = 0.05  # false discovery rate that the verdict speaks of


def _content(found: Pairs, tools: PageTools) -> dict[str, Any]:
    maps = _maps(found, tools.arrays)
    return {
        "said": _said(found),
        "method": found.settings.method,
        "quantity": QUANTITIES[found.settings.method],
        "signed": found.settings.method in SIGNED,
        "estimated": str(found.settings.estimate).replace("-", " x "),
        "agreement": estimate_content(found.agreement),
        "sequences": maps,
        "without_map": len(found.sequences) - len(maps),
        "columns": list(Pair._fields),
        "pairs": [list(one) for one in found.pairs[:_MOST]],
        "left_out": max(0, len(found.pairs) - _MOST),
        "contact_columns": list(ContactPrecision._fields),
        "contacts": [list(one) for one in found.contacts],
        "refused": [[one["sequence_id"], one["reason"]] for one in found.refused],
        "notes": list(found.notes),
    }


def _said(found: Pairs) -> str:
    counts = found.counts
    return (
        f"{found.settings.method} maps of {counted(len(found.sequences), 'sequence')}; "
        f"{len(found.pairs):,} strongest of "
        f"{counted(counts.get('pairs', len(found.pairs)), 'pair')} at least {found.settings.apart} "
        "letters apart"
    )


def _maps(found: Pairs, arrays: PageArrays) -> list[dict[str, Any]]:
    """Maps in the order of the input, of the sequences with the strongest pairs as long as there is room."""
    strongest = {one.sequence_id: place for place, one in reversed([*enumerate(found.pairs)])}
    kept: set[int] = set()
    room = _MOST_VALUES
    for one in sorted(found.sequences, key=lambda one: strongest.get(one.sequence_id, len(found.pairs))):
        size = one.letters**2 * (1 + (found.settings.estimate != "none"))
        if size <= room:
            kept.add(one.number)
            room -= size
    return [_map(found, one, arrays) for one in found.sequences if one.number in kept]


def _map(found: Pairs, one: MappedSequence, arrays: PageArrays) -> dict[str, Any]:
    kept = found.map(one.sequence_id)
    estimate = None if kept.estimate is None else _scaled(kept.estimate, arrays)
    return {
        "id": one.sequence_id, "letters": kept.letters, "agreement": one.agreement,
        "map": _scaled(kept.values, arrays), "estimate": estimate,
    }  # fmt: skip


def _scaled(values: np.ndarray, arrays: PageArrays) -> dict[str, Any]:
    """A map in half precision of its largest value, row by row; not a number where nothing is known."""
    sizes = np.abs(values[np.isfinite(values)], dtype=np.float64)
    scale = float(sizes.max(initial=0.0)) or 1.0
    return {"scale": scale, "values": arrays.add((values / scale).ravel(), "f2")}


def _remarks(found: Pairs) -> list[Remark]:
    rates = [one.q for one in found.pairs if one.q is not None]
    if not rates:
        beyond = "no shuffles stand beside them (--shuffles)"
        said = [Remark(READS, f"{_said(found)}; {beyond}", "unknown")]
    else:
        count = sum(q < _LEVEL for q in rates)
        text = f"{_said(found)}; {count:,} of them beyond shuffles at a false discovery rate of {_LEVEL:g}"
        said = [Remark(READS, text, "good" if count else "caution")]
    if found.refused:
        said.append(
            Remark(
                LEFT_OUT,
                f"{counted(len(found.refused), 'sequence has', 'sequences have')} no map of pairs",
                "caution",
            )
        )
    return said


page_parts.register("pairs")(
    PagePart(NAME, read_pairs, "Pairs of letters", _content, _remarks, statistics=(BOOTSTRAP,))
)
