"""`relevome list` and `relevome demo`: what there is, and what it is good for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from relevome.cli.importing import importing
from relevome.cli.options import Output, Seed
from relevome.errors import InputError

# Where each registry is: only the one that is listed is imported.
_REGISTRIES = {
    "methods": "relevome.attribution", "metrics": "relevome.evaluation.metrics",
    "models": "relevome.models", "exporters": "relevome.results.export", "studies": "relevome.studies",
    "formats": "relevome.data.formats", "engines": "relevome.engines.base",
    "objectives": "relevome.training.objective",
}  # fmt: skip


def list_(
    what: Annotated[
        str,
        typer.Argument(help="methods, metrics, exporters, models, studies, formats, engines or objectives."),
    ],
) -> None:
    """Print what is registered.

    Example: relevome list methods
    """
    if what not in _REGISTRIES:
        raise InputError(f"cannot list {what!r}: expected one of {', '.join(_REGISTRIES)}")
    with importing():
        from relevome.jobs.catalogue import catalogue

        registry = getattr(import_module(_REGISTRIES[what]), what)
        registry.discover()
    entries = catalogue(registry)
    width = max(24, *(len(name) + 2 for name, _ in entries))
    for name, summary in entries:
        typer.echo(f"{name:<{width}}{summary}")


def demo(output: Output = Path("demo"), seed: Seed = 0) -> None:
    """Run the main job from end to end on simulated promoters: simulate, train, explain, score, draw.

    Example: relevome demo -o demo
    """
    with importing():
        from relevome.jobs.demo import demo as run

    run(output, seed, typer.echo)
