"""The folder of heads by attention: tables, matrices, and a record from which all of it can be read back.

Numbers are in the tables for people, and exactly as they were in ``attention_heads.npz``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.formats.meme import meme_text
from relevome.data.motifs import Motif
from relevome.data.problems import Problem
from relevome.data.sequences import named_alphabet
from relevome.errors import InputError
from relevome.results.arrays import read_arrays, split, write_arrays
from relevome.results.attention_heads.consensus import Attended, Consensus
from relevome.results.attention_heads.heads import (
    COLUMNS,
    AttentionHead,
    AttentionHeads,
    Enrichment,
    FactorsCompared,
    Fall,
    Match,
    Profile,
    Strongest,
    Together,
    WindowsRead,
    head_row,
)
from relevome.results.attention_heads.settings import HeadSettings
from relevome.results.folder import ResultFolder
from relevome.results.head_name import HeadName
from relevome.results.kinds import of_its_kind
from relevome.results.record import provenance, read_record, reading, write_record
from relevome.results.tables import write_tsv

NAME, ARRAYS = "attention_heads.json", "attention_heads.npz"
EARLIER = "heads.json"  # the record of an earlier relevome
SCHEMA_VERSION = 3
FOLDER = ResultFolder(
    (NAME, EARLIER),
    (
        ARRAYS, "heads.tsv", "matches.tsv", "factors.tsv", "profiles.tsv", "heads.md", "heads.meme",
        "logos.png", "profiles.png",
    ),
)  # fmt: skip

_MATCH = ("motif", "p", "q", "strand")
_FACTOR = ("factor", "attended", "on_sites", "expected", "p", "q")
_STRANDS = "+-"
_OWN = frozenset({
    "schema_version", "command", "library_versions", "sites_read", "controls_read", "windows", "known_motifs",
    "known_sites", "settings", "heads", "together", "alphabet", "flank", "matched", "factors",
})  # fmt: skip


def write_attention_heads(found: AttentionHeads, folder: Path) -> None:
    """Tables, matrices and arrays, then the record: a folder without ``attention_heads.json`` is unfinished.

    The folder is one without an earlier result, as `FOLDER.writing` gives it.
    """
    write_tsv(folder / "heads.tsv", COLUMNS, map(head_row, found.heads))
    matches = ((*head.name, *_match(one)) for head in found.heads for one in head.matches)
    write_tsv(folder / "matches.tsv", ("layer", "head", *_MATCH), matches)
    factors = ((*head.name, *_factor(one)) for head in found.heads for one in head.on_factors)
    write_tsv(folder / "factors.tsv", ("layer", "head", *_FACTOR), factors)
    names = ("layer", "head", "distance", "sites", "controls")
    write_tsv(folder / "profiles.tsv", names, chain.from_iterable(map(_profile, found.heads)))
    motifs = [motif for head in found.heads if (motif := head.consensus.motif(f"head_{head.name}"))]
    if motifs:
        (folder / "heads.meme").write_text(meme_text(motifs), encoding="utf-8")
    database = list({id(one.motif): one.motif for head in found.heads for one in head.matches}.values())
    factors = sorted({one.factor for head in found.heads for one in head.on_factors})
    write_arrays(folder / ARRAYS, _arrays(found.heads, database, factors))
    write_record(folder / NAME, _content(found, database, factors))


def read_attention_heads(folder: str | Path) -> AttentionHeads:
    """What `relevome heads` by attention left in a folder, every number as it was.

    Raises InputError for a folder without such a result, for one of an earlier or a later relevome, and for
    one that is damaged.
    """
    path = Path(folder) / NAME
    if not path.is_file() and (path.parent / EARLIER).is_file():
        raise InputError(
            f"{folder} holds heads by an earlier relevome, or by relevance: expected {NAME}; make them again "
            f"with relevome heads --overwrite -o {folder}"
        )
    said = read_record(path, SCHEMA_VERSION, "relevome heads")
    with reading(path):
        arrays = read_arrays(path.parent / ARRAYS)
        known = said["known_sites"]
        found = AttentionHeads(
            tuple(_heads(said, arrays)), _together(said["together"]), said["windows"], said["known_motifs"],
            None if known is None else FactorsCompared(**known), HeadSettings(**said["settings"]),
            {name: value for name, value in said.items() if name not in _OWN},
            tuple(_windows(said[name]) for name in ("sites_read", "controls_read") if said[name] is not None),
        )  # fmt: skip
        return of_its_kind(found)


def _match(one: Match) -> tuple[Any, ...]:
    return one.motif.name, one.p, one.q, one.strand


def _factor(one: Enrichment) -> tuple[Any, ...]:
    return tuple(getattr(one, name) for name in _FACTOR)


def _profile(head: AttentionHead) -> Iterator[tuple[Any, ...]]:
    where = head.profile
    numbers = zip(where.distances.tolist(), where.sites.tolist(), where.controls.tolist(), strict=True)
    yield from ((*head.name, *row) for row in numbers)


def _content(found: AttentionHeads, database: Sequence[Motif], factors: Sequence[str]) -> dict[str, Any]:
    sites, controls = (*map(asdict, found.read), None, None)[:2]
    matrix = found.heads[0].consensus
    return {
        "schema_version": SCHEMA_VERSION, **provenance(), **found.about, "sites_read": sites,
        "controls_read": controls, "windows": found.windows, "known_motifs": found.motifs,
        "known_sites": None if found.known is None else asdict(found.known),
        "settings": asdict(found.settings), "alphabet": matrix.alphabet.name, "flank": matrix.flank,
        "heads": [_head_said(head) for head in found.heads],
        "together": None if found.together is None else asdict(found.together),
        "matched": [{"name": one.name, "id": one.id, "alphabet": one.alphabet.name} for one in database],
        "factors": list(factors),
    }  # fmt: skip


def _head_said(head: AttentionHead) -> dict[str, Any]:
    fall = None if head.fall is None else asdict(head.fall)
    ranks = {"in_layer": head.in_layer, "among_all": head.among_all}
    strongest = [asdict(one) for one in head.strongest]
    return {"layer": head.name.layer, "head": head.name.head, "fall": fall, **ranks, "strongest": strongest}


def _arrays(
    heads: Sequence[AttentionHead], database: Sequence[Motif], factors: Sequence[str]
) -> dict[str, np.ndarray]:
    """All arrays; what heads have different numbers of is one after the other."""
    places = {id(motif): i for i, motif in enumerate(database)}
    names = {name: i for i, name in enumerate(factors)}
    found = [one for head in heads for one in head.matches]
    sat_on = [one for head in heads for one in head.on_factors]
    arrays: dict[str, Any] = {
        "distances": heads[0].profile.distances,
        "attended_sites": np.concatenate([head.attended.sites for head in heads]),
        "attended_letters": np.concatenate([head.attended.letters for head in heads]),
        "attended": _counted(head.attended for head in heads),
        "motifs": _counted(database),
        "motif_probabilities": np.concatenate([np.zeros((0, 4)), *(one.probabilities for one in database)]),
        "matches": _counted(head.matches for head in heads),
        "match_motif": np.array([places[id(one.motif)] for one in found], dtype=int),
        "match_strand": np.array([_STRANDS.index(one.strand) for one in found], dtype=int),
        "factors": _counted(head.on_factors for head in heads),
        "factor_name": np.array([names[one.factor] for one in sat_on], dtype=int),
    }
    arrays |= {f"match_{name}": _column(found, name, float) for name in ("p", "q")}
    arrays |= {f"factor_{name}": _column(sat_on, name, int) for name in _FACTOR[1:3]}
    arrays |= {f"factor_{name}": _column(sat_on, name, float) for name in _FACTOR[3:]}
    for name in ("sites", "controls", "by_distance"):
        arrays[f"profile_{name}"] = np.array([getattr(head.profile, name) for head in heads])
    for name in ("counts", "background", "p"):
        arrays[f"consensus_{name}"] = np.array([getattr(head.consensus, name) for head in heads])
    return arrays


def _counted(parts: Iterable[Any]) -> np.ndarray:
    return np.array([len(part) for part in parts], dtype=int)


def _column(rows: Sequence[object], name: str, kind: type) -> np.ndarray:
    return np.array([getattr(row, name) for row in rows], dtype=kind)


def _heads(said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[AttentionHead]:
    alphabet, flank = named_alphabet(said["alphabet"]), said["flank"]
    attended = [
        split(arrays[f"attended_{name}"], arrays["attended"].tolist()) for name in ("sites", "letters")
    ]
    matches, factors = _matches(said, arrays), _factors(said, arrays)
    profiles = (arrays[f"profile_{name}"] for name in ("sites", "controls", "by_distance"))
    matrices = (arrays[f"consensus_{name}"] for name in ("counts", "background", "p"))
    columns = (*attended, matches, factors, *profiles, *matrices)
    for one, *parts in zip(said["heads"], *columns, strict=True):
        sites, letters, own_matches, own_factors, at_sites, elsewhere, explained, *matrix = parts
        if not set(letters.tolist()).issubset(range(len(arrays["distances"]))):
            raise ValueError(
                f"head {one['head']} of layer {one['layer']} attends to letters that are not there"
            )
        fall = None if one["fall"] is None else Fall(**one["fall"])
        yield AttentionHead(
            HeadName(one["layer"], one["head"]),
            Profile(arrays["distances"], at_sites, elsewhere, float(explained)),
            Attended(sites, letters), Consensus(alphabet, flank, *matrix), own_matches, own_factors,
            fall, one["in_layer"], one["among_all"],
            tuple(Strongest(**window) for window in one.get("strongest", ())),
        )  # fmt: skip


def _matches(said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> list[tuple[Match, ...]]:
    """Of every head."""
    matrices = split(arrays["motif_probabilities"], arrays["motifs"].tolist())
    motifs = [
        Motif(one["name"], one["id"], matrix, named_alphabet(one["alphabet"]))
        for one, matrix in zip(said["matched"], matrices, strict=True)
    ]
    columns = (arrays[f"match_{name}"].tolist() for name in _MATCH)
    found = [
        Match(motifs[place], p, q, _STRANDS[strand]) for place, p, q, strand in zip(*columns, strict=True)
    ]
    return _shared_out(found, arrays["matches"])


def _factors(said: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> list[tuple[Enrichment, ...]]:
    """Of every head."""
    columns = (arrays[f"factor_{name}"].tolist() for name in ("name", *_FACTOR[1:]))
    found = [Enrichment(said["factors"][name], *row) for name, *row in zip(*columns, strict=True)]
    return _shared_out(found, arrays["factors"])


def _shared_out(found: Sequence[Any], counts: np.ndarray) -> list[tuple[Any, ...]]:
    ends = np.cumsum(counts).tolist()
    return [tuple(found[end - count : end]) for end, count in zip(ends, counts.tolist(), strict=True)]


def _together(said: Mapping[str, Any] | None) -> Together | None:
    if said is None:
        return None
    same, any_ = (tuple(Fall(**one) for one in said[name]) for name in ("same_layers", "any_layers"))
    return Together(tuple(HeadName(*one) for one in said["heads"]), Fall(**said["fall"]), same, any_)


def _windows(said: Mapping[str, Any]) -> WindowsRead:
    return WindowsRead(said["read"], said["asked"], tuple(Problem(**one) for one in said["left_out"]))
