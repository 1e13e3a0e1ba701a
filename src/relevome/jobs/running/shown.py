"""What a page is made of, be it written or served: results opened, labelled, with their sites."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from relevome.data.problems import Problem
from relevome.data.sequences import ALPHABETS
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.jobs.running.page_names import page_names
from relevome.report.html.annotations import as_letters, called_sites
from relevome.report.html.content import PageTracks, Shown
from relevome.report.html.parts import ShownResult, page_parts
from relevome.report.html.structures import ShownStructure
from relevome.report.runs import model_name
from relevome.results.evaluation.curves import FaithfulnessCurves, MeanCurves
from relevome.results.record import reading
from relevome.results.relevant_sites import RelevantSites
from relevome.results.run.manifest import NAME as RUN
from relevome.results.run.reader import Run
from relevome.stores.place import StorePath, local, named_place
from relevome.words import some_of


def shown_on_page(
    runs: Sequence[Run],
    others: Sequence[ShownResult],
    tracks: PageTracks | None,
    labels: Sequence[str],
    title: str | None,
    sites: str | Path | None,
    features: Collection[str],
    problems: list[Problem],
    structures: Sequence[str | Path] = (),
) -> Shown:
    """What one page is made of; arguments as of `report`, whose ``problems`` are appended to the list.

    Raises InputError for other numbers of labels than of runs, for sites or structures without a run, for
    those that cannot be read, and for a structure of no sequence that is shown.
    """
    lines = _lines(tracks, others, sites, features, problems)
    names, named = page_names(runs, others, labels)
    return Shown(
        _title(runs, others) if title is None else title, tuple(names), tracks, tuple(named),
        lines, tuple(f"{one.id}: {one.reason}" for one in problems), _structures(structures, tracks),
    )  # fmt: skip


def _structures(paths: Sequence[str | Path], tracks: PageTracks | None) -> tuple[ShownStructure, ...]:
    """Structures with the sequences that their chains are; gemmi is imported where there are any."""
    if not paths:
        return ()
    if tracks is None:
        raise InputError("--structure is coloured by the relevance of runs: give a run too")
    if twice := next((one for one in paths if sum(Path(one) == Path(other) for other in paths) > 1), None):
        raise InputError(f"--structure {twice} is given twice: name every structure once")
    from relevome.results.structures.matching import match_sequences
    from relevome.results.structures.traces import read_trace

    sequences = [(one.id, one.letters) for one in tracks.with_letters()]
    traces = [read_trace(Path(path)) for path in paths]
    return tuple(
        ShownStructure(one, match_sequences(sequences, [each.chain for each in one.chains], str(one.path)))
        for one in traces
    )


def mean_curves(curves: Sequence[FaithfulnessCurves]) -> MeanCurves:
    """Means of curves with their intervals; what calculates them is imported where a page has curves."""
    from relevome.evaluation.measurement import mean_curves

    return mean_curves(curves)


def given_once(results: Any) -> list[Run | str | Path]:
    """One result or several, whatever a caller takes for one.

    Raises InputError for none, for what is neither a run nor a folder, and for what is given twice.
    """
    several = isinstance(results, Iterable) and not isinstance(results, Run | str)
    given: list[Any] = list(results) if several else [results]
    for one in given:
        if not isinstance(one, Run | str | Path):
            raise InputError(
                f"this {type(one).__name__} is not in a folder that a page is made of: expected a run, or "
                "the folder that a result was written into (out=)"
            )
    paths = [(one.path if isinstance(one, Run) else named_place(one)).resolve() for one in given]
    if not paths:
        raise InputError(
            "expected a run or another result to show, such as a folder of `relevome explain -o`"
        )
    if twice := next((path for path in paths if paths.count(path) > 1), None):
        raise InputError(f"{twice} is given twice: name every result once")
    return given


def opened(given: Sequence[Run | str | Path]) -> tuple[list[Run], list[ShownResult]]:
    """Runs, and other results by the kinds that a page can show."""
    runs: list[Run] = []
    others: list[ShownResult] = []
    for one in given:
        if isinstance(one, Run):
            runs.append(one)
        elif isinstance(place := named_place(one), StorePath) or (place / RUN).is_file():
            runs.append(Run(place))  # a store has no other results that a page shows
        else:
            others.append(_result(local(place)))
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


def _title(runs: Sequence[Run], others: Sequence[ShownResult]) -> str:
    models = dict.fromkeys(model_name(str(run.manifest.get("model", {}).get("path"))) for run in runs)
    if models:
        return f"Explanations of {' and '.join(models)}"
    return some_of([one.part.title for one in others])


def _lines(
    tracks: PageTracks | None,
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
        from relevome.data.known_sites import known_sites

        alphabet = ALPHABETS[tracks.runs[0].manifest["alphabet"]]
        letters = [as_letters(one, alphabet) for one in tracks.with_letters()]
        lines["known sites"] = known_sites(sites, letters, features, problems)
    called = [one for one in others if isinstance(one.found, RelevantSites)]
    for one in called:
        name = "called sites" if len(called) == 1 else f"called sites, {one.folder.name}"
        lines[name] = called_sites(one.found)
    return lines
