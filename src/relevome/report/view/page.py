"""The page as a server has it: the questions that it answers."""

from __future__ import annotations

import re

from relevome.report.html.arrays import PageArrays
from relevome.report.html.content import Shown, content
from relevome.report.html.document import served_document
from relevome.report.html.parts import MeanCurvesOf, PageTools
from relevome.report.view.answers import MOST_ROWS, TracksReader
from relevome.report.view.index import IndexedTracks
from relevome.report.view.server import PageAnswer, PageQuestion, PageQuestions

_NOTHING = re.compile("")
_NUMBERS = re.compile(rf"n=([0-9]{{1,9}}(?:,[0-9]{{1,9}}){{0,{MOST_ROWS - 1}}})")
_LETTERS = re.compile("q=([A-Za-z]{3,20000})")


def questions(shown: Shown, tracks: IndexedTracks | None, mean_curves: MeanCurvesOf) -> PageQuestions:
    """What the page may ask.

    Args:
        shown: What the page is made of, with ``tracks``.
        tracks: The index of its sequences; None for a page without runs.
        mean_curves: For its parts, see `PageTools`.

    Returns:
        The page itself; ``content``, all that a report has without letters and relevance; ``rows?n=3,7``,
        those of some sequences; ``found?q=TATAAT``, the sequences that hold these letters; ``summaries``,
        what all relevance comes to.
    """
    text, policy = served_document(shown.title)
    page = PageAnswer(text.encode(), "text/html; charset=utf-8", policy)
    arrays = PageArrays()
    whole = PageAnswer(arrays.whole(content(shown, PageTools(arrays, mean_curves))))
    found = {"": PageQuestion(_NOTHING, lambda: page), "content": PageQuestion(_NOTHING, lambda: whole)}
    if tracks is None:
        return found
    reader = TracksReader(tracks)
    return found | {
        "rows": PageQuestion(
            _NUMBERS, lambda said: PageAnswer(reader.rows([int(one) for one in said.split(",")]))
        ),
        "found": PageQuestion(_LETTERS, lambda said: PageAnswer(reader.holding(said))),
        "summaries": PageQuestion(_NOTHING, lambda: PageAnswer(reader.summaries())),
    }
