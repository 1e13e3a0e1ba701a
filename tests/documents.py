"""The blocks of code of our pages: what they say, and whether they run, or why not.

A block of bash or Python runs, in `tests/test_documents.py`, unless a comment before it says otherwise:
``<!-- not run: the reason -->``, or ``<!-- run by tests/FILE.py -->`` where another test does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LANGUAGES = ("bash", "python")

_FENCE = re.compile(r"^ *```(\w*)")
_MARK = re.compile(r"^ *<!-- (not run: (?P<reason>.+)|run by (?P<test>\S+)) -->$")


@dataclass(frozen=True)
class CodeBlock:
    """A block of code in a page, its first line counted from 1, and what the comment before it says."""

    page: Path
    line: int
    language: str
    text: str
    reason: str | None = None
    test: str | None = None

    @property
    def place(self) -> str:
        """Where it is, as editors understand it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, text: str | None = None) -> Iterator[CodeBlock]:
    """All blocks of a page, whatever their language. Raises ValueError for a fence that nothing closes."""
    lines = (page.read_text(encoding="utf-8") if text is None else text).splitlines()
    at, before = 0, ""
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence is None:
            before = lines[at] if lines[at].strip() else before
            at += 1
            continue
        last = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == "```"), None)
        if last is None:
            raise ValueError(f"{page}: nothing closes the block of line {at + 1}")
        mark = _MARK.match(before)
        said = {} if mark is None else mark.groupdict()
        yield CodeBlock(page, at + 2, fence[1], "\n".join(lines[at + 1 : last]) + "\n", **said)
        at, before = last + 1, ""


def commands(text: str) -> list[str]:
    """The commands of a block of bash, without comments; a backslash joins lines."""
    joined = text.replace("\\\n", " ")
    lines = (line.strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
