from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.contigs import Contig
from relevome.results.annotation import scores
from relevome.results.annotation.calls import close_to, peaks

VALUES = st.lists(st.sampled_from([np.nan, -1.0, 0.0, 1.0, 2.0]), min_size=1, max_size=25)


def by_hand(values: list[float], apart: int, circular: bool) -> list[int]:
    found, n = [], len(values)
    for i, here in enumerate(values):
        beside = range(1, min(apart, n - 1) + 1)
        left = [i - d for d in beside if circular or i >= d]
        right = [i + d for d in beside if circular or i + d < n]
        beaten = any(values[j % n] >= here for j in left) or any(values[j % n] > here for j in right)
        if not np.isnan(here) and not beaten:
            found.append(i)
    return found


@given(values=VALUES, apart=st.integers(0, 6), circular=st.booleans(), chunk=st.integers(1, 30))
def test_peaks_are_those_found_one_by_one(
    values: list[float], apart: int, circular: bool, chunk: int
) -> None:
    def read(start: int, end: int) -> np.ndarray:
        places = range(start, end)
        inside = [circular or 0 <= i < len(values) for i in places]
        kept = [values[i % len(values)] if ok else np.nan for i, ok in zip(places, inside, strict=True)]
        return np.array(kept, dtype=np.float32)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "CHUNK", chunk)
        found = list(peaks(read, Contig("c", len(values), circular), apart))
    positions = np.concatenate([some.positions for some in found]).tolist()
    assert positions == by_hand(values, apart, circular)
    assert np.concatenate([some.scores for some in found]).tolist() == [values[i] for i in positions]


@given(
    some=st.lists(st.integers(0, 40)),
    others=st.lists(st.integers(0, 40)),
    within=st.integers(0, 5),
    circular=st.booleans(),
)
def test_what_is_close(some: list[int], others: list[int], within: int, circular: bool) -> None:
    turns = (-41, 0, 41) if circular else (0,)
    expected = [any(abs(a - b + turn) <= within for b in others for turn in turns) for a in some]
    there = np.sort(np.array(others, dtype=np.int64))
    found = close_to(np.array(some, dtype=np.int64), there, within, Contig("c", 41, circular))
    assert found.tolist() == expected
