"""What exchanging relevant letters does, on the page: curves with bands, and the areas between them."""

from __future__ import annotations

from typing import Any

from relevome.report.html.evaluations import estimate_content
from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.references import BOOTSTRAP, STUDENT
from relevome.report.html.verdict import Remark, Tone
from relevome.report.substitution import summary
from relevome.results.substitution import NAME, ORDERS, Area, Substitution, read_substitution

EXCHANGED = "What happens when letters are exchanged"


def _content(found: Substitution, tools: PageTools) -> dict[str, Any]:
    measures = list(dict.fromkeys(curve.measure for curve in found.curves))
    return {
        "run": str(found.about.get("run")),
        "by": found.exchange.by,
        "sequences": len(found.sequences),
        "curves": {
            measure: {
                "sequences": len(found.sequences),
                "x": list(found.exchange.counts),
                "lines": [
                    {"name": ORDERS[curve.order], "points": [estimate_content(x) for x in curve.estimates]}
                    for curve in found.curves
                    if curve.measure == measure
                ],
            }
            for measure in measures
        },
        "areas": [
            {"measure": one.measure, "upper": ORDERS[one.upper], "lower": ORDERS[one.lower],
             "estimate": estimate_content(one.estimate), "p": one.p}
            for one in found.areas
        ],
        "notes": summary(found),
    }  # fmt: skip


def _remarks(found: Substitution) -> list[Remark]:
    chosen = [one for one in found.areas if one.upper == "random" and one.lower == "most"]
    return [_said(one, str(found.about.get("method"))) for one in chosen]


def _said(one: Area, method: str) -> Remark:
    """What the most relevant letters do that random ones do not."""
    mean, low, high = one.estimate
    tone: Tone = "good" if low > 0 else "bad" if high < 0 else "caution"
    does = {"good": "lowers", "bad": "lowers less", "caution": "does not clearly lower"}[tone]
    return Remark(
        EXCHANGED,
        f"exchanging the most relevant letters {does} the {one.measure} "
        f"{'more ' * (tone != 'bad')}than exchanging random ones: {mean:.3g} [{low:.3g}, {high:.3g}]",
        tone,
        name=method,
    )


page_parts.register("substitution")(
    PagePart(
        NAME, read_substitution, "Letters exchanged", _content, _remarks, statistics=(BOOTSTRAP, STUDENT)
    )
)
