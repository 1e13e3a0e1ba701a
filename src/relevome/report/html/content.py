"""All that a page holds, from results that were read: the verdict, sequences, parts, and how it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from relevome.data.sequences import ALPHABETS
from relevome.data.sites import Site
from relevome.ledger import Ledger
from relevome.report.glyphs import BASES, CHEMISTRY, GREY, RESIDUES, outline_as_svg
from relevome.report.html.annotations import annotation_content, hits_content
from relevome.report.html.arrays import PageArrays
from relevome.report.html.methods_text import methods_content
from relevome.report.html.parts import PageTools, ShownResult
from relevome.report.html.run_options import options_as_given
from relevome.report.html.structures import ShownStructure
from relevome.report.html.targets import target_said, targets_said
from relevome.report.html.tracks import ShownSequence
from relevome.report.html.verdict import (
    ACCOUNTED,
    EXPLAINED,
    LEFT_OUT,
    SURVIVES,
    Remark,
    Tone,
    model_remarks,
    verdict_content,
)
from relevome.report.runs import counts_said, model_name
from relevome.results.comparison import Comparison
from relevome.results.evaluation.result import Evaluation
from relevome.results.motifs.motifs import RelevantMotifs
from relevome.results.quality.record import ModelQuality, quality_of
from relevome.results.run.reader import Run
from relevome.words import counted, some_of

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
        "parts": [_part(shown, one, tools) for one in shown.results],
        "methods": methods_content(shown.runs, shown.results, shown.structures, _trainings(shown)),
    }  # fmt: skip


def _part(shown: Shown, one: ShownResult, tools: PageTools) -> dict[str, Any]:
    drawn = dict(one.part.content(one.found, tools))
    if one.run is not None and isinstance(drawn.get("target"), str):
        drawn["target"] = target_said(shown.runs[one.run], drawn["target"])
    return {"kind": one.kind, "title": one.part.title, "name": one.name, "content": drawn}


def _explained(shown: Shown) -> list[Remark]:
    said: dict[tuple[str, bool], list[str]] = {}
    for run, label in _labelled(shown):
        counts = run.counts
        text = f"{counts.explained:,} of {counted(counts.read, 'sequence')}, target {targets_said(run, 5)}"
        whole = run.status == "finished"
        text += "" if whole else f"; the run is {run.status}, these are its parts so far"
        said.setdefault((text, whole), []).append(label)
    return [
        _of_several(EXPLAINED, text, labels, "plain" if whole else "caution")
        for (text, whole), labels in said.items()
    ]


def _of_several(about: str, text: str, labels: Sequence[str], tone: Tone) -> Remark:
    """What is to be said of several runs alike."""
    return Remark(about, text, tone, name=some_of(labels), names=tuple(labels))


def _accounts(shown: Shown) -> list[Remark]:
    """Whether the ledger closes, of runs that have one."""
    said = []
    for run, label in _labelled(shown):
        ledger = run.counts.ledger
        if ledger is None:
            continue
        fault = ledger.fault(str(run.manifest.get("model", {}).get("dtype", "")))
        closed = f"all of it, to {ledger.unaccounted_share:.0e} of all"
        said.append(Remark(ACCOUNTED, fault or closed, "bad" if fault else "good", name=label))
    return said


def _qualities(shown: Shown) -> Iterator[tuple[str, ModelQuality]]:
    """How good the model of every run and result is."""
    for run, label in _labelled(shown):
        yield label, quality_of(run.manifest.get("model"))
    for one in shown.results:
        for name, quality in one.part.qualities(one.found).items():
            yield _called(shown, one, name), quality


def _trainings(shown: Shown) -> list[Sequence[str]]:
    """The commands by which the models were trained, where they are known."""
    return [quality.command for _, quality in _qualities(shown) if quality.command]


def _of_models(shown: Shown) -> list[Remark]:
    """How good every model is; of several, which runs and results are of which."""
    models: list[tuple[ModelQuality, dict[str, None]]] = []
    for name, quality in _qualities(shown):
        names = next((names for known, names in models if known == quality), None)
        if names is None:
            models.append((quality, {name: None}))
        else:
            names[name] = None
    alone = len(models) == 1
    return [
        remark
        for quality, names in models
        for remark in model_remarks(quality, () if alone else tuple(names))
    ]


def _labelled(shown: Shown) -> list[tuple[Run, str]]:
    return list(zip(shown.runs, shown.labels, strict=True))


def _of_results(shown: Shown) -> list[Remark]:
    """What results add. What survives of an evaluation is said once, also where it is compared too."""
    said = [
        (one, replace(remark, name=_called(shown, one, remark.name)))
        for one in shown.results
        for remark in one.part.remarks(one.found)
    ]
    known = {
        remark.name for one, remark in said if isinstance(one.found, Evaluation) and remark.about == SURVIVES
    }
    kept: list[Remark] = []
    for one, remark in said:
        if isinstance(one.found, Comparison) and remark.about == SURVIVES:
            if remark.name in known:
                continue
            known.add(remark.name)
        kept.append(remark)
    return kept


def _called(shown: Shown, one: ShownResult, name: str) -> str:
    """What a result, which calls what it is about ``name``, is called on the page: as its run, or apart."""
    if isinstance(one.found, Comparison) and name:
        return name
    several = sum(other.kind == one.kind for other in shown.results) > 1
    known = one.run is not None or isinstance(one.found, Evaluation)
    return one.name if several or (name and known) else name


def _heeded(shown: Shown) -> list[Remark]:
    said = [Remark(LEFT_OUT, note, "caution") for note in shown.notes]
    if shown.tracks is not None and shown.tracks.left_out:
        text = f"{counted(shown.tracks.left_out, 'sequence')} of lower score left out of this page"
        said.append(Remark(LEFT_OUT, text, "caution"))
    lines: dict[tuple[str, bool], list[str]] = {}
    for run, label in _labelled(shown):
        if refused := len(run.counts.refused):
            lines.setdefault((f"refused {refused:,}, see Runs", True), []).append(label)
        for line in counts_said(run):
            lines.setdefault((line, False), []).append(label)
    return said + [
        _of_several(LEFT_OUT, line, labels, "caution" if heed else "plain")
        for (line, heed), labels in lines.items()
    ]


def _run(run: Run, label: str) -> dict[str, Any]:
    said, counts = run.manifest, run.counts
    model = str(said.get("model", {}).get("path"))
    refused = [[one.sequence_id, one.reason] for one in counts.refused[:_MOST]]
    return {
        "label": label,
        "folder": str(run.path),
        "method": str(said.get("method")),
        "options": options_as_given(said),
        "target": targets_said(run, 50),
        "model": model,
        "model_name": model_name(model),
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
    content = tracks.content(tools.arrays)
    series = [_in_words(one, tracks.runs[one["run"]]) for one in content["series"]]
    return {**content, "series": series, "alphabet": alphabet.name, "annotations": lines}


def _in_words(series: dict[str, Any], run: Run) -> dict[str, Any]:
    """A series whose targets have their letters."""
    target, targets = series["target"], series["targets"]
    return series | {
        "target": None if target is None else target_said(run, target),
        "targets": targets and {**targets, "names": [target_said(run, name) for name in targets["names"]]},
    }


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
