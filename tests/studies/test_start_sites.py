"""Windows around start sites, and what is no table of them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from relevome.errors import InputError
from relevome.studies.start_sites import start_sites, write_tables

HEADER = "position_NC_000913.3\tstrand\tsource_info\n"
GENOME = ">toy\n" + "ACGTTGCA" * 50 + "\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no table of start sites"),
        ("a\tb\n1\t2\n", "no table of start sites"),
        (HEADER + "far\t+\tstorz\n", "no table of start sites"),
        (HEADER + "\t+\tstorz\n", "no table of start sites"),
        (b"\xff\xfe\x00\x01" * 40, "no table of start sites"),
        (HEADER + "101\t+\twanner\n", "has no start site on"),
        (HEADER + "101\t+\tstorz\n", r"to train with: download them again"),
    ],
    ids=["empty", "other columns", "no number", "no position", "binary", "none marked", "one part"],
)
def test_a_table_that_is_none_is_one_clear_line(write, content, reason):
    genome, table = write("g.fa", GENOME), write("t.tsv", content)
    with pytest.raises(InputError, match=reason) as error:
        start_sites(genome, table, seed=0)
    assert "\n" not in str(error.value)
    assert str(table) in str(error.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GENOME + GENOME.replace("toy", "plasmid"), "has 2 sequences: expected one"),
        ("no genome\n", "cannot index genome|has 0 sequences"),
        (b"\x1f\x8b\x08damaged", "damaged gzip file"),
    ],
    ids=["two chromosomes", "text", "damaged"],
)
def test_a_genome_that_is_none_is_one_clear_line(write, content, reason):
    genome, table = write("g.fa", content), write("t.tsv", HEADER + "101\t+\tstorz\n")
    with pytest.raises(InputError, match=reason):
        start_sites(genome, table, seed=0)


def test_parts_never_lie_side_by_side(shared: Path):
    ecoli = shared / "data" / "ecoli"
    sites = start_sites(ecoli / "NC_000913.3.fna.gz", ecoli / "tss_thomason_wanner_regulondb.tsv", seed=1)
    ends = {
        part: (min(places), max(places))
        for part in ("test", "train", "validation")
        for places in [[site.position for site in sites if site.part == part]]
    }
    assert ends["test"][1] < 1_000_000 <= ends["train"][0]
    assert ends["train"][1] < 4_200_000 <= ends["validation"][0]
    for part in ends:
        assert sum(site.real for site in sites if site.part == part) * 2 == sum(s.part == part for s in sites)


def made_of(texts: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """The share of G and C of each sequence, and of each of the 16 pairs, counted by hand."""
    gc = np.array([(text.count("G") + text.count("C")) / len(text) for text in texts])
    counts = [Counter(a + b for a, b in pairwise(text)) for text in texts]
    pairs = np.array(
        [[one[a + b] / (len(texts.iloc[0]) - 1) for a in "ACGT" for b in "ACGT"] for one in counts]
    )
    return gc, pairs


def test_windows_that_are_matched_have_the_letters_and_pairs_of_start_sites(shared: Path, tmp_path: Path):
    genome = shared / "data" / "ecoli" / "NC_000913.3.fna.gz"
    table = shared / "data" / "ecoli" / "tss_thomason_wanner_regulondb.tsv"
    found = {}
    for name, matched in (("random", False), ("matched", True)):
        sites = start_sites(genome, table, seed=1, matched=matched)
        assert len({(site.position, site.strand) for site in sites}) == len(sites)
        for part in ("train", "validation", "test"):
            assert np.mean([site.real for site in sites if site.part == part]) == 0.5
        (tmp_path / name).mkdir()
        write_tables(tmp_path / name, genome, [site for site in sites if site.part == "validation"])
        rows = pd.read_csv(tmp_path / name / "validation.csv")
        real, others = (made_of(rows[rows.label == label].sequence) for label in (1, 0))
        found[name] = (
            # by share of G and C in order, how far the two classes are apart, and in mean shares of pairs
            np.abs(np.sort(real[0]) - np.sort(others[0])).max(),
            np.abs(real[0].mean() - others[0].mean()),
            np.abs(real[1].mean(0) - others[1].mean(0)).sum() / 2,
        )
    assert found["random"][0] > 0.04
    assert found["random"][1] > 0.02
    assert found["random"][2] > 0.03
    assert found["matched"][0] <= 0.02
    assert found["matched"][1] < 0.002
    assert found["matched"][2] < 0.01
