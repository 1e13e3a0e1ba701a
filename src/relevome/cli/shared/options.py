"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from relevome.cli.shared.groups import write_options
from relevome.cli.shared.paths import ModelName, ResultName, TokenizerName, check_paths
from relevome.errors import InputError

Seed = Annotated[int, typer.Option(help="Seed of everything that is drawn at random.", min=0)]
Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result goes.")]
ResultOutput = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        help="Where the result goes: a folder, or s3://bucket/folder.",
        parser=ResultName,
        metavar="<path>",
    ),
]
OnBad = Annotated[
    Literal["refuse", "skip"], typer.Option(help="What to do with sequences that cannot be used.")
]
ModelPath = Annotated[
    str,
    typer.Option(
        help="Folder or hub id of a transformers model, or of our own.", parser=ModelName, metavar="TEXT"
    ),
]
MovedModel = Annotated[
    str | None, typer.Option(help="The run's model, where it moved.", parser=ModelName, metavar="TEXT")
]
TokenizerPath = Annotated[
    str | None,
    typer.Option(
        "--tokenizer",
        help="Folder or hub id of its tokenizer, where that is elsewhere.",
        parser=TokenizerName,
        metavar="TEXT",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
AlphabetName = Annotated[
    str | None, typer.Option("--alphabet", help="dna, rna or protein; read off the model.")
]
Prefix = Annotated[
    str | None,
    typer.Option("--prefix", help="Causal models: tokens, apart by blanks, read before every sequence."),
]
RareAsX = Annotated[
    bool,
    typer.Option("--rare-as-x", help="Proteins: read U, Z, O, B and J as X, as ProtBert and ProtT5 want."),
]
StripStop = Annotated[
    bool, typer.Option("--strip-stop", help="Proteins: take off a * at the end, which marks a stop.")
]
BatchSize = Annotated[
    str, typer.Option("--batch-size", help="Sequences that go through a model at once: auto or a number.")
]
Long = Annotated[str, typer.Option(help="Sequences too long for the model: refuse or window.")]
MethodOption = Annotated[
    list[str] | None, typer.Option(help="Any option of the method, as name=value; may be repeated.")
]


def rows_at_once(text: str) -> int | None:
    """The number that ``--batch-size`` says, None for auto. Raises InputError for anything else."""
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"--batch-size {text}: expected auto or a number from 1 on")
    return int(text)


class Once(TyperCommand):
    """A command whose options are given once, but for those that may be repeated: the last would be taken.

    What its paths name must be there, see `check_paths`, unless it ``looks_itself``.
    """

    looks_itself = False

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """In groups."""
        write_options(self.name, self.get_params(ctx), ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As ever; raises InputError for an option that is given again, and for a path that is not there."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for one in order:
            if order.count(one) > 1 and not getattr(one, "multiple", False):
                raise InputError(f"{one.opts[0]} is given {order.count(one)} times: expected it once")
        rest = super().parse_args(ctx, args)
        if not self.looks_itself:
            check_paths(self.get_params(ctx), ctx.params)
        return rest


def named_options(given: list[str] | None, **others: Any) -> dict[str, Any]:
    """Options written as name=value, with ``others``, which may be None; each may be given once.

    Raises InputError for what is not written so, and for an option that is given twice.
    """
    found = {name: value for name, value in others.items() if value is not None}
    for text in given or ():
        name, separator, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not separator or not name:
            raise InputError(f"--option {text}: expected name=value")
        if name in found:
            raise InputError(f"--option {text}: {name} is given twice: expected it once")
        found[name] = value
    return found
