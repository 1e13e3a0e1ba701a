"""A genome annotated by a model: every position of both strands, the sites called, and how good they are.

Scores are computed and kept a stretch at a time, so memory does not grow with the genome, and one that was
stopped goes on with the first stretch that is missing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from relevome.data.contigs import Contig, read_contigs, read_regions
from relevome.data.genomes import open_genome
from relevome.data.inputs import sha256_of
from relevome.data.positions import Position, PositionChoice, read_positions
from relevome.data.problems import OnBad, Problem, refuse_or_skip
from relevome.data.sequences import Interval
from relevome.engines.base import Engine, engine_of
from relevome.errors import InputError
from relevome.jobs import Progress
from relevome.jobs.running.estimates import Planned
from relevome.jobs.running.stretches import KeepScores, ScoreStretch, estimate_stretches
from relevome.models.base import Model
from relevome.models.batching import batch_sizes_of
from relevome.models.strand_logits import check_reads_letters
from relevome.models.targets import output_index
from relevome.results.annotation import folder as folders
from relevome.results.annotation.results import (
    ClassScores,
    log_odds,
    measure,
    placed,
    probability,
    threshold_for,
    write_tracks,
)
from relevome.results.annotation.scores import SIGNS, ScoreFiles, stretches
from relevome.results.annotation.sites import write_sites
from relevome.results.folder import mark_of, wait_until_shown
from relevome.results.outputs import target_paths
from relevome.results.record import provenance
from relevome.results.tracks import bigwig_library


@dataclass(frozen=True)
class AnnotationSettings:
    """What is annotated, and how sites are called.

    ``circular`` are all contigs or those named; ``regions`` what is annotated, see `read_regions`;
    ``targets`` the classes, by default all but the first. Sites score at least ``threshold``, a probability,
    or what gives so high a ``precision``: on ``truth`` where that is given, else as a probability. No higher
    position is within ``apart`` letters; a site is right if a labelled one is ``within`` letters of it.
    """

    genome: Path
    circular: bool | tuple[str, ...] = False
    regions: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    window: tuple[int, int] | None = None
    truth: Path | None = None
    choice: PositionChoice = field(default_factory=PositionChoice)
    on_bad: OnBad = "refuse"
    threshold: float | None = None
    precision: float = 0.5
    apart: int = 1
    within: int = 0
    values: Literal["probability", "logit"] = "probability"
    tracks: bool = True
    feature_type: str = "sequence_feature"

    def __post_init__(self) -> None:
        for name, value in (("threshold", self.threshold), ("precision", self.precision)):
            if value is not None and not 0 < value < 1:
                raise InputError(f"--{name} {value}: expected a number above 0 and below 1")
        for name, value in (("apart", self.apart), ("within", self.within)):
            if value < 0:
                raise InputError(f"--{name} {value}: expected a number of letters, from 0 on")
        if not self.feature_type or len(self.feature_type.split()) != 1:
            raise InputError(f"--feature-type {self.feature_type!r}: expected a word, such as TSS")


def annotate(
    model: Model,
    settings: AnnotationSettings,
    out: Path,
    *,
    overwrite: bool = False,
    batch_size: int | None = None,
    engine: Engine | str = "local",
    progress: Progress | None = None,
    planned: Planned | None = None,
) -> folders.Annotation:
    """Say of every position of both strands of a genome what it is, call sites, and say how good they are.

    Args:
        model: A model with classes for every letter, or one of whole sequences with a window.
        settings: The genome, what is annotated in it, how sites are called, and what is known of it.
        out: Folder for scores, tracks, sites and ``annotation.json``; one that was stopped goes on.
        overwrite: Replace another annotation that is in ``out``.
        batch_size: Windows or segments that go through the model at once. Default: derived from the model and
            the number of tokens.
        engine: Where stretches of a million letters are computed: an `Engine`, or the name of one.
        progress: Called with two numbers when a stretch is done: how many letters of strands were just
            done, and of how many in all.
        planned: As that of `relevome.explain`. Tracks, sites and numbers, which come last, are not in it.

    Returns:
        The annotation: question, settings, threshold, counts, called sites, and numbers against truth.

    Raises:
        InputError: For anything that the user has to mend; stretches that were finished before are kept.
    """
    model = model.with_batch_sizes(batch_sizes_of(batch_size))
    check_reads_letters(model, settings.window)
    columns = _columns(model, settings)
    if settings.tracks:
        bigwig_library()
    with open_genome(settings.genome) as chromosomes:
        contigs = read_contigs(chromosomes, settings.genome, model.alphabet, settings.circular)
        regions = read_regions(settings.regions, contigs)
        problems: list[Problem] = []
        positions = _positions(settings, contigs, problems)
        question = _question(model, settings, contigs, regions, columns)
        files = ScoreFiles(out / folders.SCORES, stretches(regions), len(columns))
        task = ScoreStretch(
            model, settings.window, list(columns.values()), chromosomes, contigs, settings.genome
        )
        if planned is not None:
            folders.check_same(out, question, overwrite)
            tried = replace(task, model=model.with_batch_sizes(batch_sizes_of(batch_size)))
            planned(estimate_stretches(files, tried, engine, overwrite))
        with folders.claimed(out, question, overwrite):
            keeping = KeepScores(task, files, out, mark_of(out))
            _score(keeping, engine_of(engine), progress)
            found = _conclude(out, settings, files, contigs, list(columns), positions)
            content = {
                "question": question,
                "settings": _calling(settings),
                "batch_size": model.batch_sizes.on_record(),
                **found,
                "problems": _said(problems),
                **provenance(),
            }
            folders.write_annotation(out, "finished", content)
    return folders.read_annotation(out)


def _columns(model: Model, settings: AnnotationSettings) -> dict[str, int]:
    """Classes by their names: those asked for, else all but the first, which is nothing in particular."""
    labels = model.labels
    wanted = settings.targets or (labels[1:] if len(labels) > 1 else labels)
    found = {}
    for target in wanted:
        index = output_index(model, target)
        found[labels[index]] = index
    if settings.truth and len(found) > 1:
        raise InputError(f"--truth is of one class: choose it by --target, of {', '.join(found)}")
    return found


def _positions(
    settings: AnnotationSettings, contigs: list[Contig], problems: list[Problem]
) -> list[Position] | None:
    if settings.truth is None:
        return None
    lengths = {contig.name: contig.length for contig in contigs}
    found = read_positions(settings.truth, lengths, settings.choice)
    return list(refuse_or_skip(found, settings.on_bad, problems))


def _score(task: KeepScores, engine: Engine, progress: Progress | None) -> None:
    """Compute what is missing, and keep every stretch as it comes."""
    files = task.files
    missing = dict(enumerate(files.missing()))
    total = sum(len(stretch.region) for stretch in files.stretches)
    tell = progress or (lambda count, total: None)
    tell(total - sum(len(stretch.region) for stretch in missing.values()), total)
    for number, scores in engine.map(task, missing.items()):
        if scores is not None:
            files.write(missing[number], scores)
        else:
            wait_until_shown(files.folder / missing[number].name)
        tell(len(missing[number].region), total)


def _conclude(
    out: Path, settings: AnnotationSettings, files: ScoreFiles, contigs: list[Contig], labels: list[str],
    positions: list[Position] | None,
) -> dict[str, Any]:  # fmt: skip
    """Sites, tracks and numbers of finished scores."""
    classes = [
        ClassScores(files, column, label, contigs, settings.apart) for column, label in enumerate(labels)
    ]
    if settings.tracks:
        paths = {sign: target_paths(out / f"{name}.bw", labels) for sign, name in SIGNS.items()}
        for one in classes:
            write_tracks({sign: paths[sign][one.label] for sign in SIGNS}, one, settings.values)
    threshold, truth = _against_truth(settings, classes, positions)
    called = (site for one in classes for site in one.called(threshold))
    count = write_sites(out, called, settings.feature_type)
    reached = None if threshold is None else float(probability(np.array([threshold]))[0])
    return {"threshold": reached, "counts": {**_counted(classes[0]), "sites": count}, "truth": truth}


def _against_truth(
    settings: AnnotationSettings, classes: list[ClassScores], positions: list[Position] | None
) -> tuple[float | None, dict[str, Any] | None]:
    """The least log-odds of a site, and how good scores and sites are, if that can be said."""
    threshold = log_odds(settings.threshold or settings.precision)
    if positions is None:
        return threshold, None
    (scores,) = classes
    truth, without = placed(positions, scores)
    if settings.threshold is None:
        threshold = threshold_for(scores, truth, settings.precision, settings.within)
    return threshold, {"without_score": without, **measure(scores, truth, threshold, settings.within)}


def _counted(scores: ClassScores) -> dict[str, int]:
    lengths = [len(stretch.region) for stretch in scores.files.stretches]
    contigs = {stretch.region.chrom for stretch in scores.files.stretches}
    return {"contigs": len(contigs), "letters": sum(lengths), "in_gaps": scores.files.without()}


def _question(
    model: Model, settings: AnnotationSettings, contigs: list[Contig], regions: list[Interval],
    columns: dict[str, int],
) -> dict[str, Any]:  # fmt: skip
    """All that decides what scores are."""
    whole = {(contig.name, 0, contig.length) for contig in contigs}
    limited = {(region.chrom, region.start, region.end) for region in regions} != whole
    return {
        "model": model.about(),
        "genome_sha256": sha256_of(settings.genome),
        "circular": sorted(contig.name for contig in contigs if contig.circular),
        "regions": [str(region) for region in regions] if limited else "all",
        "classes": list(columns),
        "window": settings.window,
    }


def _calling(settings: AnnotationSettings) -> dict[str, Any]:
    """How sites were called."""
    names = ("threshold", "precision", "apart", "within", "values", "tracks", "feature_type", "on_bad")
    said = {"genome": str(settings.genome)} | {name: getattr(settings, name) for name in names}
    if settings.truth is not None:
        said |= {"truth": str(settings.truth), "truth_sha256": sha256_of(settings.truth)}
        said |= {"choice": asdict(settings.choice)}
    return said


def _said(problems: list[Problem]) -> list[dict[str, str]]:
    return [{"id": problem.id, "reason": str(problem)} for problem in problems]
