"""`relevome heads --by relevance`: what it is asked, and how that is carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from relevome.cli.evaluation_options import print_list, status
from relevome.errors import InputError

if TYPE_CHECKING:
    from relevome.data.sites import Site
    from relevome.discovery.head_map import HeadMap
    from relevome.discovery.placements import Collected
    from relevome.results.run.reader import Run

RunFolder = Annotated[Path | None, typer.Option("--run", help="Run of `relevome explain --heads`.")]
Annotations = Annotated[
    Path | None, typer.Option(help="Annotated sites: UniProt, GFF3, BED, TSV or 3-line labels.")
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="Type of sites, such as active_site; may be repeated (default: all as one)."),
]
Families = Annotated[
    Path | None, typer.Option(help="Clusters of like proteins, MMseqs2 TSV or .clstr: each counts once.")
]
Classes = Annotated[
    Path | None, typer.Option(help="CSV or TSV with columns id and class, each tested by itself.")
]
Random = Annotated[
    int, typer.Option("--random", help="Models with random weights to compare with; 10 is good.", min=0)
]
Map = Annotated[
    Literal["pca", "tsne", "umap"] | None,
    typer.Option("--map", help="Draw proteins as points by the relevance in their heads."),
]


@dataclass(frozen=True)
class Asked:
    """What a call of the command asks."""

    output: Path
    run: Path | None
    annotations: Path | None
    types: Sequence[str]
    clusters: Path | None
    classes: Path | None
    random: int
    level: float
    map: Literal["pca", "tsne", "umap"] | None
    target: str | None
    model: str | None
    device: str
    seed: int
    overwrite: bool
    trust_remote_code: bool

    @property
    def about(self) -> dict[str, Any]:
        """The same for the record."""
        return {
            "by": "relevance", "run": str(self.run), "annotations": str(self.annotations),
            "types": list(self.types), "clusters": None if self.clusters is None else str(self.clusters),
            "classes": None if self.classes is None else str(self.classes), "random": self.random,
            "map": self.map,
        }  # fmt: skip


def by_relevance(asked: Asked) -> None:
    """Test every head of a run against annotated sites, and leave tables and maps."""
    from relevome.data.formats.clusters import read_clusters
    from relevome.data.formats.table import read_classes
    from relevome.discovery.placements import collect
    from relevome.discovery.relevance_heads import relevant_heads
    from relevome.report.relevance_heads import FOLDER, write_relevant_heads
    from relevome.report.relevance_words import summary
    from relevome.results.run.reader import Run

    if asked.run is None or asked.annotations is None:
        raise InputError("--by relevance needs --run RUN (of explain --heads) and --annotations FILE")
    FOLDER.check(asked.output, asked.overwrite)
    run = Run(asked.run)
    sites, unplaced = _sites(asked.annotations, asked.types)
    classes = None if asked.classes is None else read_classes(asked.classes)
    clusters = None if asked.clusters is None else read_clusters(asked.clusters)
    with status() as say:
        say(f"measuring {len(run):,} proteins")
        collected = collect(run, sites, asked.target)
        random = _at_random(asked, run, collected, sites, say) if asked.random else []
        say("testing")
        families = None
        if clusters is not None:
            found = {id: clusters.find(id) for id in collected.ids}
            families = {id: cluster for id, cluster in found.items() if cluster is not None}
        tested = relevant_heads(collected, random, clusters=families, classes=classes, level=asked.level)
        say("writing tables and pictures")
        about = asked.about | {"target": asked.target or run.targets[0], "unplaced_sites": len(unplaced)}
        about |= {"model": run.manifest["model"], "method": run.manifest["method"]}
        about["without_a_cluster"] = None if families is None else len(collected.ids) - len(families)
        write_relevant_heads(tested, collected, asked.output, about, classes, _points(asked, collected))
    for problem in unplaced[:5]:
        typer.echo(f"left out {problem.id}: {problem.reason}", err=True)
    print_list(summary(tested, collected))
    typer.echo(
        f"{asked.output}: {tested.shape[0]} x {tested.shape[1]} heads in {len(collected.ids):,} proteins"
    )


def _sites(path: Path, types: Sequence[str]) -> tuple[dict[str, dict[str, list[Site]]], list[Any]]:
    """Sites by type and protein, and those that nobody can place; without types, all as one."""
    from relevome.data.sites import read_sites

    unplaced: list[Any] = []
    if not types:
        return {"any": read_sites(path, left_out=unplaced)}, unplaced
    every = read_sites(path, left_out=[])
    found = {}
    for kind in dict.fromkeys(types):
        # A protein that the file lists without this type of site is listed still.
        found[kind] = {id: [] for id in every} | read_sites(path, [kind], unplaced)
    return found, unplaced


def _at_random(
    asked: Asked, run: Run, collected: Collected, sites: Mapping[str, Mapping[str, list[Site]]], say: Any
) -> list[Collected]:
    """The proteins with sites, explained by models with random weights and measured alike."""
    from relevome.discovery.placements import collect, same_proteins
    from relevome.evaluation.explainer import model_of
    from relevome.jobs.random_models import explained_at_random
    from relevome.report.relevance_heads import RANDOM

    ids = {id for one in collected.placements.values() for id in one.ids}
    if not ids:
        raise InputError(f"no protein of {asked.run} has sites in {asked.annotations}: nothing to compare")
    model = model_of(run, asked.model, asked.device, asked.trust_remote_code)
    runs = explained_at_random(
        run, model, asked.output / RANDOM, asked.random, ids=ids, target=asked.target,
        overwrite=asked.overwrite,
        progress=lambda count, total: say(f"explaining with random weights ({total:,} proteins each)"),
    )  # fmt: skip
    found = (collect(one, sites, nulls=False) for one in runs)
    return [same_proteins(one, collected) for one in found]


def _points(asked: Asked, collected: Collected) -> HeadMap | None:
    from relevome.discovery.head_map import head_map

    return None if asked.map is None else head_map(collected.totals[:, 1:], asked.map, asked.seed)
