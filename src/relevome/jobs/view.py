"""Results as a page that is served to a browser on this machine, for runs too large for one file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType

from relevome.data.problems import Problem
from relevome.jobs import Say
from relevome.jobs.running.shown import given_once, mean_curves, opened, shown_on_page
from relevome.report.view.index import indexed
from relevome.report.view.page import questions
from relevome.report.view.server import PageServer
from relevome.results.run.reader import Run
from relevome.words import counted


class ServedPage:
    """A page that is being served, until it is closed; in a ``with`` block, until that ends.

    Attributes:
        address: Where it is, for browsers on this machine. Whoever knows it can read what is shown.
        runs: How many runs are shown.
        sequences: How many sequences.
        results: How many other results.
        problems: Known sites that nobody can place.
    """

    def __init__(
        self, server: PageServer, runs: int, sequences: int, results: int, problems: tuple[Problem, ...]
    ) -> None:
        self._server = server
        self.address = server.address
        self.runs, self.sequences, self.results, self.problems = runs, sequences, results, problems

    def __repr__(self) -> str:
        return (
            f"ServedPage({self.address!r}: {counted(self.sequences, 'sequence')} of "
            f"{counted(self.runs, 'run')})"
        )

    def wait(self) -> None:
        """Return when the page was closed; Ctrl-C ends the waiting."""
        self._server.wait()

    def close(self) -> None:
        """Serve it no longer."""
        self._server.close()

    def __enter__(self) -> ServedPage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def view(
    results: Run | str | Path | Sequence[Run | str | Path],
    *,
    labels: Sequence[str] = (),
    title: str | None = None,
    sites: str | Path | None = None,
    features: Collection[str] = (),
    structures: str | Path | Sequence[str | Path] = (),
    port: int = 0,
    say: Say = lambda _: None,
) -> ServedPage:
    """Serve results as the page of a report, which reads of its runs what is on the screen.

    It is served on 127.0.0.1 only, and only to whoever knows the token in its address. It can be read, and
    nothing else.

    Args:
        results: As of `report`: runs of `explain`, or their folders, and folders of other commands, in the
            order in which they are shown.
        labels: Names of the runs, one each, in their order. None given: their methods, or as much of the end
            of their paths as tells them apart.
        title: Title of the page. None: the name of the model.
        sites: Known sites, drawn below relevance: a file or words, as of `report`. Letters of all sequences
            are read for them. None: none are drawn.
        features: Types of features that are drawn; all if empty.
        structures: Files of structures, as of `report`. Letters of all sequences are read for them.
        port: Of 127.0.0.1; 0 for one that is free.
        say: Told what is going on.

    Returns:
        The page, which is being served by a thread of its own.

    Raises:
        InputError: For a folder that holds no result or a damaged one, the same twice, other numbers of
            ``labels`` than of runs, runs of several alphabets, known sites off their sequence or without a
            run, a structure of no sequence that is shown, and a port that is taken.
    """
    given = given_once(results)
    say("reading")
    runs, others = opened(given)
    tracks = indexed(runs) if runs else None
    problems: list[Problem] = []
    files = [structures] if isinstance(structures, str | Path) else list(structures)
    shown = shown_on_page(runs, others, tracks, labels, title, sites, features, problems, files)
    server = PageServer(questions(shown, tracks, mean_curves), port)
    server.start()
    sequences = 0 if tracks is None else len(tracks.ids)
    return ServedPage(server, len(runs), sequences, len(others), tuple(problems))
