"""The windows of sites on a genome, and what of the genome is not free of sites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from relevome.data.contigs import Contig
from relevome.data.genomes import misplaced
from relevome.data.lines import PathLike
from relevome.data.positions import PositionChoice
from relevome.data.problems import OnBad, Problem, refuse_or_skip
from relevome.data.sequences import Interval
from relevome.data.windows.anchors import Windowing
from relevome.data.windows.letters import Cuts
from relevome.data.windows.places import Place, on_genome
from relevome.errors import InputError

# Of these all of an interval is the site, and of others a letter.
_WHOLE = ("centre", "summit")


@dataclass(frozen=True, eq=False)
class SiteWindows:
    """Windows of sites in the order of the genome, with their names; every window once.

    ``avoided`` are all windows, also those that are left out, and the intervals that are sites as a whole.
    ``again`` counts sites whose window another site has, ``problems`` say what was wrong with others.
    """

    cuts: Cuts
    names: list[str]
    avoided: list[Interval]
    again: int
    problems: list[Problem]


def read_site_windows(
    sites: PathLike,
    genome: PathLike,
    contigs: Sequence[Contig],
    windows: Windowing,
    choice: PositionChoice,
    forward: bool = False,
    on_bad: OnBad = "refuse",
) -> SiteWindows:
    """The windows of a file of sites.

    Args:
        sites: The file, as `read_places` reads it.
        genome: The genome's file, to be named in errors.
        contigs: Its contigs.
        windows: Width and anchor.
        choice: Which sites of the file.
        forward: Whether windows are read on ``+``, whatever the strand of their sites.
        on_bad: What to do with sites that have no window on the genome.

    Raises InputError for the first bad site, or where no window is left.
    """
    lengths = {contig.name: contig.length for contig in contigs}
    numbers = {contig.name: number for number, contig in enumerate(contigs)}
    avoided: list[Interval] = []

    def placed() -> Iterator[tuple[Place, Interval] | Problem]:
        for place in windows.places(sites, lengths, choice):
            if isinstance(place, Problem):
                yield place
                continue
            place = on_genome(place, lengths)
            here = place.interval
            label = place.name or str(here)
            if reason := misplaced(here, lengths, genome):
                yield Problem(label, reason, place.where)
                continue
            window = windows.around(place, lengths)
            if windows.anchor in _WHOLE or isinstance(window, str):
                avoided.append(here)
            if isinstance(window, str):
                yield Problem(label, window, place.where)
                continue
            avoided.append(window)
            yield place, window

    problems: list[Problem] = []
    found: dict[tuple[int, int, bool], str] = {}
    count = 0
    for place, window in refuse_or_skip(placed(), on_bad, problems):
        count += 1
        turned = window.strand == "-" and not forward
        found.setdefault((numbers[window.chrom], window.start, turned), place.name)
    if not found:
        raise InputError(f"no site of {sites} has a window on {genome}: all {len(problems)} were left out")
    ordered = sorted(found)
    contig, start, reverse = np.array(ordered, dtype=np.int64).T
    names = [found[one] for one in ordered]
    return SiteWindows(
        Cuts(contig, start, reverse.astype(bool)), names, avoided, count - len(found), problems
    )
