"""Every reading of a sequence against the same reading made by hand, and what their mean must keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from relevome.attribution.batches import Explained, explain_sequences
from relevome.attribution.gradients import GradientXInput
from relevome.attribution.integrated_gradients import IntegratedGradients
from relevome.attribution.mutagenesis import Mutagenesis
from relevome.attribution.readings import Reading, Readings
from relevome.attribution.relevance import Relevance
from relevome.data.sequences import DNA, Interval, Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from tests.toys import TOYS

Load = Callable[..., Model]
METHOD = GradientXInput()
TARGET = Target(0, "x")
SEQUENCE = Sequence("s", "ACGTTGCAATCGGNTTCACAGTA", DNA, Interval("chr1", 100, 123, "-"))


def explain(
    model: Model, readings: Readings, *sequences: Sequence, target: Target = TARGET
) -> list[Explained]:
    found = explain_sequences(model, METHOD, list(sequences), [target], readings=readings)
    return [result for result in found if isinstance(result, Explained)]


def by_hand(model: Model, readings: Readings, sequence: Sequence) -> list[Relevance]:
    """Each reading as a batch of its own."""
    tokens = [readings.tokens(model, sequence, reading) for reading in readings.all]
    return [METHOD.attribute(model, Batch((some,), (TARGET,)))[0] for some in tokens]


def test_once_is_what_there_always_was(load: Load) -> None:
    model = load("bpe")
    (found,) = explain(model, Readings(), SEQUENCE)
    (direct,) = METHOD.attribute(model, Batch((model.tokenize(SEQUENCE),), (TARGET,)))
    assert found.readings == 1
    assert found.forward.values is not None
    assert direct.values is not None
    np.testing.assert_allclose(found.forward.values, direct.values, atol=1e-12)
    assert found.score == found.forward.score


def test_all_readings_are_every_way_with_every_other() -> None:
    readings = Readings(tokenisations=2, offsets=3, both_strands=True)
    assert len(readings) == len(readings.all) == len(set(readings.all)) == 12
    assert readings.all[0] == Reading(before=0, after=2, reverse=False, draw=0)
    assert {(r.before, r.after) for r in readings.all} == {(0, 2), (1, 1), (2, 0)}


def test_letters_and_special_tokens_add_up_to_the_mean_of_the_tokens(load: Load) -> None:
    """The sum rule of one tokenisation, for many."""
    model, readings = load("bpe"), Readings(tokenisations=7, dropout=0.4, both_strands=True, seed=3)
    (found,) = explain(model, readings, SEQUENCE)
    given = by_hand(model, readings, SEQUENCE)
    assert len({len(relevance.tokens) for relevance in given}) > 1
    expected = np.mean([relevance.total for relevance in given])
    assert found.track.values.sum() + found.track.special == pytest.approx(expected)
    assert found.score == pytest.approx(np.mean([relevance.score for relevance in given]))
    assert found.readings == len(given) == 14


def test_each_letter_is_the_mean_over_its_tokens_of_all_tokenisations(load: Load) -> None:
    model, readings = load("bpe"), Readings(tokenisations=5, dropout=0.3)
    (found,) = explain(model, readings, SEQUENCE)
    letters = np.zeros(len(SEQUENCE))
    for relevance in by_hand(model, readings, SEQUENCE):
        assert relevance.values is not None
        tokens = relevance.tokens
        for value, start, end in zip(relevance.values, tokens.starts, tokens.ends, strict=True):
            for letter in range(start, end):
                letters[letter] += value / (end - start) / 5
    np.testing.assert_allclose(found.track.values, letters, atol=1e-12)


@pytest.mark.parametrize("name", ["nucleotide-transformer", "bpe", "dnabert"])
@pytest.mark.parametrize("both_strands", [False, True])
def test_each_letter_is_the_mean_over_the_windows_that_hold_it(
    load: Load, name: str, both_strands: bool
) -> None:
    model = load(name)
    (found,) = explain(model, Readings(offsets=3, both_strands=both_strands), SEQUENCE)
    letters: list[list[float]] = [[] for _ in SEQUENCE.letters]
    for start in range(3):
        piece = SEQUENCE.window(start, start + 21)
        (forward,) = explain(model, Readings(), piece)
        (reverse,) = explain(model, Readings(), piece.reverse_complement())
        for letter in range(21):
            letters[start + letter].append(forward.track.values[letter])
            if both_strands:
                letters[start + letter].append(reverse.track.values[20 - letter])
    assert [len(values) for values in letters[:4]] == [k * (1 + both_strands) for k in (1, 2, 3, 3)]
    np.testing.assert_allclose(found.track.values, [np.mean(values) for values in letters], atol=1e-12)
    assert found.track.sequence is SEQUENCE


def test_windows_begin_in_every_phase_of_words_that_follow_one_another(load: Load) -> None:
    model, readings = load("nucleotide-transformer"), Readings(offsets=3)
    sequence = Sequence("s", "ACGTTGCAATCGGATTCACAGTA", DNA)
    starts = {
        reading.before + int(start)
        for reading in readings.all
        for start, end in _spans(readings.tokens(model, sequence, reading))
        if end - start == 3
    }
    assert starts == set(range(21))


def _spans(tokens) -> list[tuple[int, int]]:
    return list(zip(tokens.starts, tokens.ends, strict=True))


def test_a_draw_depends_on_seed_number_and_letters_only(load: Load) -> None:
    model = load("bpe")
    others = TOYS["bpe"].sequences(12, 30, 21)
    readings = Readings(tokenisations=4, dropout=0.5, seed=1)
    (alone,) = explain(model, readings, SEQUENCE)
    (_, within, _, _) = explain(model, readings, others[0], SEQUENCE, *others[1:])
    np.testing.assert_allclose(alone.track.values, within.track.values, atol=1e-12)
    (renamed,) = explain(model, readings, replace(SEQUENCE, id="other", interval=None))
    np.testing.assert_array_equal(alone.track.values, renamed.track.values)
    (seeded,) = explain(model, replace(readings, seed=2), SEQUENCE)
    assert not np.allclose(alone.track.values, seeded.track.values)
    drawn = [tuple(readings.tokens(model, SEQUENCE, reading).ids) for reading in readings.all]
    assert len(set(drawn)) == 4
    assert drawn[0] == tuple(model.tokenize(SEQUENCE).ids)


def test_a_position_follows_its_letter_into_windows_and_strands(load: Load) -> None:
    model = load("letters-masked")
    ids = {letter: model.tokenizer.hf.convert_tokens_to_ids(letter) for letter in "ACGT"}
    sequence, target = Sequence("s", "ACGGTTACCAT", DNA), Target(ids["A"], "A", position=6, mask=True)
    (found,) = explain(model, Readings(offsets=3, both_strands=True), sequence, target=target)
    scores = []
    for start in range(3):
        piece = sequence.window(start, start + 9)
        (forward,) = explain(model, Readings(), piece, target=replace(target, position=6 - start))
        turned = replace(target, index=ids["T"], position=8 - (6 - start))
        (reverse,) = explain(model, Readings(), piece.reverse_complement(), target=turned)
        scores += [forward.score, reverse.score]
    assert found.score == pytest.approx(np.mean(scores))


@pytest.mark.parametrize("position", [0, 1, 9, 10])
def test_a_position_that_some_window_lacks_is_refused(load: Load, position: int) -> None:
    (error,) = explain_sequences(
        load("letters-masked"), METHOD, [Sequence("s", "ACGGTTACCAT", DNA)],
        [Target(9, "x", position=position)], readings=Readings(offsets=3),
    )  # fmt: skip
    assert f"position {position} of sequence 's' is not in every window of --offsets 3" in str(error)
    assert "expected 2 to 8" in str(error)


def test_a_sequence_that_windows_leave_nothing_of_is_refused(load: Load) -> None:
    short, enough = TOYS["bpe"].sequences(5, 6)
    found = explain_sequences(load("bpe"), METHOD, [short, enough], [TARGET], readings=Readings(offsets=6))
    assert "sequence 's0' has 5 letters, too few for --offsets 6" in str(found[0])
    assert isinstance(found[1], Explained)


def test_a_draw_that_is_too_long_for_the_model_is_refused(load: Load) -> None:
    model = load("bpe")
    (sequence,) = TOYS["bpe"].sequences(45)
    assert len(model.tokenize(sequence)) <= 40
    (found,) = explain_sequences(
        model, METHOD, [sequence], [TARGET], readings=Readings(tokenisations=2, dropout=1.0)
    )
    assert "sequence 's0' has 47 tokens (45 letters) but the model takes 40" in str(found)


def test_methods_on_letters_are_averaged_with_their_scores_of_every_base(load: Load) -> None:
    model = load("cnn")
    sequence = Sequence("s", "ACGGTTACCATGA", DNA)
    (found,) = explain_sequences(
        model, Mutagenesis(), [sequence], [Target(1, "x")], readings=Readings(offsets=2)
    )
    assert isinstance(found, Explained)
    assert found.letter_scores is not None
    parts = [
        Mutagenesis().attribute(model, Batch((model.tokenize(piece),), (Target(1, "x"),)))[0]
        for piece in (sequence.window(0, 12), sequence.window(1, 13))
    ]
    scores = np.full((2, 13, 4), np.nan)
    scores[0, :12], scores[1, 1:] = parts[0].letter_scores, parts[1].letter_scores
    np.testing.assert_allclose(found.letter_scores, np.nanmean(scores, axis=0), atol=1e-12)
    assert found.notes["mutants"] == 2 * 12 * 3


def test_mutants_are_not_compared_with_a_tokenisation_that_is_drawn(load: Load) -> None:
    with pytest.raises(InputError, match=r"mutagenesis compares mutants, .* leave --tokenisations out"):
        explain_sequences(
            load("bpe"), Mutagenesis(), [SEQUENCE], [TARGET], readings=Readings(tokenisations=2, dropout=0.9)
        )


def test_promises_are_kept_on_average(load: Load) -> None:
    model = load("bpe")
    (found,) = explain_sequences(
        model, IntegratedGradients(steps=64), [SEQUENCE], [TARGET], readings=Readings(tokenisations=3)
    )
    assert isinstance(found, Explained)
    assert found.baseline_score is not None
    gap = found.score - found.baseline_score - found.track.values.sum() - found.track.special
    assert found.completeness_error == pytest.approx(gap, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "readings", "message"),
    [
        ("esm", Readings(both_strands=True), "--average-strands: a protein has one strand only"),
        ("cnn", Readings(tokenisations=2), "--tokenisations 2: .* tokenizer .* has not; try --offsets"),
        ("dnabert", Readings(tokenisations=3), "--tokenisations 3: .* byte-pair encoding, which"),
    ],
)  # fmt: skip
def test_what_a_model_cannot_read_is_said_before(
    load: Load, name: str, readings: Readings, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        readings.check(load(name))
    Readings(offsets=3).check(load(name))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokenisations": 0}, "--tokenisations 0 and --offsets 1: expected 1 or more"),
        ({"offsets": -1}, "--tokenisations 1 and --offsets -1: expected 1 or more"),
        ({"dropout": 0.0}, "--tokenisation-dropout 0.0: expected a share above 0, at most 1"),
        ({"dropout": 1.5}, "--tokenisation-dropout 1.5"),
    ],
)
def test_readings_that_make_no_sense_are_refused(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Readings(**options)
