"""The motifs of one run, with ids and genome coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from relevome.data.known_sites import known_sites
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, Alphabet, Interval, Sequence
from relevome.data.sites import unplaced_sites
from relevome.discovery.motifs.find import SIGNS, FoundMotifs, MotifSettings, find_motifs
from relevome.discovery.motifs.grouping import GroupingSettings
from relevome.discovery.motifs.hits import Hits
from relevome.discovery.motifs.modisco import unfit
from relevome.discovery.motifs.on_sites import SitesPlaced, on_known_sites, place_sites
from relevome.errors import InputError
from relevome.jobs.motifs.nulls import nulls_of
from relevome.jobs.motifs.run_maps import MapsRead, every_base_of, maps_of_run
from relevome.results.motifs.motifs import MotifHit, MotifOnSites, MotifSeqlet
from relevome.results.motifs.settings import MotifSearch
from relevome.results.run.reader import Run
from relevome.words import counted


@dataclass(frozen=True, eq=False)
class MotifsAsked:
    """What is asked of every run; ``features`` are the types of ``sites`` that count, all if empty."""

    target: str | None
    search: MotifSearch
    shuffles: tuple[Run, ...] = ()
    random_models: tuple[Run, ...] = ()
    sites: str | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class MotifsOfRun:
    """What was found in a run; ``names`` are those of its patterns, ``nulls`` those of what stood beside."""

    sequences: tuple[Sequence, ...]
    names: tuple[str, ...]
    found: FoundMotifs
    hits: tuple[MotifHit, ...]
    seqlets: tuple[MotifSeqlet, ...]
    on_sites: tuple[MotifOnSites, ...]
    nulls: tuple[str, ...]
    counts: Mapping[str, int]
    notes: tuple[str, ...]


def motifs_of_run(run: Run, number: int, several: bool, asked: MotifsAsked) -> MotifsOfRun:
    """Patterns and places of one run, the ``number``-th from 1 of ``several`` or one."""
    search = asked.search
    read = maps_of_run(run, asked.target)
    placed, notes = _place(read, asked)
    every_base, way = _every_base(read, asked)
    nulls = nulls_of(run, read.maps, asked.target, asked.shuffles, asked.random_models, search)
    grouping = GroupingSettings(fewest=search.fewest, both_strands=both_strands(read.maps.alphabet, search))
    settings = MotifSettings(search.fdr, grouping, search.seed, search.candidates)
    found = find_motifs(read.maps, nulls, settings, every_base)
    names = _names(found, f"run{number}." if several else "")
    smooth = not (asked.shuffles or asked.random_models) and read.overlapping
    notes = [way, *([_SMOOTH] if smooth else []), *notes]
    counts = {
        "sequences": len(read.sequences), "letters": len(read.maps.codes),
        "candidates": sum(found.seqlets.candidates), "seqlets": len(found.seqlets), "hits": len(found.hits),
    }  # fmt: skip
    return MotifsOfRun(
        read.sequences,
        names,
        found,
        tuple(_hit(found.hits, row, names, read.sequences) for row in range(len(found.hits))),
        tuple(_seqlets(found, number, names, read.sequences)),
        () if placed is None else tuple(on_known_sites(found.hits, names, placed)),
        tuple(null.name for null in nulls),
        counts,
        tuple(notes),
    )


_SMOOTH = (
    "tokens overlap, so that relevance of neighbours is alike: random order knows nothing of that and finds "
    "too much; give --shuffles"
)


def both_strands(alphabet: Alphabet, search: MotifSearch) -> bool:
    """Whether motifs may lie on either strand. Raises InputError where that is asked of proteins."""
    if search.strands == "both" and alphabet.complements is None:
        raise InputError(f"--strands both: the sequences are {alphabet.name}, which has one")
    return search.strands == "both" or (search.strands == "auto" and alphabet == DNA)


def _names(found: FoundMotifs, before: str) -> tuple[str, ...]:
    counted = dict.fromkeys(SIGNS, 0)
    names: list[str] = []
    for one in found.patterns:
        counted[one.sign] += 1
        names.append(f"{before}{SIGNS[one.sign]}_{counted[one.sign]}")
    return tuple(names)


def _every_base(
    read: MapsRead, asked: MotifsAsked
) -> tuple[Float[np.ndarray, "sequences length bases"] | None, str]:
    """Scores of every base for TF-MoDISco, None to align seqlets; and why.

    Raises InputError where TF-MoDISco is asked for and cannot be.
    """
    way = asked.search.way
    if way == "align":
        return None, "patterns by aligned seqlets (--way align)"
    why = unfit(read.maps)
    scores = None if why else every_base_of(read.run, asked.target)
    if scores is None:
        why = why or (
            f"{read.run.path} has no score for every base: explain with --method mutagenesis or with "
            "--letter-scores, or align seqlets"
        )
        if way == "modisco":
            raise InputError(f"--way modisco: {why}")
        return None, f"patterns by aligned seqlets: {why.split(':')[0]}"
    return np.stack(scores), "patterns by TF-MoDISco, from scores of every base"


def _hit(hits: Hits, row: int, names: Many[str], sequences: Many[Sequence]) -> MotifHit:
    sequence = sequences[int(hits.sequence[row])]
    start, end, turned = int(hits.start[row]), int(hits.end[row]), bool(hits.turned[row])
    place = None if sequence.interval is None else sequence.interval.window(start, end)
    letters = sequence.letters[start:end]
    if turned:
        pairs = sequence.alphabet.complements or {}
        letters = "".join(pairs[letter] for letter in reversed(letters))
    return MotifHit(
        names[int(hits.pattern[row])],
        sequence.id,
        start,
        end,
        "-" if turned else "+",
        None if place is None else place.chrom,
        None if place is None else place.start,
        None if place is None else place.end,
        None if place is None else _strand(place, turned),
        float(hits.score[row]),
        float(hits.p[row]),
        float(hits.q[row]),
        letters,
    )


def _strand(place: Interval, turned: bool) -> str:
    """Of the motif on the chromosome; letters of an interval without a strand are those of ``+``."""
    return "+" if (place.strand == "-") == turned else "-"


def _seqlets(
    found: FoundMotifs, number: int, names: Many[str], sequences: Many[Sequence]
) -> list[MotifSeqlet]:
    some = found.seqlets
    made: list[MotifSeqlet] = []
    for i, pattern in enumerate(found.pattern_of.tolist()):
        sequence, start, end = sequences[int(some.sequence[i])], int(some.start[i]), int(some.end[i])
        motif = None if pattern < 0 else names[int(pattern)]
        numbers = int(some.sign[i]), float(some.score[i]), float(some.p[i]), float(some.q[i])
        made.append(
            MotifSeqlet(number, sequence.id, start, end, *numbers, motif, sequence.letters[start:end])
        )
    return made


def _place(read: MapsRead, asked: MotifsAsked) -> tuple[SitesPlaced | None, list[str]]:
    """Known sites on the sequences, and what there is to say of them.

    Raises InputError as the readers do, and where none is on any sequence.
    """
    if asked.sites is None:
        return None, []
    problems: list[Problem] = []
    known = known_sites(asked.sites, read.sequences, asked.features, problems)
    elsewhere = unplaced_sites(known, read.sequences, asked.sites)
    placed = place_sites(read.sequences, known)
    if not placed.places and not placed.rare:
        raise InputError(
            f"no site of {asked.sites} is on a sequence of {read.run.path}: expected sites by the ids or "
            "chromosomes of its sequences"
        )
    notes = [f"{asked.sites}: {one.id}: {one.reason}" for one in problems[:_TOLD]]
    if len(problems) > _TOLD:
        notes.append(f"{asked.sites}: {len(problems) - _TOLD} more could not be placed")
    if elsewhere:
        others = counted(len(elsewhere), "other sequence or chromosome", "other sequences or chromosomes")
        notes.append(f"{asked.sites}: sites on {others}")
    if placed.rare:
        rare = counted(placed.rare, "name of fewer than 5 sites was", "names of fewer than 5 sites were")
        notes.append(f"{asked.sites}: {rare} not tested")
    left = len(read.sequences) - len(placed.kept)
    if left:
        overlapping = counted(left, "sequence that overlaps", "sequences that overlap")
        notes.append(
            f"{asked.sites}: {overlapping} an earlier one {'was' if left == 1 else 'were'} not counted"
        )
    return placed, notes


_TOLD = 5  # problems in words
