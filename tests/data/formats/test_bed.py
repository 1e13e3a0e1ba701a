"""Lines of BED files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from relevome.data.formats.bed import BedLine, bed_lines, is_narrow_peak
from relevome.data.problems import Problem
from relevome.data.sequences import Interval

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    ("line", "interval", "name"),
    [
        ("chr1\t2\t9", Interval("chr1", 2, 9, "."), ""),
        ("chr1\t2\t9\tsite one", Interval("chr1", 2, 9, "."), "site one"),
        ("chr1\t2\t9\tx\t0.7", Interval("chr1", 2, 9, "."), "x"),
        ("chr1\t2\t9\tx\t-", Interval("chr1", 2, 9, "-"), "x"),
        ("chr1\t2\t9\t.\t0\t-", Interval("chr1", 2, 9, "-"), ""),
        ("chr1\t2\t9\tx\tS\t+\trepressor\t1", Interval("chr1", 2, 9, "+"), "x"),
        ("chr1 2  9 x 0 -", Interval("chr1", 2, 9, "-"), "x"),
        ("chr1\t2\t9\tx\t0\t.\r", Interval("chr1", 2, 9, "."), "x"),
    ],
    ids=["BED3", "BED4", "BED5", "strand fifth", "BED6", "more columns", "blanks", "windows"],
)
def test_a_line_gives_interval_and_name(write: Write, line: str, interval: Interval, name: str) -> None:
    path = write("a.bed", line + "\n")
    assert list(bed_lines(path)) == [BedLine(interval, name, f"{path}, line 1")]


def test_comments_and_browser_lines_are_no_intervals(write: Write) -> None:
    path = write("a.bed", "browser position chr1\ntrack name=x\n#chrom\tstart\n\nchr1\t0\t1\n")
    assert [line.where for line in bed_lines(path)] == [f"{path}, line 5"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("chr1\t2", "2 columns: expected BED, chromosome, start and end"),
        ("chr1\t2.0\t9", "'2.0' is no BED coordinate: expected a whole number from 0 on"),
        ("chr1\t2\t1_000", "'1_000' is no BED coordinate"),
        ("chr1\t-2\t9", "'-2' is no BED coordinate"),
        ("chrom\tstart\tend", "'start' is no BED coordinate"),
        ("chr1\t9\t9", "interval chr1:9-9 is empty or negative"),
        ("chr1\t2\t9\tx\t0\tforward", "strand of chr1:2-9 is 'forward': expected +, - or ."),
    ],
)
def test_a_line_that_is_no_bed_is_a_problem(write: Write, line: str, reason: str) -> None:
    path = write("a.bed", f"chr1\t0\t1\n{line}\nchr1\t1\t2\n")
    _, problem, after = bed_lines(path)
    assert isinstance(problem, Problem)
    assert problem.reason.startswith(reason)
    assert problem.where == f"{path}, line 2"
    assert isinstance(after, BedLine)


@pytest.mark.parametrize(
    ("columns", "summit", "peaks"),
    [
        (["chr1", "2", "9", "x", "0", ".", "1.5", "-1", "2e-3", "3"], 3, True),
        (["chr1", "2", "9", "x", "0", ".", "1.5", "-1", "2e-3", "-1"], None, True),
        (["chr1", "2", "9", "x", "0", ".", "1.5", "-1", "2e-3"], None, False),
        (["chr1", "2", "9", "x", "0", ".", "2", "9", "0,0,255", "3"], 3, False),
        (["chr1", "2", "9", "x", "0", ".", "2", "9", "0", "1", "7", "0"], None, False),
        (["chr1", "2", "9", "x", "0", ".", "1.5", "-1", "2e-3", "up"], None, False),
    ],
    ids=["narrowPeak", "no summit", "broadPeak", "colours", "BED12", "a word"],
)
def test_the_tenth_of_ten_columns_is_a_summit(
    write: Write, columns: list[str], summit: int | None, peaks: bool
) -> None:
    path = write("a.bed", "track type=narrowPeak\n" + "\t".join(columns) + "\n")
    (line,) = bed_lines(path)
    assert isinstance(line, BedLine)
    assert line.summit == summit
    assert is_narrow_peak(path) == peaks
    assert is_narrow_peak(write("a.narrowPeak.gz", "\n"))


def test_a_coordinate_of_thousands_of_digits_is_a_problem_like_any_other(write: Write) -> None:
    (found,) = bed_lines(write("a.bed", "chr1\t3\t" + "9" * 5000 + "\n"))
    assert isinstance(found, Problem)
    assert "is no BED coordinate: expected a whole number from 0 on" in found.reason
    assert len(found.reason) < 200


def test_what_begins_otherwise_than_a_header_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.bed"
    path.write_text("track name=x\nbrowser position\n\x0ctrack name=x\x0cchr1\t3\t9\n")
    (found,) = bed_lines(path)
    assert isinstance(found, Problem)
    assert "line 3" in found.where
