from __future__ import annotations

import functools
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.results.structures.alignment import _scoring, align_chain
from relevome.results.structures.chains import PolymerChain

gemmi = pytest.importorskip("gemmi", reason="needs the extra `structures`")


def chain(letters: str, joined: list[bool]) -> PolymerChain:
    places = range(len(letters))
    return PolymerChain(
        name="A", is_nucleic=False, letters=letters, kinds=tuple(letters), places=tuple(places),
        residues=tuple(("A", str(place)) for place in places), joined=tuple(joined), others=(),
    )  # fmt: skip


def best(letters: str, residues: str, joined: list[bool]) -> int:
    """What the best alignment is worth, by trying all; gaps cost 1 a letter and 4 to open but at breaks."""
    opening = [0, *(-4 if each else 0 for each in joined), 0]

    @functools.cache
    def rest(i: int, j: int, last: str) -> float:
        if i == len(letters) and j == len(residues):
            return 0
        options = []
        if i < len(letters) and j < len(residues):
            options.append((1 if letters[i] == residues[j] else -1) + rest(i + 1, j + 1, "M"))
        if i < len(letters):
            options.append((0 if last == "I" else opening[j]) - 1 + rest(i + 1, j, "I"))
        if j < len(residues):
            options.append((0 if last == "D" else -4) - 1 + rest(i, j + 1, "D"))
        return max(options)

    return int(rest(0, 0, "M"))


SEQUENCES = st.text("ACD", min_size=1, max_size=9)


@given(letters=SEQUENCES, residues=SEQUENCES, seed=st.lists(st.booleans(), min_size=8, max_size=8))
def test_gemmi_finds_the_best_of_all_alignments(letters, residues, seed):
    joined = seed[: len(residues) - 1]
    costs = [0, *(-4 if each else 0 for each in joined), 0]
    found = gemmi.align_string_sequences(list(letters), list(residues), costs, _scoring())
    assert found.score == best(letters, residues, joined)


@given(letters=SEQUENCES, residues=SEQUENCES)
def test_pairs_rise_and_end_in_what_is_alike(letters, residues):
    found = align_chain(letters, chain(residues, [True] * (len(residues) - 1)))
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(found.pairs))
    same = [letters[i] == residues[j] for i, j in found.pairs]
    assert sum(same) == found.identical
    for length in range(1, len(same) + 1):
        assert 2 * sum(same[:length]) >= length
        assert 2 * sum(same[-length:]) >= length
