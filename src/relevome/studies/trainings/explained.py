"""One explanation of one training of a model, in a study that trains every model several times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from relevome.studies.recipe import Command, command


class ExplainedTraining(NamedTuple):
    """Its task, the kind of model, the number of the training, and the name of the explanation in tables.

    Folders are those of ``TASK/KIND/NUMBER`` in the study.
    """

    task: str
    kind: str
    training: int
    name: str

    @property
    def trained(self) -> str:
        """The name of the command that trains the model."""
        return f"{self.task}-{self.kind}-{self.training}"

    @property
    def model(self) -> str:
        """The folder of the model."""
        return f"{self.task}/{self.kind}/{self.training}/model"

    @property
    def run(self) -> str:
        """The folder of the run."""
        return f"{self.task}/{self.kind}/{self.training}/runs/{self.name}"

    @property
    def scores(self) -> str:
        """The folder of its evaluation."""
        return f"{self.task}/{self.kind}/{self.training}/scores/{self.name}"

    @property
    def evaluated(self) -> str:
        """The name of the command that evaluates it."""
        return f"{self.trained}-{self.name}-scores"

    def explain(self, method: str, options: Mapping[str, Any], steps: int | None, seed: int) -> Command:
        """Explain the sequences of the task; ``steps`` are those of integrated gradients, None for enough."""
        if method == "integrated-gradients":
            options = {**options, "steps": steps}
        return command(
            f"{self.trained}-{self.name}", "explain", model=self.model,
            fasta=f"{self.task}/data/explained.fasta", method=method, target=1, contrast=0, **options,
            seed=seed, output=self.run, after=[self.trained],
        )  # fmt: skip

    def evaluate(self, truth: str, seed: int, **options: object) -> Command:
        """Evaluate the run against a file of the task's data; ``options`` say what is measured, and where."""
        return command(
            self.evaluated, "evaluate", self.run, truth=f"{self.task}/data/{truth}", **options, fast=True,
            seed=seed, overwrite=True, output=self.scores, after=[f"{self.trained}-{self.name}"],
        )  # fmt: skip
