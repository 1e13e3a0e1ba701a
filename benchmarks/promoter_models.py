"""How well models of both kinds tell start sites of E. coli from other windows, by what these are made of.

The CNN and the transformer with their defaults, on windows of 100 letters around the start sites marked
``storz`` (see ``ecoli_promoters``, which has the split by place on the genome), against as many others:
random ones, or of 20 times as many those that are most like start sites in their share of G and C and their
pairs of letters, so that composition says nothing. Windows are drawn once, and five models of each kind by
five seeds; the best of 10 epochs (CNN) or 5 (transformer) by AUROC on the validation part is scored on the
test part. One thread.

Target: an AUROC of at least 0.96 on test beside random windows, by the transformer with every seed, each
trained within 180,000 GFLOP of a core (processor time times what a core makes of large float32 products): 10
minutes of two cores of 150 GFLOP/s.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from statistics import median

import torch

from benchmarks import Row
from benchmarks._hardware import gflops
from benchmarks.ecoli_promoters import all_sites, genome
from relevome.jobs.train import train
from relevome.studies.start_sites import write_tables
from relevome.training.settings import TrainingSettings

EPOCHS = {"cnn": 10, "transformer": 5}
SEEDS = 5
ENOUGH, BUDGET = 0.96, 180_000.0


def measure(quick: bool = False, seed: int = 0) -> list[Row]:
    """AUROC on test for every kind of model and of negatives; quick: one seed, and a quarter of the sites."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        speed = gflops()
        return [Row("GFLOP/s of one core, float32 products", f"{speed:.0f}"), *_rows(quick, seed, speed)]
    finally:
        torch.set_num_threads(threads)


def _rows(quick: bool, first: int, speed: float) -> Iterator[Row]:
    seeds = range(first, first + (1 if quick else SEEDS))
    for matched, arch in product((False, True), EPOCHS):
        found = trained(arch, matched, seeds, 4 if quick else 1)
        scores, seconds = zip(*found, strict=True)
        wanted = arch == "transformer" and not matched
        name = f"{arch}, {'matched' if matched else 'random'} windows"
        yield Row(
            f"{name}: AUROC of each seed", " ".join(f"{score:.4f}" for score in scores),
            f"each at least {ENOUGH}" if wanted else "",
        )  # fmt: skip
        yield Row(f"{name}: median AUROC", f"{median(scores):.4f}")
        yield Row(
            f"{name}: GFLOP of a training, most", f"{max(seconds) * speed:,.0f}",
            f"at most {BUDGET:,.0f}" if wanted else "",
        )  # fmt: skip


def trained(arch: str, matched: bool, seeds: Iterable[int], every: int = 1) -> list[tuple[float, float]]:
    """By seed: AUROC on test, and seconds of processor time. Only one in ``every`` sites is taken."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tables(folder, genome(), all_sites(0, matched)[::every])
        return [_trained(arch, seed, folder) for seed in seeds]


def _trained(arch: str, seed: int, folder: Path) -> tuple[float, float]:
    begin = time.process_time()
    settings = TrainingSettings(
        arch, folder / "train.csv", folder / "validation.csv", folder / f"model-{seed}",
        test=folder / "test.csv", epochs=EPOCHS[arch], best="auroc", seed=seed, device="cpu",
    )  # fmt: skip
    result = train(settings)
    return result.metrics["test"]["auroc"] or 0.0, time.process_time() - begin
