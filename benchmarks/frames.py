"""How large a report of many sequences is, how soon it shows, and how smoothly it scrolls and zooms.

2,000 sequences of 500 letters by three methods, random, written as `explain` writes them and put into one
page, which Chromium opens from its file, without a window and without a graphics card. The list is scrolled
by the wheel, zoomed in and out by Ctrl and the wheel, and drawn to the side. A frame is the time between two
calls of ``requestAnimationFrame`` while that goes on; a wheel turns once for each. Chromium's own trace of it
is left in build/frames/trace.json, which chrome://tracing and Perfetto open.

Target: a file under 30 MB, the first view within 2 s, and 95% of frames within 33 ms.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from benchmarks import Row, Unavailable, seconds
from benchmarks._hardware import gflops
from benchmarks.view import RUN, write

LETTERS, METHODS = 500, ("attnlrp", "integrated-gradients", "gradient-x-input")
STEPS, SLOW = 120, 33.4  # frames of each kind of movement; ms, two frames of a screen
TRACE = Path(__file__).parents[1] / "build" / "frames" / "trace.json"

# What is done while frames are counted: how far a wheel turns at each, across and down, and with which key.
MOVEMENTS = {
    "scrolling": ((0, 120), None),
    "zooming in": ((0, -40), "Control"),
    "moving to the side": ((60, 0), None),
    "zooming out": ((0, 40), "Control"),
}
WATCH = """() => {
  const seen = window.frames_seen = [];
  const next = (time) => { seen.push(time); if (window.frames_seen === seen) requestAnimationFrame(next); };
  requestAnimationFrame(next);
}"""
STOP = "() => { const seen = window.frames_seen; window.frames_seen = null; return seen; }"


def measure(quick: bool = False, seed: int = 0) -> list[Row]:
    """The size of the page, seconds until its first view, and frames by what is done."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise Unavailable("needs Chromium (on Debian: apt install chromium)")
    count = 200 if quick else 2_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i, method in enumerate(METHODS):
            write(folder / method, count, seed + i, LETTERS, method)
        page, runs = folder / "page.html", [str(folder / method) for method in METHODS]
        subprocess.run(
            [sys.executable, "-c", RUN, "report", *runs, "-o", str(page)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return [
            Row("GFLOP/s of one core", f"{gflops():.0f}", "60"),
            Row(f"{count:,} sequences of {LETTERS} letters, {len(METHODS)} methods, MB",
                f"{page.stat().st_size / 1e6:.1f}", "below 30"),
            *_moved(page, chromium),
        ]  # fmt: skip


def _moved(path: Path, chromium: str) -> list[Row]:
    from playwright.sync_api import sync_playwright

    TRACE.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        first = seconds(lambda: (page.goto(path.as_uri()), page.wait_for_selector(".row canvas")))
        page.locator(".browser .pane").scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        browser.start_tracing(page=page, path=TRACE)
        found = {name: _frames(page, *how) for name, how in MOVEMENTS.items()}
        browser.stop_tracing()
        browser.close()
    every = np.concatenate(list(found.values()))
    return [
        Row("from the file to the first view, seconds", f"{first:.2f}", "at most 2"),
        *(Row(f"{name}: frames within 33 ms", _within(frames)) for name, frames in found.items()),
        Row("all frames within 33 ms", _within(every), "at least 95%"),
    ]


def _within(frames: Float[np.ndarray, "frames"]) -> str:
    share, (middle, high) = (frames <= SLOW).mean(), np.quantile(frames, (0.5, 0.95))
    return f"{share:.1%} of {len(frames)}; median {middle:.0f} ms, 95% below {high:.0f} ms"


def _frames(page: Any, turn: tuple[int, int], key: str | None) -> Float[np.ndarray, "frames"]:
    """Milliseconds of the frames while a wheel is turned over the first rows."""
    box = page.locator(".browser .pane").bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 120)
    if key is not None:
        page.keyboard.down(key)
    page.evaluate(WATCH)
    for _ in range(STEPS):
        page.mouse.wheel(*turn)
    found = np.diff(page.evaluate(STOP))
    if key is not None:
        page.keyboard.up(key)
    return found
