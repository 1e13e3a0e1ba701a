"""Models of other people's packages: their own classes, small, with random weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import relevome
from relevome.models.base import Model

Module = TypeVar("Module", bound=nn.Module)

LENGTH = 96
CONTROL = torch.arange(2.0 * LENGTH).reshape(1, 2, LENGTH) / LENGTH


@dataclass(frozen=True)
class Packaged:
    """A model, how it is told about, and the plain function from (batch, 4, letters) to outputs.

    ``package`` is the name under which it is imported. ``dtype`` is what it is asked in: Borzoi calls
    ``float()`` before its last layer.
    """

    package: str
    make: Callable[[], nn.Module]
    plain: Callable[[nn.Module, Tensor], Tensor]
    told: Mapping[str, Any] = field(default_factory=dict)
    length: int = LENGTH
    dtype: torch.dtype = torch.float64

    @property
    def rounding(self) -> float:
        """What two ways to the same number may differ by, relative to one."""
        return 1e-9 if self.dtype == torch.float64 else 2e-5


def bpnet(outputs: int = 2, control: int = 2, layers: int = 3) -> nn.Module:
    from bpnetlite import BPNet

    return BPNet(6, layers, outputs, control, trimming=20, verbose=False)


def chrombpnet() -> nn.Module:
    """Its profile is cut by 20 letters on either side, that of the bias model by 18."""
    from bpnetlite import BPNet, ChromBPNet

    bias = BPNet(5, 2, 1, 0, trimming=18, verbose=False)
    return ChromBPNet(bias, bpnet(outputs=1, control=0))


def enformer() -> Any:
    """12 positions of 8 letters, of which the 6 in the middle are given."""
    from enformer_pytorch import Enformer

    return Enformer.from_hparams(
        dim=24, depth=2, heads=2, attn_dim_key=5, num_downsamples=3, dim_divisible_by=2, target_length=6,
        output_heads={"human": 3, "mouse": 2},
    )  # fmt: skip


def borzoi() -> nn.Module:
    """Convolutions, whose widths the package does not let choose, then attention over two positions."""
    from borzoi_pytorch import Borzoi

    made = Borzoi.from_hparams(dim=24, depth=1, heads=2, attn_dim_key=5, attn_dim_value=7, bins_to_return=6)
    made.human_head = nn.Conv1d(1920, 3, 1)  # of 7,611 tracks
    return made


def narrow_borzoi() -> nn.Module:
    """The same with fewer channels, of its own blocks: so many passes as mutagenesis needs are cheap."""
    from borzoi_pytorch.pytorch_borzoi_model import ConvBlock

    made = borzoi()
    made.get_submodule("conv_dna").conv_layer = nn.Conv1d(4, 8, 15, padding="same")
    blocks = [[ConvBlock(n, n + 1, kernel_size=5), nn.MaxPool1d(2)] for n in range(8, 13)]
    made.res_tower = nn.Sequential(*[one for pair in blocks for one in pair][:-1])
    made.unet1 = nn.Sequential(nn.MaxPool1d(2), ConvBlock(13, 24, kernel_size=5))
    made.horizontal_conv0 = ConvBlock(13, 24)
    made.final_joined_convs = nn.Sequential(ConvBlock(24, 15), nn.GELU(approximate="tanh"))
    made.human_head = nn.Conv1d(15, 3, 1)
    return made


def grelu(name: str, **sizes: Any) -> nn.Module:
    from grelu.model import models

    return getattr(models, name)(n_tasks=2, **sizes)


def _profile(logits: Tensor) -> Tensor:
    """Avsec et al. 2021: logits less their mean, weighted by their softmax, which is a constant."""
    logits = logits.flatten(1) - logits.flatten(1).mean(1, keepdim=True)
    return (logits * F.softmax(logits, 1).detach()).sum(1, keepdim=True)


def _controlled(module: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    return module(x, CONTROL.to(x).expand(len(x), -1, -1))


_TOWER = {"stem_channels": 6, "channel_init": 7, "n_conv": 1, "kernel_size": 5}

PACKAGED: dict[str, Packaged] = {
    "bpnet counts": Packaged(
        "bpnetlite", bpnet, lambda m, x: _controlled(m, x)[1],
        {"others": {"X_ctl": CONTROL}, "output": "counts"},
    ),
    "bpnet profile": Packaged(
        "bpnetlite", bpnet, lambda m, x: _profile(_controlled(m, x)[0]),
        {"others": {"X_ctl": CONTROL}, "output": "profile"},
    ),
    "chrombpnet counts": Packaged("bpnetlite", chrombpnet, lambda m, x: m(x)[1], {"output": "counts"}),
    "chrombpnet profile": Packaged(
        "bpnetlite", chrombpnet, lambda m, x: _profile(m(x)[0]), {"output": "profile"}
    ),
    "accessibility counts": Packaged(
        "bpnetlite", lambda: bpnet(outputs=1, control=0), lambda m, x: m(x)[1], {"output": "counts"}
    ),
    "enformer": Packaged(
        "enformer_pytorch", enformer, lambda m, x: m(x.transpose(1, 2))["human"][:, 2:4].sum(1),
        {"channels": "last", "output": "part:human,sum:2-4"},
    ),
    "borzoi": Packaged(
        "borzoi_pytorch", borzoi, lambda m, x: m(x)[..., 2:4].sum(-1), {"output": "sum:2-4"},
        length=256, dtype=torch.float32,
    ),
    "borzoi narrow": Packaged(
        "borzoi_pytorch",
        narrow_borzoi,
        lambda m, x: m(x)[..., 2:4].sum(-1),
        {"output": "sum:2-4"},
        length=256,
        dtype=torch.float32,
    ),
    "grelu convolutions": Packaged(
        "grelu", lambda: grelu("ConvModel", norm=True, residual=True, **_TOWER), lambda m, x: m(x)[..., 0],
        {"output": "position:0"},
    ),
    "grelu transformer": Packaged(
        "grelu", lambda: grelu("ConvTransformerModel", n_transformers=1, n_heads=2, n_pos_features=4,
                               key_len=5, value_len=3, **_TOWER),
        lambda m, x: m(x)[..., 0], {"output": "position:0"},
    ),
    "grelu recurrent": Packaged(
        "grelu", lambda: grelu("ConvGRUModel", n_gru=1, **_TOWER), lambda m, x: m(x)[..., 0],
        {"output": "position:0"},
    ),
    "grelu borzoi": Packaged(
        "grelu", lambda: grelu("BorzoiModel", stem_channels=6, init_channels=32, channels=64, n_conv=4,
                               n_transformers=1, n_heads=2, key_len=5, value_len=7, n_pos_features=4,
                               crop_len=2, final_pool_func=None),
        lambda m, x: m(x)[..., 1:3].sum(-1), {"output": "sum:1-3"},
    ),
}  # fmt: skip


@cache
def packaged(name: str) -> tuple[Model, Callable[[Tensor], Tensor]]:
    """A model, and the plain function from one-hot letters, ACGT, to its outputs."""
    said = PACKAGED[name]
    pytest.importorskip(said.package, reason=f"{said.package} is not installed: see MODELS in the Makefile")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = stirred(said.make()).to(said.dtype).eval().requires_grad_(False)
    told = dict(said.told)
    if "others" in told:
        told["others"] = {key: one.to(said.dtype) for key, one in told["others"].items()}
    return relevome.from_module(module, length=said.length, **told), lambda x: said.plain(module, x)


def stirred(module: Module) -> Module:
    """Random weights everywhere: some begin with attention that gives nothing, and statistics of nothing."""
    with torch.no_grad():
        for one in module.parameters():
            one.copy_(torch.randn_like(one) / max(1, one[0].numel()) ** 0.5)
        for one in module.modules():
            if isinstance(one, nn.BatchNorm1d) and one.running_mean is not None:
                one.running_mean.normal_()
                one.get_buffer("running_var").uniform_(0.5, 2)
    return module


def keras_weights(layers: int, filters: int, seed: int) -> dict[str, Tensor]:
    """Random weights of one of the two models of ChromBPNet, by Keras's names: (width, in, out)."""
    shapes = {
        "bpnet_1st_conv": (21, 4, filters),
        **{f"bpnet_{i}conv": (3, filters, filters) for i in range(1, layers + 1)},
        "prof_out_precrop": (75, filters, 1),
        "logcount_predictions": (filters, 1),
    }
    drawn = torch.Generator().manual_seed(seed)
    made: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        made[f"{name}/kernel"] = torch.randn(shape, generator=drawn) / shape[-2]
        made[f"{name}/bias"] = torch.randn(shape[-1], generator=drawn)
    return made


