"""The sizes of a transformer on letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from transformers import EsmConfig

from relevome.errors import InputError

POOLINGS = ("mean", "positions")


class TransformerConfig(EsmConfig):
    """Sizes of a transformer whose layers are those of ESM-2, with rotary positions.

    Letters are vectors of ``embedding_size``, made into channels by one convolution for each width of
    ``convolutions``, or without any by a linear layer. A head for whole sequences reads the mean over
    letters; with ``pooling`` ``positions`` each channel has a weight at every place, from the first token on,
    which is for sequences of one length that are aligned. ``small`` sizes train on a CPU, ``plain`` are the
    same without convolutions.
    """

    # transformers adds to __init__ what the fields do not name; run-time type checks cannot see that
    __no_type_check__ = True

    model_type = "relevome-transformer"
    small: ClassVar[Mapping[str, Any]] = {
        "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 128,
        "embedding_size": 16, "convolutions": (11,),
    }  # fmt: skip
    plain: ClassVar[Mapping[str, Any]] = {**small, "convolutions": ()}
    embedding_size: int = 16
    convolutions: tuple[int, ...] | list[int] = (11,)
    pooling: str = "mean"
    position_embedding_type: str | None = "rotary"
    hidden_dropout_prob: float | None = 0.2
    attention_probs_dropout_prob: float | None = 0.0
    layer_norm_eps: float | None = 1e-5
    tie_word_embeddings: bool = False

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if any(width < 1 or width % 2 == 0 for width in self.convolutions):
            raise InputError(
                f"the transformer has convolutions {list(self.convolutions)}: expected odd widths, with a "
                "middle"
            )
        if self.pooling not in POOLINGS:
            raise InputError(f"unknown pooling {self.pooling!r}: expected one of {', '.join(POOLINGS)}")
        if self.hidden_size % (2 * self.num_attention_heads):
            raise InputError(
                f"the transformer has hidden_size {self.hidden_size} and {self.num_attention_heads} heads: "
                "expected an even number of channels in each"
            )
        if self.position_embedding_type != "rotary":
            raise InputError(
                f"the transformer has position_embedding_type {self.position_embedding_type!r}: expected "
                "'rotary'"
            )
