"""How soon `relevome view` shows a large run, and how much memory it takes.

A run of 100,000 sequences of 200 letters is made up and written as `explain` writes it, in parts of 256.
The server is a process of its own; the page is opened by Chromium, without a window. The first view is there
when the first sequence is drawn. Afterwards the list is scrolled to ten places and to its end, letters are
searched, and it is put in order. Peak memory is the server's, by the system, after all of that.

Target: the first view within 3 s of opening the address, and less than 1,000 MB.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import Row, Unavailable, seconds
from benchmarks._hardware import gflops
from relevome.results.parts.part import Counts
from relevome.results.run.columns import Explanation
from relevome.results.run.writer import RunWriter

LETTERS, PART, APART = 200, 256, 50
RUN = "import sys; from relevome.cli import main; main()"
MANIFEST = {
    "alphabet": "dna", "alphabet_letters": "ACGT", "method": "attnlrp", "model": {"path": "models/made-up"},
    "targets": [{"index": 1, "label": "promoter", "position": None, "contrast": None, "mask": False}],
}  # fmt: skip


def measure(quick: bool = False, seed: int = 0) -> list[Row]:
    """Seconds until the first view and of what follows, and the peak memory of the server."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None or not sys.platform.startswith("linux"):
        raise Unavailable("needs Linux and Chromium (on Debian: apt install chromium)")
    count = 20_000 if quick else 100_000
    with tempfile.TemporaryDirectory() as name:
        run = Path(name) / "run"
        write(run, count, seed)
        size = sum(path.stat().st_size for path in run.iterdir()) / 1e6
        return [
            Row("GFLOP/s of one core", f"{gflops():.0f}", "60"),
            Row("sequences, and MB on disk", f"{count:,}, {size:.0f}"),
            *_served(run, count, chromium),
        ]


def write(folder: Path, count: int, seed: int = 0, letters: int = LETTERS, method: str = "attnlrp") -> None:
    """Write a run of random sequences with random relevance, each at its own place of one chromosome.

    Sequences are those of their number and length, relevance is that of ``seed``.
    """
    rng, texts = np.random.default_rng(seed), np.random.default_rng(letters)
    with RunWriter(folder, MANIFEST | {"method": method}) as writer:
        for index, first in enumerate(range(0, count, PART)):
            rows = [_row(number, letters, texts, rng) for number in range(first, min(count, first + PART))]
            writer.write_part(index, rows, Counts(read=len(rows), explained=len(rows)))


def _row(number: int, length: int, texts: np.random.Generator, rng: np.random.Generator) -> Explanation:
    letters = "".join(np.array(list("ACGT"))[texts.integers(0, 4, length)])
    relevance, score = rng.normal(size=length).astype(np.float32), float(rng.normal())
    probability = float(1 / (1 + np.exp(-score)))
    ends = np.arange(length + 1, dtype=np.int32)
    return Explanation(
        sequence_id=f"window-{number:06d}", sequence=letters, chrom="chr1", start=number * APART,
        end=number * APART + length, strand="+-"[number % 2], target="promoter", target_index=1, score=score,
        tokens=tuple(letters), token_start=ends[:-1], token_end=ends[1:], token_relevance=relevance,
        relevance=relevance, probability=probability, predicted="promoter" if probability > 0.5 else "other",
        predicted_probability=max(probability, 1 - probability),
    )  # fmt: skip


def _served(run: Path, count: int, chromium: str) -> list[Row]:
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", RUN, "view", str(run), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None  # noqa: S101 - a pipe was asked for
            address = next(line.strip() for line in server.stdout if "http://" in line)
            ready, used = time.perf_counter() - begin, _processor_seconds(server.pid)
            found = _looked_at(address, count, chromium)
            memory = _peak(server.pid)
        finally:
            server.terminate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [
        Row("from the command to the address, seconds", f"{ready:.1f}"),
        Row("of which processor seconds", f"{used:.1f}"),
        *found,
        Row("peak memory of the server, MB", f"{memory:.0f}", "below 1,000"),
        Row("processor seconds of the server in all", f"{whole:.1f}"),
    ]


def _looked_at(address: str, count: int, chromium: str) -> list[Row]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(120_000)
        first = seconds(lambda: (page.goto(address), page.wait_for_selector(".row canvas")))
        means = seconds(lambda: page.wait_for_selector("[aria-label^='Mean relevance by position']"))
        shares = [*np.linspace(0.05, 0.95, 10), 1.0]
        jumps = [seconds(lambda share=share: _jump(page, share, count)) for share in shares]
        search = seconds(lambda: _search(page))
        page.fill("input[type=search]", "")
        _until(lambda: page.locator(".counted").text_content() == f"{count:,} sequences")
        order = seconds(lambda: _order(page))
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
        browser.close()
    return [
        Row("from the address to the first view, seconds", f"{first:.2f}", "at most 3"),
        Row("until means over all sequences, further seconds", f"{means:.2f}"),
        Row("rows after a jump, seconds: median, longest", f"{np.median(jumps):.2f}, {max(jumps):.2f}"),
        Row("search of letters in all sequences, seconds", f"{search:.2f}"),
        Row("in the order of their score, seconds", f"{order:.2f}"),
        Row("memory of the page's own objects, MB", f"{heap:.0f}"),
    ]


def _jump(page: Any, share: float, count: int) -> None:
    page.evaluate(f"(p => {{ p.scrollTop = {share} * p.scrollHeight }})(document.querySelector('.pane'))")
    expected = int(0.9 * share * count)
    _until(lambda: _drawn(page) and int(page.locator(".row").first.get_attribute("data-place")) >= expected)


def _search(page: Any) -> None:
    page.fill("input[type=search]", "TATAATGC")
    _until(lambda: " of " in (page.locator(".counted").text_content() or "") and _drawn(page))


def _order(page: Any) -> None:
    before = page.locator(".row h3").first.text_content()
    page.get_by_role("combobox", name="Order").select_option(label="score")
    _until(lambda: page.locator(".row h3").first.text_content() != before and _drawn(page))


def _drawn(page: Any) -> bool:
    return page.locator(".row").count() > 0 and page.locator(".row:not(:has(canvas))").count() == 0


def _until(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.01)


def _peak(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kilobytes) / 1e3


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
