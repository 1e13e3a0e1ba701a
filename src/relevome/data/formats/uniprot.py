"""UniProt, as XML or as flat text: its entries, which Biopython reads one at a time, and their features."""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError, iterparse

from relevome.data.features import FeatureItem, Listed, placed
from relevome.data.formats import Format, formats
from relevome.data.lines import PathLike, numbered_lines, open_bytes
from relevome.data.problems import Intake, Problem, Stops
from relevome.data.sequences import Alphabet, Sequence
from relevome.errors import InputError

if TYPE_CHECKING:
    from Bio.SeqFeature import SeqFeature
    from Bio.SeqRecord import SeqRecord

# What Biopython raises, of all kinds, for an entry that it does not understand.
_NOT_UNDERSTOOD = (
    ValueError, LookupError, TypeError, AttributeError, AssertionError, NotImplementedError, Warning,
)  # fmt: skip

# Releases since 2024 write the second, and Biopython 1.88 knows the first only.
_NAMESPACE, _NEW_NAMESPACE = b'"http://uniprot.org/uniprot"', b'"https://uniprot.org/uniprot"'
_HEAD = 4096


def entries(path: PathLike) -> Iterator[SeqRecord | Problem]:
    """Entries of a UniProt file, plain or gzip, lazily; what it is shows in how it begins.

    An entry that Biopython cannot read is a ``Problem``, and so is one without a sequence. Raises
    ``InputError`` for a file that is neither XML nor flat text of UniProt, is broken, or has no entry; and
    without Biopython (the extra ``uniprot``).
    """
    if find_spec("Bio") is None:
        raise InputError("UniProt files need the library biopython: pip install relevome[uniprot]")
    number = 0
    read = _from_xml if _is_xml(path) else _from_text
    for number, (where, record) in enumerate(read(path), 1):
        if isinstance(record, Exception):
            reason = f"Biopython cannot read it ({type(record).__name__}: {' '.join(str(record).split())})"
            yield Problem(f"entry{number}", reason, where)
        elif not record.seq:
            yield Problem(record.id, f"entry {record.id!r} has no sequence", where)
        else:
            yield record
    if not number:
        raise InputError(f"{path} has no entries: expected UniProt XML or flat text")


def is_uniprot(path: PathLike) -> bool:
    """Whether a file begins as UniProt's XML or flat text does, rather than as a table.

    Raises ``InputError`` if it cannot be read.
    """
    return _head(path).startswith((b"<", b"ID   "))


def _head(path: PathLike) -> bytes:
    with open_bytes(path) as content:
        return content.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()


def _is_xml(path: PathLike) -> bool:
    head = _head(path)
    if head.startswith(b"ID   "):
        return False
    if head.startswith(b"<") and (_NAMESPACE in head or _NEW_NAMESPACE in head):
        return True
    raise InputError(f"{path} is neither XML nor flat text of UniProt: expected <uniprot ...> or 'ID   ...'")


def _from_xml(path: PathLike) -> Iterator[tuple[str, Any]]:
    """Where each entry is, and the record or what Biopython raised, after which it goes on."""
    from Bio.SeqIO.UniprotIO import UniprotIterator

    with open_bytes(path) as content:
        stream: Any = _KnownNamespace(content)
        records, number = UniprotIterator(stream), 0
        while True:
            number += 1
            try:
                yield f"{path}, entry {number}", next(records)
            except StopIteration:
                return
            except ParseError as error:
                raise InputError(f"{path} is broken XML ({error}): copy or download it again") from error
            except _NOT_UNDERSTOOD as error:
                yield f"{path}, entry {number}", error


def _from_text(path: PathLike) -> Iterator[tuple[str, Any]]:
    """Entries cut at their ends ``//``, so that one that cannot be read does not take others along.

    Ends without an entry, one after the other, are told of once: a file may hold millions.
    """
    first, lines, bare = 1, [], 0
    for number, line in numbered_lines(path):
        if not lines and line.startswith("//"):
            first, bare = first if bare else number, bare + 1
            continue
        if not lines and not line.strip():
            continue
        if bare:
            yield _without_entry(path, first, bare)
        first, bare = first if lines else number, 0
        lines.append(line + "\n")
        if line.startswith("//"):
            yield f"{path}, line {first}", _text_entry("".join(lines))
            lines = []
    if bare:
        yield _without_entry(path, first, bare)
    if lines:
        raise InputError(f"{path}, line {first}: an entry without its end '//': copy or download it again")


def _without_entry(path: PathLike, line: int, ends: int) -> tuple[str, Exception]:
    """What is said in place of an entry, where there are but ends of some."""
    return f"{path}, line {line}", ValueError(f"no entry before its end '//', {ends:,} times")


def _text_entry(text: str) -> Any:
    from Bio.SeqIO.SwissIO import SwissIterator

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a line that is passed over with a warning is not understood
            return next(SwissIterator(io.StringIO(text)))
    except _NOT_UNDERSTOOD as error:
        return error


