"""From a run to sites on its genome: overlapping windows, strands, targets, and a run of shuffles."""

from __future__ import annotations

import numpy as np
import pytest

import relevome
from relevome.errors import InputError
from relevome.results.relevant_sites import read_relevant_sites
from tests.discovery.planted_sites import WIDTH, PlantedSites, planted_sites

MANIFEST = {"model": {"sha256": "1"}, "method": "m", "parameters": {}, "alphabet": "dna"}
FIRST = 500  # where windows begin on the chromosome
COMPLEMENT = str.maketrans("ACGT", "TGCA")


@pytest.fixture
def planted() -> PlantedSites:
    return planted_sites(1, 3000, 30, height=6.0)


@pytest.fixture
def windows(letters_only):
    """Windows over planted relevance, each ``step`` letters on, on strands in turn."""

    def make(planted, width=200, step=100, strands="+", target="promoter"):
        letters, values = planted.letters[0].tobytes().decode(), planted.values[0]
        rows = []
        for i, start in enumerate(range(0, len(letters) - width + 1, step)):
            strand, span = strands[i % len(strands)], slice(start, start + width)
            text, relevance = letters[span], values[span]
            if strand == "-":
                text, relevance = text[::-1].translate(COMPLEMENT), relevance[::-1]
            place = {"chrom": "chr1", "start": FIRST + start, "end": FIRST + start + width, "strand": strand}
            rows.append(letters_only(f"w{i}", text, relevance, target=target, **place))
        return rows

    return make


def found_at(found, planted):
    """Planted starts that a site has within one letter, at both ends."""
    places = {(site.start - FIRST, site.end - FIRST) for site in found.sites}
    near = ((0, 0), (0, 1), (1, 0), (1, 1), (-1, 0), (0, -1), (-1, -1), (-1, 1), (1, -1))
    return [a for a in planted.starts if places & {(a + i, a + WIDTH + j) for i, j in near}]


@pytest.mark.parametrize("strands", ["+", "-", "+-"])
def test_sites_lie_where_they_were_planted_on_either_strand(make_run, windows, planted, tmp_path, strands):
    run = make_run(windows(planted, strands=strands), **MANIFEST)
    found = relevome.sites(run, draws=20, out=tmp_path / "sites")
    assert found_at(found, planted) == planted.starts.tolist()
    assert found.counts["letters"] == 3000
    assert found.counts["stretches"] == 1
    letters = planted.letters[0].tobytes().decode()
    inner = [s for s in found.sites if s.start - FIRST >= 100 and s.end - FIRST <= 2900]
    assert {site.strand for site in inner} == {"." if strands == "+-" else strands}
    for site in found.sites:
        text = letters[site.start - FIRST : site.end - FIRST]
        expected = text[::-1].translate(COMPLEMENT) if site.strand == "-" else text
        assert site.letters == expected
    assert read_relevant_sites(tmp_path / "sites").sites == found.sites
    assert {path.name for path in (tmp_path / "sites").iterdir()} - {".lock"} == {
        "sites.json", "sites.tsv", "sites.bed", "sites.narrowPeak",
    }  # fmt: skip


def test_overlapping_windows_are_averaged_before_sites_are_called(make_run, windows, planted):
    """Where windows contradict each other nothing is left."""
    rows = windows(planted)
    against = [replace_relevance(row, -row.relevance) for row in rows]
    assert relevome.sites(make_run([*rows, *against], **MANIFEST), draws=20).sites == ()
    alone = relevome.sites(make_run(windows(planted, step=200), **MANIFEST), draws=20).sites
    assert [s[:8] for s in relevome.sites(make_run(rows, **MANIFEST), draws=20).sites] == [
        s[:8] for s in alone
    ]


def replace_relevance(row, values):
    from dataclasses import replace

    return replace(row, sequence_id=f"{row.sequence_id}x", relevance=values)


def test_each_strand_can_have_sites_of_its_own(make_run, windows, planted):
    other = planted_sites(2, 3000, 30, height=6.0)
    run = make_run([*windows(planted, strands="+"), *windows(other, strands="-")], **MANIFEST)
    found = relevome.sites(run, by_strand=True, draws=20)
    for strand, one in (("+", planted), ("-", other)):
        sites = [site for site in found.sites if site.strand == strand]
        near = [s for s in one.starts if any(abs(site.start - FIRST - s) <= 1 for site in sites)]
        assert near == one.starts.tolist()
    assert found.counts["stretches"] == 2
    assert found.counts["letters"] == 6000
    assert "." not in {site.strand for site in found.sites}
    assert [(s.chrom, s.start) for s in found.sites] == sorted((s.chrom, s.start) for s in found.sites)


