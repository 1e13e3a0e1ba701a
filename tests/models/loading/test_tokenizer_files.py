"""Tokenizers as people save them: one that is published for sentencepiece, and those that lose the case."""

from __future__ import annotations

import importlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast, T5Tokenizer

from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.errors import InputError
from relevome.models.hugging_face import load_model
from relevome.models.loading import tokenizer_files
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from tests.toys import ESM_RESIDUES, numbered

Saved = Callable[[str], Path]


@pytest.fixture
def folder(saved: Saved, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved("protbert"), tmp_path / "model"))


def refused(message: str, folder: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)


def test_a_tokenizer_that_makes_letters_lower_case_is_told_apart(folder: Path) -> None:
    settings = folder / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"do_lower_case": True}))
    refused("BertTokenizer makes letters lower case.*: set do_lower_case to false in tokeni", folder)
    settings.unlink()  # what transformers does where nothing is said
    refused("BertTokenizer makes letters lower case", folder)
    settings.write_text(json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": False}))
    assert load_model(folder).alphabet == PROTEIN


def test_so_is_one_whose_normalizer_does() -> None:
    tokenizer = Tokenizer(models.WordLevel(numbered(["[UNK]", *"ACGTN"]), unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    assert LetterTokenizer(PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]"), DNA)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()])
    with pytest.raises(InputError, match="makes letters lower case, and its vocabulary has dna letters in"):
        LetterTokenizer(PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]"), DNA)


def as_published(folder: Path, spiece: bytes) -> Path:
    """ProtT5's files: the vocabulary for sentencepiece, and what the tokenizer is set to."""
    (folder / "tokenizer.json").unlink()
    (folder / "spiece.model").write_bytes(spiece)
    extra = [f"<extra_id_{i}>" for i in range(100)]
    special: dict[str, Any] = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    special["additional_special_tokens"] = extra
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    said = special | {"do_lower_case": False, "extra_ids": 100, "tokenizer_class": "T5Tokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


@pytest.mark.parametrize("lacking", [["sentencepiece"], ["protobuf"], ["sentencepiece", "protobuf"]])
def test_a_tokenizer_for_sentencepiece_names_what_it_needs(
    saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: list[str]
) -> None:
    monkeypatch.setattr(tokenizer_files, "_is_installed", lambda name: name not in lacking)
    folder = as_published(Path(shutil.copytree(saved("prott5"), tmp_path / "model")), b"no vocabulary")
    needed = r"\(spiece.model\) needs " + " and ".join(lacking)
    refused(rf"the tokenizer of .*model {needed}: pip install 'relevome\[t5\]'", folder)


def test_a_damaged_vocabulary_is_one_line(saved: Saved, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("prott5"), tmp_path / "model"))
    refused("the tokenizer of .* needs|cannot be read|cannot be loaded", as_published(folder, b"\xff" * 99))


def spiece(sentencepiece: Any) -> bytes:
    """ProtT5's vocabulary: padding, end, unknown, and residues that begin words."""
    protobuf = importlib.import_module("sentencepiece.sentencepiece_model_pb2")
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(ESM_RESIDUES)] * 9), model_writer=trained, vocab_size=29,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    model = protobuf.ModelProto()
    model.ParseFromString(trained.getvalue())
    del model.pieces[:]  # those that were learnt; how text is normalised stays
    kinds = model.SentencePiece
    rows = [("<pad>", 0.0, kinds.CONTROL), ("</s>", 0.0, kinds.CONTROL), ("<unk>", 0.0, kinds.UNKNOWN)]
    rows += [(f"▁{residue}", -2.0 - i, kinds.NORMAL) for i, residue in enumerate(ESM_RESIDUES)]
    for piece, score, kind in rows:
        model.pieces.add(piece=piece, score=score, type=kind)
    return model.SerializeToString()


def test_prott5_is_read_as_it_is_published(saved: Saved, tmp_path: Path) -> None:
    sentencepiece: Any = pytest.importorskip("sentencepiece", reason="needs the extra `t5`")
    vocabulary = spiece(sentencepiece)
    folder = as_published(Path(shutil.copytree(saved("prott5"), tmp_path / "model")), vocabulary)
    model = load_model(folder)
    assert (model.alphabet, model.tokenizer.style) == (PROTEIN, "blanks")
    theirs = T5Tokenizer.from_pretrained(folder)
    original = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    for letters in ("MKTAYIAKQRXUZOB", "A", "WC", ESM_RESIDUES):
        tokens = model.tokenize(Sequence("s", letters, PROTEIN))
        blanks = " ".join(letters)
        assert tokens.ids.tolist() == theirs(blanks)["input_ids"] == [*original.encode(blanks), 1]
        np.testing.assert_array_equal(tokens.starts[:-1], np.arange(len(letters)))
        assert tokens.special.tolist() == [False] * len(letters) + [True]
