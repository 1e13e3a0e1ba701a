"""The main job from end to end, on promoters that the program makes itself.

A small story with a known answer: a -35 and a -10 box are planted in random sequences, two models learn
to tell them from shuffles, three methods say what the models look at, and the planted boxes say who is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relevome.data.inputs import from_fasta
from relevome.data.names import fasta_record
from relevome.data.sequences import DNA, Sequence
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import promoter_grammar
from relevome.data.simulation.sequence_files import write_simulation
from relevome.data.simulation.sequences import SimulationPlan
from relevome.data.sites import Site, read_sites
from relevome.engines.threads import torch_threads
from relevome.evaluation.measurement import evaluate_run
from relevome.jobs import Say
from relevome.jobs.explain import explain
from relevome.jobs.show import show
from relevome.jobs.train import train
from relevome.models.hugging_face import load_model
from relevome.results.evaluation.scores import MetricScores
from relevome.results.folder import ResultFolder
from relevome.results.tables import write_tsv
from relevome.stores.place import local
from relevome.training.settings import TrainingSettings

METHODS = ("attnlrp", "integrated-gradients", "mutagenesis")
EXPLAINED = 60
SEQUENCES = 1500
LENGTH = 80
END_OF_BOX = 70  # where -10 ends, as in promoters cut at the same distance from their start sites
EPOCHS = 10
BATCH_SIZE = 32

# A transformer small enough to learn this in half a minute.
TRANSFORMER = {
    "model_type": "esm",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "position_embedding_type": "absolute",
    "emb_layer_norm_before": True,
    "token_dropout": False,
    "max_position_embeddings": 128,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
LEARNING_RATES = {"cnn": None, "transformer": 2e-3}

_DEMO = ResultFolder(last=("scores.tsv",), others=(), again="remove it, or choose another -o")


def demo(out: str | Path, seed: int = 0, say: Say = lambda _: None) -> None:
    """Run the main job from end to end on simulated promoters: simulate, train, explain, score, draw.

    Args:
        out: Folder for all that is made, which must be new or empty.
        seed: Seed of everything that is drawn at random.
        say: Told what is going on, and what was found.

    Raises:
        InputError: If the folder holds something already, or another process is at it.
    """
    # threads wait for one another longer than models this small compute
    with _DEMO.held(Path(out), overwrite=False), torch_threads(1):
        _run(Path(out), seed, say)


def _run(folder: Path, seed: int, say: Say) -> None:
    data = _simulate(folder / "data", seed, say)
    sites = read_sites(data / "test.truth.bed")
    promoters = _some_promoters(data / "test.fasta", folder / "promoters.fasta", sites)
    rows: list[Row] = []
    for name, arch in _architectures(folder).items():
        model = _train(folder / name, data, arch, seed, say)
        for method in METHODS:
            run = explain(load_model(model), promoters, method, 1, out=folder / f"{name}-{method}", seed=seed)
            scores = evaluate_run(run, ["localisation"], truth=sites, seed=seed)
            rows += [Row(name, method, local(run.path), score) for score in scores]
    _write_table(folder / "scores.tsv", rows)
    best = max((row for row in rows if row.score.metric == "auroc"), key=lambda row: row.score.mean)
    _draw(folder, rows, promoters, data / "test.truth.bed")
    for line in _conclusion(folder, rows, best):
        say(line)


@dataclass(frozen=True)
class Row:
    """One line of the table: how well a method finds, in a model, what was planted."""

    model: str
    method: str
    run: Path
    score: MetricScores


def _simulate(folder: Path, seed: int, say: Say) -> Path:
    plan = SimulationPlan(
        promoter_grammar(), LENGTH, Background.with_gc(0.5), seed, decoys=1, position=END_OF_BOX
    )
    write_simulation(folder, plan, SEQUENCES, SEQUENCES)
    say(f"1. {folder}: {SEQUENCES:,} sequences with a -35 and a -10 box, and as many shuffles without")
    return folder


def _some_promoters(fasta: Path, out: Path, sites: Mapping[str, list[Site]]) -> Path:
    """The first promoters of the test set: those sequences in which something was planted."""
    chosen = [s for s in from_fasta(fasta, DNA).read() if isinstance(s, Sequence) and s.id in sites][
        :EXPLAINED
    ]
    out.write_text("".join(fasta_record(s.id, s.letters) for s in chosen), encoding="utf-8")
    return out


def _architectures(folder: Path) -> dict[str, str]:
    config = folder / "transformer.json"
    config.write_text(json.dumps(TRANSFORMER, indent=2) + "\n")
    return {"cnn": "cnn", "transformer": str(config)}


def _train(folder: Path, data: Path, arch: str, seed: int, say: Say) -> Path:
    settings = TrainingSettings(
        arch, data / "train.csv", data / "validation.csv", folder, test=data / "test.csv", epochs=EPOCHS,
        batch_size=BATCH_SIZE, learning_rate=LEARNING_RATES[folder.name], patience=EPOCHS, seed=seed,
    )  # fmt: skip
    result = train(settings)
    auroc = result.metrics["test"]["auroc"]
    say(f"2. {folder}: tells them apart with AUROC {auroc:.3f} ({result.seconds:.0f} s)")
    return folder


def _write_table(path: Path, rows: list[Row]) -> None:
    header = ("model", "method", "metric", "mean", "low", "high", "random_order", "sequences")
    write_tsv(path, header, map(_line, rows))


def _line(row: Row) -> tuple[object, ...]:
    score = row.score
    random = "" if score.random is None else f"{score.random.mean:.4f}"
    numbers = (f"{value:.4f}" for value in (score.mean, score.low, score.high))
    return (row.model, row.method, score.metric, *numbers, random, score.n)


def _draw(folder: Path, rows: list[Row], promoters: Path, truth: Path) -> None:
    """The first promoter as every model and method see it, with what was planted."""
    first = next(item.id for item in from_fasta(promoters, DNA).read())
    runs = sorted({row.run for row in rows})
    for run in runs:
        show(run, first, folder / f"{run.name}.png", sites=truth)


def _conclusion(folder: Path, rows: list[Row], best: Row) -> list[str]:
    """What came of it, in plain words, and where to look."""
    lines = [
        "3. Relevance of letters in the planted boxes against letters outside (AUROC; random order 0.5):"
    ]
    for row in rows:
        if row.score.metric == "auroc":
            score = row.score
            lines.append(
                f"   {row.model:<12} {row.method:<21} {score.mean:.3f}  "
                f"(95% interval {score.low:.3f} to {score.high:.3f})"
            )
    logo = folder / f"{best.run.name}.png"
    lines += [
        f"   {best.method} on the {best.model} comes first; where intervals overlap, that may be chance.",
        "4. Where to look:",
        f"   {logo}: one promoter; tall letters decided, the coloured bars were planted",
        f"   {folder / 'scores.tsv'}: all metrics, with intervals and what a random order reaches",
        f"   {best.run}: the run itself, for relevome show, relevome export, or relevome.Run in Python",
    ]
    return lines
