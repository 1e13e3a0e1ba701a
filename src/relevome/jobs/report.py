"""Results as a page: one file to open, search and send around."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from relevome.data.problems import Problem
from relevome.errors import InputError
from relevome.jobs import Say
from relevome.jobs.running.shown import check_once, mean_curves, opened, shown_on_page
from relevome.report.html.arrays import PageArrays
from relevome.report.html.content import content
from relevome.report.html.document import document
from relevome.report.html.parts import PageTools
from relevome.report.html.tracks import gather
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free
from relevome.results.run.reader import Run


@dataclass(frozen=True)
class WrittenPage:
    """A page that was written: its file, how many bytes that has, and what is in it.

    ``left_out`` counts sequences that ``top`` left out; ``problems`` are known sites that nobody can place.
    """

    path: Path
    bytes: int
    runs: int
    sequences: int
    results: int
    left_out: int
    problems: tuple[Problem, ...]


def report(
    results: Run | str | Path | Sequence[Run | str | Path],
    out: str | Path,
    *,
    labels: Sequence[str] = (),
    title: str | None = None,
    top: int | None = None,
    sites: str | Path | None = None,
    features: Collection[str] = (),
    overwrite: bool = False,
    say: Say = lambda _: None,
) -> WrittenPage:
    """Write results as one page that opens in any browser, without a network.

    Args:
        results: Runs of `explain`, or their folders, and folders of `evaluate`, `compare`, `substitute`,
            `heads`, `sites` and `annotate`, in the order in which they are shown.
        out: The file, such as ``report.html``.
        labels: Names of the runs, one each, in their order. None given: their methods, or as much of the end
            of their paths as tells them apart.
        title: Title of the page. None: the name of the model.
        top: How many sequences are shown: those of the highest score, the explained logit, in the first run
            that has them; how many were left out is counted and said on the page. None: all.
        sites: Known sites, drawn below relevance: a file (BED, GFF3, UniProt, a table, 3-line labels), or
            words: ``pattern:[AC]-x-V``, ``prosite:FILE`` or ``residues:hydrophobic``. None: none are drawn.
        features: Types of features that are drawn; all if empty.
        overwrite: Replace a file that is there.
        say: Told what is going on.

    Returns:
        What was written, and what was left out.

    Raises:
        InputError: For a folder that holds no result or a damaged one, the same twice, other numbers of
            ``labels`` than of runs, runs of several alphabets, known sites off their sequence or without a
            run, more relevance than a file has room for, and a file that is there or cannot be written.
    """
    given = [results] if isinstance(results, Run | str | Path) else list(results)
    path = Path(out)
    check_free([path], overwrite)
    if top is not None and top < 1:
        raise InputError(f"--top {top}: expected 1 sequence or more")
    check_once(given)
    with whole_file(path) as temporary:
        say("reading")
        runs, others = opened(given)
        tracks = gather(runs, top) if runs else None
        problems: list[Problem] = []
        shown = shown_on_page(runs, others, tracks, labels, title, sites, features, problems)
        say("drawing")
        arrays = PageArrays()
        text = document(shown.title, content(shown, PageTools(arrays, mean_curves)), arrays)
        temporary.write_text(text, encoding="utf-8")
    sequences, left_out = (0, 0) if tracks is None else (len(tracks.sequences), tracks.left_out)
    size = path.stat().st_size
    return WrittenPage(path, size, len(runs), sequences, len(others), left_out, tuple(problems))
