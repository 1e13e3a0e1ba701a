"""The notebooks of `docs/notebooks` as pages of the site, with what their cells gave.

Notebooks are kept without outputs. `carry_out` runs one and leaves it with its outputs in `build/notebooks`,
where the tests put it and the site finds it; the site runs only what is not there or older than the notebook
or the program. Functions that are called on_... are hooks of mkdocs. Outputs are put into the finished page,
so that neither Markdown nor the search reads them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
EXECUTED = ROOT / "build" / "notebooks"
SUFFIX = ".ipynb"
# Tables and frames as wide as the page lets them be; pictures have black letters, in the dark theme too.
STYLE = """<style>
.notebook-output { margin: 0 0 1.2em 0; overflow-x: auto; }
.notebook-output pre { font-size: 0.64rem; line-height: 1.4; margin: 0 0 0.8em 0; white-space: pre-wrap; }
.notebook-output img { background: white; max-width: 100%; }
.notebook-output iframe { border: 1px solid #8888; max-width: 100%; }
.md-typeset .notebook-output .md-typeset__scrollwrap { margin: 0; }
.md-typeset .notebook-output .md-typeset__table { padding: 0; }
.md-typeset .notebook-output table { font-size: 0.6rem; }
.md-typeset .notebook-output table th, .md-typeset .notebook-output table td {
  min-width: 0; padding: 0.4em 0.8em;
}
</style>"""


class NotebookFile(File):
    """A notebook as a page: links and the navigation name the .ipynb, as readers of the repository do.

    Attributes:
        outputs: What every code cell gave, as HTML, by what stands for it in the Markdown.
    """

    outputs: dict[str, str]

    def is_documentation_page(self) -> bool:
        """See `File`."""
        return True


def carry_out(path: Path) -> NotebookNode:
    """Run a notebook by a kernel of this very Python, in an empty folder, and keep it in `EXECUTED`.

    Args:
        path: The notebook, without outputs.

    Returns:
        The notebook with what its cells gave, as nbformat reads it.

    Raises:
        nbclient.exceptions.CellExecutionError: Where a cell failed; nothing is kept then.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=300, resources=resources).execute(env=_environment(folder))
    EXECUTED.mkdir(parents=True, exist_ok=True)
    written = EXECUTED / f"{path.name}.{os.getpid()}"
    nbformat.write(notebook, written)
    written.replace(EXECUTED / path.name)
    return notebook


def _environment(folder: str) -> dict[str, str]:
    """That of the kernel: this program, one core, nothing fetched, nothing of the user's own settings."""
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    source = os.pathsep.join([str(ROOT / "src"), kept.get("PYTHONPATH", "")])
    return kept | {
        "PYTHONPATH": source,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore:IProgress not found",  # of tqdm, wherever ipywidgets is not installed
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "IPYTHONDIR": str(Path(folder) / "ipython"),
        "TMPDIR": folder,
    }


def _executed(path: Path) -> NotebookNode:
    """A notebook with its outputs, carried out where that was not done since it or the program changed."""
    kept = EXECUTED / path.name
    sources = [path, *(ROOT / "src").rglob("*.py")]
    if kept.exists() and kept.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        return nbformat.read(kept, as_version=4)
    return carry_out(path)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Notebooks become pages."""
    for file in [one for one in files if one.src_uri.endswith(SUFFIX)]:
        files.remove(file)
        files.append(NotebookFile(file.src_uri, config.docs_dir, config.site_dir, config.use_directory_urls))
    return files


def on_page_read_source(page: Page, config: MkDocsConfig) -> str | None:
    """The Markdown of a notebook, with a place for every output."""
    if not isinstance(page.file, NotebookFile):
        return None
    path = Path(config.docs_dir, page.file.src_uri)
    notebook = _executed(path)
    page.file.outputs = _outputs(notebook)
    return "\n\n".join(_parts(notebook, path.name))


def _parts(notebook: NotebookNode, name: str) -> Iterator[str]:
    """Each cell as Markdown; below the first one, which is the title, a link to the notebook itself."""
    for number, cell in enumerate(notebook["cells"]):
        source = cell["source"]
        if cell["cell_type"] == "markdown":
            yield source
        else:
            yield f"```python\n{source}\n```"
            yield _place(number)
        if number == 0:
            yield f'<p><a href="{name}" download>Download the notebook</a></p>'


def _place(number: int) -> str:
    """What stands in the Markdown for what a cell gave."""
    return f'<div class="notebook-output" id="output-of-cell-{number}"></div>'


def _outputs(notebook: NotebookNode) -> dict[str, str]:
    """What every code cell gave, as HTML, by what stands for it in the Markdown."""
    cells = [(n, cell) for n, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code"]
    return {_place(number): "\n".join(map(_html, cell["outputs"])) for number, cell in cells}


def _html(output: NotebookNode) -> str:
    """One output: the richest of what it offers."""
    if output["output_type"] == "stream":
        return f"<pre>{escape(output['text'])}</pre>"
    data = output["data"]
    words = escape(data.get("text/plain", ""))
    if "text/html" in data:
        # its class would keep the site's style of tables from a data frame
        return data["text/html"].replace('<table border="1" class="dataframe">', "<table>")
    if "image/png" in data:
        return f'<img alt="{words}" src="data:image/png;base64,{data["image/png"].strip()}">'
    return f"<pre>{words}</pre>"


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Outputs in their places, and the notebook beside its page."""
    if not isinstance(page.file, NotebookFile):
        return output
    for place, content in page.file.outputs.items():
        output = output.replace(place, place.replace("></", f">{content}</") if content else "")
    written = Path(page.file.abs_dest_path)
    written.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(config.docs_dir, page.file.src_uri), written.parent / Path(page.file.src_uri).name)
    return output.replace("</head>", f"{STYLE}</head>", 1)
