from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from relevome.data.sites import read_sites
from relevome.errors import InputError
from relevome.results.annotation.sites import CalledSite, read_called, write_sites

ODD = "gi|7|ref:(1)#x%"


def test_both_formats_say_the_same(tmp_path: Path) -> None:
    sites = [CalledSite(ODD, 0, "+", "start; =of 1%", 0.25), CalledSite("two", 41, "-", "plain", 0.5)]
    assert write_sites(tmp_path, iter(sites), "TSS") == 2
    assert list(read_called(tmp_path)) == sites
    bed, gff = read_sites(tmp_path / "sites.bed"), read_sites(tmp_path / "sites.gff3", kinds=["TSS"])
    for found in (bed, gff):
        assert list(found) == [ODD, "two"]
        assert [(s.start, s.end, s.strand) for s in found[ODD] + found["two"]] == [(0, 1, "+"), (41, 42, "-")]
    assert gff[ODD][0].name == "start; =of 1%"
    assert unquote(bed[ODD][0].name) == "start; =of 1%"
    assert " " not in (tmp_path / "sites.bed").read_text()
    lines = (tmp_path / "sites.gff3").read_text().splitlines()
    assert lines[0] == "##gff-version 3"
    assert unquote(lines[1].split("\t")[0]) == ODD
    assert [line.split("\t")[5] for line in lines[1:]] == ["0.25", "0.5"]
    assert [line.split("\t")[4] for line in (tmp_path / "sites.bed").read_text().splitlines()] == [
        "250",
        "500",
    ]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("\t5\t5\t", "\t5\t7\t"), ("\t5\t5\t", "\t0\t0\t"), ("0.75\t+", "0.75\t?"), ("0.75\t", "7.5\t")],
)
def test_a_line_that_is_no_called_site_is_damage(tmp_path: Path, right: str, wrong: str) -> None:
    write_sites(tmp_path, [CalledSite("a", 4, "+", "TSS", 0.75)], "TSS")
    path = tmp_path / "sites.gff3"
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    with pytest.raises(InputError, match=r"sites\.gff3 is damaged"):
        list(read_called(tmp_path))