class _KnownNamespace:
    """A stream in which the namespace of UniProt is the one that Biopython knows."""

    def __init__(self, content: Any) -> None:  # any binary file
        self._content = content

    def read(self, size: int) -> bytes:
        """About ``size`` bytes, in whole lines, so that the name is never cut."""
        lines = self._content.readlines(size) if size else []
        return b"".join(lines).replace(_NEW_NAMESPACE, _NAMESPACE)


def entry_sequences(
    path: PathLike, alphabet: Alphabet, stops: Stops | None = None
) -> Iterator[Sequence | Problem]:
    """The sequence of every entry, under its first accession; see `entries`."""
    intake = Intake(alphabet, stops)
    for entry in entries(path):
        if isinstance(entry, Problem):
            yield entry
        else:
            yield intake.take(entry.id or "", str(entry.seq), f"{path}, entry {entry.id}")


def entry_features(path: PathLike, kinds: Collection[str]) -> Iterator[FeatureItem]:
    """The features of every entry, of all types, read as the file begins; flat text by Biopython."""
    yield from xml_features(path) if _head(path).startswith(b"<") else text_features(path)


def xml_features(path: PathLike) -> Iterator[FeatureItem]:
    """Every feature of every entry of UniProt XML, under the entry's first accession.

    A feature with an end that is not known, on another isoform or past the end of its sequence is
    `Unplaced`. It is called by its description, or else by its ligand. Biopython is not asked, since it does
    not say which features are on another isoform. Raises InputError for a file that is not XML or has no
    entry.
    """
    empty = True
    for element in _xml_elements(path):
        if element.tag.rpartition("}")[2] == "entry":
            yield from _xml_entry(element, f"{path}")
            element.clear()
            empty = False
    if empty:
        raise InputError(f"{path} has no entries: expected UniProt XML")


def _xml_elements(path: PathLike) -> Iterator[Element]:
    with open_bytes(path) as content:
        elements = iterparse(content)
        while True:
            try:
                _, element = next(elements)
            except StopIteration:
                return
            # the latter two are an encoding that the parser does not know
            except (ParseError, LookupError, ValueError) as error:
                raise InputError(f"{path} is broken XML ({error}): copy or download it again") from error
            yield element


def _xml_entry(entry: Element, where: str) -> Iterator[FeatureItem]:
    accession = (entry.findtext("{*}accession") or "").strip()
    length = len("".join((entry.findtext("{*}sequence") or "").split()))
    if not accession or not length:
        yield Problem(accession, "entry without an accession or a sequence", where)
        return
    yield Listed(accession)
    for feature in entry.findall("{*}feature"):
        kind, ligand = feature.get("type", ""), feature.findtext("{*}ligand/{*}name") or ""
        description = feature.get("description") or ligand.strip()
        place = feature.find("{*}location")
        isoform = None if place is None else place.get("sequence")
        first, last = _ends(place)
        yield placed(accession, length, kind, description, first, last, isoform, where)


def _ends(place: Element | None) -> tuple[str, str]:
    """Both ends as flat files write them."""
    if place is None:
        return "?", "?"
    one = place.find("{*}position")
    pair = (one, one) if one is not None else (place.find("{*}begin"), place.find("{*}end"))
    first, last = (_end(end) for end in pair)
    return first, last


def _end(end: Element | None) -> str:
    signs = {"certain": "", "less than": "<", "greater than": ">"}
    if end is None:
        return "?"
    return signs.get(end.get("status", "certain"), "?") + end.get("position", "")


def text_features(path: PathLike) -> Iterator[FeatureItem]:
    """The same of flat text, which Biopython reads (the extra ``uniprot``)."""
    for entry in entries(path):
        if isinstance(entry, Problem):
            yield entry
            continue
        yield Listed(str(entry.id))
        for feature in entry.features:
            said = feature.qualifiers
            description = str(said.get("note") or said.get("description") or said.get("ligand") or "")
            first, last = _text_ends(feature)
            isoform = None if feature.location is None else feature.location.ref
            yield placed(
                str(entry.id), len(entry), feature.type, description, first, last, isoform, f"{path}"
            )


def _text_ends(feature: SeqFeature) -> tuple[str, str]:
    """Both ends as the file has them, which Biopython has made half-open."""
    if feature.location is None:
        return "?", "?"
    first, last = feature.location.start, feature.location.end
    return _text_end(first, 1), _text_end(last, 0)


def _text_end(position: Any, offset: int) -> str:
    """An end that is uncertain, which to Biopython is a kind of exact one, is not known."""
    signs = {"ExactPosition": "", "BeforePosition": "<", "AfterPosition": ">"}
    sign = signs.get(type(position).__name__)
    return "?" if sign is None else f"{sign}{int(position) + offset}"


formats.register("uniprot")(
    Format("uniprot", looks_like=is_uniprot, sequences=entry_sequences, sites=entry_features)
)
