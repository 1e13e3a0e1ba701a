"""A transformer on letters with and without a head, as transformers knows its models."""

from __future__ import annotations

from typing import Any, cast

import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)
from transformers import initialization as init
from transformers.masking_utils import create_bidirectional_mask
from transformers.modeling_outputs import (
    BaseModelOutputWithCrossAttentions,
    MaskedLMOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)
from transformers.models.esm.modeling_esm import (
    EsmEncoder,
    EsmLMHead,
    EsmPreTrainedModel,
    EsmRotaryEmbedding,
)
from transformers.utils.generic import can_return_tuple
from transformers.utils.output_capturing import capture_outputs

from relevome.models import models
from relevome.models.transformer.config import TransformerConfig
from relevome.models.transformer.layers import ConvolutionStem, LetterPooling, LetterVectors, PooledHead


class TransformerPreTrainedModel(EsmPreTrainedModel):
    """What all of them have in common."""

    config_class = TransformerConfig
    config: TransformerConfig  # pyright: ignore[reportIncompatibleVariableOverride]
    base_model_prefix = "transformer"
    _no_split_modules = ("EsmLayer",)
    _input_embed_layer = "word_embeddings"

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, LetterPooling) and module.gates is not None:
            init.zeros_(module.gates)
        elif isinstance(module, (nn.Conv1d, nn.Linear, nn.Embedding)):
            # The small numbers that large models begin with would leave a small one where it is.
            module.reset_parameters()


class TransformerModel(TransformerPreTrainedModel):
    """A transformer on letters without a head."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.embeddings = LetterVectors(config)
        self.stem = ConvolutionStem(config)
        self.rotary_embeddings = EsmRotaryEmbedding(config)
        self.encoder = EsmEncoder(config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        """The table of letters."""
        return self.embeddings.word_embeddings

    @capture_outputs
    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
        **asked: Any,
    ) -> BaseModelOutputWithCrossAttentions:
        """Hidden states (batch, tokens, channels); what is outside ``attention_mask`` changes nothing.

        ``output_hidden_states`` and ``output_attentions`` add those of every layer.
        """
        exists = None if attention_mask is None or attention_mask.all() else attention_mask.bool()
        hidden = self.stem(self.embeddings(input_ids), exists)
        mask = create_bidirectional_mask(self.config, hidden, attention_mask)
        places = torch.arange(hidden.shape[1], device=hidden.device).unsqueeze(0)
        rotations = self.rotary_embeddings(hidden, places)
        seen = self.encoder(hidden, attention_mask=mask, position_embeddings=rotations, **asked)
        return BaseModelOutputWithCrossAttentions(last_hidden_state=seen.last_hidden_state)


@models.register("transformer")
class TransformerForSequenceClassification(TransformerPreTrainedModel):
    """A small transformer on single letters, with convolutions below it and a head over all letters."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.transformer = TransformerModel(config)
        self.classifier = PooledHead(config)
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
        labels: Tensor | None = None,
        **asked: Any,
    ) -> SequenceClassifierOutput:
        """Logits (batch, labels), and with ``labels`` the loss for ``config.problem_type``."""
        seen = self.transformer(input_ids, attention_mask, return_dict=True, **asked)
        logits, loss = self.classifier(seen.last_hidden_state, self._letters(input_ids, attention_mask)), None
        if labels is not None:
            loss = self.loss_function(labels=labels, pooled_logits=logits, config=self.config)
        return SequenceClassifierOutput(
            loss=loss, logits=logits, hidden_states=seen.hidden_states, attentions=seen.attentions
        )

    def _letters(self, input_ids: Tensor, attention_mask: Tensor | None) -> Bool[Tensor, "batch tokens"]:
        """False at padding, and at what begins and ends a sequence."""
        letters = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        letters = letters.bool()
        for special in (self.config.bos_token_id, self.config.eos_token_id):
            letters = letters if special is None else letters & (input_ids != special)
        return letters


class TransformerForTokenClassification(TransformerPreTrainedModel):
    """The same with a prediction for every token."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.transformer = TransformerModel(config)
        self.dropout = nn.Dropout(config.hidden_dropout_prob or 0.0)
        self.classifier = nn.Linear(config.hidden_size, cast(int, config.num_labels))
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
        labels: Int[Tensor, "batch tokens"] | None = None,
        **asked: Any,
    ) -> TokenClassifierOutput:
        """Logits (batch, tokens, labels), and with ``labels`` the loss where they are not -100."""
        seen = self.transformer(input_ids, attention_mask, return_dict=True, **asked)
        logits, loss = self.classifier(self.dropout(seen.last_hidden_state)), None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, config=self.config)
        return TokenClassifierOutput(
            loss=loss, logits=logits, hidden_states=seen.hidden_states, attentions=seen.attentions
        )


class TransformerForMaskedLM(TransformerPreTrainedModel):
    """The same, which says which token is under a mask."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.transformer = TransformerModel(config)
        self.lm_head = EsmLMHead(config)
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
        labels: Int[Tensor, "batch tokens"] | None = None,
        **asked: Any,
    ) -> MaskedLMOutput:
        """Logits (batch, tokens, vocabulary), and with ``labels`` the loss where they are not -100."""
        seen = self.transformer(input_ids, attention_mask, return_dict=True, **asked)
        logits, loss = self.lm_head(seen.last_hidden_state), None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, vocab_size=self.config.vocab_size)
        return MaskedLMOutput(
            loss=loss, logits=logits, hidden_states=seen.hidden_states, attentions=seen.attentions
        )


AutoConfig.register(TransformerConfig.model_type, TransformerConfig)
AutoModel.register(TransformerConfig, TransformerModel)
AutoModelForMaskedLM.register(TransformerConfig, TransformerForMaskedLM)
AutoModelForSequenceClassification.register(TransformerConfig, TransformerForSequenceClassification)
AutoModelForTokenClassification.register(TransformerConfig, TransformerForTokenClassification)
