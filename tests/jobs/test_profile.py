"""From a run to a profile and its folder: anchors, strands, what is left out, what comes back."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.errors import InputError
from relevome.results.profile.folder import read_profile
from tests.results.same import assert_same

MANIFEST = {"model": {"sha256": "1"}, "method": "m", "parameters": {}, "alphabet": "dna"}
FILES = {
    "profile.json", "profile.tsv", "letters.tsv", "rows.tsv", "heatmap.npz", "profile.md", "profile.png",
    "heatmap.png",
}  # fmt: skip


@pytest.fixture
def run(make_run, letters_only):
    """Windows of one stretch of a chromosome, on both strands, relevance 9 at one base of it, 104."""
    rows = []
    for id, start, strand in (("a", 100, "+"), ("b", 98, "-"), ("c", 200, "+")):
        values = [1.0] * 8
        if id != "c":
            values[104 - start if strand == "+" else start + 8 - 1 - 104] = 9.0
        place = {"chrom": "chr1", "start": start, "end": start + 8, "strand": strand}
        rows.append(letters_only(id, "ACGTACGT", values, **place, score=float(len(rows))))
    return make_run(rows, **MANIFEST)


@pytest.mark.parametrize("strand", ["+", "-"])
def test_around_a_site_both_strands_meet(run, write, strand):
    """The base of relevance 9 is position 1 of the site in its own direction, in windows of both strands."""
    first = 103 if strand == "+" else 105
    sites = write("s.bed", f"chr1\t{first}\t{first + 1}\tbox\t0\t{strand}\nchr2\t3\t4\tx\t0\t+\n")
    found = relevome.profile(run, sites=sites, width=4)
    assert [(one.position, one.mean) for one in found.means] == [(-2, 1), (-1, 1), (0, 1), (1, 9)]
    assert found.highest.position == 1
    assert [(row.sequence_id, row.strand) for row in found.rows] == [
        ("a", strand), ("b", "-" if strand == "+" else "+"),
    ]  # fmt: skip
    assert found.left_out == {
        "sequences without a site": 1,
        "sites on sequences that the run does not have": 1,
    }
    assert found.about["sites"]["source"] == str(sites)


def test_letters_are_those_of_the_strand_that_is_read(run, write):
    sites = write("s.bed", "chr1\t104\t105\tbox\t0\t-\n")
    found = relevome.profile(run, sites=sites, width=2)
    # a has ACGTACGT from 100 on: base 104 is A, T on -; b has base 105 at its start, so 104 is C
    at_0 = {one.letter: one for one in found.letters if one.position == 0}
    assert {letter: (one.mean, one.sequences) for letter, one in at_0.items()} == {"T": (9, 1), "C": (9, 1)}
    assert at_0["T"].low is None


def test_rows_are_in_the_order_that_is_asked_for(run):
    assert [row.sequence_id for row in relevome.profile(run).rows] == ["a", "b", "c"]
    found = relevome.profile(run, order="score", anchor="end", width=3)
    assert [row.sequence_id for row in found.rows] == ["c", "b", "a"]
    np.testing.assert_array_equal(found.values[0], [1, 1, 1])
    assert [row.total for row in found.rows] == np.nansum(found.values, axis=1).tolist()
    assert relevome.profile(run, order="clusters").rows[-1].sequence_id in ("a", "b", "c")


def test_what_lies_beyond_the_ends_is_counted(run):
    found = relevome.profile(run, width=10)
    assert [(one.sequences, one.rows, one.without) for one in found.means] == [(3, 3, 0)] * 8 + [
        (0, 0, 3)
    ] * 2
    assert found.means[8].mean is None
    assert np.isnan(found.values[:, 8:]).all()
    assert (found.codes[:, 8:] == -1).all()


def test_by_an_alignment(run, write):
    aligned = write("a.fa", ">a\nAC-GTACGT\n>b\nACGTA-CGT\n>d\nAAAAAAAAA\n")
    found = relevome.profile(run, alignment=aligned)
    assert (found.settings.anchor, found.settings.width) == ("alignment", 9)
    assert [one.without for one in found.means] == [0, 0, 1, 0, 0, 1, 0, 0, 0]
    assert found.left_out == {
        "sequences that the alignment does not have": 1,
        "rows of the alignment that the run does not have": 1,
    }


@pytest.mark.parametrize("order", ["relevance", "clusters"])
def test_comes_back_as_it_was(run, write, tmp_path, order):
    sites = write("s.bed", "chr1\t103\t104\tbox\t0\t+\nchr1\t101\t102\tother\t0\t-\n")
    made = relevome.profile(run, sites=sites, order=order, out=tmp_path / "out")
    found = read_profile(tmp_path / "out")
    assert_same(found, replace(made, about=found.about))
    assert {name: found.about[name] for name in made.about} == dict(made.about)
    assert {path.name for path in (tmp_path / "out").iterdir()} - {".lock"} == FILES
    assert (repr(found), found.to_pandas()["position"].tolist()) == (repr(made), [*range(-50, 50)])
    with (tmp_path / "out" / "rows.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["sequence_id"] for row in rows] == [row.sequence_id for row in made.rows]
    page = (tmp_path / "out" / "profile.md").read_text()
    assert f"at position {made.highest.position} (" in page
    assert "do not count there" in page


@pytest.mark.parametrize("name", ["=cmd|x", "<b>&|`*", "日本"])
def test_any_name_is_text(make_run, letters_only, write, tmp_path, name):
    run = make_run([letters_only(name, "ACGT", [1, 2, 3, 4])], **MANIFEST)
    sites = write("s.csv", f'id,type,start,end,name\n"{name}",x,2,2,"{name}"\n')
    relevome.profile(run, sites=sites, out=tmp_path / "out")
    (row,) = read_profile(tmp_path / "out").rows
    assert (row.sequence_id, row.site) == (name, f"x: {name}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"anchor": "site"}, "--anchor site needs --sites FILE"),
        ({"anchor": "start", "sites": "{bed}"}, "--anchor start beside --sites: leave one of them out"),
        ({"anchor": "end", "alignment": "{fasta}"}, "--anchor end beside --alignment"),
        ({"sites": "{bed}", "alignment": "{fasta}"}, "expected one of --sites and --alignment"),
        ({"at": "end"}, "--feature and --at are about sites"),
        ({"features": ["x"]}, "--feature and --at are about sites"),
        ({"alignment": "{fasta}", "width": 9}, "--width beside --alignment"),
        ({"width": 0}, "--width 0: expected 1 to 100,000 positions"),
        ({"sites": "{bed}"}, "no sequence of .*, such as 'a', has a place: sites has those of 'chr7'"),
        ({"alignment": "{fasta}"}, "has a place: alignment has those of 'z'"),
        ({"sites": "pattern:A-A-A-A"}, "has a place: sites has none at all"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(run, write, tmp_path, options, said):
    files = {"bed": write("s.bed", "chr7\t3\t4\n"), "fasta": write("a.fa", ">z\nAC\n")}
    given: Any = {k: v.format(**files) if isinstance(v, str) else v for k, v in options.items()}
    with pytest.raises(InputError, match=said):
        relevome.profile(run, **given, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_says_where_relevance_is_highest(run, write, relevome_cli, tmp_path):
    sites = write("s.bed", "chr1\t103\t104\tbox\t0\t+\n")
    asked = ("profile", run.path, "--sites", sites, "--width", "4", "-o", tmp_path / "out")
    code, out, _ = relevome_cli(*asked)
    assert code == 0
    assert "2 rows of 2 sequences at 4 positions" in out
    assert "highest mean: 9.000 [9.000, 9.000] at position 1 (2 sequences)" in out
    assert "left out 1: sequences without a site" in out
    code, _, err = relevome_cli(*asked)
    assert (code, len(err)) == (2, 1)
    assert relevome_cli(*asked, "--overwrite")[0] == 0
