"""All that a page holds, from results that were read: the verdict, sequences, parts, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from relevome.data.sequences import ALPHABETS
from relevome.data.sites import Site
from relevome.ledger import Ledger
from relevome.report.glyphs import BASES, CHEMISTRY, GREY, RESIDUES, outline_as_svg
from relevome.report.html.annotations import annotation_content, hits_content
from relevome.report.html.arrays import PageArrays
from relevome.report.html.methods_text import methods_content, set_options
from relevome.report.html.parts import PageTools, ShownResult
from relevome.report.html.structures import ShownStructure
from relevome.report.html.tracks import ShownSequence
from relevome.report.html.verdict import (
    ACCOUNTED,
    EXPLAINED,
    LEFT_OUT,
    SURVIVES,
    Remark,
    model_remarks,
    verdict_content,
)
from relevome.report.runs import remarks
from relevome.results.comparison import Comparison
from relevome.results.evaluation.result import Evaluation
from relevome.results.motifs.motifs import RelevantMotifs
from relevome.results.quality.record import ModelQuality, quality_of
from relevome.results.run.reader import Run
from relevome.words import counted

_MOST = 1000  # refused sequences that are listed; all are counted


@runtime_checkable
class PageTracks(Protocol):
    """Sequences and their tracks, all of them in the page, or fetched where they are looked at."""

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that they are from."""
        ...

    @property
    def left_out(self) -> int:
        """How many sequences there are beside these."""
        ...

    def with_letters(self) -> Sequence[ShownSequence]:
        """Every sequence with its letters; asked for only where something lies on them."""
        ...

    def content(self, arrays: PageArrays) -> dict[str, Any]:
        """Sequences and tracks as the page reads them."""
        ...


