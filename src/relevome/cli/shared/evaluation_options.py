"""Options that evaluate and compare have in common, and what both print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from relevome.cli.shared.options import BatchSize, Device, Seed, rows_at_once
from relevome.cli.shared.terminal import echo


@dataclass(frozen=True)
class EvaluationOptions:
    """What is evaluated, and how."""

    truth: Annotated[
        Path | None,
        typer.Option(help="Known sites: BED, GFF3, UniProt, a table, labels, or residues:hydrophobic."),
    ] = None
    feature: Annotated[
        list[str] | None,
        typer.Option(help="Type of feature, as active_site; may be repeated (default: all)."),
    ] = None
    metrics: Annotated[
        list[str] | None,
        typer.Option(help="Metric, or kind, of `relevome list metrics`; may be repeated (default: all)."),
    ] = None
    level: Annotated[str, typer.Option(help="letters, tokens or both.")] = "letters"
    how: Annotated[str, typer.Option(help="From letters to tokens: sum, mean or max_abs.")] = "sum"
    target: Annotated[str | None, typer.Option(help="Which target, if the run has several.")] = None
    no_model: Annotated[bool, typer.Option("--no-model", help="Leave out what asks the model.")] = False
    replacement: Annotated[
        str, typer.Option(help="For letters taken away: unknown, mask, random, shuffle, or a letter.")
    ] = "unknown"
    draws: Annotated[int, typer.Option(help="Random orders of every sequence.")] = 10
    null: Annotated[int, typer.Option(help="Shuffles of every sequence, explained and evaluated alike.")] = 1
    random_models: Annotated[
        int, typer.Option(help="Models with random weights that explain too; the best of them is a null.")
    ] = 5
    sequences: Annotated[
        int, typer.Option(help="On how many the model is asked, drawn at random; 0: all.")
    ] = 100
    mutants: Annotated[
        int, typer.Option(help="Mutants of every sequence for the model's own mutagenesis; 0: all.")
    ] = 1000
    fast: Annotated[bool, typer.Option("--fast", help="Ask the model less for every sequence.")] = False
    batch_size: BatchSize = "auto"
    device: Device = "auto"
    seed: Seed = 0
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run code that comes with the checkpoint.")
    ] = False
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a result that is there.")] = False

    def keywords(self) -> dict[str, Any]:
        """The same as `relevome.evaluate` and `relevome.compare` are told it."""
        return {
            "truth": self.truth, "features": self.feature or (), "metrics": self.metrics or (),
            "level": self.level, "how": self.how, "target": self.target, "use_model": not self.no_model,
            "replacement": self.replacement, "draws": self.draws, "null": self.null,
            "random_models": self.random_models,
            "sequences": self.sequences, "mutants": self.mutants, "fast": self.fast, "device": self.device,
            "batch_size": rows_at_once(self.batch_size), "seed": self.seed,
            "trust_remote_code": self.trust_remote_code, "overwrite": self.overwrite,
        }  # fmt: skip


def print_list(lines: list[str], most: int = 12) -> None:
    """Lines, of very many the first ones."""
    for line in lines[:most]:
        echo(f"  {line}")
    if len(lines) > most:
        echo(f"  and {len(lines) - most:,} more")
