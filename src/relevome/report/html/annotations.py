"""What lies on the sequences of a page beside relevance: known sites, and sites that were called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from relevome.data.features import same_type
from relevome.data.sequences import Alphabet, Interval
from relevome.data.sequences import Sequence as Letters
from relevome.data.sites import Site, sites_on
from relevome.report.html.arrays import PageArrays
from relevome.report.html.tracks import ShownSequence
from relevome.results.motifs.motifs import MotifHit
from relevome.results.relevant_sites import RelevantSites

# From the top, as UniProt lists types of features (https://www.uniprot.org/help/sequence_annotation): what is
# cut off, regions, single residues, modifications, other sequences, and the structure.
_ORDER = (
    "initiator methionine", "signal", "transit peptide", "propeptide", "chain", "peptide",
    "topological domain", "transmembrane", "intramembrane", "domain", "repeat", "calcium binding",
    "zinc finger", "dna binding", "nucleotide binding", "region", "coiled coil", "motif",
    "compositional bias", "active site", "metal binding", "binding site", "site", "non standard residue",
    "modified residue", "lipidation", "glycosylation", "disulfide bond", "cross link",
    "alternative sequence", "natural variant", "mutagenesis", "sequence uncertainty", "sequence conflict",
    "non adjacent residues", "non terminal residue", "helix", "turn", "strand",
)  # fmt: skip
_MOST_LANES = 40  # of a file that has names but no types


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
    types = _types(every)
    looks = list(dict.fromkeys(_look(site, types) for site in every))
    places = {look: place for place, look in enumerate(looks)}
    return {
        "name": name,
        "types": types,
        "labels": [label for label, _, _ in looks],
        "notes": [note for _, note, _ in looks],
        "type": [kind for _, _, kind in looks],
        "count": arrays.add(_whole(map(len, found)), "i4"),
        "start": arrays.add(_whole(site.start for site in every), "i4"),
        "end": arrays.add(_whole(site.end for site in every), "i4"),
        "label": arrays.add(_whole(places[_look(site, types)] for site in every), "i4"),
    }


def _types(sites: Sequence[Site]) -> list[str]:
    """The types that have a lane each, from the top: in UniProt's order, others behind as they come.

    None where sites have no types, and where a file that has names alone, such as BED, has many of them.
    """
    kinds = list(dict.fromkeys(same_type(site.kind) for site in sites if site.kind))
    names_alone = all(same_type(site.name) == same_type(site.kind) for site in sites)
    if names_alone and len(kinds) > _MOST_LANES:
        return []
    return sorted(kinds, key=lambda kind: _ORDER.index(kind) if kind in _ORDER else len(_ORDER))


def _look(site: Site, types: Sequence[str]) -> tuple[str, str, int]:
    """What a site is called, what it is called beside its type, and the number of that; -1 without a type."""
    kind = same_type(site.kind) if site.kind else ""
    if kind not in types:
        return site.label, site.name, -1
    return site.label, "" if same_type(site.name) == kind else site.name, types.index(kind)


def _whole(values: Iterable[int]) -> np.ndarray:
    return np.fromiter(values, dtype=np.int64)
