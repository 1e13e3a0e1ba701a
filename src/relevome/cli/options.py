"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Seed = Annotated[int, typer.Option(help="Seed of everything that is drawn at random.", min=0)]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result goes.")]
OnBad = Annotated[
    Literal["refuse", "skip"], typer.Option(help="What to do with sequences that cannot be used.")
]
ModelPath = Annotated[str, typer.Option(help="Folder or hub id of a transformers model, or of our own.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
AlphabetName = Annotated[
    str | None, typer.Option("--alphabet", help="dna, rna or protein; read off the model.")
]
RareAsX = Annotated[
    bool,
    typer.Option("--rare-as-x", help="Proteins: read U, Z, O, B and J as X, as ProtBert and ProtT5 want."),
]
StripStop = Annotated[
    bool, typer.Option("--strip-stop", help="Proteins: take off a * at the end, which marks a stop.")
]
