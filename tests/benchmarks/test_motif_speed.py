from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import motif_speed
from relevome.results.run.reader import Run


def test_later_sequences_are_earlier_ones_cut_and_turned_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motif_speed, "BLOCK", 20)
    monkeypatch.setattr(motif_speed, "LENGTH", 60)
    motif_speed.write_runs(tmp_path, 30)
    for name in ("run", "shuffles"):
        rows = list(Run(tmp_path / name))
        assert len(rows) == 30
        assert len({one.sequence_id for one in rows}) == 30
        for first, later in zip(rows, rows[20:], strict=False):
            cut = (first.sequence * 2).index(later.sequence)
            assert len(later.sequence) == 60
            np.testing.assert_array_equal(later.relevance, np.roll(first.relevance, -cut))
            own = ["ACGT".index(letter) for letter in later.sequence]
            scores = np.asarray(later.letter_scores)
            assert (scores[np.arange(60), own] == 0).all()
            np.testing.assert_array_equal(scores.min(1), np.minimum(-later.relevance, 0))


def test_every_stage_has_its_time_and_the_sum_is_no_more_than_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motif_speed, "LENGTH", 60)
    motif_speed.write_runs(tmp_path, 40)
    found = motif_speed.looked_for(tmp_path, shuffles=True)
    stages = [found[one] for one in motif_speed.STAGES if one != "patterns of TF-MoDISco"]
    assert 0 < sum(stages) <= found["all"]
    assert 0.1 < found["GiB"] < 100
