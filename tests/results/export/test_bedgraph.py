from __future__ import annotations

import numpy as np
import pytest

from relevome.results.export.bedgraph import BedGraph


def place(chrom, start, letters, strand="+"):
    return {"chrom": chrom, "start": start, "end": start + letters, "strand": strand}


def test_has_a_line_per_run_of_equal_bases(make_run, letters_only, tmp_path):
    rows = [
        letters_only("a", "ACGT", [0.5, 0.5, 2, 2], **place("chr2", 10, 4)),
        letters_only("b", "AC", [3, 4], **place("chr2", 13, 2, "-")),
        letters_only("c", "AC", [-1, -1], **place("chr10", 7, 2)),
    ]
    report = BedGraph().export(make_run(rows, size=1), tmp_path / "x.bedgraph")
    assert (tmp_path / "x.bedgraph").read_text() == (
        "chr10\t7\t9\t-1.0\nchr2\t10\t12\t0.5\nchr2\t12\t13\t2.0\nchr2\t13\t15\t3.0\n"
    )
    assert (report.written, report.unit) == (7, "bases")


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 1e30])
def test_values_read_back_as_they_were(make_run, letters_only, tmp_path, scale):
    values = (np.random.default_rng(0).normal(size=50) * scale).astype(np.float32)
    run = make_run([letters_only("a", "A" * 50, values, **place("c", 0, 50))])
    BedGraph().export(run, tmp_path / "x")
    read = [line.split("\t") for line in (tmp_path / "x").read_text().splitlines()]
    assert [np.float32(value) for *_, value in read] == values.tolist()
    assert [(int(start), int(end)) for _, start, end, _ in read] == [(i, i + 1) for i in range(50)]


def test_counts_along_sequences_if_asked(make_run, letters_only, tmp_path):
    run = make_run([letters_only("b", "AC", [1, 2]), letters_only("a", "AC", [3, 3])])
    BedGraph(coordinates="sequence").export(run, tmp_path / "x")
    assert (tmp_path / "x").read_text() == "a\t0\t2\t3.0\nb\t0\t1\t1.0\nb\t1\t2\t2.0\n"
