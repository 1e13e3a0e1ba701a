"""Weights as trainings leave them: a folder whose weights are in a checkpoint of Lightning, or like it."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.hugging_face import load_model
from relevome.models.loading.state_dicts import state_of
from relevome.models.loading.weight_files import weight_names, weights_sha256

Saved = Callable[[str], Path]
Save = Callable[..., Path]


@pytest.fixture
def lightning(saved: Saved, tmp_path: Path) -> Save:
    """A toy with its weights in a checkpoint of another kind."""

    def make(
        toy: str = "protbert", prefix: str = "model.", name: str = "epoch=3.ckpt", **beside: Any
    ) -> Path:
        folder = Path(shutil.copytree(saved(toy), tmp_path / f"{toy}{len(list(tmp_path.iterdir()))}"))
        weights = load_file(folder / "model.safetensors")
        (folder / "model.safetensors").unlink()
        state = {prefix + key: one for key, one in weights.items()}
        more = {"epoch": 3, "pytorch-lightning_version": "2.5.0", "hyper_parameters": {"rate": 0.1}, **beside}
        torch.save({"state_dict": state, **more} if name.endswith(".ckpt") else state, folder / name)
        return folder

    return make


def refused(message: str, folder: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)
    assert "/relevome-" not in str(caught.value)  # folders of our own are nobody's to look at


PREFIXES = ("", "model.", "net.", "module.", "_orig_mod.", "model._orig_mod.")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("name", ["epoch=3.ckpt", "weights.pt", "best.pth"])
def test_weights_may_be_in_any_file_of_tensors(lightning: Save, saved: Saved, prefix: str, name: str) -> None:
    folder = lightning(prefix=prefix, name=name)
    before = sorted(folder.iterdir())
    model, plain = load_model(folder), load_model(saved("protbert"))
    assert (model.sha256, model.task, model.labels) == (plain.sha256, plain.task, plain.labels)
    assert model.source.path == str(folder)
    assert sorted(folder.iterdir()) == before
    assert len(weight_names(str(folder))) == len(weight_names(str(saved("protbert"))))
    assert weights_sha256(str(folder)) is not None


@pytest.mark.parametrize("toy", ["esm-masked", "prott5", "cnn", "dnabert2"])
def test_so_may_those_of_any_model(lightning: Save, saved: Saved, toy: str) -> None:
    assert load_model(lightning(toy)).sha256 == load_model(saved(toy)).sha256


@pytest.mark.parametrize("toy", ["protbert", "esm", "prott5", "cnn"])
def test_weights_of_a_loss_are_left_aside(lightning: Save, saved: Saved, toy: str) -> None:
    folder = lightning(toy)
    file = folder / "epoch=3.ckpt"
    content = torch.load(file, weights_only=True)
    content["state_dict"] |= {"loss.weight": torch.ones(2), "auroc.thresholds": torch.ones(9)}
    torch.save(content, file)
    model = load_model(folder)
    assert (model.sha256, model.source.wrapped) == (load_model(saved(toy)).sha256, "model.")


def test_of_two_whole_models_none_is_taken(lightning: Save) -> None:
    folder = lightning()
    file = folder / "epoch=3.ckpt"
    content = torch.load(file, weights_only=True)
    content["state_dict"] |= {f"ema.{name}": one + 1 for name, one in content["state_dict"].items()}
    torch.save(content, file)
    refused("has no trained weights for bert", folder)


def test_what_a_training_leaves_beside_is_not_taken_for_weights(lightning: Save, saved: Saved) -> None:
    folder = lightning()
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
        (folder / name).write_bytes(b"no weights")
    assert load_model(folder).sha256 == load_model(saved("protbert")).sha256


def test_of_several_none_is_taken(lightning: Save) -> None:
    folder = lightning()
    shutil.copy(folder / "epoch=3.ckpt", folder / "last.ckpt")
    refused(
        r"has 2 files that may be its weights \(epoch=3.ckpt, last.ckpt\): expected one, or a model", folder
    )


def test_without_any_it_is_said(lightning: Save) -> None:
    folder = lightning()
    (folder / "epoch=3.ckpt").unlink()
    refused("no file named model.safetensors", folder)


class Touch:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize(("what", "named"), [("code", "open"), ("settings", r"argparse\.Namespace")])
def test_code_in_it_is_never_run(lightning: Save, tmp_path: Path, what: str, named: str) -> None:
    beside = Touch(tmp_path / "ran") if what == "code" else argparse.Namespace(rate=0.1)
    folder = lightning(hyper_parameters=beside)
    refused(
        rf"3.ckpt pickles more than tensors \(\S*{named}\) and code .* never run: expected tensors al", folder
    )
    assert not (tmp_path / "ran").exists()


def test_weights_that_do_not_fit_are_said_of_the_folder(lightning: Save, saved: Saved) -> None:
    folder = lightning()
    torch.save({"state_dict": {"conv.weight": torch.ones(2)}}, folder / "epoch=3.ckpt")
    refused(f"^{folder} has no trained weights for bert", folder)
    torch.save({"state_dict": load_file(saved("cnn") / "model.safetensors")}, folder / "epoch=3.ckpt")
    refused(f"the weights of {folder} cannot be read .their shapes are not those of config.json", folder)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"])
def test_a_damaged_file_is_one_line(lightning: Save, content: bytes) -> None:
    folder = lightning()
    (folder / "epoch=3.ckpt").write_bytes(content)
    refused(r"3.ckpt (cannot be read|pickles more than tensors or is damaged)", folder)


def test_parts_of_a_file(tmp_path: Path) -> None:
    one, two, file = {"a": torch.ones(2)}, {"a": torch.zeros(2)}, tmp_path / "last.pt"
    optimizer = {"state": {0: {"step": 1}}, "param_groups": [{"lr": 0.1}]}

    def read(content: Mapping[str, Any], part: str | None = None) -> dict[str, Tensor]:
        torch.save(content, file)
        return state_of(file, part)

    assert read({"model_state_dict": one, "optimizer_state_dict": optimizer, "epoch": 2})["a"].sum() == 2
    assert read({"state_dict": one, "ema": two})["a"].sum() == 2
    assert read({"state_dict": one, "ema": two}, "ema")["a"].sum() == 0
    with pytest.raises(
        InputError, match=r"last.pt has 2 sets of weights \(model, ema\): say which with part"
    ):
        read({"model": one, "ema": two})
    with pytest.raises(InputError, match=r"last.pt has no weights 'net': it has model, ema"):
        read({"model": one, "ema": two}, "net")
    with pytest.raises(
        InputError, match=r"last.pt has no weights but epoch: expected tensors by their names"
    ):
        read({"epoch": 2})
    torch.save(torch.ones(3), file)
    with pytest.raises(InputError, match=r"last.pt has no weights but a Tensor"):
        state_of(file)


@pytest.fixture
def on_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is saved says that it was on a GPU."""
    monkeypatch.setattr("torch.serialization.location_tag", lambda _: "cuda:0")


