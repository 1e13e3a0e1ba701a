"""A model whose curves are known in closed form: embeddings of letters, their mean, and a linear layer."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn

from relevome.data.sequences import PROTEIN, Sequence
from relevome.models.base import Model, Source, Target
from relevome.models.batching import FixedBatchSize
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

TARGET = Target(1, "second")


class MeanOfLetters(nn.Module):
    """Logits are the mean over letters of what each letter is worth; counts its passes and rows."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, 5)
        self.head = nn.Linear(5, 3)
        self.shapes: list[tuple[int, ...]] = []

    def get_input_embeddings(self) -> nn.Embedding:
        return self.words

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        self.shapes.append(tuple(input_ids.shape))
        weights = attention_mask.double().unsqueeze(-1)
        mean = (self.words(input_ids) * weights).sum(1) / weights.sum(1)
        return SimpleNamespace(logits=self.head(mean))


def additive_model(rows: int = 4) -> Model:
    """The model on residues, in double precision, with the same weights every time."""
    tokenizer = letter_tokenizer(PROTEIN)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = MeanOfLetters(len(tokenizer)).double()
    model = Model(
        module, LetterTokenizer(tokenizer, PROTEIN), "sequence", ("a", "b", "c"), None,
        Source("made here", "letters"),
    )  # fmt: skip
    return model.with_batch_sizes(FixedBatchSize(rows))


def worth(model: Model, letters: str) -> np.ndarray:
    """What every letter adds to the explained logit, before the mean over letters."""
    ids = [model.tokenizer.hf.get_vocab()[letter] for letter in letters]
    module = model.module
    assert isinstance(module, MeanOfLetters)
    table = module.words.weight.detach().numpy() @ module.head.weight.detach().numpy()[TARGET.index]
    return table[ids] + module.head.bias.detach().numpy()[TARGET.index]


def proteins(*lengths: int, seed: int = 0) -> list[Sequence]:
    """Random residues."""
    draw = np.random.default_rng(seed)
    return [
        Sequence(f"s{i}", "".join(draw.choice(list(PROTEIN.letters), n)), PROTEIN)
        for i, n in enumerate(lengths)
    ]


def truth(model: Model, sequence: Sequence, filler: str = "X") -> np.ndarray:
    """What every letter adds to the logit over a filler: its exact relevance."""
    return (worth(model, sequence.letters) - worth(model, filler)) / len(sequence)
