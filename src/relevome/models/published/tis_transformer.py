"""TIS Transformer: where translation starts, at every letter of a transcript (Clauwaert et al. 2023).

NAR Genomics and Bioinformatics 5:lqad021. A Performer (Choromanski et al. 2021, arXiv 2009.14794): in every
layer some heads attend to everything by a kernel, in linear time, and others to what is near. The kernel's
random directions are in the checkpoint, so that nothing is drawn. Checkpoints are those of the package
transcript-transformer that read sequences alone (``*.tt.ckpt``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.models.any_module.adapt import from_module
from relevome.models.any_module.reading import tokenizer_of
from relevome.models.base import Model
from relevome.models.published import published
from relevome.models.published.files import only_one, parsed_as
from relevome.models.published.wheels import Wheel

LETTERS, AROUND = {"A": 0, "T": 1, "C": 2, "G": 3, "N": 4}, (5, 6)
LABELS = ("no start", "start")
_EPSILON = 1e-4  # of the kernel, so that no weight is 0

Heads = Float[Tensor, "batch heads tokens channels"]


@dataclass(frozen=True)
class _Sizes:
    """What a checkpoint says of itself."""

    dim: int
    depth: int
    heads: int
    dim_head: int
    nb_features: int
    local_attn_heads: int
    local_window_size: int
    max_seq_len: int


class _Attention(nn.Module):
    """Heads that see everything by a kernel, then heads that see a window and those on its sides."""

    directions: Tensor
    frequencies: Tensor

    def __init__(self, sizes: _Sizes) -> None:
        super().__init__()
        inner = sizes.heads * sizes.dim_head
        self.heads, self.near, self.window = sizes.heads, sizes.local_attn_heads, sizes.local_window_size
        self.query, self.key, self.value = (nn.Linear(sizes.dim, inner) for _ in range(3))
        self.out = nn.Linear(inner, sizes.dim)
        self.register_buffer("directions", torch.zeros(sizes.nb_features, sizes.dim_head))
        self.register_buffer("frequencies", torch.zeros(sizes.dim_head // 2))

    def forward(
        self, x: Float[Tensor, "batch tokens dim"], angles: Float[Tensor, "places channels"]
    ) -> Float[Tensor, "batch tokens dim"]:
        """What all heads bring; ``angles`` are sines and cosines of places for those that see everything."""
        batch, count, _ = x.shape
        q, k, v = (
            part(x).view(batch, count, self.heads, -1).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        far = self.heads - self.near
        found = [self._everything(q[:, :far], k[:, :far], v[:, :far], angles[:count])]
        found.append(self._windows(q[:, far:], k[:, far:], v[:, far:]))
        return self.out(torch.cat(found, 1).transpose(1, 2).reshape(batch, count, -1))

    def _everything(self, q: Heads, k: Heads, v: Heads, angles: Tensor) -> Heads:
        sine, cosine = (part.repeat_interleave(2, -1) for part in angles.chunk(2, -1))
        q, k = (one * cosine + _turned_pairs(one) * sine for one in (q, k))
        q, k = self._features(q, (-1,)), self._features(k, (-1, -2))
        return (q @ (k.transpose(-1, -2) @ v)) / (q @ k.sum(-2).unsqueeze(-1))

    def _features(self, x: Heads, over: tuple[int, ...]) -> Float[Tensor, "batch heads tokens features"]:
        """Positive random features of the softmax (their eq. 5), against the largest ``over`` some axes."""
        x = x * x.shape[-1] ** -0.25
        exponent = x @ self.directions.T - (x**2).sum(-1, keepdim=True) / 2
        largest = (x @ self.directions.T).amax(over, keepdim=True)
        return len(self.directions) ** -0.5 * (torch.exp(exponent - largest) + _EPSILON)

    def _windows(self, q: Heads, k: Heads, v: Heads) -> Heads:
        count, width = q.shape[-2], self.window
        angles = torch.outer(torch.arange(count, device=q.device).to(q.dtype), self.frequencies).repeat(1, 2)
        q, k = (one * angles.cos() + _turned_halves(one) * angles.sin() for one in (q, k))
        windows = -(-count // width)
        own = torch.arange(windows * width, device=q.device).view(windows, width)
        seen = torch.arange(-width, 2 * width, device=q.device) + own[:, :1]
        there = (seen >= 0) & (seen < count)
        seen, own = seen.clamp(0, count - 1), own.clamp_max(count - 1)
        weights = (q[:, :, own] * q.shape[-1] ** -0.5) @ k[:, :, seen].transpose(-1, -2)
        weights = weights.masked_fill(~there[:, None], torch.finfo(q.dtype).min).softmax(-1)
        return (weights @ v[:, :, seen]).flatten(2, 3)[:, :, :count]


def _turned_pairs(x: Heads) -> Heads:
    """Channels two by two, a quarter turn on."""
    return torch.stack((-x[..., 1::2], x[..., ::2]), -1).flatten(-2)


def _turned_halves(x: Heads) -> Heads:
    """The same of the first half of channels with the second."""
    first, second = x.chunk(2, -1)
    return torch.cat((-second, first), -1)


class _Layer(nn.Module):
    """Attention, then two linear layers, each on what is normalised and added to what was there."""

    def __init__(self, sizes: _Sizes) -> None:
        super().__init__()
        self.before_attention, self.before_rest = nn.LayerNorm(sizes.dim), nn.LayerNorm(sizes.dim)
        self.attention = _Attention(sizes)
        self.wide, self.narrow = nn.Linear(sizes.dim, 4 * sizes.dim), nn.Linear(4 * sizes.dim, sizes.dim)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(batch, tokens, dim)."""
        x = x + self.attention(self.before_attention(x), angles)
        return x + self.narrow(F.gelu(self.wide(self.before_rest(x))))


