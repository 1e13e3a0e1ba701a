"""Windows around sites, as a model reads them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from relevome.data.sequences import DNA, Sequence
from relevome.discovery.head_attention import over_letters
from relevome.discovery.windows import MISSING, Windows
from relevome.errors import InputError
from relevome.jobs.heads.by_attention import drawn
from relevome.models.base import Model, Target
from relevome.models.hugging_face import load_model
from tests.toys import TOYS

TARGET = Target(1, "one")


def windows(*letters: str, site: int = 2) -> Windows:
    return Windows(tuple(Sequence(f"w{i}", text, DNA) for i, text in enumerate(letters)), TARGET, site)


def toy(name: str, folder: Path) -> Model:
    return load_model(TOYS[name].save(folder))


def test_letters_have_numbers_and_distances() -> None:
    found = windows("ACGTN", "TTTTA")
    assert found.codes.tolist() == [[0, 1, 2, 3, MISSING], [3, 3, 3, 3, 0]]
    assert found.distances.tolist() == [-2, -1, 0, 1, 2]


def test_windows_of_two_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="'w1' has 4 letters and 'w0' has 5: expected windows of one length"):
        windows("ACGTA", "ACGT")


def test_a_site_off_the_windows_is_refused() -> None:
    with pytest.raises(InputError, match="site at letter 5 of windows of 5"):
        windows("ACGTA", site=5)


def test_shuffles_keep_pairs_of_letters() -> None:
    whole = windows("ACGGTTACAGGATTTACCA" * 3)
    text, shuffled = (one.sequences[0].letters for one in (whole, whole.shuffled(np.random.default_rng(0))))
    assert text != shuffled
    assert Counter(pairwise(text)) == Counter(pairwise(shuffled))


@pytest.mark.parametrize("name", ["bpe", "dnabert", "nucleotide-transformer"])
def test_batches_hold_every_window_once(name: str, tmp_path: Path) -> None:
    model = toy(name, tmp_path / "model")
    rng = np.random.default_rng(0)
    whole = windows(*("".join(rng.choice(list("ACGT"), 23)) for _ in range(150)))
    rows = [
        (row, tokens)
        for rows, batch in whole.batches(model)
        for row, tokens in zip(rows, batch.tokens, strict=True)
    ]
    assert sorted(row for row, _ in rows) == list(range(150))
    assert all(tokens.sequence is whole.sequences[row] for row, tokens in rows)


@pytest.mark.parametrize("name", ["bpe", "dnabert"])
def test_a_token_is_shared_by_its_letters(name: str, tmp_path: Path) -> None:
    tokens = toy(name, tmp_path / "model").tokenize(Sequence("s", "ACGGTTACAGGATT", DNA))
    shares = over_letters(tokens)
    np.testing.assert_allclose(shares.sum(1), ~tokens.special)
    assert (shares.sum(0) > 0).all()


def test_of_too_many_windows_some_are_drawn_in_order() -> None:
    every = list(windows(*["ACGTA"] * 9).sequences)
    assert drawn(every, 9, seed=0) == every
    some = drawn(every, 4, seed=0)
    assert len(some) == 4
    assert [one.id for one in some] == sorted(one.id for one in some)
    assert some != drawn(every, 4, seed=1)
