"""Windows of one length around what lines are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.inputs import Input, from_bed
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, Interval, Sequence
from relevome.data.windows.anchors import Windowing, windowing
from relevome.data.windows.places import Place
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

# one lower-case letter shows where an anchor is: sequences have upper-case letters only
LETTERS = "ACCTGATTTGCAAGGCTTTACCGATTAGCATCGGATACGATTTCGAGCAA"
GENOME = f">chr1\n{LETTERS}\n>chr2\nACGTACGT\n"
OTHER = str.maketrans("ACGT", "TGCA")
PEAK = "chr1\t10\t20\tpeak\t7\t{strand}\t1.5\t-1\t2e-3\t{summit}\n"


def letters(found: Input) -> list[str]:
    return [one.letters if isinstance(one, Sequence) else one.reason for one in found.read()]


@given(
    st.integers(0, 40), st.integers(1, 30), st.sampled_from("+-."), st.integers(1, 30),
    st.sampled_from(["centre", "start", "summit"]), st.integers(0, 29),
)  # fmt: skip
def test_the_anchor_is_letter_half_the_width_of_every_window(
    start: int, length: int, strand: str, width: int, anchor: str, summit: int
) -> None:
    here = Interval("c", start, start + length, strand)
    place = Place(here, "", "", "", summit % length)
    window = Windowing(width, anchor).around(place, {"c": 1000})  # pyright: ignore[reportArgumentType]
    forward = [*range(start, start + length)]
    along = forward[::-1] if strand == "-" else forward
    wanted = {"centre": along[length // 2], "start": along[0], "summit": start + summit % length}[anchor]
    if isinstance(window, str):
        assert wanted - width < 0
        return
    inside = [*range(window.start, window.end)]
    assert len(window) == width
    assert (inside[::-1] if strand == "-" else inside)[width // 2] == wanted
    assert window.strand == strand


@given(st.integers(0, 40), st.integers(1, 30), st.sampled_from("+-."))
def test_an_interval_that_has_the_width_stays_as_it_is(start: int, length: int, strand: str) -> None:
    here = Interval("c", start, start + length, strand)
    assert Windowing(length, "centre").around(Place(here, "", "", ""), {"c": 1000}) == here


def test_letters_are_those_of_the_genome_on_either_strand(write: Write) -> None:
    bed = write("a.bed", "chr1\t10\t17\tone\t0\t+\nchr1\t10\t17\ttwo\t0\t-\nchr1\t30\t31\tthree\n")
    genome = write("g.fa", GENOME)
    read = list(from_bed(bed, genome, DNA, 5, "start").read())
    found = [LETTERS[8:13], LETTERS[14:19][::-1].translate(OTHER), LETTERS[28:33]]
    assert [one.letters for one in read if isinstance(one, Sequence)] == found
    assert [one.interval for one in read if isinstance(one, Sequence)] == [
        Interval("chr1", 8, 13, "+"), Interval("chr1", 14, 19, "-"), Interval("chr1", 28, 33),
    ]  # fmt: skip
    assert [one.id for one in read] == ["one", "two", "three"]


@pytest.mark.parametrize("name", ["a.narrowPeak", "a.narrowPeak.gz", "a.bed"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_summit_of_narrow_peak_counts_from_its_start_on_both_strands(
    write: Write, name: str, end: str, mark: bytes
) -> None:
    text = "track type=narrowPeak\n" + PEAK.format(strand="-", summit=2) + PEAK.format(strand=".", summit=9)
    peaks = write(name, mark + text.replace("\n", end).encode())
    found = from_bed(peaks, write("g.fa", GENOME), DNA, 4)
    assert letters(found) == [LETTERS[11:15][::-1].translate(OTHER), LETTERS[17:21]]
    assert found.description["anchor"] == "summit"
    assert letters(from_bed(peaks, write("g.fa", GENOME), DNA, 4, "centre"))[1] == LETTERS[13:17]


@pytest.mark.parametrize(
    ("summit", "reason"),
    [
        ("-1", "peak chr1:10-20(.) has no summit: expected one in the tenth column, or another anchor"),
        ("10", "summit 10 is off its peak chr1:10-20(.), which has 10 letters"),
        ("x", "peak chr1:10-20(.) has no summit: expected one in the tenth column, or another anchor"),
        ("9" * 5000, "peak chr1:10-20(.) has no summit: expected one in the tenth column, or another anchor"),
    ],
)
def test_a_peak_without_a_summit_is_a_problem(write: Write, summit: str, reason: str) -> None:
    peaks = write("a.narrowPeak", PEAK.format(strand="+", summit=3) + PEAK.format(strand=".", summit=summit))
    read = from_bed(peaks, write("g.fa", GENOME), DNA, 4).read()
    assert isinstance(next(read), Sequence)
    assert next(read) == Problem("peak@chr1:10-20(.)", reason, f"{peaks}, line 2")


def test_of_bed_summits_are_refused_in_one_line(write: Write) -> None:
    bed = write("a.bed", "chr1\t10\t17\n")
    with pytest.raises(InputError, match=r"a.bed has no summits: expected narrowPeak, .* such as centre"):
        from_bed(bed, write("g.fa", GENOME), DNA, 4, "summit")


@pytest.mark.parametrize(("start", "said"), [(1, "-1 to 3"), (48, "46 to 50")])
def test_a_window_off_its_chromosome_is_a_problem(write: Write, start: int, said: str) -> None:
    bed = write("a.bed", f"chr1\t{start}\t{start + 1}\tx\nchr1\t20\t21\ty\nchr2\t4\t90\tz\nchr3\t0\t1\tw\n")
    off, good, long, lost = from_bed(bed, write("g.fa", GENOME), DNA, 4).read()
    assert isinstance(good, Sequence)
    if said == "46 to 50":
        assert isinstance(off, Sequence)
        (off, *_) = from_bed(bed, write("g.fa", GENOME), DNA, 6).read()
        said = "45 to 51"
    assert isinstance(off, Problem)
    assert off.id == "x"
    assert f"is {said}, off its chromosome, which has 50 letters" in off.reason
    assert isinstance(long, Problem)
    assert long.reason.startswith("chr2:4-90(.) ends off its chromosome")
    assert isinstance(lost, Problem)
    assert lost.reason.startswith("no chromosome 'chr3'")


GFF = (
    "##gff-version 3\nchr1\t.\tregion\t1\t50\t.\t+\t.\tID=all\n"
    "chr1\t.\tCDS\t30\t34\t.\t-\t0\tID=c1;Name=one\nchr1\t.\tCDS\t20\t24\t.\t-\t0\tID=c1;Name=one\n"
    "chr1\t.\texon\t11\t13\t.\t.\t.\tID=e\n"
)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_features_of_gff3_are_cut_and_a_site_is_the_first_letter_of_all_its_parts(
    write: Write, end: str
) -> None:
    gff, genome = write("a.gff3", "\ufeff" + GFF.replace("\n", end)), write("g.fa", GENOME)
    turned = LETTERS[::-1].translate(OTHER)

    def window(first: int) -> str:  # counted on the other strand
        return turned[50 - first - 1 : 50 - first + 2]

    assert letters(from_bed(gff, genome, DNA, types=["cds"])) == [turned[16:21], turned[26:31]]
    assert letters(from_bed(gff, genome, DNA, 3, "start", ["CDS"])) == [window(34), window(24)]
    assert letters(from_bed(gff, genome, DNA, 3, "site", ["cds"])) == [window(34)]
    assert letters(from_bed(gff, genome, DNA, 3, types=["exon"])) == [LETTERS[10:13]]
    for anchor in (None, "site"):
        with pytest.raises(InputError, match=r"several types: expected a choice \(--type\), of CDS, exon"):
            list(from_bed(gff, genome, DNA, 3, anchor).read())
        with pytest.raises(InputError, match="no feature of type 'tRNA': expected CDS, exon, region"):
            list(from_bed(gff, genome, DNA, 3, anchor, ["tRNA"]).read())


def test_sites_of_tables_count_from_one_and_have_strands(write: Write) -> None:
    table = write("a.tsv", "id\ttype\tstart\tend\tstrand\nchr1\tx\t11\t13\treverse\nchr1\tx\t11\t13\t\n")
    found = from_bed(table, write("g.fa", GENOME), DNA, 3, "start")
    assert letters(found) == [LETTERS[11:14][::-1].translate(OTHER), LETTERS[9:12]]
    table = write("b.csv", "id,type,start,end,strand\nchr1,x,11,13,up\n")
    with pytest.raises(InputError, match=r"b.csv, line 2: strand 'up': expected \+, - or ."):
        list(from_bed(table, write("g.fa", GENOME), DNA, 3).read())


def test_positions_of_tables_are_sites(write: Write) -> None:
    table = write("a.tsv", "position\tstrand\tchrom\n11\t+\tchr1\n11\t-\tchr1\n12\t\tchr1\n")
    genome = write("g.fa", GENOME)
    for anchor in ("centre", "start"):
        assert letters(from_bed(table, genome, DNA, 3, anchor)) == letters(from_bed(table, genome, DNA, 3))
    one, other, unknown = from_bed(table, genome, DNA, 3).read()
    assert isinstance(one, Sequence)
    assert isinstance(other, Sequence)
    assert (one.letters, other.letters) == (LETTERS[9:12], LETTERS[9:12][::-1].translate(OTHER))
    assert isinstance(unknown, Problem)
    assert "has no strand" in unknown.reason


def test_a_site_needs_a_strand_where_a_start_does_not(write: Write) -> None:
    bed, genome = write("a.bed", "chr1\t10\t17\tx\t+\nchr1\t10\t17\ty\n"), write("g.fa", GENOME)
    assert letters(from_bed(bed, genome, DNA, 3, "start")) == [LETTERS[9:12]] * 2
    site, no_strand = from_bed(bed, genome, DNA, 3, "site").read()
    assert isinstance(site, Sequence)
    assert site.letters == LETTERS[9:12]
    assert isinstance(no_strand, Problem)
    assert no_strand.reason == (
        "chr1:10-17(.) has no strand, in whose direction its first letter is: expected + or -"
    )


def test_two_inputs_that_hold_other_sequences_are_described_otherwise(write: Write) -> None:
    bed = write("a.bed", "chr1\t10\t17\tx\t0\t+\nchr1\t10\t17\ty\t0\t+\n")
    genome = write("g.fa", GENOME)
    options = [{}, {"width": 7}, {"width": 6}, {"width": 6, "anchor": "start"}, {"width": 6, "types": ["x"]}]
    described = [str(from_bed(bed, genome, DNA, **one).description) for one in options]
    assert len({*described}) == len(options)
    usual = from_bed(bed, genome, DNA, 6)
    assert usual.description == from_bed(bed, genome, DNA, 6, "centre").description
    assert (usual.description["width"], usual.description["anchor"]) == ("6", "centre")


def test_what_is_no_window_is_refused_in_one_line(write: Write) -> None:
    bed, genome = write("a.bed", "chr1\t10\t17\n"), write("g.fa", GENOME)
    with pytest.raises(InputError, match="width 0: expected 1 letter or more"):
        windowing(bed, 0)
    with pytest.raises(InputError, match="anchor 'middle': expected one of centre, summit, start, site"):
        windowing(bed, 5, "middle")
    with pytest.raises(InputError, match="anchor 'start' is of windows: expected a width, too"):
        from_bed(bed, genome, DNA, anchor="start")


def test_windows_of_one_name_are_told_apart_by_their_places(write: Write) -> None:
    bed = write("a.bed", "chr1\t10\t17\tx\nchr1\t20\t22\tx\nchr1\t12\t15\tx\n")
    one, other, same = from_bed(bed, write("g.fa", GENOME), DNA, 4).read()
    assert [one.id, other.id] == ["x@chr1:11-15(.)", "x@chr1:19-23(.)"]
    assert isinstance(same, Problem)
    assert same.reason == "id 'x@chr1:11-15(.)' was used before: expected every id once"


def test_real_sites_of_start_are_where_a_table_says(shared: Path, write: Write) -> None:
    folder = shared / "data/ecoli"
    rows = (folder / "tss_thomason_wanner_regulondb.tsv").read_text().splitlines()
    table = write("tss.tsv", "\n".join(rows[:300]) + "\n")
    bed = "".join(
        f"NC_000913.3\t{int(row.split()[0]) - 1}\t{row.split()[0]}\t.\t0\t{row.split()[1]}\n"
        for row in rows[1:300]
    )
    genome = folder / "NC_000913.3.fna.gz"
    named = from_bed(table, genome, DNA, 100)
    placed = from_bed(write("tss.bed", bed), genome, DNA, 100, "start")
    assert letters(named)[1:] == letters(placed)[1:]  # the first is too near to the end
    assert len({*letters(named)[1:]}) > 200


def test_coding_sequences_of_escherichia_coli_start_with_a_start_codon_on_both_strands(shared: Path) -> None:
    folder = shared / "data/ecoli"
    gff, genome = folder / "NC_000913.3.gff.gz", folder / "NC_000913.3.fna.gz"
    read = islice(from_bed(gff, genome, DNA, 7, "start", ["CDS"]).read(), 400)
    found = [one for one in read if isinstance(one, Sequence) and one.interval is not None]
    assert {one.interval.strand for one in found if one.interval} == {"+", "-"}
    codons = Counter(one.letters[3:6] for one in found)
    assert codons["ATG"] > 0.85 * codons.total() > 300
    assert codons["ATG"] + codons["GTG"] + codons["TTG"] > 0.98 * codons.total()  # pseudogenes have none
