"""A small version of the benchmark: a CNN on a quarter of the sites, beside matched windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import promoter_models


def test_a_cnn_reads_more_than_composition(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promoter_models, "EPOCHS", {"cnn": 3})
    ((auroc, seconds),) = promoter_models.trained("cnn", True, [0], every=4)
    assert 0.85 < auroc < 0.99
    assert seconds > 0
