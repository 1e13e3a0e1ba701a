"""Which explanation is worth what on models that others have trained, asked as `explanations` asks ours.

Donors by SpliceAI, its five networks as five trainings of one model: the logit of the donor less that of
``neither`` at the last letter of an exon, with 5,000 real letters on either side; sites are the last three
letters of the exon and the first six of the intron. Starts of translation by TIS Transformer, in mRNAs of up
to 800 letters, one of each gene: sites are the ATG, -3 and +4. Mouse chains by AntiBERTy (the species mouse
less human): sites are the framework residues that humanisation changes. Heavy chains by Sapiens: the cysteine
23, masked; there are no sites. Places far from a site count too. Of the donors, whose networks take seconds
for each, neither faithfulness nor robustness is asked. All but the donors are of one model each, so that
their intervals are over sequences alone.

The runs are kept in the folder of ``RELEVOME_EXPLANATIONS``, where a benchmark that was stopped goes on, with
`study.md` beside them.

Target: what `explain` takes without a method is first by the mean place over questions, as on our own models.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

import relevome
from benchmarks import Row, published
from benchmarks._splicing import chosen, fits, read_sites, read_strands
from benchmarks.antibody_chains import antiberty, chains, humanised
from benchmarks.explanations import FOLDER
from benchmarks.splice_sites import of_one_site, spliceai
from benchmarks.translation_starts import transcripts
from relevome.data.sites import Site
from relevome.evaluation.metrics import metrics as kinds
from relevome.jobs.evaluate import evaluate
from relevome.models.base import Model
from relevome.models.published.spliceai import CONTEXT
from relevome.results.evaluation.folder import is_scores
from relevome.studies.explanation_summary import METRICS, ROBUSTNESS, conclude
from relevome.studies.explanations import KINDS
from relevome.studies.trainings.explained import ExplainedTraining
from relevome.studies.trainings.over import REFERENCE

LONGEST, STEPS = 800, 16
DONOR = range(CONTEXT - 2, CONTEXT + 7)
START = (-3, 0, 1, 2, 3)
PLACES = ("auroc", "absolute-auroc", "mass-accuracy", "mutagenesis-spearman")
Sites = Mapping[str, list[Site]]


@dataclass(frozen=True)
class Question:
    """Sequences that a model is asked about, how, and where its sites are, if any are known."""

    sequences: Mapping[str, str]
    asked: Mapping[str, Any]
    sites: Sites | None = None
    metrics: Sequence[str] = tuple(METRICS)


@dataclass(frozen=True)
class PublishedTask:
    """A task of published models of one kind, which are loaded when it is their turn."""

    name: str
    kind: str
    models: Sequence[Callable[[], Model]]
    question: Question


def measure(quick: bool = False) -> list[Row]:
    """Every task, its table, and what is first; quick: two sequences and two explanations of each."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as made:
        given = os.environ.get(FOLDER)
        folder = Path(given, "published") if given else Path(made)
        weights = antiberty(Path(made))
        runs: list[ExplainedTraining] = []
        for task in tasks(weights, folder, 2 if quick else None):
            runs += explained(task, folder, 2 if quick else None)
        return [Row(*line.split(": ", 1)) for line in conclude(folder, runs, timed=False) if ": " in line]


def tasks(weights: Path, folder: Path, most: int | None) -> list[PublishedTask]:
    """All of them, of so many sequences at most."""
    networks = range(most or 5)
    return [
        PublishedTask("heavy-chains", "letters", [partial(_load, published("sapiens", "checkpoint_vh.pt"))],
                      of_heavy(most or 25)),
        PublishedTask("mouse-chains", "letters", [partial(_load, f"{weights}:species")], of_mice(most or 20)),
        PublishedTask("translation-starts", "letters", [partial(_load, published("tis_transformer"))],
                      of_starts(folder, most or 12)),
        PublishedTask("donors", "cnn", [partial(_network, one) for one in networks], of_donors(most or 4)),
    ]  # fmt: skip


def _load(path: str | Path) -> Model:
    return relevome.load_model(path, device="cpu")


