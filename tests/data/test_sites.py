"""Known sites and the letters that they cover."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.genomes import read_bed
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, Interval, Sequence
from relevome.data.sites import Site, mask, read_sites, unplaced_sites
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]


def covered(sequence: Sequence, sites: dict[str, list[Site]]) -> str:
    return "".join("#" if letter else "." for letter in mask(sequence, sites))


def test_sites_are_read_by_their_first_column_in_order(write: Write) -> None:
    path = write("a.bed", "#x\na\t3\t9\t-10\t0\t+\nb\t1\t2\na\t0\t4\t-35\t0\t-\n")
    assert read_sites(path) == {
        "a": [Site(3, 9, "-10", "+"), Site(0, 4, "-35", "-")],
        "b": [Site(1, 2, "site", ".")],
    }


GFF = "p\tx\tDisulfide bond\t2\t9\t.\t.\t.\tNote=Interchain\np\tx\tactive_site\t4\t4\t.\t+\t.\tName=A\n"


def test_a_site_is_labelled_by_its_type_and_its_name(write: Write) -> None:
    (sites,) = read_sites(write("a.gff3", GFF)).values()
    assert [site.type for site in sites] == ["disulfide bond", "disulfide bond", "active site"]
    assert sites[2].label == "active site: A"
    given = [("CRP", ""), ("CRP", "CRP"), ("x", "ACT_SITE"), ("Active site", "ACT_SITE")]
    labels = [Site(0, 1, name, kind=kind).label for name, kind in given]
    assert labels == ["CRP", "CRP", "active site: x", "Active site"]
    assert Site(0, 1, "x", kind="a") == Site(0, 1, "x"), "the type makes no other site of it"


def test_a_file_without_sites_gives_none(write: Write) -> None:
    assert read_sites(write("a.bed", "")) == {}


def test_a_line_that_is_no_bed_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match=r"a.bed, line 2: 'x' is no BED coordinate"):
        read_sites(write("a.bed", "a\t3\t9\na\tx\t4\n"))


def test_sites_under_an_id_are_in_letters_of_the_sequence() -> None:
    sites = {"a": [Site(1, 3, "x"), Site(2, 4, "y", "-"), Site(6, 7, "z")], "b": [Site(0, 1, "x")]}
    assert covered(Sequence("a", "ACGTACG", DNA), sites) == ".###..#"
    assert covered(Sequence("c", "ACGTACG", DNA), sites) == "......."
    assert covered(Sequence("a", "ACGTACG", DNA, Interval("chr", 90, 97, "-")), sites) == ".###..#"


@pytest.mark.parametrize(("strand", "expected"), [("+", "#....##"), (".", "#....##"), ("-", "##....#")])
def test_sites_on_a_chromosome_are_turned_with_the_interval(strand: str, expected: str) -> None:
    sites = {"chr": [Site(85, 91, "over the start"), Site(95, 120, "over the end"), Site(97, 99, "outside")]}
    assert covered(Sequence("a", "ACGTACG", DNA, Interval("chr", 90, 97, strand)), sites) == expected


@given(
    st.lists(st.tuples(st.integers(0, 28), st.integers(1, 9)), max_size=4),
    st.integers(0, 25),
    st.integers(1, 12),
    st.sampled_from("+-."),
)
def test_a_mask_equals_brute_force_over_genome_positions(
    spans: list[tuple[int, int]], start: int, length: int, strand: str
) -> None:
    sites = {"chr": [Site(s, s + width, "x") for s, width in spans]}
    on_genome = np.array([any(s <= position < s + width for s, width in spans) for position in range(60)])
    expected = on_genome[start : start + length]
    expected = expected[::-1] if strand == "-" else expected
    sequence = Sequence("a", "A" * length, DNA, Interval("chr", start, start + length, strand))
    # Without any site on the chromosome the id is looked up, which has none either.
    np.testing.assert_array_equal(mask(sequence, sites), expected)


@pytest.mark.parametrize("strand", "+-")
def test_the_mask_of_a_window_is_the_window_of_the_mask(strand: str) -> None:
    sites = {"chr": [Site(32, 34, "x"), Site(38, 41, "y")]}
    whole = Sequence("a", "ACCTGATTTG", DNA, Interval("chr", 30, 40, strand))
    for start, end in [(0, 3), (2, 9), (1, 10)]:
        np.testing.assert_array_equal(mask(whole.window(start, end), sites), mask(whole, sites)[start:end])
    alone = {"a": [Site(2, 4, "x")]}
    assert covered(Sequence("a", "ACCTG", DNA).window(1, 4), alone) == ".##"


def test_a_site_off_the_end_of_its_sequence_is_refused() -> None:
    with pytest.raises(
        InputError, match="site '-10' 3-8 is off the end of sequence 'a', which has 7 letters"
    ):
        mask(Sequence("a", "ACGTACG", DNA), {"a": [Site(3, 8, "-10")]})


def test_sites_on_both_the_id_and_the_chromosome_are_refused() -> None:
    sites = {"a": [Site(0, 1, "x")], "chr": [Site(0, 1, "x")]}
    with pytest.raises(InputError, match="sites on both 'a' and its chromosome 'chr'"):
        mask(Sequence("a", "ACG", DNA, Interval("chr", 0, 3)), sites)


def test_an_interval_that_is_named_like_its_chromosome_has_the_sites_of_the_chromosome() -> None:
    sequence = Sequence("chr", "ACG", DNA, Interval("chr", 5, 8, "-"))
    assert covered(sequence, {"chr": [Site(0, 2, "x"), Site(7, 9, "y")]}) == "#.."


def test_sites_on_unknown_sequences_are_reported() -> None:
    sites = {name: [Site(0, 1, "x")] * 2 for name in ("a", "chr", "lost", "A")}
    sequences = [Sequence("a", "AC", DNA), Sequence("w", "AC", DNA, Interval("chr", 5, 7))]
    reason = "2 sites on {!r}, which is no sequence that was read: expected its id or its chromosome"
    assert unplaced_sites(sites, sequences, "a.bed") == [
        Problem("lost", reason.format("lost"), "a.bed"),
        Problem("A", reason.format("A"), "a.bed"),
    ]


def test_binding_sites_cover_the_sequences_that_they_cut_out(shared: Path) -> None:
    folder = shared / "data/ecoli"
    sites = read_sites(folder / "regulondb_tfbs_unique.bed")
    assert {chrom: len(placed) for chrom, placed in sites.items()} == {"NC_000913.3": 3974}
    sequences = read_bed(folder / "regulondb_tfbs_unique.bed", folder / "NC_000913.3.fna.gz")
    for _, sequence in zip(range(20), sequences, strict=False):
        assert isinstance(sequence, Sequence)
        assert mask(sequence, sites).all()
