"""What exchanging letters did comes back as it was written, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.results.estimate import Estimate
from relevome.results.substitution import (
    FOLDER,
    ORDERS,
    Area,
    Curve,
    Exchange,
    Exchanged,
    Substitution,
    read_substitution,
    write_substitution,
)
from tests.results.same import assert_same


@pytest.fixture
def found() -> Substitution:
    rng = np.random.default_rng(0)
    exchange = Exchange("random", most=3, orders=2, seed=5)
    size = len(exchange.counts)

    def answers(rows: int) -> np.ndarray:
        return rng.normal(size=(rows, size, 3))

    estimates = tuple(Estimate(*row) for row in rng.normal(size=(size, 3)).tolist())
    return Substitution(
        {"run": "r", "method": "attnlrp", "target": "1", "relevance": "letters", "labels": None}, exchange,
        {f"s{i}": Exchanged(answers(4), answers(4), answers(2), 20 + i, 1, 9, i) for i in range(3)},
        tuple(Curve("logit", order, estimates) for order in ORDERS),
        (
            Area("logit", "random", "most", estimates[0], 0.25),
            Area("auroc", "random", "most", estimates[1], None),
        ),
        {"has no letter other than A": 2}, ("a note",),
    )  # fmt: skip


def test_what_is_read_is_what_was_written(found: Substitution, tmp_path: Path) -> None:
    with FOLDER.writing(tmp_path / "out", overwrite=False):
        write_substitution(found, tmp_path / "out")
    assert_same(read_substitution(tmp_path / "out"), found)


def test_it_says_what_it_is(found: Substitution) -> None:
    assert repr(found).startswith(
        "Substitution in r: 3 sequences, up to 3 letters for random\n  logit, random"
    )
    table = found.to_pandas()
    assert list(table) == ["measure", "order", "letters", "mean", "low", "high"]
    assert table["letters"].tolist() == [0, 1, 2, 3] * 3


def test_an_earlier_record_is_refused_in_one_line(found: Substitution, tmp_path: Path) -> None:
    write_substitution(found, tmp_path)
    path = tmp_path / "substitution.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 1}))
    with pytest.raises(
        InputError, match=r"by an earlier relevome: make it again with relevome substitute --ov"
    ):
        read_substitution(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no substitution.json: expected a folder of `relevome subst"):
        read_substitution(tmp_path)
