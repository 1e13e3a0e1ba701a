"""Two tasks of the GUE benchmark (Zhou et al. 2023, arXiv 2306.15006), from its authors' archive."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from relevome.data.names import table_line
from relevome.data.public import DataFile, DataSet, Download, data_sets
from relevome.errors import InputError

# The link of the README of MAGICS-LAB/DNABERT_2, without the page that asks whether to download.
_ARCHIVE = Download(
    "https://drive.usercontent.google.com/download"
    "?id=1uOrwlf07qGQuruXqGXWMpPn8avBoW7T-&export=download&confirm=t"
)
_FILES = (
    ("tf_2", "train", "7f7483c2179242b6f42dd3578640e1496478e56e627e8fabd2ac79e088b1cbaa", 1_976_015),
    ("tf_2", "dev", "002168deb50cebb8dc94a9268e220d0ffa49068e4d9ae28b5873b74ba287c4a1", 104_015),
    ("tf_2", "test", "78de7c31aea4393b98387f6768cc9144fc912c9391c6b20d27028e355a95c4f1", 104_015),
    ("tf_4", "train", "7b43fcec55a8ae0f44e826566be776984c37200a175c684ec2e68650aebd483c", 1_976_015),
    ("tf_4", "dev", "4a18b9d9a6a4f77f6978d251b784ab554c127aca89c9fdb4546d81c20a47c436", 104_015),
    ("tf_4", "test", "55f4ad82c52c7ced861c5df835e5b11e3b2b15d53f4d7743f47bda6b2844b980", 104_015),
)


def table_of_archive(member: str, paths: Sequence[Path]) -> bytes:
    """A table of the archive with the columns sequence and label, lines ended by a line feed.

    Args:
        member: How its name in the archive ends, such as ``GUE/tf/2/train.csv``.
        paths: The archive, zip.

    Raises:
        InputError: For another kind of file, and an archive without that table, or with a table without those
            columns.
    """
    (path,) = paths
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if f"/{name}".endswith(f"/{member}")]
            content = archive.read(names[0]) if len(names) == 1 else None
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is no zip archive ({error}): expected that of GUE") from error
    if content is None:
        raise InputError(f"{path} has {len(names)} files {member}: expected one, as in the archive of GUE")
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    if not {"sequence", "label"} <= {*(rows.fieldnames or ())}:
        raise InputError(f"{path}, {member}: expected the columns sequence and label")
    lines = [table_line(("sequence", "label"), ",")]
    lines += [table_line((row["sequence"], row["label"]), ",") for row in rows]
    return "".join(lines).encode()


def _file(task: str, part: str, sha256: str, size: int) -> DataFile:
    member = f"GUE/{task.replace('_', '/')}/{part}.csv"
    path = f"gue/GUE_{task}_{part}.csv.gz"
    return DataFile(path, sha256, size, (_ARCHIVE,), partial(table_of_archive, member))


data_sets.register("gue")(
    DataSet(
        about="GUE: peaks of human transcription factors tf_2 and tf_4, to train, validate and test on",
        licence="Apache-2.0",
        page="https://github.com/MAGICS-LAB/DNABERT_2",
        files=tuple(_file(*one) for one in _FILES),
    )
)
