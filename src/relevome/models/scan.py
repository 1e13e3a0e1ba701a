"""A scan for motifs in a fixed order before a site, as a model: what there was before networks learnt it.

Any command that takes a model with classes for every letter takes it, `relevome annotate` among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedConfig, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import TokenClassifierOutput

from relevome.data.sequences import ALPHABETS
from relevome.data.simulation.grammar import Unit
from relevome.errors import InputError
from relevome.models.hugging_face import quiet
from relevome.models.light.cnn import token_vectors
from relevome.models.light.fixed_embedding import FixedEmbedding
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.words import counted

# Of a number of letters that was never seen: impossible, but finite.
_NEVER = -30.0


class ScanConfig(PreTrainedConfig):
    """Sizes of a scan: letters of every motif, and how many lie behind each of them.

    ``spacers`` are the fewest and most letters between two motifs, ``gap`` those between the last motif and
    the site.
    """

    # transformers adds to __init__ what the fields do not name; run-time type checks cannot see that
    __no_type_check__ = True

    model_type = "relevome-scan"
    alphabet: str = "dna"
    widths: tuple[int, ...] | list[int] = (6, 6)
    spacers: tuple[Any, ...] | list[Any] = ((15, 19),)
    gap: tuple[int, ...] | list[int] = (4, 10)

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if self.alphabet not in ALPHABETS:
            raise InputError(f"unknown alphabet {self.alphabet!r}: expected one of {', '.join(ALPHABETS)}")
        if not self.widths or len(self.spacers) != len(self.widths) - 1 or min(self.widths) < 1:
            raise InputError(
                f"a scan for motifs of {list(self.widths)} letters with "
                f"{counted(len(self.spacers), 'spacer')}: expected one motif or more, and a spacer less"
            )
        for pair in (*self.spacers, self.gap):
            if len(pair) != 2 or not 0 <= pair[0] <= pair[1]:
                raise InputError(f"a scan with {pair} letters behind a motif: expected fewest and most")

    @property
    def reach(self) -> int:
        """How many letters before a site the first motif may begin."""
        return sum(self.widths) + sum(most for _, most in (*self.spacers, self.gap))


class ScanForTokenClassification(PreTrainedModel):
    """Log odds that a site follows: those of the motifs where they fit best together, and of their distances.

    For every letter the highest sum, over all places that the spacers and the gap allow, of the log odds of
    each motif's letters (Stormo 2000, doi 10.1093/bioinformatics/16.1.16) and of the log probabilities of the
    spacers and the gap. The other class has the logit 0. Not calibrated: the best of many is not one.
    """

    config_class = ScanConfig
    config: ScanConfig

    def __init__(self, config: ScanConfig) -> None:
        super().__init__(config)
        tokens, letters = token_vectors(ALPHABETS[config.alphabet]).shape
        self.embedding = FixedEmbedding(tokens, letters)
        self.odds = nn.ParameterList(torch.zeros(letters, width) for width in config.widths)
        self.distances = nn.ParameterList(
            torch.zeros(most - fewest + 1) for fewest, most in (*config.spacers, config.gap)
        )
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        """The fixed one-hot table, (vocabulary, letters)."""
        return self.embedding

    def forward(
        self,
        input_ids: Int[Tensor, "batch letters"],
        attention_mask: Int[Tensor, "batch letters"] | None = None,
        **_: Any,
    ) -> TokenClassifierOutput:
        """Logits (batch, letters, 2); unknown letters are read before the first one."""
        vectors = self.embedding(input_ids)
        unknown = vectors.new_full((vectors.shape[-1],), 1 / vectors.shape[-1])
        if attention_mask is not None:
            vectors = torch.where(attention_mask.bool().unsqueeze(-1), vectors, unknown)
        before = unknown.expand(len(vectors), self.config.reach, -1)
        scores = self._best(torch.cat([before, vectors], 1).transpose(1, 2))
        return TokenClassifierOutput(logits=torch.stack([torch.zeros_like(scores), scores], -1))

    def _best(self, letters: Float[Tensor, "batch channels more"]) -> Float[Tensor, "batch letters"]:
        """The best sum for every letter that has ``reach`` letters before it."""
        best, begins = letters.new_zeros(len(letters), letters.shape[-1] + 1), 0
        for odds, most, chances in self._steps():
            # best[k] is of motifs that end before letter `begins` + k
            best = best[:, : letters.shape[-1] - begins - odds.shape[1] + 1]
            best = best + F.conv1d(letters[..., begins:], odds.unsqueeze(0)).squeeze(1)
            begins += odds.shape[1] + most
            best = (best.unfold(-1, len(chances), 1) + chances.flip(0)).amax(-1)
        return best[:, : letters.shape[-1] - begins]

    def _steps(self) -> Iterator[tuple[Tensor, int, Tensor]]:
        """For every motif its log odds, and how many letters may follow it: the most, and how likely each."""
        ends = (*self.config.spacers, self.config.gap)
        for odds, (_, most), chances in zip(self.odds, ends, self.distances, strict=True):
            yield odds, most, chances

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            init.copy_(module.weight, token_vectors(ALPHABETS[self.config.alphabet]))


def scan_for(
    unit: Unit, gap: Mapping[int, float], background: Float[np.ndarray, " letters"]
) -> ScanForTokenClassification:
    """A scan for the motifs of a unit, and as many letters before the site as ``gap`` has probabilities for.

    ``background`` are the frequencies of letters anywhere. Raises InputError for a letter that a motif never
    has: its odds would be nothing.
    """
    ends = (*unit.spacers, gap)
    pairs = [(min(chances), max(chances)) for chances in ends]
    config = ScanConfig(
        alphabet=unit.motifs[0].alphabet.name,
        widths=[len(motif) for motif in unit.motifs],
        spacers=pairs[:-1],
        gap=pairs[-1],
        id2label={0: "none", 1: "site"},
    )
    module = ScanForTokenClassification(config).eval()
    with torch.no_grad():
        for odds, motif in zip(module.odds, unit.motifs, strict=True):
            if not motif.probabilities.all():
                raise InputError(f"motif {motif.id!r} has letters of probability 0: expected pseudocounts")
            odds.copy_(torch.from_numpy(np.log(motif.probabilities / background).T))
        for chances, (fewest, most), given in zip(module.distances, pairs, ends, strict=True):
            logs = [np.log(p) if (p := given.get(n, 0)) else _NEVER for n in range(fewest, most + 1)]
            chances.copy_(torch.tensor(logs))
    return module


def save_scan(module: ScanForTokenClassification, folder: Path) -> None:
    """The scan as a model folder."""
    with quiet():
        module.save_pretrained(folder)
        letter_tokenizer(ALPHABETS[module.config.alphabet]).save_pretrained(folder)


AutoConfig.register(ScanConfig.model_type, ScanConfig)
AutoModelForTokenClassification.register(ScanConfig, ScanForTokenClassification)