def test_sequences_can_be_their_own_chromosomes(make_run, letters_only):
    planted = planted_sites(3, 300, 3, height=6.0, stretches=20)
    rows = [
        letters_only(f"s{i:02}", letters.tobytes().decode(), values)
        for i, (letters, values) in enumerate(zip(planted.letters, planted.values, strict=True))
    ]
    with pytest.raises(InputError, match="no genome intervals for target 'promoter'"):
        relevome.sites(make_run(rows, **MANIFEST))
    found = relevome.sites(make_run(rows, **MANIFEST), coordinates="sequence", draws=20)
    for name in ("s00", "s19"):
        starts = [site.start for site in found.sites if site.chrom == name]
        assert all(min(abs(start - a) for start in starts) <= 1 for a in planted.starts)
    assert {site.strand for site in found.sites} == {"+"}


def test_of_several_targets_one_has_to_be_chosen(make_run, windows, planted):
    rows = [*windows(planted), *windows(planted_sites(5, 3000, 0), target="b")]
    run = make_run(rows, **MANIFEST)
    with pytest.raises(InputError, match="has several targets: choose one of promoter, b with --target"):
        relevome.sites(run)
    assert len(relevome.sites(run, target="promoter", draws=20).sites) >= 30
    assert len(relevome.sites(run, target="b", draws=20).sites) <= 1


def test_rows_without_a_place_are_counted(make_run, windows, planted, letters_only):
    run = make_run([*windows(planted), letters_only("x", "ACGT", [1, 2, 3, 4])], **MANIFEST)
    assert relevome.sites(run, draws=20, least_width=1).left_out == {"no genome interval": 1}


def test_shuffles_are_explained_as_the_run_was(make_run, windows, letters_only, planted):
    noise = planted_sites(9, 60_000, 0)
    shuffled = [letters_only("n", noise.letters[0].tobytes().decode(), noise.values[0])]
    run, shuffles = make_run(windows(planted), **MANIFEST), make_run(shuffled, name="shuffles", **MANIFEST)
    found = relevome.sites(run, shuffles=shuffles)
    assert found_at(found, planted) == planted.starts.tolist()
    assert found.about["shuffles"] == str(shuffles.path)
    for name, value in (("model", {"sha256": "2"}), ("method", "n"), ("parameters", {"steps": 9})):
        other = make_run(shuffled, name="other", **{**MANIFEST, name: value})
        with pytest.raises(InputError, match=r"is of another .* than .*: expected shuffled sequences"):
            relevome.sites(run, shuffles=other)


def test_progress_is_told_to_the_end(make_run, windows, planted):
    told = []
    relevome.sites(make_run(windows(planted), **MANIFEST), draws=20, progress=lambda *one: told.append(one))
    assert sum(count for count, _ in told) == 40
    assert {total for _, total in told} == {40}


def test_the_command_says_what_it_found(make_run, windows, planted, relevome_cli, tmp_path):
    run = make_run(windows(planted), **MANIFEST)
    code, out, _ = relevome_cli("sites", run.path, "--draws", "20", "-o", tmp_path / "out")
    found = read_relevant_sites(tmp_path / "out")
    assert code == 0
    assert f"{len(found.sites)} sites in 3,000 letters, false discovery rate 0.05, mean relevance from" in out
    code, _, err = relevome_cli("sites", run.path, "-o", tmp_path / "out")
    assert (code, len(err)) == (2, 1)
    assert relevome_cli("sites", run.path, "--draws", "20", "-o", tmp_path / "out", "--overwrite")[0] == 0


def test_relevance_of_nothing_has_no_sites(make_run, letters_only):
    row = letters_only("s", "ACGT" * 9, np.zeros(36), chrom="c", start=0, end=36, strand="+")
    found = relevome.sites(make_run([row], **MANIFEST))
    assert (found.sites, found.threshold, found.counts["peaks"]) == ((), None, 0)
