"""`relevome.load_weights`: all weights of a checkpoint into a module, or one line on what does not fit."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounter

import relevome
from relevome.errors import InputError
from tests.models.loading.test_state_dicts import sharded

Write = Callable[..., Path]


class Net(nn.Module):
    """A convolution and a head, with a buffer of whole numbers."""

    def __init__(self, outputs: int = 3) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv1d(4, 6, 5), nn.BatchNorm1d(6), nn.Linear(6, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.conv(x)).amax(-1))


def trained() -> dict[str, Tensor]:
    """Weights that no new module has."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        net = Net()
        net(torch.randn(3, 4, 20))  # the buffers of its normalisation
        return {name: one.detach().clone() for name, one in net.state_dict().items()}


def same(net: nn.Module, weights: Mapping[str, Tensor]) -> bool:
    found = net.state_dict()
    return found.keys() == weights.keys() and all(torch.equal(found[n], one) for n, one in weights.items())


def under(prefix: str) -> dict[str, Tensor]:
    return {prefix + name: one for name, one in trained().items()}


def refused(message: str, net: nn.Module, path: Path, **options: Any) -> None:
    before = {name: one.clone() for name, one in net.state_dict().items()}
    with pytest.raises(InputError, match=message) as caught:
        relevome.load_weights(net, path, **options)
    assert "\n" not in str(caught.value)
    assert same(net, before)


@pytest.mark.parametrize("prefix", ["", "model.", "net.", "module.", "_orig_mod.", "model._orig_mod."])
@pytest.mark.parametrize("kind", ["last.ckpt", "best.pt", "best.pth", "pytorch_model.bin", "w.safetensors"])
def test_any_file_and_any_wrapper(tmp_path: Path, kind: str, prefix: str) -> None:
    state, path = under(prefix), tmp_path / kind
    if kind == "w.safetensors":
        save_file(state, path)
    else:
        torch.save({"state_dict": state, "epoch": 3} if kind == "last.ckpt" else state, path)
    net = Net()
    assert relevome.load_weights(net, path) is net
    assert same(net, trained())
    assert same(relevome.load_weights(Net(), tmp_path), trained())  # the folder, which has no other


@pytest.mark.parametrize("kind", ["bin", "safetensors"])
def test_several_files_by_their_index(tmp_path: Path, kind: str) -> None:
    save_file(under("model."), tmp_path / "model.safetensors")
    index = sharded(tmp_path, kind)
    assert same(relevome.load_weights(Net(), index), trained())
    assert same(relevome.load_weights(Net(), tmp_path), trained())
    said = json.loads(index.read_text())
    said["weight_map"]["model.head.bias"] = f"../{tmp_path.name}/model-00001-of-00003.{kind}"
    index.write_text(json.dumps(said))
    refused("index.json names ../.*, which is not beside it", Net(), index)
    index.write_text("[]")
    refused("index.json is no index of weights", Net(), index)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there it is on a GPU")
def test_weights_of_a_gpu_in_half_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.serialization.location_tag", lambda _: "cuda:0")
    half = {name: one.bfloat16() if one.is_floating_point() else one for name, one in trained().items()}
    torch.save({"state_dict": half}, tmp_path / "last.ckpt")
    with pytest.raises(RuntimeError, match="deserialize object on a CUDA device"):
        torch.load(tmp_path / "last.ckpt", weights_only=True)
    net = relevome.load_weights(Net(), tmp_path / "last.ckpt")
    own = {name: one.float() if one.is_floating_point() else one for name, one in half.items()}
    assert same(net, own)
    assert net.conv.weight.dtype == torch.float32
    assert relevome.load_weights(Net().double(), tmp_path / "last.ckpt").conv.weight.dtype == torch.float64


def test_a_module_that_is_compiled(tmp_path: Path) -> None:
    torch.save(trained(), tmp_path / "w.pt")
    net: Any = Net()
    compiled: Any = torch.compile(net.conv, backend=CompileCounter())
    net.conv = compiled
    assert any("_orig_mod" in name for name in net.state_dict())
    relevome.load_weights(torch.compile(net, backend=CompileCounter()), tmp_path / "w.pt")
    assert torch.equal(compiled._orig_mod.weight, trained()["conv.weight"])


class Tied(nn.Module):
    """One table that is read and written with."""

    def __init__(self) -> None:
        super().__init__()
        self.read, self.write = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
        self.write.weight = self.read.weight


