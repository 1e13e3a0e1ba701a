from __future__ import annotations

from collections import defaultdict
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relevome.errors import InputError
from relevome.results import coverage
from relevome.results.coverage import lay_out

# chromosome, start, letters, strand
WINDOWS = st.lists(
    st.tuples(
        st.sampled_from(["chr2", "chr10"]), st.integers(0, 60), st.integers(1, 13), st.sampled_from("+-.")
    ),
    min_size=1,
    max_size=14,
)


def explanations(letters_only, windows):
    """One per window, with relevance that tells windows and letters apart."""
    return [
        letters_only(
            f"w{i}", "A" * length, 100 * i + np.arange(length), chrom=chrom, start=start, end=start + length,
            strand=strand,
        )
        for i, (chrom, start, length, strand) in enumerate(windows)
    ]  # fmt: skip


def base_means(rows):
    """Mean relevance of every covered base, one base and one window at a time."""
    found = defaultdict(list)
    for row in rows:
        for position, value in enumerate(row.relevance):
            base = row.end - 1 - position if row.strand == "-" else row.start + position
            found[row.chrom, base].append(float(value))
    return {base: np.float32(np.mean(values)) for base, values in found.items()}


def bases_of(track):
    return [((s.chrom, s.start + i), value) for s in track for i, value in enumerate(s.values)]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(windows=WINDOWS, held=st.integers(1, 50), averaged=st.integers(1, 30))
def test_the_track_is_the_mean_over_windows_at_every_base(make_run, letters_only, windows, held, averaged):
    rows = explanations(letters_only, windows)
    with patch.object(coverage, "_HELD", held), patch.object(coverage, "_AVERAGED", averaged):
        found = bases_of(lay_out(make_run(rows, size=4), "promoter").track())
    assert found == sorted(base_means(rows).items())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(windows=WINDOWS, held=st.integers(1, 50))
def test_windows_come_sorted_and_from_left_to_right(make_run, letters_only, windows, held):
    rows = explanations(letters_only, windows)
    with patch.object(coverage, "_HELD", held):
        found = list(lay_out(make_run(rows, size=4), "promoter").windows())
    assert [(w.chrom, w.start, w.end) for w in found] == sorted((r.chrom, r.start, r.end) for r in rows)
    by_name = {row.sequence_id: row for row in rows}
    for window in found:
        row = by_name[window.name]
        assert window.values.tolist() == row.relevance[:: -1 if row.strand == "-" else 1].tolist()


def test_many_windows_at_one_place_are_averaged(make_run, letters_only):
    rows = explanations(letters_only, [("chr1", 5, 30, "+")] * 50 + [("chr1", 20, 30, "-")])
    with patch.object(coverage, "_AVERAGED", 8):
        found = bases_of(lay_out(make_run(rows, size=50), "promoter").track())
    assert found == sorted(base_means(rows).items())


def test_sizes_are_the_ends_of_the_last_windows(make_run, letters_only):
    windows = [("chr2", 50, 9, "+"), ("chr10", 3, 7, "-"), ("chr2", 1, 60, "+"), ("chr2", 55, 2, "+")]
    run = make_run(explanations(letters_only, windows))
    assert list(lay_out(run, "promoter").sizes.items()) == [("chr10", 10), ("chr2", 61)]


def test_only_rows_of_the_target_are_laid_out(make_run, letters_only):
    place = {"chrom": "c", "start": 2, "end": 4, "strand": "+"}
    rows = [
        letters_only("a", "AC", [1, 2], **place),
        letters_only("a", "AC", [5, 6], target="other", **place),
    ]
    assert bases_of(lay_out(make_run(rows), "other").track()) == [(("c", 2), 5.0), (("c", 3), 6.0)]


def test_rows_without_an_interval_are_counted(make_run, letters_only):
    place = {"chrom": "c", "start": 2, "end": 4, "strand": "+"}
    rows = [
        letters_only("a", "AC", [1, 2]),
        letters_only("b", "AC", [5, 6], **place),
        letters_only("c", "A", [1]),
    ]
    assert lay_out(make_run(rows), "promoter").unplaced == 2


def test_a_run_without_intervals_says_how_to_get_them(make_run, letters_only):
    with pytest.raises(InputError, match="no genome intervals for target 'promoter': explain with --bed"):
        lay_out(make_run([letters_only("a", "AC", [1, 2])]), "promoter")


def test_sequences_can_be_their_own_coordinates(make_run, letters_only):
    place = {"chrom": "c", "start": 20, "end": 23, "strand": "-"}
    rows = [letters_only("b", "ACG", [1, 2, 3], **place), letters_only("a", "AC", [5, 6])]
    layout = lay_out(make_run(rows), "promoter", "sequence")
    assert bases_of(layout.track()) == [
        (("a", 0), 5.0), (("a", 1), 6.0), (("b", 0), 1.0), (("b", 1), 2.0), (("b", 2), 3.0),
    ]  # fmt: skip
    assert layout.sizes == {"a": 2, "b": 3}


def test_refuses_unknown_coordinates(make_run, letters_only):
    with pytest.raises((InputError, TypeError), match="coordinates"):
        lay_out(make_run([letters_only("a", "AC", [1, 2])]), "promoter", "proteome")  # pyright: ignore[reportArgumentType]
