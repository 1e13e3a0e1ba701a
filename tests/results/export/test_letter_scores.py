from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from relevome.errors import InputError
from relevome.results.export.letter_scores import LetterScores

AMINO = "ACDEFGHIKLMNPQRSTVWY"


def read(path):
    return pd.read_csv(path, sep="\t", dtype={"sequence_id": str}, keep_default_na=False)


def test_each_sequence_is_a_matrix_of_positions_by_letters(make_run, explain, tmp_path):
    rng = np.random.default_rng(0)
    scores = {id: rng.normal(size=(letters, 20)).astype(np.float32) for id, letters in (("a", 3), ("b", 5))}
    rows = [explain(id, "MKVLW"[: len(one)], letter_scores=one) for id, one in scores.items()]
    report = LetterScores().export(make_run(rows, alphabet_letters=AMINO), tmp_path / "x.tsv")
    table = read(tmp_path / "x.tsv")
    assert [*table.columns] == ["sequence_id", "target", "position", "letter", *AMINO]
    assert (report.written, report.unit) == (8, "positions")
    for id, known in scores.items():
        mine = table[table["sequence_id"] == id]
        assert np.array(mine[[*AMINO]], dtype=np.float32).tolist() == known.tolist()
        assert mine["position"].tolist() == [*range(len(known))]
        assert "".join(mine["letter"]) == "MKVLW"[: len(known)]


def test_of_two_targets_one_or_both(make_run, explain, tmp_path):
    run = make_run(
        [explain("a", "ACG", seed=i, target=target, target_index=i) for i, target in enumerate("XY")]
    )
    LetterScores().export(run, tmp_path / "both")
    LetterScores().export(run, tmp_path / "one", target="Y")
    assert read(tmp_path / "both")["target"].tolist() == list("XXXYYY")
    assert read(tmp_path / "one")["target"].tolist() == list("YYY")


def test_centred_if_asked(make_run, explain, tmp_path):
    LetterScores(centre=True).export(make_run([explain("a", "ACG")]), tmp_path / "x")
    known = explain("a", "ACG").letter_scores.astype(np.float64)
    found = read(tmp_path / "x")[[*"ACGT"]].to_numpy()
    assert found == pytest.approx(known - known.mean(axis=1, keepdims=True), abs=1e-6)


def test_refuses_a_run_without_them(make_run, letters_only, tmp_path):
    with pytest.raises(
        InputError, match="no score for every letter of 'a': explain with --method mutagenesis"
    ):
        LetterScores().export(make_run([letters_only("a", "AC", [1, 2])]), tmp_path / "x")
    with pytest.raises(InputError, match="does not say the letters of its model's alphabet"):
        LetterScores().export(
            make_run([letters_only("a", "AC", [1, 2])], alphabet_letters=""), tmp_path / "x"
        )
