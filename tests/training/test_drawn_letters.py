"""Training on other letters in every epoch: either strand, crops at another place, shuffles as negatives."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from relevome.data.formats.table import LabelledSequence
from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.jobs.train import train
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.training.fresh_examples import Drawing, DrawnExamples
from relevome.training.settings import TrainingSettings
from tests.training.killed import killed_and_resumed

CNN = {"model_type": "relevome-cnn", "filters": [8], "widths": [5], "pools": [2], "hidden_size": 6}
ALL = {"both_strands": True, "shifts": 5, "negatives": "shuffled"}
LENGTH = 31

Make = Callable[..., TrainingSettings]


def texts(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choices("ACGT", (4, 3, 2, 3), k=LENGTH)) for _ in range(count)]


def complement(text: str) -> str:
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))


def pairs(text: str) -> Counter[str]:
    return Counter(map("".join, pairwise(text)))


def write(path: Path, rows: Iterable[tuple[str, ...]], header: tuple[str, ...]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Make:
    """A small CNN on tables of positives, or of what ``label`` says, in this test's own folder."""
    (tmp_path / "arch.json").write_text(json.dumps(CNN))

    def make(name: str = "model", label: Callable[[int], str] | None = None, **more: Any) -> TrainingSettings:
        given: dict[str, Any] = {"epochs": 3, "batch_size": 8, "device": "cpu", "output": tmp_path / name}
        for part, count in (("train", 40), ("validation", 12), ("test", 14)):
            rows = [
                (text,) if label is None else (text, label(i)) for i, text in enumerate(texts(count, count))
            ]
            header = ("sequence",) if label is None else ("sequence", "label")
            given[part] = write(tmp_path / f"{part}.csv", rows, header)
        return TrainingSettings(str(tmp_path / "arch.json"), **given | more)

    return make


def read(rows: list[str], drawing: Drawing, epoch: int = 0, seed: int = 0) -> list[str]:
    """The letters that are drawn in an epoch."""
    tokenizer = LetterTokenizer(letter_tokenizer(DNA), DNA)
    labelled = tuple(LabelledSequence(Sequence(f"s{i}", text, DNA), "1") for i, text in enumerate(rows))

    def encode(row: LabelledSequence) -> dict[str, Any]:
        return {"input_ids": tokenizer.encode(row.sequence).ids.tolist(), "labels": row.label}

    examples = DrawnExamples(labelled, encode, tokenizer, drawing, seed)
    examples.epoch = epoch
    found = [examples[row]["input_ids"] for row in range(len(rows))]
    return ["".join(tokenizer.hf.convert_ids_to_tokens(ids)) for ids in found]


def test_either_strand_is_read_in_about_half_of_all_epochs() -> None:
    rows = texts(50, 1)
    turned = Counter()
    for epoch in range(40):
        for row, text in enumerate(read(rows, Drawing(both_strands=True), epoch)):
            assert text in (rows[row], complement(rows[row]))
            turned[row] += text != rows[row]
    # 2,000 draws: 1000 within five standard deviations of 22; a row in five of 3.2
    assert abs(turned.total() - 1000) < 112
    assert all(abs(turned[row] - 20) <= 16 for row in range(50))


def test_crops_begin_at_every_letter_equally_often() -> None:
    rows = texts(60, 2)
    starts = Counter()
    for epoch in range(30):
        for row, text in enumerate(read(rows, Drawing(shifts=5), epoch)):
            assert len(text) == LENGTH - 5
            (start,) = [first for first in range(6) if rows[row][first : first + LENGTH - 5] == text]
            starts[start] += 1
    assert sorted(starts) == [0, 1, 2, 3, 4, 5]
    assert all(abs(count - 300) < 5 * 15.9 for count in starts.values())


def test_shuffles_have_the_pairs_of_their_positive_and_are_others_in_every_epoch() -> None:
    rows = texts(30, 3)
    drawing = Drawing(shuffles_from=30)
    first, second = (read(rows * 2, drawing, epoch) for epoch in (0, 1))
    for found in (first, second):
        assert found[:30] == rows
        assert list(map(pairs, found[30:])) == list(map(pairs, rows))
        assert sum(a == b for a, b in zip(found[30:], rows, strict=True)) == 0
    assert sum(a == b for a, b in zip(first[30:], second[30:], strict=True)) == 0
    assert read(rows * 2, drawing, 0) == first
    assert read(rows * 2, drawing, 0, seed=1)[30:] != first[30:]


def test_a_shuffle_is_of_the_letters_that_are_left_and_may_be_turned() -> None:
    rows = texts(30, 4)
    found = read(rows * 2, Drawing(shifts=5, shuffles_from=30, both_strands=True))
    windows = [{text[i : i + LENGTH - 5] for i in range(6)} for text in rows]
    for text, crops in zip(found[:30], windows, strict=True):
        assert text in crops or complement(text) in crops
    for text, crops in zip(found[30:], windows, strict=True):
        either = [pairs(text), pairs(complement(text))]
        assert any(pairs(crop) in either for crop in crops)


def test_labels_of_letters_are_cut_and_turned_with_them() -> None:
    (text,) = texts(1, 5)
    marks = "".join("1" if letter in "AT" else "0" for letter in text)  # what either strand says alike
    row = LabelledSequence(Sequence("s", text, DNA), marks)
    drawing = Drawing(shifts=9, both_strands=True, per_letter=True)
    seen = set()
    for seed in range(40):
        drawn = drawing.draw(row, 0, np.random.default_rng(seed))
        assert drawn.label == "".join("1" if letter in "AT" else "0" for letter in drawn.sequence.letters)
        seen.add(drawn.sequence.letters)
    assert len(seen) > 12


