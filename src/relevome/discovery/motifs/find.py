"""From relevance to motifs: seqlets, patterns and hits, and why there are none where there are none."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence as Many
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

from relevome.discovery.motifs.forms import together
from relevome.discovery.motifs.frequency import more_frequent
from relevome.discovery.motifs.grouping import Grouped, GroupingSettings, group
from relevome.discovery.motifs.hits import Hits, hits
from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.modisco import modisco_patterns
from relevome.discovery.motifs.patterns import SeqletPattern
from relevome.discovery.motifs.seqlets import FDR, NullMaps, Seqlets, seqlets
from relevome.words import counted

CANDIDATES = 0.5  # the rate of seqlets that patterns are made of
SIGNS = {1: "positive", -1: "negative"}


@dataclass(frozen=True)
class MotifSettings:
    """How motifs are looked for.

    Args:
        fdr: False discovery rate of patterns, and of hits. Default: 0.05.
        grouping: How seqlets are grouped.
        seed: Of what is drawn. Default: 0.
        candidates: False discovery rate of the seqlets that patterns are made of, ``fdr`` where that is more.
            Default: 0.5.
    """

    fdr: float = FDR
    grouping: GroupingSettings = field(default_factory=GroupingSettings)
    seed: int = 0
    candidates: float = CANDIDATES


@dataclass(frozen=True, eq=False)
class FoundMotifs:
    """What was found.

    Args:
        seqlets: Stretches of relevance beyond the nulls, at the rate of candidates; their q says more.
        patterns: That are more frequent than in every null; of both signs, positive first, each by number of
            seqlets.
        grouped: Of each sign, what became of its seqlets; nothing where patterns are those of TF-MoDISco,
            which has seqlets of its own.
        hits: Places of all patterns.
        reasons: Of each sign without any pattern, why; and of patterns without any hit.
    """

    seqlets: Seqlets
    patterns: list[SeqletPattern]
    grouped: dict[int, Grouped]
    hits: Hits
    reasons: list[str]

    @property
    def pattern_of(self) -> Int[np.ndarray, " seqlets"]:
        """Of every seqlet the number of its pattern, from 0; -1 for none."""
        result, first = np.full(len(self.seqlets), -1), 0
        for sign, grouped in self.grouped.items():
            own = grouped.pattern
            result[self.seqlets.sign == sign] = np.where(own < 0, -1, own + first)
            first += len(grouped.patterns)
        return result


def find_motifs(
    maps: LetterMaps,
    nulls: Many[NullMaps],
    settings: MotifSettings | None = None,
    every_base: Float[np.ndarray, "sequences length bases"] | None = None,
) -> FoundMotifs:
    """Seqlets, the patterns that they make when aligned, and the places of these.

    Forms of one motif are one pattern (`together`), unless patterns are those of TF-MoDISco. Seqlets are many
    and need not be sure: of what they make, only patterns that are more frequent than in every null are kept
    (`more_frequent`). A motif that shuffles have by chance is found like this, though none of its places
    exceeds theirs.

    Args:
        maps: Relevance of letters.
        nulls: Where there is nothing to find, each by itself.
        settings: Default: all as they are.
        every_base: What each base would contribute at each letter, in the order ACGT: then patterns are
            those of TF-MoDISco (`modisco_patterns`), which has seqlets of its own.

    Raises:
        InputError: As `seqlets` and `modisco_patterns` do.
    """
    settings = settings or MotifSettings()
    found = seqlets(maps, nulls, max(settings.fdr, settings.candidates))
    rng = np.random.default_rng(settings.seed)
    grouped: dict[int, Grouped] = {}
    if every_base is None:
        grouped = {sign: _grouped(maps, found, sign, settings.grouping, rng) for sign in SIGNS}
        patterns = [one for sign in SIGNS for one in grouped[sign].patterns]
    else:
        patterns = modisco_patterns(maps, every_base, fewest=settings.grouping.fewest)
    by_modisco = None if every_base is None else {one.sign for one in patterns}
    kept = more_frequent(maps, patterns, nulls, settings.fdr, settings.grouping.both_strands)
    signs = np.array([one.sign for one in patterns], dtype=np.int64)
    grouped = {sign: _of_patterns(one, kept[signs == sign]) for sign, one in grouped.items()}
    patterns = [one for one, more in zip(patterns, kept, strict=True) if more]
    places = hits(maps, patterns, nulls, settings.fdr, settings.grouping.both_strands)
    reasons = [
        f"{name}: {_why(maps, found, grouped.get(sign), sign, settings, by_modisco)}"
        for sign, name in SIGNS.items()
        if not any(one.sign == sign for one in patterns)
    ]
    left = int((~kept).sum())
    if left and patterns:
        others = counted(left, "other group of like seqlets is", "other groups of like seqlets are")
        reasons.append(f"{others} not more frequent than in the nulls")
    lacking = len(patterns) - len(np.unique(places.pattern))
    if lacking:
        reasons.append(
            f"{lacking} of {counted(len(patterns), 'pattern has', 'patterns have')} no place beyond the nulls"
        )
    return FoundMotifs(found, patterns, grouped, places, reasons)


def _grouped(
    maps: LetterMaps, seqlets: Seqlets, sign: int, settings: GroupingSettings, rng: np.random.Generator
) -> Grouped:
    """Groups of seqlets of a sign, forms of one motif together."""
    grouped = group(maps, seqlets, sign, settings, rng)
    patterns, now = together(maps, grouped.patterns, settings.half, settings.both_strands)
    return grouped._replace(patterns=patterns, pattern=np.append(now, -1)[grouped.pattern])


def _of_patterns(grouped: Grouped, kept: Bool[np.ndarray, " patterns"]) -> Grouped:
    """What became of seqlets where some patterns alone are kept; ``usual`` counts the others."""
    number = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1)  # the last is of seqlets without any
    return grouped._replace(
        patterns=[one for one, more in zip(grouped.patterns, kept, strict=True) if more],
        pattern=number[grouped.pattern],
        usual=int((~kept).sum()),
    )


def _why(
    maps: LetterMaps,
    found: Seqlets,
    grouped: Grouped | None,
    sign: int,
    settings: MotifSettings,
    by_modisco: Collection[int] | None,
) -> str:
    """Why there is no pattern of a sign; ``by_modisco`` are the signs of which TF-MoDISco has any."""
    name, rate = SIGNS[sign], f"{100 * found.fdr:g}%"
    candidates = found.candidates[0 if sign > 0 else 1]
    if not (sign * maps.relevance > 0).any():
        return f"no letter has {name} relevance"
    if not candidates:
        return f"{name} relevance is nowhere high over three letters or more"
    if by_modisco is not None and sign not in by_modisco:
        return "TF-MoDISco found no pattern; it needs more than 100 seqlets of its own of a sign"
    if grouped is None:
        return "TF-MoDISco has no pattern of its seqlets that is more frequent than in the nulls"
    if not grouped.seqlets:
        strict = int(np.argmax(found.least))
        return (
            f"none of {counted(candidates, 'stretch', 'stretches')} of {name} relevance exceeds the nulls at "
            f"a false discovery rate of {rate}; the best of both signs has {100 * found.least[strict]:.3g}% "
            f"by {found.nulls[strict]}"
        )
    fewest = settings.grouping.fewest
    if grouped.seqlets < fewest:
        return f"{counted(grouped.seqlets, 'seqlet')}, fewer than the {fewest} that a pattern needs"
    if grouped.usual:
        return (
            f"{counted(grouped.usual, 'group of like seqlets is', 'groups of like seqlets are')} not more "
            "frequent than in the nulls"
        )
    if grouped.plain:
        return (
            f"{counted(grouped.plain, 'group of like seqlets has', 'groups of like seqlets have')} no letter "
            "that tells them from the background"
        )
    return f"no {fewest} of {grouped.seqlets} seqlets are alike"
