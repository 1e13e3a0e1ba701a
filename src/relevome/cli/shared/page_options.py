"""What a page of results shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from relevome.cli.shared.paths import ResultName


@dataclass(frozen=True)
class PageOptions:
    """The results, what they are called, and what is drawn beside them."""

    results: Annotated[
        list[str],
        typer.Argument(
            help="Folders of explain, evaluate, compare, substitute, heads, sites, motifs, profile, pairs, "
            "variants and annotate.",
            parser=ResultName,
        ),
    ]
    label: Annotated[list[str] | None, typer.Option(help="Name of a run, once for each, in order.")] = None
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None
    sites: Annotated[
        Path | None, typer.Option(help="Known sites: BED, GFF3, UniProt, a table, or residues:hydrophobic.")
    ] = None
    feature: Annotated[list[str] | None, typer.Option(help="Type of feature; repeatable (default: all).")] = (
        None
    )
    structure: Annotated[
        list[Path] | None,
        typer.Option(help="Structure of a sequence, PDB or mmCIF, to colour by relevance; repeatable."),
    ] = None

    def keywords(self) -> dict[str, Any]:
        """The same as `relevome.report` and `relevome.view` are told it."""
        return {
            "labels": self.label or (), "title": self.title, "sites": self.sites,
            "features": self.feature or (), "structures": self.structure or (),
        }  # fmt: skip
