"""A model made by hand, whose heads attend to motifs at a distance: what they look for is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from relevome.data import sequences as sequence
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA
from relevome.models.base import Model, Source, Target
from relevome.models.light.cnn import token_vectors
from relevome.models.light.fixed_embedding import FixedEmbedding
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer

LENGTH, SITE = 90, 60


@dataclass(frozen=True)
class Looking:
    """A head that attends to a motif which starts at one of some distances from the letter that looks."""

    motif: Motif
    distances: range


class PlantedAttention(nn.Module):
    """One layer, one head for each of ``looking`` and a last one that looks ten letters back.

    A head attends to the first letter of its motif by log odds, and to the letter that looks where those are
    below ``rest``. The logits of a letter are its heads' values, which are those odds too, and their sum. The
    last head brings the odds of the motif ``back``, or nothing.
    """

    def __init__(self, looking: Sequence[Looking], rest: float, back: Motif | None = None) -> None:
        super().__init__()
        self.rest = rest
        vectors = token_vectors(DNA)
        self.embedding = FixedEmbedding(*vectors.shape)
        self.embedding.weight.copy_(vectors)
        self.looking = looking
        self.scale = nn.Parameter(torch.ones(1))
        self.odds = [_odds(head.motif) for head in looking]
        self.back = None if back is None else _odds(back)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.embedding

    def forward(self, input_ids: Tensor) -> SimpleNamespace:
        letters = self.embedding(input_ids)
        places = torch.arange(letters.shape[1])
        apart = places - places[:, None]
        fits = [self._fit(letters, one) for one in self.odds]
        fits.append(0 * letters.sum(-1) if self.back is None else self._fit(letters, self.back))
        logits = [
            fit[:, None]
            .masked_fill((apart < head.distances.start) | (apart >= head.distances.stop), -30.0)
            .masked_fill(apart == 0, self.rest)
            for fit, head in zip(fits, self.looking, strict=False)
        ]
        logits.append(torch.where(apart == -10, 0.0, -30.0).expand_as(logits[0]))
        values = torch.stack(fits, 1).unsqueeze(-1) * self.scale
        context = torch.softmax(torch.stack(logits, 1), dim=-1) @ values
        by_head = context.squeeze(-1).transpose(1, 2)
        return SimpleNamespace(logits=torch.cat([by_head, by_head.sum(-1, keepdim=True)], -1))

    def _fit(self, letters: Tensor, odds: Tensor) -> Tensor:
        """Log odds of the motif starting at each letter; hardly any off the end."""
        seen = F.pad(letters[..., : odds.shape[1]], (0, 0, 0, len(odds) - 1))
        return F.conv1d(seen.transpose(1, 2), odds.T[None]).squeeze(1)


def _odds(motif: Motif) -> Tensor:
    return torch.from_numpy(np.log((motif.probabilities + 0.01) / 0.26)).float()


def planted_model(*looking: Looking, rest: float = 4.0, back: Motif | None = None) -> Model:
    """The model as relevome has models; its last output is the sum over all heads."""
    module = PlantedAttention(looking, rest, back)
    labels = (*(head.motif.name for head in looking), "back", "sum")
    tokenizer = LetterTokenizer(letter_tokenizer(DNA))
    return Model(module, tokenizer, "token", labels, None, Source("planted", "letters"))


def target(model: Model) -> Target:
    """The sum over all heads at the site."""
    return Target(len(model.labels) - 1, "sum", position=SITE)


def planted_windows(
    rng: np.random.Generator, count: int, looking: Sequence[Looking], share: float = 0.6
) -> list[sequence.Sequence]:
    """Random letters around a site; each motif at one of its distances in ``share`` of them."""
    windows = []
    for number in range(count):
        letters = rng.choice(list(DNA.letters), LENGTH)
        for head in looking:
            if rng.random() < share:
                start = SITE + int(rng.choice(head.distances))
                letters[start : start + len(head.motif)] = list(head.motif.sample(rng))
        windows.append(sequence.Sequence(f"window{number}", "".join(letters), DNA))
    return windows


def made_up_motif(name: str, rng: np.random.Generator, length: int) -> Motif:
    """Positions that mostly keep to one letter."""
    return Motif(name, name, rng.dirichlet([0.15] * 4, size=length), DNA)
