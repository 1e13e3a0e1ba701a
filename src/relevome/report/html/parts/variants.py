"""Variants on the page: the largest scores in full, how large all of them are, and what was left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from relevome.report.html.alleles import alleles_content, variant_key
from relevome.report.html.arrays import PageArrays
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.verdict import LEFT_OUT, Remark
from relevome.results.variants.rows import NAME, OF_NULL, OF_SIZES, SCHEMA, VariantRow, Variants
from relevome.words import counted

VARIANTS = "What variants do"
_MOST = 20_000  # rows that are kept, the largest; the others are in histograms alone
_EXPLAINED = 500  # rows with relevance of both alleles, the largest
_REASONS = 1000  # variants that are listed with the reason why they were left out; all are counted
_BINS = 41
_WITHIN = 0.999  # of scores, those that the axis of a histogram reaches
_OUTPUTS = 12  # that have histograms
_LEFT = "refused_"


def _content(found: Variants, tools: PageTools) -> dict[str, Any]:
    largest = _largest(found)
    kept = np.argsort(-largest, kind="stable")[:_MOST]  # what is not a number comes last
    table = _taken(found, kept)
    words, numbers = _columns(table, tools.arrays)
    counts = found.counts
    refused = [[one.sequence_id, one.reason] for one in counts.refused[:_REASONS]]
    return {
        "said": _said(found),
        "targets": list(found.targets),
        "scores": list(found.scores),
        "words": words,
        "numbers": numbers,
        "rows": len(kept),
        "left_out": len(largest) - len(kept),
        "histograms": _histograms(found),
        "refused": [
            [name.removeprefix(_LEFT).replace("_", " "), count]
            for name, count in sorted(counts.other.items())
            if name.startswith(_LEFT)
        ],
        "reasons": refused,
        "reasons_more": len(counts.refused) - len(refused),
        "notes": _notes(found),
        "alphabet": str(found.manifest["alphabet"]),
        "why": _why(found, table, tools.arrays),
    }


def _why(found: Variants, table: pa.Table, arrays: PageArrays) -> dict[str, Any] | None:
    """Relevance of both alleles of the first rows; None where that was not asked for."""
    why = found.why
    if why is None:
        return None
    keys = table.slice(0, _EXPLAINED).select(["line", "alternative", "target", "gene"]).to_pylist()
    wanted = {variant_key(**key): number for number, key in enumerate(keys)}
    return alleles_content(why, wanted, arrays) | {"most": _EXPLAINED}


def _said(found: Variants) -> str:
    counts, asked = found.counts, found.manifest["windows"]
    width = asked.get("width")
    read = "whole sequences" if width is None else f"windows of {counted(width, 'letter')}"
    scheme = found.manifest.get("scheme")
    return (
        f"{counts.explained:,} of {counted(counts.read, 'variant')} scored for {', '.join(found.targets[:5])}"
        + f" and {counted(len(found.targets) - 5, 'more output')}" * (len(found.targets) > 5)
        + f", in {read}"
        + (f", by {scheme}" if scheme else "")
        + (
            ""
            if found.status == "finished"
            else f"; the result is {found.status}, these are its parts so far"
        )
    )


def _notes(found: Variants) -> list[str]:
    counts, asked = found.counts, found.manifest["windows"]
    said = [f"variants that change the length: {asked['indels']}"] if asked.get("indels") else []
    said += ["numbers are means over both strands"] if asked.get("both_strands") else []
    said += [f"read on the strands of the genes of {asked['genes']}"] if asked.get("genes") else []
    padded = counts.other.get("padded")
    said += [f"windows filled up beyond an end of a contig: {padded:,}"] if padded else []
    return said


def _sizes(found: Variants) -> tuple[str, ...]:
    """The columns by which variants are ordered: gain and loss, or the difference of scores."""
    return OF_SIZES if set(OF_SIZES) <= set(found.scores) else (found.scores[0],)


def _largest(found: Variants) -> np.ndarray:
    """Of every row its largest score, whatever its sign; not a number without any."""
    sizes = [
        np.fmax.reduce([np.abs(_reals(table, name)) for name in _sizes(found)])
        for table in found.tables(_sizes(found))
    ]
    return np.concatenate([np.zeros(0), *sizes])


def _reals(table: pa.Table, name: str) -> np.ndarray:
    """A column as real numbers, not a number where it is null."""
    values = table[name].cast(pa.float64()).combine_chunks()
    return values.to_numpy(zero_copy_only=False)


def _taken(found: Variants, kept: np.ndarray) -> pa.Table:
    """The rows of these numbers, in their order; one part is held in memory at a time."""
    first, parts, numbers = 0, [SCHEMA.empty_table()], []
    for table in found.tables():
        here = np.flatnonzero((kept >= first) & (kept < first + len(table)))
        parts.append(table.take(pa.array(kept[here] - first)))
        numbers.append(here)
        first += len(table)
    order = np.argsort(np.concatenate([np.zeros(0, dtype=np.int64), *numbers]))
    return pa.concat_tables(parts).take(pa.array(order))


def _columns(table: pa.Table, arrays: PageArrays) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Columns of words and of numbers, without those that have nothing at all."""
    words: dict[str, list[str]] = {}
    numbers: dict[str, Any] = {}
    for field in SCHEMA:
        column = table[field.name]
        if column.null_count == len(column):
            continue
        if pa.types.is_string(field.type):
            words[field.name] = [text or "" for text in column.to_pylist()]
        else:
            numbers[field.name] = arrays.add(_reals(table, field.name), "f8")
    return words, numbers


