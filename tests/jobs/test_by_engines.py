"""Whoever computes them, in whatever order: evaluations, exchanges, heads and maps of pairs are the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.engines.base import Engine, in_order
from relevome.engines.local import Local
from relevome.engines.ray import Ray
from relevome.jobs.evaluate import evaluate
from relevome.jobs.heads.heads import heads
from relevome.jobs.pairs import against_structures, making
from relevome.jobs.substitute import substitute
from relevome.models.base import Model
from relevome.results.pairs.maps import read_map
from tests.backwards import Backwards
from tests.evaluation.additive import additive_model
from tests.evaluation.example_runs import best_letters, explained
from tests.results.same import assert_same
from tests.toys import TOYS


def squared(one: int) -> int:
    return one * one


def test_results_are_put_in_order() -> None:
    assert list(in_order(Backwards(), squared, iter([3, 1, 2]))) == [9, 1, 4]
    assert list(in_order("local", squared, [])) == []


@pytest.fixture(scope="module")
def model() -> Model:
    return additive_model()


@pytest.fixture(scope="module")
def run(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return explained(model, tmp_path_factory.mktemp("runs") / "right")


def test_an_evaluation_is_the_same_by_any_engine(model: Model, run: Any) -> None:
    engine = Backwards()
    asked: dict[str, Any] = {"model": model, "fast": True, "batch_size": 4, "random_models": 2, "null": 1}
    sites = best_letters(model, run)
    here, there = (evaluate(run, sites, **asked, engine=one) for one in ("local", engine))
    assert_same(there, here)
    assert engine.counts == [len(run), 2, len(run)]  # shuffles, random weights, mutagenesis


def test_exchanges_are_the_same_by_any_engine(
    model: Model, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relevome.jobs.substitute.AT_ONCE", 2)
    engine, told = Backwards(), []
    asked: dict[str, Any] = {"model": model, "most": 4, "by": "X", "batch_size": 3}
    here = substitute(run, **asked)
    there = substitute(run, **asked, engine=engine, progress=lambda *one: told.append(one))
    assert_same(there, here)
    assert engine.counts == [-(-len(run) // 2)]
    assert (sum(count for count, _ in told), told[0][1]) == (len(run), len(run))


def test_heads_of_random_weights_are_the_same_by_any_engine(
    toy_model: Callable[[str], Model], tmp_path: Path
) -> None:
    model, sequences = toy_model("protbert"), TOYS["protbert"].sequences(*range(20, 26))
    run = relevome.explain(model, sequences, target=1, out=tmp_path / "run", heads=True, batch_size=4)
    sites = tmp_path / "sites.bed"
    sites.write_text("".join(f"s{i}\t{2 + i}\t{7 + i}\n" for i in range(5)))
    asked: dict[str, Any] = {"annotations": sites, "random": 1, "model": model, "batch_size": 4}
    here, there = (heads(run, **asked, engine=one) for one in ("local", Backwards()))
    assert_same(there, here)


LETTERS = {f"s{i}": "".join(np.random.default_rng(i).choice(list("ACGT"), 8 + i)) for i in range(5)}


@pytest.mark.parametrize("name", ["backwards", "local", "ray"])
def test_maps_of_pairs_are_the_same_by_any_engine(
    name: str, toy_model: Callable[[str], Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "ray":
        pytest.importorskip("ray", reason="the extra ray is not installed")
    others: dict[str, Engine] = {"backwards": Backwards(), "local": Local(2), "ray": Ray(workers=2)}
    monkeypatch.setattr(making, "AT_ONCE", 2)
    model = toy_model("letters-masked")
    asked: dict[str, Any] = {"apart": 3, "most": 20, "shuffles": 1, "pictures": 0, "batch_size": 4}
    here = relevome.pairs(model, LETTERS, tmp_path / "here", **asked)
    there = relevome.pairs(model, LETTERS, tmp_path / "there", **asked, engine=others[name])
    assert there.pairs == here.pairs
    assert there.notes == here.notes
    for one in LETTERS:
        assert_same(there.map(one), here.map(one))


def test_who_does_not_see_the_folder_gives_maps_back(
    toy_model: Callable[[str], Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = toy_model("letters-masked")
    asked: dict[str, Any] = {"apart": 3, "pictures": 0, "batch_size": 4}
    here = relevome.pairs(model, LETTERS, tmp_path / "here", **asked)
    monkeypatch.setattr(making, "is_marked", lambda folder, mark: False)
    there = relevome.pairs(model, LETTERS, tmp_path / "there", **asked, engine=Backwards())
    for one in LETTERS:
        assert_same(there.map(one), here.map(one))


@pytest.mark.parametrize("seen", [True, False])
def test_maps_are_held_against_structures_alike_by_any_engine(
    seen: bool, toy_model: Callable[[str], Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models with random weights, too, whose maps are kept by workers that see the folder, else here."""
    model = toy_model("letters-masked")
    rows = "".join(f"{name},{i},{i + 6}\n" for name, text in LETTERS.items() for i in range(len(text) - 6))
    (tmp_path / "c.csv").write_text("id,i,j\n" + rows)
    asked: dict[str, Any] = {"contacts": tmp_path / "c.csv", "random_models": 2, "pictures": 0}
    here = relevome.pairs(model, LETTERS, tmp_path / "here", **asked)
    if not seen:
        monkeypatch.setattr(against_structures, "is_marked", lambda folder, mark: False)
    engine = Local(2) if seen else Backwards()
    if seen:  # then nobody writes here
        monkeypatch.setattr(against_structures, "write_map", None)
    there = relevome.pairs(model, LETTERS, tmp_path / "there", **asked, engine=engine)
    assert there.contacts == here.contacts
    kept = [sorted((tmp_path / name / "random").glob("*/*.npz")) for name in ("here", "there")]
    assert len(kept[0]) == len(kept[1]) == 2 * len(LETTERS)
    for one, other in zip(*kept, strict=True):
        assert_same(read_map(one), read_map(other))
