"""Tiny models with random weights, one for every architecture that AttnLRP is tested on.

All axis sizes of a model differ. Those that transformers knows are saved and loaded as people do; the others
are in `tests.home_made`, written as somebody might write theirs, and relevome has no code for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import torch
import transformers
from transformers import PreTrainedModel

from relevome.data.sequences import DNA, PROTEIN, Alphabet, Sequence
from relevome.models import dnabert2, transformer
from relevome.models.base import Batch, Model, Source, Target
from relevome.models.batching import FixedBatchSize
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer, letter_vocabulary
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from tests.home_made import LABELS, ByHand, ConvolutionAndAttention, Encoder, LongConvolution, StateSpace

BOTH = ("eager", "sdpa")
EAGER = ("eager",)
SIZES: dict[str, Any] = {
    "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 21,
    "max_position_embeddings": 40,
}  # fmt: skip
GROUPED: dict[str, Any] = {
    **SIZES,
    "hidden_size": 18,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 4,
}
T5 = {
    "d_model": 12, "d_kv": 7, "d_ff": 22, "num_layers": 2, "num_heads": 3,
    "relative_attention_num_buckets": 14, "relative_attention_max_distance": 10,
}  # fmt: skip
GPT2 = {
    "n_embd": 12, "n_layer": 2, "n_head": 3, "n_inner": 21, "n_positions": 40,
    "bos_token_id": None, "eos_token_id": None,
}  # fmt: skip
NO_OTHERS = dict.fromkeys(("bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"))
MODERN = {
    **SIZES, **NO_OTHERS, "num_hidden_layers": 3, "global_attn_every_n_layers": 2, "local_attention": 6
}  # fmt: skip
ESM = {**SIZES, "position_embedding_type": "rotary", "token_dropout": True}
DEBERTA = {**SIZES, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_buckets": 5}
LETTERS = {**SIZES, "embedding_size": 7, "convolutions": (5, 3), "pooling": "positions"}
NARROW = {**SIZES, "embedding_size": 7}


@dataclass(frozen=True)
class Architecture:
    """One architecture: a class of transformers and its sizes, or a module written here.

    ``attention`` are the ways in which its attention can be computed; ``layers`` and ``heads`` what there is
    of them over the tokens. ``output`` is how the names of its output projections end, which read the context
    of all heads. ``specials`` is whether sequences begin and end with special tokens.
    """

    made_of: Any
    sizes: dict[str, Any] = field(default_factory=dict)
    alphabet: Alphabet = DNA
    specials: bool = True
    attention: tuple[str | None, ...] = BOTH
    layers: int = 2
    heads: int = 3
    output: str | None = None
    lengths: tuple[int, ...] = (9, 17)
    home: ModuleType = transformers

    @property
    def position(self) -> int | None:
        """The letter whose logits are explained, where every letter has some."""
        by_letter = ("TokenClassification", "CausalLM", "LMHeadModel")
        return 2 if isinstance(self.made_of, str) and self.made_of.endswith(by_letter) else None

    def make(self, folder: Path = Path(), attention: str | None = None, dtype: str = "float64") -> Model:
        """The model, with the same weights every time."""
        with torch.random.fork_rng():
            torch.manual_seed(7)
            model = self._saved(folder, dtype) if isinstance(self.made_of, str) else self._wrapped(dtype)
        if attention is not None and len(self.attention) > 1:
            cast(PreTrainedModel, model.module).set_attn_implementation(attention)
        return model.with_batch_sizes(FixedBatchSize(4))

    def _saved(self, folder: Path, dtype: str) -> Model:
        if not (folder / "config.json").exists():
            ids = letter_vocabulary(self.alphabet, self.specials)
            tokens = {"vocab_size": len(ids), "pad_token_id": ids["[PAD]"], "mask_token_id": ids["[MASK]"]}
            made = getattr(self.home, self.made_of)
            module: Any = made(made.config_class(**tokens, num_labels=LABELS, **self.sizes))
            with_large_weights(module).save_pretrained(folder)
            letter_tokenizer(self.alphabet, self.specials).save_pretrained(folder)
        return load_model(folder, dtype=dtype, device="cpu", alphabet=self.alphabet.name)

    def _wrapped(self, dtype: str) -> Model:
        tokenizer = letter_tokenizer(self.alphabet, self.specials)
        module = self.made_of(len(tokenizer))
        return Model(
            with_large_weights(module).to(getattr(torch, dtype)).eval(),
            LetterTokenizer(tokenizer, self.alphabet), "sequence", tuple(map(str, range(LABELS))), 40,
            Source("a test", "letters"),
        )  # fmt: skip

    def batch(self, model: Model, *lengths: int) -> Batch:
        """Random sequences of these lengths, with the same target."""
        draw = np.random.default_rng(3)
        letters = ["".join(draw.choice(list(self.alphabet.letters), size=n)) for n in lengths or self.lengths]
        tokens = tuple(model.tokenize(Sequence(x, x, self.alphabet)) for x in letters)
        return Batch(tokens, (Target(3, "fourth", position=self.position),) * len(tokens))


def with_large_weights(module: Any) -> Any:
    """The module, with weights large enough that every part of it matters."""
    with torch.no_grad():
        for parameter in module.parameters():
            draw = torch.randn_like(parameter)
            parameter.copy_(0.3 * draw if parameter.dim() > 1 else parameter + draw / 9)
    return module


ARCHITECTURES = {
    "BERT": Architecture("BertForSequenceClassification", SIZES, PROTEIN, output="attention.output.dense"),
    "ESM-2": Architecture("EsmForSequenceClassification", ESM, PROTEIN, output="attention.output.dense"),
    "T5 encoder": Architecture("T5ForTokenClassification", T5, PROTEIN, output="SelfAttention.o"),
    "T5 encoder, gated": Architecture(
        "T5ForTokenClassification",
        {**T5, "feed_forward_proj": "gated-gelu"},
        PROTEIN,
        output="SelfAttention.o",
    ),
    "DNABERT-2": Architecture(
        "Dnabert2ForSequenceClassification", SIZES, output="attention.output.dense", home=dnabert2
    ),
    "transformer on letters": Architecture(
        "TransformerForSequenceClassification", LETTERS, output="attention.output.dense", home=transformer
    ),
    "transformer on letters, plain": Architecture(
        "TransformerForSequenceClassification",
        {**LETTERS, "convolutions": (), "pooling": "mean"},
        PROTEIN,
        output="attention.output.dense",
        home=transformer,
    ),
    "transformer on letters, per token": Architecture(
        "TransformerForTokenClassification", LETTERS, output="attention.output.dense", home=transformer
    ),
    "ModernBERT": Architecture("ModernBertForSequenceClassification", MODERN, layers=3, output="attn.Wo"),
    "ModernBERT, per token": Architecture(
        "ModernBertForTokenClassification", MODERN, layers=3, output="attn.Wo"
    ),
    "ALBERT": Architecture("AlbertForSequenceClassification", NARROW, output="attention.dense"),
    "ELECTRA": Architecture("ElectraForSequenceClassification", NARROW, output="attention.output.dense"),
    "DistilBERT": Architecture(
        "DistilBertForSequenceClassification",
        {"dim": 12, "n_layers": 2, "n_heads": 3, "hidden_dim": 21, "max_position_embeddings": 40},
        output="attention.out_lin",
    ),
    "DeBERTa-v2": Architecture(
        "DebertaV2ForSequenceClassification", DEBERTA, attention=EAGER, output="attention.output.dense"
    ),
    "RoFormer": Architecture(
        "RoFormerForSequenceClassification", NARROW, attention=EAGER, output="attention.output.dense"
    ),
    "BigBird, full attention": Architecture(
        "BigBirdForSequenceClassification",
        {**SIZES, **NO_OTHERS, "attention_type": "original_full"},
        attention=EAGER,
        output="attention.output.dense",
    ),
    "Longformer": Architecture(
        "LongformerForSequenceClassification", {**SIZES, "attention_window": 6}, attention=EAGER, heads=0
    ),
    "FNet": Architecture("FNetForSequenceClassification", SIZES, attention=EAGER, heads=0, lengths=(9, 9)),
    "EuroBERT": Architecture(
        "EuroBertForSequenceClassification", {**GROUPED, **NO_OTHERS}, heads=6, output="o_proj"
    ),
    "LLaMA": Architecture(
        "LlamaForSequenceClassification", {**GROUPED, **NO_OTHERS}, specials=False, heads=6, output="o_proj"
    ),
    "LLaMA, per token": Architecture(
        "LlamaForTokenClassification", {**GROUPED, **NO_OTHERS}, specials=False, heads=6, output="o_proj"
    ),
    "Mistral": Architecture(
        "MistralForSequenceClassification",
        {**GROUPED, **NO_OTHERS, "sliding_window": 5},
        specials=False,
        heads=6,
        output="o_proj",
    ),
    "Qwen2": Architecture(
        "Qwen2ForSequenceClassification",
        {**GROUPED, "hidden_size": 24},
        specials=False,
        heads=6,
        output="o_proj",
    ),
    "Gemma 2": Architecture(
        "Gemma2ForSequenceClassification",
        {**GROUPED, **NO_OTHERS},
        specials=False,
        attention=EAGER,
        heads=6,
        output="o_proj",
    ),
    "GPT-2": Architecture("GPT2ForSequenceClassification", GPT2, specials=False, output="attn.c_proj"),
    "GPT-2, causal": Architecture("GPT2LMHeadModel", GPT2, specials=False, output="attn.c_proj"),
    "LLaMA, causal": Architecture(
        "LlamaForCausalLM",
        {**GROUPED, **NO_OTHERS, "tie_word_embeddings": False},
        specials=False,
        heads=6,
        output="o_proj",
    ),
    "Mistral, causal": Architecture(
        "MistralForCausalLM",
        {**GROUPED, **NO_OTHERS, "sliding_window": 5},
        specials=False,
        heads=6,
        output="o_proj",
    ),
    "GPT-NeoX": Architecture(
        "GPTNeoXForSequenceClassification",
        {**SIZES, **NO_OTHERS, "hidden_size": 24},
        specials=False,
        output="attention.dense",
    ),
    "Falcon, ALiBi": Architecture(
        "FalconForSequenceClassification",
        {"hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3, "alibi": True, **NO_OTHERS},
        specials=False,
        attention=("sdpa",),
        output="self_attention.dense",
    ),
    "nn.TransformerEncoder, norm after": Architecture(
        lambda words: Encoder(words, norm_first=False), attention=(None,)
    ),
    "nn.TransformerEncoder, norm before": Architecture(
        lambda words: Encoder(words, norm_first=True), attention=(None,)
    ),
    "convolution and attention": Architecture(
        ConvolutionAndAttention, specials=False, attention=(None,), heads=0, lengths=(17, 17)
    ),
    "long convolution": Architecture(
        LongConvolution, specials=False, attention=(None,), heads=0, lengths=(17, 17)
    ),
    "Mamba": Architecture(StateSpace, specials=False, attention=(None,), heads=0, lengths=(7, 7)),
    "spelt out by hand": Architecture(ByHand, attention=(None,), output="outputs.*"),
}

# What cannot be explained, and why.
REFUSED = {
    "Bloom": (
        Architecture(
            "BloomForSequenceClassification",
            {"hidden_size": 12, "n_layer": 2, "n_head": 3, **NO_OTHERS},
            specials=False,
            attention=EAGER,
        ),
        r"relevance went through GeLUFunction, whose operations cannot be seen",
    ),
    "YOSO": (
        Architecture("YosoForSequenceClassification", SIZES, attention=EAGER),
        r"relevance went through YosoCumulation, whose operations cannot be seen",
    ),
    "Nystromformer": (
        Architecture(
            "NystromformerForSequenceClassification",
            {**SIZES, "num_landmarks": 4, "segment_means_seq_len": 8},
            attention=EAGER,
            lengths=(6, 6),
        ),
        r"no relevance rule for the operation torch.Tensor.__rtruediv__",
    ),
    "Reformer": (
        Architecture(
            "ReformerForSequenceClassification",
            {
                "hidden_size": 12,
                "axial_pos_embds_dim": (5, 7),
                "axial_pos_shape": (2, 20),
                "num_attention_heads": 3,
                "attention_head_size": 4,
                "attn_layers": ["local"],
                "local_attn_chunk_length": 4,
                "feed_forward_size": 21,
                "is_decoder": False,
                "eos_token_id": None,
            },
            attention=EAGER,
        ),
        r"relevance went through _ReversibleFunction, whose operations cannot be seen",
    ),
    "CANINE": (
        Architecture(
            "CanineForSequenceClassification",
            {
                **SIZES,
                **NO_OTHERS,
                "hidden_size": 24,
                "num_hash_buckets": 30,
                "local_transformer_stride": 8,
                "downsampling_rate": 2,
            },
            attention=EAGER,
        ),
        r"has no table of token embeddings",
    ),
    "T5 with its decoder": (
        Architecture("T5ForSequenceClassification", {**T5, "eos_token_id": 1}, PROTEIN),
        r"reads its input in 2 places, such as an encoder and a decoder",
    ),
}
