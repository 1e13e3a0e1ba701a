from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from relevome.data.contigs import Contig
from relevome.data.sequences import Interval
from relevome.errors import InputError
from relevome.results.annotation.scores import ScoreFiles, Stretch, stretches

ONE, TWO = Contig("one", 23), Contig("two", 6, circular=True)


@pytest.fixture
def files(tmp_path: Path) -> ScoreFiles:
    regions = [Interval("one", 3, 17), Interval("one", 20, 22), Interval("two", 0, 6)]
    return ScoreFiles(tmp_path, stretches(regions, letters=5), classes=2)


def score(contig: str, sign: str, column: int, position: int) -> float:
    return 0.5 + position + 100 * column + 1000 * (sign == "-") + 10_000 * (contig == "two")


def fill(files: ScoreFiles, stretch: Stretch) -> None:
    """Scores in the direction of the strand, in uneven pieces."""
    region = stretch.region
    places = list(range(region.start, region.end))[:: 1 if stretch.sign == "+" else -1]
    rows = np.array([[score(region.chrom, stretch.sign, column, i) for column in (0, 1)] for i in places])
    files.write(stretch, [rows[:1], rows[1:1], rows[1:]])


def test_scores_are_read_as_they_were_written(files: ScoreFiles) -> None:
    for stretch in files.missing():
        fill(files, stretch)
    assert not files.missing()
    assert len(files.stretches) == 2 * (3 + 1 + 2)
    for contig, known in ((ONE, {*range(3, 17), 20, 21}), (TWO, set(range(6)))):
        for sign in "+-":
            for column in (0, 1):
                for start, end in ((-8, 25), (0, 23), (4, 5), (16, 21), (-1, 3)):
                    found = files.read(contig, sign, column, start, end)
                    places = [i % 6 if contig.circular else i for i in range(start, end)]
                    expected = [score(contig.name, sign, column, i) if i in known else np.nan for i in places]
                    np.testing.assert_array_equal(found, np.array(expected, dtype=np.float32))


def test_a_file_is_there_as_a_whole_or_not_at_all(files: ScoreFiles, tmp_path: Path) -> None:
    stretch = files.stretches[0]

    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputError, match="no space left on the disk of"):
        files.write(stretch, (np.zeros((2, 2)) if turn == 0 else full() for turn in range(2)))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="2 scores for a stretch of 5 letters"):
        files.write(stretch, [np.zeros((2, 2))])
    assert not list(tmp_path.iterdir())
    assert files.missing() == files.stretches


def replaced(path: Path, scores: np.ndarray) -> None:
    np.save(path, scores)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-4]),
        lambda path: path.write_bytes(b""),
        lambda path: replaced(path, np.zeros((1, 5), "<f4")),
        lambda path: replaced(path, np.zeros((2, 5), "<f8")),
    ],
    ids=["cut", "empty", "another shape", "another type"],
)
def test_scores_that_are_damaged_are_one_line(files: ScoreFiles, change: Callable[[Path], None]) -> None:
    for stretch in files.missing():
        fill(files, stretch)
    assert not np.isnan(files.read(ONE, "+", 1, 3, 8)).any()
    change(files.folder / files.stretches[0].name)
    with pytest.raises(InputError, match=r"000000-plus.npy is damaged .*: delete that file and run the same"):
        files.read(ONE, "+", 1, 3, 8)
