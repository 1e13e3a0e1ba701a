"""The notebooks of docs/notebooks run from beginning to end, and show what they are about."""

from __future__ import annotations

import copy
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# What cells show, beside words: by kind, at least so many.
SHOWN = {
    "first_steps": {"image/png": 3, "<img": 1, "<iframe": 1, "<table": 3},
    "my_model": {"image/png": 3, "<table": 2, "<iframe": 1},
    "promoters": {"image/png": 3, "<table": 2},
    "protein_family": {"image/png": 4, "<table": 1},
    "variants": {"image/png": 2, "<table": 3},
    "motifs": {"image/png": 4, "<table": 2},
    "study_dnabert2": {"image/png": 3, "<table": 6},
    "study_annotation": {"image/png": 3, "<table": 5},
    "study_protein_function": {"image/png": 4, "<table": 6},
}


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def carried_out(path: Path) -> Any:
    """A notebook with what its cells gave, which is left in build/notebooks for the site."""
    needed = "needs mkdocs, nbclient and ipykernel (make setup brings them)"
    for library in ("mkdocs", "nbclient", "ipykernel"):
        pytest.importorskip(library, reason=needed)
    from docs.notebook_pages import carry_out

    return carry_out(path)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Path]:
    """Builds a site of one notebook that was carried out already; the folder of its page."""
    pages = pytest.importorskip("docs.notebook_pages", reason="needs mkdocs (make setup brings it)")
    nbformat = pytest.importorskip("nbformat")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    def built(notebook: Any) -> Path:
        for folder in ("docs", "executed"):
            (tmp_path / folder).mkdir()
        bare = copy.deepcopy(notebook)
        for cell in bare["cells"]:
            cell.get("outputs", []).clear()
        nbformat.write(bare, tmp_path / "docs" / "one.ipynb")
        nbformat.write(notebook, tmp_path / "executed" / "one.ipynb")
        (tmp_path / "docs" / "index.md").write_text("# Home\n\n[One](one.ipynb)\n")
        (tmp_path / "mkdocs.yml").write_text("site_name: tried\nplugins: []\n")
        in_a_year = time.time() + 31_536_000
        os.utime(tmp_path / "executed" / "one.ipynb", (in_a_year, in_a_year))
        monkeypatch.setattr(pages, "EXECUTED", tmp_path / "executed")
        config = load_config(str(tmp_path / "mkdocs.yml"), strict=True)
        for event in ("files", "page_read_source", "post_page"):
            config.plugins.events[event].append(getattr(pages, f"on_{event}"))
        build(config)
        return tmp_path / "site" / "one"

    return built


def test_a_page_has_what_every_cell_gave_and_the_notebook_beside_it(site: Callable[[Any], Path]) -> None:
    v4 = pytest.importorskip("nbformat.v4")
    table = '<table border="1" class="dataframe"><tr><td>\n\n*kept*</td></tr></table>'
    given = [
        v4.new_output("stream", text="1 < 2"),
        v4.new_output("execute_result", {"text/html": table, "text/plain": "not shown"}),
        v4.new_output("display_data", {"image/png": "AAAA\n", "text/plain": "<Figure>"}),
    ]
    cells = [v4.new_markdown_cell("# Title"), v4.new_code_cell("a = '<b>'", outputs=given)]
    folder = site(v4.new_notebook(cells=[*cells, v4.new_code_cell("silent = 1")]))
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert '<h1 id="title">Title</h1>' in page
    assert "<pre>1 &lt; 2</pre>" in page
    assert "<table><tr><td>\n\n*kept*</td></tr></table>" in page
    assert "not shown" not in page
    assert '<img alt="&lt;Figure&gt;" src="data:image/png;base64,AAAA">' in page
    assert page.count('<div class="notebook-output"') == 1
    assert 'href="one.ipynb"' in page
    assert all(cell.get("outputs", []) == [] for cell in read(folder / "one.ipynb")["cells"])
    assert 'href="one/"' in (folder.parent / "index.html").read_text(encoding="utf-8")


def outputs(notebook: Any) -> list[dict[str, Any]]:
    cells = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    return [output for cell in cells for output in cell["outputs"]]


def test_every_notebook_is_tried_and_named_in_its_page() -> None:
    page = (FOLDER.parent / "notebooks.md").read_text(encoding="utf-8")
    assert {path.stem for path in NOTEBOOKS} == {*SHOWN}
    assert {*re.findall(r"\(notebooks/(\w+)\.ipynb\)", page)} == {*SHOWN}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    assert len({cell["id"] for cell in read(path)["cells"]}) == len(read(path)["cells"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_beginning_to_end(path: Path) -> None:
    found = outputs(carried_out(path))
    assert [one["output_type"] for one in found if one["output_type"] == "error"] == []
    said = [one["text"] for one in found if one.get("name") == "stderr"]
    assert [text for text in said if "Warning" in text] == []
    pages = [one["data"].get("text/html", "") for one in found if "data" in one]
    seen = {
        kind: sum(kind in one.get("data", {}) for one in found)
        if "/" in kind
        else sum(kind in page for page in pages)
        for kind in SHOWN[path.stem]
    }
    assert all(seen[kind] >= least for kind, least in SHOWN[path.stem].items()), seen
