"""Known sites of a run from features, patterns and classes of letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from relevome.data.known_sites import CLASSES
from relevome.errors import InputError
from relevome.jobs.evaluate import evaluate
from relevome.jobs.show import show
from relevome.results.run.reader import Run
from relevome.stores.place import local
from tests.evaluation.additive import additive_model
from tests.evaluation.example_runs import explained


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return explained(additive_model(), tmp_path_factory.mktemp("run") / "run")


def test_a_class_of_residues_is_truth_for_every_sequence(run: Run) -> None:
    found = evaluate(run, "residues:hydrophobic", metrics=["auroc"], use_model=False)
    (scores,) = found.scores
    inside = [[letter in CLASSES["hydrophobic"] for letter in row.sequence] for row in run]
    expected = [roc_auc_score(mask, row.relevance) for mask, row in zip(inside, run, strict=True)]
    np.testing.assert_allclose(scores.values, expected)
    assert found.about["truth"]["path"] == "residues:hydrophobic"


def test_features_without_a_place_are_a_note_and_sequences_without_sites_a_reason(
    run: Run, tmp_path: Path
) -> None:
    rows = ["id,type,start,end"]
    rows += [f"{row.sequence_id},active site,3,4" for row in list(run)[1:]]
    path = tmp_path / "sites.csv"
    path.write_text("\n".join([*rows, "s0,active site,?,4", "s0,helix,1,9", ""]))
    found = evaluate(run, path, features=["ACT_SITE"], metrics=["auroc"], use_model=False)
    assert found.scores[0].left_out == {"not in the file of known sites": 1}
    assert found.scores[0].n == len(run) - 1
    said = "known sites: 1 feature left out, the first s0: active site at ? to 4, an end that is not known"
    assert said in found.notes
    left = show(local(run.path), "s0", tmp_path / "logo.png", sites=path, features=["active_site"])
    assert [one.id for one in left] == ["s0"]
    assert show(local(run.path), "s1", tmp_path / "logo.png", sites=path) == []


def test_a_source_that_is_none_is_refused(run: Run) -> None:
    for source, said in {
        "residues:1": "unknown class of letters",
        "pattern:A(": "no element of PROSITE",
    }.items():
        with pytest.raises(InputError, match=said):
            evaluate(run, source, metrics=["auroc"], use_model=False)
