"""The folder of motifs: tables, matrices, and a record from which all of it can be read back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

import numpy as np

from relevome.data.formats.meme import meme_text
from relevome.data.motifs import Motif
from relevome.data.names import bed_line
from relevome.data.sequences import named_alphabet
from relevome.results.arrays import read_arrays, split, write_arrays
from relevome.results.attention_heads.heads import Match
from relevome.results.folder import ResultFolder, whole_file
from relevome.results.kinds import of_its_kind
from relevome.results.motifs.answers import FILES
from relevome.results.motifs.causes import (
    MotifCauses,
    MotifDistance,
    MotifPair,
    MotifPutIn,
    MotifTakenOut,
)
from relevome.results.motifs.motifs import (
    COLUMNS,
    MotifForm,
    MotifHit,
    MotifOnSites,
    MotifPlaces,
    MotifSeqlet,
    RelevantMotif,
    RelevantMotifs,
)
from relevome.results.motifs.settings import MotifSearch
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.tables import read_tsv, write_tsv
from relevome.words import counted

NAME, ARRAYS = "motifs.json", "motifs.npz"
HITS, SEQLETS, ON_SITES, MATCHES = "hits.tsv", "seqlets.tsv", "known_sites.tsv", "matches.tsv"
# Tables of the causal check, by the field that they hold.
CAUSES: Mapping[str, tuple[str, type[Any]]] = {
    "taken_out.tsv": ("taken_out", MotifTakenOut), "put_in.tsv": ("put_in", MotifPutIn),
    "pairs.tsv": ("pairs", MotifPair), "distances.tsv": ("distances", MotifDistance),
}  # fmt: skip
SCHEMA_VERSION = 1
FOLDER = ResultFolder(
    (NAME,),
    (
        ARRAYS, HITS, SEQLETS, ON_SITES, MATCHES, *CAUSES, "motifs.tsv", "hits.bed", "motifs.meme",
        "motifs.md", "motifs.png", "causes.png",
    ),
    kept=(FILES,),
)  # fmt: skip

_OWN = frozenset({
    "schema_version", "command", "library_versions", "settings", "alphabet", "motifs", "known_motifs",
    "counts", "reasons", "notes", "hits", "seqlets", "known_sites", "causes",
})  # fmt: skip
_MOTIF = ("name", "run", "sign", "seqlets", "method", "kind", "in_runs", "similarity", "forms")
_MATCH = ("motif", "known", "id", "p", "q", "strand")
_SEQLET = "seqlet_"  # of the arrays that say where seqlets of motifs lie
_HIGHEST = 1000  # score of BED
_STRANDS = ("+", "-")

Row = TypeVar("Row", MotifHit, MotifSeqlet, MotifOnSites, MotifTakenOut, MotifPutIn, MotifPair, MotifDistance)


def write_relevant_motifs(found: RelevantMotifs, folder: Path) -> None:
    """Tables, matrices and arrays, then the record: a folder without ``motifs.json`` is unfinished.

    The folder is one without an earlier result.
    """
    write_tsv(folder / "motifs.tsv", COLUMNS, found.rows())
    write_tsv(folder / HITS, MotifHit._fields, found.hits)
    write_tsv(folder / SEQLETS, MotifSeqlet._fields, found.seqlets)
    write_tsv(folder / ON_SITES, MotifOnSites._fields, found.on_sites)
    if found.causes is not None:
        for name, (field, kind) in CAUSES.items():
            write_tsv(folder / name, kind._fields, getattr(found.causes, field))
    matches = ((one.name, *_match(match)) for one in found.motifs for match in one.matches)
    write_tsv(folder / MATCHES, _MATCH, matches)
    with whole_file(folder / "hits.bed") as path, path.open("w", encoding="utf-8") as file:
        file.writelines(_bed(found))
    if found.motifs:
        text = meme_text([one.motif(found.alphabet) for one in found.motifs])
        with whole_file(folder / "motifs.meme") as path:
            path.write_text(text, encoding="utf-8")
    known = _known(found.motifs)
    write_arrays(folder / ARRAYS, _arrays(found, known))
    write_record(folder / NAME, _content(found, known))


def read_relevant_motifs(folder: str | Path) -> RelevantMotifs:
    """What `relevome motifs` left in a folder, every number as it was.

    Raises InputError for a folder without such a result, for one of a later relevome, and for one that is
    damaged.
    """
    path = Path(folder) / NAME
    said = read_record(path, SCHEMA_VERSION, "relevome motifs")
    with reading(path):
        hits = _table(path.parent / HITS, MotifHit, said["hits"])
        found = RelevantMotifs(
            {name: value for name, value in said.items() if name not in _OWN},
            MotifSearch(**said["settings"]), named_alphabet(said["alphabet"]),
            tuple(_motifs(said, path.parent)), hits,
            _table(path.parent / SEQLETS, MotifSeqlet, said["seqlets"]),
            _table(path.parent / ON_SITES, MotifOnSites, said["known_sites"]),
            tuple(said["counts"]), tuple(said["reasons"]), tuple(said["notes"]), _causes(said, path.parent),
        )  # fmt: skip
        _check(found)
        of_its_kind(
            replace(found, hits=(), seqlets=(), on_sites=(), causes=None)
        )  # tables have only what fits
        return found


def _bed(found: RelevantMotifs) -> Iterator[str]:
    """Six columns: on the genome, or on the sequence where that has no interval."""
    best = {one.name: 0.0 for one in found.motifs}
    for hit in found.hits:
        best[hit.motif] = max(best[hit.motif], hit.score)
    for hit in found.hits:
        score = round(_HIGHEST * hit.score / best[hit.motif])
        if hit.chrom is None or hit.chrom_start is None or hit.chrom_end is None:
            yield bed_line(hit.sequence_id, hit.start, hit.end, hit.motif, score, hit.strand)
        else:
            strand = hit.chrom_strand or "."
            yield bed_line(hit.chrom, hit.chrom_start, hit.chrom_end, hit.motif, score, strand)


def _match(one: Match) -> tuple[Any, ...]:
    return one.motif.name, one.motif.id, one.p, one.q, one.strand


def _known(motifs: Sequence[RelevantMotif]) -> list[Motif]:
    """Known motifs of all matches, each once."""
    return list({one.motif.id: one.motif for motif in motifs for one in motif.matches}.values())


def _arrays(found: RelevantMotifs, known: Sequence[Motif]) -> dict[str, np.ndarray]:
    """All matrices, one under the other."""
    letters = len(found.alphabet.letters)
    none = np.zeros((0, letters))
    return {
        "places": np.array([len(one) for one in found.motifs], dtype=int),
        "counts": np.concatenate([none, *(one.counts for one in found.motifs)]),
        "contributions": np.concatenate([none, *(one.contributions for one in found.motifs)]),
        "known_places": np.array([len(one) for one in known], dtype=int),
        "known_probabilities": np.concatenate([none, *(one.probabilities for one in known)]),
        **_seqlet_arrays([one.places for one in found.motifs]),
    }


def _seqlet_arrays(places: Sequence[MotifPlaces | None]) -> dict[str, np.ndarray]:
    """Where seqlets of motifs lie, those of one motif after those of another; none of what does not say."""
    said = [one for one in places if one is not None]
    if not said or len(said) < len(places):
        return {}
    columns = zip(MotifPlaces._fields, zip(*said, strict=True), strict=True)
    return {f"{_SEQLET}{name}": np.concatenate(column) for name, column in columns}


def _content(found: RelevantMotifs, known: Sequence[Motif]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION, **provenance(), **found.about, "settings": asdict(found.settings),
        "alphabet": found.alphabet.name,
        "motifs": [{name: getattr(one, name) for name in _MOTIF} for one in found.motifs],
        "known_motifs": [{"name": one.name, "id": one.id, "alphabet": one.alphabet.name} for one in known],
        "hits": len(found.hits), "seqlets": len(found.seqlets), "known_sites": len(found.on_sites),
        "counts": [dict(one) for one in found.counts], "reasons": list(found.reasons),
        "notes": list(found.notes),
        "causes": found.causes and {field: len(getattr(found.causes, field)) for field, _ in CAUSES.values()},
    }  # fmt: skip


def _causes(said: Mapping[str, Any], folder: Path) -> MotifCauses | None:
    """The tables of the causal check, where there was one."""
    counts = said.get("causes")
    if counts is None:
        return None
    return MotifCauses(
        _table(folder / "taken_out.tsv", MotifTakenOut, counts["taken_out"]),
        _table(folder / "put_in.tsv", MotifPutIn, counts["put_in"]),
        _table(folder / "pairs.tsv", MotifPair, counts["pairs"]),
        _table(folder / "distances.tsv", MotifDistance, counts["distances"]),
    )


def _motifs(said: Mapping[str, Any], folder: Path) -> Iterator[RelevantMotif]:
    arrays = read_arrays(folder / ARRAYS)
    places = arrays["places"].tolist()
    matches = _matches(said, arrays, folder)
    counts, contributions = (split(arrays[name], places) for name in ("counts", "contributions"))
    lie = _places(arrays, [one["seqlets"] for one in said["motifs"]])
    for one, letters, relevance, place in zip(said["motifs"], counts, contributions, lie, strict=True):
        forms = tuple(MotifForm(*form) for form in one.get("forms", ()))  # none in earlier results
        yield RelevantMotif(
            counts=letters, contributions=relevance, matches=tuple(matches.get(one["name"], ())),
            places=place, **(one | {"forms": forms}),
        )  # fmt: skip


def _places(arrays: Mapping[str, np.ndarray], seqlets: Sequence[int]) -> Sequence[MotifPlaces | None]:
    """Of each motif, with so many seqlets, where these lie. Raises ValueError for another number of them."""
    columns = [arrays[f"{_SEQLET}{name}"] for name in MotifPlaces._fields if f"{_SEQLET}{name}" in arrays]
    if not columns:
        return [None] * len(seqlets)
    if {len(one) for one in columns} != {sum(seqlets)} or (columns[0] < 0).any():
        raise ValueError(f"places of seqlets of motifs are not those of {counted(sum(seqlets), 'seqlet')}")
    parts = [split(one, seqlets) for one in columns]
    return [MotifPlaces(*one) for one in zip(*parts, strict=True)]


def _matches(
    said: Mapping[str, Any], arrays: Mapping[str, np.ndarray], folder: Path
) -> dict[str, list[Match]]:
    """By the name of the motif."""
    matrices = split(arrays["known_probabilities"], arrays["known_places"].tolist())
    known = {
        one["id"]: Motif(one["name"], one["id"], matrix, named_alphabet(one["alphabet"]))
        for one, matrix in zip(said["known_motifs"], matrices, strict=True)
    }
    found: dict[str, list[Match]] = {one["name"]: [] for one in said["motifs"]}
    for name, _, id, p, q, strand in read_tsv(folder / MATCHES, _MATCH):
        found[name].append(Match(known[id], float(p), float(q), strand))
    return found


def _table(path: Path, kind: type[Row], count: int) -> tuple[Row, ...]:
    """Rows of a table, each field as its kind has it; an empty one is None where that may be."""
    hints = get_type_hints(kind)
    fields: Sequence[str] = kind._fields
    rows = read_tsv(path, fields)
    if len(rows) != count:
        raise ValueError(f"{counted(len(rows), 'row')} in {path.name}, not {count}")
    return tuple(
        kind(*(_field(text, hints[name]) for name, text in zip(fields, row, strict=True))) for row in rows
    )


def _field(text: str, hint: Any) -> Any:
    if NoneType in get_args(hint):
        if not text:
            return None
        hint = get_args(hint)[0]
    return hint(text)


def _check(found: RelevantMotifs) -> None:
    """Raises ValueError for numbers that cannot be, and for motifs that are not there."""
    names = {one.name for one in found.motifs}
    if len(names) < len(found.motifs):
        raise ValueError("two motifs of one name")
    for one in (*found.hits, *found.seqlets):
        if not (0 <= one.start < one.end and len(one.letters) == one.end - one.start):
            raise ValueError(f"letters {one.start} to {one.end} of {one.sequence_id!r}: {one.letters!r}")
        if not (0 < one.p <= 1 and 0 < one.q <= 1 and math.isfinite(one.score)):
            raise ValueError(f"score {one.score}, p {one.p} and q {one.q} in {one.sequence_id!r}")
    for one in found.hits:
        if one.strand not in _STRANDS or one.chrom_strand not in (None, *_STRANDS):
            raise ValueError(f"strands {one.strand!r} and {one.chrom_strand!r} in {one.sequence_id!r}")
    for one in found.on_sites:
        if not (0 <= one.p <= 1 and 0 <= one.q <= 1 and math.isfinite(one.expected)):
            raise ValueError(f"expected {one.expected}, p {one.p} and q {one.q} of {one.motif}")
    if not _named(found) <= names:
        raise ValueError(f"{', '.join(sorted(_named(found) - names))}: no such motif")


def _named(found: RelevantMotifs) -> set[str]:
    """All motifs that tables speak of."""
    named = {one.motif for one in (*found.hits, *found.seqlets, *found.on_sites)}
    if found.causes is not None:
        named |= {one.motif for one in (*found.causes.taken_out, *found.causes.put_in)}
        named |= {name for one in (*found.causes.pairs, *found.causes.distances) for name in one[:2]}
    return {name for name in named if name is not None}
