"""Explanations and runs as other packages make them, with sizes that all differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relevome.results.parts.part import Counts
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter

LAYERS, HEADS = 2, 3

Explain = Callable[..., Explanation]
MakeRun = Callable[..., Run]


def _explain(sequence_id: str = "s", sequence: str = "ACGTN", seed: int = 0, **fields: Any) -> Explanation:
    """A sequence with one token per letter between two special ones; ``fields`` go over what is drawn."""
    rng = np.random.default_rng(seed)
    letters = len(sequence)
    tokens = rng.normal(size=letters + 2).astype(np.float32)
    drawn: dict[str, Any] = {
        "target": "promoter",
        "target_index": 1,
        "score": float(rng.normal()),
        "tokens": ("[CLS]", *sequence, "[SEP]"),
        "token_start": np.array([0, *range(letters), letters], dtype=np.int32),
        "token_end": np.array([0, *range(1, letters + 1), letters], dtype=np.int32),
        "token_relevance": tokens,
        "relevance": tokens[1:-1].copy(),
        "special_relevance": float(tokens[0]) + float(tokens[-1]),
        "head_relevance": rng.normal(size=(LAYERS, HEADS, letters + 2)).astype(np.float32),
        "letter_scores": rng.normal(size=(letters, 4)).astype(np.float32),
    }
    return Explanation(sequence_id=sequence_id, sequence=sequence, **(drawn | fields))


def _letters_only(sequence_id: str, sequence: str, relevance: Sequence[float], **fields: Any) -> Explanation:
    """What a method that works on letters gives."""
    values = np.array(relevance, dtype=np.float32)
    drawn: dict[str, Any] = {"target": "promoter", "target_index": 1, "score": 0.5, "relevance": values}
    return Explanation(sequence_id=sequence_id, sequence=sequence, **(drawn | fields))


@pytest.fixture(scope="session")
def explain() -> Explain:
    return _explain


@pytest.fixture(scope="session")
def letters_only() -> Explain:
    return _letters_only


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes explanations into a finished run in parts of ``size`` rows, and opens it."""

    def make(explanations: Sequence[Explanation], size: int = 3, name: str = "run", **manifest: Any) -> Run:
        with RunWriter(tmp_path / name, {"alphabet_letters": "ACGT"} | manifest, overwrite=True) as writer:
            for index, first in enumerate(range(0, len(explanations), size)):
                part = explanations[first : first + size]
                writer.write_part(index, part, Counts(read=len(part), explained=len(part)))
        return Run(tmp_path / name)

    return make
