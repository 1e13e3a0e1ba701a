"""The sizes of an annotator, and how far its parts see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from transformers import PreTrainedConfig

from relevome.data.sequences import ALPHABETS
from relevome.errors import InputError
from relevome.models.own_tokenizers import letter_vocabulary

LAYOUTS = ("sliding", "segments")


class AnnotatorConfig(PreTrainedConfig):
    """Sizes of an annotator, by default those published (`published`); `small` ones train on a CPU.

    ``memory`` letters to the left of a letter are what it attends to beside itself, and as many to its right
    if ``bidirectional``. Else what is said of a letter is read off ``downstream`` letters further on.
    ``segment`` letters go through the network at a time; in the layout ``sliding`` that changes no result, in
    ``segments``, the published one, ``convolution`` and ``memory`` end where segments do.
    """

    # transformers adds to __init__ what the fields do not name; run-time type checks cannot see that
    __no_type_check__ = True

    model_type = "relevome-annotator"
    published: ClassVar[Mapping[str, Any]] = {
        "num_hidden_layers": 6, "num_attention_heads": 6, "head_size": 32, "hidden_size": 32,
        "convolution": 7, "segment": 512, "memory": 512, "downstream": 20, "dropout": 0.1,
    }  # fmt: skip
    small: ClassVar[Mapping[str, Any]] = {
        "num_hidden_layers": 3, "num_attention_heads": 8, "head_size": 16, "hidden_size": 64,
        "convolution": 7, "segment": 512, "memory": 96, "downstream": 20, "dropout": 0.1,
    }  # fmt: skip
    alphabet: str = "dna"
    vocab_size: int | None = None
    num_hidden_layers: int = 6
    num_attention_heads: int = 6
    head_size: int = 32
    hidden_size: int = 32
    convolution: int = 7
    segment: int = 512
    memory: int = 512
    downstream: int = 20
    dropout: float = 0.1
    bidirectional: bool = False
    layout: str = "sliding"

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        self._check_names()
        self._check_sizes()

    @property
    def vocabulary(self) -> dict[str, int]:
        """Token to index, of a tokenizer of single letters; see `letter_vocabulary`."""
        alphabet = ALPHABETS[self.alphabet]
        plain, bracketed = letter_vocabulary(alphabet), letter_vocabulary(alphabet, specials=True)
        return bracketed if self.vocab_size == len(bracketed) else plain

    @property
    def look_ahead(self) -> int:
        """How many letters further on the state is from which a letter's logits are read."""
        return 0 if self.bidirectional or self.layout == "segments" else self.downstream

    @property
    def attended(self) -> tuple[int, int]:
        """How many letters to the left and to the right a letter attends to, beside itself.

        In the published layout the letter is one of ``memory``, and without memory its segment is seen.
        """
        if self.layout == "segments":
            return (self.memory or self.segment) - 1, 0
        return self.memory, self.memory if self.bidirectional else 0

    @property
    def convolved(self) -> tuple[int, int]:
        """How many letters to the left and to the right the convolution sees, beside the letter itself.

        In a causal network it ends at the letter, so that no more than ``downstream`` letters ahead are seen.
        Where the network looks to both sides, and in the published layout, the letter is in its middle.
        """
        half = self.convolution // 2
        causal = self.layout == "sliding" and not self.bidirectional
        return (self.convolution - 1, 0) if causal else (half, half)

    @property
    def reach(self) -> tuple[int, int]:
        """How many letters to the left and to the right of a letter, or of a segment, one layer sees."""
        if self.layout == "segments":
            return self.memory, 0
        left, right = (sum(pair) for pair in zip(self.attended, self.convolved, strict=True))
        return left, right

    @property
    def context(self) -> tuple[int, int]:
        """How many letters to the left and to the right the logits of a letter can depend on.

        In the published layout it is counted from the edges of the letter's segment.
        """
        left, right = (self.num_hidden_layers * letters for letters in self.reach)
        return max(left - self.look_ahead, 0), right + self.look_ahead

    def _check_names(self) -> None:
        if self.alphabet not in ALPHABETS:
            raise InputError(f"unknown alphabet {self.alphabet!r}: expected one of {', '.join(ALPHABETS)}")
        if self.layout not in LAYOUTS:
            raise InputError(f"unknown layout {self.layout!r}: expected one of {', '.join(LAYOUTS)}")
        if self.layout == "segments" and self.bidirectional:
            raise InputError(
                "the published layout 'segments' looks to the left only: expected layout 'sliding'"
            )
        self.vocab_size = len(self.vocabulary) if self.vocab_size is None else self.vocab_size
        if self.vocab_size != len(self.vocabulary):
            raise InputError(
                f"the annotator has a vocabulary of {self.vocab_size}: expected {len(self.vocabulary)}, for "
                f"single letters of {self.alphabet}"
            )

    def _check_sizes(self) -> None:
        if self.convolution < 1 or self.convolution % 2 == 0:
            raise InputError(f"the annotator has a convolution of {self.convolution}: expected an odd number")
        if self.hidden_size % 2:
            raise InputError(f"the annotator has hidden_size {self.hidden_size}: expected an even number")
        least = {"segment": 1, "memory": 0, "downstream": 0}
        for name, size in least.items():
            if getattr(self, name) < size:
                raise InputError(f"the annotator has {name} {getattr(self, name)}: expected at least {size}")
