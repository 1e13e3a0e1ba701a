"""npz: one-hot sequences and scores of every base, as TF-MoDISco reads them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float32, Int8

from relevome.data.names import visible
from relevome.errors import InputError
from relevome.results.export import ExportReport, exporters
from relevome.results.folder import whole_file
from relevome.results.outputs import check_free, target_paths, wanted_targets
from relevome.results.run.reader import Run


@exporters.register("npz")
@dataclass(frozen=True)
class Npz:
    """Input of TF-MoDISco, from runs with scores for every base.

    For ``-o x.npz``, ``x.sequences.npz`` has one-hot letters and ``x.attributions.npz`` hypothetical scores,
    each of shape (sequences, 4, letters) under ``arr_0``, and ``x.ids.txt`` the sequence ids in that order:
    ``modisco motifs -s x.sequences.npz -a x.attributions.npz``, with a window (``-w``) of at most the
    letters. IUPAC codes are all zero. All sequences must have one length, or at least ``width`` letters, of
    which the middle ones are taken. With ``centre``, 0 is the average base of a position, whatever the method
    compared with: mutagenesis compares with the base that is there, whose score is then always 0.
    """

    width: int | None = None
    centre: bool = True

    def __post_init__(self) -> None:
        if self.width is not None and self.width < 1:
            raise InputError(f"width is {self.width}: expected at least one letter")

    def export(self, run: Run, out: Path, target: str | None = None, overwrite: bool = False) -> ExportReport:
        """Three files per target; see `Exporter`."""
        alphabet = _bases(run)
        names = {t: _files(path) for t, path in target_paths(out, wanted_targets(run, target)).items()}
        paths = [path for files in names.values() for path in files]
        check_free(paths, overwrite)
        shapes = {name: self._shape(run, name) for name in names}
        for name, files in names.items():
            self._write(run, name, alphabet, shapes[name], files)
        return ExportReport(tuple(paths), sum(rows for rows, _ in shapes.values()), "sequences")

    def _shape(self, run: Run, target: str) -> tuple[int, int]:
        """Sequences, and letters of each in the file."""
        rows, shortest, longest = 0, "", ""
        for part in run.tables(["sequence_id", "sequence", "target"]):
            for row in part.filter(pc.field("target") == target).to_pylist():
                shortest = min(shortest or row["sequence"], row["sequence"], key=len)
                longest = max(longest, row["sequence"], key=len)
                rows += 1
        width = self.width or len(longest)
        if len(shortest) < width:
            raise InputError(
                f"{run.path} has sequences of {len(shortest)} to {len(longest)} letters, target {target!r}: "
                f"TF-MoDISco needs one length; "
                f"--option width={len(shortest)} or less takes the middle of each"
            )
        return rows, width

    def _write(
        self, run: Run, target: str, alphabet: str, shape: tuple[int, int], files: tuple[Path, Path, Path]
    ) -> None:
        rows, width = shape
        full = (rows, len(alphabet), width)
        with (
            _array_file(files[0], np.dtype(np.int8), full) as sequences,
            _array_file(files[1], np.dtype(np.float32), full) as attributions,
            whole_file(files[2]) as temporary,
            temporary.open("w", encoding="utf-8") as ids,
        ):
            for row in _rows(run, target, len(alphabet)):
                first = (len(row.letters) - width) // 2
                middle = slice(first, first + width)
                sequences.write(_one_hot(row.letters[middle], alphabet).tobytes())
                attributions.write(self._hypothetical(row.scores[middle]).tobytes())
                ids.write(f"{visible(row.name)}\n")

    def _hypothetical(
        self, scores: Float32[np.ndarray, "letters alphabet"]
    ) -> Float32[np.ndarray, "alphabet letters"]:
        if self.centre:
            scores = scores - scores.mean(axis=1, keepdims=True)
        return scores.T


@dataclass(frozen=True, eq=False)
class _Row:
    name: str
    letters: str
    scores: Float32[np.ndarray, "letters alphabet"]


def _rows(run: Run, target: str, size: int) -> Iterator[_Row]:
    for part in run.tables(["sequence_id", "sequence", "target", "letter_scores"]):
        chosen = part.filter(pc.field("target") == target)
        for row, scores in zip(
            chosen.drop("letter_scores").to_pylist(), chosen["letter_scores"], strict=True
        ):
            yield _Row(row["sequence_id"], row["sequence"], _scores(run, row["sequence_id"], scores, size))


def _scores(run: Run, name: str, scores: pa.ListScalar, size: int) -> Float32[np.ndarray, "letters alphabet"]:
    if not scores.is_valid:
        raise InputError(
            f"{run.path} has no score for every base of {name!r}: explain with --method mutagenesis or, for "
            "a model that reads single letters, with --letter-scores and a gradient method at --site word"
        )
    return scores.values.to_numpy().reshape(-1, size)


def _one_hot(letters: str, alphabet: str) -> Int8[np.ndarray, "alphabet letters"]:
    codes = np.frombuffer(letters.encode(), dtype=np.uint8)
    return (np.frombuffer(alphabet.encode(), dtype=np.uint8)[:, None] == codes).astype(np.int8)


def _bases(run: Run) -> str:
    alphabet = "".join(run.manifest.get("alphabet_letters", ""))
    if len(alphabet) != 4:
        raise InputError(
            f"{run.path} has the letters {alphabet or 'unknown'}: TF-MoDISco reads nucleic acids, four "
            "bases; export to tsv"
        )
    return alphabet


def _files(out: Path) -> tuple[Path, Path, Path]:
    stem = out.name.removesuffix(".npz")
    return (
        out.with_name(f"{stem}.sequences.npz"),
        out.with_name(f"{stem}.attributions.npz"),
        out.with_name(f"{stem}.ids.txt"),
    )


@contextmanager
def _array_file(path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> Iterator[IO[bytes]]:
    """A compressed .npz file whose one array is written row by row, not held."""
    # A ZipInfo made by name has a fixed date: the same content gives the same bytes.
    entry = zipfile.ZipInfo("arr_0.npy")
    entry.compress_type = zipfile.ZIP_DEFLATED
    with (
        whole_file(path) as temporary,
        zipfile.ZipFile(temporary, "w") as archive,
        archive.open(entry, "w", force_zip64=True) as file,
    ):
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        yield file
