"""DNABERT-2 with and without a head, as transformers knows its models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
)
from transformers.modeling_outputs import (
    BaseModelOutputWithPooling,
    MaskedLMOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)
from transformers.utils.generic import can_return_tuple
from transformers.utils.output_capturing import capture_outputs

from relevome.models import models
from relevome.models.dnabert2.config import Dnabert2Config
from relevome.models.dnabert2.layers import (
    Dnabert2Embeddings,
    Dnabert2Encoder,
    Dnabert2Layer,
    Dnabert2SelfAttention,
    masked_lm_head,
    pooler,
)


class Dnabert2PreTrainedModel(PreTrainedModel):
    """What all DNABERT-2 models have in common."""

    config_class = Dnabert2Config
    config: Dnabert2Config
    base_model_prefix = "bert"
    supports_gradient_checkpointing = True
    accepts_loss_kwargs = False
    _supports_sdpa = True
    _input_embed_layer = "word_embeddings"
    _can_record_outputs = {"hidden_states": Dnabert2Layer, "attentions": Dnabert2SelfAttention}  # noqa: RUF012

    def get_correct_attn_implementation(
        self, requested_attention: str | None, is_init_check: bool = False
    ) -> str:
        """The attention that was asked for, else the fused one on a GPU, and single steps without one.

        A CPU gains little from the fused one, and in single steps it computes as the published code does.
        """
        usual = "sdpa" if torch.cuda.is_available() else "eager"
        return super().get_correct_attn_implementation(requested_attention or usual, is_init_check)


class Dnabert2Model(Dnabert2PreTrainedModel):
    """DNABERT-2 without a head."""

    def __init__(self, config: Dnabert2Config, add_pooling_layer: bool = True) -> None:
        super().__init__(config)
        self.embeddings = Dnabert2Embeddings(config)
        self.encoder = Dnabert2Encoder(config)
        self.pooler = pooler(config) if add_pooling_layer else None
        self.post_init()

    @capture_outputs
    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"] | None = None,
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
        token_type_ids: Int[Tensor, "batch tokens"] | None = None,
        inputs_embeds: Float[Tensor, "batch tokens channels"] | None = None,
        read: int | None = None,
        **_: Any,
    ) -> BaseModelOutputWithPooling:
        """Hidden states (batch, tokens, channels), zero outside ``attention_mask``, and pooled ones.

        ``output_hidden_states`` and ``output_attentions`` add those of every layer; the latter are there
        with eager attention only. With ``read`` hidden states are those of so many first tokens only, the
        same and sooner.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("expected either input_ids or inputs_embeds")
        hidden = self.embeddings(input_ids, token_type_ids, inputs_embeds)
        padding = None if attention_mask is None or attention_mask.all() else attention_mask == 0
        hidden = self.encoder(hidden, padding, read)
        if padding is not None:
            hidden = hidden.masked_fill(padding[:, :read].unsqueeze(-1), 0.0)
        pooled = None if self.pooler is None else self.pooler(hidden[:, 0])
        return BaseModelOutputWithPooling(last_hidden_state=hidden, pooler_output=pooled)


class Dnabert2ForMaskedLM(Dnabert2PreTrainedModel):
    """DNABERT-2 that says which token is under a mask."""

    _tied_weights_keys = {  # noqa: RUF012
        "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight"
    }

    def __init__(self, config: Dnabert2Config) -> None:
        super().__init__(config)
        self.bert = Dnabert2Model(config, add_pooling_layer=False)
        self.cls = masked_lm_head(config)
        self.post_init()

    def get_output_embeddings(self) -> nn.Module:
        """The layer from channels to words, whose weight is the table of words."""
        return self.cls.get_submodule("predictions.decoder")

    def set_output_embeddings(self, new_embeddings: nn.Module) -> None:
        """Puts another layer in its place."""
        self.cls.set_submodule("predictions.decoder", new_embeddings)

    @can_return_tuple
    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"] | None = None,
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
        token_type_ids: Int[Tensor, "batch tokens"] | None = None,
        inputs_embeds: Float[Tensor, "batch tokens channels"] | None = None,
        labels: Int[Tensor, "batch tokens"] | None = None,
        **asked: Any,
    ) -> MaskedLMOutput:
        """Logits (batch, tokens, vocabulary), and with ``labels`` the loss where they are not -100."""
        given = (input_ids, attention_mask, token_type_ids, inputs_embeds)
        seen = self.bert(*given, return_dict=True, **asked)
        logits = self.cls(seen.last_hidden_state)
        loss = None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, vocab_size=self.config.vocab_size)
        return MaskedLMOutput(
            loss=loss, logits=logits, hidden_states=seen.hidden_states, attentions=seen.attentions
        )


class Dnabert2ForClassification(Dnabert2PreTrainedModel):
    """DNABERT-2 with dropout and a linear layer, on the pooled first token or on every token."""

    pooled: ClassVar[bool]

    def __init__(self, config: Dnabert2Config) -> None:
        super().__init__(config)
        self.bert = Dnabert2Model(config, add_pooling_layer=self.pooled)
        given = config.classifier_dropout
        self.dropout = nn.Dropout(config.hidden_dropout_prob if given is None else given)
        self.classifier = nn.Linear(config.hidden_size, cast(int, config.num_labels))
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"] | None = None,
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
        token_type_ids: Int[Tensor, "batch tokens"] | None = None,
        inputs_embeds: Float[Tensor, "batch tokens channels"] | None = None,
        labels: Tensor | None = None,
        **asked: Any,
    ) -> SequenceClassifierOutput | TokenClassifierOutput:
        """Logits (batch, labels) or (batch, tokens, labels), and with ``labels`` the loss.

        That of sequences is the one for ``config.problem_type``, that of tokens leaves out labels of -100.
        """
        given = (input_ids, attention_mask, token_type_ids, inputs_embeds)
        # In training nobody looks at the last layer of the other tokens: a third less work in two.
        read = 1 if self.pooled and self.training and not self._shows_layers(asked) else None
        seen = self.bert(*given, read=read, return_dict=True, **asked)
        logits = self.classifier(self.dropout(seen.pooler_output if self.pooled else seen.last_hidden_state))
        loss = None
        if labels is not None:
            # each of the two losses has its own name for logits, and does not mind the other
            loss = self.loss_function(labels=labels, logits=logits, pooled_logits=logits, config=self.config)
        output = SequenceClassifierOutput if self.pooled else TokenClassifierOutput
        return output(loss=loss, logits=logits, hidden_states=seen.hidden_states, attentions=seen.attentions)

    def _shows_layers(self, asked: Mapping[str, Any]) -> bool:
        names = ("output_hidden_states", "output_attentions")
        return any(asked.get(name, getattr(self.config, name, False)) for name in names)


@models.register("dnabert2")
class Dnabert2ForSequenceClassification(Dnabert2ForClassification):
    """DNABERT-2: a BERT on byte-pair encoded DNA, with ALiBi for positions and gated layers."""

    pooled = True


class Dnabert2ForTokenClassification(Dnabert2ForClassification):
    """DNABERT-2 with a prediction for every token."""

    pooled = False


AutoConfig.register(Dnabert2Config.model_type, Dnabert2Config)
AutoModel.register(Dnabert2Config, Dnabert2Model)
AutoModelForMaskedLM.register(Dnabert2Config, Dnabert2ForMaskedLM)
AutoModelForSequenceClassification.register(Dnabert2Config, Dnabert2ForSequenceClassification)
AutoModelForTokenClassification.register(Dnabert2Config, Dnabert2ForTokenClassification)
