"""One row of a run: one sequence, one target, and how much every letter and token contributed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import InitVar, dataclass, field

import numpy as np
from jaxtyping import Float32, Int32

from relevome.data.sequences import Interval
from relevome.errors import InputError

# Float32 sums of shares that were themselves rounded: a few units in the last place of what was added up.
_ROUNDING = 16 * float(np.finfo(np.float32).eps)


def _no_offsets() -> np.ndarray:
    return np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, eq=False, kw_only=True)
class Explanation:
    """What a run keeps of one sequence and target; each field is a column, described in `schema`.

    ``relevance`` runs along ``sequence`` as it was explained: on the ``-`` strand its first value belongs
    to the base at ``end - 1``. ``conserved=False`` is for lifts that repeat values instead of sharing
    them out, where letters and special tokens do not add up to the tokens.
    Raises InputError for numbers that are not finite, ValueError for fields that contradict each other.
    """

    sequence_id: str
    sequence: str
    chrom: str | None = None
    start: int | None = None
    end: int | None = None
    strand: str | None = None
    target: str
    target_index: int
    score: float
    baseline_score: float | None = None
    tokens: tuple[str, ...] = ()
    token_start: Int32[np.ndarray, "tokens"] = field(default_factory=_no_offsets)
    token_end: Int32[np.ndarray, "tokens"] = field(default_factory=_no_offsets)
    token_relevance: Float32[np.ndarray, "tokens"] | None = None
    relevance: Float32[np.ndarray, "letters"]
    special_relevance: float = 0.0
    completeness_error: float | None = None
    head_relevance: Float32[np.ndarray, "layers heads tokens"] | None = None
    letter_scores: Float32[np.ndarray, "letters alphabet"] | None = None
    conserved: InitVar[bool] = True

    def __post_init__(self, conserved: bool) -> None:
        self._check_place()
        self._check_arrays()
        self._check_offsets()
        self._check_finite()
        if conserved and self.token_relevance is not None:
            self._check_sum(self.token_relevance)

    @property
    def interval(self) -> Interval | None:
        """Where the sequence lies on a genome, if that is known."""
        if self.chrom is None or self.start is None or self.end is None or self.strand is None:
            return None
        return Interval(self.chrom, self.start, self.end, self.strand)

    def _check_place(self) -> None:
        place = (self.chrom, self.start, self.end, self.strand)
        if self.interval is None and any(part is not None for part in place):
            raise ValueError(f"{self._name}: chrom, start, end and strand come together, got {place}")
        if self.interval is not None and len(self.interval) != len(self.sequence):
            raise ValueError(f"{self._name}: {len(self.sequence)} letters do not fill {self.interval}")

    def _check_arrays(self) -> None:
        letters, tokens = len(self.sequence), len(self.tokens)
        integer, floating = np.dtype(np.int32), np.dtype(np.float32)
        expected = {
            "relevance": (floating, (letters,)),
            "token_relevance": (floating, (tokens,)),
            "token_start": (integer, (tokens,)),
            "token_end": (integer, (tokens,)),
            "head_relevance": (floating, (..., ..., tokens)),
            "letter_scores": (floating, (letters, ...)),
        }
        for name, (dtype, shape) in expected.items():
            array = getattr(self, name)
            if array is not None and not (array.dtype == dtype and _fits(array.shape, shape)):
                raise ValueError(
                    f"{self._name}: {name} is {array.dtype} {array.shape}, expected {dtype} {shape}"
                )

    def _check_offsets(self) -> None:
        inside = (self.token_start >= 0) & (self.token_start <= self.token_end)
        if not (inside & (self.token_end <= len(self.sequence))).all():
            raise ValueError(f"{self._name}: token offsets leave the {len(self.sequence)} letters")

    def _check_finite(self) -> None:
        for name, values in self._numbers():
            bad = int((~np.isfinite(values)).sum())
            if bad:
                raise InputError(
                    f"{self._name}: {bad} of {np.size(values)} values of {name} are infinite or not a "
                    "number: the model or the method overflowed; use a wider --dtype or another method"
                )

    def _numbers(self) -> Iterator[tuple[str, np.ndarray | float]]:
        names = ("score", "baseline_score", "special_relevance", "completeness_error", "relevance")
        for name in (*names, "token_relevance", "head_relevance", "letter_scores"):
            values = getattr(self, name)
            if values is not None:
                yield name, values

    def _check_sum(self, tokens: Float32[np.ndarray, "tokens"]) -> None:
        letters = self.relevance.astype(np.float64)
        wide = tokens.astype(np.float64)
        gap = letters.sum() + self.special_relevance - wide.sum()
        mass = np.abs(letters).sum() + abs(self.special_relevance) + np.abs(wide).sum()
        if abs(gap) > _ROUNDING * mass:
            raise ValueError(
                f"{self._name}: letters and special tokens sum to {wide.sum() + gap:.9g}, "
                f"tokens to {wide.sum():.9g}"
            )

    @property
    def _name(self) -> str:
        return f"sequence {self.sequence_id!r}, target {self.target!r}"


def _fits(shape: tuple[int, ...], expected: tuple[object, ...]) -> bool:
    """Whether a shape is as expected, where an ellipsis stands for any size."""
    return len(shape) == len(expected) and all(
        e in (size, ...) for size, e in zip(shape, expected, strict=True)
    )
