from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relevome.errors import InputError
from relevome.results.export.bed import Bed


def place(chrom, start, letters, strand="+"):
    return {"chrom": chrom, "start": start, "end": start + letters, "strand": strand}


def lines(path):
    return [tuple(line.split("\t")) for line in path.read_text().splitlines()]


def test_sites_are_neighbouring_letters_above_the_threshold(make_run, letters_only, tmp_path):
    rows = [
        letters_only("a", "ACGTACG", [0, 2, 3, 1, 4, 0, 2], **place("chr2", 10, 7)),
        letters_only("b", "ACGT", [8, 2, 1, 0], **place("chr2", 12, 4, "-")),
        letters_only("c", "AC", [-1, 1], **place("chr10", 7, 2, ".")),
    ]
    report = Bed(threshold=1.0).export(make_run(rows, size=1), tmp_path / "x.bed")
    assert lines(tmp_path / "x.bed") == [
        ("chr2", "11", "13", "a", "375", "+"),
        ("chr2", "14", "15", "a", "500", "+"),
        ("chr2", "14", "16", "b", "1000", "-"),
        ("chr2", "16", "17", "a", "250", "+"),
    ]
    assert (report.written, report.unit) == (4, "sites")


def test_the_threshold_may_be_a_share_of_all_letters_of_the_run(make_run, letters_only, tmp_path):
    rows = [
        letters_only("a", "A" * 10, range(10), **place("c", 0, 10)),
        letters_only("b", "A" * 10, range(10, 20), **place("c", 30, 10)),
    ]
    Bed(quantile=0.85).export(make_run(rows), tmp_path / "x")
    assert lines(tmp_path / "x") == [("c", "37", "40", "b", "1000", "+")]


def test_nothing_above_the_threshold_is_an_empty_file(make_run, letters_only, tmp_path):
    run = make_run([letters_only("a", "AC", [0, 0], **place("c", 0, 2))])
    assert Bed().export(run, tmp_path / "x").written == 0
    assert (tmp_path / "x").read_bytes() == b""


def test_scores_of_sites_below_zero_are_zero(make_run, letters_only, tmp_path):
    run = make_run([letters_only("a", "ACG", [-3, -1, -2], **place("c", 0, 3))])
    Bed(threshold=-2.5).export(run, tmp_path / "x")
    assert lines(tmp_path / "x") == [("c", "1", "3", "a", "0", "+")]


def test_counts_along_sequences_if_asked(make_run, letters_only, tmp_path):
    run = make_run([letters_only("P1", "MKV", [0, 5, 5])])
    Bed(threshold=1.0, coordinates="sequence").export(run, tmp_path / "x")
    assert lines(tmp_path / "x") == [("P1", "1", "3", "P1", "1000", "+")]


@pytest.mark.parametrize("quantile", [-0.1, 1.1, float("nan")])
def test_refuses_a_quantile_that_is_no_share(quantile):
    with pytest.raises(InputError, match="expected a share of letters from 0 to 1"):
        Bed(quantile=quantile)


WINDOWS = st.lists(
    st.tuples(
        st.sampled_from("XY"),
        st.integers(0, 20),
        st.lists(st.integers(0, 4), min_size=1, max_size=9),
        st.sampled_from("+-"),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(windows=WINDOWS)
def test_sites_are_sorted_and_cover_what_is_above(make_run, letters_only, tmp_path, windows):
    rows = [
        letters_only(f"w{i}", "A" * len(values), values, **place(chrom, start, len(values), strand))
        for i, (chrom, start, values, strand) in enumerate(windows)
    ]
    Bed(threshold=2.0).export(make_run(rows), tmp_path / "x", overwrite=True)
    found = [(chrom, int(start), int(end), name) for chrom, start, end, name, *_ in lines(tmp_path / "x")]
    assert found == sorted(found, key=lambda site: site[:2])
    covered = sorted((name, base) for _, start, end, name in found for base in range(start, end))
    assert covered == sorted(
        (row.sequence_id, row.end - 1 - i if row.strand == "-" else row.start + i)
        for row in rows
        for i in np.flatnonzero(row.relevance > 2).tolist()
    )
    # Neighbouring letters of one sequence are one site.
    assert not {(name, end) for *_, end, name in found} & {(name, start) for _, start, _, name in found}
