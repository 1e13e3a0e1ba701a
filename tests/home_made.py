"""Models as somebody might write theirs, with layers of torch alone; all axis sizes differ."""

from __future__ import annotations

import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import MambaConfig, MambaModel, PreTrainedConfig, PreTrainedModel

LABELS = 5


class Encoder(PreTrainedModel):
    """Layers of `torch.nn.TransformerEncoder`: LayerNorm after each part or before it, ReLU or GELU."""

    config_class = PreTrainedConfig

    def __init__(self, words: int, norm_first: bool) -> None:
        super().__init__(PreTrainedConfig())
        self.batch_first = not norm_first
        self.words = nn.Embedding(words, 12)
        self.places = nn.Parameter(torch.zeros(40, 12))
        layer = nn.TransformerEncoderLayer(
            12, 3, 21, activation="gelu" if norm_first else "relu", norm_first=norm_first,
            batch_first=self.batch_first,
        )  # fmt: skip
        last = nn.LayerNorm(12) if norm_first else None
        self.layers = nn.TransformerEncoder(layer, 2, norm=last, enable_nested_tensor=False)
        self.head = nn.Linear(12, LABELS)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.words

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        x = self.words(input_ids) + self.places[: input_ids.shape[1]]
        x = x if self.batch_first else x.transpose(0, 1)
        x = self.layers(x, src_key_padding_mask=attention_mask == 0)
        x = x if self.batch_first else x.transpose(0, 1)
        weights = attention_mask.to(x.dtype).unsqueeze(-1)
        return SimpleNamespace(logits=self.head((x * weights).sum(1) / weights.sum(1)))


class ConvolutionAndAttention(nn.Module):
    """As Enformer: convolutions, batch normalisation, pooling by attention and by maximum, then attention."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(words, 6)
        self.stem = nn.Conv1d(6, 12, 5, padding=2)
        self.normal = nn.BatchNorm1d(12)
        self.pointwise = nn.Conv1d(12, 12, 1)
        self.importance = nn.Conv2d(12, 12, 1, bias=False)
        self.depthwise = nn.Conv1d(12, 12, 3, padding=1, groups=12)
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)
        self.head = nn.Linear(12, LABELS)
        self.normal.running_mean = torch.randn(12) / 3
        self.normal.running_var = torch.rand(12) + 0.5

    def get_input_embeddings(self) -> nn.Embedding:
        return self.letters

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        x = self.stem(self.letters(input_ids).transpose(1, 2))
        x = x + self.pointwise(self.gelu(self.normal(x)))
        x = self.pooled(x)
        x = F.max_pool1d(self.gelu(self.depthwise(x)), 2, ceil_mode=True).transpose(1, 2)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return SimpleNamespace(logits=self.head(x.mean(1)))

    def gelu(self, x: Tensor) -> Tensor:
        return torch.sigmoid(1.702 * x) * x

    def pooled(self, x: Tensor) -> Tensor:
        """Pairs of places, weighted by a softmax over the two; where they are odd, the last one by itself."""
        odd = x.shape[-1] % 2
        pairs = F.pad(x, (0, odd)).unflatten(-1, (-1, 2))
        empty = F.pad(torch.zeros_like(x, dtype=torch.bool), (0, odd), value=True).unflatten(-1, (-1, 2))
        weights = self.importance(pairs).masked_fill(empty, -1e9).softmax(-1)
        return (pairs * weights).sum(-1)


class ByHand(PreTrainedModel):
    """What others call is spelt out: RMSNorm, GELU, rotary positions as complex numbers, attention."""

    config_class = PreTrainedConfig

    def __init__(self, words: int) -> None:
        super().__init__(PreTrainedConfig())
        self.words = nn.Embedding(words, 12)
        self.scales = nn.ParameterList(nn.Parameter(torch.ones(12)) for _ in range(5))
        self.mixers = nn.ModuleList(nn.Linear(12, 36, bias=False) for _ in range(2))
        self.outputs = nn.ModuleList(nn.Linear(12, 12) for _ in range(2))
        self.up = nn.ModuleList(nn.Linear(12, 21) for _ in range(2))
        self.down = nn.ModuleList(nn.Linear(21, 12) for _ in range(2))
        self.head = nn.Linear(12, LABELS)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.words

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        x = self.words(input_ids)
        unseen = (1.0 - attention_mask.to(x.dtype))[:, None, None] * -1e4
        for layer in range(2):
            x = x + self.attend(self.norm(x, 2 * layer), unseen, layer)
            x = x + self.down[layer](gelu(self.up[layer](self.norm(x, 2 * layer + 1))))
        return SimpleNamespace(logits=self.head(torch.tanh(self.norm(x, 4)[:, 0])))

    def norm(self, x: Tensor, which: int) -> Tensor:
        """The root mean square, in two of the ways in which people write it."""
        if which % 2:
            return x / torch.sqrt(torch.mean(x**2, -1, keepdim=True) + 1e-6) * self.scales[which]
        return self.scales[which] * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))

    def attend(self, x: Tensor, unseen: Tensor, layer: int) -> Tensor:
        q, k, v = self.mixers[layer](x).view(*x.shape[:2], 3, 3, 4).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(rotated(q) @ rotated(k).transpose(-2, -1) / 2.0 + unseen, dim=-1)
        return self.outputs[layer]((weights @ v).transpose(1, 2).reshape(x.shape))


def gelu(x: Tensor) -> Tensor:
    """As GPT-2 was first written."""
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


def rotated(x: Tensor) -> Tensor:
    """Pairs of channels as complex numbers, turned by an angle that grows with the place."""
    places = torch.arange(x.shape[-2], dtype=x.dtype)
    angles = places[:, None] * torch.tensor([1.0, 0.1], dtype=x.dtype)
    turns = torch.polar(torch.ones_like(angles), angles)
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], 2, 2).contiguous())
    return torch.view_as_real(pairs * turns).flatten(-2)


class LongConvolution(nn.Module):
    """As Hyena: gates, and convolutions as long as the sequence by the Fourier transform."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, 12)
        self.norm = nn.LayerNorm(12)
        self.inner = nn.Linear(12, 36)
        self.short = nn.Conv1d(36, 36, 3, padding=2, groups=36)
        self.filters = nn.Parameter(torch.zeros(12, 40))
        self.through = nn.Parameter(torch.zeros(12))
        self.outer = nn.Linear(12, 12)
        self.head = nn.Linear(12, LABELS)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.words

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        x, length = self.words(input_ids), input_ids.shape[1]
        parts = self.short(self.inner(self.norm(x)).transpose(1, 2))[..., :length]
        gate, key, value = parts.split(12, dim=1)
        y = self.outer((gate * self.convolved(key * value)).transpose(1, 2))
        return SimpleNamespace(logits=self.head((x + y).mean(1)))

    def convolved(self, u: Tensor) -> Tensor:
        length = u.shape[-1]
        spectrum = torch.fft.rfft(self.filters[:, :length], n=2 * length)
        y = torch.fft.irfft(torch.fft.rfft(u, n=2 * length) * spectrum, n=2 * length)
        return y[..., :length] + u * self.through.unsqueeze(-1)


class StateSpace(nn.Module):
    """Mamba, by transformers' own code in plain torch."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.body = MambaModel(
            MambaConfig(vocab_size=words, hidden_size=12, state_size=5, num_hidden_layers=2, time_step_rank=3)
        )
        self.head = nn.Linear(12, LABELS)

    def get_input_embeddings(self) -> nn.Module:
        return self.body.get_input_embeddings()

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.head(self.body(input_ids, use_cache=False)[0].mean(1)))
