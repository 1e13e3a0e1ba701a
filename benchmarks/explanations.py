"""Which explanation is worth what: every method and rule on models of every kind, five trainings of each.

It is ``relevome study explanations`` with all that the public data allow: simulated sites and a grammar with
logic, known promoters of E. coli, signal peptides; CNNs and transformers on single letters, k-mers and byte
pairs. Hours on two cores; a study that was stopped goes on in the folder of ``RELEVOME_EXPLANATIONS``.

Target: the explanation to take for each kind of model, chosen by the trainings of even numbers for its mean
place over all tasks and questions, comes first by the odd ones too.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks import Row, data
from relevome.cli.app import run_command
from relevome.studies.carry_out import carry_out
from relevome.studies.explanations import KINDS, ExplanationsStudy

FOLDER = "RELEVOME_EXPLANATIONS"


def measure(quick: bool = False) -> list[Row]:
    """What the study says; quick: two small trainings of a CNN on one task."""
    study = ExplanationsStudy(
        task=("simulated",) if quick else None,
        kind=("cnn",) if quick else tuple(KINDS),
        trainings=2 if quick else 5,
        data=data("ecoli").parent,
        size="small" if quick else "default",
    )
    said: list[str] = []
    given = os.environ.get(FOLDER)
    with tempfile.TemporaryDirectory() as name:
        carry_out(study, Path(given or Path(name) / "study"), run_command, 2, said.append)
    return [Row(*line.split(": ", 1)) for line in said if not line.startswith("[") and ": " in line]
