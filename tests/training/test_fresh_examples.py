"""Training with BPE dropout: other tokens of the same letters in every epoch, in the training table only."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file

from relevome.data.formats.table import LabelledSequence
from relevome.data.sequences import DNA
from relevome.data.sequences import Sequence as Letters
from relevome.errors import InputError
from relevome.jobs.train import train
from relevome.models.own_tokenizers import bpe_tokenizer, letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.training.fresh_examples import Drawing, DrawnExamples
from relevome.training.settings import TrainingSettings
from tests.training.killed import killed_and_resumed

BERT = {
    "model_type": "bert",
    "hidden_size": 12,
    "num_hidden_layers": 1,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 34,
}
LENGTH = 30

Make = Callable[..., TrainingSettings]


def promoters(count: int) -> list[tuple[str, int]]:
    draw = random.Random(count)
    texts = ("".join(draw.choices("ACGT", k=LENGTH)) for _ in range(count))
    return [(text[:15] + "TATAAT" * (i % 2) + text[15:], i % 2) for i, text in enumerate(texts)]


@pytest.fixture
def settings(tmp_path: Path) -> Make:
    """A small BERT on byte-pair encoded promoters, in this test's own folder."""
    (tmp_path / "arch.json").write_text(json.dumps(BERT))
    bpe_tokenizer([text for text, _ in promoters(90)], 50).save_pretrained(tmp_path / "bpe")
    paths = {name: tmp_path / f"{name}.csv" for name in ("train", "validation")}
    for path, count in zip(paths.values(), (40, 12), strict=True):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("sequence", "label"), *promoters(count)])

    def make(name: str = "model", **more: Any) -> TrainingSettings:
        given = {"epochs": 3, "batch_size": 8, "device": "cpu", "tokenizer": str(tmp_path / "bpe")}
        return TrainingSettings(
            str(tmp_path / "arch.json"), paths["train"], paths["validation"], tmp_path / name, **given | more
        )

    return make


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[int]]]:
    """Every example that was asked for: the epoch and its tokens."""
    asked: list[tuple[int, list[int]]] = []
    original = DrawnExamples.__getitem__

    def remember(self: DrawnExamples, row: int) -> Any:
        example = original(self, row)
        asked.append((self.epoch, example["input_ids"]))
        return example

    monkeypatch.setattr(DrawnExamples, "__getitem__", remember)
    return asked


def letters(ids: Sequence[int], tokenizer: Any) -> str:
    return "".join(tokenizer.convert_ids_to_tokens(ids, skip_special_tokens=True))


def same_weights(one: Path, other: Path) -> bool:
    first, second = (load_file(folder / "model.safetensors") for folder in (one, other))
    return all(torch.equal(first[name], second[name]) for name in first)


def test_every_epoch_has_other_tokens_of_the_same_letters(settings: Make, seen: list) -> None:
    result = train(settings(bpe_dropout=0.3))
    tokenizer = transformers.AutoTokenizer.from_pretrained(result.output)
    own = {
        letters(ids, tokenizer): ids for ids in tokenizer([text for text, _ in promoters(40)])["input_ids"]
    }
    epochs = {epoch: [] for epoch in range(3)}
    for epoch, ids in seen:
        epochs[epoch].append(tuple(ids))
    for found in epochs.values():
        assert {letters(ids, tokenizer) for ids in found} == set(own)
    distinct = [set(found) for found in epochs.values()]
    assert len(distinct[1] & distinct[2]) < 10
    assert sum(len(ids) for ids in distinct[1]) > sum(len(ids) for ids in own.values())


def test_a_row_is_drawn_once_in_an_epoch_and_anew_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = LetterTokenizer(bpe_tokenizer([text for text, _ in promoters(40)], 60))
    rows = tuple(
        LabelledSequence(Letters(f"s{i}", text, DNA), "1") for i, (text, _) in enumerate(promoters(40))
    )

    def own(row: LabelledSequence) -> dict[str, Any]:
        return {"input_ids": tokenizer.encode(row.sequence).ids.tolist(), "labels": 1}

    examples = DrawnExamples(rows, own, tokenizer, Drawing(dropout=0.5), 0)
    asked = []
    draw = tokenizer.draw_ids
    monkeypatch.setattr(tokenizer, "draw_ids", lambda *told: asked.append(told) or draw(*told))
    first = [examples[row]["input_ids"] for row in range(40)]
    assert [examples[row]["input_ids"] for row in range(40)] == first
    assert len(asked) == 40
    examples.epoch = 1
    second = [examples[row]["input_ids"] for row in range(40)]
    assert len(asked) == 80
    assert sum(a != b for a, b in zip(first, second, strict=True)) > 30
    examples.epoch = 0
    assert [examples[row]["input_ids"] for row in range(40)] == first


def test_validation_keeps_the_tokenizers_own_tokens(settings: Make, seen: list) -> None:
    train(settings(bpe_dropout=0.3, epochs=1))
    tokenizer = transformers.AutoTokenizer.from_pretrained(settings().tokenizer)
    trained_on = {letters(ids, tokenizer) for _, ids in seen}
    assert trained_on == {text for text, _ in promoters(40)}


def test_a_killed_training_with_draws_ends_as_if_never_killed(
    settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(settings("whole", bpe_dropout=0.3))
    resumed = killed_and_resumed(settings("killed", bpe_dropout=0.3), 12, monkeypatch)
    assert same_weights(resumed.output, whole.output)
    assert resumed.history == whole.history


def test_draws_come_from_the_seed(settings: Make) -> None:
    one, same = (train(settings(name, bpe_dropout=0.3, epochs=1)) for name in ("one", "same"))
    without = train(settings("without", epochs=1))
    assert same_weights(one.output, same.output)
    assert not same_weights(one.output, without.output)
    assert json.loads((one.output / "training.json").read_text())["settings"]["bpe_dropout"] == 0.3


def test_a_tokenizer_without_merges_is_refused(settings: Make, tmp_path: Path) -> None:
    letter_tokenizer(DNA, specials=True).save_pretrained(tmp_path / "letters")
    (tmp_path / "arch.json").write_text(json.dumps(BERT | {"max_position_embeddings": 38}))
    with pytest.raises(InputError, match=r"--bpe-dropout 0.1: tokenisations are drawn .* the tokenizer"):
        train(settings(bpe_dropout=0.1, tokenizer=str(tmp_path / "letters")))
    assert not settings().output.exists()


def test_draws_that_will_be_too_long_are_refused_before_training(settings: Make) -> None:
    with pytest.raises(InputError, match=r"has up to 38 tokens with --bpe-dropout 1 but the model takes 34"):
        train(settings(bpe_dropout=1.0))
    assert not settings().output.exists()


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_dropout_that_is_no_share_is_refused(settings: Make, share: float) -> None:
    with pytest.raises(InputError, match=r"bpe_dropout is .*: expected a share of merges, from 0 to 1"):
        settings(bpe_dropout=share)
