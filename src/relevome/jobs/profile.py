"""Relevance of a run by position: around sites, from the ends of sequences, or by an alignment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.formats.alignment import read_alignment
from relevome.data.inputs import sha256_of
from relevome.data.known_sites import known_sites, source_digest
from relevome.data.problems import Problem
from relevome.data.sequences import ALPHABETS, Sequence
from relevome.data.sites import Site
from relevome.discovery.profile.means import letter_means, position_means
from relevome.discovery.profile.order import row_order
from relevome.discovery.profile.rows import PlacedRow, RowPlacer
from relevome.errors import InputError
from relevome.jobs import Progress, Say, nobody
from relevome.report.profile.page import write_profile_page
from relevome.results.profile.folder import FOLDER, write_profile
from relevome.results.profile.profile import Anchor, Border, PositionProfile, ProfileSettings, RowOrder
from relevome.results.run.reader import Run, rows_of

WIDTH = 100


@FOLDER.alone
def profile(
    run: Run | str | Path,
    *,
    anchor: Anchor | None = None,
    sites: str | Path | None = None,
    features: Collection[str] = (),
    at: Border = "start",
    alignment: str | Path | None = None,
    width: int | None = None,
    order: RowOrder = "relevance",
    target: str | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    say: Say = lambda _: None,
    progress: Progress = nobody,
) -> PositionProfile:
    """Mean relevance by position around an anchor, of all letters and of each, and the rows it is of.

    Sequences are read in their own direction: of one on the strand ``-``, position 0 of the ``start`` is its
    last base on the chromosome. A site on the other strand of its sequence is read along its own strand, with
    complementary letters. Means and intervals are those of `relevome.discovery.profile.means`.

    Args:
        run: A run of `explain`, or its folder.
        anchor: What is position 0: every ``site``, the first letter of a sequence (``start``), the place
            behind its last one (``end``), or the first column of an ``alignment``. Default: what is given of
            ``sites`` and ``alignment``, else ``start``.
        sites: Known sites as of `show`: a file, or such as ``pattern:[AC]-x-V``. Default: none.
        features: Types of features of that file. Default: all.
        at: What of a site is position 0: its first letter (``start``), the one in the ``middle``, or the
            first letter behind it (``end``), as a cleavage site is behind a signal peptide. Default:
            ``start``.
        alignment: Aligned FASTA of the sequences of the run. Default: none.
        width: Positions, half of them before a site. Default: 100; of an alignment all columns.
        order: Of the rows of the heat map: by ``relevance``, by ``score``, or by ``clusters``; see
            `relevome.discovery.profile.order.row_order`. Default: ``relevance``.
        target: Which target, needed of a run of several. Default: the only one.
        out: Folder for tables, the heat map, pictures and the record. Default: nothing is written.
        overwrite: Replace an earlier result in ``out``. Default: False.
        say: Called with a few words as each part of the work begins. Default: nobody is told.
        progress: Called with how many sequences were just read, and of how many rows of the run.

    Returns:
        Means with 95% intervals, rows in their order, and what was left out.

    Raises:
        InputError: For an anchor without what it needs, numbers that cannot be, sequences without a place on
            the axis, sites or an alignment of other sequences, and a folder that is not free.
    """
    opened = run if isinstance(run, Run) else Run(run)
    columns = None if alignment is None else read_alignment(alignment)
    settings = ProfileSettings(
        _anchor(anchor, sites, features, at, alignment), at, _width(width, columns), order
    )
    alphabet = ALPHABETS[opened.manifest["alphabet"]]
    say("looking for places")
    unclear: list[Problem] = []
    known: Mapping[str, list[Site]] = {}
    if sites is not None:
        every = rows_of(opened, target)
        letters = (Sequence(one.sequence_id, one.sequence, alphabet, one.interval) for one in every)
        known = known_sites(sites, letters, features, unclear)
    placer = RowPlacer(settings, alphabet, known, columns or {})
    placed: list[PlacedRow] = []
    for one in rows_of(opened, target):
        placed += placer.rows(one)
        progress(1, len(opened))
    if not placed:
        raise InputError(_nothing(opened, settings, {**known, **(columns or {})}))
    say("means")
    about = _about(opened, target, sites, features, alignment)
    found = _profile(about, placed, placer, _left_out(placer, unclear))
    if out is not None:
        say("writing")
        FOLDER.clear(Path(out))
        write_profile_page(found, Path(out))
        write_profile(found, Path(out))
    return found


def _profile(
    about: Mapping[str, Any], placed: list[PlacedRow], placer: RowPlacer, left_out: dict[str, int]
) -> PositionProfile:
    settings, letters = placer.settings, placer.alphabet.letters
    values, codes = (np.stack([getattr(row, name) for row in placed]) for name in ("values", "codes"))
    ids = [row.about.sequence_id for row in placed]
    firsts = np.array([i for i, id in enumerate(ids) if i == 0 or id != ids[i - 1]])
    parts = (values, codes, firsts)
    means = position_means(settings.positions, *parts)
    by_letter = letter_means(settings.positions, *parts, letters)
    rows = row_order(values, np.array([row.about.score for row in placed]), settings.order)
    about_rows = tuple(placed[i].about for i in rows)
    return PositionProfile(
        about, settings, letters, means, by_letter, about_rows, values[rows], codes[rows], left_out
    )


def _anchor(
    anchor: Anchor | None,
    sites: str | Path | None,
    features: Collection[str],
    at: Border,
    alignment: str | Path | None,
) -> Anchor:
    """What was meant. Raises InputError for what does not go together."""
    meant: Anchor = "site" if sites is not None else "start" if alignment is None else "alignment"
    if sites is not None and alignment is not None:
        raise InputError("sites and an alignment: expected one of --sites and --alignment")
    if anchor is not None and anchor != meant and meant != "start":
        given = "sites" if sites is not None else "alignment"
        raise InputError(f"--anchor {anchor} beside --{given}: leave one of them out")
    chosen = anchor or meant
    if chosen in ("site", "alignment") and meant == "start":
        needed = "--sites FILE" if chosen == "site" else "--alignment FILE"
        raise InputError(f"--anchor {chosen} needs {needed}")
    if chosen != "site" and (features or at != "start"):
        raise InputError("--feature and --at are about sites: give --sites, or leave them out")
    return chosen


def _width(width: int | None, columns: Mapping[str, str] | None) -> int:
    if columns is None:
        return WIDTH if width is None else width
    if width is not None:
        raise InputError("--width beside --alignment: leave it out, all columns are positions")
    return len(next(iter(columns.values())))


def _left_out(placer: RowPlacer, unclear: list[Problem]) -> dict[str, int]:
    """What has no place, by reason, with how often."""
    elsewhere = [some for name, some in placer.sites.items() if name not in placer.used]
    counts = {
        **placer.left_out,
        "sites of which nobody knows the letters": len(unclear),
        "sites on sequences that the run does not have": sum(map(len, elsewhere)),
        "rows of the alignment that the run does not have": len({*placer.alignment} - placer.used),
    }
    return {why: count for why, count in counts.items() if count}


def _nothing(run: Run, settings: ProfileSettings, given: Mapping[str, Any]) -> str:
    if settings.anchor not in ("site", "alignment"):
        return f"no sequence of {run.path} has a letter at any position"
    what = "sites" if settings.anchor == "site" else "alignment"
    there = [name for name, some in given.items() if some]
    names = f"those of {min(there)!r}, among others" if there else "none at all"
    return (
        f"no sequence of {run.path}, such as {run[0].sequence_id!r}, has a place: {what} has {names}; "
        f"expected --{what} of the ids or chromosomes of the run"
    )


def _about(
    run: Run,
    target: str | None,
    sites: str | Path | None,
    features: Collection[str],
    alignment: str | Path | None,
) -> dict[str, Any]:
    told = (
        None
        if sites is None
        else {"source": str(sites), "sha256": source_digest(sites), "features": sorted(features)}
    )
    aligned = None if alignment is None else {"source": str(alignment), "sha256": sha256_of(Path(alignment))}
    label = target or ("predicted" if run.of_predicted else run.targets[0])
    return {
        "run": str(run.path), "model": run.manifest.get("model"), "method": run.manifest.get("method"),
        "target": label, "sites": told, "alignment": aligned,
    }  # fmt: skip
