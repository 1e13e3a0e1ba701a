"""Windows of one length on the command line: of `explain`, and as tables by `relevome data windows`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import relevome

Cli = Callable[..., tuple[int, str, list[str]]]
Write = Callable[[str, str | bytes], Path]

PEAKS = "chr1\t10\t40\ta\t0\t.\t1.0\t-1\t-1\t5\nchr1\t50\t58\tb\t0\t-\t1.0\t-1\t-1\t6\n"


@pytest.fixture
def asked(write: Write, saved: Callable[[str], Path], tmp_path: Path) -> tuple[object, ...]:
    """An explanation of two peaks of different widths."""
    genome = write("g.fa", ">chr1\n" + "ACGTTGCAAT" * 9 + "\n")
    peaks = write("p.narrowPeak", PEAKS)
    options = ("--model", saved("cnn"), "--bed", peaks, "--genome", genome, "--method", "saliency")
    return ("explain", *options, "-o", tmp_path / "run")


def test_peaks_of_different_widths_are_explained_around_their_summits(
    relevome_cli: Cli, asked: tuple[object, ...], tmp_path: Path
) -> None:
    code, out, err = relevome_cli(*asked, "--width", 20)
    assert (code, err) == (0, [])
    assert "windows of 20 letters around the summit of each line" in out
    rows = [(row.sequence_id, row.start, row.end, row.strand) for row in relevome.Run(tmp_path / "run")]
    assert rows == [("a", 5, 25, "."), ("b", 47, 67, "-")]


def test_a_run_does_not_go_on_with_windows_of_another_width_or_anchor(
    relevome_cli: Cli, asked: tuple[object, ...], tmp_path: Path
) -> None:
    assert relevome_cli(*asked, "--width", 20)[0] == 0
    said = relevome.Run(tmp_path / "run").manifest["input"]
    assert (said["width"], said["anchor"]) == ("20", "summit")
    assert relevome_cli(*asked, "--width", 20, "--anchor", "summit")[0] == 0
    for other in (("--width", 18), ("--width", 20, "--anchor", "centre"), ()):
        code, _, err = relevome_cli(*asked, *other)
        assert (code, len(err)) == (2, 1)
        assert "choose another -o" in err[0]


def test_windows_off_the_chromosome_are_refused_or_left_out_and_counted(
    relevome_cli: Cli, asked: tuple[object, ...], tmp_path: Path
) -> None:
    code, _, err = relevome_cli(*asked, "--width", 40)
    assert (code, len(err)) == (2, 1)
    assert "line 1: the window of 40 letters around the summit of chr1:10-40(.) is -5 to 35, off" in err[0]
    assert relevome_cli(*asked, "--width", 40, "--on-bad", "skip")[0] == 0
    counts = relevome.Run(tmp_path / "run").counts
    assert (counts.read, counts.explained, [one.sequence_id for one in counts.refused]) == (2, 1, ["a"])


def test_options_of_windows_need_intervals(
    relevome_cli: Cli, write: Write, saved: Callable[[str], Path]
) -> None:
    fasta = write("a.fa", ">a\nACGT\n")
    for option in (("--width", 9), ("--anchor", "start"), ("--type", "CDS")):
        code, _, err = relevome_cli(
            "explain", "--model", saved("cnn"), "--fasta", fasta, *option, "-o", "never"
        )
        assert (code, err) == (
            2, [f"relevome: {option[0]} is of intervals (--bed with --genome): leave it out"],
        )  # fmt: skip
