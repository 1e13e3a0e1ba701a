"""The benchmark without its training: a model that is a function of the boxes and their distance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.motif_causes import (
    NAMES,
    Promoters,
    PutWhere,
    boxes,
    known_promoters,
    with_boxes,
    without_boxes,
)
from relevome.data.sequences import DNA, Sequence
from relevome.studies.start_sites import UPSTREAM


@pytest.fixture(scope="module")
def promoters(shared: Path) -> Promoters:
    return known_promoters(every=12)


def spaced(sequences: Iterable[Sequence]) -> np.ndarray:
    """3 for two boxes with 17 letters between them, and 1 for each -10 box."""
    pair, box = "(?=TTGACA.{17}TATAAT)", "TATAAT"
    texts = [one.letters for one in sequences]
    return np.array([3.0 * len(re.findall(pair, text)) + text.count(box) for text in texts])


def test_boxes_are_where_they_are_in_promoters(promoters: Promoters) -> None:
    assert [one.motif("box").consensus for one in promoters.patterns] == ["TTGACA", "TATAAT"]
    hits, count = promoters.hits, len(promoters.sequences)
    first, second = hits.start[hits.pattern == 0], hits.start[hits.pattern == 1]
    assert len(first) == len(second) == count > 20
    assert set((second - first - 6).tolist()) <= set(range(15, 20))
    assert set((UPSTREAM - second - 6).tolist()) <= set(range(4, 11))
    made = Sequence("s", "C" * 35 + "TTGACA" + "C" * 17 + "TATAAT" + "C" * 36, DNA)
    assert boxes([made]).start.tolist() == [35, 58]


def test_a_model_of_boxes_and_their_distance_is_told_as_it_is(promoters: Promoters) -> None:
    letters = np.random.default_rng(0).choice(list("CG"), (20, 100))
    plain = [Sequence(str(row), "".join(text), DNA) for row, text in enumerate(letters)]
    rows = [*with_boxes(spaced, promoters, PutWhere({"plain": plain}, 58))]
    found = {row.name: row.value for row in rows}
    for place in (-13, -12, -11):
        for what in ("both", "interaction"):
            assert found[f"plain, -10 at {place}: best distance, {what}"] == "17 (17 to 17)"
    assert found["plain, -10 at -12: both, 17 between"] == "4.000 (4.000 to 4.000)"
    assert found["plain, -10 at -12: interaction, 17 between"] == "3.000 (3.000 to 3.000)"
    without = {row.name: row.value for row in without_boxes(spaced, promoters)}
    own = promoters.hits.start[promoters.hits.pattern == NAMES.index("-10")]
    touching = [
        one.letters[start - 5 : start + 11].count("TATAAT")
        for one, start in zip(promoters.sequences, own, strict=True)
    ]
    share = np.mean(touching)
    assert str(without["without -10, fall of the logit"]).startswith(f"{share:.3f} (")
