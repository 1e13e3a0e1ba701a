from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.results.coverage import lay_out
from relevome.results.export.bigwig import BigWig
from relevome.results.tracks import write_bigwig

pyBigWig = pytest.importorskip("pyBigWig", reason="reads the files that pybigtools has written")
pybigtools = pytest.importorskip("pybigtools", reason="needs the extra `bigwig`")


@pytest.fixture
def windows(letters_only):
    """Random windows of many lengths on both strands of three chromosomes, many of them overlapping."""
    rng = np.random.default_rng(3)
    rows = []
    for i in range(60):
        letters, start = int(rng.integers(1, 40)), int(rng.integers(0, 500))
        place = {
            "chrom": f"chr{rng.integers(3)}",
            "start": start,
            "end": start + letters,
            "strand": "+-."[i % 3],
        }
        rows.append(letters_only(f"w{i}", "A" * letters, rng.normal(size=letters), **place))
    return rows


def expected(rows, chrom: str, size: int) -> np.ndarray:
    """Mean relevance per base, written out; not a number where no window lies."""
    values: list[list[float]] = [[] for _ in range(size)]
    for row in rows:
        for position, value in enumerate(row.relevance) if row.chrom == chrom else ():
            values[row.end - 1 - position if row.strand == "-" else row.start + position].append(float(value))
    return np.array([np.mean(v) if v else np.nan for v in values], dtype=np.float32)


def test_reads_back_as_the_mean_over_windows(make_run, windows, tmp_path):
    report = BigWig().export(make_run(windows, size=7), tmp_path / "x.bw")
    covered = 0
    with pyBigWig.open(str(tmp_path / "x.bw")) as track:
        assert track.chroms() == {
            c: max(w.end for w in windows if w.chrom == c) for c in ("chr0", "chr1", "chr2")
        }
        for chrom, size in track.chroms().items():
            found = np.array(track.values(chrom, 0, size), dtype=np.float32)
            np.testing.assert_array_equal(found, expected(windows, chrom, size))
            covered += int(np.isfinite(found).sum())
    assert report.written == covered
    assert report.unit == "bases"


def test_every_target_has_a_file(make_run, letters_only, tmp_path):
    place = {"chrom": "c", "start": 4, "end": 6, "strand": "-"}
    rows = [letters_only("a", "AC", [1, 2], **place), letters_only("a", "AC", [5, 7], target="b/c", **place)]
    report = BigWig().export(make_run(rows), tmp_path / "x.bw")
    assert [path.name for path in report.files] == ["x.promoter.bw", "x.b_c.bw"]
    with pyBigWig.open(str(report.files[1])) as track:
        assert track.values("c", 4, 6) == [7.0, 5.0]


