from __future__ import annotations

import pytest

from relevome.data.formats.table import LabelledSequence
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.training.labels import label_scheme


def rows(*labels: str | None, letters: str = "ACGTA") -> list[LabelledSequence]:
    return [LabelledSequence(Sequence(f"s{i}", letters, DNA), label) for i, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("labels", "task", "names"),
    [
        (["0", "1", "1"], "binary", ("0", "1")),
        (["promoter", "none", "none"], "binary", ("none", "promoter")),
        (["10", "9", "-1", "9", "10", "-1"], "multi-class", ("-1", "9", "10")),
        (["b", "c", "a"] * 2, "multi-class", ("a", "b", "c")),
        (["x;y", "z", ""], "multi-label", ("x", "y", "z")),
        (["0.5", "1.5", "-2e3"], "regression", ("value",)),
        (["00110", "01100", "11111"], "token", ("0", "1")),
        (["HHHHI", "OOOOO", "IIIIH"], "token", ("H", "I", "O")),
    ],
)
def test_the_task_is_read_off_the_labels(labels: list[str], task: str, names: tuple[str, ...]) -> None:
    scheme = label_scheme(rows(*labels))
    assert (scheme.task, scheme.names) == (task, names)


def test_labels_of_one_letter_sequences_are_classes() -> None:
    assert label_scheme(rows("0", "1", letters="G")).task == "binary"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["0.0", "1.0", "1.0"], r"2 different labels \(0.0, 1.0, ...\) may be binary or regression"),
        (["17", "4", "8", "33"], r"4 different labels \(17, 33, 4, ...\) may be multi-class or regression"),
    ],
)
def test_labels_that_fit_two_tasks_are_not_guessed(labels: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message + ": say which with --task"):
        label_scheme(rows(*labels))


def test_a_task_that_is_given_is_taken() -> None:
    assert label_scheme(rows("0", "1", "2"), "regression").task == "regression"
    assert label_scheme(rows("0.0", "1.0"), "binary").names == ("0.0", "1.0")
    assert label_scheme(rows("a", "b"), "multi-class").task == "multi-class"
    assert label_scheme(rows("a", "b"), "multi-label").task == "multi-label"


@pytest.mark.parametrize(
    ("task", "label", "encoded"),
    [
        ("binary", "no", 0),
        ("multi-class", "no", 0),
        ("multi-label", "yes; no", [1.0, 1.0]),
        ("multi-label", "yes", [0.0, 1.0]),
        ("multi-label", "", [0.0, 0.0]),
        ("regression", "-2.25", -2.25),
    ],
)
def test_labels_become_numbers(task: str, label: str, encoded: object) -> None:
    known = ("0.5", "1") if task == "regression" else ("yes", "no")
    assert label_scheme(rows(*known), task).encode(rows(label)[0]) == encoded


def test_one_label_for_every_letter() -> None:
    scheme = label_scheme(rows("01201", "00000"))
    assert scheme.encode(rows("20011")[0]) == [2, 0, 0, 1, 1]
    with pytest.raises(InputError, match="'s0' has 5 letters but 4 labels: expected one character for every"):
        scheme.encode(rows("2001")[0])


@pytest.mark.parametrize(
    ("task", "label", "message"),
    [
        ("binary", "maybe", "sequence 's0' has label 'maybe': expected one of no, yes"),
        ("binary", "", "sequence 's0' has label '': expected one of no, yes"),
        ("multi-label", "no;maybe", "sequence 's0' has label 'maybe': expected one of no, yes"),
        ("regression", "nan", "sequence 's0' has label 'nan': expected a finite number"),
        ("regression", "", "sequence 's0' has label '': expected a finite number"),
    ],
)
def test_a_label_that_training_did_not_have_is_refused(task: str, label: str, message: str) -> None:
    known = ("0.5", "1") if task == "regression" else ("yes", "no")
    with pytest.raises(InputError, match=message):
        label_scheme(rows(*known), task).encode(rows(label)[0])


@pytest.mark.parametrize(
    ("labels", "task", "message"),
    [
        (["1", "1"], "auto", "labels are '1': expected at least 2 different labels"),
        (
            ["a", "b", "c"],
            "binary",
            "labels are 'a', 'b', 'c': expected two different labels for task binary",
        ),
        (["a", "", "b"], "multi-class", "and none empty"),
        (["", ""], "multi-label", "labels are all empty"),
        ([None, None], "auto", "the training table has no label column"),
        (["1", "0"], "ranking", "unknown task 'ranking': expected auto or one of binary"),
    ],
)
def test_labels_that_teach_nothing_are_refused(labels: list[str | None], task: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        label_scheme(rows(*labels), task)
