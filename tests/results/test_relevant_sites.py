from __future__ import annotations

import csv
import math
from dataclasses import replace
from urllib.parse import unquote

import pytest

from relevome.data.formats.bed import BedLine, bed_lines
from relevome.errors import InputError
from relevome.results.relevant_sites import (
    RelevantSite,
    RelevantSites,
    SiteSettings,
    read_relevant_sites,
    write_relevant_sites,
)
from tests.names import NAMES

SITES = (
    RelevantSite("chr1", 3, 9, "+", 5, 0.5, 2.75, 1e-4, 0.01, "ACGTAC"),
    RelevantSite("chr1", 20, 24, "-", 23, 2.0, 8.0, 1e-5, 1.0, "GGGG"),
    RelevantSite("chr2", 0, 3, ".", 0, 1 / 3, 1e-6, 0.001, 0.05, "TTT"),
)


def made(sites=SITES) -> RelevantSites:
    counts = {"letters": 40, "stretches": 2, "peaks": 5, "null_peaks": 500}
    return RelevantSites({"run": "r"}, SiteSettings(), tuple(sites), 0.1, counts, {"no genome interval": 2})


def test_comes_back_as_it_was(tmp_path):
    write_relevant_sites(made(), tmp_path)
    found = read_relevant_sites(tmp_path)
    assert (found.sites, found.settings, found.about) == (SITES, SiteSettings(), {"run": "r"})
    assert (found.threshold, found.counts, found.left_out) == (0.1, made().counts, made().left_out)
    assert found.to_pandas()["summit"].tolist() == [5, 23, 0]
    assert repr(found) == repr(made())
    assert "3 sites of r, false discovery rate 0.05" in repr(found)


def test_narrow_peak_has_its_ten_columns(tmp_path):
    write_relevant_sites(made(), tmp_path)
    rows = [line.split("\t") for line in (tmp_path / "sites.narrowPeak").read_text().splitlines()]
    assert [len(row) for row in rows] == [10, 10, 10]
    for number, (row, site) in enumerate(zip(rows, SITES, strict=True), start=1):
        assert row[:4] == [site.chrom, str(site.start), str(site.end), f"site{number}"]
        assert (int(row[4]), row[5]) == (round(500 * site.height), site.strand)
        signal, p, q = map(float, row[6:9])
        assert signal == pytest.approx(site.height, rel=1e-5)
        assert p == pytest.approx(-math.log10(site.p), rel=1e-5)
        assert q == pytest.approx(-math.log10(site.q), abs=1e-5)
        assert site.start + int(row[9]) == site.summit
    assert rows[1][8] == "0", "and not minus 0"


def test_relevome_reads_its_own_narrow_peaks_with_summits(tmp_path):
    write_relevant_sites(made(), tmp_path)
    lines = [one for one in bed_lines(tmp_path / "sites.narrowPeak") if isinstance(one, BedLine)]
    found = [(one.interval.chrom, one.interval.start, one.interval.end, one.summit) for one in lines]
    assert found == [(site.chrom, site.start, site.end, site.summit - site.start) for site in SITES]


def test_bed_has_six_columns_and_the_same_sites(tmp_path):
    write_relevant_sites(made(), tmp_path)
    peaks, bed = ((tmp_path / f"sites.{end}").read_text().splitlines() for end in ("narrowPeak", "bed"))
    assert [line.split("\t") for line in bed] == [line.split("\t")[:6] for line in peaks]


def test_a_run_without_sites_leaves_empty_files(tmp_path):
    write_relevant_sites(replace(made(()), threshold=None), tmp_path)
    assert (tmp_path / "sites.narrowPeak").read_text() == (tmp_path / "sites.bed").read_text() == ""
    assert read_relevant_sites(tmp_path).sites == ()


def test_negative_sites_are_as_strong_as_they_are_low(tmp_path):
    write_relevant_sites(made([one._replace(height=-one.height) for one in SITES]), tmp_path)
    rows = [line.split("\t") for line in (tmp_path / "sites.narrowPeak").read_text().splitlines()]
    assert [row[4] for row in rows] == ["250", "1000", "167"]
    assert float(rows[1][6]) == 2.0
    assert read_relevant_sites(tmp_path).sites[1].height == -2.0


@pytest.mark.parametrize("name", NAMES)
def test_any_chromosome_is_a_field_and_nothing_else(tmp_path, name):
    write_relevant_sites(made([SITES[0]._replace(chrom=name)]), tmp_path)
    for end in ("bed", "narrowPeak"):
        (line,) = (tmp_path / f"sites.{end}").read_text().splitlines()
        assert unquote(line.split("\t")[0]) == name
        assert not line.startswith(("#", "track", "browser"))
    with (tmp_path / "sites.tsv").open(newline="") as file:
        assert len(list(csv.reader(file, delimiter="\t"))) == 2
    assert read_relevant_sites(tmp_path).sites[0].chrom == name


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": 4}, "--window 4: expected an odd number of letters, such as 7"),
        ({"window": -1}, "--window -1"),
        ({"fdr": 0.0}, "--fdr 0.0: expected a false discovery rate between 0 and 1"),
        ({"fdr": 0.01, "draws": 99}, "--draws 99: expected at least 100"),
        ({"gap": -1}, "--gap -1 and --least-width 3"),
        ({"least_width": 0}, "--gap 2 and --least-width 0"),
    ],
)
def test_refuses_settings_that_cannot_be(options, said):
    with pytest.raises(InputError, match=said):
        SiteSettings(**options)


def test_as_many_draws_as_are_needed_are_enough():
    assert SiteSettings(fdr=0.01, draws=100).draws == 100
    assert SiteSettings(fdr=0.05, draws=20).draws == 20
