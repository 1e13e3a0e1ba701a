"""Runs, as the tests of results make them, and pages in a browser without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report.html.pages import Open
from tests.results.conftest import explain, letters_only, make_run

__all__ = ["explain", "letters_only", "make_run"]


@pytest.fixture
def opened(browser: Any) -> Iterator[Open]:
    """Opens a page offline; afterwards says that it complained of nothing and asked nobody for anything."""
    contexts, said, asked = [], [], []

    def open_page(path: Path, **options: Any) -> Any:
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("#page[data-ready]")
        page.wait_for_selector(".row canvas, #methods")
        asked.remove(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith("blob:")] == []
