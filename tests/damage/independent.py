"""What other people's readers, or the specification word by word, say of a file; None where they cannot."""

from __future__ import annotations

import gzip
import io
import re
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.dom import minidom
from xml.parsers.expat import ExpatError

import pandas as pd


def text_of(path: Path) -> str | None:
    """A file as text: gzip or not, UTF-8 with or without a mark, any line ends."""
    data = path.read_bytes()
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig").read()
    except (OSError, EOFError, ValueError, zlib.error):
        return None


def fasta(path: Path) -> list[tuple[str, str]] | None:
    """Ids and letters by Biopython."""
    from Bio import SeqIO

    text = text_of(path)
    try:
        return None if text is None else [(r.id, str(r.seq)) for r in SeqIO.parse(io.StringIO(text), "fasta")]
    except ValueError:
        return None


def swiss(path: Path, kind: str) -> list[tuple[str, str]] | None:
    """Ids and letters of UniProt by Biopython, ``swiss`` or ``uniprot-xml``, if it reads all of the file."""
    from Bio import SeqIO

    text = text_of(path)
    if text is None:
        return None
    handle: Any = io.StringIO(text) if kind == "swiss" else io.BytesIO(text.encode())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [(record.id, str(record.seq)) for record in SeqIO.parse(handle, kind)]
    except Exception:  # noqa: BLE001 - it raises whatever it likes
        return None


def table(path: Path) -> pd.DataFrame | None:
    """All rows, the header first, as text, by pandas; the delimiter is that of the ending of the name."""
    text = text_of(path)
    mark = {".csv": ",", ".tsv": "\t", ".tab": "\t"}[path.suffix]
    if (
        text is None
        or text.startswith("\ufeff")
        or mark not in next((line for line in text.split("\n") if line.strip()), "")
    ):
        return None
    lines = [line for line in text.split("\n") if line.strip() or mark in line]
    if '"' in text and len(lines) < len(text.rstrip("\n").split("\n")):
        return None  # which blank lines are within quotes is not known
    try:
        return pd.read_csv(
            io.StringIO("\n".join(lines)), sep=mark, header=None, dtype=str, keep_default_na=False,
            na_filter=False, index_col=False, skip_blank_lines=True,
        )  # fmt: skip
    except (ValueError, OverflowError):  # also its own errors
        return None


def bed(path: Path) -> list[tuple[str, int, int]] | None:
    """Chromosome, start and end by pandas, of a file with tabs in every line."""
    text = text_of(path)
    lines = [] if text is None else [line for line in text.split("\n") if line.strip()]
    lines = [line for line in lines if not re.match(r"#|(track|browser)(\s|$)", line)]
    if not lines or any(line.count("\t") < 2 for line in lines):
        return None
    cut = "\n".join("\t".join(line.split("\t")[:3]) for line in lines)
    if cut.startswith("\ufeff"):  # a second mark, which pandas takes away too
        return None
    try:
        frame = pd.read_csv(
            io.StringIO(cut), sep="\t", header=None, names=["chrom", "start", "end"], quoting=3,
            dtype={"chrom": str, "start": "int64", "end": "int64"}, keep_default_na=False,
        )  # fmt: skip
    except (ValueError, OverflowError):
        return None
    return [(str(chrom).strip(), int(start), int(end)) for chrom, start, end in frame.itertuples(index=False)]


def gff(path: Path) -> list[tuple[str, str, int, int]] | None:
    """Sequence, type, start and end as the specification of GFF3 has them, places still counted from 1."""
    text = text_of(path)
    if text is None:
        return None
    found = []
    for line in text.split("\n"):
        if line.startswith(("##FASTA", ">")):
            break
        if line.strip() and not line.startswith("#"):
            fields = line.split("\t")
            if len(fields) != 9 or not (is_number(fields[3]) and is_number(fields[4])):
                return None
            found.append(
                (unquote(fields[0]).strip(), unquote(fields[2]).strip(), int(fields[3]), int(fields[4]))
            )
    return found


