"""Features of UniProt entries, from XML and from flat text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError, iterparse

from relevome.data.errors import InputError
from relevome.data.features import Feature, Found, Listed, Unplaced, from_one, is_unsure
from relevome.data.lines import PathLike, open_bytes
from relevome.data.problems import Problem
from relevome.data.uniprot import entries

if TYPE_CHECKING:
    from Bio.SeqFeature import SeqFeature


def xml_features(path: PathLike) -> Iterator[Found]:
    """Every feature of every entry of UniProt XML, under the entry's first accession.

    A feature with an end that is not known, on another isoform or past the end of its sequence is
    `Unplaced`. Biopython is not asked, since it does not say which features are on another isoform. Raises
    InputError for a file that is not XML or has no entry.
    """
    empty = True
    with open_bytes(path) as content:
        try:
            for _, element in iterparse(content):
                if element.tag.rpartition("}")[2] == "entry":
                    yield from _xml_entry(element, f"{path}")
                    element.clear()
                    empty = False
        except ParseError as error:
            raise InputError(f"{path} is broken XML ({error}): copy or download it again") from error
    if empty:
        raise InputError(f"{path} has no entries: expected UniProt XML")


def _xml_entry(entry: Element, where: str) -> Iterator[Found]:
    accession = (entry.findtext("{*}accession") or "").strip()
    length = len("".join((entry.findtext("{*}sequence") or "").split()))
    if not accession or not length:
        yield Problem(accession, "entry without an accession or a sequence", where)
        return
    yield Listed(accession)
    for feature in entry.findall("{*}feature"):
        kind, description = feature.get("type", ""), feature.get("description", "")
        place = feature.find("{*}location")
        isoform = None if place is None else place.get("sequence")
        first, last = _ends(place)
        yield _placed(accession, length, kind, description, first, last, isoform, where)


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


def text_features(path: PathLike) -> Iterator[Found]:
    """The same of flat text, which Biopython reads (the extra ``uniprot``)."""
    for entry in entries(path):
        if isinstance(entry, Problem):
            yield entry
            continue
        yield Listed(str(entry.id))
        for feature in entry.features:
            description = str(feature.qualifiers.get("note") or feature.qualifiers.get("description") or "")
            first, last = _text_ends(feature)
            isoform = None if feature.location is None else feature.location.ref
            yield _placed(
                str(entry.id), len(entry), feature.type, description, first, last, isoform, f"{path}"
            )


def _text_ends(feature: SeqFeature) -> tuple[str, str]:
    """Both ends as the file has them, which Biopython has made half-open."""
    from Bio.SeqFeature import ExactPosition

    if feature.location is None:
        return "?", "?"
    first, last = feature.location.start, feature.location.end
    return (
        str(first + 1) if isinstance(first, ExactPosition) else "?",
        str(int(last)) if isinstance(last, ExactPosition) else "?",
    )


def _placed(
    id: str, length: int, kind: str, name: str, first: str, last: str, isoform: str | None, where: str
) -> Feature | Problem:
    if isoform:
        return Unplaced(id, f"{kind} on another isoform, {isoform}", where, kind)
    if is_unsure(first, last):
        return Unplaced(id, f"{kind} at {first} to {last}, an end that is not known", where, kind)
    try:
        start, end = from_one(first, last)
    except ValueError as error:
        return Unplaced(id, f"{kind}: {error}", where, kind)
    if end > length:
        return Unplaced(id, f"{kind} at {first} to {last}, past the end of {length} letters", where, kind)
    return Feature(id, kind, start, end, name)
