"""`relevome list` and `relevome demo`: what there is, and what it is good for."""

from __future__ import annotations

import shutil
import sys
import textwrap
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.shared.importing import importing
from relevome.cli.shared.options import Output, Seed
from relevome.cli.shared.paths import ResultName
from relevome.cli.shared.progress import shown
from relevome.cli.shared.terminal import echo, echo_rows
from relevome.errors import InputError

# Where each registry is: only the one that is listed is imported.
_REGISTRIES = {
    "methods": "relevome.attribution", "metrics": "relevome.evaluation.metrics",
    "models": "relevome.models", "exporters": "relevome.results.export", "studies": "relevome.studies",
    "formats": "relevome.data.formats", "engines": "relevome.engines.base",
    "objectives": "relevome.training.objective", "published": "relevome.models.published",
    "attention-rules": "relevome.attribution.lrp.attention_rules",
}  # fmt: skip


def list_(
    what: Annotated[
        str,
        typer.Argument(
            help="methods, metrics, exporters, models, studies, formats, engines, objectives, published or "
            "attention-rules; or ids, of a run."
        ),
    ],
    run: Annotated[
        str | None, typer.Argument(help="Of ids: a folder of `relevome explain`.", parser=ResultName)
    ] = None,
) -> None:
    """Print what is registered; or id, target and score of every row of a run, a tab between them.

    Example: relevome list methods

    Example: relevome list ids run | cut -f1
    """
    if (what == "ids") != (run is not None):
        raise InputError("`relevome list ids RUN` takes a run, and other lists take none")
    if run is not None:
        with importing():
            from relevome.jobs.show import listed

        echo_rows((id, label, f"{score:.9g}") for id, label, score in listed(run))
        return
    if what not in _REGISTRIES:
        raise InputError(f"cannot list {what!r}: expected one of {', '.join(_REGISTRIES)}, or ids RUN")
    with importing():
        from relevome.jobs.catalogue import catalogue

        registry = getattr(import_module(_REGISTRIES[what]), what.replace("-", "_"))
        registry.discover()
    entries = catalogue(registry)
    width = max(24, *(len(name) + 2 for name, _ in entries))
    for name, summary in entries:
        echo(_wrapped(f"{name:<{width}}{summary}", width))


def _wrapped(line: str, indent: int) -> str:
    """On a terminal broken to its width; elsewhere every entry is one line."""
    if not sys.stdout.isatty():
        return line
    columns = max(shutil.get_terminal_size().columns, indent + 40)
    return textwrap.fill(line, columns, subsequent_indent=" " * indent, break_on_hyphens=False)


def demo(output: Output = Path("demo"), seed: Seed = 0) -> None:
    """Run the main job from end to end on simulated promoters: simulate, train, explain, score, draw.

    Example: relevome demo -o demo
    """
    with importing():
        from relevome.jobs.demo import demo as run

    with shown("steps") as seen:
        seen.say("simulating, training, explaining")
        run(output, seed, seen.print)