@pytest.mark.usefixtures("on_gpu")
@pytest.mark.skipif(torch.cuda.is_available(), reason="there it is on a GPU")
@pytest.mark.parametrize("name", ["pytorch_model.bin", "best.pt", "epoch=3.ckpt"])
def test_weights_that_were_on_a_gpu(lightning: Save, saved: Saved, name: str) -> None:
    folder = lightning(name=name)
    with pytest.raises(RuntimeError, match="deserialize object on a CUDA device"):
        torch.load(folder / name, weights_only=True)
    assert load_model(folder).sha256 == load_model(saved("protbert")).sha256


def sharded(folder: Path, kind: str) -> Path:
    """The weights in three files and an index, as transformers writes them."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    base, ending = ("pytorch_model", "bin") if kind == "bin" else ("model", "safetensors")
    where = {name: f"{base}-0000{i % 3 + 1}-of-00003.{ending}" for i, name in enumerate(weights)}
    for file in sorted(set(where.values())):
        some = {name: weights[name] for name in weights if where[name] == file}
        torch.save(some, folder / file) if kind == "bin" else save_file(some, folder / file, {"format": "pt"})
    index = folder / f"{base}.{ending}.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": where}))
    return index


@pytest.mark.parametrize("kind", ["bin", "safetensors"])
def test_weights_in_several_files(saved: Saved, tmp_path: Path, kind: str) -> None:
    folder = Path(shutil.copytree(saved("protbert"), tmp_path / "model"))
    sharded(folder, kind)
    assert load_model(folder).sha256 == load_model(saved("protbert")).sha256


def test_weights_of_half_precision_are_read_in_single(saved: Saved, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("protbert"), tmp_path / "model"))
    weights = {name: one.bfloat16() for name, one in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    model: Model = load_model(folder)
    found = model.module.state_dict()
    assert {str(one.dtype) for one in found.values()} == {"torch.float32"}
    assert all(torch.equal(found[name], one.float()) for name, one in weights.items())
