"""Relevance with sites in known places: noise, what letters are worth, and stretches that stand out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relevome.discovery.covered_relevance import FORWARD, CoveredRelevance

WIDTH = 10  # letters of a site


@dataclass(frozen=True)
class PlantedSites:
    """Relevance, its letters, and where sites start, of one or more stretches of equal length."""

    values: np.ndarray
    letters: np.ndarray
    starts: np.ndarray

    def covered(self, pad: int) -> CoveredRelevance:
        """As the caller takes it."""
        stretches, length = self.values.shape
        values = np.pad(self.values, ((0, 0), (0, pad))).ravel()
        codes = np.pad(self.letters, ((0, 0), (0, pad))).ravel()
        number = np.where(codes > 0, np.repeat(np.arange(stretches), length + pad), -1)
        nothing = np.zeros(len(values), dtype=np.uint8)
        return CoveredRelevance(
            values, number, codes, nothing, np.where(codes > 0, FORWARD, 0).astype(np.uint8),
            tuple(f"c{i}" for i in range(stretches)), np.zeros(stretches, dtype=np.int64),
            np.arange(stretches) * (length + pad),
        )  # fmt: skip


def planted_sites(
    seed: int,
    length: int = 10_000,
    sites: int = 100,
    height: float = 2.0,
    heavy: bool = False,
    of_letters: float = 0.0,
    stretches: int = 1,
) -> PlantedSites:
    """Noise of standard deviation 1 (of Student's t with 3 degrees of freedom if ``heavy``) with sites.

    A site adds ``height`` to each of `WIDTH` letters. Sites are at least 30 letters apart. ``of_letters`` is
    what an A is worth, and minus what a C is.
    """
    rng = np.random.default_rng(seed)
    shape = (stretches, length)
    values = rng.standard_t(3, shape) / np.sqrt(3) if heavy else rng.normal(size=shape)
    letters = rng.choice(np.frombuffer(b"ACGT", dtype=np.uint8), shape)
    values += of_letters * ((letters == ord("A")).astype(float) - (letters == ord("C")))
    slots = rng.choice(length // 50, sites, replace=False)
    starts = np.sort(slots) * 50 + rng.integers(0, 20, sites)
    for start in starts:
        values[:, start : start + WIDTH] += height
    return PlantedSites(values, letters, starts)
