"""What the benchmark of pictures counts as wrong on a page."""

from __future__ import annotations

from typing import Any

from benchmarks.screenshots import LOOK
from tests.report.conftest import browser

__all__ = ["browser"]

HIDDEN = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)"
NARROW = "width: 40px; overflow: hidden; white-space: nowrap"


def test_words_for_ears_alone_are_not_cut_off(browser: Any) -> None:
    page = browser.new_page()
    page.set_content(
        f'<h2 style="{HIDDEN}">Verdict</h2>'
        f'<div style="{HIDDEN}"><h3 style="{NARROW}">in what is hidden</h3></div>'
        f'<h3 style="{NARROW}">seen and too long for its box</h3><h3>seen</h3>'
    )
    assert page.evaluate(LOOK) == [["words that are cut off", "seen and too long for its box"]]
    page.close()
