"""The notebooks of docs/notebooks run from beginning to end, and show what they are about."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

import relevome

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# What cells show, beside words: by kind, at least so many.
SHOWN = {
    "first_steps": {"image/png": 3, "<img": 1, "<iframe": 1, "<table": 3},
    "discoveries": {"image/png": 5, "<table": 2},
}


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def carried_out(path: Path, folder: Path) -> Any:
    """A notebook with what its cells gave, by a kernel of this very Python."""
    needed = "needs nbclient and ipykernel (make setup brings both)"
    nbclient = pytest.importorskip("nbclient", reason=needed)
    pytest.importorskip("ipykernel", reason=needed)
    nbformat = pytest.importorskip("nbformat", reason=needed)
    notebook: Any = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    with pytest.MonkeyPatch.context() as patch:
        source = Path(relevome.__file__).parents[1]
        patch.setenv("PYTHONPATH", os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        patch.delenv("MPLBACKEND", raising=False)
        client.execute()
    return notebook


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
def test_a_notebook_runs_from_beginning_to_end(path: Path, tmp_path: Path) -> None:
    found = outputs(carried_out(path, tmp_path))
    assert [one["output_type"] for one in found if one["output_type"] == "error"] == []
    said = [one["text"] for one in found if one.get("name") == "stderr"]
    # which tqdm says wherever ipywidgets is not installed
    assert [text for text in said if "Warning" in text and "TqdmWarning" not in text] == []
    pages = [one["data"].get("text/html", "") for one in found if "data" in one]
    seen = {
        kind: sum(kind in one.get("data", {}) for one in found)
        if "/" in kind
        else sum(kind in page for page in pages)
        for kind in SHOWN[path.stem]
    }
    assert all(seen[kind] >= least for kind, least in SHOWN[path.stem].items()), seen
