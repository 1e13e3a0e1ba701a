"""The arrays of a result, beside its record: one file of NumPy's own format, every number as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BufferedIOBase, BytesIO
from pathlib import Path

import numpy as np

from relevome.results.folder import whole_file


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by their names as a whole. Raises ValueError for arrays of Python objects."""
    with whole_file(path) as temporary, temporary.open("wb") as file:
        _save(file, arrays)


def size_of_arrays(arrays: Mapping[str, np.ndarray]) -> int:
    """Bytes of the file that `write_arrays` writes."""
    file = BytesIO()
    _save(file, arrays)
    return file.tell()


def _save(file: BufferedIOBase, arrays: Mapping[str, np.ndarray]) -> None:
    np.savez_compressed(file, allow_pickle=False, **dict(arrays))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file by their names; nothing in it is run. Raises ValueError for an infinite number."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
        arrays = dict(found)
    for name, values in arrays.items():
        if values.dtype.kind == "f" and np.isinf(values).any():
            raise ValueError(f"{name} has infinite numbers")
    return arrays


def split(values: np.ndarray, counts: Sequence[int]) -> list[np.ndarray]:
    """An array cut along its first axis into pieces of so many rows each."""
    return np.split(values, np.cumsum(counts)[:-1]) if len(counts) else []
