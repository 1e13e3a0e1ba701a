"""Sites that `relevome sites` called, on the page: a table; where they lie is drawn beside relevance."""

from __future__ import annotations

from typing import Any

from relevome.report.html.parts import PagePart, PageTools, page_parts
from relevome.report.html.verdict import Remark
from relevome.results.relevant_sites import NAME, RelevantSite, RelevantSites, read_relevant_sites
from relevome.words import counted

_MOST = 5000  # sites of the table; more are left out and counted


def _content(found: RelevantSites, tools: PageTools) -> dict[str, Any]:
    best = sorted(found.sites, key=lambda site: (site.q, -abs(site.height)))[:_MOST]
    return {
        "run": str(found.about.get("run")),
        "fdr": found.settings.fdr,
        "columns": list(RelevantSite._fields),
        "rows": [list(site) for site in best],
        "left_out": len(found.sites) - len(best),
        "notes": [f"left out {count:,}: {why}" for why, count in found.left_out.items()],
    }


def _remarks(found: RelevantSites) -> list[Remark]:
    text = (
        f"{counted(len(found.sites), 'site stands', 'sites stand')} out in "
        f"{counted(found.counts['letters'], 'letter')} at a false discovery rate of {found.settings.fdr:g}"
    )
    return [Remark("Sites", text, "good" if found.sites else "caution")]


page_parts.register("called_sites")(PagePart(NAME, read_relevant_sites, "Called sites", _content, _remarks))
