"""On which annotated sites the relevance of every head of a run lies, from files to tables and maps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from relevome.data.formats.clusters import Clusters, read_clusters
from relevome.data.formats.table import read_classes
from relevome.data.inputs import Input, from_sequences
from relevome.data.problems import Problem
from relevome.data.sequences import Sequence as Letters
from relevome.data.sites import Site, listed_as, read_sites
from relevome.discovery.head_map import head_map
from relevome.discovery.other_maps import exchange_maps
from relevome.discovery.placements import Collected, collect, same_proteins
from relevome.discovery.relevance_heads import groups_of, relevant_heads
from relevome.engines.base import Engine
from relevome.errors import InputError
from relevome.evaluation.explainer import explainer, model_of
from relevome.evaluation.nulls import unaligned
from relevome.jobs import Progress, Say, nobody
from relevome.jobs.explain import run_plan
from relevome.jobs.running.shards import Plan
from relevome.models.base import Model
from relevome.models.targets import PREDICTED
from relevome.models.untrained import with_shuffled_weights
from relevome.report.relevance_heads import write_relevance_page
from relevome.results.parts.writer import OtherQuestion
from relevome.results.quality.record import quality_of
from relevome.results.quality.verdict import verdict
from relevome.results.relevance_heads.folder import FOLDER, RANDOM, write_relevance_heads
from relevome.results.relevance_heads.heads import Projection, RelevantHeads
from relevome.results.run.reader import Run, rows_of
from relevome.words import counted

_Sites = dict[str, dict[str, list[Site]]]


@FOLDER.alone
def relevance_heads(
    run: Run | str | Path,
    annotations: str | Path,
    *,
    types: Sequence[str] = (),
    clusters: str | Path | None = None,
    classes: str | Path | None = None,
    random: int = 0,
    points: Projection | None = None,
    level: float = 0.05,
    target: str | None = None,
    model: Model | str | Path | None = None,
    device: str = "auto",
    batch_size: int | None = None,
    seed: int = 0,
    trust_remote_code: bool = False,
    tokenizer: str | Path | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    engine: Engine | str = "local",
    say: Say = lambda _: None,
    progress: Progress = nobody,
) -> RelevantHeads:
    """Test every head of a run against annotated sites; see `relevome.heads` for what is asked.

    Raises InputError for anything that the user has to mend.
    """
    folder = None if out is None else Path(out)
    opened = run if isinstance(run, Run) else Run(run)
    sites, unplaced = _sites(Path(annotations), types)
    class_of = None if classes is None else read_classes(Path(classes))
    families = None if clusters is None else read_clusters(Path(clusters))
    say(f"measuring {counted(len(opened), 'protein')}")
    collected = collect(opened, sites, target, progress=progress)
    others: list[Collected] = []
    if random:
        ids = {id for one in collected.placements.values() for id in one.ids}
        if not ids:
            raise InputError(f"no protein of {opened.path} has sites in {annotations}: nothing to compare")
        asked = (
            model
            if isinstance(model, Model)
            else model_of(opened, model, device, trust_remote_code, tokenizer)
        )
        with _folder_of_runs(folder) as kept:
            runs = explained_at_random(
                opened, asked, kept, random, ids=ids, target=target, batch_size=batch_size,
                overwrite=overwrite, engine=engine, progress=progress,
            )  # fmt: skip
            for number in range(1, random + 1):
                say(f"explaining with random weights ({number} of {random})")
                others.append(same_proteins(collect(next(runs), sites, nulls=False), collected))
    say("exchanging maps of proteins")
    family_of = None if families is None else _families(families, collected)
    if class_of is not None:
        class_of = {
            id: class_of[name] for id in collected.ids if (name := listed_as(id, class_of)) is not None
        }
    apart = _unaligned(opened, collected)
    exchanged = None
    if apart is None:
        groups = groups_of(collected.ids, class_of)
        exchanged = exchange_maps(opened, collected, groups, family_of, target, seed=seed, progress=progress)
    say("testing")
    tested = relevant_heads(
        collected, others, others=exchanged, clusters=family_of, classes=class_of, level=level
    )
    place = None if points is None else head_map(collected.totals[:, 1:], points, seed)
    about = {
        "by": "relevance", "run": str(opened.path), "annotations": str(annotations), "types": list(types),
        "clusters": None if clusters is None else str(clusters),
        "classes": None if classes is None else str(classes), "random": random, "map": points, "seed": seed,
        "target": target or (PREDICTED if opened.of_predicted else opened.targets[0]),
        "model": dict(opened.manifest["model"]),
        "method": opened.manifest["method"],
        "without_a_cluster": None if family_of is None else len(collected.ids) - len(family_of),
    }  # fmt: skip
    effects = tested.effects
    if verdict(quality_of(about["model"])).below:
        effects = tuple(replace(one, learnt=False) for one in effects)
    found = replace(
        tested, effects=effects, unplaced=tuple(unplaced), points=place, about=about, unaligned=apart
    )
    if folder is not None:
        say("writing tables and pictures")
        FOLDER.clear(folder)
        write_relevance_page(found, folder)
        write_relevance_heads(found, folder)
    return found


def _unaligned(run: Run, collected: Collected) -> str | None:
    """Why places of sequences have nothing to do with each other; those of proteins begin at residue 1."""
    lengths = {len(mask) for masks in collected.masks.values() for mask in masks.values()}
    apart = [] if run.manifest["alphabet"] == "protein" else unaligned(lengths)
    return apart[0] if apart else None


def _sites(path: Path, types: Sequence[str]) -> tuple[_Sites, list[Problem]]:
    """Sites by type and protein, and those that nobody can place; without types, all as one."""
    unplaced: list[Problem] = []
    if not types:
        return {"any": read_sites(path, left_out=unplaced)}, unplaced
    every = read_sites(path, left_out=[])
    found = {}
    for kind in dict.fromkeys(types):
        # A protein that the file lists without this type of site is listed still.
        found[kind] = {id: [] for id in every} | read_sites(path, [kind], unplaced)
    return found, unplaced


def _families(clusters: Clusters, collected: Collected) -> dict[str, int]:
    """The cluster of every protein that has one."""
    found = {id: clusters.find(id) for id in collected.ids}
    return {id: cluster for id, cluster in found.items() if cluster is not None}


@contextmanager
def _folder_of_runs(out: Path | None) -> Iterator[Path]:
    """Where explanations by random weights are kept, to go on from; without a result's folder none are."""
    if out is not None:
        yield out / RANDOM
        return
    with TemporaryDirectory() as folder:
        yield Path(folder)


