"""What of a variant's effect comes from tokens of several letters that break elsewhere.

A letter that changes may move the borders of tokens far from it. Tokens that hold a changed letter differ in
any case; those that do not, and that only one allele has, differ because of the tokenizer alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool

from relevome.discovery.variants.why import AlleleReading, RelevanceChange

_Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class TokenBreaks:
    """Tokens of both alleles, and where the difference of relevance lies, as either is read first.

    Attributes:
        ref_tokens: How many tokens the reference has, special ones aside.
        alt_tokens: How many the alternative has.
        broken: Tokens, of both alleles together, that hold no changed letter and that the other has not.
        on_changed: The difference of relevance, summed over the letters of tokens that hold a changed letter.
        on_broken: That over other letters of tokens that are ``broken``.
        on_same: That over all other letters.
        share: What is on broken tokens of the sizes of all differences; None where there is no difference.
    """

    ref_tokens: int
    alt_tokens: int
    broken: int
    on_changed: float
    on_broken: float
    on_same: float
    share: float | None


def token_breaks(found: RelevanceChange) -> TokenBreaks:
    """What breaks of the tokens of two alleles, as they are read first."""
    columns = found.columns
    size = len(columns)
    changed = np.zeros(size, dtype=bool)
    changed[columns.changed.start : columns.changed.stop] = True
    read = ~np.isnan(found.first[0].values + found.first[1].values)
    on_changed, counts, apart = changed.copy(), [], set[_Span]()
    for one in found.first:
        spans = _spans(one)
        over = [changed[max(first, 0) : last + 1].any() for first, last in spans]
        on_changed |= _covered([span for span, there in zip(spans, over, strict=True) if there], size)
        counts.append(len(spans))
        apart ^= {
            span
            for span, there in zip(spans, over, strict=True)
            if not there and span[0] >= 0 and span[1] < size and read[span[0] : span[1] + 1].all()
        }
    broken = _covered(sorted(apart), size) & ~on_changed
    difference = np.where(read, found.first[1].values - found.first[0].values, 0.0)
    sizes = float(np.abs(difference).sum())
    return TokenBreaks(
        counts[0],
        counts[1],
        len(apart),
        float(difference[on_changed].sum()),
        float(difference[broken].sum()),
        float(difference[~on_changed & ~broken].sum()),
        float(np.abs(difference[broken]).sum()) / sizes if sizes else None,
    )


def _spans(reading: AlleleReading) -> list[_Span]:
    """The first and last column of every token but special ones, perhaps off the ends."""
    tokens, size = reading.tokens, reading.aligned.size
    ordinary = tokens.ends > tokens.starts
    first, last = tokens.starts[ordinary], tokens.ends[ordinary] - 1
    if reading.turned:
        first, last = size - 1 - last, size - 1 - first
    columns = reading.aligned.column(first).tolist(), reading.aligned.column(last).tolist()
    return list(zip(*columns, strict=True))


def _covered(spans: Sequence[_Span], columns: int) -> Bool[np.ndarray, " columns"]:
    found = np.zeros(columns, dtype=bool)
    for first, last in spans:
        found[max(first, 0) : max(last + 1, 0)] = True
    return found
