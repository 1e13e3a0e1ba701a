"""Motifs as a page to read: what was found, what it is, and why there is nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

from relevome.report.logo import save_logo
from relevome.report.motifs.causes import draw_causes
from relevome.report.motifs.pictures import draw_motifs
from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, interval, markdown, number
from relevome.results.motifs.causes import MotifCauses, MotifDistance
from relevome.results.motifs.motifs import MotifOnSites, RelevantMotif, RelevantMotifs

_NAMES = 3  # of known motifs in a cell
_FLAT = 0.05  # the share of what two motifs do that a distance has to change to be spoken of


def write_motifs_page(found: RelevantMotifs, folder: Path) -> None:
    """What to read and to look at, into the folder of a result: ``motifs.md``, and logos if there are any."""
    (folder / "motifs.md").write_text(page(found), encoding="utf-8")
    if found.motifs:
        save_logo(draw_motifs(found), folder / "motifs.png")
    if found.causes is not None and found.causes.put_in:
        save_logo(draw_causes(found.causes), folder / "causes.png")


def page(found: RelevantMotifs) -> str:
    """Tables of motifs and of known sites, with what was chosen and why nothing was found."""
    tables = [markdown(_motifs(found))] if found.motifs else []
    on_sites = _significant(found)
    if on_sites:
        tables.append(markdown(_sites(found, on_sites)))
    if found.causes is not None and found.causes.taken_out:
        tables.append(markdown(_taken_out(found.causes)))
    return "\n".join([listed(summary(found)), *tables])


def summary(found: RelevantMotifs) -> list[str]:
    """What was found, in sentences; then what was chosen, and what there is not."""
    said = [found.said(), f"beside {', '.join(found.about.get('nulls', ())) or 'nothing'}"]
    if found.about.get("database"):
        said.append(_named(found))
    if found.about.get("sites"):
        on = sorted({f"{one.motif} on {one.sites}" for one in _significant(found)})
        said.append(f"on known sites more often than by where they lie: {', '.join(on) or 'none'}")
    return [*said, *_causes(found), *found.notes, *found.reasons]


def _causes(found: RelevantMotifs) -> list[str]:
    """What the model says without motifs, and with two of them elsewhere, if it was asked."""
    if found.causes is None:
        return []
    if not found.causes.taken_out:
        return ["the model was not asked about motifs: none has a place"]
    level = found.settings.level
    matter = [one.motif for one in found.causes.taken_out if one.p < level / len(found.causes.taken_out)]
    said = [f"the model misses them more than windows of like letters: {_list(matter)}"]
    said += [f"{one.moving} {one.order} {one.staying}: {_at_best(one)}" for one in found.causes.distances]
    return said


def _at_best(one: MotifDistance) -> str:
    """What the distance between two motifs does."""
    if abs(one.both - one.least) < _FLAT * abs(one.both):
        return f"together they change the logit by {number(one.both)} at any distance"
    return (
        f"together they change the logit most with {one.gap} letters ({one.low} to {one.high}) between them, "
        f"by {number(one.both)}, and least by {number(one.least)}"
    )


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _taken_out(causes: MotifCauses) -> Table:
    header = ("motif", "sequences", "places", "fall", "windows", "beyond", "p")
    caption = (
        "The model's logit less that with other letters in the places of a motif (fall), the same for "
        "windows of like letters elsewhere in the sequence, and what the places are worth beyond these, with "
        "95% intervals over sequences."
    )
    rows = (
        (
            one.motif, f"{one.sequences:,}", f"{one.hits:,}",
            interval(one.fall, one.fall_low, one.fall_high),
            interval(one.matched, one.matched_low, one.matched_high),
            interval(one.beyond, one.beyond_low, one.beyond_high), number(one.p),
        )
        for one in causes.taken_out
    )  # fmt: skip
    return Table(caption, header, tuple(tuple(Cell(text) for text in row) for row in rows), words=1)


def _named(found: RelevantMotifs) -> str:
    level = found.settings.level
    names = [f"{one.name} is {one.named(level)[0].motif.name}" for one in found.motifs if one.named(level)]
    return f"known motifs among them: {', '.join(names) or 'none'}"


def _significant(found: RelevantMotifs) -> list[MotifOnSites]:
    level = found.settings.level
    return [one for one in found.on_sites if one.q < level and one.on_sites > one.expected]


def _motifs(found: RelevantMotifs) -> Table:
    header = ("motif", "consensus", "is", "seqlets", "hits", "sequences", "bits", "q", "in runs", "forms")
    caption = (
        f"{', '.join(found.about.get('runs', ()))}: motifs with the letters of their places (a dot below "
        f"half a bit), known motifs at a false discovery rate of {found.settings.level:g}, how many seqlets "
        "and hits they have, in how many sequences, q of the best known motif, and the forms that came "
        "together in one motif, with their seqlets."
    )
    rows = zip(found.motifs, found.rows(), strict=True)
    return Table(caption, header, tuple(_cells(one, row, found) for one, row in rows), words=3)


def _cells(one: RelevantMotif, row: tuple, found: RelevantMotifs) -> tuple[Cell, ...]:
    names = ", ".join(match.motif.name for match in one.named(found.settings.level)[:_NAMES])
    q = number(one.matches[0].q) if one.matches else ""
    _, _, _, consensus, _, bits, seqlets, hits, sequences, *_ = row
    texts = (
        one.name, consensus, names, f"{seqlets:,}", f"{hits:,}", f"{sequences:,}", number(bits), q,
        f"{one.in_runs} of {len(found.counts)}",
        ", ".join(f"{form.consensus} {form.seqlets:,}" for form in one.forms),
    )  # fmt: skip
    return tuple(Cell(text) for text in texts)


def _sites(found: RelevantMotifs, rows: list[MotifOnSites]) -> Table:
    header = ("motif", "sites", "hits", "on sites", "expected", "q", "known", "found")
    caption = (
        f"Hits on known sites of {found.about.get('sites')}, where there are more than by where hits lie "
        f"({rows[0].null}), at a false discovery rate of {found.settings.level:g}; known: sites on the "
        "sequences, found: those that a hit touches."
    )
    cells = (
        (
            one.motif, one.sites, f"{one.hits:,}", f"{one.on_sites:,}", number(one.expected), number(one.q),
            f"{one.known:,}", f"{one.found:,}",
        )
        for one in rows
    )  # fmt: skip
    return Table(caption, header, tuple(tuple(Cell(text) for text in row) for row in cells), words=2)