def write_keras(path: Path, weights: Mapping[str, Tensor], prefix: str = "") -> Path:
    """A file as ChromBPNet's own training leaves it; ``prefix`` is that of the accessibility model."""
    import h5py

    heads = ("prof_out_precrop", "logcount_predictions")
    with h5py.File(path, "w") as file:
        for name, value in weights.items():
            layer, kind = name.split("/")
            said = f"{prefix}{'bpnet_' if prefix and layer in heads else ''}{layer}"
            file[f"model_weights/{said}/{said}/{kind}:0"] = value.numpy()
    return path


def by_keras(weights: Mapping[str, Tensor], x: Tensor, letters: int) -> tuple[Tensor, Tensor]:
    """What ChromBPNet's architecture gives, as its paper and Keras have it.

    Convolutions without padding, what is added cut to their length; the counts from the mean of what the
    profile is read from (Pampari et al. 2025, doi 10.1101/2024.12.25.630221). The profile is cut to
    ``letters``.
    """

    def convolved(name: str, x: Tensor, dilation: int = 1) -> Tensor:
        kernel, bias = (weights[f"{name}/{kind}"].to(x) for kind in ("kernel", "bias"))
        return F.conv1d(x, kernel.permute(2, 1, 0), bias, dilation=dilation)

    def cut(x: Tensor, length: int) -> Tensor:
        start = (x.shape[-1] - length) // 2
        return x[..., start : start + length]

    x = convolved("bpnet_1st_conv", x).relu()
    for layer in range(1, sum("conv/kernel" in name for name in weights)):
        more = convolved(f"bpnet_{layer}conv", x, 2**layer).relu()
        x = more + cut(x, more.shape[-1])
    profile = cut(convolved("prof_out_precrop", x), letters)
    kernel, bias = (weights[f"logcount_predictions/{kind}"].to(x) for kind in ("kernel", "bias"))
    return profile, x.mean(-1) @ kernel + bias
