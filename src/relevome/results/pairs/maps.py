"""The map of one sequence, in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from relevome.data.sequences import Sequence
from relevome.results.arrays import read_arrays, write_arrays
from relevome.results.pairs.settings import PairMethod
from relevome.results.record import DAMAGE

MAPS, RANDOM = "maps", "random"


@dataclass(frozen=True, eq=False)
class KeptMap:
    """What is kept of the pairs of one sequence.

    Attributes:
        letters: The sequence.
        values: At [i, j] what letter i has to do with letter j, in the units of the method. 0 where i is j;
            NaN where nothing is known.
        estimate: The same by the estimate; None without.
        null: The strengths of all pairs of each shuffled sequence, in the order of `strengths`; None without.
    """

    letters: str
    values: Float32[np.ndarray, "letters letters"]
    estimate: Float32[np.ndarray, "letters letters"] | None = None
    null: Float32[np.ndarray, "shuffles pairs"] | None = None


def map_path(folder: Path, number: int) -> Path:
    """The file of the sequence with this number, counted from 0 in the order of the input."""
    return folder / MAPS / f"{number:06d}.npz"


def random_map_path(folder: Path, model: int, number: int) -> Path:
    """The file of the same sequence by one of the models with random weights, counted from 0."""
    return folder / RANDOM / f"{model:03d}" / f"{number:06d}.npz"


def map_arrays(found: KeptMap) -> dict[str, np.ndarray]:
    """What is written of a map."""
    arrays = {"letters": np.array([*found.letters]), "map": found.values}
    others = {"estimate": found.estimate, "null": found.null}
    return arrays | {name: values for name, values in others.items() if values is not None}


def write_map(path: Path, found: KeptMap) -> None:
    """Write a map as a whole."""
    write_arrays(path, map_arrays(found))


def read_map(path: Path) -> KeptMap:
    """What `write_map` wrote, every number as it was.

    Raises ValueError, and all that NumPy does, for a file that is damaged.
    """
    arrays = read_arrays(path)
    letters, values = "".join(map(str, arrays["letters"].tolist())), arrays["map"]
    found = KeptMap(letters, values, arrays.get("estimate"), arrays.get("null"))
    size = len(letters)
    shapes = [values.shape, *([] if found.estimate is None else [found.estimate.shape])]
    if any(shape != (size, size) for shape in shapes):
        raise ValueError(f"a map of {size} letters has shape {values.shape}")
    if found.null is not None and found.null.shape[1:] != (size * (size - 1) // 2,):
        raise ValueError(f"a null of {size} letters has shape {found.null.shape}")
    kinds = [one.dtype for one in (values, found.estimate, found.null) if one is not None]
    if any(kind != np.float32 for kind in kinds):
        raise ValueError(f"numbers are of the kinds {', '.join(map(str, kinds))}: expected float32")
    return found


def kept_map(path: Path, sequence: Sequence) -> KeptMap | None:
    """The map that is there already; one that is damaged, or of other letters, is as none at all."""
    try:
        found = read_map(path) if path.is_file() else None
    except DAMAGE:
        return None
    return found if found is not None and found.letters == sequence.letters else None


def strengths(
    values: Float32[np.ndarray, "letters letters"], method: PairMethod
) -> Float32[np.ndarray, " pairs"]:
    """Of every pair of letters i < j, rows first, the larger of both ways round; of epistasis its size.

    NaN where neither way is known.
    """
    sized = np.abs(values) if method == "epistasis" else values
    return np.fmax(sized, sized.T)[np.triu_indices(len(values), 1)]
