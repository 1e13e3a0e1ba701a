"""A browser that opens an address which nobody else on the machine shall see."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

_LEADS = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>relevome</title>
<meta http-equiv="refresh" content="0; url={address}"></head>
<body><a href="{address}">Open the page of relevome</a></body>
</html>
"""


@contextmanager
def opened(address: str) -> Iterator[bool]:
    """Open an address in the browser; gives whether there is one.

    A browser is told on its command line what to open, and every user can read command lines. So it is told a
    file that only this user can read, and that leads to the address; it is gone when the block ends.
    """
    if not has_browser():
        yield False
        return
    with tempfile.TemporaryDirectory(prefix="relevome-view-") as folder:  # for this user only
        file = Path(folder) / "open.html"
        file.write_text(_LEADS.format(address=escape(address)), encoding="utf-8")
        file.chmod(0o600)
        yield webbrowser.open(file.as_uri())


def has_browser() -> bool:
    """Whether there is a screen; without one, a browser would be one of text, in this terminal."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
