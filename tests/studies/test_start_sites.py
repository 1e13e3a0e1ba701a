"""Windows around start sites, and what is no table of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from relevome.errors import InputError
from relevome.studies.start_sites import start_sites

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
