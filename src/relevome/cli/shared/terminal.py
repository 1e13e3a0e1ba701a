"""What reaches the terminal: text that steers nothing, whatever the data and the names of files hold."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import typer

from relevome.data.names import visible


def echo(text: str, err: bool = False) -> None:
    """Print lines of text; characters that would steer the terminal are shown as escapes.

    So are those that its encoding lacks. ``err`` is for the stream of errors.
    """
    typer.echo("\n".join(_shown(line, err) for line in text.split("\n")), err=err)


def echo_rows(rows: Iterable[Iterable[str]], between: str = "\t") -> None:
    """Print rows one by one, until nobody reads them any more, as behind ``| head``."""
    try:
        for row in rows:
            typer.echo(between.join(_shown(field) for field in row))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end


def _shown(line: str, err: bool = False) -> str:
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    return visible(line).encode(encoding, "backslashreplace").decode(encoding)
