"""The parts of an annotator."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from relevome.data.sequences import ALPHABETS
from relevome.models.annotator.attention import Heads
from relevome.models.annotator.config import AnnotatorConfig
from relevome.models.light.cnn import token_vectors
from relevome.models.light.fixed_embedding import FixedEmbedding
from relevome.models.own_tokenizers import letter_vocabulary

# Heads of a layer to their context (batch, heads, queries, size).
Attend = Callable[[Heads], Tensor]


@dataclass(frozen=True)
class LayerRequest:
    """What a layer should give: its output at letters from ``first`` to ``end``; the others are context.

    ``biases`` are those of all layers, u and v of the equation. ``exists`` is false at keys that are padding.
    """

    attend: Attend
    biases: tuple[Float[Tensor, "heads 1 size"], Float[Tensor, "heads 1 size"]]
    first: int
    end: int
    exists: Bool[Tensor, "batch keys"] | None = None


class AnnotatorEmbeddings(nn.Module):
    """One-hot letters, codes being the mean of their letters and other tokens zero, made into channels."""

    def __init__(self, config: AnnotatorConfig) -> None:
        super().__init__()
        vectors = vocabulary_vectors(config)
        self.unknown_id = config.vocabulary[ALPHABETS[config.alphabet].unknown]
        self.letters = FixedEmbedding(*vectors.shape)
        self.channels = nn.Linear(vectors.shape[1], config.hidden_size, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, input_ids: Int[Tensor, "batch letters"]) -> Float[Tensor, "batch letters channels"]:
        """Vectors of letters, which know nothing of their places."""
        return self.dropout(self.channels(self.letters(input_ids)))

    def unknown(self) -> Float[Tensor, "channels"]:
        """The vector of a letter of which nothing is known."""
        return self.channels(self.letters.weight[self.unknown_id])


class AnnotatorLayer(nn.Module):
    """Attention whose queries, keys and values went through a convolution of their own; no feed-forward."""

    def __init__(self, config: AnnotatorConfig) -> None:
        super().__init__()
        size, width = config.head_size, config.convolution
        self.heads, self.kernel = config.num_attention_heads, (size, width)
        # in the published layout, queries see nothing of the memory
        self.alone = config.layout == "segments"
        self.qkv = nn.Linear(config.hidden_size, 3 * self.heads * size, bias=False)
        # padding is put at both ends alike: what it makes too much after the last letter is cut
        self.before = config.convolved[0]
        self.motifs = nn.ModuleList(nn.Conv1d(size, size, width, padding=self.before) for _ in range(3))
        self.distance = nn.Linear(config.hidden_size, self.heads * size, bias=False)
        self.output = nn.Linear(self.heads * size, config.hidden_size, bias=False)
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(config.hidden_size)

    def forward(
        self, hidden: Float[Tensor, "batch keys channels"], request: LayerRequest
    ) -> Float[Tensor, "batch queries channels"]:
        """LayerNorm(W context + hidden) of the letters that ``request`` names."""
        queries = slice(request.first, request.end)
        query, key, value = self._at_once(hidden, queries) if self._fewer else self._parts(hidden, queries)
        heads = Heads(
            query,
            key,
            value,
            *request.biases,
            self.distance.weight.unflatten(0, (self.heads, -1)),
            request.first,
            request.exists,
        )
        context = request.attend(heads).transpose(1, 2).flatten(2)
        return self.norm(hidden[:, queries] + self.dropout(self.output(context)))

    def _parts(self, hidden: Float[Tensor, "batch keys channels"], queries: slice) -> tuple[Tensor, ...]:
        """Queries, keys, values (batch, heads, letters, size): one linear map, then the convolutions."""
        query, key, value = self.qkv(hidden).chunk(3, -1)
        if self.alone:
            return self._convolve(0, query[:, queries]), self._convolve(1, key), self._convolve(2, value)
        return self._convolve(0, query)[..., queries, :], self._convolve(1, key), self._convolve(2, value)

    def _convolve(
        self, motif: int, part: Float[Tensor, "batch keys channels"]
    ) -> Float[Tensor, "batch heads keys size"]:
        """All heads by the same convolution, zeros being before the first letter and after the last."""
        heads = part.unflatten(-1, (self.heads, -1)).permute(0, 2, 3, 1)
        seen = self.motifs[motif](heads.flatten(0, 1))[..., : part.shape[1]]
        return seen.unflatten(0, heads.shape[:2]).transpose(2, 3)

    @property
    def _fewer(self) -> bool:
        # what is explained needs both maps one by one, and gradients of the one would take longer
        (size, width), channels = self.kernel, self.qkv.in_features
        return not torch.is_grad_enabled() and channels * width < channels + size * width

    def _at_once(self, hidden: Float[Tensor, "batch keys channels"], queries: slice) -> tuple[Tensor, ...]:
        """The same by one convolution each, which a linear map and a convolution after it are together."""
        letters, motifs = hidden.transpose(1, 2), cast(Iterable[nn.Conv1d], self.motifs)
        maps = self.qkv.weight.unflatten(0, (3, self.heads, -1))
        before = queries.start if self.alone else max(0, queries.start - self.before)
        seen = letters[..., before : queries.stop if self.alone else None]
        query, key, value = map(self._convolve_mapped, motifs, maps, (seen, letters, letters))
        return query[..., queries.start - before : queries.stop - before, :], key, value

    def _convolve_mapped(
        self,
        motif: nn.Conv1d,
        maps: Float[Tensor, "heads size channels"],
        letters: Float[Tensor, "batch channels keys"],
    ) -> Float[Tensor, "batch heads keys size"]:
        kernel = torch.einsum("osw,hsc->hocw", motif.weight, maps).flatten(0, 1)
        bias = cast(Tensor, motif.bias).repeat(self.heads)
        found = F.conv1d(letters, kernel, bias, padding=self.before)[..., : letters.shape[-1]]
        return found.unflatten(1, (self.heads, -1)).transpose(2, 3)


def vocabulary_vectors(config: AnnotatorConfig) -> Float[Tensor, "vocabulary letters"]:
    """What each token is: see `token_vectors`; the two more tokens of a bracketed vocabulary are zero."""
    alphabet = ALPHABETS[config.alphabet]
    known, vocabulary = token_vectors(alphabet), letter_vocabulary(alphabet)
    vectors = torch.zeros(len(config.vocabulary), known.shape[1])
    for token, index in vocabulary.items():
        vectors[config.vocabulary[token]] = known[index]
    return vectors
