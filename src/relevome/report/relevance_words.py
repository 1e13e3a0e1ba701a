"""Heads by relevance in words: which are worth looking at, and what of each remains over every null."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, interval, markdown, number
from relevome.results.head_name import HeadName
from relevome.results.quality.words import described, not_specialised
from relevome.results.relevance_heads.heads import ALL, LEAST, Effect, RelevantHeads
from relevome.results.relevance_heads.nulls import DECIDING, Against, Aligned
from relevome.words import counted

_MOST = 20  # heads of a table; all are in heads.tsv


def page(found: RelevantHeads) -> str:
    """What to read: the heads worth looking at by name, then all types and metrics in sentences."""
    about = found.about
    over = "; ".join(f"over {null.over}: {null.about}" for null in DECIDING)
    caption = (
        f"{about.get('run', 'run')}: relevance of {found.shape[0]} x {found.shape[1]} heads against "
        f"annotated sites. Specialised heads first, at most {_MOST} of each type and statistic; effect: "
        f"median over proteins with its 95% interval, less chance; {over}; {about.get('random', 0)} such "
        f"models; false discovery rate {found.level:g}; effects below {LEAST:g} count as none."
    )
    header = (
        "class", "type", "statistic", "head", "specialised", "contributes", "proteins", "effect", "q",
        *(word for null in DECIDING for word in (f"over {null.over}", "q")), "rank among random",
    )  # fmt: skip
    rows = tuple(row for one in found.effects for row in _best(one, found.shape))
    table = (
        markdown(Table(caption, header, rows, words=6)) if rows else f"{caption}\n\nNo head is significant.\n"
    )
    return f"{listed(on_top(found))}\n{table}\n{listed(summary(found))}"


def on_top(found: RelevantHeads) -> list[str]:
    """How good the model is, and whether its heads are called specialised for that."""
    said = not_specialised(found.quality)
    return [described(found.quality), *([] if said is None else [said])]


def summary(found: RelevantHeads) -> list[str]:
    """What was found, in sentences."""
    said = []
    said += [_said(one, found.shape) for one in found.effects]
    if found.effects and found.effects[0].learnt and not found.effects[0].asked:
        said.append("no head can be called specialised without models of random weights (--random 10)")
    heads = found.shape[0] * found.shape[1]
    for one in found.contributions:
        said.append(
            f"{one.group}: relevance adds up to more than 0 in {one.positive[1:].sum()} of {heads} heads "
            f"({counted(one.proteins, 'protein or family', 'proteins or families')})"
        )
    said += [f"{name}: {_exchanged(one)}" for name, one in found.aligned.items()]
    said += [] if found.unaligned is None else [found.unaligned]
    said += [f"not tested: {name}: {why}" for name, why in found.left_out.items()]
    for kind in found.proteins_left_out:
        said += [f"{kind}: {counted(n, 'protein')} left out: {why}" for why, n in found.reasons(kind).items()]
    return said


def _exchanged(one: Aligned) -> str:
    """Whose maps stood in for each other's."""
    letters = f"{one.shortest:,} to {one.longest:,}" if one.shortest < one.longest else f"{one.shortest:,}"
    left = f"; {one.without:,} have no site there, or nothing else" * bool(one.without)
    return (
        f"{counted(one.proteins, 'protein or family', 'proteins or families')} beside each other's maps at "
        f"the same places, in {one.groups:,} groups of like length, over their first {letters} letters "
        f"({one.kept:.0%} of those of sites){left}"
    )


def _said(one: Effect, shape: tuple[int, int]) -> str:
    """One type and metric."""
    where = one.kind if one.group == ALL else f"{one.group}, {one.kind}"
    embedding = interval(*(float(part[0]) for part in one.effect)) if one.proteins[0] else "none"
    specialised = [str(HeadName(*divmod(i, shape[1]))) for i in np.flatnonzero(one.specialised[1:]).tolist()]
    named = f": {', '.join(specialised[:12])}{', ...' * (len(specialised) > 12)}" * bool(specialised)
    asked = f", {len(specialised)} specialised{named}" if one.asked else ""
    both = int((one.significant & one.positive)[1:].sum())
    return (
        f"{where}, {one.metric}: at the embedding {embedding}, q {number(float(one.q[0]))}; "
        f"{one.significant[1:].sum()} of {counted(len(one.p) - 1, 'head')} significant, "
        f"{one.shifted[1:].sum()} of them against circular shifts, {both} that also contribute{asked}"
    )


def _best(one: Effect, shape: tuple[int, int]) -> Iterator[tuple[Cell, ...]]:
    """The heads worth looking at: specialised ones, then others that are significant, the strongest first."""
    chosen = [unit for unit in range(1, len(one.p)) if one.significant[unit]]
    chosen.sort(key=lambda unit: (not one.specialised[unit], -float(one.left[unit])))
    for unit in chosen[:_MOST]:
        yes = bool(one.specialised[unit])
        flags = ("yes" if yes else "no" if one.asked else "not asked", "yes" if one.positive[unit] else "no")
        words = (one.group, one.kind, one.metric, str(HeadName(*divmod(unit - 1, shape[1]))), *flags)
        over = [text for null in DECIDING for text in _over(one.nulls.get(null.name), unit)]
        rank = "" if one.random_rank is None else number(float(one.random_rank[unit]))
        effect = interval(*(float(part[unit]) for part in one.effect))
        cells = (*words, str(one.proteins[unit]), effect, number(float(one.q[unit])), *over, rank)
        yield tuple(Cell(text, bold=yes and i == 3) for i, text in enumerate(cells))


def _over(test: Against | None, unit: int) -> tuple[str, str]:
    """What a unit has left over a null, and its q; nothing where that was not asked."""
    return ("", "") if test is None else (number(float(test.median[unit])), number(float(test.q[unit])))
