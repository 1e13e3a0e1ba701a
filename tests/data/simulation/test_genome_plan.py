"""What a user names becomes a made-up genome with a database to find its motifs in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relevome.data.formats.meme import meme_text
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA
from relevome.data.simulation.genome_plan import likeness, made_up, plan_genome
from relevome.errors import InputError


def test_every_motif_has_its_range_of_distances() -> None:
    plan = plan_genome(length=20_000, starts=50, distances="-34:-30,5", others=7)
    assert [dict(placed.distances) for placed in plan.placed] == [
        dict.fromkeys(range(-34, -29), pytest.approx(0.2)),
        {5: 1.0},
    ]
    assert [motif.id for motif in plan.database[:3]] == ["factor1", "factor2", "other1"]
    assert len(plan.others) == 7


def test_planted_motifs_do_not_depend_on_how_many_others_there_are() -> None:
    few, many = (plan_genome(others=others, seed=3) for others in (2, 40))
    for one, same in zip(few.motifs, many.motifs, strict=True):
        np.testing.assert_array_equal(one.probabilities, same.probabilities)
    assert few.motifs[0].consensus != plan_genome(seed=4).motifs[0].consensus


def test_no_other_motif_is_like_a_planted_one() -> None:
    """Of seed 3 the 62nd, drawn without a look at the factors, would be one of them, three letters longer."""
    plan = plan_genome(seed=3)
    assert len({motif.name for motif in plan.others}) == len(plan.others) == 97
    assert max(likeness(other, factor) for other in plan.others for factor in plan.motifs) < 0.8


def test_likeness_is_that_of_the_best_overlap_on_either_strand() -> None:
    first, second = made_up([9, 12], "m", np.random.default_rng(1))
    turned = Motif("t", "t", first.probabilities[::-1, ::-1], DNA)
    inner = Motif("i", "i", first.probabilities[2:8], DNA)
    longer = Motif("l", "l", np.concatenate([first.probabilities[3:], second.probabilities[:4]]), DNA)
    for same in (first, turned, inner, longer):
        assert likeness(first, same) == pytest.approx(1)
        assert likeness(same, first) == pytest.approx(1)
    assert likeness(first, second) < 0.8
    assert likeness(first, Motif("u", "u", np.full((8, 4), 0.25), DNA)) == 0
    np.testing.assert_array_equal(first.turned, turned.probabilities)


def test_motifs_come_from_a_file_in_the_order_of_their_names(tmp_path: Path) -> None:
    path = tmp_path / "known.meme"
    path.write_text(meme_text(made_up([7, 9, 11], "known", np.random.default_rng(0))))
    plan = plan_genome(motifs=path, motif_names="known3,known1", distances="-40:-35,-20")
    assert [motif.name for motif in plan.motifs] == ["known3", "known1"]
    with pytest.raises(InputError, match="3 motifs and 2 distances"):
        plan_genome(motifs=path, distances="-40,-20")


@pytest.mark.parametrize(
    ("distances", "said"),
    [
        ("-30:-20,x", "distance 'x': expected letters from the start site"),
        ("-30:-20:-10", "distance '-30:-20:-10': expected letters"),
        ("-20:-30", "expected the first one to be no larger"),
        ("-30:-20,-15", "factor1 may reach letter -13 from a start site, and factor2 may begin at -15"),
    ],
)
def test_distances_that_mean_nothing_are_refused(distances: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan_genome(distances=distances)


def test_names_without_a_file_are_refused() -> None:
    with pytest.raises(InputError, match="--motif-names chooses from the file"):
        plan_genome(motif_names="CRP")


def test_ids_that_are_planted_and_not_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "known.meme"
    path.write_text(meme_text(made_up([7], "other", np.random.default_rng(0))))
    with pytest.raises(InputError, match="the same id"):
        plan_genome(motifs=path, distances="-20", others=3)
