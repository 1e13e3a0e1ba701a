"""How a result looks in a notebook: its words, and the first rows of its table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Any

MOST = 12  # rows


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
