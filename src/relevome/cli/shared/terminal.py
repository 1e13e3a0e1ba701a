"""What reaches the terminal: text that steers nothing, whatever the data and the names of files hold."""

from __future__ import annotations

import sys

import typer

from relevome.data.names import visible


def echo(text: str, err: bool = False) -> None:
    """Print lines of text; characters that would steer the terminal are shown as escapes.

    So are those that its encoding lacks. ``err`` is for the stream of errors.
    """
    shown = "\n".join(map(visible, text.split("\n")))
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    typer.echo(shown.encode(encoding, "backslashreplace").decode(encoding), err=err)
