"""Study C: which attention heads of a protein transformer carry what a prediction rests on?

After Wenzel, Gruner & Strodthoff (2024, doi 10.1093/bioinformatics/btae031). A model learns to tell two kinds
of proteins apart; relevance of the prediction is carried to every residue and into every head, and compared
across proteins with annotated segments, beside models with random weights and other nulls; residues are
replaced by their relevance; all methods are evaluated alike. Every model is trained several times, on the
same data with other seeds, and what is claimed holds in every training. The steps below are the whole study.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

from relevome.data.inputs import sha256_of
from relevome.errors import InputError
from relevome.jobs import Say
from relevome.studies import studies
from relevome.studies.enzymes import ENZYMES, EnzymeFiles, Enzymes, read_enzymes, write_enzymes
from relevome.studies.prepared import check_files, prepare_once
from relevome.studies.protein_summary import conclude
from relevome.studies.protein_tasks import (
    PARTS,
    PROTEIN_TASKS,
    ExplainedClass,
    ProteinLimits,
    write_protein_task,
)
from relevome.studies.recipe import Command, StudyOption, check_choices, command

# A name in tables, the method, its options. The published study integrates from [PAD], whose embedding is
# nothing at all in many models, where a layer norm behind it has no slope: so the unknown letter is ours.
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "integrated-gradients": ("integrated-gradients", {"site": "block", "heads": True}),
    "integrated-gradients-pad": (
        "integrated-gradients",
        {"site": "block", "baseline": "pad", "heads": True},
    ),
    "attnlrp": ("attnlrp", {"heads": True}),
    "gradient-x-input": ("gradient-x-input", {}),
}

# An ESM-2 in small, without the rescaling of embeddings that only masked training needs.
MODEL = {
    "model_type": "esm",
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "position_embedding_type": "rotary",
    "max_position_embeddings": 1026,
    "token_dropout": False,
    "emb_layer_norm_before": True,
    "attention_probs_dropout_prob": 0.0,  # with it attention is not fused, and takes twice as long
}


@dataclass(frozen=True)
class ProteinFunctionSize:
    """How much is done: proteins, passes over them, steps of integration, models with random weights.

    ``asked`` are the proteins on which the model is asked again, by `relevome evaluate`.
    """

    proteins: ProteinLimits
    epochs: int
    steps: int
    random: int
    asked: int


SIZES = {
    "small": ProteinFunctionSize(ProteinLimits(160, 12, 128), 10, 8, 2, 6),
    "default": ProteinFunctionSize(ProteinLimits(1_000_000, 200, 512), 10, 32, 10, 20),
    "published": ProteinFunctionSize(ProteinLimits(1_000_000, 1_000, 998), 10, 500, 10, 100),
}


@studies.register("protein-function")
@dataclass(frozen=True)
class ProteinFunctionStudy:
    """Find the attention heads of a protein transformer whose relevance lies on annotated segments.

    Example: relevome study protein-function --task signal-peptide --data DATA -o study

    Example: relevome study protein-function --proteins uniprot.xml.gz --start CHECKPOINT -o study
    """

    data: Annotated[Path | None, StudyOption("Folder of the public data; see the docs.")] = None
    proteins: Annotated[
        Path | None, StudyOption("Enzymes of your own: UniProt XML or flat text, or a table.")
    ] = None
    annotations: Annotated[Path | None, StudyOption("Where their sites are (default: with the enzymes).")] = (
        None
    )
    clusters: Annotated[Path | None, StudyOption("Their clusters by identity, as for train.")] = None
    task: Annotated[
        tuple[str, ...] | None,
        StudyOption(
            "membrane, signal-peptide or enzymes; may be repeated (default: all that is given).",
            choices=(*PROTEIN_TASKS, ENZYMES),
        ),
    ] = None
    size: Annotated[
        str,
        StudyOption("small (minutes), default (an hour) or published (for a GPU).", choices=tuple(SIZES)),
    ] = "default"
    start: Annotated[str, StudyOption("Weights of the model: random, or a checkpoint's folder.")] = "random"
    trainings: Annotated[
        int, StudyOption("Of each model, with other seeds; what one alone shows is not claimed.")
    ] = 3
    seed: int = 0

    name = "protein-function"

    def __post_init__(self) -> None:
        if self.proteins is None and (self.annotations or self.clusters):
            raise InputError("--annotations and --clusters are of --proteins: add those, or leave them out")
        if self.task is None and not self.tasks:
            raise InputError(
                "no proteins to study: expected the public ones (--data), or enzymes (--proteins)"
            )
        check_choices(self)
        if self.trainings < 1:
            raise InputError(f"--trainings {self.trainings}: expected 1 or more, 2 for what holds over them")
        for task in self.tasks:
            if task in PROTEIN_TASKS:
                check_files(task, PROTEIN_TASKS[task].needs, self.data)
        if (ENZYMES in self.tasks) != (self.enzymes is not None):
            raise InputError(
                f"the task {ENZYMES} and the proteins that it reads (--proteins) go together: give both, or "
                "neither"
            )
        for path in () if self.enzymes is None else self.enzymes.paths:
            if not path.is_file():
                raise InputError(f"{path} is not there: expected a file")
        if self.start != "random" and not Path(self.start).is_dir():
            raise InputError(f"--start {self.start}: expected random, or the folder of a checkpoint")

    @property
    def enzymes(self) -> EnzymeFiles | None:
        """The user's own proteins, and what belongs to them."""
        return None if self.proteins is None else EnzymeFiles(self.proteins, self.annotations, self.clusters)

    @property
    def tasks(self) -> tuple[str, ...]:
        """What is learnt: all that there is data for, unless it was said."""
        if self.task is not None:
            return self.task
        public = () if self.data is None else tuple(PROTEIN_TASKS)
        return public if self.proteins is None else (*public, ENZYMES)

    def about(self) -> dict[str, Any]:
        """All that decides the results."""
        told: dict[str, Any] = {
            "tasks": self.tasks, "size": self.size, "start": self.start,
            "trainings": self.trainings, "seed": self.seed,
        }  # fmt: skip
        if self.enzymes is not None:
            told["read"] = {str(path): sha256_of(path) for path in self.enzymes.paths}
        return told | {"amount": asdict(self._size)}

    def prepare(self, folder: Path, say: Say) -> None:
        """The architecture, and the data of every task."""
        say(f"data: {', '.join(self.tasks)}")
        (folder / "model.json").write_text(json.dumps(MODEL, indent=1) + "\n", encoding="utf-8")
        for task in self.tasks:
            prepare_once(folder / task / "data", partial(self._write, task))

    def _write(self, task: str, folder: Path) -> None:
        if task == ENZYMES:
            write_enzymes(self._enzymes, folder)
        else:
            write_protein_task(task, folder, self.data or folder, self._size.proteins, self.seed)

    @cached_property
    def _enzymes(self) -> Enzymes:
        if self.enzymes is None:
            raise AssertionError("checked when this was made")
        return read_enzymes(self.enzymes, self._size.proteins, self.seed)

    def commands(self) -> Sequence[Command]:
        """For every task and training: train, explain, ask the heads, substitute, evaluate, compare."""
        return [
            one
            for task in self.tasks
            for training in range(self.trainings)
            for one in self._of_training(task, training)
        ]

    def conclude(self, folder: Path) -> Sequence[str]:
        """Tables over all tasks and trainings, and what they show."""
        return conclude(folder, [one for task in self.tasks for one in self._explained(task)], self.trainings)

    @property
    def _size(self) -> ProteinFunctionSize:
        return SIZES[self.size]

    def _explained(self, task: str) -> list[ExplainedClass]:
        return (
            [one.explained for one in self._enzymes.classes] if task == ENZYMES else [ExplainedClass.of(task)]
        )

    def _of_training(self, task: str, training: int) -> Iterator[Command]:
        yield self._learning(task, training)
        for one in self._explained(task):
            folder, called = one.made(training), f"{one.name}-{training}"
            for name, (method, options) in METHODS.items():
                steps = self._size.steps if method == "integrated-gradients" else None
                yield command(
                    f"{called}-{name}", "explain", model=one.model(training), fasta=one.fasta, method=method,
                    target=one.target, contrast=one.contrast, **options, steps=steps,
                    rare_as_x=task == ENZYMES, seed=self.seed, output=f"{folder}/runs/{name}",
                    after=[f"{task}-{training}-model"],
                )  # fmt: skip
            for name in METHODS:
                yield from self._asking(one, training, name)
            yield command(
                f"{called}-comparison", "compare", *(f"{folder}/scores/{name}" for name in METHODS),
                overwrite=True, output=f"{folder}/comparison",
                after=[f"{called}-{name}-scores" for name in METHODS],
            )  # fmt: skip

    def _learning(self, task: str, training: int) -> Command:
        tables = {part: f"{task}/data/{part}.csv" for part in PARTS}
        own: dict[str, Any] = {"arch": "model.json", "alphabet": "protein", "learning_rate": 1e-3}
        if self.start != "random":
            own = {"arch": Path(self.start).resolve()}
        if task == ENZYMES:
            own |= {"task": "multi-class", "rare_as_x": True}
        return command(
            f"{task}-{training}-model", "train", **own, **tables, batch_size=16, class_weights=True,
            best="auroc", epochs=self._size.epochs, patience=4, resume=True, seed=self.seed + training,
            output=f"{task}/{training}/model",
        )  # fmt: skip

    def _asking(self, one: ExplainedClass, training: int, name: str) -> Iterator[Command]:
        """What a run is worth: its heads, substitution by its relevance, all metrics."""
        folder, called = one.made(training), f"{one.name}-{training}-{name}"
        run, after = f"{folder}/runs/{name}", [called]
        if METHODS[name][1].get("heads"):
            yield command(
                f"{called}-heads", "heads", by="relevance", run=run, annotations=one.segments,
                type=one.kinds, clusters=one.clusters, random=self._size.random, seed=self.seed,
                overwrite=True, output=f"{folder}/heads/{name}", after=after,
            )  # fmt: skip
        yield command(
            f"{called}-substitution", "substitute", run, seed=self.seed, overwrite=True,
            output=f"{folder}/substitution/{name}", after=after,
        )  # fmt: skip
        yield command(
            f"{called}-scores", "evaluate", run, truth=one.segments, level="letters",
            sequences=self._size.asked, fast=True, seed=self.seed, overwrite=True,
            output=f"{folder}/scores/{name}", after=after,
        )  # fmt: skip
