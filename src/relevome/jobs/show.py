"""One sequence of a run as a picture."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from relevome.data.features import same_type
from relevome.data.known_sites import known_sites
from relevome.data.problems import Problem
from relevome.data.sequences import ALPHABETS, Sequence
from relevome.data.sites import Site, sites_on
from relevome.errors import InputError
from relevome.report.logo import draw_logo, save_logo
from relevome.report.ruler import PlusOne, Ruler
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run

NARROWEST, WIDEST = 3.0, 40.0  # inches
COVERING = 0.8  # of the letters: a chain with so many lies over everything else


def show(
    run: Run | str | Path,
    sequence_id: str,
    out: str | Path,
    target: str | None = None,
    sites: str | Path | None = None,
    features: Collection[str] = (),
    *,
    inches: float = 7.2,
    plus_one: int | None = None,
) -> list[Problem]:
    """Draw the relevance of one sequence of a run as a logo, with its known sites.

    Args:
        run: The run, or its folder.
        sequence_id: Which of its sequences: its id, or the UniProt accession in it.
        out: The picture; its ending says whether it is PNG, SVG or PDF.
        target: Which target, by its label, of a run with several; None: the first.
        sites: A file of known sites (BED, GFF3, UniProt, a table, 3-line labels), or words:
            ``pattern:[AC]-x-V``, ``prosite:FILE`` or ``residues:hydrophobic``. None: none are drawn.
        features: Types of features that are drawn; all if empty (default), but for a chain that covers at
            least four fifths of the letters where there are other sites.
        inches: Width of the picture, from 3 to 40; the height follows from the letters. Default: 7.2, two
            columns in most journals.
        plus_one: The letter, counted from 1, that is +1 on the axis, as a start site is; the one before it is
            -1. None: letters are counted from 1, or by the interval of the sequence.

    Returns:
        Features of the sequence that were left out, with the reason: nobody knows which letters they have, or
        they cover nearly all.

    Raises:
        InputError: For an id or target that the run does not have, sites off the sequence, another width, and
            a file that cannot be written.
    """
    if not NARROWEST <= inches <= WIDEST:
        raise InputError(f"--width {inches:g}: expected inches from {NARROWEST:g} to {WIDEST:g}")
    opened = run if isinstance(run, Run) else Run(run)
    row = opened.find(opened.id_of(sequence_id), target)[0]
    alphabet = ALPHABETS[opened.manifest["alphabet"]]
    sequence = Sequence(row.sequence_id, row.sequence, alphabet, row.interval)
    left_out: list[Problem] = []
    known = known_sites(sites, [sequence], features, left_out) if sites else {}
    shown, covering = _without_chains(sites_on(sequence, known), features, len(sequence))
    place = "" if row.interval is None else f"{Ruler(row.interval).span(0, len(sequence))} of {row.chrom}, "
    figure = draw_logo(
        row.sequence,
        row.relevance,
        alphabet,
        title=row.sequence_id,
        subtitle=f"{place}{opened.manifest['method']}, {_said(row)}",
        sites=shown,
        borders=_borders(row),
        origin=(row.interval or 1) if plus_one is None else PlusOne(plus_one - 1),
        inches=inches,
    )
    save_logo(figure, Path(out))
    reason = "{} covers nearly all: draw it with --feature chain"
    covered = [Problem(row.sequence_id, reason.format(one.label), str(sites)) for one in covering]
    return [*(one for one in left_out if one.id in row.sequence_id.split("|")), *covered]


def _borders(row: Explanation) -> list[int]:
    """Where tokens begin that are next to each other and not all of one letter."""
    starts, ends = (at[row.token_end > row.token_start] for at in (row.token_start, row.token_end))
    apart = np.array_equal(starts[1:], ends[:-1])
    return starts.tolist() if apart and (ends - starts > 1).any() else []


def _said(row: Explanation) -> str:
    """What the model says of the target, and what it predicts."""
    said = f"logit of {row.target}: {row.score:.3g}"
    if row.probability is None or row.predicted is None:
        return said
    said += f" (probability {row.probability:.3g})"
    if row.predicted != row.target:
        said += f"; predicted: {row.predicted}"
    return said


def listed(run: Run | str | Path, target: str | None = None) -> Iterator[tuple[str, str, float]]:
    """Id, target and score (logit) of every row of a run, or of one target, in its order.

    Raises InputError for a target that the run lacks.
    """
    opened = run if isinstance(run, Run) else Run(run)
    if target is not None and target not in opened.targets:
        raise InputError(
            f"{opened.path} has no target {target!r}: expected one of {', '.join(opened.targets)}"
        )
    for table in opened.tables(["sequence_id", "target", "score"]):
        for id, label, score in zip(*(column.to_pylist() for column in table.columns), strict=True):
            if target in (None, label):
                yield id, label, score


def _without_chains(
    sites: list[Site], features: Collection[str], letters: int
) -> tuple[list[Site], list[Site]]:
    """Sites without chains of nearly the whole protein, and these, unless asked for or all there is."""

    def covers(site: Site) -> bool:
        return same_type(site.kind) == "chain" and site.end - site.start >= COVERING * letters

    others = [site for site in sites if not covers(site)]
    if features or not others:
        return sites, []
    return others, [site for site in sites if covers(site)]
