"""Imports in processes of their own, in which some libraries are not there."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import pkgutil
import sys
from collections.abc import Callable
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

# What relevome stands on, and what asks for none of the libraries that may be missing. The process that all
# others are forked from imports it once.
FOUNDATIONS = [
    "torch", "torch._dynamo", "torch.distributed.tensor", "scipy.stats", "pandas", "pyarrow.parquet",
    "matplotlib.pyplot", "typer", "rich.console",
]  # fmt: skip

# What takes long to import.
HEAVY = {"torch", "transformers", "scipy", "pandas", "matplotlib", "pyarrow", "sklearn"}

# What explains by a CNN, which is a plain module of torch, needs none of it.
UNNEEDED = {
    "pandas", "scipy", "sklearn", "matplotlib", "accelerate", "peft", "sympy", "torch._dynamo",
    "torch.distributed.tensor", "transformers.modeling_utils", "transformers.models", "relevome.training",
    "relevome.evaluation", "relevome.report.logo", "relevome.studies.dnabert2", "relevome.models.dnabert2",
}  # fmt: skip


@cache
def with_foundations() -> ForkServerContext:
    """Processes forked from one of this session that has imported the foundations."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(FOUNDATIONS)
    return context


def fresh() -> Any:
    """Processes that have imported nothing."""
    return multiprocessing.get_context("spawn")


def outcome(context: Any, work: Callable[..., None], folder: Path, *arguments: Any) -> tuple[int, str]:
    """The exit code of a piece of work in a process of its own, and its last words."""
    said = folder / "said.txt"
    process = context.Process(target=_telling, args=(said, work, *arguments))
    process.start()
    process.join()
    return process.exitcode, said.read_text()


def _telling(said: Path, work: Callable[..., None], *arguments: Any) -> None:
    sys.stderr = said.open("w", buffering=1)  # open to the end: what ends the process is said last
    work(*arguments)


def everything_without(blocked: list[str], package: str) -> None:
    """Import a package and every module in it where some libraries are not there.

    None in sys.modules is Python's own way to say so: `import` raises ModuleNotFoundError and find_spec, by
    which others ask whether a library is installed, gives None.
    """
    loaded = sorted(sys.modules.keys() & set(blocked))
    if loaded:
        sys.exit(f"too late to block {loaded}")
    sys.modules.update(dict.fromkeys(blocked))  # pyright: ignore[reportArgumentType, reportCallIssue]
    path = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(path, f"{package}.", _stop):
        importlib.import_module(module.name)


def a_model_is_to_be_loaded() -> None:
    """Ends with 1 if that alone imported what trains."""
    import relevome

    relevome.load_model  # noqa: B018 - it is imported when asked for
    relevome.models.models.discover()
    sys.exit("sklearn" in sys.modules or "relevome.jobs.train" in sys.modules)


def commands_that_miss_something(cases: list[list[str]]) -> None:
    """Ends with the first command that does not say so, or imports what is heavy before."""
    from relevome.cli.app import app
    from relevome.errors import InputError

    for arguments in cases:
        try:
            app(arguments, standalone_mode=False)
            sys.exit(f"{arguments} missed nothing")
        except InputError as error:
            if "nowhere" not in str(error):
                sys.exit(f"{arguments} says {error}")
        if loaded := sorted(sys.modules.keys() & HEAVY):
            sys.exit(f"{arguments} imports {loaded}")


def a_command_with_little(arguments: list[str]) -> None:
    """Ends with what a command imports without need, or if it looks for garbage in what it imports."""
    from relevome.cli.app import app

    app(arguments, standalone_mode=False)
    if not gc.isenabled() or not gc.get_freeze_count():
        sys.exit(f"looks for garbage: {gc.isenabled()}, but in {gc.get_freeze_count()} objects not")
    sys.exit(", ".join(sorted(sys.modules.keys() & UNNEEDED)) or 0)


def _stop(name: str) -> None:
    raise  # what was raised at the import of that name
