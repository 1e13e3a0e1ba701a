"""Several runs side by side on the page: their scores, and a test for every pair."""

from __future__ import annotations

from collections import Counter
from typing import Any

from relevome.report.comparisons import remarks as notes_of
from relevome.report.html.evaluations import curves_content, score_content
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.references import BOOTSTRAP, RATE
from relevome.report.html.verdict import Remark, excess_remarks
from relevome.results.comparison import NAME, Comparison, PairedTest, read_comparison
from relevome.words import counted

BETTER = "Which run is better"


def _content(found: Comparison, tools: PageTools) -> dict[str, Any]:
    names = [(one.metric, one.level) for one in next(iter(found.scores.values()), ())]
    return {
        "labels": list(found.scores),
        "scores": {label: [score_content(one) for one in some] for label, some in found.scores.items()},
        "best": [found.marked(*name) for name in names],
        "tests": [_test(one) for one in found.tests],
        "curves": {
            level: {label: curves_content(one) for label, one in some.items()}
            for level, some in found.curves.items()
        },
        "notes": [*found.on_top(), *notes_of(found)],
    }


def _test(one: PairedTest) -> dict[str, Any]:
    return {
        "metric": one.metric, "level": one.level, "first": one.first, "second": one.second,
        "difference": list(one.paired.difference), "superiority": one.paired.superiority.mean, "p": one.p,
        "better": one.better,
    }  # fmt: skip


def _remarks(found: Comparison) -> list[Remark]:
    first = next(iter(found.scores.values()), ())
    said = [one for label, some in found.scores.items() for one in excess_remarks(some, label)]
    won = Counter(label for one in first if (label := found.marked(one.metric, one.level)))
    best = ", ".join(
        f"{label} by {count} of {counted(len(first), 'metric')}" for label, count in won.most_common()
    )
    text = f"significantly better than every other run: {best or 'none, by any metric'}"
    return [*said, Remark(BETTER, text, "good" if won else "plain")]


page_parts.register("comparison")(
    PagePart(
        NAME, read_comparison, "Runs side by side", _content, _remarks,
        qualities=lambda found: found.qualities,
        statistics=(BOOTSTRAP, RATE),
    )
)  # fmt: skip
