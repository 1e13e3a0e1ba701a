"""The program: its commands, and one line for every error."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

import relevome
from relevome.cli.annotate import annotate
from relevome.cli.check import check
from relevome.cli.compare import compare
from relevome.cli.data import data_commands
from relevome.cli.evaluate import evaluate
from relevome.cli.explain import explain
from relevome.cli.export import export
from relevome.cli.first_steps import demo, list_
from relevome.cli.heads import heads
from relevome.cli.motifs import motifs
from relevome.cli.pairs import pairs
from relevome.cli.predict import predict
from relevome.cli.profile import profile
from relevome.cli.report import report
from relevome.cli.rerun import rerun
from relevome.cli.shared.groups import CommandGroup
from relevome.cli.shared.options import Once
from relevome.cli.shared.terminal import echo
from relevome.cli.show import show
from relevome.cli.simulate import simulate
from relevome.cli.sites import sites
from relevome.cli.study import study_commands
from relevome.cli.substitute import substitute
from relevome.cli.train import train
from relevome.cli.variants import variants
from relevome.cli.view import view
from relevome.errors import InputError
from relevome.results.record import by_command

_STOPPED, _TERMINATED = 130, 143  # as shells have it for Ctrl-C and for a time limit

# What is true of a command that was stopped.
_GOES_ON = "what was finished is kept, and the same command goes on from there"
_KEPT = {
    "explain": _GOES_ON,
    "annotate": _GOES_ON,
    "predict": _GOES_ON,
    "rerun": _GOES_ON,
    "variants": _GOES_ON,
    "pairs": _GOES_ON,
    "study": _GOES_ON,
    "train": "whole epochs are kept: the same command with --resume goes on from there, and with --finish it "
    "makes a model of the best of them",
    "heads": "explanations by random weights are kept, and the same command begins anew with all else",
    "demo": "its folder is as it was then: remove it, and run the same command again",
}

app = typer.Typer(
    name="relevome",
    help="Explains models of biological sequences: how much every letter contributed to a prediction.",
    cls=CommandGroup,
    epilog="Words such as lift, site, reference or ledger are in docs/glossary.md.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def main() -> None:
    """Entry point: every error that the user can mend is one line and exit code 2."""
    terminated: list[int] = []

    def terminate(number: int, _: Any) -> None:
        terminated.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, terminate)  # of a cluster's time limit: as Ctrl-C
    try:
        with by_command(sys.argv[1:]):
            code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
        if code == _STOPPED:  # typer makes it of Ctrl-C
            raise KeyboardInterrupt
    except typer.TyperException as error:
        code = _fail(f"{_message(error)} (see relevome --help, or --help of the command)")
    except InputError as error:
        code = _fail(str(error))
    except OSError as error:
        code = _fail(_failed(error))
    except (KeyboardInterrupt, typer.Abort):
        kept = _KEPT.get("".join(sys.argv[1:2]), "nothing of it is kept: run the same command again")
        code = _fail(f"stopped; {kept}", _TERMINATED if terminated else _STOPPED)
    finally:
        signal.signal(signal.SIGTERM, before)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int = 2) -> int:
    echo("relevome: " + " ".join(message.split()), err=True)
    return code


def _failed(error: OSError) -> str:
    """What the system refused, where, and what to do about it if that is known."""
    advice = {
        errno.ENOSPC: ": free some space and run the same command again",
        errno.EDQUOT: ": free some space and run the same command again",
        errno.EROFS: ": choose a folder that can be written with -o",
        errno.EACCES: ": choose what may be read, and with -o a folder that may be written",
    }
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}{advice.get(error.errno or 0, '')}"


def _message(error: typer.TyperException) -> str:
    written = getattr(error, "format_message", None)
    return written() if written else str(error)


def _print_version(wanted: bool | None) -> None:
    if wanted:
        echo(f"relevome {relevome.__version__}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool | None,
        typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True),
    ] = None,
) -> None:
    """What comes before any command."""


def run_command(arguments: tuple[str, ...], folder: Path, log: Path) -> str | None:
    """Runs a command in a folder; what it prints goes into a log. Gives None, or what went wrong."""
    try:
        os.chdir(folder)
        with log.open("w", encoding="utf-8") as file, redirect_stdout(file), redirect_stderr(file):
            return _run(arguments)
    except OSError as error:
        return str(error)


def _run(arguments: tuple[str, ...]) -> str | None:
    import torch

    torch.set_num_threads(1)  # several commands at once leave each other no second core
    try:
        with by_command(arguments):
            code = app(list(arguments), standalone_mode=False)
    except (InputError, OSError, typer.TyperException) as error:
        return " ".join(str(error).split())
    except Exception as error:  # noqa: BLE001 - one failure must not take the others with it
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return f"it ended with code {code}" if code else None


for command in (
    explain,
    predict,
    evaluate,
    compare,
    substitute,
    heads,
    annotate,
    sites,
    profile,
    motifs,
    variants,
    pairs,
    train,
    simulate,
    show,
    report,
    view,
    export,
    check,
    rerun,
):
    app.command(cls=Once)(command)
app.command("list", cls=Once)(list_)
app.command(cls=Once)(demo)
app.add_typer(data_commands, name="data")
app.add_typer(study_commands(run_command), name="study")
