"""Names for motifs, and no names for what is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, PROTEIN
from relevome.discovery.known_motifs import matches
from relevome.errors import InputError
from tests.discovery.planted import made_up_motif

RNG = np.random.default_rng(0)
DATABASE = [made_up_motif(f"m{i}", RNG, int(RNG.integers(7, 15))) for i in range(40)]


def noisy(motif: Motif, rng: np.random.Generator, strand: str = "+") -> Motif:
    """As estimated from a hundred sites."""
    rows = motif.probabilities if strand == "+" else motif.probabilities[::-1, ::-1]
    counts = np.array([rng.multinomial(100, row) for row in rows])
    return Motif("query", "query", (counts + 0.25) / 101, DNA)


@pytest.mark.parametrize("strand", ["+", "-"])
def test_a_motif_is_found_on_either_strand(strand: str) -> None:
    rng = np.random.default_rng(1)
    found = matches([noisy(DATABASE[i], rng, strand) for i in (3, 17)], DATABASE, shuffles=40)
    assert [best[0].motif.name for best in found] == ["m3", "m17"]
    assert all(best[0].q < 0.05 and best[0].strand == strand for best in found)
    assert all(best[1].q > 0.05 for best in found)


def test_matches_are_all_of_the_database_best_first() -> None:
    (found,) = matches([DATABASE[3]], DATABASE, shuffles=20)
    assert sorted(match.motif.name for match in found) == sorted(motif.name for motif in DATABASE)
    assert [match.p for match in found] == sorted(match.p for match in found)
    assert [match.q for match in found] == sorted(match.q for match in found)


def test_motifs_made_up_anew_have_no_name() -> None:
    named = 0
    for seed in range(6):
        rng = np.random.default_rng(100 + seed)
        strangers = [made_up_motif("x", rng, int(rng.integers(6, 12))) for _ in range(8)]
        named += any(best[0].q < 0.05 for best in matches(strangers, DATABASE, seed, shuffles=40))
    assert named <= 1


def test_vague_motifs_do_not_take_the_name_of_another() -> None:
    """Of wide motifs of little information p of TOMTOM is far too small, and so is that of their shuffles."""
    rng = np.random.default_rng(2)
    short = Motif("short", "short", DATABASE[3].probabilities[:6], DNA)
    rows = rng.dirichlet([9.0, 6.0, 6.0, 9.0], size=(6, 13))
    vague = [Motif("vague", "vague", one, DNA) for one in rows]
    database = [*DATABASE, *(Motif(f"v{i}", f"v{i}", one, DNA) for i, one in enumerate(rows[:, ::-1]))]
    (alone,) = matches([short], database, shuffles=300)
    beside, *_ = matches([short, *vague], database, shuffles=300)
    assert alone[0].motif.name == beside[0].motif.name == "m3"
    # no more than what is asked more often
    assert beside[0].q <= 7.5 * alone[0].q


def test_no_motif_can_be_better_than_all_its_shuffles_allow() -> None:
    (found,) = matches([DATABASE[5]], DATABASE, shuffles=20)
    assert found[0].q == pytest.approx(1 / (1 / len(DATABASE) + 20))


def test_a_motif_that_is_the_same_in_any_order_has_no_name() -> None:
    poly = Motif("A", "A", np.tile([0.97, 0.01, 0.01, 0.01], (9, 1)), DNA)
    (found,) = matches([poly], [*DATABASE, poly], shuffles=20)
    assert found[0].motif.name == "A"
    assert found[0].q > 0.5


def test_none_have_no_matches() -> None:
    assert matches([], DATABASE) == []


def test_a_small_database_is_refused() -> None:
    with pytest.raises(InputError, match="24 known motifs: expected at least 25"):
        matches([DATABASE[0]], DATABASE[:24])


def test_a_database_of_proteins_is_refused() -> None:
    protein = Motif("p", "p", np.full((3, 20), 0.05), PROTEIN)
    with pytest.raises(InputError, match="'p' is protein: expected motifs of dna or rna to compare with"):
        matches([DATABASE[0]], [*DATABASE, protein])
    with pytest.raises(InputError, match="is dna: expected motifs of protein to compare with"):
        matches([protein], DATABASE)


def test_torch_keeps_its_threads() -> None:
    """numba, which compares, shares them: with another number sums of torch would have other last digits."""
    torch.set_num_threads(1)
    matches([DATABASE[3]], DATABASE, shuffles=20)
    assert torch.get_num_threads() == 1
