"""Whether explanations find the promoter: a CNN trained on the start sites of E. coli, by three methods.

Windows of 100 letters, -70 to +29 around the start sites of transcription marked ``storz``, against as many
random windows of either strand (any but that of a known start site, so they may overlap one). Positions up
to 1,000,000 are the test, those over 4,200,000 the validation, those between the training.

Target: AUROC of at least 0.95 on test; and averaged over the start sites of the test, relevance is highest
inside -14..-7 (the -10 element), and upstream of -20 it is highest at -35 or -34, by each method. Position
0 is the start site.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

import relevome
from benchmarks import Row, data
from relevome.data.inputs import from_bed
from relevome.jobs.train import TrainingResult, train
from relevome.studies.start_sites import UPSTREAM, StartSite, start_sites, write_tables, write_windows
from relevome.training.settings import TrainingSettings

METHODS = ("attnlrp", "integrated-gradients", "mutagenesis")


def measure(quick: bool = False) -> list[Row]:
    """Train, explain the start sites of the test, and say where relevance is highest."""
    sites = all_sites(seed=0)[:: 4 if quick else 1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = train_cnn(folder, sites)
        rows = [
            Row("AUROC on test", result.metrics["test"]["auroc"] or 0.0, "at least 0.95"),
            Row("training, seconds", result.seconds),
        ]
        real = write_windows(folder / "real.bed", (s for s in sites if s.real and s.part == "test"))
        model = relevome.load_model(result.output)
        for method in METHODS:
            begin = time.perf_counter()
            run = relevome.explain(model, from_bed(real, genome(), model.alphabet), method)
            rows += _rows(method, mean_profile(run), time.perf_counter() - begin)
    return rows


def _rows(method: str, profile: Float[np.ndarray, "letters"], seconds: float) -> list[Row]:
    return [
        Row(f"{method}, highest at", str(highest(profile)), "-14 to -7"),
        Row(f"{method}, highest upstream of -20 at", str(highest(profile[: UPSTREAM - 20])), "-35 or -34"),
        Row(f"{method}, seconds", seconds),
    ]


def genome() -> Path:
    """The genome of E. coli K-12 MG1655."""
    return data("ecoli", "NC_000913.3.fna.gz")


def all_sites(seed: int, matched: bool = False) -> list[StartSite]:
    """The known start sites of transcription, and as many random ones, or ones made of the same letters."""
    return start_sites(genome(), data("ecoli", "tss_thomason_wanner_regulondb.tsv"), seed, matched)


def train_cnn(folder: Path, sites: Sequence[StartSite], epochs: int = 10, seed: int = 0) -> TrainingResult:
    """The CNN with its defaults, trained and scored in ``folder``."""
    write_tables(folder, genome(), sites)
    settings = TrainingSettings(
        arch="cnn",
        train=folder / "train.csv",
        validation=folder / "validation.csv",
        test=folder / "test.csv",
        output=folder / "model",
        epochs=epochs,
        seed=seed,
        device="cpu",
    )
    return train(settings)


def mean_profile(run: relevome.Run) -> Float[np.ndarray, "letters"]:
    """Relevance averaged over all sequences of a run."""
    return np.mean([explanation.relevance for explanation in run], axis=0)


def highest(profile: Float[np.ndarray, "letters"]) -> int:
    """Where relevance is highest, as a position beside the start site."""
    return int(profile.argmax()) - UPSTREAM
