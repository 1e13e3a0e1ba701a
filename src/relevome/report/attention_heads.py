"""What `relevome heads` leaves: a table of heads, their matrices, logos and profiles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from relevome import __version__
from relevome.data.formats.meme import meme_text
from relevome.discovery.attention_heads import Findings, Head
from relevome.discovery.enrichment import FEWEST, Enrichment
from relevome.discovery.known_motifs import Match
from relevome.report.attention_pictures import draw_logos, draw_profiles
from relevome.report.logo import save_logo
from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, markdown, number
from relevome.results.folder import ResultFolder, whole_file
from relevome.results.tables import write_tsv

NAME = "heads.json"
SCHEMA_VERSION = 2
FOLDER = ResultFolder(
    (NAME,),
    (
        "heads.tsv", "matches.tsv", "factors.tsv", "profiles.tsv", "heads.md", "heads.meme", "logos.png",
        "profiles.png",
    ),
)  # fmt: skip

_HEADS = (
    "layer", "head", "peak", "gain", "half_from", "half_to", "by_distance", "attended", "distance",
    "consensus", "from", "to", "bits", "motif", "p", "q", "strand", "factor", "factor_sites",
    "factor_expected", "factor_q", "logit_fall", "precision_fall", "rank_in_layer", "rank_among_all",
)  # fmt: skip


def write_heads(findings: Findings, folder: Path, about: Mapping[str, Any]) -> None:
    """Everything about the heads of a model into a folder, in place of an earlier result.

    ``about`` says which model and which windows. ``heads.json`` comes last: a folder without it is not
    finished.
    """
    FOLDER.clear(folder)
    level = findings.settings.level
    write_tsv(folder / "heads.tsv", _HEADS, (_row(head, level) for head in findings.heads))
    write_tsv(folder / "matches.tsv", ("layer", "head", "motif", "p", "q", "strand"), _matches(findings))
    names = ("layer", "head", "factor", "attended", "on_sites", "expected", "p", "q")
    write_tsv(folder / "factors.tsv", names, _factors(findings))
    write_tsv(
        folder / "profiles.tsv", ("layer", "head", "distance", "sites", "controls"), _profiles(findings)
    )
    (folder / "heads.md").write_text(page(findings, about), encoding="utf-8")
    motifs = [motif for head in findings.heads if (motif := head.consensus.motif(f"head_{head.name}"))]
    if motifs:
        (folder / "heads.meme").write_text(meme_text(motifs), encoding="utf-8")
    save_logo(draw_logos(findings), folder / "logos.png")
    save_logo(draw_profiles(findings), folder / "profiles.png")
    content = {"schema_version": SCHEMA_VERSION, "relevome": __version__, **about}
    known = None if findings.known is None else asdict(findings.known)
    content |= {"windows": findings.windows, "known_motifs": findings.motifs, "known_sites": known}
    content["settings"] = asdict(findings.settings)
    with whole_file(folder / NAME) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def page(findings: Findings, about: Mapping[str, Any]) -> str:
    """The table to read: what every head looks for and where, what that is, and what is lost without it."""
    level = findings.settings.level
    header = (
        "head", "looks for", "is", "on sites of", "peak", "distance", "bits", "q", "by distance",
        "fall of logit", "rank in layer", "rank of all",
    )  # fmt: skip
    rows = tuple(tuple(Cell(text) for text in _cells(head, level)) for head in findings.heads)
    caption = (
        f"{about.get('model', 'model')}{_weights(about)}: {findings.settings.weigh} in "
        f"{findings.windows:,} windows. Distances in letters from the site; names at a false discovery rate "
        f"of {level:g}; by distance: share of its variance that distance alone explains; fall: what the mean "
        "logit at sites loses without the head; rank: share of heads whose loss is as large."
    )
    return f"{markdown(Table(caption, header, rows, words=4))}\n{listed(summary(findings))}"


def _weights(about: Mapping[str, Any]) -> str:
    return " with random weights" if about.get("random_weights") else ""


def summary(findings: Findings) -> list[str]:
    """What was found, in sentences."""
    level = findings.settings.level
    with_consensus = sum(bool(head.consensus.core) for head in findings.heads)
    named = {match.motif.name for head in findings.heads for match in head.named(level)}
    bound = {one.factor for head in findings.heads for one in head.bound(level)}
    said = [f"{with_consensus} of {len(findings.heads)} heads have a consensus"]
    if findings.motifs:
        said.append(f"known motifs among them: {', '.join(sorted(named)) or 'none'}")
    if findings.known is not None:
        said.append(
            f"factors on whose sites heads sit, of {findings.known.factors} with at least {FEWEST} sites on "
            f"{findings.known.windows:,} windows without common letters ({findings.known.rare} have fewer): "
            f"{', '.join(sorted(bound)) or 'none'}"
        )
    together = findings.together
    if together is not None:
        alike, any_ = (
            _range([fall.logit for fall in falls]) for falls in (together.same_layers, together.any_layers)
        )
        said.append(
            f"without the {len(together.heads)} named heads the mean logit at sites falls by "
            f"{number(together.fall.logit)}; without as many random ones of the same layers {alike}, of any "
            f"layers {any_}"
        )
    return said


def _range(values: Sequence[float]) -> str:
    return f"by {number(float(np.mean(values)))} ({number(min(values))} to {number(max(values))})"


def _row(head: Head, level: float) -> tuple[Any, ...]:
    """The fields of `_HEADS`."""
    where, looks_for = head.profile, head.consensus
    motif = looks_for.motif("")
    ends = _ends(head)
    bits = float(looks_for.information[looks_for.core.start : looks_for.core.stop].sum()) if motif else None
    match = head.matches[0] if head.matches else None
    best = head.on_factors[0] if head.on_factors else None
    return (
        *head.name, where.peak, where.gain, *where.half, where.by_distance, len(head.attended),
        head.distance, motif.consensus if motif else None, *ends, bits,
        *((match.motif.name, match.p, match.q, match.strand) if match else (None,) * 4),
        *((best.factor, best.on_sites, best.expected, best.q) if best else (None,) * 4),
        *((head.fall.logit, head.fall.precision) if head.fall else (None, None)),
        head.in_layer, head.among_all,
    )  # fmt: skip


def _ends(head: Head) -> tuple[int | None, int | None]:
    """First and last distance of the consensus, where the head most often finds it."""
    if head.distance is None or not head.consensus.core:
        return None, None
    offsets = head.consensus.offsets
    return head.distance + offsets[0], head.distance + offsets[-1]


def _cells(head: Head, level: float) -> tuple[str, ...]:
    row = dict(zip(_HEADS, _row(head, level), strict=True))
    named = ", ".join(match.motif.name for match in head.named(level)[:3])
    bound = ", ".join(one.factor for one in head.bound(level)[:3])
    words = (str(head.name), row["consensus"] or "", named, bound)
    counts = (str(row["peak"]), _text(row["distance"]))
    shares = (row["bits"], row["q"], row["by_distance"], row["logit_fall"])
    ranks = (row["rank_in_layer"], row["rank_among_all"])
    return (*words, *counts, *map(_text, (*shares, *ranks)))


def _text(value: float | int | None) -> str:
    if value is None or np.isnan(value):
        return ""
    return str(value) if isinstance(value, int) else number(value)


def _matches(findings: Findings) -> Iterator[tuple[Any, ...]]:
    for head in findings.heads:
        yield from ((*head.name, *_match(match)) for match in head.matches)


def _match(match: Match) -> tuple[Any, ...]:
    return match.motif.name, match.p, match.q, match.strand


def _factors(findings: Findings) -> Iterator[tuple[Any, ...]]:
    for head in findings.heads:
        yield from ((*head.name, *_factor(one)) for one in head.on_factors)


def _factor(one: Enrichment) -> tuple[Any, ...]:
    return one.factor, one.attended, one.on_sites, one.expected, one.p, one.q


def _profiles(findings: Findings) -> Iterator[tuple[Any, ...]]:
    for head in findings.heads:
        where = head.profile
        numbers = zip(where.distances.tolist(), where.sites.tolist(), where.controls.tolist(), strict=True)
        yield from ((*head.name, *row) for row in numbers)