def explained_at_random(
    run: Run,
    model: Model,
    folder: Path,
    count: int,
    *,
    ids: Collection[str],
    target: str | None = None,
    batch_size: int | None = None,
    overwrite: bool = False,
    engine: Engine | str = "local",
    progress: Progress | None = None,
) -> Iterator[Run]:
    """Runs of ``count`` models with shuffled weights over some of a run's sequences, kept with all heads.

    Each is ``folder``/seed-N, and goes on where it was stopped. One that was asked otherwise is replaced if
    ``overwrite``. Raises InputError for other weights than those of the run, as `explainer` does.
    """
    how = explainer(run, model)
    label = target or run.targets[0]
    method: Any = how.method
    plan = Plan(
        replace(method, heads=True),
        run.manifest["method"],
        tuple(one for one in how.targets if one.is_predicted or one.label == label),
        how.lift,
        how.readings,
        seed=run.manifest["seed"],
    )
    rows = (row for row in rows_of(run, target) if row.sequence_id in ids)
    sequences = [Letters(row.sequence_id, row.sequence, model.alphabet, row.interval) for row in rows]
    source = from_sequences(sequences, model.alphabet)
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        shuffled = with_shuffled_weights(model, seed)
        computed = {"batch_size": batch_size, "engine": engine, "progress": progress}
        yield _made(shuffled, source, plan, folder / f"seed-{seed}", overwrite, computed)


def _made(
    model: Model, source: Input, plan: Plan, out: Path, overwrite: bool, computed: Mapping[str, Any]
) -> Run:
    try:
        return run_plan(model, source, plan, out, **computed)
    except OtherQuestion:
        if not overwrite:
            raise
        return run_plan(model, source, plan, out, overwrite=True, **computed)
