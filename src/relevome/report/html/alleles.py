"""Relevance of both alleles of variants on a page: letters under each other around what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from relevome.report.html.arrays import PageArrays, finite
from relevome.results.variants.why import MotifChange, VariantsWhy, WhyRow

_FLANK = 30  # columns on either side of those that differ
_MOST = 200  # columns

VariantKey: TypeAlias = tuple[Any, ...]


def variant_key(line: int, alternative: int, target: str, gene: str | None) -> VariantKey:
    """What a row of scores and a row of relevance of the same variant and output have in common."""
    return line, alternative, target, gene or ""


def alleles_content(
    found: VariantsWhy, wanted: Mapping[VariantKey, int], arrays: PageArrays
) -> dict[str, Any]:
    """Relevance of the variants that are wanted, by the numbers of their rows.

    Args:
        found: Relevance of all variants of a folder, which is read part by part.
        wanted: Numbers by what `variant_key` gives.
        arrays: Where relevance goes: of each variant that of the reference's letters, of the alternative's,
            the difference, and its least and largest over shifts, in logits behind each other.

    Returns:
        ``method`` and ``shifts`` of all, and ``rows`` with letters, the columns that differ, the place before
        the first column, and motifs that came or went in words. Of long alleles the first columns alone,
        with ``left_out`` others.
    """
    rows = {}
    for one in found:
        number = wanted.get(variant_key(one.line, one.alternative, one.target, one.gene))
        if number is not None:
            rows[str(number)] = _row(one, arrays)
    return {"method": str(found.manifest["method"]), "shifts": int(found.manifest["shifts"]), "rows": rows}


def _row(one: WhyRow, arrays: PageArrays) -> dict[str, Any]:
    start = max(one.changed_start - _FLANK, 0)
    end = min(one.changed_end + _FLANK, len(one.ref_letters))
    stop = min(end, start + _MOST)
    here = slice(start, stop)
    lists = (one.ref_relevance, one.alt_relevance, one.difference, one.difference_low, one.difference_high)
    return {
        "ref": one.ref_letters[here],
        "alt": one.alt_letters[here],
        "changed": [one.changed_start - start, min(one.changed_end, stop) - start],
        "before": one.first - 1 + sum(letter != "-" for letter in one.ref_letters[:start]),
        "left_out": end - stop,
        "scores": [finite(one.ref_score), finite(one.alt_score)],
        "motifs": [
            _motif(word, change)
            for word, change in (("came", one.gained), ("went", one.lost))
            if change is not None
        ],
        "values": arrays.add(np.concatenate([values[here] for values in lists]), "f4"),
    }


def _motif(word: str, change: MotifChange) -> str:
    return (
        f"The motif {change.motif} {word} (p {change.ref_p:.2g} with the reference, {change.alt_p:.2g} with "
        "the alternative)."
    )
