"""Shifts of a sequence against sequences that were shifted by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import relevome
from relevome.attribution.batches import Explained, explain_sequences
from relevome.attribution.gradients import GradientXInput
from relevome.attribution.mutagenesis import Mutagenesis
from relevome.attribution.readings import Reading, Readings
from relevome.attribution.relevance import Relevance
from relevome.data.sequences import DNA, PROTEIN, Interval, Sequence
from relevome.errors import InputError
from relevome.evaluation.explainer import explainer
from relevome.evaluation.metrics.robustness import Substitutions, explained_neighbours
from relevome.models.base import Batch, Model, Target
from tests.evaluation.additive import additive_model

Load = Callable[..., Model]
METHOD = GradientXInput()
TARGET = Target(0, "x")
LETTERS = {"dna": "ACGGTTACCATGA", "protein": "MKVLAWYRNDCEQ"}


def explain(model: Model, readings: Readings, letters: str, target: Target = TARGET) -> Explained:
    sequence = Sequence("s", letters, model.alphabet)
    (found,) = explain_sequences(model, METHOD, [sequence], [target], readings=readings)
    assert isinstance(found, Explained)
    return found


def moved(letters: str, by: int, unknown: str) -> str:
    return unknown * by + letters[: len(letters) - by] if by >= 0 else letters[-by:] + unknown * -by


def test_all_readings_are_every_way_with_every_other_the_given_one_first() -> None:
    readings = Readings(offsets=2, both_strands=True, shifts=3)
    assert len(readings) == len(readings.all) == len(set(readings.all)) == 28
    assert readings.all[0] == Reading(before=0, after=1)
    assert {reading.shift for reading in readings.all} == {-3, -2, -1, 0, 1, 2, 3}


@pytest.mark.parametrize("name", ["cnn", "protbert", "esm", "letters-masked"])
def test_each_letter_is_the_mean_over_the_shifts_that_hold_it(load: Load, name: str) -> None:
    model = load(name)
    letters, unknown = LETTERS[model.alphabet.name], model.alphabet.unknown
    target = replace(TARGET, position=6) if name == "letters-masked" else TARGET
    found = explain(model, Readings(shifts=2), letters, target)
    values: list[list[float]] = [[] for _ in letters]
    filled, scores = [], []
    for by in (-2, -1, 0, 1, 2):
        at = replace(target, position=6 + by) if target.position else target
        one = explain(model, Readings(), moved(letters, by, unknown), at)
        filled.append(one.track.special)
        for place, value in enumerate(one.track.values):
            if 0 <= place - by < len(letters):
                values[place - by].append(value)
            else:
                filled[-1] += value
        scores.append(one.score)
    assert [len(each) for each in values] == [3, 4, *[5] * 9, 4, 3]
    np.testing.assert_allclose(found.track.values, [np.mean(each) for each in values], atol=1e-12)
    assert found.track.special == pytest.approx(np.mean(filled), abs=1e-12)
    assert found.score == pytest.approx(np.mean(scores))
    assert found.readings == 5


def test_with_offsets_and_strands_what_is_known_is_never_unknown(load: Load) -> None:
    """A window that moves within the sequence has its letters; the other strand is that of what was read."""
    model, letters = load("cnn"), LETTERS["dna"]
    found = explain(model, Readings(offsets=2, both_strands=True, shifts=1), letters)
    total, count = np.zeros(13), np.zeros(13)
    for start in (0, 1):
        for by in (-1, 0, 1):
            text = "".join(
                letters[place] if 0 <= place < 13 else "N" for place in range(start - by, start - by + 12)
            )
            piece = Sequence("p", text, DNA)
            for strand in (piece, piece.reverse_complement()):
                values = explain(model, Readings(), strand.letters).track.values
                values = values if strand is piece else values[::-1]
                for place, value in enumerate(values, start - by):
                    if 0 <= place < 13:
                        total[place] += value
                        count[place] += 1
    np.testing.assert_allclose(found.track.values, total / count, atol=1e-12)
    assert count[6] == 12


def test_scores_of_every_letter_are_moved_back(load: Load) -> None:
    model, letters = load("cnn"), LETTERS["dna"]
    (found,) = explain_sequences(
        model, Mutagenesis(), [Sequence("s", letters, DNA)], [TARGET], readings=Readings(shifts=1)
    )
    assert isinstance(found, Explained)
    scores = np.full((3, 13, 4), np.nan)
    for row, by in enumerate((-1, 0, 1)):
        one = Sequence("s", moved(letters, by, "N"), DNA)
        (part,) = explain_sequences(model, Mutagenesis(), [one], [TARGET])
        assert isinstance(part, Explained)
        assert part.letter_scores is not None
        seen = slice(max(0, -by), 13 - max(0, by))
        scores[row, seen] = part.letter_scores[seen.start + by : seen.stop + by]
    assert found.letter_scores is not None
    np.testing.assert_allclose(found.letter_scores, np.nanmean(scores, axis=0), atol=1e-12)


class Flat(nn.Module):
    """A CNN that was made for one length, as many are: its last layer has a weight for every place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv1d(4, 3, 5), nn.Linear(3 * 9, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.conv(x)).flatten(1))


