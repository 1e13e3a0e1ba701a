"""Options that evaluate and compare have in common, and what both print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

Truth = Annotated[
    Path | None, typer.Option(help="Known sites as BED or GFF3, by sequence id or on the genome.")
]
Feature = Annotated[
    list[str] | None, typer.Option(help="Type of feature of a GFF3 file; may be repeated [default: all].")
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(help="Metric, or kind, of `relevome list metrics`; may be repeated [default: all]."),
]
LevelName = Annotated[str, typer.Option(help="letters, tokens or both.")]
How = Annotated[str, typer.Option(help="From letters to tokens: sum, mean or max_abs.")]
Replacement = Annotated[
    str, typer.Option(help="For letters taken away: unknown, mask, random, shuffle, or a letter.")
]
Draws = Annotated[int, typer.Option(help="Random orders of every sequence.")]
Null = Annotated[int, typer.Option(help="Shuffles of every sequence, explained and evaluated alike.")]
Sequences = Annotated[int, typer.Option(help="On how many the model is asked, drawn at random; 0: all.")]
Fast = Annotated[bool, typer.Option("--fast", help="Ask the model less for every sequence.")]
NoModel = Annotated[bool, typer.Option("--no-model", help="Leave out what asks the model.")]
TargetLabel = Annotated[str | None, typer.Option(help="Which target, if the run has several.")]
Code = Annotated[bool, typer.Option("--trust-remote-code", help="Run code that comes with the checkpoint.")]
Replace = Annotated[bool, typer.Option("--overwrite", help="Replace a result that is there.")]


@contextmanager
def status() -> Iterator[Callable[[str], None]]:
    """On a terminal, what is being computed."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("reading") as shown:
        yield shown.update if console.is_terminal else lambda _: None


def print_list(lines: list[str], most: int = 12) -> None:
    """Lines, of very many the first ones."""
    for line in lines[:most]:
        typer.echo(f"  {line}")
    if len(lines) > most:
        typer.echo(f"  and {len(lines) - most:,} more")
