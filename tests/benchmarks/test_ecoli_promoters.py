"""A small version of the benchmark: fewer epochs, and 500 of the start sites explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import relevome
from benchmarks.ecoli_promoters import (
    METHODS,
    all_sites,
    genome,
    highest,
    mean_profile,
    train_cnn,
)
from relevome.data.inputs import from_bed
from relevome.jobs.train import TrainingResult
from relevome.studies.start_sites import UPSTREAM, StartSite, write_windows

EPOCHS, EXPLAINED = 3, 500


@pytest.fixture(scope="module")
def sites(shared: Path) -> list[StartSite]:
    return all_sites(seed=0)


@pytest.fixture(scope="module")
def trained(sites: list[StartSite], tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return train_cnn(tmp_path_factory.mktemp("ecoli"), sites, EPOCHS)


def test_every_table_has_as_many_random_windows_as_real_ones(sites: list[StartSite]) -> None:
    for part in ("train", "validation", "test"):
        assert np.mean([site.real for site in sites if site.part == part]) == 0.5
    assert len(set(sites)) == len({(site.position, site.strand) for site in sites}) == len(sites)


@pytest.mark.parametrize(("strand", "start"), [("+", 930), ("-", 971)])
def test_a_start_site_is_letter_70_of_its_window(strand: str, start: int) -> None:
    window = StartSite("chrom", 1000, strand, True).window
    assert (len(window), window.window(70, 71).start) == (100, 1000)
    assert window.start == start


def test_the_cnn_tells_promoters_from_random_windows(trained: TrainingResult) -> None:
    auroc = trained.metrics["test"]["auroc"]
    assert auroc is not None
    assert auroc >= 0.95


@pytest.mark.parametrize("method", METHODS)
def test_relevance_finds_both_elements_of_the_promoter(
    method: str, trained: TrainingResult, sites: list[StartSite], tmp_path: Path
) -> None:
    real = [site for site in sites if site.real and site.part == "test"][:EXPLAINED]
    model = relevome.load_model(trained.output)
    bed = write_windows(tmp_path / "real.bed", real)
    run = relevome.explain(model, from_bed(bed, genome(), model.alphabet), method)
    assert len(run) == EXPLAINED
    profile = mean_profile(run)
    assert highest(profile) in range(-14, -6)
    assert highest(profile[: UPSTREAM - 20]) in (-35, -34)
