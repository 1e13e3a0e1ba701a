"""Numbers per base in a bigWig file, written as they come."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from relevome.errors import InputError
from relevome.results.folder import whole_file

# A chromosome, a 0-based start, and numbers of the bases from there on.
Values = tuple[str, int, Float[np.ndarray, " bases"]]
_CUT = "pybigtools could not write all of it, as when the disk is full"


def bigwig_library() -> Any:
    """The library pybigtools. Raises InputError where it is not installed."""
    try:
        import pybigtools
    except ImportError as error:
        raise InputError(
            "bigwig needs pybigtools: pip install 'relevome[bigwig]', or do without bigWig files"
        ) from error
    return pybigtools


def write_bigwig(path: Path, sizes: Mapping[str, int], values: Iterable[Values]) -> int:
    """A new file of all values, in the order of ``sizes`` and from left to right; gives how many bases.

    The file appears as a whole, memory does not grow with the chromosomes, and of these only those with
    values are named in it. Raises InputError where it cannot be written, without any value, and without
    pybigtools.
    """
    library, entries = bigwig_library(), _Entries(values)
    with whole_file(path) as temporary:
        named = temporary.with_name(f"{temporary.name}.bw")  # pybigtools goes by the ending
        try:
            named.touch()
            _write(library, named, sizes, entries)
            if not entries.count:
                raise InputError(f"cannot write {path}: no base has a value; do without bigWig files")
            if not _is_whole(named):
                raise OSError(errno.EIO, _CUT)
            named.replace(temporary)
        finally:
            named.unlink(missing_ok=True)
    return entries.count


def _write(library: Any, path: Path, sizes: Mapping[str, int], entries: _Entries) -> None:
    try:
        library.open(str(path), "w").write(dict(sizes), entries.one_by_one())
    except BaseException as error:
        # on a full disk Rust panics, which is no Exception, and says nothing of the disk
        if type(error).__name__ == "PanicException":
            raise OSError(errno.EIO, _CUT) from error
        raise
    if entries.error is not None:
        raise entries.error


class _Entries:
    """Values as pybigtools wants them, and the error that cut them short, which it would print and forget."""

    def __init__(self, values: Iterable[Values]) -> None:
        self.count = 0
        self.error: BaseException | None = None
        self._values = values

    def one_by_one(self) -> Iterator[tuple[str, int, int, float]]:
        """Chromosome, start, end and value of each base."""
        try:
            for chrom, start, values in self._values:
                for place, value in enumerate(values.tolist(), start):
                    yield chrom, place, place + 1, value
                self.count += len(values)
        except BaseException as error:  # noqa: BLE001 - kept, Ctrl-C too, and raised again by `_write`
            self.error = error


def _is_whole(path: Path) -> bool:
    """Whether the file ends in the magic number that it begins with."""
    with path.open("rb") as file:
        first = file.read(4)
        file.seek(-4, os.SEEK_END)
        return len(first) == 4 and file.read() == first
