"""Networks as other people write them: small, untrained, each with something that the others have not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import relevome
from relevome.models.base import Model

LENGTH = 40


@dataclass(frozen=True)
class Foreign:
    """A network, how it is told about, and the plain function from (batch, channels, letters) to outputs."""

    make: Callable[[], nn.Module]
    plain: Callable[[nn.Module, Tensor], Tensor]
    told: dict[str, Any] = field(default_factory=dict)


class GlobalMax(nn.Module):
    """Convolution, the largest value of each filter, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv1d(4, 6, 5), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.conv(x)).amax(-1))


class Dilated(nn.Module):
    """Residual blocks of growing dilation, with batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv1d(4, 6, 1)
        self.norms = nn.ModuleList(nn.BatchNorm1d(6) for _ in range(3))
        self.convs = nn.ModuleList(nn.Conv1d(6, 6, 3, padding=2**i, dilation=2**i) for i in range(3))
        self.out = nn.Conv1d(6, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = x + conv(F.relu(norm(x)))
        return self.out(x)


class ProfileAndCounts(nn.Module):
    """As BPNet: a profile for each strand and the logarithm of counts, with a control track."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 6, 7, padding=3)
        self.profile, self.counts = nn.Conv1d(6 + 2, 2, 5, padding=2), nn.Linear(6 + 1, 1)

    def forward(self, x: Tensor, control: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.conv(x))
        total = torch.log1p(control.sum((1, 2)))[:, None]
        return self.profile(torch.cat([x, control], 1)), self.counts(torch.cat([x.mean(-1), total], 1))


class Hybrid(nn.Module):
    """Convolution and pooling, then a transformer of torch's own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 8, 5, padding=2)
        layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True, activation="gelu")
        self.encoder, self.out = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool1d(F.gelu(self.conv(x)), 2).transpose(1, 2)
        return self.out(self.encoder(x).mean(1))


class Einsum(nn.Module):
    """Attention by hand, over all letters, with positions that are learnt."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.positions = nn.Linear(4, 8), nn.Parameter(0.1 * torch.randn(LENGTH, 8))
        self.qkv, self.norm, self.out = nn.Linear(8, 24), nn.LayerNorm(8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x) + self.positions
        q, k, v = self.qkv(self.norm(x)).reshape(*x.shape[:2], 3, 2, 4).unbind(2)
        weights = torch.einsum("bihd,bjhd->bhij", q, k).div(2.0).softmax(-1)
        return self.out((x + torch.einsum("bhij,bjhd->bihd", weights, v).flatten(2)).mean(1))


class Recurrent(nn.Module):
    """A recurrent layer over convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.lstm, self.out = nn.Conv1d(4, 6, 3), nn.LSTM(6, 5, batch_first=True), nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.lstm(F.relu(self.conv(x)).transpose(1, 2))[0][:, -1])


class Performer(nn.Module):
    """Attention by kernels (Choromanski et al. 2021), whose cost is linear."""

    features: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.out = nn.Linear(4, 8), nn.Linear(8, 24), nn.Linear(8, 1)
        self.register_buffer("features", torch.randn(8, 6))

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        q, k, v = self.qkv(x).chunk(3, -1)
        q, k = (F.relu(one @ self.features) + 1e-3 for one in (q, k))
        found = (q @ (k.transpose(1, 2) @ v)) / (q @ k.sum(1, keepdim=True).transpose(1, 2))
        return self.out((x + found).mean(1))


class GatedConvolution(nn.Module):
    """Long convolutions by the Fourier transform between two gates, as state-space models have them."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.filter = nn.Linear(4, 12), nn.Parameter(0.3 * torch.randn(4, LENGTH))
        self.out = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate, value, last = self.embed(x).transpose(1, 2).chunk(3, 1)
        value = torch.sigmoid(gate) * value
        mixed = torch.fft.irfft(
            torch.fft.rfft(value, n=2 * LENGTH) * torch.fft.rfft(self.filter, n=2 * LENGTH), n=2 * LENGTH
        )[..., :LENGTH]
        return self.out((mixed * F.silu(last)).mean(-1))


