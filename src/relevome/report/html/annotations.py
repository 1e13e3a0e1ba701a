"""What lies on the sequences of a page beside relevance: known sites, and sites that were called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from relevome.data.sequences import Alphabet, Interval
from relevome.data.sequences import Sequence as Letters
from relevome.data.sites import Site, sites_on
from relevome.report.html.arrays import PageArrays
from relevome.report.html.tracks import ShownSequence
from relevome.results.motifs.motifs import MotifHit
from relevome.results.relevant_sites import RelevantSites


def as_letters(one: ShownSequence, alphabet: Alphabet) -> Letters:
    """A sequence as known sites are looked up for it."""
    chrom, start, end, strand = one.place
    place = None
    if chrom is not None and start is not None and end is not None and strand is not None:
        place = Interval(chrom, start, end, strand)
    return Letters(one.id, one.letters, alphabet, place)


def called_sites(found: RelevantSites) -> dict[str, list[Site]]:
    """The sites that `relevome sites` called, by chromosome, or by sequence where they were counted along it.

    Their name is the averaged relevance at the summit and the q-value.
    """
    sites: dict[str, list[Site]] = {}
    for one in found.sites:
        name = f"called, height {one.height:.3g}, q {one.q:.2g}"
        sites.setdefault(one.chrom, []).append(Site(one.start, one.end, name, one.strand))
    return sites


def annotation_content(
    name: str,
    sequences: Sequence[ShownSequence],
    alphabet: Alphabet,
    sites: Mapping[str, list[Site]],
    arrays: PageArrays,
) -> dict[str, Any]:
    """A line of annotations as the page reads it: sites by sequence, in letters of it, and their labels.

    Raises InputError for a site that leaves its sequence.
    """
    return _line(name, [sites_on(as_letters(one, alphabet), sites) for one in sequences], arrays)


def hits_content(
    name: str,
    sequences: Sequence[ShownSequence],
    alphabet: Alphabet,
    hits: Iterable[MotifHit],
    arrays: PageArrays,
) -> dict[str, Any]:
    """The same of hits of motifs, called by their motif.

    A hit lies on the sequences of its id that have its letters there, on either strand: those of another run
    may have others.
    """
    known: dict[str, list[MotifHit]] = {}
    for hit in hits:
        known.setdefault(hit.sequence_id, []).append(hit)
    found = [
        [
            Site(hit.start, hit.end, hit.motif, hit.strand)
            for hit in known.get(one.id, ())
            if _is_on(hit, one, alphabet)
        ]
        for one in sequences
    ]
    return _line(name, found, arrays)


def _is_on(hit: MotifHit, one: ShownSequence, alphabet: Alphabet) -> bool:
    letters = one.letters[hit.start : hit.end]
    if len(letters) != len(hit.letters):
        return False
    if hit.strand == "-" and alphabet.complements is not None:
        letters = Letters(one.id, letters, alphabet).reverse_complement().letters
    return letters == hit.letters


def _line(name: str, found: Sequence[Sequence[Site]], arrays: PageArrays) -> dict[str, Any]:
    every = [site for some in found for site in some]
    names = list(dict.fromkeys(site.label for site in every))
    places = {label: place for place, label in enumerate(names)}
    return {
        "name": name,
        "labels": names,
        "count": arrays.add(_whole(map(len, found)), "i4"),
        "start": arrays.add(_whole(site.start for site in every), "i4"),
        "end": arrays.add(_whole(site.end for site in every), "i4"),
        "label": arrays.add(_whole(places[site.label] for site in every), "i4"),
    }


def _whole(values: Iterable[int]) -> np.ndarray:
    return np.fromiter(values, dtype=np.int64)
