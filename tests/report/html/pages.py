"""Pages in a browser: runs to show, and what tests ask of a page again and again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from relevome.jobs.report import WrittenPage
from relevome.ledger import Entry, Ledger
from relevome.results.parts.part import Counts, Refusal
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter
from tests.damage.readers import readers
from tests.results.conftest import _letters_only

MANIFEST = {"alphabet": "dna", "alphabet_letters": "ACGT", "model": {"path": "models/cnn"}}
NASTY = (
    "<img src=x onerror=alert(1)>",
    "</script><script>document.title='taken'</script>",
    "\u05d0\u05d1 \"'&amp;",
)

# An account with parts of either sign, and a name that is markup.
KEPT = (
    Entry("<b>linear</b>", 4, 3.0, 2.0, {"biases": 1.0}, 0.0),
    Entry("softmax", 2, 2.0, 2.5, {"softmax": -0.5}, 0.0),
)
ACCOUNT = Ledger(12, 3.0, 2.5, KEPT, 0.0, 4.0, 0.0)

Open = Callable[..., Any]


def written(
    folder: Path, count: int, length: int, method: str, seed: int, ledger: Ledger | None = None
) -> Run:
    """A run of random sequences, the same for every seed, with names that are markup among them."""
    letters, values = np.random.default_rng(0), np.random.default_rng(seed)
    rows = []
    for i in range(count):
        text = "".join(letters.choice(list("ACGT"), size=length))
        text = text[:10] + "TATAAT" + text[16:] if i == 3 else text.replace("TATAAT", "TATAAC")
        p = float(letters.random())
        relevance = values.normal(size=length).astype(np.float32)
        said = {"score": float(letters.normal()), "probability": p, "predicted": "yes" if p > 0.5 else "no",
                "predicted_probability": max(p, 1 - p), "target": "yes"}  # fmt: skip
        rows.append(
            _letters_only(NASTY[i] if i < len(NASTY) else f"seq{i}", text, relevance.tolist(), **said)
        )
    with RunWriter(folder, MANIFEST | {"method": method}) as writer:
        refused = (Refusal("bad", "too long <b>"),)
        writer.write_part(0, rows, Counts(read=count + 1, explained=count, refused=refused, ledger=ledger))
    return Run(folder)


def file_of(page: WrittenPage) -> Path:
    """The file of a page."""
    assert page.path is not None
    return page.path


def example(folder: Path, reader: str) -> Path:
    """The folder that a command leaves, as tests of damage have it."""
    for name, content in readers()[reader].examples[0].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def until(page: Any, expected: Any, look: Callable[[], Any]) -> None:
    """Wait until something is so; the page itself may evaluate nothing, by its policy."""
    for _ in range(100):
        if look() == expected:
            return
        page.wait_for_timeout(50)
    assert look() == expected


def in_view(page: Any, locator: Any) -> dict[str, float]:
    """Where something is on the screen, scrolled to; scrolling, which takes tips away, has been told of."""
    locator.scroll_into_view_if_needed()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return locator.bounding_box()


def number(text: str) -> float:
    return float(text.replace("\u2212", "-").replace(",", ""))


def saved(page: Any, button: Any) -> str:
    """The text of the file that a button saves."""
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def saved_table(page: Any, name: str) -> list[list[str]]:
    """The rows of a table as it is saved, its header first."""
    text = saved(page, page.get_by_role("button", name=f"Save the table {name} as TSV", exact=True))
    return [line.split("\t") for line in text.splitlines()]


def saved_figure(page: Any, name: str, kind: str = "TSV") -> str:
    """The file that the menu of a figure saves."""
    menu = page.locator("details.save", has=page.get_by_label(f"Save {name}", exact=True))
    menu.locator("summary").click()
    return saved(page, menu.get_by_role("button", name=kind))


def grave(page: Any, axe: Path) -> list[Any]:
    """Serious faults of accessibility, by axe-core, with all that is folded opened."""
    page.evaluate("for (const one of document.querySelectorAll('details:not(.save)')) one.open = true")
    page.evaluate(axe.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
