"""What exchanging letters does: a page to read, and the curves as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from relevome.report.curves import COLOURS, GREY
from relevome.report.logo import STYLE, save_logo
from relevome.report.scores import listed
from relevome.report.tables import Cell, Table, interval, markdown, number
from relevome.results.substitution import ORDERS, Area, Curve, Substitution
from relevome.words import counted

_STYLES = {"most": (COLOURS[1], "-"), "random": (GREY, ":"), "least": (COLOURS[0], "--")}
_TITLES = {"logit": "logit", "probability": "probability", "accuracy": "accuracy", "auroc": "AUROC"}
_PANEL, _HEIGHT = 2.4, 2.5  # inches
SMALL, TINY = 7.0, 6.5


def write_substitution_page(found: Substitution, folder: Path) -> None:
    """What to read and to look at, into the folder of a result: ``substitution.md`` and the curves."""
    save_logo(draw_substitution(found), folder / "curves.png")
    (folder / "substitution.md").write_text(_page(found), encoding="utf-8")


def summary(found: Substitution) -> list[str]:
    """The areas in words, what was left out, and notes."""
    lines = [_sentence(area) for area in found.areas if area.upper == "random"]
    lines += [_sentence(area) for area in found.areas if area.lower == "random"]
    lines += [f"left out: {count:,} {reason}" for reason, count in found.left_out.items()]
    return [*lines, *found.notes]


def _sentence(area: Area) -> str:
    verdict = "excludes 0" if area.excludes_0 else "does not exclude 0"
    return (
        f"{_TITLES[area.measure]}: {ORDERS[area.upper]} minus {ORDERS[area.lower]} is "
        f"{interval(*area.estimate)}, which {verdict}"
    )


def _page(found: Substitution) -> str:
    by = "random others" if found.exchange.by == "random" else found.exchange.by
    caption = (
        f"{found.about['run']}: {found.about['method']}, target {found.about['target']}, relevance of "
        f"{found.about['relevance']}; letters exchanged for {by} in "
        f"{counted(len(found.sequences), 'sequence')}. "
        "Areas between the curves are mean differences over doublings of the number of letters, with 95% "
        "intervals over sequences; above 0 where relevance is right."
    )
    header = ("measure", "upper curve", "lower curve", "area", "excludes 0", "p")
    rows = []
    for area in found.areas:
        words = (_TITLES[area.measure], ORDERS[area.upper], ORDERS[area.lower])
        p = "" if area.p is None else number(area.p)
        texts = (*words, interval(*area.estimate), "yes" if area.excludes_0 else "no", p)
        rows.append(tuple(Cell(text) for text in texts))
    table = markdown(Table(caption, header, tuple(rows), words=3))
    said = [f"left out: {count} {reason}" for reason, count in found.left_out.items()]
    return f"{table}\n{listed([*said, *found.notes])}"


def draw_substitution(found: Substitution) -> Figure:
    """One panel for every measure: means over sequences and their intervals, by letters exchanged."""
    measures = list(dict.fromkeys(curve.measure for curve in found.curves))
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(0.5 + _PANEL * len(measures), _HEIGHT), layout="constrained")
        panels = figure.subplots(1, len(measures), squeeze=False)[0]
        for axes, measure in zip(panels, measures, strict=True):
            _draw(axes, [curve for curve in found.curves if curve.measure == measure], found.exchange.counts)
            axes.set_title(_TITLES[measure], fontsize=SMALL, loc="left")
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=3, fontsize=SMALL, frameon=False)
        by = "random others" if found.exchange.by == "random" else found.exchange.by
        figure.supxlabel(f"letters exchanged for {by}", fontsize=SMALL)
        return figure


def _draw(axes: Axes, curves: list[Curve], counts: tuple[int, ...]) -> None:
    at = np.arange(len(counts))
    for curve in curves:
        colour, style = _STYLES[curve.order]
        means, low, high = (np.array(values) for values in zip(*curve.estimates, strict=True))
        axes.plot(at, means, style, color=colour, linewidth=1.4, label=ORDERS[curve.order])
        axes.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.set_xticks(at, [str(count) for count in counts])
    axes.margins(x=0.02)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=TINY, length=2.5, pad=2)
