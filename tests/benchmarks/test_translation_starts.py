"""The pieces of the benchmark; the whole of it takes minutes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import relevome
from benchmarks._aligned import Aligned
from benchmarks.translation_starts import (
    AFTER,
    AT_START,
    BEFORE,
    METHODS,
    STOPS,
    Transcript,
    accuracy,
    aligned,
    around,
    letters_tell,
    power_at_three,
    stop_of_the_frame,
    transcripts,
    triplets,
)
from relevome.data.sequences import DNA, Sequence
from tests import tis_checkpoint

WIDTH = BEFORE + AFTER


def test_starts_and_stops_are_where_their_letters_are(shared: Path) -> None:
    every = transcripts()
    assert len(every) == 191
    for one in every:
        letters = one.sequence.letters
        assert letters[one.start : one.start + 3] == "ATG"
        assert letters[one.end - 3 : one.end] in STOPS
    assert np.mean([triplets(one.sequence.letters, ("ATG",))[0] == one.start for one in every]) == (
        pytest.approx(0.455, abs=5e-4)
    )


def test_windows_that_do_not_fit_are_left_out() -> None:
    asked = [Transcript(Sequence(name, "ACGTACGT", DNA), name, 0, 0) for name in "abc"]
    tracks = [np.arange(8.0)] * 3
    found = aligned(asked, tracks, [1, 2, 6], before=2, after=3)
    assert (found.groups, found.letters, found.before) == (("b",), ("ACGTA",), 2)
    assert found.relevance.tolist() == [[0, 1, 2, 3, 4]]


def frame(values: np.ndarray) -> Aligned:
    relevance = np.zeros((1, WIDTH))
    relevance[0, BEFORE + 3 :] = values
    return Aligned(relevance, ("A" * WIDTH,), ("x",), BEFORE)


def test_what_repeats_every_three_letters_has_all_power_there() -> None:
    codons = np.tile([1.0, 0, 0], 49)
    assert power_at_three(frame(codons)) == pytest.approx(73)  # of so many periods
    assert power_at_three(frame(np.tile([1.0, 0], 74)[:147]))[0] < 0.1
    assert np.isnan(power_at_three(frame(np.ones(147))))
    noise = np.random.default_rng(0).normal(size=(400, 147))
    assert np.mean([power_at_three(frame(one)) for one in noise]) == pytest.approx(1, abs=0.2)


def test_letters_of_codons_share_what_is_in_the_frame() -> None:
    given = frame(np.tile([1.0, -3, 0], 49))
    shares = [AT_START[f"frame, share of {name}"][0](given) for name in (
        "first letters of codons", "second letters", "third letters"
    )]  # fmt: skip
    np.testing.assert_allclose(np.concatenate(shares), [0.25, 0.75, 0])


def test_a_letter_tells_if_those_without_it_have_less() -> None:
    # at the site; beside it what makes the mean size of all sites 1
    at = np.array([0.5, 0.25, 0.5, 1.0, 0.0])
    given = Aligned(np.stack([at, 2 - at], 1), ("AC", "CC", "TC", "CC", "GC"), tuple("aabbc"), 0)
    found = letters_tell(0, "AG")(given)
    # A of gene a: as much as T of b, less than C of b; G of c: less than all three
    np.testing.assert_allclose(found, [0.25, np.nan, np.nan, np.nan, 0])


def test_the_stop_of_the_frame_is_compared_with_others() -> None:
    text = "TAACTGACTAG"  # three of them, at 0, 4 and 8
    values = np.zeros((1, 11))
    values[0, [0, 4, 8]] = 1, 2, 3
    assert stop_of_the_frame(Aligned(values, (text,), ("x",), 4)) == pytest.approx(0.5)
    assert np.isnan(stop_of_the_frame(Aligned(values[:, 2:7], (text[2:7],), ("x",), 2)))


def test_a_small_model_is_measured(tmp_path: Path) -> None:
    model = relevome.load_model(tis_checkpoint.save(tmp_path / "x.tt.ckpt"))
    text = "CCATGCATGCCATAG"
    asked = [Transcript(Sequence(name, text, DNA), name, 6, 15) for name in "ab"]
    logits = model.predict([text])[0].logits
    scores = logits[:, 1] - logits[:, 0]
    letters, starts, first = (row.value for row in accuracy(model, asked))
    assert str(letters).startswith("1.000" if scores.argmax() == 6 else "0.000")
    assert str(starts).startswith("1.000" if scores[6] > scores[2] else "0.000")
    assert str(first).startswith("0.000")
    with pytest.raises(ValueError, match="not enough values"):
        around(model, asked, METHODS[0])  # no window fits
