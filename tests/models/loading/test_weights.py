"""Weights with a wrapper's name before theirs are those of the model inside, or are refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from relevome.errors import InputError
from relevome.models.hugging_face import load_model
from relevome.models.loading.weights import common_prefixes

Saved = Callable[[str], Path]
Rename = Callable[[str], str | None]


def renamed(saved: Saved, folder: Path, rename: Rename, toy: str = "protbert", binary: bool = False) -> Path:
    """A toy whose weights have other names, or None: are not there."""
    shutil.copytree(saved(toy), folder)
    weights = load_file(folder / "model.safetensors")
    kept = {other: weights[name].clone() for name in weights if (other := rename(name)) is not None}
    if binary:
        (folder / "model.safetensors").unlink()
        torch.save(kept, folder / "pytorch_model.bin")
    else:
        save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def compiled_inside(name: str) -> str:
    return name.replace("bert.encoder.", "bert._orig_mod.encoder.")


PREFIXES = ("module.", "_orig_mod.", "_orig_mod.module.", "model.", "net.inner.")


@pytest.mark.parametrize("toy", ["protbert", "esm-masked", "prott5", "cnn", "dnabert2"])
def test_a_wrapper_of_any_model_is_left_out(saved: Saved, tmp_path: Path, toy: str) -> None:
    model = load_model(renamed(saved, tmp_path / "model", "module.{}".format, toy))
    plain = load_model(saved(toy))
    assert (model.sha256, model.task, model.labels) == (plain.sha256, plain.task, plain.labels)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_whatever_the_wrapper_is_called_it_is_on_record(
    saved: Saved, tmp_path: Path, prefix: str, binary: bool
) -> None:
    model = load_model(renamed(saved, tmp_path / "model", (prefix + "{}").format, binary=binary))
    assert model.sha256 == load_model(saved("protbert")).sha256
    assert model.about()["weights_wrapped_in"] == prefix
    assert "weights_wrapped_in" not in load_model(saved("protbert")).about()


def test_a_part_that_was_compiled_is_read_too(saved: Saved, tmp_path: Path) -> None:
    model = load_model(renamed(saved, tmp_path / "part", compiled_inside))
    both = load_model(renamed(saved, tmp_path / "both", lambda name: "module." + compiled_inside(name)))
    assert model.sha256 == both.sha256 == load_model(saved("protbert")).sha256
    assert (model.source.wrapped, both.source.wrapped) == ("_orig_mod.", "module.")


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: f"module.{name}".replace("layer.1.", "layer.7."),  # a layer that is not there
        lambda name: None if "query" in name else f"module.{name}",  # too few
        lambda name: f"module.{name}.extra",
    ],
)
def test_names_that_do_not_fit_without_it_are_refused(saved: Saved, tmp_path: Path, rename: Rename) -> None:
    with pytest.raises(InputError, match="has no trained weights for bert") as caught:
        load_model(renamed(saved, tmp_path / "model", rename))
    assert "\n" not in str(caught.value)


def test_a_second_copy_of_the_weights_does_not_take_the_place_of_a_missing_one(
    saved: Saved, tmp_path: Path
) -> None:
    folder = renamed(saved, tmp_path / "model", lambda name: None if "classifier" in name else name)
    weights = load_file(folder / "model.safetensors")
    average = {
        f"ema.{name}": tensor + 1
        for name, tensor in load_file(saved("protbert") / "model.safetensors").items()
    }
    save_file(weights | average, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"no trained weights for classifier.*a head of its own \(ema.bert"):
        load_model(folder)


def test_what_all_names_begin_with() -> None:
    assert list(common_prefixes(["a.b.x", "a.b.y.z"])) == ["", "a.", "a.b."]
    assert list(common_prefixes(["a.x", "b.x"])) == [""]
    assert list(common_prefixes(["a"])) == [""]
    assert list(common_prefixes([])) == [""]