def _histograms(found: Variants) -> list[dict[str, Any]]:
    """How many rows have which score, of every output and score; the axis is symmetrical about zero."""
    scores = [name for name in found.scores if not name.endswith("_at") and name not in OF_NULL]
    values: dict[tuple[str, str], list[np.ndarray]] = {
        (target, name): [] for target in found.targets[:_OUTPUTS] for name in scores
    }
    for table in found.tables(["target", *scores]):
        targets = np.array(table["target"].to_pylist(), dtype=object)
        for (target, name), some in values.items():
            here = _reals(table, name)[targets == target]
            some.append(here[~np.isnan(here)])
    made = [(key, np.concatenate([np.zeros(0), *some])) for key, some in values.items()]
    return [_histogram(*key, every) for key, every in made if len(every)]


def _histogram(target: str, score: str, values: np.ndarray) -> dict[str, Any]:
    most = float(np.quantile(np.abs(values), _WITHIN)) or float(np.abs(values).max()) or 1.0
    low = 0.0 if score in OF_SIZES else -most
    step = (most - low) / _BINS
    places = np.clip(((values - low) / step).astype(np.int64), 0, _BINS - 1)
    return {
        "target": target, "score": score, "low": low, "step": step, "n": len(values),
        "counts": np.bincount(places, minlength=_BINS).tolist(),
        "beyond": int((np.abs(values) > most).sum()),
    }  # fmt: skip


def _remarks(found: Variants) -> list[Remark]:
    best = _strongest(found)
    text = _said(found) + (f"; {best}" if best else "")
    said = [Remark(VARIANTS, text, "plain" if found.status == "finished" else "caution")]
    if refused := len(found.counts.refused):
        said.append(
            Remark(
                LEFT_OUT,
                f"{counted(refused, 'variant has', 'variants have')} no score, see {TITLE}",
                "caution",
            )
        )
    return said


def _strongest(found: Variants) -> str:
    """The variant with the largest score, in words."""
    sizes = _largest(found)
    if not len(sizes) or np.isnan(sizes).all():
        return ""
    (row,) = _taken(found, np.array([int(np.nanargmax(sizes))])).to_pylist()
    one = VariantRow(**row)
    where = f"{one.sequence_id}:{one.start + 1:,} {_short(one.ref)}>{_short(one.alt)}"
    score = ", ".join(
        f"{name.replace('_', ' ')} {getattr(one, name):.3g}"
        for name in _sizes(found)
        if getattr(one, name) is not None
    )
    return f"the largest change is that of {one.target} by {where}: {score}"


def _short(letters: str) -> str:
    return letters if len(letters) <= 12 else f"{letters[:11]}\u2026"


TITLE = "Variants"
page_parts.register("variants")(PagePart(NAME, Variants, TITLE, _content, _remarks))
