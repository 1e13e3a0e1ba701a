"""The annotator as transformers knows its models, and as a reader of whole genomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import TokenClassifierOutput
from transformers.utils.generic import can_return_tuple

from relevome.data.sequences import ALPHABETS
from relevome.errors import InputError
from relevome.models import models
from relevome.models.annotator.attention import Heads, banded_attention, dense_attention
from relevome.models.annotator.config import AnnotatorConfig
from relevome.models.annotator.encoder import AnnotatorEncoder, Memory
from relevome.models.annotator.layers import vocabulary_vectors

CHUNK = 2048  # letters read at a time: enough that what is read twice, the memory, costs little


@models.register("annotator")
class AnnotatorForTokenClassification(PreTrainedModel):
    """A Transformer-XL on single letters, with classes for every letter of a genome."""

    config_class = AnnotatorConfig
    config: AnnotatorConfig
    base_model_prefix = "encoder"
    accepts_loss_kwargs = False
    _supports_sdpa = True

    def __init__(self, config: AnnotatorConfig) -> None:
        super().__init__(config)
        self.encoder = AnnotatorEncoder(config)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden_size, cast(int, config.num_labels))
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        """The fixed one-hot table, (vocabulary, letters)."""
        return self.encoder.embeddings.letters

    def get_correct_attn_implementation(
        self, requested_attention: str | None, is_init_check: bool = False
    ) -> str:
        """The attention that was asked for, else the one whose weights can be seen.

        `stream` and `logits`, which give no weights, always take the fused one.
        """
        return super().get_correct_attn_implementation(requested_attention or "eager", is_init_check)

    @can_return_tuple
    def forward(
        self,
        input_ids: Int[Tensor, "batch letters"],
        attention_mask: Int[Tensor, "batch letters"] | None = None,
        labels: Int[Tensor, "batch letters"] | None = None,
        output_attentions: bool | None = None,
        **_: Any,
    ) -> TokenClassifierOutput:
        """Logits (batch, letters, classes), and with ``labels`` the loss where they are not -100.

        Past the end of a sequence ``downstream`` unknown letters are read. ``output_attentions`` adds the
        weights of every layer (batch, heads, letters, letters): a row is of the state at a letter, from which
        the logits of the letter ``downstream`` before it are read.
        """
        recorded: list[Tensor] | None = [] if output_attentions else None
        if attention_mask is not None and attention_mask.all():
            attention_mask = None
        attend = _Attention(self.config, input_ids.shape[1], self._fused and not output_attentions, recorded)
        logits = self.classifier(self.dropout(self._states(input_ids, attention_mask, attend)))
        loss = None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, config=self.config)
        attentions = None if recorded is None else self._by_layer(recorded)
        return TokenClassifierOutput(loss=loss, logits=logits, attentions=attentions)

    @property
    def _fused(self) -> bool:
        # relevance is defined for the products of queries, keys and distances, which fused are one
        explained = torch.is_grad_enabled() and not self.training
        return self.config._attn_implementation == "sdpa" and not explained

    def _states(
        self,
        input_ids: Int[Tensor, "batch letters"],
        attention_mask: Int[Tensor, "batch letters"] | None,
        attend: _Attention,
    ) -> Float[Tensor, "batch letters channels"]:
        """For every letter the state that its logits are read from."""
        hidden = self.encoder.embeddings(input_ids)
        if self.config.layout == "segments":
            return self._by_segments(hidden, attention_mask, attend)
        hidden, exists = self._with_ends(hidden, attention_mask)
        states, _ = self.encoder.advance(hidden, self.begin(len(hidden)), attend, last=True, exists=exists)
        return states[:, self.config.look_ahead :][:, : input_ids.shape[1]]

    def _by_segments(
        self,
        hidden: Float[Tensor, "batch letters channels"],
        attention_mask: Int[Tensor, "batch letters"] | None,
        attend: _Attention,
    ) -> Float[Tensor, "batch letters channels"]:
        exists = torch.ones_like(hidden[..., 0]) if attention_mask is None else attention_mask
        states, memory = [], self.begin(len(hidden))
        pairs = (whole.split(self.config.segment, 1) for whole in (hidden, exists.bool()))
        for segment, there in zip(*pairs, strict=True):
            state, memory = self.encoder.advance(segment, memory, attend, exists=there)
            states.append(state)
        return torch.cat(states, 1)

    def _with_ends(
        self, hidden: Float[Tensor, "batch letters channels"], attention_mask: Tensor | None
    ) -> tuple[Float[Tensor, "batch more channels"], Bool[Tensor, "batch more"] | None]:
        """Unknown letters after the last one of every sequence, as many as are looked at ahead."""
        letters, ahead = hidden.shape[1], self.config.look_ahead
        exists = None if attention_mask is None else attention_mask.bool()
        if exists is not None and (exists[:, 1:] > exists[:, :-1]).any():
            raise ValueError("expected padding after the letters of a sequence, not before or between them")
        if not ahead:
            return hidden, exists
        # as many queries as letters would look like attention between letters to those who watch it
        ahead += int(ahead == letters)
        unknown = self.encoder.embeddings.unknown()
        if exists is None:
            return torch.cat([hidden, unknown.expand(len(hidden), ahead, -1)], 1), None
        ends = exists.sum(1, keepdim=True) + ahead
        within = F.pad(exists, (0, ahead), value=False).unsqueeze(-1)
        every = torch.arange(letters + ahead, device=hidden.device) < ends
        return torch.where(within, F.pad(hidden, (0, 0, 0, ahead)), unknown), every

    def _by_layer(self, recorded: list[Tensor]) -> tuple[Float[Tensor, "batch heads letters letters"], ...]:
        """Weights of all segments of a layer together, between letters."""
        layers = self.config.num_hidden_layers
        return tuple(_between_letters(recorded[layer::layers]) for layer in range(layers))

    def begin(self, batch: int = 1) -> Memory:
        """The memory before the first letter of ``batch`` sequences."""
        return self.encoder.begin(batch)

    def advance(
        self, input_ids: Int[Tensor, "batch new"], memory: Memory, *, last: bool = False
    ) -> tuple[Float[Tensor, "batch certain classes"], Memory]:
        """Logits read off the states that a further piece of sequences makes certain, and memory after it.

        Row by row they follow those of the piece before. In a causal network all of a piece is certain, and
        row i over all pieces has the logits of letter i - ``downstream``; looking to both sides, row i is
        letter i, and the ``last`` piece brings what was left over. In the layout ``segments`` a piece is one
        segment.
        """
        attend = _Attention(self.config, 0, fused=True)
        hidden = self.encoder.embeddings(input_ids)
        states, memory = self.encoder.advance(hidden, memory, attend, last=last)
        return self.classifier(self.dropout(states)), memory

    def stream(
        self, pieces: Iterable[str], chunk: int = CHUNK
    ) -> Iterator[Float[np.ndarray, "positions classes"]]:
        """Logits of a sequence given in pieces of any length, in its order, with memory that does not grow.

        ``chunk`` letters go through the network at a time, or a segment in the layout ``segments``. Raises
        ``InputError`` for what is no letter of the alphabet.
        """
        if self.training:
            raise ValueError("the annotator is in training mode, with dropout: expected eval()")
        size = self.config.segment if self.config.layout == "segments" else chunk
        skip = self.config.look_ahead
        end = ALPHABETS[self.config.alphabet].unknown * skip
        memory = self.begin()
        for text, last in _cut(chain(pieces, [end]), size):
            with torch.no_grad():
                logits, memory = self.advance(self.tokens(text), memory, last=last)
            kept = logits[0, skip:]
            skip -= min(skip, logits.shape[1])
            if len(kept):
                yield kept.to("cpu", torch.promote_types(kept.dtype, torch.float32)).numpy()

    def logits(self, letters: str, chunk: int = CHUNK) -> Float[np.ndarray, "positions classes"]:
        """Logits of every position of a sequence of any length; see `stream`."""
        none = np.zeros((0, self.classifier.out_features), dtype=np.float32)
        return np.concatenate([*self.stream([letters], chunk)] or [none])

    def tokens(self, letters: str) -> Int[Tensor, "1 letters"]:
        """What `forward` and `advance` read. Raises ``InputError`` for what is no letter of the alphabet."""
        vocabulary = self.config.vocabulary
        alphabet = ALPHABETS[self.config.alphabet]
        table = np.full(256, -1)
        for letter in alphabet.all_letters:
            table[ord(letter)] = vocabulary[letter]
        ids = table[np.frombuffer(letters.encode("latin-1", "replace"), dtype=np.uint8)]
        if (ids < 0).any():
            raise InputError(
                f"{letters[int(np.argmax(ids < 0))]!r} is no letter of {alphabet.name}: expected upper-case "
                f"letters among {alphabet.all_letters}"
            )
        return torch.from_numpy(ids).to(self.device).unsqueeze(0)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            init.copy_(module.weight, vocabulary_vectors(self.config))
        elif isinstance(module, AnnotatorEncoder):
            init.zeros_(module.content_bias)
            init.zeros_(module.position_bias)
        elif isinstance(module, (nn.Conv1d, nn.Linear, nn.LayerNorm)):
            module.reset_parameters()


@dataclass(frozen=True)
class _Attention:
    """How a layer attends: fused, or with its weights spelt out, which ``recorded`` collects.

    The states past the last of ``letters`` attend by themselves, so that all others do among letters alone.
    """

    config: AnnotatorConfig
    letters: int
    fused: bool
    recorded: list[Tensor] | None = field(default=None)

    def __call__(self, heads: Heads) -> Float[Tensor, "batch heads queries size"]:
        window, keys = self.config.attended, heads.key.shape[-2]
        if self.fused:
            return banded_attention(heads, window)
        if self.config.layout == "segments" or keys <= self.letters:
            context, weights = dense_attention(heads, window)
        else:
            among, beyond = heads.part(0, self.letters, self.letters), heads.part(self.letters, keys, keys)
            context, weights = dense_attention(among, window)
            context = torch.cat([context, dense_attention(beyond, window)[0]], 2)
        if self.recorded is not None:
            self.recorded.append(weights)
        return context


def _between_letters(segments: list[Tensor]) -> Float[Tensor, "batch heads letters letters"]:
    """Weights (queries, keys) of one segment after the other; the last keys of each are its queries."""
    letters = sum(weights.shape[2] for weights in segments)
    rows, end = [], 0
    for weights in segments:
        end += weights.shape[2]
        rows.append(F.pad(weights, (end - weights.shape[3], letters - end)))
    return torch.cat(rows, 2)


def _cut(pieces: Iterable[str], size: int) -> Iterator[tuple[str, bool]]:
    """The same letters in pieces of ``size``, and whether a piece is the last."""
    held = ""
    for piece in pieces:
        for start in range(0, len(piece), size):
            held += piece[start : start + size]
            if len(held) > size:
                yield held[:size], False
                held = held[size:]
    if held:
        yield held, True


AutoConfig.register(AnnotatorConfig.model_type, AnnotatorConfig)
AutoModelForTokenClassification.register(AnnotatorConfig, AnnotatorForTokenClassification)
