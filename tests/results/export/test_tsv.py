from __future__ import annotations

import io

import numpy as np
import pandas as pd

from relevome.results.export.tsv import Tsv


def test_has_a_line_per_letter_with_its_place(make_run, letters_only, tmp_path):
    rows = [
        letters_only("a", "AC", [0.1, -2], chrom="chr2", start=10, end=12, strand="+"),
        letters_only(
            "b",
            "GTN",
            [3, 4, 5],
            chrom="chr2",
            start=10,
            end=13,
            strand="-",
            target="other",
            probability=0.25,
            predicted="=x",
        ),
        letters_only("c", "M", [1e-9]),
    ]
    report = Tsv().export(make_run(rows, size=2), tmp_path / "x.tsv")
    assert (tmp_path / "x.tsv").read_text() == (
        "sequence_id\ttarget\tposition\tletter\tchrom\tgenome_position\trelevance\tprobability\tpredicted\n"
        "a\tpromoter\t0\tA\tchr2\t10\t0.1\t\t\n"
        "a\tpromoter\t1\tC\tchr2\t11\t-2.0\t\t\n"
        "b\tother\t0\tG\tchr2\t12\t3.0\t0.25\t'=x\n"
        "b\tother\t1\tT\tchr2\t11\t4.0\t0.25\t'=x\n"
        "b\tother\t2\tN\tchr2\t10\t5.0\t0.25\t'=x\n"
        "c\tpromoter\t0\tM\t\t\t1e-09\t\t\n"
    )
    assert (report.written, report.unit) == (6, "letters")


def test_may_hold_one_target_only(make_run, letters_only, tmp_path):
    rows = [letters_only("a", "A", [1]), letters_only("a", "A", [2], target="other")]
    assert Tsv().export(make_run(rows), tmp_path / "x", target="other").written == 1
    assert pd.read_csv(tmp_path / "x", sep="\t")["relevance"].tolist() == [2.0]


def test_reads_back_as_it_was(make_run, letters_only, tmp_path):
    values = np.random.default_rng(0).normal(size=40).astype(np.float32)
    Tsv().export(make_run([letters_only('an "odd", name', "A" * 40, values)]), tmp_path / "x")
    table = pd.read_csv(io.StringIO((tmp_path / "x").read_text()), sep="\t")
    assert set(table["sequence_id"]) == {'an "odd", name'}
    assert table["relevance"].astype(np.float32).tolist() == values.tolist()