def test_chromosomes_are_as_long_as_the_genome_says(make_run, windows, write, tmp_path):
    sizes = write(
        "genome.fa.fai", "chr1\t900\t6\t60\t61\nchr0\t1000\t6\t60\t61\nchr2\t800\t1\t2\t3\nchrM\t7\t1\t2\t3\n"
    )
    BigWig(chrom_sizes=sizes).export(make_run(windows), tmp_path / "x.bw")
    with pyBigWig.open(str(tmp_path / "x.bw")) as track:
        assert track.chroms() == {"chr0": 1000, "chr1": 900, "chr2": 800}  # and not chrM, where nothing is


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chr0\t1000\nchr1\t1000\n", "chromosome 'chr2' is not there but the run reaches base"),
        ("chr0\t1000\nchr1\t9\nchr2\t1000\n", "chromosome 'chr1' has 9 bases but the run reaches base"),
        ("chr0\t1000\nchr1 1000\n", "line 2: expected a chromosome, a tab and its length, got 'chr1 1000'"),
        ("", "chromosome 'chr0' is not there"),
    ],
)
def test_refuses_sizes_of_another_genome(make_run, windows, write, tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        BigWig(chrom_sizes=write("chrom.sizes", text)).export(make_run(windows), tmp_path / "x.bw")
    assert not (tmp_path / "x.bw").exists()


def test_refuses_sizes_that_cannot_be_read(make_run, windows, tmp_path):
    with pytest.raises(InputError, match=r"cannot read chromosome sizes from .*nowhere"):
        BigWig(chrom_sizes=tmp_path / "nowhere").export(make_run(windows), tmp_path / "x.bw")


def test_proteins_can_be_their_own_chromosomes(make_run, letters_only, tmp_path):
    run = make_run([letters_only("P12345", "MKV", [1, 2, 3])])
    BigWig(coordinates="sequence").export(run, tmp_path / "x.bw")
    with pyBigWig.open(str(tmp_path / "x.bw")) as track:
        assert track.chroms() == {"P12345": 3}
        assert track.values("P12345", 0, 3) == [1.0, 2.0, 3.0]


def test_says_which_library_is_missing(make_run, windows, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pybigtools", None)
    with pytest.raises(InputError, match=r"bigwig needs pybigtools: pip install 'relevome\[bigwig\]'"):
        BigWig().export(make_run(windows), tmp_path / "x.bw")


class Cut:
    """Loses the end of what is written, as a full disk may without a word."""

    def __init__(self, path: str, mode: str) -> None:
        self.path, self.file = Path(path), pybigtools.open(path, mode)

    def write(self, *given: object) -> None:
        self.file.write(*given)
        with self.path.open("r+b") as file:
            file.truncate(self.path.stat().st_size - 4)


class PanicException(BaseException):
    """What a panic of Rust is called."""


class Panics(Cut):
    def write(self, *_: object) -> None:
        raise PanicException("Couldn't send: SendError { kind: Disconnected }")


@pytest.mark.parametrize("writer", [Cut, Panics])
def test_a_file_that_was_cut_short_is_no_result(make_run, windows, tmp_path, monkeypatch, writer):
    monkeypatch.setitem(sys.modules, "pybigtools", type("Module", (), {"open": writer}))
    with pytest.raises(InputError, match=r"cannot write .*x.bw: pybigtools could not write all of it"):
        BigWig().export(make_run(windows), tmp_path / "x.bw")
    assert not list(tmp_path.glob("*x.bw*"))


@pytest.mark.parametrize("failure", [InputError("part 3 is damaged"), KeyboardInterrupt("stopped")])
def test_what_fails_or_stops_on_the_way_is_said_and_leaves_nothing(tmp_path, capfd, failure):
    def values():
        yield "c", 0, np.ones(2000)
        raise failure

    with pytest.raises(type(failure), match=str(failure)):
        write_bigwig(tmp_path / "x.bw", {"c": 5000}, values())
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr().err == ""


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot write .*gone/x.bw: No such file or directory"):
        write_bigwig(tmp_path / "gone" / "x.bw", {"c": 5}, [("c", 0, np.ones(2))])


def test_a_file_without_values_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot write .*x.bw: no base has a value"):
        write_bigwig(tmp_path / "x.bw", {"c": 5000}, [])
    assert not list(tmp_path.iterdir())


def test_large_gaps_take_no_room(make_run, letters_only, tmp_path):
    rows = [
        letters_only(str(start), "AC", [1, 2], chrom="c", start=start, end=start + 2, strand="+")
        for start in (0, 240_000_000)
    ]
    run = make_run(rows)
    assert [len(stretch.values) for stretch in lay_out(run, "promoter").track()] == [2, 2]
    BigWig().export(run, tmp_path / "x.bw")
    with pyBigWig.open(str(tmp_path / "x.bw")) as track:
        assert track.intervals("c") == (
            (0, 1, 1.0), (1, 2, 2.0), (240_000_000, 240_000_001, 1.0), (240_000_001, 240_000_002, 2.0),
        )  # fmt: skip
