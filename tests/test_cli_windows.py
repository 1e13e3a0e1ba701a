"""Windows of one length on the command line: of `explain`, and as tables by `relevome data windows`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

import relevome
from relevome.cli.app import app
from relevome.results.folder import lock_folder
from relevome.results.window_tables import WindowTables

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


@pytest.fixture
def made_up(write: Write, tmp_path: Path) -> tuple[object, ...]:
    """Tables of windows of a genome with start sites."""
    from relevome.data.simulation.genome_files import write_genome
    from relevome.data.simulation.genome_plan import plan_genome

    write_genome(tmp_path / "made", plan_genome(length=9000, starts=40, others=0, seed=3))
    files = ("--sites", tmp_path / "made/starts.bed", "--genome", tmp_path / "made/genome.fa")
    return ("data", "windows", *files, "--width", 60, "--on-bad", "skip", "-o", tmp_path / "tables")


def test_tables_are_made_and_say_what_was_left_out(
    relevome_cli: Cli, made_up: tuple[object, ...], tmp_path: Path
) -> None:
    code, out, err = relevome_cli(*made_up, "--anchor", "start", "--negatives", "matched", "--strand", "both")
    assert (code, err) == (0, [])
    lines = out.splitlines()
    assert lines[0] == f"{tmp_path / 'tables'}: windows of 60 letters around the start of each site"
    tables = WindowTables(tmp_path / "tables")
    for line, part in zip(lines[1:], tables.parts, strict=False):
        counts = tables.counts[part]
        assert counts["rows"] == 2 * (counts["positives"] + counts["negatives"])
        positives, negatives, rows = counts.values()
        assert line == f"  {part}: {positives} with a site, {negatives} without, {rows} rows"
    assert "train: windows without a site differ from theirs in G and C 0.0" in out
    for reason, count in tables.record["left_out"].items():
        assert f"left out {count} {reason}" in out
    assert tables.record["command"] == [*map(str, made_up), "--anchor", "start", "--negatives", "matched",
                                        "--strand", "both"]  # fmt: skip


def test_a_model_is_trained_on_tables_and_explained_on_them(
    relevome_cli: Cli, made_up: tuple[object, ...], saved: Callable[[str], Path], tmp_path: Path
) -> None:
    assert relevome_cli(*made_up, "--negatives", "shuffled")[0] == 0
    tables = {part: tmp_path / f"tables/{part}.tsv" for part in ("train", "validation", "test")}
    named = [each for part, path in tables.items() for each in (f"--{part}", path)]
    code, out, err = relevome_cli(
        "train", "--arch", "cnn", *named, "--epochs", 1, "--device", "cpu", "-o", tmp_path / "model"
    )
    assert (code, len(err)) == (0, 1)  # where the epoch ended
    assert "labels 0, 1" in out
    given = ("--model", tmp_path / "model", "--table", tables["test"], "--method", "saliency")
    assert relevome_cli("explain", *given, "-o", tmp_path / "run")[0] == 0
    assert len(relevome.Run(tmp_path / "run")) == len(tables["test"].read_text().splitlines()) - 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--width", "0"), "Invalid value for '--width'"),
        (("--negatives", "none"), "Invalid value for '--negatives'"),
        (("--ratio", "-1"), "ratio -1: expected a number of negatives per positive above 0"),
        (("--test-chromosomes", "x,y"), "region 'x,y' is neither contig:first-last nor a BED file"),
        (("--by", "chromosome"), "no site is left in test"),
        (("--on-bad", "refuse", "--width", "5000"), "leave such sequences out with --on-bad skip"),
    ],
)
def test_tables_that_cannot_be_made_are_one_line(
    relevome_cli: Cli, made_up: tuple[object, ...], tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    kept = [*made_up]
    for option in options[::2]:
        if option in kept:
            del kept[kept.index(option) : kept.index(option) + 2]
    code, _, err = relevome_cli(*kept, *options)
    assert (code, len(err)) == (2, 1)
    assert said in err[0]
    assert not (tmp_path / "tables").exists()


def test_every_command_of_data_has_help_with_an_example(relevome_cli: Cli) -> None:
    code, out, _ = relevome_cli("data", "windows", "--help")
    assert code == 0
    assert "Example: relevome data windows" in " ".join(out.split())
    group: Any = typer.main.get_command(app)
    texts = [getattr(one, "help", None) or "" for one in group.commands["data"].commands["windows"].params]
    assert len(texts) > 15
    assert [text for text in texts if "[" in text or not text] == []


def test_two_processes_do_not_make_one_folder_at_once(
    relevome_cli: Cli, made_up: tuple[object, ...], tmp_path: Path
) -> None:
    (tmp_path / "tables").mkdir()
    lock = lock_folder(tmp_path / "tables")
    code, _, err = relevome_cli(*made_up)
    os.close(lock)
    assert (code, len(err)) == (2, 1)
    assert "another process is writing" in err[0]
    assert relevome_cli(*made_up)[0] == 0
