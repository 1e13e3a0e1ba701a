"""One sequence of a run as a picture."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from relevome.data.known_sites import known_sites
from relevome.data.problems import Problem
from relevome.data.sequences import ALPHABETS, Sequence
from relevome.data.sites import sites_on
from relevome.report.logo import draw_logo, save_logo
from relevome.results.run.reader import Run


def show(
    run: Run | str | Path,
    sequence_id: str,
    out: str | Path,
    target: str | None = None,
    sites: str | Path | None = None,
    features: Collection[str] = (),
) -> list[Problem]:
    """Draw the relevance of one sequence of a run as a logo, with its known sites.

    Args:
        run: The run, or its folder.
        sequence_id: Which of its sequences: its id, or the UniProt accession in it.
        out: The picture; its ending says whether it is PNG, SVG or PDF.
        target: Which target, by its label, of a run with several; None: the first.
        sites: A file of known sites (BED, GFF3, UniProt, a table, 3-line labels), or words:
            ``pattern:[AC]-x-V``, ``prosite:FILE`` or ``residues:hydrophobic``. None: none are drawn.
        features: Types of features that are drawn; all if empty.

    Returns:
        Features of the sequence that were left out, since nobody knows which letters they have.

    Raises:
        InputError: For an id or target that the run does not have, sites off the sequence, and a file that
            cannot be written.
    """
    opened = run if isinstance(run, Run) else Run(run)
    row = opened.find(opened.id_of(sequence_id), target)[0]
    alphabet = ALPHABETS[opened.manifest["alphabet"]]
    sequence = Sequence(row.sequence_id, row.sequence, alphabet, row.interval)
    left_out: list[Problem] = []
    known = known_sites(sites, [sequence], features, left_out) if sites else {}
    figure = draw_logo(
        row.sequence,
        row.relevance,
        alphabet,
        title=row.sequence_id,
        subtitle=f"{opened.manifest['method']}, logit of {row.target}: {row.score:.3g}",
        sites=sites_on(sequence, known),
        origin=row.interval or 1,
    )
    save_logo(figure, Path(out))
    return [one for one in left_out if one.id in row.sequence_id.split("|")]
