from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from relevome.data.sequences import DNA, Sequence
from relevome.errors import InputError
from relevome.models import strand_logits as module
from relevome.models.annotator import AnnotatorForTokenClassification
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import FixedBatchSize
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.strand_logits import strand_logits
from tests.models.annotator.tiny import letters, tiny

LAYOUTS: dict[str, dict[str, Any]] = {
    "causal": {},
    "bidirectional": {"bidirectional": True},
    "segments": {"layout": "segments", "memory": 9},
}


@dataclass(frozen=True)
class Text:
    """A strand that is held in memory."""

    letters: str
    circular: bool = False

    @property
    def ends(self) -> tuple[int, int] | None:
        return None if self.circular else (0, len(self.letters))

    def read(self, start: int, end: int) -> str:
        if self.circular:
            return "".join(self.letters[i % len(self.letters)] for i in range(start, end))
        return self.letters[max(start, 0) : max(end, 0)]


def save(network: Any, folder: Path, specials: bool = False) -> Model:
    network.save_pretrained(folder)
    letter_tokenizer(DNA, specials).save_pretrained(folder)
    model = load_model(folder, dtype="float64", device="cpu")
    return model.with_batch_sizes(FixedBatchSize(3))


def along(
    model: Model, strand: Text, start: int, end: int, window: tuple[int, int] | None = None
) -> np.ndarray:
    return np.concatenate([*strand_logits(model, strand, start, end, window)])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_stretch_is_as_if_all_of_the_strand_had_been_read(
    tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FETCHED", 17)
    model = save(tiny(**LAYOUTS[layout]), tmp_path)
    text = letters(160)
    assert isinstance(model.module, AnnotatorForTokenClassification)
    whole = model.module.logits(text)
    for start, end in ((0, 160), (0, 1), (159, 160), (3, 90), (71, 72), (130, 158), (100, 160)):
        found = along(model, Text(text), start, end)
        np.testing.assert_allclose(found, whole[start:end], rtol=0, atol=1e-11)


@pytest.mark.parametrize("layout", ["causal", "bidirectional"])
@pytest.mark.parametrize("length", [1, 5, 70])
def test_on_a_circle_the_end_is_before_the_beginning(tmp_path: Path, layout: str, length: int) -> None:
    model = save(tiny(**LAYOUTS[layout]), tmp_path)
    assert isinstance(model.module, AnnotatorForTokenClassification)
    text, turns = letters(length), -(-140 // length)
    around = model.module.logits(text * (2 * turns + 1))[turns * length :][:length]
    found = along(model, Text(text, circular=True), 0, length)
    np.testing.assert_allclose(found, around, rtol=0, atol=1e-11)
    line = along(model, Text(text), 0, length)
    assert np.abs(line[0] - found[0]).max() > 1e-3


def bert() -> Any:
    from transformers import BertConfig, BertForTokenClassification

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=40, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=14,
        max_position_embeddings=26, id2label={i: str(i) for i in range(5)},
    )  # fmt: skip
    return BertForTokenClassification(config).eval()


@pytest.mark.parametrize("length", [1, 9, 100])
def test_windows_overlap_by_half_and_give_their_middles(tmp_path: Path, length: int) -> None:
    model = save(bert(), tmp_path, specials=True)
    text = letters(length, among="ACGT")
    found = along(model, Text(text), 0, length)
    for at in range(0, length, 12):  # 24 letters and two special tokens fit: 6, then 12, then 6
        first = max(at - 6, 0)
        tokens = model.tokenize(Sequence("w", text[first : at + 18], DNA))
        logits = model.module(**model.inputs(Batch((tokens,), (Target(0, "", 0),)))).logits[0, 1:-1]
        expected = logits.detach()[at - first :][:12]
        np.testing.assert_allclose(found[at : at + 12], expected, rtol=0, atol=1e-6)
    for start, end in ((length // 3, length), (length // 2, 2 * length // 3 + 1)):
        part = along(model, Text(text), start, end)
        np.testing.assert_allclose(part, found[start:end], rtol=0, atol=1e-6)


@pytest.mark.parametrize("circular", [False, True])
def test_a_classifier_reads_a_window_around_every_letter(
    tmp_path: Path, circular: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STRIP", 8)
    torch.manual_seed(1)
    config = CnnConfig(
        pooling="flatten",
        sequence_length=12,
        filters=(6, 4),
        widths=(3, 5),
        hidden_size=7,
        id2label={i: str(i) for i in range(3)},
    )
    model = save(CnnForSequenceClassification(config), tmp_path)
    strand = Text(letters(30, among="ACGT"), circular)
    beyond = strand.read if circular else lambda a, b: ("N" * 20 + strand.letters + "N" * 20)[a + 20 : b + 20]
    found = along(model, strand, 2, 29, (7, 4))
    for at in range(2, 29):
        tokens = model.tokenize(Sequence("w", beyond(at - 7, at + 5), DNA))
        expected = model.module(**model.inputs(Batch((tokens,), (Target(0, ""),)))).logits[0].detach()
        np.testing.assert_allclose(found[at - 2], expected, rtol=0, atol=1e-6)
    with pytest.raises(InputError, match="made for exactly 12"):
        along(model, strand, 0, 3, (7, 7))


def test_models_that_cannot_say_so(tmp_path: Path) -> None:
    config = CnnConfig(filters=(4,), widths=(3,), pools=(2,), hidden_size=5)
    cnn = save(CnnForSequenceClassification(config), tmp_path / "cnn")
    with pytest.raises(
        InputError, match=r"classes for whole sequences: give the letters .* such as --window 70,29"
    ):
        along(cnn, Text("ACGT"), 0, 4)
    with pytest.raises(InputError, match="--window is for models of whole sequences"):
        along(save(tiny(), tmp_path / "annotator"), Text("ACGT"), 0, 4, (1, 1))