class TisTransformer(nn.Module):
    """The network: logits (batch, tokens, 2) of ids, special tokens included."""

    positions: Tensor
    angles: Tensor

    def __init__(self, sizes: _Sizes, tokens: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(tokens, sizes.dim)
        self.register_buffer("positions", torch.zeros(sizes.max_seq_len + 2, sizes.dim))
        self.register_buffer("angles", torch.zeros(sizes.max_seq_len + 2, sizes.dim_head))
        self.layers = nn.ModuleList(_Layer(sizes) for _ in range(sizes.depth))
        self.wide, self.out = nn.Linear(sizes.dim, 2 * sizes.dim), nn.Linear(2 * sizes.dim, 2)

    def forward(self, input_ids: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch tokens 2"]:
        """Logits of no start and of a start, at every token."""
        x = self.letters(input_ids) + self.positions[: input_ids.shape[1]]
        for layer in self.layers:
            x = layer(x, self.angles)
        return self.out(F.relu(self.wide(x)))


# Names of the checkpoint, and ours.
_NAMES = {
    "nuc_emb": "letters", "pos_emb.emb": "positions", "layer_pos_emb.emb": "angles", "ff_1": "wide",
    "ff_2": "out",
}  # fmt: skip
_WITHIN = {
    "0.norm": "before_attention", "0.fn.to_q": "attention.query", "0.fn.to_k": "attention.key",
    "0.fn.to_v": "attention.value", "0.fn.to_out": "attention.out",
    "0.fn.fast_attention.projection_matrix": "attention.directions",
    "0.fn.local_attn.rel_pos.inv_freq": "attention.frequencies",
    "1.norm": "before_rest", "1.fn.fn.w1": "wide", "1.fn.fn.w2": "narrow",
}  # fmt: skip


def _named(weights: Mapping[str, Tensor], depth: int) -> dict[str, Tensor]:
    """Weights by our names; copies that the checkpoint has of layers are left out."""
    pairs = dict(_NAMES)
    for layer in range(depth):
        old, new = f"transformer.net.layers.{layer}", f"layers.{layer}"
        pairs |= {f"{old}.{theirs}": f"{new}.{ours}" for theirs, ours in _WITHIN.items()}
    found = {}
    for theirs, ours in pairs.items():
        for end in ("", ".weight", ".bias"):
            if theirs + end in weights:
                found[ours + end] = weights[theirs + end]
    return found


def read_tis_transformer(path: Path) -> TisTransformer:
    """The network of a checkpoint; nothing in it is run.

    Raises InputError for a file that is none, is of a network that reads ribosome profiles, or is damaged.
    """
    with parsed_as("a TIS Transformer", path, "a checkpoint of transcript-transformer"):
        content = torch.load(path, map_location="cpu", weights_only=True)
        said, weights = content["hyper_parameters"], content["state_dict"]
        if not said["use_seq"] or said["use_ribo"]:
            raise InputError(
                f"{path} is of a network that reads ribosome profiles: expected one of sequences"
            )
        sizes = _Sizes(**{name: int(said[name]) for name in _Sizes.__dataclass_fields__})
        if not 0 < sizes.depth <= len(weights) or not 0 <= sizes.local_attn_heads < sizes.heads:
            raise ValueError(f"{sizes}")
        network = TisTransformer(sizes, len(weights["nuc_emb.weight"]))
        network.load_state_dict(_named(weights, sizes.depth))
    return network


@published.register("tis-transformer")
class TisTransformers:
    """A Performer of start codons: one ``*.tt.ckpt``, or a folder with one alone."""

    heads = ()
    wheel = Wheel(
        "transcript-transformer",
        "1.1.1",
        "a25d60300432760778a52fcdf882f3ce65cd4584307394d47076989388eb3cef",
        ("*.tt.ckpt", "*.dist-info/licenses/LICENCE"),
        "MIT",
    )

    @staticmethod
    def _files(path: Path) -> list[Path]:
        return sorted(path.glob("*.tt.ckpt")) if path.is_dir() else [path] * path.name.endswith(".tt.ckpt")

    @classmethod
    def claims(cls, path: Path) -> bool:
        """Whether there is one."""
        return bool(cls._files(path))

    @classmethod
    def read(cls, path: Path, head: str | None) -> Model:
        """The network, with outputs for every letter."""
        file = only_one(cls._files(path), path)
        network = read_tis_transformer(file)
        tokenizer: Any = tokenizer_of(LETTERS, DNA, LETTERS["N"], AROUND)
        model = from_module(
            network, input="tokens", channels="last", tokenizer=tokenizer, outputs="classes", labels=LABELS
        )
        model.max_tokens = len(network.positions)
        model.source = replace(model.source, path=str(path.resolve()))
        return model
