"""Tables as people paste them: Markdown for a page, LaTeX for a paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from relevome.data.names import visible

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
} | {sign: "\\" + sign for sign in "&%$#_{}"}
_ARROWS = {"↑": r"$\uparrow$", "↓": r"$\downarrow$"}


@dataclass(frozen=True)
class Cell:
    """Text, and whether it stands out."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Table:
    """A caption, a header, and rows of cells; ``words`` columns on the left are text, the others numbers."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1


def markdown(table: Table) -> str:
    """The table in Markdown, nothing in it taken for markup."""
    lines = [
        _line([escaped(text) for text in table.header]),
        _line(["---" if i < table.words else "---:" for i in range(len(table.header))]),
        *(_line([_bold(escaped(cell.text), cell, "**{}**") for cell in row]) for row in table.rows),
    ]
    return f"{escaped(table.caption)}\n\n" + "\n".join(lines) + "\n"


def latex(table: Table) -> str:
    """The table in LaTeX, for the package booktabs; nothing in it taken for commands."""
    columns = "l" * table.words + "r" * (len(table.header) - table.words)
    rows = [
        " & ".join(_bold(_latex(cell.text), cell, r"\textbf{{{}}}") for cell in row) for row in table.rows
    ]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_latex(table.caption)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(_latex(text) for text in table.header) + r" \\",
        r"\midrule",
        *(row + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def plain(table: Table) -> str:
    """The table for a terminal; what stands out is marked by *."""
    rows = [table.header, *([cell.text + "*" * cell.bold for cell in row] for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def number(value: float, beside: float = 0.0) -> str:
    """Three digits behind the point; two that count if it, and what stands ``beside`` it, is too small."""
    largest = max(abs(value), abs(beside))
    if 0 < largest < 0.001:
        return f"{value:.1e}"
    return f"{value:,.1f}" if largest >= 100 else f"{round(value, 3) + 0.0:.3f}"  # no -0.000


def interval(mean: float, low: float, high: float) -> str:
    """A mean and its confidence interval."""
    ends = max(abs(low), abs(high))
    return f"{number(mean, ends)} [{number(low, ends)}, {number(high, ends)}]"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _bold(text: str, cell: Cell, form: str) -> str:
    return form.format(text) if cell.bold and text else text


def escaped(text: str) -> str:
    """Text on one line that Markdown shows as it is."""
    line = visible(" ".join(text.split()))
    shown = re.sub(r"([\\`*_{}\[\]|~#])", r"\\\1", line)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _latex(text: str) -> str:
    signs = _LATEX | _ARROWS
    plain = "".join(signs.get(letter, letter) for letter in visible(" ".join(text.split())))
    return re.sub(r"(?<![\w.])-(?=\d)", "$-$", plain)