class Tasks(nn.Module):
    """Several tasks in a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.heads = (
            nn.Conv1d(4, 6, 5),
            nn.ModuleDict({"a": nn.Linear(6, 3), "b": nn.Linear(6, 1)}),
        )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = F.elu(self.conv(x)).mean(-1)
        return {name: head(x) for name, head in self.heads.items()}


class TwoInputs(nn.Module):
    """Letters come second, behind what is known of the cell."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.cell, self.out = nn.Conv1d(4, 6, 5), nn.Linear(3, 6), nn.Linear(6, 1)

    def forward(self, cell: Tensor, sequence: Tensor) -> Tensor:
        return self.out(torch.tanh(self.conv(sequence).mean(-1) + self.cell(cell)))


class ChannelsLast(nn.Module):
    """As of Keras: letters, then channels; separable convolution; probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.depth, self.point = nn.Conv1d(5, 10, 5, groups=5, padding=2), nn.Linear(10, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.depth(x.transpose(1, 2)).transpose(1, 2)
        return torch.sigmoid(self.point(F.softplus(x)).mean((1, 2)))


class Regression(nn.Module):
    """One number, (batch,), by squeeze-and-excitation and pooling by strides."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gate = nn.Conv1d(4, 6, 5, stride=2), nn.Linear(6, 6)
        self.out = nn.Linear(6 * 18, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.conv(x))
        x = x * torch.sigmoid(self.gate(x.mean(-1))).unsqueeze(-1)
        return self.out(x.flatten(1)).squeeze(1)


CELL = torch.tensor([[0.5, -1.0, 2.0]])
CONTROL = torch.arange(2.0 * LENGTH).reshape(1, 2, LENGTH) / LENGTH


def _call(module: nn.Module, x: Tensor) -> Tensor:
    return module(x)


def _turned(module: nn.Module, x: Tensor) -> Tensor:
    return module(x.transpose(1, 2))


def _padded(module: nn.Module, x: Tensor) -> Tensor:
    five = torch.cat([x, torch.zeros_like(x[:, :1])], 1)
    return torch.logit(module(five.transpose(1, 2)))[:, None]


FOREIGN: dict[str, Foreign] = {
    "global max": Foreign(GlobalMax, _call, {"outputs": "classes"}),
    "dilated": Foreign(Dilated, lambda m, x: m(x)[..., 10:30].sum(-1), {"output": "sum:10-30"}),
    "profile and counts": Foreign(
        ProfileAndCounts,
        lambda m, x: m(x, CONTROL.to(x).expand(len(x), -1, -1))[1],
        {"output": "counts", "others": {"control": CONTROL}},
    ),
    "hybrid": Foreign(Hybrid, _call),
    "einsum": Foreign(Einsum, _turned, {"channels": "last"}),
    "recurrent": Foreign(Recurrent, _call),
    "performer": Foreign(Performer, _turned, {"channels": "last"}),
    "gated convolution": Foreign(GatedConvolution, _turned, {"channels": "last"}),
    "tasks": Foreign(Tasks, lambda m, x: m(x)["a"], {"output": "part:a", "labels": ["x", "y", "z"]}),
    "two inputs": Foreign(
        TwoInputs,
        lambda m, x: m(CELL.to(x).expand(len(x), -1), x),
        {"others": [CELL], "argument": "sequence"},
    ),
    "channels last": Foreign(
        ChannelsLast, _padded, {"channels": "last", "letters": "ACGTN", "output": "log-odds"}
    ),
    "regression": Foreign(Regression, lambda m, x: m(x)[:, None]),
}


def foreign(name: str, seed: int = 0) -> tuple[Model, Callable[[Tensor], Tensor]]:
    """A model in double precision, and the plain function from one-hot letters, ACGT, to its outputs."""
    said = FOREIGN[name]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = said.make().double().eval()
    told = dict(said.told)
    others = told.get("others", {})
    told["others"] = (
        {key: one.double() for key, one in others.items()}
        if isinstance(others, dict)
        else [one.double() for one in others]
    )
    model = relevome.from_module(module, length=LENGTH, **told)
    return model, lambda x: said.plain(module, x)
