"""How a result looks in a notebook: its words, the first rows of its table, and its picture.

Pictures are drawn in `relevome.report`, which is above this package: what draws which result is looked up
when one is to be drawn, and only then is matplotlib imported.
"""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relevome.registry import Registry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from relevome.jobs.report import WrittenPage

MOST = 12  # rows
_DOTS_PER_INCH = 144  # twice those of a screen, on which the picture has its size in inches
_SCREEN = 96


@dataclass(frozen=True)
class NotebookLook:
    """How one class of results is drawn, and what is said of it besides its own words.

    Attributes:
        draw: The picture of a result: its first argument is the result, the others those of its ``plot``.
        words: Lines that stand above everything else.
    """

    draw: Callable[..., Figure]
    words: Callable[[Any], Sequence[str]] = lambda _: ()


# By the names of their classes.
looks: Registry[NotebookLook] = Registry("look of a result", "relevome.report.notebook", "looks")


def plotted(result: Any, **options: Any) -> list[Axes]:
    """The axes of a result's picture, in the order in which they were drawn.

    All have one figure, ``axes[0].figure``, which is nobody else's. In a notebook it is also handed to
    pyplot, so that it is shown below the cell, with what the cell still changes, and closed then; elsewhere
    pyplot does not know of it.
    """
    figure = looks[type(result).__name__].draw(result, **options)
    if _in_notebook():
        import matplotlib.pyplot as plt

        plt.figure(figure)
    return list(figure.axes)


def reported(result: Any, out: str | Path | None, **options: Any) -> WrittenPage:
    """A result as a page, by the job of that name, which is above this package."""
    return import_module("relevome.jobs.report").report(result, out, **options)


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    library = sys.modules.get("IPython")
    return library is not None and hasattr(library.get_ipython(), "kernel")


def picture(result: Any, what: str) -> str:
    """A result's picture as HTML that needs no other file; ``what`` is said where it cannot be seen."""
    figure = looks[type(result).__name__].draw(result)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DOTS_PER_INCH)
    data = base64.b64encode(content.getvalue()).decode("ascii")
    width = round(figure.get_figwidth() * _SCREEN)
    return f'<img alt="{_text(what)}" width="{width}" src="data:image/png;base64,{data}">'


def above(result: Any) -> str:
    """What is said of a result besides its own words, as HTML."""
    return "".join(f"<p>{_text(line)}</p>" for line in looks[type(result).__name__].words(result))


def as_html(words: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Words and a table of at most `MOST` rows, every text of both escaped; no more rows are asked for."""
    shown = [list(map(_cell, row)) for row in islice(rows, MOST + 1)]
    more = f"<p>more rows are left out: {MOST} are shown</p>" if len(shown) > MOST else ""
    head = "".join(f"<th>{_text(name)}</th>" for name in header)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in shown[:MOST])
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if shown else ""
    return f"<pre>{_text(words)}</pre>{table}{more}"


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return _text(f"{value:.4g}" if isinstance(value, float) else str(value))


def _text(words: str) -> str:
    """As text and nothing else; what cannot be printed is shown as Python writes it."""
    kept = (c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in words)
    return escape("".join(kept))
