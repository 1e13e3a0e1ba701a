"""Which explanation is worth what: every method on models of every kind, over several trainings of each.

Nobody published this one. Tasks with known sites are learnt by a CNN and by transformers that read single
letters, k-mers and byte pairs, each several times; every method and rule explains every training, and all are
evaluated alike. What is said holds over trainings and sequences together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.jobs import Say
from relevome.models.own_tokenizers import kmer_tokenizer
from relevome.studies import studies
from relevome.studies.dnabert2 import CNN, TRANSFORMER
from relevome.studies.explanation_summary import METRICS, ROBUSTNESS, conclude
from relevome.studies.prepared import prepare_once
from relevome.studies.protein_tasks import PROTEIN_TASKS, ProteinLimits, write_protein_task
from relevome.studies.recipe import Command, StudyOption, check_choices, command
from relevome.studies.tasks import EFFECTS, EVERY, SequenceCounts, check_data, write_task
from relevome.studies.trainings.explained import ExplainedTraining
from relevome.studies.trainings.over import REFERENCE

K = 6  # letters of every word of the model of k-mers, as in DNABERT

_Options = dict[str, Any]

# A name in tables, the method, its options.
_ALL: dict[str, tuple[str, _Options]] = {
    "gradient-x-input": ("gradient-x-input", {}),
    "saliency": ("saliency", {}),
    "integrated-gradients": ("integrated-gradients", {}),
    "mutagenesis": ("mutagenesis", {}),
}
_CNN: dict[str, tuple[str, _Options]] = {
    **_ALL,
    "gradient-x-input-mean": ("gradient-x-input", {"reference": "mean"}),
    "integrated-gradients-shuffles": ("integrated-gradients", {"baseline": "shuffle:5"}),
    "lrp": ("lrp", {}),
}
_TRANSFORMER: dict[str, tuple[str, _Options]] = {
    **_ALL,
    "attnlrp": ("attnlrp", {}),
    "attnlrp-block-mean": ("attnlrp", {"site": "block", "reference": "mean"}),
    "attnlrp-cp": ("attnlrp", {"rules": "attention=cp"}),
    "attnlrp-gim": ("attnlrp", {"rules": "attention=gim"}),
    "rollout": ("rollout", {}),
}
_BYTE_PAIRS = _TRANSFORMER | {"attnlrp-averaged": ("attnlrp", {"tokenisations": 10})}


class Kind(NamedTuple):
    """A kind of model: how it is trained, and how it is explained."""

    train: _Options
    methods: dict[str, tuple[str, _Options]]
    proteins: bool = False


KINDS = {
    "cnn": Kind({"arch": "cnn"}, _CNN, proteins=True),
    "letters": Kind({"arch": "transformer"}, _TRANSFORMER, proteins=True),
    "k-mers": Kind({"arch": "k-mers.json", "tokenizer": "k-mers"}, _TRANSFORMER),
    "byte-pairs": Kind({"arch": "byte-pairs.json", "tokens": 256, "learning_rate": 1e-3}, _BYTE_PAIRS),
}
_KMERS = {
    "model_type": "bert", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 128, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class ExplanationsSize:
    """How much is done: sequences to learn from and to explain, epochs of CNNs and of transformers."""

    training: int
    explained: int
    cnn_epochs: int
    transformer_epochs: int
    steps: int | None = None


SIZES = {
    "small": ExplanationsSize(600, 8, 2, 2, 8),
    "default": ExplanationsSize(10_000, 40, 5, 5, 32),
}


@studies.register("explanations")
@dataclass(frozen=True)
class ExplanationsStudy:
    """Compare all methods on models of several kinds, each trained several times: what holds over trainings?

    Example: relevome study explanations --task simulated --kind cnn -o study
    """

    task: Annotated[
        tuple[str, ...] | None,
        StudyOption(
            "May be repeated (default: simulated, and; with --data also promoters and signal-peptide).",
            choices=(*EVERY, *PROTEIN_TASKS),
        ),
    ] = None
    kind: Annotated[
        tuple[str, ...], StudyOption("Of models; may be repeated (default: all).", choices=tuple(KINDS))
    ] = tuple(KINDS)
    trainings: Annotated[int, StudyOption("Of each model, with other seeds: 2 or more.")] = 5
    data: Annotated[Path | None, StudyOption("Folder of the public data; see the docs.")] = None
    size: Annotated[str, StudyOption("small (minutes) or default (hours).", choices=tuple(SIZES))] = "default"
    seed: int = 0

    name = "explanations"

    def __post_init__(self) -> None:
        check_choices(self)
        if self.trainings < 2:
            raise InputError(f"--trainings {self.trainings}: expected 2 or more, for what holds over them")
        proteins = [task for task in self.tasks if task in PROTEIN_TASKS]
        if proteins and self.data is None:
            raise InputError(f"the task {proteins[0]} needs --data: the folder of the public data")
        check_data([task for task in self.tasks if task in EVERY], self.data)
        if not list(self._models()):
            raise InputError("models of k-mers and byte pairs read DNA: expected --kind cnn or letters too")

    @property
    def tasks(self) -> tuple[str, ...]:
        """What is learnt; without the public data only what is simulated can be."""
        if self.task is not None:
            return self.task
        simulated = ("simulated", "and")
        return simulated if self.data is None else (*simulated, "promoters", "signal-peptide")

    def about(self) -> dict[str, Any]:
        """All that decides the results."""
        told = {"tasks": self.tasks, "kinds": self.kind, "trainings": self.trainings, "size": self.size}
        return told | {"seed": self.seed}

    def prepare(self, folder: Path, say: Say) -> None:
        """Architectures, the tokenizer of k-mers, and the data of every task."""
        say(f"data: {', '.join(self.tasks)}")
        for name, fields in (("cnn", CNN), ("k-mers", _KMERS), ("byte-pairs", TRANSFORMER)):
            (folder / f"{name}.json").write_text(json.dumps(fields, indent=1) + "\n")
        prepare_once(folder / "k-mers", _write_kmers)
        for task in self.tasks:
            self._write(task, folder / task / "data")

    def commands(self) -> Sequence[Command]:
        """Train, explain and evaluate, one task after the other."""
        steps = (self._training, self._explaining, self._evaluating)
        return [one for task in self.tasks for step in steps for one in step(task)]

    def conclude(self, folder: Path) -> Sequence[str]:
        """Tables over all trainings, and what they show."""
        return conclude(folder, list(self._runs()))

    @property
    def _size(self) -> ExplanationsSize:
        return SIZES[self.size]

    def _write(self, task: str, folder: Path) -> None:
        if task in EVERY:
            amount = SequenceCounts(self._size.training, self._size.explained)
            write_task(task, folder, self.data, amount, self.seed)
        elif self.data is not None:
            limits = ProteinLimits(self._size.training, self._size.explained, 200)
            write = partial(write_protein_task, task, data=self.data, amount=limits, seed=self.seed)
            prepare_once(folder, write)

    def _models(self, *tasks: str) -> Iterator[tuple[str, str, int]]:
        """Task, kind and number of every training, of some tasks or of all."""
        for task in tasks or self.tasks:
            for kind in self.kind:
                if KINDS[kind].proteins or task in EVERY:
                    yield from ((task, kind, number) for number in range(self.trainings))

    def _runs(self, *tasks: str) -> Iterator[ExplainedTraining]:
        """Every explanation of every training, of some tasks or of all."""
        for model in self._models(*tasks):
            yield from (ExplainedTraining(*model, name) for name in KINDS[model[1]].methods)

    def _training(self, task: str) -> Iterator[Command]:
        for _, kind, number in self._models(task):
            epochs = self._size.cnn_epochs if kind == "cnn" else self._size.transformer_epochs
            options = dict(KINDS[kind].train)
            if kind == "cnn" and (task in PROTEIN_TASKS or EVERY[task].pooling == "max"):
                options = {"arch": "cnn.json"}
            if task in PROTEIN_TASKS:
                options |= {"alphabet": "protein"}
            yield command(
                f"{task}-{kind}-{number}", "train", **options, epochs=epochs, patience=epochs, resume=True,
                **{part: f"{task}/data/{part}.csv" for part in ("train", "validation", "test")},
                seed=self.seed + number, output=f"{task}/{kind}/{number}/model",
            )  # fmt: skip

    def _explaining(self, task: str) -> Iterator[Command]:
        for run in self._runs(task):
            yield run.explain(*KINDS[run.kind].methods[run.name], self._size.steps, self.seed)

    def _evaluating(self, task: str) -> Iterator[Command]:
        sites = "segments.tsv" if task in PROTEIN_TASKS else EVERY[task].truth
        asked = tuple(name for name in METRICS if sites == EFFECTS or metrics[name].kind != "logic")
        for run in self._runs(task):
            # mutants of mutants are too many, and others are measured by it
            own = asked if run.name != REFERENCE else tuple(name for name in asked if name != ROBUSTNESS)
            yield run.evaluate(sites, self.seed, metrics=own, sequences=0)


def _write_kmers(folder: Path) -> None:
    kmer_tokenizer(K).save_pretrained(folder)