def test_what_is_shared_is_in_a_file_once(tmp_path: Path) -> None:
    table = torch.arange(15.0).reshape(5, 3)
    save_file({"write.weight": table}, tmp_path / "w.safetensors")
    net = relevome.load_weights(Tied(), tmp_path / "w.safetensors")
    assert torch.equal(net.read.weight, table)
    assert net.read.weight is net.write.weight


def test_a_loss_with_weights_is_left_out_by_a_prefix(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": under("model.") | {"loss.weight": torch.ones(3)}}, path)
    refused(r"without conv.weight, conv.bias, norm.weight and 6 more; with unknown .*: those whose names "
            r"begin with model\. fit \(prefix\)", Net(), path)  # fmt: skip
    assert same(relevome.load_weights(Net(), path, prefix="model."), trained())
    refused("no weight in .*last.ckpt has a name that begins with 'net.': the first is 'model.conv.weight'",
            Net(), path, prefix="net.")  # fmt: skip


def test_one_of_several_sets(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    torch.save({"model": Net().state_dict(), "ema": trained(), "epoch": 3}, path)
    refused(r"has 2 sets of weights \(model, ema\): say which with part", Net(), path)
    assert same(relevome.load_weights(Net(), path, part="ema"), trained())


def changed(**others: Tensor | None) -> dict[str, Tensor]:
    given = trained() | {name.replace("_", "."): one for name, one in others.items()}
    return {f"model.{name}": one for name, one in given.items() if one is not None}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            changed(head_bias=None),
            r"w.pt has other weights than a Net, without head.bias: expected the weights",
        ),
        (changed(tail_bias=torch.ones(2)), r"than a Net, with unknown tail.bias: expected the weights of"),
        (
            changed(head_bias=torch.ones(2)),
            r"a Net, where head.bias is float32 \(2,\) and not float32 \(3,\): expected",
        ),
        (changed(head_bias=torch.ones(3).int()), r"where head.bias is int32 \(3,\) and not float32 \(3,\)"),
        (
            {"a.conv.weight": torch.ones(1), "b.conv.weight": torch.ones(1)},
            r"without conv.weight, conv.bias, norm.weight and 6 more; with unknown a.conv.weight, b.conv",
        ),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(
    tmp_path: Path, weights: dict[str, Tensor], message: str
) -> None:
    torch.save(weights, tmp_path / "w.pt")
    refused(message, Net(), tmp_path / "w.pt")


def test_two_weights_of_one_name_are_not_taken_for_one(tmp_path: Path) -> None:
    torch.save(trained() | {"conv._orig_mod.weight": torch.zeros(6, 4, 5)}, tmp_path / "w.pt")
    refused("with unknown conv._orig_mod.weight", Net(), tmp_path / "w.pt")


def test_what_sizes_alone_determine_may_be_there_or_not(tmp_path: Path) -> None:
    net: Any = Net()
    net.register_buffer("inv_freq", torch.ones(2))
    torch.save(trained() | {"old.position_ids": torch.arange(9)}, tmp_path / "w.pt")
    relevome.load_weights(net, tmp_path / "w.pt")
    assert torch.equal(net.head.weight, trained()["head.weight"])
    torch.save(trained() | {"inv_freq": torch.zeros(2)}, tmp_path / "w.pt")
    assert torch.equal(relevome.load_weights(net, tmp_path / "w.pt").inv_freq, torch.zeros(2))
    net.register_parameter("learnt_inv_freq", nn.Parameter(torch.ones(2)))
    refused("without learnt_inv_freq", net, tmp_path / "w.pt")


def test_what_is_no_file_of_weights_is_one_line(tmp_path: Path) -> None:
    refused(r"there are no weights at .*none.ckpt: expected a file that ends in .safetensors, .bin", Net(),
            tmp_path / "none.ckpt")  # fmt: skip
    refused("there are no weights at", Net(), tmp_path)
    torch.save({"state_dict": trained(), "hparams": argparse.Namespace(a=1)}, tmp_path / "w.ckpt")
    refused(r"w.ckpt pickles more than tensors \(argparse.Namespace\) and code of that kind", Net(),
            tmp_path / "w.ckpt")  # fmt: skip
    with pytest.raises(InputError, match=r"a function is no torch module: expected a torch.nn.Module"):
        relevome.load_weights(trained, tmp_path / "w.ckpt")  # pyright: ignore[reportArgumentType]
