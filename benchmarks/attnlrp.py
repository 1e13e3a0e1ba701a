"""What AttnLRP costs beyond a plain forward and backward pass to the embeddings of the same model.

Three shapes with random weights: ESM-2 8M with 8 sequences of 256 tokens, BERT-base and DNABERT-2 with 4 of
128; fused attention, parameters frozen; without and with the relevance of every head in every layer. Memory
is what tensors take up beyond the model at the peak of a pass, as torch's profiler counts it; the resident
set of a process depends on the allocator besides. Beside it stand the GFLOP/s that a pass reaches, by the
processor's seconds, and their share of what a core makes of products of large matrices.

Target: at most 1.05 times the seconds, 1.08 with heads, and at most 1.0 times the memory.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    EsmConfig,
    EsmForSequenceClassification,
    PreTrainedModel,
)

from benchmarks import Row, ratios
from benchmarks._hardware import flops, reached
from relevome.attribution.embeddings import leaf
from relevome.attribution.lrp.engine import Rules
from relevome.attribution.lrp.heads import HeadRecorder
from relevome.models.dnabert2 import Dnabert2Config, Dnabert2ForSequenceClassification


def esm2_8m() -> PreTrainedModel:
    """The shape of ESM-2 with 8 million parameters, and a head for two classes."""
    return esm2(6, 320, 20)


def esm2(layers: int, channels: int, heads: int) -> PreTrainedModel:
    """ESM-2 of any size, and a head for two classes."""
    config = EsmConfig(
        vocab_size=33,
        hidden_size=channels,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * channels,
        max_position_embeddings=1026,
        position_embedding_type="rotary",
        token_dropout=True,
        mask_token_id=32,
        pad_token_id=1,
    )
    return EsmForSequenceClassification(config)


def bert_base() -> PreTrainedModel:
    """The shape of BERT-base, and a head for two classes."""
    return BertForSequenceClassification(BertConfig())


def dnabert2() -> PreTrainedModel:
    """The shape of DNABERT-2, and a head for two classes."""
    config = Dnabert2Config(vocab_size=4096)
    return Dnabert2ForSequenceClassification._from_config(config, attn_implementation="sdpa")


class Passes:
    """A model and a batch, and both passes that give the gradient to the embeddings."""

    def __init__(self, make: Callable[[], PreTrainedModel], sequences: int, length: int) -> None:
        torch.manual_seed(0)
        self._model: Any = make().eval().requires_grad_(False)
        ids = torch.randint(5, 24, (sequences, length))
        self._inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def plain(self) -> Tensor:
        """The model's own gradient."""
        return self._gradient(nullcontext())

    def attnlrp(self) -> Tensor:
        """The gradient under the rules."""
        return self._gradient(Rules())

    def heads(self) -> Tensor:
        """The same, with the relevance of every head in every layer."""
        recorder = HeadRecorder()
        self._gradient(Rules(heads=recorder))
        return recorder.relevance(*self._inputs["input_ids"].shape)

    def _gradient(self, rules: AbstractContextManager[Any]) -> Tensor:
        with leaf(self._model.get_input_embeddings()) as seen, rules:
            score = self._model(**self._inputs).logits[:, 1].sum()
            return torch.autograd.grad(score, seen.tensor)[0]


SHAPES = {
    "ESM-2 8M, 8 x 256": (esm2_8m, 8, 256),
    "BERT-base, 4 x 128": (bert_base, 4, 128),
    "DNABERT-2, 4 x 128": (dnabert2, 4, 128),
}


def measure(quick: bool = False) -> list[Row]:
    """Seconds and memory of AttnLRP over those of the plain pass."""
    rows = []
    for name, shape in SHAPES.items():
        passes = Passes(*shape)
        plain = tensor_memory(passes.plain)
        for which, title, bound in (("attnlrp", name, 1.05), ("heads", "  with heads", 1.08)):
            work = getattr(passes, which)
            found = ratios(work, passes.plain, 5 if quick else 21)
            rate, share = reached(work, flops(work), 1 if quick else 3)
            middle = "{:.3f} to {:.3f}".format(*np.quantile(found, [0.25, 0.75]))
            rows += [
                Row(f"{title}, seconds", float(np.median(found)), f"at most {bound}"),
                Row("    middle half of the ratios", middle),
                Row(f"{title}, peak memory", tensor_memory(work) / plain, "at most 1.0"),
                Row("    GFLOP/s of a core", rate),
                Row("    share of what a core can", share),
            ]
    return rows


def tensor_memory(work: Callable[[], object]) -> float:
    """Bytes of tensors at the peak of ``work``, beyond those that were there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        work()
    events = [e for e in profiled.profiler.kineto_results.events() if e.name() == "[memory]"]  # pyright: ignore[reportOptionalMemberAccess]
    changes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]  # pyright: ignore[reportAttributeAccessIssue]
    return float(np.cumsum(changes).max())
