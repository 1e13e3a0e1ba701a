"""Answers of a model about motifs, kept while the rest is asked, so that another process goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np
from jaxtyping import Float

from relevome.results.arrays import read_arrays, split, write_arrays
from relevome.results.folder import make_folder
from relevome.results.record import DAMAGE

FILES = "answers-*.npz"
KEPT_EVERY = 15.0  # seconds after which what came is kept

_KEY = 16  # bytes of what an answer is known by


@dataclass
class KeptAnswers:
    """Scores of batches, each known by a digest of all that decides it, in the files of a folder.

    So it does not matter what was asked in that folder before: of another question nothing is found. Without
    a folder they are kept in memory alone. A file that is damaged is as none at all.
    """

    folder: Path | None
    known: dict[bytes, Float[np.ndarray, "inputs"]] = field(init=False)
    _new: dict[bytes, Float[np.ndarray, "inputs"]] = field(default_factory=dict, init=False)
    _since: float = field(default_factory=lambda: time.monotonic(), init=False)

    def __post_init__(self) -> None:
        self.known = {}
        for path in self._paths():
            with suppress(*DAMAGE):
                self.known |= _read(path)

    def add(self, key: bytes, scores: Float[np.ndarray, "inputs"]) -> None:
        """The scores of a batch; they are written with the next file, after `KEPT_EVERY` seconds."""
        self.known[key] = self._new[key] = scores
        if time.monotonic() - self._since >= KEPT_EVERY:
            self.write()

    def write(self) -> None:
        """Keep what came since the last file in one of its own."""
        if self.folder is not None and self._new:
            make_folder(self.folder)
            numbers = [int(path.stem.partition("-")[2]) for path in self._paths()]
            _write(self.folder / f"answers-{max(numbers, default=-1) + 1:05d}.npz", self._new)
        self._new, self._since = {}, time.monotonic()

    def remove(self) -> None:
        """Remove all files: the result that they are for is whole."""
        for path in self._paths():
            path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        if self.folder is None:
            return []
        return [path for path in sorted(self.folder.glob(FILES)) if path.stem.partition("-")[2].isdecimal()]


@contextmanager
def kept_answers(folder: Path | None) -> Iterator[KeptAnswers]:
    """Answers that are there, and those that come in the block, which are kept also where it fails."""
    found = KeptAnswers(folder)
    try:
        yield found
    finally:
        found.write()


def answer_key(about: str, keys: list[bytes]) -> bytes:
    """By what scores of a batch are known: the model and how it computes, in words, and all inputs."""
    return blake2b(about.encode() + b"".join(keys), digest_size=_KEY).digest()


def _write(path: Path, answers: Mapping[bytes, Float[np.ndarray, "inputs"]]) -> None:
    arrays = {
        "keys": np.frombuffer(b"".join(answers), dtype=np.uint8).reshape(-1, _KEY),
        "sizes": np.array([len(scores) for scores in answers.values()], dtype=np.int64),
        "scores": np.concatenate([*answers.values()]),
    }
    write_arrays(path, arrays)


def _read(path: Path) -> dict[bytes, Float[np.ndarray, "inputs"]]:
    """What `_write` wrote. Raises ValueError, and all that NumPy does, for a file that is damaged."""
    arrays = read_arrays(path)
    keys, sizes, scores = arrays["keys"], arrays["sizes"], arrays["scores"]
    if keys.shape != (len(sizes), _KEY) or sizes.sum() != len(scores) or scores.dtype != np.float64:
        raise ValueError("keys, sizes and scores do not go together")
    return dict(zip(map(bytes, keys), split(scores, sizes.tolist()), strict=True))
