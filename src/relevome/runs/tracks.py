"""Numbers per base in a bigWig file, written as they come."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from relevome.data.errors import InputError
from relevome.runs.files import whole_file

# Takes a chromosome, a 0-based start, and the values of the bases from there on.
AddValues = Callable[[str, int, np.ndarray], None]


def bigwig_library() -> Any:
    """The library pyBigWig. Raises InputError where it is not installed."""
    try:
        import pyBigWig
    except ImportError as error:
        raise InputError(
            "bigwig needs pyBigWig: pip install 'relevome[bigwig]', or do without bigWig files"
        ) from error
    return pyBigWig


@contextmanager
def bigwig_track(path: Path, sizes: Mapping[str, int]) -> Iterator[AddValues]:
    """A function that adds values to a new file, chromosomes in the order of ``sizes``, from left to right.

    The file appears as a whole. Raises InputError where it cannot be written, and without pyBigWig.
    """
    library = bigwig_library()
    with whole_file(path) as temporary, _failures_named():
        with closing(library.open(str(temporary), "w")) as track:
            track.addHeader(list(sizes.items()))

            def add(chrom: str, start: int, values: np.ndarray) -> None:
                track.addEntries(chrom, start, values=values, span=1, step=1)

            yield add
        if not _is_whole(temporary):
            raise RuntimeError


def _is_whole(path: Path) -> bool:
    """Whether the file ends in the magic number that it begins with: pyBigWig closes a cut one in silence."""
    with path.open("rb") as file:
        first = file.read(4)
        file.seek(-4, os.SEEK_END)
        return file.read() == first


@contextmanager
def _failures_named() -> Iterator[None]:
    """What pyBigWig raises, which says nothing, as an error of the disk."""
    try:
        yield
    except (RuntimeError, SystemError) as error:
        raise OSError(errno.EIO, "pyBigWig could not write all of it, as when the disk is full") from error
