"""Maps, estimates and heads against structures, beside models with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.data.sequences import Sequence
from relevome.discovery.pairs.epistasis import epistasis_map
from relevome.discovery.pairs.estimate import attention_estimate
from relevome.errors import InputError
from relevome.jobs.pairs import against_structures
from relevome.models.base import Model
from relevome.models.targets import resolve_target
from relevome.models.untrained import with_shuffled_weights
from relevome.results.pairs.folder import read_pairs
from relevome.results.pairs.maps import read_map
from tests.toys import TOYS

ToyModel = Callable[[str], Model]


def contacts_of(path: Path, letters: dict[str, str], apart: int = 6) -> Path:
    rows = [f"{id},{i},{i + apart}" for id, text in letters.items() for i in range(len(text) - apart)]
    path.write_text("\n".join(["id,i,j", *rows]) + "\n")
    return path


def six_apart(model: Model, sequences: list[Sequence]) -> float:
    """How many of the L/5 strongest pairs are six apart, by attention times gradient, the mean."""
    found = []
    for sequence in sequences:
        map, size = attention_estimate(model, sequence).values, len(sequence)
        pairs = sorted(
            ((i, j) for i in range(size) for j in range(i + 6, size)),
            key=lambda p: -np.float32(max(map[p], map[p[::-1]])),
        )
        found.append(np.mean([j - i == 6 for i, j in pairs[: size // 5]]))
    return float(np.mean(found))


def test_maps_and_heads_are_held_against_structures(
    toy_model: ToyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, toy = toy_model("esm-masked"), TOYS["esm-masked"]
    sequences = toy.sequences(14, 12, 9)
    touching = contacts_of(tmp_path / "c.csv", {one.id: one.letters for one in sequences[:2]})
    said: list[str] = []
    found = relevome.pairs(
        model, sequences, tmp_path / "out", method="attention", contacts=touching, random_models=2,
        pictures=1, say=said.append,
    )  # fmt: skip
    assert said[-1] == "contacts"
    assert found.counts["with_contacts"] == 2
    rows = {(one.source, one.apart, one.top): one for one in found.contacts}
    heads = {source for source, _, _ in rows} - {"map", "nearest"}
    assert heads == {f"{layer}.{head}" for layer in range(2) for head in range(3)}
    own, expected = rows["map", 6, "L/5"], six_apart(model, sequences[:2])
    assert own.precision == pytest.approx(expected)
    assert own.chance == pytest.approx((8 / 36 + 6 / 21) / 2)
    random = [six_apart(with_shuffled_weights(model, seed), sequences[:2]) for seed in (0, 1)]
    assert own.random == pytest.approx(np.mean(random))
    assert own.best_random == pytest.approx(max(random))
    assert own.p == pytest.approx((1 + sum(one >= expected for one in random)) / 3)
    nearest = rows["nearest", 6, "L/5"]
    assert (nearest.precision, nearest.random, nearest.p) == (1, None, None)
    one = rows["1.2", 6, "L"]
    assert one.random is not None
    assert one.best_random is not None
    assert one.p is not None
    assert 1 / 13 <= one.p <= 1
    assert one.random <= one.best_random
    assert read_pairs(tmp_path / "out").contacts == found.contacts
    # maps by random weights are kept, and made again where they are damaged
    kept = {path: path.read_bytes() for path in (tmp_path / "out" / "random").glob("*/*.npz")}
    assert len(kept) == 4
    first = min(kept)
    first.write_bytes(first.read_bytes()[:-9])
    made: list[Any] = []
    write = against_structures.write_map
    with monkeypatch.context() as patch:
        patch.setattr(
            against_structures, "write_map", lambda path, one: (made.append(path), write(path, one))
        )
        again = relevome.pairs(
            model, sequences, tmp_path / "out", method="attention", contacts=touching, random_models=2,
            pictures=0,
        )  # fmt: skip
    assert (made, again.contacts) == ([first], found.contacts)
    expected = attention_estimate(with_shuffled_weights(model, 0), sequences[0]).values.astype(np.float32)
    np.testing.assert_array_equal(read_map(first).values, expected)
    assert read_map(first).letters == sequences[0].letters
    (tmp_path / "out" / "contacts.tsv").unlink()
    with pytest.raises(InputError, match=r"0 rows of contacts\.tsv"):
        read_pairs(tmp_path / "out")


def test_a_model_without_attention_has_its_map_alone(toy_model: ToyModel, tmp_path: Path) -> None:
    cnn, toy = toy_model("cnn"), TOYS["cnn"]
    (sequence,) = toy.sequences(12)
    touching = contacts_of(tmp_path / "c.csv", {"s0": sequence.letters})
    found = relevome.pairs(cnn, [sequence], tmp_path / "out", contacts=touching, pictures=0)
    assert {(one.source, one.low) for one in found.contacts} == {("map", None), ("nearest", None)}
    (own,) = [one for one in found.contacts if (one.source, one.apart, one.top) == ("map", 6, "L/5")]
    assert own.random is not None
    target = resolve_target(cnn, None)
    theirs = [epistasis_map(with_shuffled_weights(cnn, seed), sequence, target).values for seed in range(3)]
    every = [(i, i + apart) for apart in range(6, 12) for i in range(12 - apart)]
    expected = []
    for one in theirs:
        best = sorted(every, key=lambda pair, map=one: -abs(map[pair]))[:2]
        expected.append(np.mean([j - i == 6 for i, j in best]))
    assert own.random == pytest.approx(np.mean(expected))
    with pytest.raises(InputError, match="no sequence with a map has contacts"):
        relevome.pairs(cnn, {"other": sequence.letters}, tmp_path / "none", contacts=touching, pictures=0)
