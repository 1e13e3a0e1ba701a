"""Where a command computes: the options of engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from relevome.engines.base import Engine


@dataclass(frozen=True)
class EngineOptions:
    """The engine and its options."""

    engine: Annotated[str, typer.Option(help="Where it is computed: one of `relevome list engines`.")] = (
        "local"
    )
    workers: Annotated[
        int | None,
        typer.Option(help="Processes that compute at once, each with the model; 1 of engine local."),
    ] = None
    address: Annotated[str | None, typer.Option(help="Engine ray: a cluster that runs, such as auto.")] = None
    gpus: Annotated[
        float | None,
        typer.Option(help="Engine ray: graphics processors of each worker, or a share of one."),
    ] = None

    def given(self) -> dict[str, object]:
        """Options that are not as they are by default, by their names; None for those that are."""
        named = None if self.engine == "local" else self.engine
        others = {"--workers": self.workers, "--address": self.address, "--gpus": self.gpus}
        return {"--engine": named, **others}

    def chosen(self) -> Engine:
        """The engine. Raises InputError for one that is not there, and options that it does not have."""
        from relevome.engines.base import engine_of

        return engine_of(self.engine, workers=self.workers, address=self.address, gpus=self.gpus)