def test_a_class_as_long_as_its_sequence_is_not_cut() -> None:
    row = LabelledSequence(Sequence("s", "ACGTACGT", DNA), "promoter")
    assert Drawing(shifts=3).draw(row, 0, np.random.default_rng(0)).label == "promoter"


def same_weights(one: Path, other: Path) -> bool:
    first, second = (load_file(folder / "model.safetensors") for folder in (one, other))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_validated_and_tested_on_is_the_middle_and_one_shuffle_of_it(settings: Make) -> None:
    result = train(settings(**ALL))
    for part, count in (("train", 40), ("validation", 12), ("test", 14)):
        with (result.output / f"{part}.tsv").open() as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        middle = [text[2 : LENGTH - 3] for text in texts(count, count)]
        assert [row["sequence"] for row in rows[:count]] == middle
        assert [row["label"] for row in rows] == ["1"] * count + ["0"] * count
        assert [pairs(row["sequence"]) for row in rows[count:]] == list(map(pairs, middle))
        assert len({row["id"] for row in rows}) == 2 * count
    record = json.loads((result.output / "training.json").read_text())
    assert record["data"]["made"] == {
        "letters_fewer": 5, "from_letter": 2, "shuffles": 66, "shuffles_as_before": 0
    }  # fmt: skip
    assert {name: record["settings"][name] for name in ALL} == ALL
    assert (result.task, result.labels) == ("binary", ("0", "1"))
    assert "5 letters fewer are read of every sequence" in result.notes[0]
    assert "from letter 2 on" in result.notes[0]
    assert result.notes[1] == "66 shuffles are the negatives"
    module: Any = load_model(result.output, device="cpu").module
    assert module.config.sequence_length == LENGTH - 5


def test_scores_of_test_are_of_the_tables_beside_the_model(settings: Make) -> None:
    result = train(settings(**ALL))
    given = {part: result.output / f"{part}.tsv" for part in ("validation", "test")}
    more = {"train": given["test"], "epochs": 1, "learning_rate": 1e-12}
    again = train(replace(settings("again", **given, **more), arch=str(result.output)))
    for part in given:
        assert again.metrics[part]["auroc"] == result.metrics[part]["auroc"]


def test_shuffles_that_are_their_positive_are_counted(settings: Make, tmp_path: Path) -> None:
    rows = [("AAAAAAAACCCCCCCC",)] * 8 + [(text[:16],) for text in texts(8, 7)]
    table = write(tmp_path / "t.csv", rows, ("sequence",))
    result = train(settings(train=table, validation=table, test=None, negatives="shuffled", epochs=1))
    assert any(note == "16 of them happen to be the very letters of their positive" for note in result.notes)


@pytest.mark.parametrize("more", [{"both_strands": True, "shifts": 5}, ALL], ids=["labelled", "positives"])
def test_a_killed_training_ends_as_if_never_killed(
    more: dict[str, Any], settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = None if "negatives" in more else lambda row: str(row % 2)
    whole = train(settings("whole", label, **more))
    resumed = killed_and_resumed(settings("killed", label, **more), 12, monkeypatch)
    assert same_weights(resumed.output, whole.output)
    assert resumed.history == whole.history


@pytest.mark.parametrize(
    ("name", "value"), [("both_strands", True), ("shifts", 4)], ids=["both strands", "shifts"]
)
def test_draws_come_from_the_seed(name: str, value: Any, settings: Make) -> None:
    label, given = (lambda row: str(row % 2)), {"shifts": 4, "epochs": 1}
    one, same = (train(settings(folder, label, **given | {name: value})) for folder in ("one", "same"))
    other = train(settings("other", label, **given | {name: value, "seed": 1}))
    assert same_weights(one.output, same.output)
    assert not same_weights(one.output, other.output)


def test_a_strand_that_is_drawn_makes_another_model(settings: Make) -> None:
    def label(row: int) -> str:
        return str(row % 2)

    one, other = (train(settings(str(both), label, both_strands=both, epochs=1)) for both in (True, False))
    assert not same_weights(one.output, other.output)
    assert not (one.output / "test.tsv").exists()  # it is the table that was given


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"both_strands": True, "alphabet": "protein"}, "--both-strands is about nucleic acids, not protein"),
        ({"shifts": 31}, r"has 31 letters, of which --shifts 31 leaves none"),
        ({"negatives": "shuffled"}, r"train.csv: sequence 'row1' has label '0': --negatives makes the neg"),
    ],
    ids=["protein", "short", "negatives"],
)
def test_what_a_table_cannot_give_is_one_line(more: dict[str, Any], message: str, settings: Make) -> None:
    asked = settings(label=lambda row: str(row % 2), **more)
    with pytest.raises(InputError, match=message):
        train(asked)
    assert not asked.output.exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"shifts": -1}, "shifts is -1: expected a number of letters, from 0 on"),
        ({"negatives": "random"}, "unknown negatives 'random': expected one of shuffled"),
        ({"negatives": "shuffled", "task": "token"}, "--negatives makes two classes, which is no task token"),
        (
            {"shifts": 2, "labels_from": "ec"},
            "--shifts belongs to tables with labels, not to --labels-from ec",
        ),
        (
            {"shifts": 2, "objective": "mlm", "test": None},
            "--shifts belongs to --objective classify, not to mlm",
        ),
    ],
    ids=["below 0", "unknown", "task", "function", "objective"],
)
def test_options_that_make_no_sense_are_refused(more: dict[str, Any], message: str, settings: Make) -> None:
    with pytest.raises(InputError, match=message):
        settings(**more)
