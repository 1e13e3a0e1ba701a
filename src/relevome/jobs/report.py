"""Results as a page: one file to open, search and send around."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from relevome.data.problems import Problem
from relevome.errors import InputError
from relevome.jobs import Say
from relevome.jobs.running.shown import given_once, mean_curves, opened, shown_on_page
from relevome.report.html.arrays import PageArrays
from relevome.report.html.content import content
from relevome.report.html.document import document
from relevome.report.html.frame import frame
from relevome.report.html.parts import PageTools
from relevome.report.html.tracks import gather
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free
from relevome.results.run.reader import Run
from relevome.words import counted

IN_NOTEBOOK = 30_000_000  # bytes of a page that a notebook shows, since it keeps what it shows


@dataclass(frozen=True)
class WrittenPage:
    """A page that was made: its file, how many bytes that has, and what is in it.

    ``left_out`` counts sequences that ``top`` left out; ``problems`` are known sites that nobody can place.
    ``path`` is None of a page for a notebook alone, which then is ``text``. In a notebook it shows itself.
    """

    path: Path | None
    bytes: int
    runs: int
    sequences: int
    results: int
    left_out: int
    problems: tuple[Problem, ...]
    text: str | None = field(default=None, repr=False)

    def _repr_html_(self) -> str:
        """The page in a frame that can reach nothing else; of one that is too large, where it is."""
        if self.bytes > IN_NOTEBOOK:
            where = "give it a file with out=" if self.path is None else f"open {self.path} in a browser"
            return f"<p>A page of {self.bytes / 1e6:,.0f} MB, too large for a notebook: {escape(where)}.</p>"
        if self.path is not None and not self.path.is_file():
            return f"<p>{escape(str(self.path))} is not there any more.</p>"
        text = self.path.read_text(encoding="utf-8") if self.path is not None else self.text or ""
        return frame(text, f"a report on {counted(self.sequences, 'sequence')}")


def report(
    results: Run | str | Path | Sequence[Run | str | Path],
    out: str | Path | None = None,
    *,
    labels: Sequence[str] = (),
    title: str | None = None,
    top: int | None = None,
    sites: str | Path | None = None,
    features: Collection[str] = (),
    structures: str | Path | Sequence[str | Path] = (),
    overwrite: bool = False,
    say: Say = lambda _: None,
) -> WrittenPage:
    """Write results as one page that opens in any browser, without a network, or show it in a notebook.

    Args:
        results: Runs of `explain`, or their folders, and folders of `evaluate`, `compare`, `substitute`,
            `heads`, `sites`, `motifs`, `profile`, `pairs`, `variants` and `annotate`, in the order in which
            they are shown.
        out: The file, such as ``report.html``. Default: none; what is returned shows the page in a notebook.
        labels: Names of the runs, one each, in their order. None given: their methods, or as much of the end
            of their paths as tells them apart.
        title: Title of the page. None: the name of the model.
        top: How many sequences are shown: those of the highest score, the explained logit, in the first run
            that has them; how many were left out is counted and said on the page. None: all.
        sites: Known sites, drawn below relevance: a file (BED, GFF3, UniProt, a table, 3-line labels), or
            words: ``pattern:[AC]-x-V``, ``prosite:FILE`` or ``residues:hydrophobic``. None: none are drawn.
        features: Types of features that are drawn; all if empty.
        structures: Files of structures (PDB or mmCIF, also ``.gz``) of sequences of the runs, which are drawn
            in the colours of relevance. Which sequence a chain is, alignment says: at least 0.9 of the paired
            letters are alike. Needs gemmi. None given: none are drawn.
        overwrite: Replace a file that is there.
        say: Told what is going on.

    Returns:
        What was written, and what was left out; in a notebook it shows the page, in a frame of its own.

    Raises:
        InputError: For a folder that holds no result or a damaged one, the same twice, other numbers of
            ``labels`` than of runs, runs of several alphabets, known sites off their sequence or without a
            run, a structure of no sequence that is shown or one that cannot be read, more relevance than a
            file has room for, and a file that is there or cannot be written.
    """
    given = given_once(results)
    path = None if out is None else Path(out)
    check_free([] if path is None else [path], overwrite)
    if top is not None and top < 1:
        raise InputError(f"--top {top}: expected 1 sequence or more")
    files = [structures] if isinstance(structures, str | Path) else list(structures)
    made = (given, labels, title, top, sites, features, files)
    if path is None:
        text, page = _page(*made, say)
        return replace(page, bytes=len(text.encode()), text=text)
    with whole_file(path) as temporary:
        text, page = _page(*made, say)
        temporary.write_text(text, encoding="utf-8")
    return replace(page, path=path, bytes=path.stat().st_size)


def _page(
    given: Sequence[Run | str | Path],
    labels: Sequence[str],
    title: str | None,
    top: int | None,
    sites: str | Path | None,
    features: Collection[str],
    structures: Sequence[str | Path],
    say: Say,
) -> tuple[str, WrittenPage]:
    """The page as text, and what is in it."""
    say("reading")
    runs, others = opened(given)
    tracks = gather(runs, top) if runs else None
    problems: list[Problem] = []
    shown = shown_on_page(runs, others, tracks, labels, title, sites, features, problems, structures)
    say("drawing")
    arrays = PageArrays()
    text = document(shown.title, content(shown, PageTools(arrays, mean_curves)), arrays)
    sequences, left_out = (0, 0) if tracks is None else (len(tracks.sequences), tracks.left_out)
    return text, WrittenPage(None, 0, len(runs), sequences, len(others), left_out, tuple(problems))
