"""Study A: can explanations of a genome language model be trusted, and are they as good as those of a CNN?

After Kurth, Yanez Sarmiento & Renard (2026, arXiv 2604.21690). A CNN and a DNABERT-2 learn the same tasks,
each several times; both are explained by several methods, all explanations are evaluated alike, letter by
letter, and what is said holds over trainings and sequences together. The steps below are the whole study: to
change it, change them, or the lines of ``commands.sh`` that it leaves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from relevome.errors import InputError
from relevome.jobs import Say
from relevome.studies import studies
from relevome.studies.recipe import Command, StudyOption, check_choices, command
from relevome.studies.summary import conclude
from relevome.studies.tasks import GENOME, TASKS, SequenceCounts, check_data, write_task
from relevome.studies.trainings.explained import ExplainedTraining

# How the CNN and the transformer are explained: a name in tables, the method, its options.
CNN_METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "lrp": ("lrp", {}),
    "integrated-gradients": ("integrated-gradients", {}),
    "gradient-x-input": ("gradient-x-input", {}),
    "mutagenesis": ("mutagenesis", {}),
}
TRANSFORMER_METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "attnlrp": ("attnlrp", {}),
    "attnlrp-mean": ("attnlrp", {"site": "block", "reference": "mean"}),
    "attnlrp-averaged": ("attnlrp", {"tokenisations": 10}),
    "integrated-gradients": ("integrated-gradients", {}),
    "gradient-x-input": ("gradient-x-input", {}),
    "rollout": ("rollout", {}),
    "mutagenesis": ("mutagenesis", {}),
}
METHODS = {"cnn": CNN_METHODS, "transformer": TRANSFORMER_METHODS}

# Sites may be anywhere, so positions are not kept.
CNN = {"model_type": "relevome-cnn", "pooling": "max"}
TRANSFORMER = {
    "model_type": "relevome-dnabert2",
    "hidden_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 256,
    "hidden_dropout_prob": 0.0,  # BPE dropout does that work
}
TOKENS = 256
BPE_DROPOUT = 0.1


@dataclass(frozen=True)
class Dnabert2Size:
    """How much is done.

    ``asked`` are the sequences on which the model is asked again (tests of fewer than six are never
    significant); with ``steps`` None integrated gradients take as many as they need.
    """

    training: int
    explained: int
    asked: int
    cnn_epochs: int
    transformer_epochs: int
    pretraining_epochs: int
    steps: int | None = None
    level: str = "both"
    transformer: dict[str, Any] = field(default_factory=lambda: dict(TRANSFORMER))


SIZES = {
    "small": Dnabert2Size(
        1600, 12, 6, 6, 4, 1, 16, "letters", TRANSFORMER | {"hidden_size": 32, "num_hidden_layers": 2}
    ),
    "default": Dnabert2Size(40_000, 100, 20, 6, 8, 4),
}


@studies.register("dnabert2")
@dataclass(frozen=True)
class Dnabert2Study:
    """Explain a DNABERT-2 and a CNN trained on the same tasks, and say which explanations can be trusted.

    Example: relevome study dnabert2 --task simulated -o study
    """

    task: Annotated[
        tuple[str, ...] | None,
        StudyOption(
            "simulated, ecoli, ecoli-matched, tf_2 or tf_4; may be repeated (default: with --data all but "
            "ecoli-matched, else simulated).",
            choices=tuple(TASKS),
        ),
    ] = None
    data: Annotated[Path | None, StudyOption("Folder of the public data; see the docs.")] = None
    size: Annotated[str, StudyOption("small (minutes) or default (hours).", choices=tuple(SIZES))] = "default"
    start: Annotated[
        str, StudyOption("Weights of the transformer: random, mlm, or a checkpoint's folder.")
    ] = "random"
    trainings: Annotated[int, StudyOption("Of each model, with other seeds: 2 or more; 1 for a look.")] = 3
    seed: int = 0

    name = "dnabert2"

    def __post_init__(self) -> None:
        check_choices(self)
        if self.trainings < 1:
            raise InputError(f"--trainings {self.trainings}: expected 2 or more, or 1 for a look")
        if self.start == "mlm" and (self.data is None or not (self.data / GENOME).is_file()):
            raise InputError(
                f"--start mlm learns from the file {GENOME} in the folder of --data: it is not there"
            )
        check_data(self.tasks, self.data)
        if self.start not in ("random", "mlm") and not Path(self.start).is_dir():
            raise InputError(f"--start {self.start}: expected random, mlm, or the folder of a checkpoint")

    @property
    def tasks(self) -> tuple[str, ...]:
        """What is learnt; without the public data only what is simulated can be."""
        if self.task is not None:
            return self.task
        usual = tuple(name for name, task in TASKS.items() if task.usual)
        return ("simulated",) if self.data is None else usual

    def about(self) -> dict[str, Any]:
        """All that decides the results."""
        told = {"tasks": self.tasks, "size": self.size, "start": self.start, "tokens": TOKENS}
        told |= {"bpe_dropout": BPE_DROPOUT, "trainings": self.trainings, "seed": self.seed}
        return told | {"training": self._size.training, "explained": self._size.explained}

    def prepare(self, folder: Path, say: Say) -> None:
        """Architectures, and the data of every task."""
        say(f"data: {', '.join(self.tasks)}")
        for name, fields in (("cnn", CNN), ("transformer", self._size.transformer)):
            (folder / f"{name}.json").write_text(json.dumps(fields, indent=1) + "\n")
        amount = SequenceCounts(self._size.training, self._size.explained)
        for task in self.tasks:
            write_task(task, folder / task / "data", self.data, amount, self.seed)

    def commands(self) -> Sequence[Command]:
        """Pre-train if asked, then for every task: train, explain, evaluate, compare."""
        return [
            *self._pretraining(),
            *self._training(),
            *self._explaining(),
            *self._evaluating(),
            *self._comparing(),
        ]

    def conclude(self, folder: Path) -> Sequence[str]:
        """Tables over all trainings of all tasks, and what they show."""
        return conclude(folder, list(self._runs()), {task: TASKS[task].sites for task in self.tasks})

    @property
    def _size(self) -> Dnabert2Size:
        return SIZES[self.size]

    def _pretraining(self) -> Iterator[Command]:
        if self.start == "mlm":
            yield command(
                "pretraining", "train", objective="mlm", arch="transformer.json", genome=self._genome,
                tokens=TOKENS, window=100, windows=self._size.training,
                epochs=self._size.pretraining_epochs, resume=True, seed=self.seed, output="pretrained",
            )  # fmt: skip

    @property
    def _genome(self) -> Path:
        return (self.data or Path()).resolve() / GENOME

    def _training(self) -> Iterator[Command]:
        for task, number in product(self.tasks, range(self.trainings)):
            tables = {part: f"{task}/data/{part}.csv" for part in ("train", "validation", "test")}
            yield self._transformer(task, number, tables)
            yield command(
                f"{task}-cnn-{number}", "train",
                arch="cnn" if TASKS[task].pooling == "flatten" else "cnn.json", **tables,
                epochs=self._size.cnn_epochs, resume=True, seed=self.seed + number,
                output=f"{task}/cnn/{number}/model",
            )  # fmt: skip

    def _transformer(self, task: str, number: int, tables: dict[str, str]) -> Command:
        epochs = self._size.transformer_epochs
        own: dict[str, Any] = {"arch": "transformer.json", "tokens": TOKENS, "learning_rate": 1e-3}
        if self.start == "mlm":
            own = {"arch": "pretrained", "learning_rate": 1e-3}
        elif self.start != "random":
            own = {"arch": Path(self.start).resolve()}
        return command(
            f"{task}-transformer-{number}", "train", **own, **tables, bpe_dropout=BPE_DROPOUT, epochs=epochs,
            patience=epochs, resume=True, seed=self.seed + number,
            output=f"{task}/transformer/{number}/model",
            after=["pretraining"] if self.start == "mlm" else [],
        )  # fmt: skip

    def _explaining(self) -> Iterator[Command]:
        for run in self._runs():
            yield run.explain(*METHODS[run.kind][run.name], self._size.steps, self.seed)

    def _evaluating(self) -> Iterator[Command]:
        for run in self._runs():
            yield run.evaluate("sites.bed", self.seed, level=self._size.level, sequences=self._size.asked)

    def _comparing(self) -> Iterator[Command]:
        """The explanations of both models, of the trainings that have one number."""
        for task, number in product(self.tasks, range(self.trainings)):
            runs = [run for run in self._runs() if (run.task, run.training) == (task, number)]
            yield command(
                f"{task}-comparison-{number}", "compare", *(run.scores for run in runs),
                label=tuple(f"{run.kind}-{run.name}" for run in runs), overwrite=True,
                output=f"{task}/comparison/{number}", after=[run.evaluated for run in runs],
            )  # fmt: skip

    def _runs(self) -> Iterator[ExplainedTraining]:
        """Every explanation of every training of both models, one task after the other."""
        for task, (kind, methods) in product(self.tasks, METHODS.items()):
            for number, name in product(range(self.trainings), methods):
                yield ExplainedTraining(task, kind, number, name)
