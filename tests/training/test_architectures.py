"""What a training begins from: a checkpoint gives its weights, or is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from relevome.errors import InputError
from relevome.models.loading import tokenizer_files
from relevome.training.architectures import Architecture
from relevome.training.labels import LabelScheme

Saved = Callable[[str], Path]
SCHEME = LabelScheme("multi-class", ("a", "b", "c"))


def renamed(saved: Saved, folder: Path, rename: Callable[[str], str]) -> Path:
    shutil.copytree(saved("protbert"), folder)
    weights = {rename(name): one.clone() for name, one in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_a_wrapper_around_the_weights_is_left_out(saved: Saved, tmp_path: Path) -> None:
    started = Architecture(str(renamed(saved, tmp_path / "model", "module.{}".format)))
    module, new = started.module(started.tokenizer(None, None), SCHEME)
    assert new == ("classifier.bias", "classifier.weight")  # of five outputs, and three are asked for
    plain = load_file(saved("protbert") / "model.safetensors")
    name = "bert.encoder.layer.1.attention.self.query.weight"
    assert torch.equal(module.state_dict()[name], plain[name])


def test_a_checkpoint_that_gives_no_weight_is_not_trained_from_random_ones(
    saved: Saved, tmp_path: Path
) -> None:
    started = Architecture(str(renamed(saved, tmp_path / "model", "module.{}.inner".format)))
    with pytest.raises(InputError, match=r"no trained weights for bert.*: the names .* begin with module."):
        started.module(started.tokenizer(None, None), SCHEME)


def test_a_tokenizer_for_sentencepiece_names_what_it_needs(
    saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer_files, "_is_installed", lambda name: False)
    folder = Path(shutil.copytree(saved("prott5"), tmp_path / "model"))
    (folder / "tokenizer.json").rename(folder / "spiece.model")
    with pytest.raises(InputError, match=r"needs sentencepiece and protobuf: pip install 'relevome\[t5\]'"):
        Architecture(str(folder)).tokenizer(None, None)
