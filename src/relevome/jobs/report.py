"""Results as a page: one file to open, search and send around."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from relevome.data.known_sites import known_sites
from relevome.data.problems import Problem
from relevome.data.sequences import ALPHABETS
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.evaluation.measurement import mean_curves
from relevome.jobs import Say
from relevome.report.html.annotations import as_letters, called_sites
from relevome.report.html.arrays import PageArrays
from relevome.report.html.content import Shown, ShownResult, content
from relevome.report.html.document import document
from relevome.report.html.parts import PageTools, page_parts
from relevome.report.html.tracks import ShownTracks, gather
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free
from relevome.results.record import reading
from relevome.results.relevant_sites import RelevantSites
from relevome.results.run.manifest import NAME as RUN
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
            `heads`, `sites`, `motifs`, `profile`, `pairs`, `variants` and `annotate`, in the order in which
            they are shown.
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
    _check_once(given)
    with whole_file(path) as temporary:
        say("reading")
        runs, others = _opened(given)
        tracks = gather(runs, top) if runs else None
        problems: list[Problem] = []
        lines = _lines(tracks, others, sites, features, problems)
        shown = Shown(
            _title(runs) if title is None else title, tuple(_labels(runs, labels)), tracks, tuple(others),
            lines, tuple(f"{one.id}: {one.reason}" for one in problems),
        )  # fmt: skip
        say("drawing")
        arrays = PageArrays()
        text = document(shown.title, content(shown, PageTools(arrays, mean_curves)), arrays)
        temporary.write_text(text, encoding="utf-8")
    sequences, left_out = (0, 0) if tracks is None else (len(tracks.sequences), tracks.left_out)
    size = path.stat().st_size
    return WrittenPage(path, size, len(runs), sequences, len(others), left_out, tuple(problems))


def _check_once(given: Sequence[Run | str | Path]) -> None:
    """Raises InputError for nothing, and for what is given twice."""
    paths = [(one.path if isinstance(one, Run) else Path(one)).resolve() for one in given]
    if not paths:
        raise InputError(
            "expected a run or another result to show, such as a folder of `relevome explain -o`"
        )
    if twice := next((path for path in paths if paths.count(path) > 1), None):
        raise InputError(f"{twice} is given twice: name every result once")


def _opened(given: Sequence[Run | str | Path]) -> tuple[list[Run], list[ShownResult]]:
    """Runs, and other results by the kinds that a page can show."""
    runs: list[Run] = []
    others: list[ShownResult] = []
    for one in given:
        if isinstance(one, Run) or (Path(one) / RUN).is_file():
            runs.append(one if isinstance(one, Run) else Run(one))
        else:
            others.append(_result(Path(one)))
    return runs, others


def _result(folder: Path) -> ShownResult:
    for kind, part in page_parts.items():
        record = folder / part.record
        if record.is_file():
            found = part.read(folder)
            with reading(record):
                return ShownResult(folder, kind, part, found, json.loads(record.read_text(encoding="utf-8")))
    known = ", ".join([RUN, *(part.record for _, part in page_parts.items())])
    there = "is not there" if not folder.exists() else "holds no result that a page shows"
    raise InputError(f"{folder} {there}: expected the folder of a command, which has one of {known}")


def _labels(runs: Sequence[Run], labels: Sequence[str]) -> list[str]:
    """The labels given, methods that differ, or as much of the end of each path as tells runs apart."""
    if labels and (len(labels) != len(runs) or len(set(labels)) != len(labels)):
        raise InputError(f"{len(labels)} labels for {len(runs)} runs: expected one for each, all different")
    if labels:
        return list(labels)
    found = [str(run.manifest.get("method")) for run in runs]
    paths = [run.path.resolve().parts for run in runs]
    for count in range(1, max(map(len, paths), default=0) + 1):
        if len(set(found)) == len(found):
            break
        found = ["/".join(parts[-count:]) for parts in paths]
    return found


def _title(runs: Sequence[Run]) -> str:
    models = list(dict.fromkeys(Path(str(run.manifest.get("model", {}).get("path"))).name for run in runs))
    return f"Explanations of {' and '.join(models)}" if models else "Results of relevome"


def _lines(
    tracks: ShownTracks | None,
    others: Sequence[ShownResult],
    sites: str | Path | None,
    features: Collection[str],
    problems: list[Problem],
) -> dict[str, dict[str, list[Site]]]:
    """Annotations below the tracks: known sites, and the sites that were called."""
    if tracks is None:
        if sites is not None:
            raise InputError("--sites are drawn on the sequences of runs: give a run too")
        return {}
    lines: dict[str, dict[str, list[Site]]] = {}
    if sites is not None:
        alphabet = ALPHABETS[tracks.runs[0].manifest["alphabet"]]
        letters = [as_letters(one, alphabet) for one in tracks.sequences]
        lines["known sites"] = known_sites(sites, letters, features, problems)
    called = [one for one in others if isinstance(one.found, RelevantSites)]
    for one in called:
        name = "called sites" if len(called) == 1 else f"called sites, {one.folder.name}"
        lines[name] = called_sites(one.found)
    return lines
