"""The sizes of a DNABERT-2, and how its checkpoints are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from transformers import PreTrainedConfig

from relevome.errors import InputError

# What a published config.json says of the code that came with it, and of positions, which ALiBi does without.
_FOREIGN = (
    "auto_map",
    "model_type",
    "max_position_embeddings",
    "position_embedding_type",
    "gradient_checkpointing",
    "use_cache",
)


class Dnabert2Config(PreTrainedConfig):
    """Sizes of a DNABERT-2, by default those of the published one.

    ``alibi_starting_size`` is kept for those who read it: no length is too long here. ``small`` sizes, with
    a byte-pair encoding of ``byte_pairs`` tokens, are what ``relevome train --arch dnabert2`` begins with.
    """

    # transformers adds to __init__ what the fields do not name; run-time type checks cannot see that
    __no_type_check__ = True

    model_type = "relevome-dnabert2"
    small: ClassVar[Mapping[str, int]] = {
        "hidden_size": 128, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 256,
    }  # fmt: skip
    byte_pairs: ClassVar[int] = 512
    vocab_size: int = 4096
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.0
    classifier_dropout: float | None = None
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    alibi_starting_size: int = 512
    pad_token_id: int | None = None
    tie_word_embeddings: bool = True

    @classmethod
    def claims(cls, fields: Mapping[str, Any]) -> bool:
        """Whether a config.json that does not name this architecture describes it all the same.

        The published one names its own code instead; copies name other places for it, none, or BERT.
        """
        if fields.get("model_type") not in (None, "", "bert"):
            return False
        code = fields.get("auto_map")
        named = code.values() if isinstance(code, Mapping) else ()
        return "alibi_starting_size" in fields or any("bert_layers.Bert" in str(name) for name in named)

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**{name: value for name, value in kwargs.items() if name not in _FOREIGN})
        if self.hidden_act != "gelu":
            raise InputError(f"DNABERT-2 has hidden_act {self.hidden_act!r}: expected 'gelu'")
        if self.hidden_size % self.num_attention_heads:
            raise InputError(
                f"DNABERT-2 has hidden_size {self.hidden_size} and {self.num_attention_heads} heads: "
                "expected a multiple of the number of heads"
            )
