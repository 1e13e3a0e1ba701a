"""The pieces of the benchmark; the whole of it takes half an hour."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks import variants


def test_a_change_is_that_of_the_best_window_over_the_place():
    matrix = np.array([[0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]])  # C, then G
    before = max(matrix[0, "ACGT".index(a)] + matrix[1, "ACGT".index(b)] for a, b in ("AC", "CG"))
    after = max(matrix[0, "ACGT".index(a)] + matrix[1, "ACGT".index(b)] for a, b in ("AT", "TG"))
    assert variants._change(matrix, "AACGAA", 2, "T") == before - after == 2


def test_matrices_know_splice_sites(shared):
    found = variants._matrices()
    assert "".join("ACGT"[n] for n in found["donor"].argmax(1)[3:5]) == "GT"
    assert "".join("ACGT"[n] for n in found["acceptor"].argmax(1)[18:20]) == "AG"


def test_variants_are_compared_by_place_and_alternative(monkeypatch):
    monkeypatch.setattr(variants, "_matrices", lambda: dict.fromkeys(variants.KINDS, np.zeros((2, 4))))
    given = [(at, alt, target) for at in range(1, 9) for alt in "CG" for target in variants.KINDS]
    rows = pd.DataFrame(given, columns=["start", "alt", "target"])
    rows = rows.assign(gain=rows["start"] / 10, loss=0.05 * (rows["alt"] == "C"))
    kinds = ["LOF,LOF" if at > 4 else "FUNC,INT" for at in range(1, 9)]
    lines = [
        ["x", str(at + 1), ".", "A", "C,G", ".", ".", f"SGE=-{at},-{at};CLASS={kind}"]
        for at, kind in enumerate(kinds, start=1)
    ]
    said = {row.name: row.value for row in variants.compared(rows, lines, "A" * 20)}
    assert said["variants of BRCA1, and positions"] == "16 (8 LOF), 8"
    assert said["SpliceAI, one network: AUROC of LOF against FUNC"] == "1.000 (1.000 to 1.000)"
    assert str(said["SpliceAI, one network: Spearman's correlation with the loss of function"]).startswith(
        "1.000"
    )
    assert str(said["matrices: AUROC of LOF against FUNC"]).startswith("0.500")
