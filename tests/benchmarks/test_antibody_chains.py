"""The pieces of the benchmark; the whole of it takes minutes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import antibody_chains
from benchmarks.antibody_chains import STRETCHES, Chain, _by_residue, chains, explained, germline, humanised
from relevome.data.sequences import PROTEIN
from tests.antibody_models import save_antiberty


def test_places_are_found_by_their_anchors(shared: Path) -> None:
    places = [place for _, first, last in STRETCHES for place in range(first, last + 1)]
    found = [*chains(quick=True)]
    assert {heavy for _, heavy in found} == {True, False}
    for chain, heavy in found:
        at = dict(zip(places, (chain.letters[i] for i in chain.asked), strict=True))
        assert (at[23], at[41], at[104]) == ("C", "W", "C")
        assert not chain.known[places.index(23)]  # both kinds have it
        assert 0.1 < np.mean(chain.known) < 0.8, heavy


def test_germlines_have_their_well_known_residues(shared: Path) -> None:
    letters = PROTEIN.letters
    for kind in ("H", "KL"):
        found = germline(kind)
        np.testing.assert_allclose(found[1:].sum(1), 1)
        assert letters[found[23].argmax()] == letters[found[104].argmax()] == "C"


def test_what_humanisation_changes_is_in_the_framework(shared: Path) -> None:
    found = [*humanised(quick=False)]
    assert len(found) >= 20
    share = np.mean([np.mean(chain.known) for chain in found])
    assert 0.05 < share < 0.35


def test_the_mean_of_a_residue_is_of_other_antibodies() -> None:
    one = Chain("x", "AC", (0, 1), (True, False))
    other = Chain("y", "AA", (0, 1), (True, False))
    found = _by_residue([one, other], [np.array([2.0, -2.0]), np.array([1.0, 3.0])])
    np.testing.assert_allclose(found[0], [1.0, 0.0])  # A of the other: 0.5 and 1.5 of its mean size
    np.testing.assert_allclose(found[1], [1.0, 1.0])


def test_every_method_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_antiberty(tmp_path / "model")
    monkeypatch.setattr(antibody_chains, "METHODS", antibody_chains.METHODS[:2])
    asked = [Chain(str(i), "EVQLWESGG", (1, 2, 5), (True, False, i % 2 == 0)) for i in range(3)]
    same = [*explained(f"{tmp_path / 'model'}:chain", "Heavy", "Light", asked, "heavy")]
    assert [row.name for row in same][1:3] == [
        "heavy, gradient-x-input: telling residues, AUROC (3 sites)",
        "heavy, gradient-x-input: telling residues, share of absolute relevance (3 sites)",
    ]
    asked[0] = Chain("0", "EVQL", (1, 2), (True, False))
    unlike = [*explained(f"{tmp_path / 'model'}:species", "Mouse", "Human", asked, "mouse")]
    assert unlike[1].name == "mouse, gradient-x-input: changed residues, AUROC"
