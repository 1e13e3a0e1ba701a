"""The baseline, a convolutional network on one-hot letters, as a model of transformers."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import SequenceClassifierOutput

from relevome.data.sequences import ALPHABETS
from relevome.models import models
from relevome.models.light.cnn import Cnn, CnnConfig, token_vectors


@models.register("cnn")
class CnnForSequenceClassification(Cnn, PreTrainedModel):
    """The network as transformers trains, keeps and loads it."""

    config_class = CnnConfig

    def __init__(self, config: CnnConfig) -> None:
        PreTrainedModel.__init__(self, config)
        self.build(config)
        self.post_init()

    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
        labels: Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """As the network, and with ``labels`` the loss for ``config.problem_type``."""
        logits, loss = super().forward(input_ids, attention_mask).logits, None
        if labels is not None:
            loss = self.loss_function(labels=labels, pooled_logits=logits, config=self.config)
        return SequenceClassifierOutput(loss=loss, logits=logits)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            init.copy_(module.weight, token_vectors(ALPHABETS[self.config.alphabet]))
        elif isinstance(module, (nn.Conv1d, nn.Linear)):
            module.reset_parameters()


AutoConfig.register("relevome-cnn", CnnConfig)
AutoModelForSequenceClassification.register(CnnConfig, CnnForSequenceClassification)
