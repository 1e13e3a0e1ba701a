"""Motifs survive being written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from relevome.data.formats.meme import meme_text, read_meme
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, PROTEIN, Alphabet
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN])
def test_they_are_read_back_as_they_were(alphabet: Alphabet, write: Callable[..., Path]) -> None:
    rng = np.random.default_rng(0)
    size = len(alphabet.letters)
    motifs = [Motif(f"n {i}", f"id{i}", rng.dirichlet([0.3] * size, size=5 + i), alphabet) for i in range(3)]
    read = read_meme(write("motifs.meme", meme_text(motifs)))
    assert [(one.id, one.name) for one in read] == [("id0", "n_0"), ("id1", "n_1"), ("id2", "n_2")]
    for one, other in zip(read, motifs, strict=True):
        assert one.alphabet == alphabet
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=2e-6)


def test_two_alphabets_are_refused() -> None:
    motifs = [Motif("a", "a", np.full((2, len(x.letters)), 1 / len(x.letters)), x) for x in (DNA, PROTEIN)]
    with pytest.raises(InputError, match="2 motifs of 2 alphabets"):
        meme_text(motifs)


def test_a_width_of_thousands_of_digits_is_one_line(write: Write) -> None:
    text = f"MEME version 4\nMOTIF a\nletter-probability matrix: w= {'9' * 5000}\n0.25 0.25 0.25 0.25\n"
    with pytest.raises(InputError, match="matrix with 1 row: expected w= 9999"):
        read_meme(write("a.meme", text))