@dataclass(frozen=True)
class Shown:
    """What one page is made of.

    Attributes:
        title: Of the page.
        labels: Names of the runs, in their order.
        tracks: The sequences, and the runs that they are from; None for a page without runs.
        results: All other results.
        sites: Lines of annotations by name: sites by sequence or by chromosome.
        notes: What was left out on the way, in sentences.
        structures: Of sequences of the tracks.
    """

    title: str
    labels: tuple[str, ...]
    tracks: PageTracks | None
    results: tuple[ShownResult, ...]
    sites: Mapping[str, Mapping[str, list[Site]]]
    notes: tuple[str, ...] = ()
    structures: tuple[ShownStructure, ...] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs, in the order in which they were given."""
        return () if self.tracks is None else self.tracks.runs


def content(shown: Shown, tools: PageTools) -> dict[str, Any]:
    """The content of a page as JSON can hold it; arrays go into ``tools``.

    Raises InputError for known sites that leave their sequence.
    """
    parts = (_explained, _accounts, _of_models, _of_results, _heeded)
    said = list(dict.fromkeys(remark for part in parts for remark in part(shown)))
    return {
        "schema": 1,
        "title": shown.title,
        "letters": _letters(),
        "verdict": verdict_content(said),
        "runs": [_run(run, label) for run, label in _labelled(shown)],
        "sequences": None if shown.tracks is None else _sequences(shown, shown.tracks, tools),
        "structures": [one.content(tools.arrays) for one in shown.structures],
        "parts": [
            {"kind": one.kind, "title": one.part.title, "folder": str(one.folder),
             "content": one.part.content(one.found, tools)}
            for one in shown.results
        ],
        "methods": methods_content(shown.runs, shown.results, shown.structures),
    }  # fmt: skip


def _explained(shown: Shown) -> list[Remark]:
    said: dict[tuple[str, bool], list[str]] = {}
    for run, label in zip(shown.runs, shown.labels, strict=True):
        counts, targets = run.counts, ", ".join(run.targets[:5])
        more = f" and {len(run.targets) - 5} more" * (len(run.targets) > 5)
        text = f"{counts.explained:,} of {counted(counts.read, 'sequence')}, target {targets}{more}"
        whole = run.status == "finished"
        text += "" if whole else f"; the run is {run.status}, these are its parts so far"
        said.setdefault((text, whole), []).append(label)
    return [
        Remark(EXPLAINED, f"{', '.join(labels)}: {text}", "plain" if whole else "caution")
        for (text, whole), labels in said.items()
    ]


def _accounts(shown: Shown) -> list[Remark]:
    """Whether the ledger closes, of runs that have one."""
    said = []
    for run, label in _labelled(shown):
        ledger = run.counts.ledger
        if ledger is None:
            continue
        fault = ledger.fault(str(run.manifest.get("model", {}).get("dtype", "")))
        closed = f"all of it, to {ledger.unaccounted_share:.0e} of all"
        said.append(Remark(ACCOUNTED, f"{label}: {fault or closed}", "bad" if fault else "good"))
    return said


def _of_models(shown: Shown) -> list[Remark]:
    """How good every model is; of several, which runs and results are of which."""
    named = [(label, quality_of(run.manifest.get("model"))) for run, label in _labelled(shown)]
    for one in shown.results:
        named += one.part.qualities(one.found).items()
    models: list[tuple[ModelQuality, dict[str, None]]] = []
    for name, quality in named:
        names = next((names for known, names in models if known == quality), None)
        if names is None:
            models.append((quality, {name: None}))
        else:
            names[name] = None
    alone = len(models) == 1
    return [
        remark
        for quality, names in models
        for remark in model_remarks(quality, "model" if alone else f"model of {', '.join(names)}")
    ]


def _labelled(shown: Shown) -> list[tuple[Run, str]]:
    return list(zip(shown.runs, shown.labels, strict=True))


def _of_results(shown: Shown) -> list[Remark]:
    """What results add; of evaluations that are compared too, what survives is said once."""
    evaluated = {_run_of(one.found) for one in shown.results if isinstance(one.found, Evaluation)}
    return [
        remark
        for one in shown.results
        for remark in one.part.remarks(one.found)
        if not (remark.about == SURVIVES and _said_before(one.found, evaluated))
    ]


def _said_before(found: Any, evaluated: Set[str]) -> bool:
    """Whether a comparison is of runs whose evaluations are all on the page."""
    return isinstance(found, Comparison) and evaluated >= {_run_of(one) for one in found.evaluations.values()}


def _run_of(found: Evaluation) -> str:
    return str(found.about.get("run"))


def _heeded(shown: Shown) -> list[Remark]:
    said = [Remark(LEFT_OUT, note, "caution") for note in shown.notes]
    if shown.tracks is not None and shown.tracks.left_out:
        text = f"{counted(shown.tracks.left_out, 'sequence')} of lower score left out of this page"
        said.append(Remark(LEFT_OUT, text, "caution"))
    lines: dict[tuple[str, bool], list[str]] = {}
    for run, label in zip(shown.runs, shown.labels, strict=True):
        if refused := len(run.counts.refused):
            lines.setdefault((f"refused {refused:,}, see Runs", True), []).append(label)
        for line in remarks(run):
            lines.setdefault((line, False), []).append(label)
    return said + [
        Remark(LEFT_OUT, f"{', '.join(labels)}: {line}", "caution" if heed else "plain")
        for (line, heed), labels in lines.items()
    ]


def _run(run: Run, label: str) -> dict[str, Any]:
    said, counts = run.manifest, run.counts
    refused = [[one.sequence_id, one.reason] for one in counts.refused[:_MOST]]
    return {
        "label": label,
        "folder": str(run.path),
        "method": str(said.get("method")),
        "options": {name: str(value) for name, value in set_options(said).items()},
        "targets": list(run.targets[:50]),
        "of_predicted": run.of_predicted,
        "model": str(said.get("model", {}).get("path")),
        "status": run.status,
        "read": counts.read,
        "explained": counts.explained,
        "refused": refused,
        "refused_more": len(counts.refused) - len(refused),
        "ledger": None if counts.ledger is None else _account(counts.ledger),
    }


def _account(ledger: Ledger) -> dict[str, Any]:
    """Where relevance went: what each operation absorbed, and as what."""
    return {
        "logits": ledger.sequences,
        "logit": ledger.logit,
        "tokens": ledger.tokens,
        "unaccounted": ledger.unaccounted,
        "share": ledger.unaccounted_share,
        "flows": [
            [entry.operation, kind, amount]
            for entry in ledger.entries
            for kind, amount in entry.absorbed.items()
            if amount
        ],
    }


def _sequences(shown: Shown, tracks: PageTracks, tools: PageTools) -> dict[str, Any]:
    alphabet = ALPHABETS[tracks.runs[0].manifest["alphabet"]]
    lines = [
        annotation_content(name, tracks.with_letters(), alphabet, dict(sites), tools.arrays)
        for name, sites in shown.sites.items()
    ]
    found = [
        (one.folder.name, one.found)
        for one in shown.results
        if isinstance(one.found, RelevantMotifs) and one.found.hits
    ]
    for folder, motifs in found:
        name = "motifs" if len(found) == 1 else f"motifs, {folder}"
        lines.append(hits_content(name, tracks.with_letters(), alphabet, motifs.hits, tools.arrays))
    return {**tracks.content(tools.arrays), "alphabet": alphabet.name, "annotations": lines}


def _letters() -> dict[str, Any]:
    """The outline of every letter as path data of SVG, and its colours as bases and as residues."""
    every = sorted({letter for alphabet in ALPHABETS.values() for letter in alphabet.all_letters})
    return {
        "outlines": {letter: outline_as_svg(letter) for letter in every},
        "bases": dict(BASES),
        "residues": dict(RESIDUES),
        "other": GREY,
        "chemistry": dict(CHEMISTRY),
    }