def _network(which: int) -> Model:
    return of_one_site(spliceai(), slice(which, which + 1))


def of_heavy(most: int) -> Question:
    """Heavy chains whose 22nd residue is that cysteine, which the model has to say without seeing it."""
    found = {one.group: one.letters for one, heavy in chains(quick=False) if heavy and one.letters[21] == "C"}
    return Question(_first(found, most), {"target": "C", "position": 21, "mask_position": True})


def of_mice(most: int) -> Question:
    """Chains of antibodies before they were humanised, and what was changed."""
    found = {f"{one.group}-{number % 2}": one for number, one in enumerate(humanised(quick=False))}
    sites = {
        name: [Site(at, at + 1, "changed") for at, known in zip(one.asked, one.known, strict=True) if known]
        for name, one in found.items()
    }  # fmt: skip
    letters = _first({name: one.letters for name, one in found.items()}, most)
    return Question(letters, {"target": "Mouse", "contrast": "Human"}, sites)


def of_starts(folder: Path, most: int) -> Question:
    """One mRNA of every gene, with three letters before its start."""
    short = [one for one in transcripts() if len(one.sequence) <= LONGEST and one.start >= 3]
    found = {one.sequence.id: one for one in {one.gene: one for one in short}.values()}
    letters = _first({name: one.sequence.letters for name, one in found.items()}, most)
    folder.mkdir(parents=True, exist_ok=True)
    bed = folder / "starts.bed"
    bed.write_text("".join(f"{name}\t{found[name].start}\t{found[name].start + 1}\n" for name in letters))
    sites = {
        name: [Site(found[name].start + at, found[name].start + at + 1, "start") for at in START]
        for name in letters
    }
    return Question(letters, {"target": "start", "contrast": "no start", "positions": str(bed)}, sites)


def of_donors(most: int) -> Question:
    """Donors of genes that are new to the networks and of others, with their surroundings."""
    strands = read_strands()
    every = [site for site in read_sites(strands) if site.kind == "donor" and fits(site, strands)]
    letters, sites = {}, {}
    for site in chosen(every, most):
        name = f"{site.record}:{site.index}{site.strand}"
        around = slice(site.index - CONTEXT, site.index + CONTEXT + 1)
        letters[name] = strands[site.record, site.strand][around]
        sites[name] = [Site(DONOR.start, DONOR.stop, "donor")]
    return Question(letters, {"target": "donor", "contrast": "neither"}, sites, PLACES)


def _first(found: Mapping[str, str], most: int) -> dict[str, str]:
    return dict(list(found.items())[:most])


def explained(task: PublishedTask, folder: Path, most: int | None) -> list[ExplainedTraining]:
    """Every model of a task by every explanation of its kind; what is there already stays."""
    question, names = task.question, list(KINDS[task.kind].methods)[:most]
    metrics = [name for name in question.metrics if _computed(name, question)]
    runs = []
    for number, load in enumerate(task.models):
        model = load()
        for name in names:
            method, options = KINDS[task.kind].methods[name]
            if method == REFERENCE and len(next(iter(question.sequences.values()))) > LONGEST:
                continue  # of 10,001 letters
            asked = {**question.asked, **options}
            if method == "integrated-gradients":
                asked["steps"] = STEPS
            parts = folder / task.name / task.kind / str(number)
            run = relevome.explain(model, question.sequences, method, out=parts / "runs" / name, **asked)
            if not is_scores(parts / "scores" / name):
                own = [one for one in metrics if (method, one) != (REFERENCE, ROBUSTNESS)]
                evaluate(
                    run, question.sites, model=model, metrics=tuple(own), sequences=0, fast=True,
                    out=parts / "scores" / name,
                )  # fmt: skip
            runs.append(ExplainedTraining(task.name, task.kind, number, name))
    return runs


def _computed(metric: str, question: Question) -> bool:
    """Whether it can be: logic needs a grammar, and places need sites."""
    kind = kinds[metric].kind
    return kind != "logic" and (kind != "localisation" or question.sites is not None)
