"""How reports of the three studies and of a published model look, in pictures, and what is cut off in them.

Each study is run in its small form (minutes; study C reads the signal peptides of ../shared/data), and
Sapiens, a model of antibodies as published, explains therapeutic chains. Of each a report is written and
opened in Chromium, 1,280 and 1,920 dots wide, light and dark: the whole page, scrolled through.
Studies, reports and pictures are left in build/screenshots, and studies go on from there. The pictures are
for looking at; what can be told without eyes is counted:

- letters of a figure that is drawn as SVG over other letters of it, or beyond its edge;
- words of headings, buttons, tables and captions that do not fit in their box;
- the page being wider than the window.

Target: none of these.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from benchmarks import Row, Unavailable, data, published
from benchmarks.antibody_pairs import heavy_chains

ROOT = Path(__file__).parents[1]
RUN = "import sys; from relevome.cli import main; main()"
WIDTHS = (1280, 1920)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

# Of each study: its options, and which of its results go into the report, those that are there.
STUDIES = {
    "dnabert2": (
        ("--task", "simulated"),
        ("simulated/transformer/0/runs/*", "simulated/transformer/0/scores/*", "simulated/comparison/0"),
    ),
    "annotation": ((), ("annotation/annotator/0", "heads/attention/annotator/0")),
    "protein-function": (
        ("--task", "signal-peptide", "--data"),
        ("*/*/0/runs/*", "*/*/runs/*", "*/*/0/heads*", "*/*/heads*", "*/runs/*", "*/heads*"),
    ),
}
MOST = 4  # runs in one report
CHAINS = 12

# What is cut off or over another, for a page of this width; names of the kinds, and examples.
LOOK = """() => {
  const clipped = (one) => one && (getComputedStyle(one).clipPath !== "none" || clipped(one.parentElement));
  const found = [], shown = (one) => one.getClientRects().length > 0 && !clipped(one); // for ears alone
  const text = (one) => one.textContent.trim().slice(0, 60);
  if (document.body.scrollWidth > window.innerWidth) found.push(["page wider than the window", ""]);
  for (const one of document.querySelectorAll("h1, h2, h3, h4, button, th, td, dt, dd, summary")) {
    const { overflowX, textOverflow } = getComputedStyle(one), cut = one.scrollWidth > one.clientWidth + 1;
    if (shown(one) && cut && overflowX !== "visible" && textOverflow !== "ellipsis")
      found.push(["words that are cut off", text(one)]);
  }
  const share = (a, b) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    return wide > 1 && high > 0 ? (wide * high) / Math.min(a.width * a.height, b.width * b.height) : 0;
  };
  for (const svg of [...document.querySelectorAll("svg")].filter(shown)) {
    const e = svg.getBoundingClientRect();
    const words = [...svg.querySelectorAll("text")].filter(text);
    const all = words.map((one) => [text(one), one.getBoundingClientRect()]);
    for (const [i, [said, a]] of all.entries()) {
      if (a.left < e.left - 1 || a.right > e.right + 1 || a.top < e.top - 1 || a.bottom > e.bottom + 1)
        found.push(["letters beyond the edge of a figure", said]);
      for (const [other, b] of all.slice(i + 1))
        if (share(a, b) > 0.2) found.push(["letters over letters in a figure", `${said} and ${other}`]);
    }
  }
  return found;
}"""


def measure(quick: bool = False) -> list[Row]:
    """What is wrong by page; ``quick`` leaves study C and the published model out."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise Unavailable("needs Chromium (on Debian: apt install chromium)")
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {}
    for name in ("dnabert2", "annotation") if quick else STUDIES:
        pages[name] = _report(folder, name, _study(folder, name))
    if not quick:
        pages["sapiens"] = _report(folder, "sapiens", _antibodies(folder))
    rows = []
    for name, page in pages.items():
        found = _pictured(page, folder, chromium)
        rows += [Row(f"{name}: pictures", f"{len(WIDTHS) * len(THEMES)}")]
        rows += [Row(f"{name}: {kind}", str(count), "0") for kind, count in Counter(found).items()]
        rows += [] if found else [Row(f"{name}: cut off, or over another", "0", "0")]
    return rows


def _study(folder: Path, name: str) -> list[Path]:
    options, wanted = STUDIES[name]
    given = [*options, str(data())] if "--data" in options else list(options)
    out = folder / name
    _relevome("study", name, *given, "--size", "small", "--trainings", "1", "-o", str(out))
    every = [path for pattern in wanted for path in sorted(out.glob(pattern)) if path.is_dir()]
    runs = [path for path in every if (path / "run.json").is_file()]
    others = [path for path in every if path not in runs and any(path.glob("*.json"))]
    return [*runs[:MOST], *others]


def _antibodies(folder: Path) -> list[Path]:
    """Therapeutic heavy chains, explained by Sapiens: what speaks for the cysteine at place 22 of most."""
    fasta, runs = folder / "antibodies.fasta", []
    chains = [one for one, _, _ in heavy_chains(CHAINS)]
    fasta.write_text("".join(f">{one.id}\n{one.letters}\n" for one in chains), encoding="utf-8")
    for method in ("attnlrp", "integrated-gradients"):
        runs.append(folder / f"sapiens-{method}")
        _relevome(
            "explain", "--model", str(published("sapiens", "checkpoint_vh.pt")), "--fasta", str(fasta),
            "--method", method, "--target", "C", "--position", "21", "--overwrite", "-o", str(runs[-1]),
        )  # fmt: skip
    return runs


def _report(folder: Path, name: str, results: list[Path]) -> Path:
    page = folder / f"{name}.html"
    _relevome("report", *map(str, results), "--overwrite", "-o", str(page))
    return page


def _relevome(*arguments: str) -> None:
    subprocess.run([sys.executable, "-c", RUN, *arguments], check=True, stdout=subprocess.DEVNULL)


def _pictured(path: Path, folder: Path, chromium: str) -> list[str]:
    """Kinds of what is wrong, once for each place and width; examples are printed."""
    from playwright.sync_api import sync_playwright

    found: dict[tuple[int, str, str], None] = {}
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for width in WIDTHS:
            for theme in THEMES:
                page = browser.new_page(viewport={"width": width, "height": 1000}, color_scheme=theme)
                page.goto(path.as_uri())
                page.wait_for_selector("#page[data-ready]")
                _scrolled_through(page)
                page.screenshot(path=folder / f"{path.stem}-{width}-{theme}.png", full_page=True)
                found |= dict.fromkeys((width, kind, said) for kind, said in page.evaluate(LOOK))
                page.close()
        browser.close()
    for width, kind, said in found:
        print(f"{path.name}, {width} dots: {kind}: {said}")
    return [kind for _, kind, _ in found]


def _scrolled_through(page: Any) -> None:
    """Everything that is drawn when it comes into view is drawn."""
    high = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, high, 800):
        page.evaluate(f"window.scrollTo(0, {top})")
        page.wait_for_timeout(50)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(200)
