"""Sequences of a run, or of several over each other, as a picture."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Sequence as List
from dataclasses import replace
from pathlib import Path

import numpy as np

from relevome.data.features import from_one, same_type
from relevome.data.known_sites import known_sites
from relevome.data.problems import Problem
from relevome.data.sequences import ALPHABETS, Alphabet, Sequence
from relevome.data.sites import Site, sites_on
from relevome.errors import InputError
from relevome.report.logo import Logo, draw_page, save_logo
from relevome.report.notebook.explanations import answer, token_borders
from relevome.report.ruler import MINUS, Origin, PlusOne, Ruler, from_site
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run
from relevome.words import counted

NARROWEST, WIDEST = 3.0, 40.0  # inches
COVERING = 0.8  # of the letters: a chain with so many lies over everything else


def show(
    run: Run | str | Path | List[Run | str | Path],
    sequence_id: str | List[str],
    out: str | Path,
    target: str | None = None,
    sites: str | Path | None = None,
    features: Collection[str] = (),
    *,
    inches: float = 7.2,
    height: float | None = None,
    region: str | None = None,
    title: str | None = None,
    axis: str | None = None,
    plus_one: int | None = None,
    one_scale: bool = False,
    tokens: bool = True,
    letter_scores: bool = False,
) -> list[Problem]:
    """Draw the relevance of a sequence, or of several below each other, as logos with known sites.

    Args:
        run: The run, or its folder; or several of the same sequences, whose logos lie over each other.
        sequence_id: Which of its sequences: its id, or the UniProt accession in it; or several.
        out: The picture; its ending says whether it is PNG, SVG or PDF.
        target: Which target, by its label, of a run with several; None: the first.
        sites: A file of known sites (BED, GFF3, UniProt, a table, 3-line labels), or words:
            ``pattern:[AC]-x-V``, ``prosite:FILE`` or ``residues:hydrophobic``. None: none are drawn.
        features: Types of features that are drawn; all if empty (default), but for a chain that covers at
            least four fifths of the letters where there are other sites.
        inches: Width of the picture, from 3 to 40. Default: 7.2, two columns in most journals.
        height: Its height in inches, to which logos are stretched. Default: what follows from the letters.
        region: Which letters are drawn, such as ``10-60``, counted from 1, the last one included. Default:
            all.
        title: Above the picture. Default: the id of the sequence.
        axis: What its numbers are: ``letters`` counted from 1, the ``genome``, or counted from a ``site``,
            whose first letter is +1, and the one before it -1; of several, ``site:NAME`` says which. Default:
            the genome where that is known.
        plus_one: The letter, counted from 1, that is +1 on the axis. Default: none.
        one_scale: Whether the logos of all runs have one scale. Default: one for each run, the same in all
            rows and sequences.
        tokens: Whether lines divide tokens of several letters. Default: True.
        letter_scores: Whether a map shows below each logo what every letter would add in place of the one
            there, of runs with such scores. Default: False.

    Returns:
        Features of the sequences that were left out, with the reason: nobody knows which letters they have,
        or they cover nearly all.

    Raises:
        InputError: For an id, target or scores that a run does not have, runs of other sequences, sites off
            the sequence, numbers that cannot be, and a file that cannot be written.
    """
    if not NARROWEST <= inches <= WIDEST:
        raise InputError(f"--width {inches:g}: expected inches from {NARROWEST:g} to {WIDEST:g}")
    runs = _opened([run] if isinstance(run, str | Path | Run) else run)
    ids = [sequence_id] if isinstance(sequence_id, str) else sequence_id
    found = [_rows(runs, id, target) for id in ids]
    alphabet = ALPHABETS[runs[0].manifest["alphabet"]]
    sequences = [Sequence(one.sequence_id, one.sequence, alphabet, one.interval) for one, *_ in found]
    left_out: list[Problem] = []
    known = known_sites(sites, sequences, features, left_out) if sites else {}
    logos, problems = [], []
    for rows, sequence in zip(found, sequences, strict=True):
        shown, covering = _without_chains(sites_on(sequence, known), features, len(sequence))
        logo = Logo(
            sequence.letters,
            [row.relevance for row in rows],
            alphabet,
            title=title if title is not None and len(found) == 1 else sequence.id,
            sites=shown,
            borders=token_borders(rows[0]) if tokens else [],
            origin=_origin(sequence, axis, plus_one, known, shown),
            region=None if region is None else _region(region, sequence),
        )
        logos.append(_told(logo, runs, rows, letter_scores))
        problems += [one for one in left_out if one.id in sequence.id.split("|")]
        reason = "{} covers nearly all: draw it with --feature chain"
        problems += [Problem(sequence.id, reason.format(one.label), str(sites)) for one in covering]
    above = title if title is not None and len(found) > 1 else ""
    figure = draw_page(logos, inches=inches, height=height, one_scale=one_scale, title=above)
    save_logo(figure, Path(out))
    return problems


def _opened(runs: List[Run | str | Path]) -> list[Run]:
    return [run if isinstance(run, Run) else Run(run) for run in runs]


def _rows(runs: List[Run], id: str, target: str | None) -> list[Explanation]:
    """A sequence in every run. Raises InputError where it is another one."""
    rows = [run.find(run.id_of(id), target)[0] for run in runs]
    for run, row in zip(runs, rows, strict=True):
        if row.sequence != rows[0].sequence or row.interval != rows[0].interval:
            raise InputError(
                f"{id!r} of {run.path} is another sequence than that of {runs[0].path}: expected runs of the "
                "same sequences"
            )
    return rows


def _origin(
    sequence: Sequence,
    axis: str | None,
    plus_one: int | None,
    known: Mapping[str, list[Site]],
    shown: List[Site],
) -> Origin:
    """What the numbers of the axis are."""
    if plus_one is not None:
        if axis is not None:
            raise InputError(f"--plus-one beside --axis {axis}: leave one of them out")
        return PlusOne(plus_one - 1)
    word, _, name = (axis or ("letters" if sequence.interval is None else "genome")).partition(":")
    if word == "site":
        drawn = {site.label for site in shown}
        whole = [site for site in sites_on(sequence, known, whole=True) if site.label in drawn]
        return from_site(whole, name, len(sequence), sequence.alphabet.complements is not None)
    if word not in ("letters", "genome") or name:
        raise InputError(f"--axis {axis}: expected letters, genome, site or site:NAME")
    if word == "letters":
        return 1
    if sequence.interval is None:
        raise InputError(f"--axis genome: {sequence.id!r} has no place on one: expected --axis letters")
    return sequence.interval


def _region(text: str, sequence: Sequence) -> range:
    """Letters that are counted from 1, the last one included."""
    first, _, last = text.partition("-")
    try:
        start, end = from_one(first.strip(), last.strip())
    except ValueError as error:
        raise InputError(f"--region {text}: {error}; such as 10-60") from error
    if end > len(sequence):
        raise InputError(f"--region {text}: {sequence.id!r} has {counted(len(sequence), 'letter')}")
    return range(start, end)


def _told(logo: Logo, runs: List[Run], rows: List[Explanation], letter_scores: bool) -> Logo:
    """A logo with what is said of its runs, and with the maps of letters that are wanted."""
    names = [str(run.manifest["method"]) for run in runs]
    if len({*names}) < len(names):
        names = [f"{name} ({run.path.name})" for name, run in zip(names, runs, strict=True)]
    said, place = [answer(row) for row in rows], _place(logo, rows[0])
    if len(rows) == 1:
        subtitle, names = f"{place}{names[0]}, {said[0]}", [""]
    elif len({*said}) == 1:
        subtitle = f"{place}{said[0]}"
    else:
        subtitle = place.removesuffix(", ")
        names = [f"{name}, {one}" for name, one in zip(names, said, strict=True)]
    if not letter_scores:
        return replace(logo, subtitle=subtitle, names=names)
    effects = [_effects(run, row, logo.alphabet) for run, row in zip(runs, rows, strict=True)]
    names = [_with_scale(name, one, logo.shown) for name, one in zip(names, effects, strict=True)]
    return replace(logo, subtitle=subtitle, names=names, effects=effects)


def _place(logo: Logo, row: Explanation) -> str:
    """What of the sequence is drawn, or where that lies."""
    start, end = logo.shown.start, logo.shown.stop
    if row.interval is not None:
        return f"{Ruler(row.interval).span(start, end)} of {row.chrom}, "
    return f"{Ruler().span(start, end)} of {counted(len(row.sequence), 'letter')}, " if logo.region else ""


def _effects(run: Run, row: Explanation, alphabet: Alphabet) -> np.ndarray:
    """What every letter would add in place of the one there, or of the mean where that is a code."""
    if row.letter_scores is None:
        raise InputError(
            f"{run.path} has no score for every letter of {row.sequence_id!r}: explain with --method "
            "mutagenesis or, for a model that reads single letters, with --letter-scores"
        )
    scores = row.letter_scores.astype(np.float64)
    own = np.array([alphabet.letters.find(letter) for letter in row.sequence])
    there = np.where(own < 0, scores.mean(1), scores[np.arange(len(own)), own])
    return scores - there[:, None]


def _with_scale(name: str, effects: np.ndarray, shown: range) -> str:
    """What the map below a logo is, and where its colours end."""
    most = f"{np.abs(effects[shown.start : shown.stop]).max():.3g}"
    what = f"map: what each letter would add in place of the one there (dot), {MINUS}{most} blue, {most} red"
    return f"{name}; {what}" if name else what


def listed(run: Run | str | Path, target: str | None = None) -> Iterator[tuple[str, str, float]]:
    """Id, target and score (logit) of every row of a run, or of one target, in its order.

    Raises InputError for a target that the run lacks.
    """
    opened = run if isinstance(run, Run) else Run(run)
    if target is not None and target not in opened.targets:
        raise InputError(
            f"{opened.path} has no target {target!r}: expected one of {', '.join(opened.targets)}"
        )
    for table in opened.tables(["sequence_id", "target", "score"]):
        for id, label, score in zip(*(column.to_pylist() for column in table.columns), strict=True):
            if target in (None, label):
                yield id, label, score


def _without_chains(
    sites: list[Site], features: Collection[str], letters: int
) -> tuple[list[Site], list[Site]]:
    """Sites without chains of nearly the whole protein, and these, unless asked for or all there is."""

    def covers(site: Site) -> bool:
        return same_type(site.kind) == "chain" and site.end - site.start >= COVERING * letters

    others = [site for site in sites if not covers(site)]
    if features or not others:
        return sites, []
    return others, [site for site in sites if covers(site)]