def uniprot_xml(path: Path) -> Iterator[tuple[str, str, int, int]] | None:
    """Accession, type, first and last letter of every feature with known ends, by a document in memory.

    A place that has other than a position, or a begin and an end, is none: then nothing is said of the file.
    """
    data = path.read_bytes()
    try:
        document = minidom.parseString(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
        names = _names_of_ends(document)
    except (ExpatError, OSError, EOFError, ValueError, LookupError, zlib.error, RecursionError):
        return None
    if any(found not in (["position"], ["begin", "end"]) for found in names):
        return None
    return (one for entry in document.getElementsByTagNameNS("*", "entry") for one in _placed(entry))


def _names_of_ends(document: Any) -> list[list[str]]:
    return [
        [one.localName for one in place.childNodes if one.nodeType == one.ELEMENT_NODE]
        for place in document.getElementsByTagNameNS("*", "location")
    ]


def is_number(text: str) -> bool:
    """A whole number that any program can hold."""
    return text.isascii() and text.isdigit() and len(text) < 19


def _text(entry: Any, name: str) -> str:
    found = [one for one in entry.getElementsByTagNameNS("*", name) if one.parentNode is entry]
    return "".join(node.data for node in found[0].childNodes if hasattr(node, "data")) if found else ""


def _placed(entry: Any) -> Iterator[tuple[str, str, int, int]]:
    accession, length = _text(entry, "accession").strip(), len("".join(_text(entry, "sequence").split()))
    known = {("less than", "1"), ("greater than", str(length))}  # the ends of a fragment
    for feature in entry.getElementsByTagNameNS("*", "feature"):
        for location in feature.getElementsByTagNameNS("*", "location")[:1]:
            ends = [
                one
                for name in ("position", "begin", "end")
                for one in location.getElementsByTagNameNS("*", name)
            ]
            places = [one.getAttribute("position") for one in ends]
            said = [(one.getAttribute("status"), place) for one, place in zip(ends, places, strict=True)]
            certain = all(status in ("", "certain") or (status, place) in known for status, place in said)
            elsewhere = location.getAttribute("sequence")
            if certain and not elsewhere and places and all(map(is_number, places)):
                yield accession, feature.getAttribute("type"), int(places[0]), int(places[-1])


def meme(path: Path) -> dict[str, Any] | None:
    """Matrices of DNA by memelite, letters down; it reads a file by its name."""
    from memelite.io import read_meme

    text = text_of(path)
    if text is None:
        return None
    plain = path.with_name("plain.txt")
    plain.write_text(text, encoding="utf-8")
    try:
        return {
            name.split()[0]: matrix.numpy() if hasattr(matrix, "numpy") else matrix
            for name, matrix in read_meme(str(plain)).items()
        }
    except Exception:  # noqa: BLE001 - it raises whatever it likes
        return None
    finally:
        plain.unlink()


def obo(path: Path) -> dict[str, tuple[str, set[str]]] | None:
    """Names and direct parents by is_a of terms, by regular expressions over the whole text."""
    text = text_of(path)
    if text is None:
        return None
    found = {}
    for stanza in re.split(r"^(?=\[)", text, flags=re.MULTILINE):
        ids, names, obsolete = (_values(stanza, tag) for tag in ("id", "name", "is_obsolete"))
        if re.match(r"\[Term\]\s*\n", stanza) and ids and obsolete[:1] != ["true"]:
            parents = {value.split()[0] for value in _values(stanza, "is_a") if value}
            found[ids[0]] = names[0] if names else "", parents
    return found


def _values(stanza: str, tag: str) -> list[str]:
    pairs = re.findall(rf"^[^\S\n]*{tag}[^\S\n]*:(.*?)(?: ! .*)?$", stanza, re.MULTILINE)
    return [value.strip() for value in pairs]
