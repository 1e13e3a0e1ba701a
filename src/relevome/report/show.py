"""One sequence of a run as a picture."""

from __future__ import annotations

from pathlib import Path

from relevome.data.annotations import read_sites, sites_on
from relevome.data.sequence import ALPHABETS, Sequence
from relevome.report.logo import draw_logo, save_logo
from relevome.runs.run import Run


def show_sequence(
    run: str | Path, sequence_id: str, out: Path, target: str | None = None, sites: Path | None = None
) -> None:
    """Draw the relevance of one sequence of a run, with the known sites of a BED file, as PNG, SVG or PDF.

    Raises ``InputError`` for an id or target that the run does not have, sites off the sequence, and a
    file that cannot be written.
    """
    opened = Run(run)
    row = opened.find(sequence_id, target)[0]
    alphabet = ALPHABETS[opened.manifest["alphabet"]]
    sequence = Sequence(row.sequence_id, row.sequence, alphabet, row.interval)
    figure = draw_logo(
        row.sequence,
        row.relevance,
        alphabet,
        title=row.sequence_id,
        subtitle=f"{opened.manifest['method']}, logit of {row.target}: {row.score:.3g}",
        sites=sites_on(sequence, read_sites(sites)) if sites else (),
        origin=row.interval or 1,
    )
    save_logo(figure, out)
