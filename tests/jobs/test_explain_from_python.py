"""What people give to `relevome.explain` from Python: accepted, or refused in words about that."""

from __future__ import annotations

from inspect import unwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import relevome
from relevome.data.sequences import PROTEIN, Sequence
from relevome.errors import InputError
from relevome.jobs.evaluate import evaluate
from relevome.models.base import Model
from tests.evaluation.additive import additive_model
from tests.toys import TOYS

# As users call them: in tests, types are checked before a function can say what is wrong.
explain, load_model = unwrap(relevome.explain), unwrap(relevome.load_model)

LETTERS = {"a": "MKTAYIAK", "b": "GAVLIMCFYW"}
FRAME = pd.DataFrame({"Entry": list(LETTERS), "other": [1, 2], "Sequence": list(LETTERS.values())})


@pytest.fixture(scope="module")
def model() -> Model:
    return additive_model()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (LETTERS, True), (list(LETTERS.items()), True), (FRAME, True), (list(LETTERS.values()), False),
        (tuple(LETTERS.values()), False), (np.array(list(LETTERS.values())), False),
        (FRAME[["Sequence"]], False), (FRAME["Sequence"], False), (iter(LETTERS.values()), False),
        ([Sequence(id, text, PROTEIN) for id, text in LETTERS.items()], True),
    ],
)  # fmt: skip
def test_sequences_in_whatever_holds_them(model: Model, given: Any, named: bool) -> None:
    run = explain(model, given, "saliency", 1)
    ids = list(LETTERS) if named else ["sequence1", "sequence2"]
    assert [(row.sequence_id, row.sequence) for row in run] == list(zip(ids, LETTERS.values(), strict=True))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("MKTAYIAK", r"there is no file 'MKTAYIAK': letters are given in a list, such as \['MKTAYIAK'\]"),
        (3, "sequences of type int: expected a path, a list of letters or of sequences, a dictionary"),
        ([3], "sequence 1 is of type int: expected letters, a relevome.Sequence, or a pair"),
        ([None], "sequence 1 is of type NoneType"),
        (
            FRAME[["other"]],
            "a data frame with the columns other: expected one called sequence",
        ),
        ([], "no sequences were given"),
        ({"a": 3}, "sequence 1 is of type tuple"),
    ],
)
def test_what_holds_no_sequences_is_said_so(model: Model, given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        explain(model, given, "saliency", 1)


def test_a_module_is_no_model_and_no_path(model: Model) -> None:
    with pytest.raises(InputError, match="MeanOfLetters is no path: expected the folder of a model"):
        load_model(model.module)
    with pytest.raises(InputError, match="MeanOfLetters is no model of relevome: expected what "):
        explain(model.module, ["MKT"])


def test_an_unknown_keyword_is_answered_in_the_spelling_of_python(model: Model) -> None:
    with pytest.raises(InputError, match=r"no parameter 'targets': expected an option .*target, out"):
        explain(model, ["MKT"], "saliency", targets=1)


@pytest.mark.parametrize("context", [torch.inference_mode, torch.no_grad])
def test_a_mode_without_gradients_around_it_changes_nothing(context: Any, tmp_path: Path) -> None:
    folder = TOYS["protbert"].save(tmp_path / "model")
    sequences = TOYS["protbert"].sequences(10, 14)
    plain = relevome.explain(relevome.load_model(folder), sequences, "attnlrp", 1, batch_size=2)
    with context():
        model = relevome.load_model(folder)
        run = explain(model, sequences, "attnlrp", 1, batch_size=2, out=tmp_path / "run")
        found = evaluate(run, model=model, fast=True, null=0, metrics=["robust-correlation"])
    assert [row.relevance.tolist() for row in run] == [row.relevance.tolist() for row in plain]
    assert found.scores
