"""The causal check of a run's motifs, against a model whose every answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import relevome
from relevome.data.sequences import DNA, Sequence
from relevome.data.shuffle import dinucleotide_shuffle
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.results.motifs.folder import read_relevant_motifs
from relevome.results.motifs.motifs import RelevantMotifs
from tests.results.same import assert_same

BOXES, WORTH, GAP, MORE = ("TTGACA", "TATAAT"), 2.0, 17, 3.0


class Boxes(nn.Module):
    """2 for each box that is somewhere, and 3 more where the second begins 17 letters behind the first."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes = nn.Parameter(torch.stack([one_hot(box) for box in BOXES]))

    def forward(self, x: Tensor) -> Tensor:
        fits = nn.functional.conv1d(x, self.boxes) / len(BOXES[0])  # 1 where all letters are right
        there = torch.relu(len(BOXES[0]) * fits - (len(BOXES[0]) - 1))
        first, second = there[:, 0], there[:, 1]
        apart = len(BOXES[0]) + GAP
        together = (first[:, :-apart] * second[:, apart:]).amax(1)
        return (WORTH * (first.amax(1) + second.amax(1)) + MORE * together)[:, None]


def one_hot(letters: str) -> Tensor:
    return nn.functional.one_hot(torch.tensor(["ACGT".index(one) for one in letters]), 4).T.float()


@pytest.fixture(scope="module")
def model() -> Model:
    return relevome.from_module(Boxes(), labels=["promoter"])


@pytest.fixture(scope="module")
def found(model: Model, tmp_path_factory: pytest.TempPathFactory) -> tuple[RelevantMotifs, Path]:
    """Motifs of promoters that have both boxes 17 letters apart, at one place."""
    folder, rng = tmp_path_factory.mktemp("causes"), np.random.default_rng(3)
    promoters = []
    for _ in range(120):
        letters = rng.choice(list("ACGT"), 240)
        letters[100:106], letters[123:129] = list(BOXES[0]), list(BOXES[1])
        promoters.append("".join(letters))
    shuffles = [dinucleotide_shuffle(one, rng) for one in promoters]
    run, null = (
        relevome.explain(
            model, [Sequence(f"{name}{i}", one, DNA) for i, one in enumerate(some)], "mutagenesis",
            out=folder / name,
        )
        for name, some in (("run", promoters), ("shuffles", shuffles))
    )  # fmt: skip
    return relevome.motifs(run, shuffles=null, causes=True, models=model, out=folder / "motifs"), folder


def test_what_the_model_says_without_a_box_is_exact(found: tuple[RelevantMotifs, Path]) -> None:
    motifs, _ = found
    causes = motifs.causes
    assert causes is not None
    assert len(motifs.motifs) >= 2
    for one in causes.taken_out:
        assert one.fall == pytest.approx(WORTH + MORE, abs=0.15)
        assert one.matched == pytest.approx(0, abs=0.15)
        assert one.p < 1e-20


def test_a_box_in_a_background_is_worth_what_it_is(found: tuple[RelevantMotifs, Path]) -> None:
    causes = found[0].causes
    assert causes is not None
    for one in causes.put_in:
        assert one.backgrounds == 50
        assert 1.5 < one.change < 2.2
    assert {one.start for one in causes.put_in} >= {0}


def test_the_distance_is_that_of_the_model(found: tuple[RelevantMotifs, Path]) -> None:
    motifs, _ = found
    causes = motifs.causes
    assert causes is not None
    first = next(one.name for one in motifs.motifs if BOXES[0] in one.consensus(DNA).replace(".", ""))
    for one in causes.distances:
        if (one.order == "behind") == (one.staying == first):
            assert one.low <= one.gap <= one.high
            assert one.both > 2 * WORTH + MORE - 0.5
            assert one.least < 2 * WORTH + 0.5
    rows = [one for one in causes.pairs if one.interaction > 0.8 * MORE]
    assert len(rows) == 1
    assert rows[0].gap == next(
        one.gap for one in causes.distances if (one.staying, one.order) == (rows[0].staying, rows[0].order)
    )


def test_all_of_it_comes_back_and_is_drawn(found: tuple[RelevantMotifs, Path]) -> None:
    motifs, folder = found
    assert_same(read_relevant_motifs(folder / "motifs"), motifs)
    names = {path.name for path in (folder / "motifs").iterdir()}
    assert names >= {"taken_out.tsv", "put_in.tsv", "pairs.tsv", "distances.tsv", "causes.png"}
    page = (folder / "motifs" / "motifs.md").read_text()
    assert "the model misses them more than windows of like letters: positive\\_" in page
    assert "most with 17 letters (17 to 17) between them" in page
    assert "at any distance" in page


def test_another_model_is_refused_before_anything_is_looked_for(
    found: tuple[RelevantMotifs, Path], tmp_path: Path
) -> None:
    _, folder = found
    other = Boxes()
    other.boxes.data[0, 0, 0] += 1
    changed = relevome.from_module(other, labels=["promoter"])
    with pytest.raises(InputError, match="is not the model that"):
        relevome.motifs(folder / "run", causes=True, models=[changed])
    with pytest.raises(InputError, match="2 models of 1 run"):
        relevome.motifs(folder / "run", causes=True, models=[changed, changed])
