"""A model that has learnt something, from training to the words about its explanations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import relevome
from relevome.attribution import Relevance, methods
from relevome.data.inputs import from_fasta
from relevome.data.sequences import DNA, Sequence
from relevome.data.simulation.background import Background
from relevome.data.simulation.grammar import promoter_grammar
from relevome.data.simulation.sequence_files import write_simulation
from relevome.data.simulation.sequences import SimulationPlan
from relevome.data.sites import Site, read_sites
from relevome.jobs.train import train
from relevome.models.base import Batch, Model
from relevome.results.evaluation.checks import Check
from relevome.results.run.reader import Run
from relevome.training.settings import TrainingSettings
from tests.evaluation.example_runs import changed

PROMOTERS = 24
Truth = dict[str, list[Site]]


@dataclass(frozen=True)
class Edges:
    """Where neighbouring letters differ, as an edge detector would say of a picture."""

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance that asks the model for nothing but the score."""
        with model.frozen(), torch.inference_mode():
            scores = model.scores(model.inputs(batch), batch).tolist()
        return [
            Relevance(tokens, target, score, letters=edges(tokens.sequence.letters))
            for tokens, target, score in zip(batch.tokens, batch.targets, scores, strict=True)
        ]


def edges(letters: str) -> np.ndarray:
    return np.abs(np.gradient(np.array(["ACGT".index(letter) for letter in letters], dtype=float)))


@pytest.fixture(scope="module")
def registered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        methods.discover()
        patch.setitem(methods._entries, "edges", Edges)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CNN that tells promoters from their shuffles, nearly as in the demo; and its data."""
    place = tmp_path_factory.mktemp("trained")
    plan = SimulationPlan(promoter_grammar(), 80, Background.with_gc(0.5), seed=0, position=70)
    write_simulation(place / "data", plan, 400, 400)
    tables = {name: place / "data" / f"{name}.csv" for name in ("train", "validation", "test")}
    settings = TrainingSettings(
        "cnn", tables["train"], tables["validation"], place / "model", test=tables["test"], epochs=5,
        batch_size=32, learning_rate=5e-3, seed=0,
    )  # fmt: skip
    assert (train(settings).metrics["test"]["auroc"] or 0) > 0.9
    return place


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return relevome.load_model(folder / "model")


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return read_sites(folder / "data" / "test.truth.bed")


@pytest.fixture(scope="module")
def promoters(folder: Path, truth: Truth) -> list[Sequence]:
    read = from_fasta(folder / "data" / "test.fasta", DNA).read()
    return [one for one in read if isinstance(one, Sequence) and one.id in truth][:PROMOTERS]


def verdict(run: Run, model: Model) -> Check:
    """What `relevome evaluate` says of weight randomisation."""
    found = relevome.evaluate(run, model=model, metrics=["sanity"], null=0)
    (check,) = [one for one in found.checks if one.name == "weight randomisation"]
    assert (check in found.failed) == (check.outcome == "fail")
    return check


def test_a_method_that_looks_only_at_letters_fails_weight_randomisation(
    registered: None, model: Model, promoters: list[Sequence], tmp_path: Path
) -> None:
    check = verdict(relevome.explain(model, promoters, "edges", 1, out=tmp_path / "run"), model)
    assert check.outcome == "fail"
    assert check.sentence == (
        "fails weight randomisation: with all 4 layers at random, Spearman of |relevance| with the original "
        f"is 1.00 (mean of {PROMOTERS} sequences), and at most 0.50 is expected; it hardly shows what the "
        "model has learnt"
    )


@pytest.mark.parametrize("method", ["attnlrp", "gradient-x-input"])
def test_a_method_that_looks_at_the_model_passes(
    model: Model, promoters: list[Sequence], tmp_path: Path, method: str
) -> None:
    check = verdict(relevome.explain(model, promoters, method, 1, out=tmp_path / "run"), model)
    assert check.outcome == "pass", check.sentence
    assert check.sentence.startswith("passes weight randomisation: with all 4 layers at random, Spearman")


@pytest.fixture(scope="module")
def right(model: Model, promoters: list[Sequence], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return relevome.explain(model, promoters, "attnlrp", 1, out=tmp_path_factory.mktemp("right") / "run")


def against_random_orders(run: Run, model: Model, truth: Truth) -> dict[str, Check]:
    """The checks of where relevance lies and what it does, by metric."""
    found = relevome.evaluate(
        run, truth, model=model, metrics=["localisation", "area-between-curves"], null=0, fast=True
    )
    return {check.metric: check for check in found.checks}


def test_an_inverted_map_of_a_trained_model_is_called_inverted(
    model: Model, right: Run, truth: Truth, tmp_path: Path
) -> None:
    inverted = changed(right, tmp_path / "inverted", lambda relevance: -relevance)
    found = against_random_orders(inverted, model, truth)
    for metric in ("auroc", "point-biserial", "area-between-curves"):
        assert found[metric].outcome == "fail"
        assert found[metric].inverted
    assert (
        "; relevance lies significantly off the known sites: the map may be inverted, or explain another "
        "target; the model's own mutagenesis has 0."
    ) in found["auroc"].sentence
    assert found["auroc"].sentence.endswith(", which is more than that null: the method fails")
    assert found["area-between-curves"].sentence.endswith(
        "it is significantly worse than a random order; the map may be inverted"
    )


def test_the_same_map_upright_is_no_more_than_what_its_places_are(
    model: Model, right: Run, truth: Truth
) -> None:
    """All boxes are planted at one place, where the mean of the other sequences is as good."""
    found = against_random_orders(right, model, truth)
    assert found.pop("area-between-curves").outcome == "pass"
    for check in found.values():
        assert (check.outcome, check.inverted) == ("fail", False)
        assert "strongest null, the mean of the other sequences at every place" in check.sentence
