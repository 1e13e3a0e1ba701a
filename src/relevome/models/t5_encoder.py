"""The encoder of a T5, such as ProtT5, with a head over the mean of its letters.

transformers' own classifier of sequences reads the end of a decoder; protein T5s are published, and used, as
encoders only (Elnaggar et al. 2021, doi 10.1109/TPAMI.2021.3095381, who average over residues).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSequenceClassification, T5Config, T5EncoderModel
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.models.t5.modeling_t5 import T5PreTrainedModel

from relevome.models import models


class T5EncoderConfig(T5Config):
    """That of a T5 whose decoder is not there; ``small`` sizes are those of ``--arch t5-encoder``."""

    # transformers adds to __init__ what the fields do not name; run-time type checks cannot see that
    __no_type_check__ = True

    model_type = "relevome-t5-encoder"
    small: ClassVar[Mapping[str, int]] = {
        "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_heads": 4
    }  # fmt: skip


@models.register("t5-encoder")
class T5EncoderForSequenceClassification(T5PreTrainedModel):
    """A T5 encoder, the mean of its states over letters, dropout, and one linear layer."""

    config_class = T5EncoderConfig

    def __init__(self, config: T5EncoderConfig) -> None:
        super().__init__(config)
        self.transformer = T5EncoderModel(config)
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(config.d_model, cast(int, config.num_labels))
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        """The table of token embeddings."""
        return self.transformer.get_input_embeddings()  # pyright: ignore[reportReturnType]

    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
        labels: Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """Logits (batch, labels), and with ``labels`` the loss for ``config.problem_type``.

        The mean is over tokens inside ``attention_mask``, but for those that begin and end a sequence.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        states = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        letters = attention_mask.bool()
        for name in ("bos_token_id", "eos_token_id"):
            special = getattr(self.config, name, None)
            if special is not None:
                letters = letters & (input_ids != special)
        logits = self.classifier(self.dropout(_mean(states, letters)))
        loss = None
        if labels is not None:
            loss = self.loss_function(labels=labels, pooled_logits=logits, config=self.config)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def _mean(states: Float[Tensor, "batch tokens channels"], letters: Tensor) -> Float[Tensor, "batch channels"]:
    weights = letters.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def encoder_config(config: Any) -> Any:
    """The configuration of the encoder with its own head in place of a whole T5; any other as it is."""
    if type(config) is not T5Config:
        return config
    fields = config.to_dict()
    for name in ("model_type", "architectures", "is_encoder_decoder", "tie_word_embeddings"):
        fields.pop(name, None)
    return T5EncoderConfig.from_dict(fields | {"is_encoder_decoder": False})


AutoConfig.register(T5EncoderConfig.model_type, T5EncoderConfig)
AutoModelForSequenceClassification.register(T5EncoderConfig, T5EncoderForSequenceClassification)
