"""Sites: where averaged relevance is higher than in random orders of the same relevance.

Relevance is averaged over a few letters. Its peaks are compared with those of a null: the share of the null's
peaks that are as high is the p of a peak, and peaks below a false discovery rate (Benjamini, Hochberg 1995,
JRSS B 57:289-300) are sites. The relevance of sites is itself in the random orders, where it makes peaks that
are no null's. So sites that are found are taken out of it, and all peaks are compared again, by the two-stage
procedure of Benjamini, Krieger, Yekutieli 2006 (Biometrika 93:491-507, definition 6), which also counts those
of the first stage as no null's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import maximum_filter1d

from relevome.discovery.covered_relevance import BACKWARD, FORWARD, CoveredRelevance
from relevome.discovery.exchanged_values import ExchangedValues
from relevome.discovery.signed_rank import false_discovery_rates
from relevome.results.relevant_sites import RelevantSite, SiteSettings

Values = Float[np.ndarray, " places"]
Covered = Bool[np.ndarray, " places"]
# Told how many draws were just done, and of how many.
Drawn = Callable[[int, int], None]


class SummitPeaks(NamedTuple):
    """Peaks of averaged relevance: where, how high, and how they stand against a null."""

    places: Int[np.ndarray, " peaks"]
    heights: Float[np.ndarray, " peaks"]
    p: Float[np.ndarray, " peaks"]
    q: Float[np.ndarray, " peaks"]


@dataclass(frozen=True)
class CalledSites:
    """Sites by place, and how many peaks they were chosen from."""

    sites: tuple[RelevantSite, ...]
    threshold: float | None
    peaks: int
    null_peaks: int
    narrow: int


def call_sites(
    relevance: CoveredRelevance,
    settings: SiteSettings,
    null: CoveredRelevance | None = None,
    drawn: Drawn = lambda done, total: None,
) -> CalledSites:
    """The sites of all relevance of a run.

    Args:
        relevance: All of it, with at least ``settings.window`` places between stretches.
        settings: How sites are called.
        null: Explanations of shuffled sequences, whose peaks are the null in place of random orders.
        drawn: Told how many random orders are done.
    """
    sign = -1.0 if settings.sign == "negative" else 1.0
    values = sign * relevance.values
    smooth = averaged(values, settings.window)
    places = peaks(smooth, relevance.covered, settings.window)
    heights = smooth[places]
    if null is not None:
        theirs = averaged(sign * null.values, settings.window)
        null_heights = theirs[peaks(theirs, null.covered, settings.window)]
        found = _against(places, heights, null_heights)
    else:
        found, null_heights = _against_orders(relevance, values, places, heights, settings, drawn)
    called = np.flatnonzero(found.q <= settings.fdr)
    spans = [_span(values, smooth, int(found.places[i]), settings.window) for i in called]
    merged = _merged(relevance.stretch, list(zip(spans, called.tolist(), strict=True)), heights, settings.gap)
    wide = [one for one in merged if one[0][1] - one[0][0] >= settings.least_width]
    sites = [_site(relevance, span, found, peak, sign) for span, peak in wide]
    threshold = float(heights[called].min()) if len(called) else None
    order = sorted(sites, key=lambda site: (site.chrom, site.start, site.end, site.strand))
    return CalledSites(tuple(order), threshold, len(places), len(null_heights), len(merged) - len(wide))


def averaged(values: Values, window: int) -> Values:
    """The mean over ``window`` letters around each, with nothing beyond the ends."""
    return np.convolve(values, np.full(window, 1 / window), "full")[window // 2 :][: len(values)]


def peaks(smooth: Values, covered: Covered, window: int) -> Int[np.ndarray, " peaks"]:
    """Letters above 0 that none within ``window`` letters exceeds; of equal ones in a row the middle one."""
    here = np.where(covered, smooth, -np.inf)
    highest = maximum_filter1d(here, 2 * window + 1, mode="constant", cval=-np.inf)
    at = np.flatnonzero((here == highest) & (here > 0))
    if not len(at):
        return at
    begins = np.concatenate([[0], np.flatnonzero(np.diff(at) > window) + 1])
    ends = np.concatenate([begins[1:], [len(at)]])
    return at[(begins + ends - 1) // 2]


def _against(
    places: Int[np.ndarray, " peaks"],
    heights: Float[np.ndarray, " peaks"],
    null: Float[np.ndarray, " null"],
) -> SummitPeaks:
    """The observed counts as one of the null (Phipson, Smyth 2010, SAGMB 9:39)."""
    as_high = len(null) - np.searchsorted(np.sort(null), heights, "left")
    p = (1 + as_high) / (1 + len(null))
    return SummitPeaks(places, heights, p, false_discovery_rates(p))


def _against_orders(
    relevance: CoveredRelevance,
    values: Values,
    places: Int[np.ndarray, " peaks"],
    heights: Float[np.ndarray, " peaks"],
    settings: SiteSettings,
    drawn: Drawn,
) -> tuple[SummitPeaks, Float[np.ndarray, " null"]]:
    covered, kinds = relevance.covered, relevance.kinds(settings.null)
    rng = np.random.default_rng(settings.seed)
    out, called = np.zeros(len(values), dtype=bool), np.zeros(0, dtype=np.int64)
    for done in (0, settings.draws):
        mixed = ExchangedValues(values[covered], kinds, relevance.stretch[covered], out[covered])
        null = []
        for draw in range(settings.draws):
            track = np.zeros_like(values)
            track[covered] = mixed.draw(rng)
            smooth = averaged(track, settings.window)
            null.append(smooth[peaks(smooth, covered, settings.window)])
            drawn(done + draw + 1, 2 * settings.draws)
        found = _two_stage(_against(places, heights, np.concatenate(null)), len(called), settings.fdr)
        called = found.places[found.q <= settings.fdr]
        if not len(called):
            break
        around = np.arange(-settings.window, settings.window + 1)
        out[np.clip(called[:, None] + around, 0, len(out) - 1)] = True
    return found, np.concatenate(null)


def _two_stage(found: SummitPeaks, called: int, fdr: float) -> SummitPeaks:
    """Rates where so many peaks of the first stage are no null's (Benjamini, Krieger, Yekutieli 2006)."""
    others = 1 - called / max(len(found.places), 1)
    return found._replace(q=np.minimum(found.q * others * (1 + fdr), 1.0))