def test_a_model_of_one_length_takes_shifts_where_it_takes_no_offsets() -> None:
    model = relevome.from_module(Flat().double(), length=13, labels=["a", "b"])
    asked = {"method": "gradient-x-input", "target": 0}
    run = relevome.explain(model, [LETTERS["dna"]], shifts=2, **asked)
    parts = [
        relevome.explain(model, [moved(LETTERS["dna"], by, "N")], **asked)[0].relevance[4 + by : 9 + by]
        for by in (-2, -1, 0, 1, 2)
    ]
    np.testing.assert_allclose(run[0].relevance[4:9], np.mean(parts, axis=0), atol=1e-6)
    assert run.manifest["shifts"] == 2
    assert explainer(run, model).readings == Readings(shifts=2)
    assert run[0].token_relevance is None
    with pytest.raises(InputError):
        relevome.explain(model, [LETTERS["dna"]], offsets=2, **asked)
    wide = "TT" + LETTERS["dna"] + "GC"
    known = relevome.explain(model, [LETTERS["dna"]], **asked)[0].score
    windows = [relevome.explain(model, [wide[start : start + 13]], **asked)[0].score for start in range(5)]
    assert windows[2] == known
    assert relevome.explain(model, [wide], offsets=5, **asked)[0].score == pytest.approx(np.mean(windows))


@dataclass(frozen=True)
class Telling:
    """Gradient x input that keeps what it was asked."""

    seen: list[str] = field(default_factory=list)

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        self.seen.extend(tokens.sequence.letters for tokens in batch.tokens)
        return METHOD.attribute(model, batch)


def test_robustness_asks_for_the_same_mean() -> None:
    """The logit that has to stay is the mean over shifts; every place is read in them."""
    model, method = additive_model(), Telling()
    sequence = Sequence("s", LETTERS["protein"], PROTEIN)
    substitutions = Substitutions(draws=1, bound=100.0)
    explained_neighbours(
        model, method, [sequence], [TARGET], substitutions, readings=Readings(shifts=1)
    )  # fmt: skip
    assert set(method.seen[:3]) == {moved(sequence.letters, by, "X") for by in (-1, 0, 1)}
    assert len(method.seen) == 6


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shift", [-2, 0, 2])
def test_letters_of_a_target_are_found_where_they_were_moved(shift: int, reverse: bool) -> None:
    reading, sequence = Reading(1, 2, reverse=reverse, shift=shift), Sequence("s", LETTERS["dna"], DNA)
    piece = reading.piece(sequence)
    placed = reading.placed(Target(0, "x", positions=(5, 7)), sequence)
    assert placed.positions == tuple(sorted(placed.positions))
    letters = [piece.letters[place] for place in placed.positions]
    expected = [LETTERS["dna"][place] for place in (5, 7)]
    complements = DNA.complements or {}
    assert letters == ([complements[x] for x in reversed(expected)] if reverse else expected)


def test_a_shifted_sequence_lies_nowhere() -> None:
    sequence = Sequence("s", "ACGT", DNA, Interval("chr1", 1, 5))
    assert Reading(shift=1).piece(sequence) == Sequence("s", "NACG", DNA)
    assert Reading(shift=-3).piece(sequence) == Sequence("s", "TNNN", DNA)
    assert Reading(shift=2, reverse=True).piece(sequence) == Sequence("s", "GTNN", DNA)


def test_what_cannot_be_shifted_is_refused_in_one_line(load: Load) -> None:
    for name in ("bpe", "dnabert", "nucleotide-transformer"):
        with pytest.raises(
            InputError, match=r"--shifts 1: tokens of this model have several letters.*offsets"
        ):
            Readings(shifts=1).check(load(name))
    with pytest.raises(InputError, match=r"^--shifts -1: expected 0 or more$"):
        Readings(shifts=-1)
    (short,) = explain_sequences(
        load("cnn"), METHOD, [Sequence("s", "ACG", DNA)], [TARGET], readings=Readings(shifts=3)
    )
    assert str(short) == "sequence 's' has 3 letters, too few to be shifted by 3 (--shifts)"
    position = Target(9, "x", position=3)
    (edge,) = explain_sequences(
        load("letters-masked"), METHOD, [Sequence("s", LETTERS["dna"], DNA)], [position],
        readings=Readings(offsets=2, shifts=3),
    )  # fmt: skip
    assert str(edge) == (
        "position 3 of sequence 's' is not in every window of --offsets 2 and --shifts 3: expected 4 to 8"
    )
    with pytest.raises(InputError, match=r"--shifts fills with unknown letters, which a log-likelihood"):
        relevome.explain(load("llama-causal"), ["ACGT"], target="log-likelihood", shifts=1)
    others: list[dict[str, Any]] = [{"heads": True}, {"long": "window"}]
    for options in others:
        with pytest.raises(InputError, match=r"it cannot go with .*--shifts"):
            relevome.explain(load("esm"), ["MKVL"], target=0, shifts=1, **options)
