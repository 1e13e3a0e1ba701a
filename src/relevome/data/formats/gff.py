"""GFF3: features, one line each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from relevome.data.features import Feature, FeatureItem, Unplaced, from_one, is_unsure, known_part
from relevome.data.formats import Format, formats
from relevome.data.lines import PathLike, numbered_lines
from relevome.data.names import check_name, visible
from relevome.data.problems import Problem
from relevome.data.sequences import Interval
from relevome.errors import InputError
from relevome.words import counted

COLUMNS = 9

_NAMES = ("Name", "ID", "Note", "gene_name", "transcript_id", "gene_id")  # of which the first names a feature
_GTF = re.compile(r'(?:^|;)\s*([A-Za-z_]\w*) "([^"]*)"')


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
    """Features of a GFF3 or GTF file, plain, gzip or bgzip, one at a time, 0-based and half-open.

    The file itself counts from 1 and includes the end. The name is the attribute ``Name``, or else ``ID``,
    or else ``Note``, as UniProt has it; in GTF ``gene_name``, or the id of the transcript or the gene. An end
    that is not known (``<5``, ``?``) makes an `Unplaced` feature. Directives and comments are no features,
    nor is what follows ``##FASTA`` or the first header of a sequence; strand ``?`` is unknown.
    """
    for number, line in numbered_lines(path):
        if line.startswith(("##FASTA", ">")):
            return
        if line.strip() and not line.startswith("#"):
            yield _parse(line, f"{path}, line {number}")


def _parse(line: str, where: str) -> GffLine | Problem:
    fields = [field.strip() for field in line.split("\t")]
    label = " ".join(fields[:5])[:80]
    while len(fields) > COLUMNS and not fields[-1]:
        fields.pop()  # some programs end every line with a tab
    if len(fields) != COLUMNS:
        return Problem(
            label,
            f"{counted(len(fields), 'column')}: expected the {COLUMNS} of GFF3, separated by tabs",
            where,
        )
    seqid, _, kind, start, end, _, strand, _, attributes = fields
    kind = unquote(kind)
    start, end = known_part(start, end)
    if is_unsure(start, end):
        return Unplaced(unquote(seqid), f"{kind} at {start} to {end}, an end that is not known", where, kind)
    try:
        first, last = from_one(start, end, "GFF3 coordinate")
        interval = Interval(unquote(seqid), first, last, strand.replace("?", "."))
        check_name(kind, "type")
    except ValueError as error:
        return Problem(label, str(error), where)
    known = _attributes(attributes)
    id = known.get("ID", "")
    name = next((value for key in _NAMES if (value := known.get(key))), "")
    return GffLine(interval, kind, visible(name), where, id)  # a note may have line ends


def _attributes(text: str) -> dict[str, str]:
    """``key=value;key=value``, or of GTF ``key "value"; key "value";``, the first of several with one key."""
    gtf = _GTF.findall(text)
    if gtf:
        return dict(reversed(gtf))
    pairs = (pair.partition("=") for pair in text.split(";"))
    return {key.strip(): unquote(value) for key, _, value in pairs}


def gff_features(path: PathLike, kinds: Collection[str]) -> Iterator[FeatureItem]:
    """Every line as a feature, of all types. Raises InputError for a line that is no GFF3."""
    for line in gff_lines(path):
        if isinstance(line, Unplaced):
            yield line
        elif isinstance(line, Problem):
            raise InputError(str(line))
        else:
            place = line.interval
            yield Feature(place.chrom, line.kind, place.start, place.end, line.name, place.strand)


formats.register("gff")(Format("gff", (".gff", ".gff3", ".gtf"), sites=gff_features))
