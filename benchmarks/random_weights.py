"""Whether maps of models that have learnt nothing pass a check of places: 100 random networks on promoters.

A CNN and a small transformer whose weights are drawn anew for every seed explain 40 promoters of E. coli, -70
to +29 around their start site; known sites are the -35 and -10 boxes, where both fit best
in -45..-1. ``evaluate`` has all its nulls, with one model of weights in random order.

Target: no check of places passes in at least 95 of 100 seeds.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

import relevome
from benchmarks import Row, data
from relevome.data.inputs import from_fasta
from relevome.data.problems import refuse_or_skip
from relevome.data.sequences import DNA, Sequence
from relevome.data.sites import read_sites
from relevome.models.base import Model
from relevome.models.hugging_face import quiet
from relevome.studies.tasks import SequenceCounts, write_task
from relevome.training.architectures import Architecture
from relevome.training.labels import LabelScheme

PROMOTERS = 40
METHODS = {"cnn": "gradient-x-input", "transformer": "attnlrp"}


def measure(quick: bool = False) -> list[Row]:
    """In how many seeds nothing passes, by model."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name, quiet():
        folder = Path(name)
        write_task("promoters", folder / "data", data("ecoli").parent, SequenceCounts(100, PROMOTERS), 0)
        promoters = from_fasta(folder / "data" / "explained.fasta", DNA).read()
        sequences = list(refuse_or_skip(promoters, "refuse", []))
        return [_row(folder, arch, sequences, 5 if quick else 100) for arch in METHODS]


def _row(folder: Path, arch: str, sequences: list[Sequence], seeds: int) -> Row:
    found = [_passed(folder, arch, sequences, seed) for seed in range(seeds)]
    none, checks = sum(not passed for passed, _ in found), sum(every for _, every in found)
    said = f"{none} of {seeds} seeds; of {checks:,} checks {sum(passed for passed, _ in found)} pass"
    return Row(f"{arch}, {METHODS[arch]}: nothing passes", said, "95 of 100")


def _passed(folder: Path, arch: str, sequences: list[Sequence], seed: int) -> tuple[int, int]:
    """How many checks of places the map of one random network passes, and of how many."""
    model = _random(arch, folder / f"{arch}-{seed}", sequences, seed)
    run = relevome.explain(
        model, sequences, METHODS[arch], 1, contrast=0, out=folder / "run", overwrite=True, seed=seed
    )
    found = relevome.evaluate(
        run, read_sites(folder / "data" / "sites.bed"), model=model, metrics=["localisation"],
        random_models=1, seed=seed,
    )  # fmt: skip
    return sum(check.outcome == "pass" for check in found.checks), len(found.checks)


def _random(arch: str, folder: Path, sequences: list[Sequence], seed: int) -> Model:
    """A network that has learnt nothing, as it would be before its training."""
    if not folder.exists():
        torch.manual_seed(seed)
        architecture = Architecture(arch)
        tokenizer = architecture.tokenizer(None, "dna")
        module, _ = architecture.module(tokenizer, LabelScheme("binary", ("0", "1")), map(len, sequences))
        module.save_pretrained(folder)
        tokenizer.hf.save_pretrained(folder)
    return relevome.load_model(folder)
