"""Lines of a GFF3 file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from relevome.data.errors import InputError
from relevome.data.lines import PathLike, numbered_lines
from relevome.data.problems import Problem
from relevome.data.sequence import Interval

COLUMNS = 9


@dataclass(frozen=True)
class GffLine:
    """One feature: where it lies, its type (``CDS``, ``promoter``), and its name, empty where it has none.

    Lines with the same ``id`` are parts of one feature; it is empty where a line has none.
    """

    interval: Interval
    kind: str
    name: str
    where: str
    id: str = ""


def gff_lines(path: PathLike) -> Iterator[GffLine | Problem]:
    """Features of a GFF3 file, plain, gzip or bgzip, one at a time, 0-based and half-open as everywhere here.

    The file itself counts from 1 and includes the end. The name is the attribute ``Name``, or else ``ID``.
    Directives and comments are no features, nor is what follows ``##FASTA``; strand ``?`` is unknown.
    """
    for number, line in numbered_lines(path):
        if line.startswith("##FASTA"):
            return
        if line.strip() and not line.startswith("#"):
            yield _parse(line, f"{path}, line {number}")


def _parse(line: str, where: str) -> GffLine | Problem:
    fields = [field.strip() for field in line.split("\t")]
    label = " ".join(fields[:5])[:80]
    if len(fields) != COLUMNS:
        return Problem(
            label, f"{len(fields)} columns: expected the {COLUMNS} of GFF3, separated by tabs", where
        )
    seqid, _, kind, start, end, _, strand, _, attributes = fields
    for value in (start, end):
        if not re.fullmatch("0*[1-9][0-9]*", value):
            return Problem(
                label, f"{value!r} is no GFF3 coordinate: expected a whole number from 1 on", where
            )
    if int(end) < int(start):
        return Problem(
            label, f"end {end} is before start {start}: expected start <= end, both counted", where
        )
    try:
        interval = Interval(unquote(seqid), int(start) - 1, int(end), strand.replace("?", "."))
    except InputError as error:
        return Problem(label, str(error), where)
    known = _attributes(attributes)
    id = known.get("ID", "")
    return GffLine(interval, unquote(kind), known.get("Name") or id, where, id)


def _attributes(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(";"))
    return {key.strip(): unquote(value) for key, _, value in pairs}
