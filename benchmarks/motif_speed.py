"""How long ``relevome motifs`` takes, by stage, how much memory, and how both grow.

Runs of planted relevance (500 letters, two of six motifs in each sequence, on either strand, and noise), of
one method that has scores of every letter, are written as ``explain`` would, and read by the command in a
process of its own: by default, whose null is two random orders, and beside one shuffle of each sequence. Time
is of the processor, by one thread, so that other work on the machine counts less; memory is the peak of the
resident set, with Python and all libraries. Where modisco-lite is installed, TF-MoDISco (``--way modisco``,
20,000 seqlets of each sign at most, as it is by default) looks at the same run.

Target: 20,000 sequences in at most 10 minutes and 4 GiB, on two cores at 150 GFLOP/s (float32 products).
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from benchmarks import Row, in_fresh_process
from benchmarks._hardware import gflops
from benchmarks._planted_relevance import planted_relevance
from relevome.results.parts.part import Counts
from relevome.results.run.columns import Explanation
from relevome.results.run.writer import RunWriter

LENGTH = 500  # letters
BLOCK = 1_000  # sequences of a part, and those that are simulated; later ones are these, turned round
COUNTS = (1_000, 4_000, 20_000)
# Of each stage the function that is it, where it is called.
STAGES = {
    "reading the run": "relevome.jobs.motifs.of_run:maps_of_run",
    "nulls": "relevome.jobs.motifs.of_run:nulls_of",
    "seqlets": "relevome.discovery.motifs.find:seqlets",
    "grouping": "relevome.discovery.motifs.find:group",
    "patterns of TF-MoDISco": "relevome.discovery.motifs.find:modisco_patterns",
    "how frequent": "relevome.discovery.motifs.find:more_frequent",
    "hits": "relevome.discovery.motifs.find:hits",
    "page and pictures": "relevome.jobs.motifs.motifs:write_motifs_page",
    "tables": "relevome.jobs.motifs.motifs:write_relevant_motifs",
}


def measure(quick: bool = False) -> list[Row]:
    """Seconds and memory, by number of sequences."""
    rows = [Row("GFLOP/s of one thread", f"{gflops():.0f}")]
    for count in COUNTS[:1] if quick else COUNTS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            in_fresh_process(write_runs, folder, count)
            rows += _rows(f"{count:,} sequences", in_fresh_process(looked_for, folder, False), count)
            rows += _rows(f"{count:,} beside shuffles", in_fresh_process(looked_for, folder, True), count)
            if find_spec("modiscolite") is not None and count < COUNTS[-1]:
                rows += _rows(
                    f"{count:,} by TF-MoDISco", in_fresh_process(looked_for, folder, True, "modisco")
                )
    return rows


def _rows(name: str, found: dict[str, float], count: int = 0) -> list[Row]:
    target = count == COUNTS[-1]
    rows = [
        Row(f"{name}, seconds", found.pop("all"), "at most 600, two cores" if target else ""),
        Row(f"{name}, GiB at most", found.pop("GiB"), "at most 4" if target else ""),
        Row(f"{name}, motifs and places", f"{found.pop('motifs'):.0f}, {found.pop('places'):.0f}"),
    ]
    return [*rows, *(Row(f"  {stage}", seconds) for stage, seconds in found.items())]


def looked_for(folder: Path, shuffles: bool, way: Any = "align") -> dict[str, float]:
    """Seconds of the processor in all and by stage, memory, and what was found."""
    from relevome.jobs.motifs.motifs import motifs

    torch.set_num_threads(1)
    with staged() as seconds:
        since = processor_time()
        found = motifs(
            folder / "run", shuffles=[folder / "shuffles"] if shuffles else (), way=way, out=folder / "out",
            overwrite=True,
        )  # fmt: skip
        seconds["all"] = processor_time() - since
    kib = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    kib /= 1024 if sys.platform == "darwin" else 1
    return {**seconds, "GiB": kib / 2**20, "motifs": len(found.motifs), "places": len(found.hits)}


def processor_time() -> float:
    """Seconds of this process, and of those that it started and that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


@contextmanager
def staged() -> Iterator[dict[str, float]]:
    """Seconds that each stage takes while in the block."""
    seconds: dict[str, float] = {}
    before: list[tuple[Any, str, Any]] = []
    for stage, where in STAGES.items():
        module, name = import_module(where.partition(":")[0]), where.partition(":")[2]
        before.append((module, name, getattr(module, name)))
        setattr(module, name, _timed(getattr(module, name), stage, seconds))
    try:
        yield seconds
    finally:
        for module, name, function in before:
            setattr(module, name, function)


def _timed(work: Callable[..., Any], stage: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        since = processor_time()
        try:
            return work(*given, **named)
        finally:
            seconds[stage] = seconds.get(stage, 0) + processor_time() - since

    return timed


def write_runs(folder: Path, count: int) -> None:
    """A run of ``count`` sequences, and one of a shuffle of each, without a model.

    Those of the first part are simulated. In every other part each is cut at a letter drawn at random, and
    what is behind it comes first, so that no two are the same.
    """
    said = {
        "model": {"sha256": "planted"}, "method": "planted", "parameters": {}, "alphabet": "dna",
        "alphabet_letters": "ACGT", "targets": [{"label": "planted", "index": 1}],
    }  # fmt: skip
    made, rng = planted_relevance(0, min(BLOCK, count), LENGTH, shuffles=1), np.random.default_rng(1)
    with RunWriter(folder / "run", said) as run, RunWriter(folder / "shuffles", said) as shuffles:
        for part, first in enumerate(range(0, count, BLOCK)):
            size = min(BLOCK, count - first)
            cuts = rng.integers(LENGTH, size=size) * (part > 0)
            for writer, name, sequences, relevance in (
                (run, "s", made.sequences, made.relevance),
                (shuffles, "x", made.shuffles, made.noise),
            ):
                rows = [
                    _row(f"{name}{first + i}", sequences[i].letters, relevance[i], int(cuts[i]))
                    for i in range(size)
                ]
                writer.write_part(part, rows, Counts(read=size, explained=size))


def _row(name: str, text: str, relevance: Float[np.ndarray, " letters"], cut: int) -> Explanation:
    text, values = text[cut:] + text[:cut], np.roll(relevance, -cut).astype(np.float32)
    letters = np.frombuffer(text.encode(), np.uint8)[:, None] == np.frombuffer(b"ACGT", np.uint8)
    # as mutagenesis has them: of the letter that is there 0, of others what they would change
    scores = np.where(letters, np.float32(0), -values[:, None])
    return Explanation(
        sequence_id=name,
        sequence=text,
        target="planted",
        target_index=1,
        score=0.0,
        relevance=values,
        letter_scores=scores,
    )
