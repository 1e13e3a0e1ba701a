from __future__ import annotations

import re

import numpy as np
import pytest

from relevome.data.sequences import Interval
from relevome.errors import InputError


def test_has_the_interval_it_was_given(explain):
    place = {"chrom": "chr2", "start": 7, "end": 12, "strand": "-"}
    assert explain(**place).interval == Interval("chr2", 7, 12, "-")


def test_has_no_interval_if_none_was_given(explain):
    assert explain().interval is None


@pytest.mark.parametrize("missing", ["chrom", "start", "end", "strand"])
def test_refuses_half_an_interval(explain, missing):
    place = {"chrom": "chr2", "start": 7, "end": 12, "strand": "-"} | {missing: None}
    with pytest.raises(ValueError, match="chrom, start, end and strand come together"):
        explain(**place)


def test_refuses_an_interval_of_another_length(explain):
    with pytest.raises(ValueError, match=re.escape("5 letters do not fill chr2:7-13(+)")):
        explain(chrom="chr2", start=7, end=13, strand="+")


@pytest.mark.parametrize(
    ("field", "shape"),
    [
        ("relevance", (6,)),
        ("token_relevance", (6,)),
        ("token_start", (6,)),
        ("token_end", (8,)),
        ("head_relevance", (2, 3, 6)),
        ("letter_scores", (7, 4)),
    ],
)
def test_refuses_arrays_of_another_length(explain, field, shape):
    dtype = np.int32 if field.startswith("token_") and field != "token_relevance" else np.float32
    # The shape checker of the tests may speak first; without it, the class itself must.
    with pytest.raises((ValueError, TypeError), match=field):
        explain(**{field: np.zeros(shape, dtype=dtype)})


def test_refuses_wider_numbers_than_are_kept(explain):
    with pytest.raises((ValueError, TypeError), match="relevance"):
        explain(relevance=np.zeros(5))


@pytest.mark.parametrize(("start", "end"), [(-1, 0), (3, 2), (5, 6)])
def test_refuses_offsets_outside_the_sequence(explain, start, end):
    starts, ends = explain().token_start.copy(), explain().token_end.copy()
    starts[3], ends[3] = start, end
    with pytest.raises(ValueError, match="token offsets leave the 5 letters"):
        explain(token_start=starts, token_end=ends)


@pytest.mark.parametrize("field", ["score", "baseline_score", "special_relevance", "completeness_error"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_refuses_a_number_that_is_not_finite(explain, field, value):
    with pytest.raises(InputError, match=f"sequence 's', target 'promoter': 1 of 1 values of {field}"):
        explain(**{field: value})


@pytest.mark.parametrize("field", ["relevance", "token_relevance", "head_relevance", "letter_scores"])
def test_refuses_an_array_that_is_not_finite(explain, field):
    values = getattr(explain(), field).copy()
    values.flat[1] = np.nan
    with pytest.raises(
        InputError, match=f"1 of {values.size} values of {field} are infinite or not a number"
    ):
        explain(**{field: values})


def test_refuses_letters_that_do_not_sum_to_the_tokens(explain):
    with pytest.raises(ValueError, match="letters and special tokens sum to"):
        explain(special_relevance=explain().special_relevance + 1e-3)


def test_takes_a_lift_that_does_not_keep_the_sum_if_told_so(explain):
    kept = explain(relevance=explain().relevance * 3, conserved=False)
    assert kept.relevance.sum() == pytest.approx(3 * explain().relevance.sum())


@pytest.mark.parametrize("letters", [1, 13, 4001])
def test_takes_shares_rounded_to_float32(explain, letters):
    # One token over all letters, so that every share is rounded alike and errors add up.
    share = np.float32(1.7) / np.float32(letters)
    explain(
        sequence="A" * letters,
        tokens=("all",),
        token_start=np.array([0], dtype=np.int32),
        token_end=np.array([letters], dtype=np.int32),
        token_relevance=np.array([1.7], dtype=np.float32),
        relevance=np.full(letters, share, dtype=np.float32),
        special_relevance=0.0,
        head_relevance=None,
        letter_scores=None,
    )
