"""One explanation as a logo, and the first of a run below each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from matplotlib.figure import Figure

from relevome.data.sequences import named_alphabet
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.report.logo import Logo, draw_page
from relevome.results.notebook import NotebookLook, looks
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run


def token_borders(row: Explanation) -> list[int]:
    """Where tokens begin that are next to each other and not all of one letter."""
    starts, ends = (at[row.token_end > row.token_start] for at in (row.token_start, row.token_end))
    apart = np.array_equal(starts[1:], ends[:-1])
    return starts.tolist() if apart and (ends - starts > 1).any() else []


def answer(row: Explanation) -> str:
    """What the model says of the target, and what it predicts."""
    said = f"logit of {row.target}: {row.score:.3g}"
    if row.probability is None or row.predicted is None:
        return said
    said += f" (probability {row.probability:.3g})"
    if row.predicted != row.target:
        said += f"; predicted: {row.predicted}"
    return said


def _logo(row: Explanation, sites: Sequence[Site] = (), region: range | None = None) -> Logo:
    if row.alphabet is None:
        raise InputError(
            f"the alphabet of {row.sequence_id!r} is not known: plot an explanation that a run gave, such as "
            "relevome.Run(folder)[0].plot()"
        )
    return Logo(
        row.sequence,
        [row.relevance],
        named_alphabet(row.alphabet),
        title=row.sequence_id,
        subtitle=answer(row),
        sites=sites,
        borders=token_borders(row),
        origin=1 if row.interval is None else row.interval,
        region=region,
    )


def _draw_row(
    row: Explanation, *, sites: Sequence[Site] = (), region: range | None = None, inches: float = 7.2
) -> Figure:
    return draw_page([_logo(row, sites, region)], inches=inches)


def _draw_run(run: Run, *, rows: int = 3, inches: float = 7.2) -> Figure:
    if rows < 1:
        raise InputError(f"{rows} rows: expected 1 or more")
    logos = [_logo(row) for row in islice(run, rows)]
    if not logos:
        raise InputError(f"{run.path} holds no explanations: there is nothing to draw")
    return draw_page(logos, inches=inches)


looks.register("Explanation")(NotebookLook(_draw_row))
looks.register("Run")(NotebookLook(_draw_run))
