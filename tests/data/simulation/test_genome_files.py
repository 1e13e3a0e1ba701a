"""The folder of a made-up genome holds what training and the questions to heads need."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from relevome.data.formats.meme import read_meme
from relevome.data.genomes import read_bed
from relevome.data.sequences import Sequence
from relevome.data.simulation.genome_files import FLANK, write_genome
from relevome.data.simulation.genome_plan import plan_genome
from relevome.data.sites import read_sites

PLAN = plan_genome(length=15_000, starts=100, distances="-34:-27,-14:-7,4", others=29, seed=5)


def test_windows_have_their_start_site_in_the_middle_and_are_held_out(tmp_path: Path) -> None:
    genome = write_genome(tmp_path / "made", PLAN)
    sites = {site.name: site for site in genome.starts}
    windows = list(read_bed(tmp_path / "made" / "windows.bed", tmp_path / "made" / "genome.fa"))
    assert 15 < len(windows) < 40
    for window in windows:
        assert isinstance(window, Sequence)
        assert window.interval is not None
        middle = (window.interval.start + window.interval.end) // 2
        assert (middle, window.interval.strand) == (sites[window.id].start, sites[window.id].strand)
        assert len(window) == 2 * (PLAN.half + FLANK) + 1
        assert window.interval.start >= 10_500
    (held_out,) = (tmp_path / "made" / "held_out.bed").read_text().splitlines()
    assert held_out.split("\t") == ["made_up", "10500", "15000"]


def test_known_sites_are_the_truth_and_as_far_from_sites_those_of_motifs_that_are_not_planted(
    tmp_path: Path,
) -> None:
    genome = write_genome(tmp_path / "made", PLAN)
    (known,) = read_sites(tmp_path / "made" / "known.bed").values()
    assert [site for site in known if site.name.startswith("factor")] == list(genome.planted)
    allowed = {at for placed in PLAN.placed for at in placed.distances}
    starts = {"+": [], "-": []}
    for start in genome.starts:
        starts[start.strand].append(start.start)
    others = [site for site in known if site.name.startswith("other")]
    for site in others:
        apart = (
            [site.start - start for start in starts["+"]]
            if site.strand == "+"
            else [start - site.end + 1 for start in starts["-"]]
        )
        assert allowed & set(apart)
    assert set(Counter(site.name for site in others)) == {f"other{i}" for i in range(1, 30)}
    assert 400 < len(others) < 760


def test_the_database_has_what_was_planted_first(tmp_path: Path) -> None:
    write_genome(tmp_path / "made", PLAN)
    names = [motif.name for motif in read_meme(tmp_path / "made" / "database.meme")]
    assert names[:4] == ["factor1", "factor2", "factor3", "other1"]
    assert len(names) == 32


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_genome(tmp_path / name, PLAN)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert "genome.json" in files
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