def _span(values: Values, smooth: Values, summit: int, window: int) -> tuple[int, int]:
    """First letter of a site and one after its last.

    Of all stretches with the summit, where averaged relevance stays at half its height, the one with the
    largest sum of relevance less that half: relevance of a site rises from half to full height within it.
    """
    half = smooth[summit] / 2
    first = summit
    while first > 0 and smooth[first - 1] >= half:
        first -= 1
    last = summit
    while last < len(smooth) - 1 and smooth[last + 1] >= half:
        last += 1
    first, last = max(first - window // 2, 0), min(last + window // 2, len(smooth) - 1)
    left = np.cumsum(values[first : summit + 1][::-1] - half)
    right = np.cumsum(values[summit : last + 1] - half)
    return summit - int(np.argmax(left)), summit + int(np.argmax(right)) + 1


_Span = tuple[tuple[int, int], int]


def _merged(
    stretch: Int[np.ndarray, " places"],
    found: list[_Span],
    heights: Float[np.ndarray, " peaks"],
    gap: int,
) -> list[_Span]:
    """Sites with at most ``gap`` letters between them as one, with the higher of their peaks."""
    merged: list[_Span] = []
    for (start, end), peak in sorted(found):
        if merged:
            (first, last), other = merged[-1]
            if stretch[first] == stretch[start] and start - last <= gap:
                higher = max(other, peak, key=lambda one: heights[one])
                merged[-1] = ((first, max(last, end)), higher)
                continue
        merged.append(((start, end), peak))
    return merged


def _site(
    relevance: CoveredRelevance, span: tuple[int, int], found: SummitPeaks, peak: int, sign: float
) -> RelevantSite:
    start, end = span
    strand = {FORWARD: "+", BACKWARD: "-"}.get(int(np.bitwise_or.reduce(relevance.strands[start:end])), ".")
    chrom, first = relevance.on_chromosome(start)
    summit = first + int(found.places[peak]) - start
    return RelevantSite(
        chrom, first, first + end - start, strand, summit, sign * float(found.heights[peak]),
        float(relevance.values[start:end].sum()), float(found.p[peak]), float(found.q[peak]),
        relevance.letters(start, end, strand == "-"),
    )  # fmt: skip
