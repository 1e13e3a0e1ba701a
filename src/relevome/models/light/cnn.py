"""The baseline: a convolutional network on one-hot letters."""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import PreTrainedConfig
from transformers.modeling_outputs import SequenceClassifierOutput

from relevome.data.sequences import ALPHABETS, Alphabet
from relevome.errors import InputError
from relevome.models import fast_mutagenesis
from relevome.models.light.fixed_embedding import FixedEmbedding
from relevome.models.own_tokenizers import letter_vocabulary
from relevome.words import counted

POOLINGS = ("flatten", "max", "mean")
_WIDEST_POOL = 1_000_000


class CnnConfig(PreTrainedConfig):
    """Sizes of a CNN: one convolution block for each of ``filters``, ``widths`` and ``pools``.

    ``pooling`` says how positions become one vector: ``flatten`` keeps them and so takes sequences
    of ``sequence_length`` letters only; ``max`` and ``mean`` take any length.
    """

    # transformers adds to __init__ what the fields do not name; run-time type checks cannot see that
    __no_type_check__ = True

    model_type = "relevome-cnn"
    alphabet: str = "dna"
    filters: tuple[int, ...] | list[int] = (64, 64)
    widths: tuple[int, ...] | list[int] = (11, 7)
    pools: tuple[int, ...] | list[int] = (2, 2)
    pooling: str = "max"
    sequence_length: int | None = None
    hidden_size: int = 64
    dropout: float = 0.3

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        if not len(self.filters) == len(self.widths) == len(self.pools) > 0:
            raise InputError(
                f"the CNN has {counted(len(self.filters), 'filter')}, {counted(len(self.widths), 'width')} "
                f"and {counted(len(self.pools), 'pool')}: expected one of each for every block"
            )
        if any(width < 1 or width % 2 == 0 for width in self.widths):
            raise InputError(f"the CNN has widths {list(self.widths)}: expected odd numbers, with a middle")
        if any(not 1 <= pool <= _WIDEST_POOL for pool in self.pools):
            raise InputError(
                f"the CNN has pools {list(self.pools)}: expected numbers from 1 to {_WIDEST_POOL:,}"
            )
        if self.pooling not in POOLINGS:
            raise InputError(f"unknown pooling {self.pooling!r}: expected one of {', '.join(POOLINGS)}")
        if (self.pooling == "flatten") != (self.sequence_length is not None):
            raise InputError(
                f"the CNN has pooling {self.pooling!r} and sequence_length {self.sequence_length}: "
                "expected a length with flatten, and none with max or mean"
            )
        if self.alphabet not in ALPHABETS:
            raise InputError(f"unknown alphabet {self.alphabet!r}: expected one of {', '.join(ALPHABETS)}")


class Cnn(nn.Module):
    """Fixed one-hot embedding, blocks of convolution, ReLU and max pooling, and two linear layers.

    `relevome.models.cnn` has it as a model of transformers, by whose name it is ``known_as``.
    """

    known_as = "CnnForSequenceClassification"
    config: CnnConfig

    def __init__(self, config: CnnConfig) -> None:
        super().__init__()
        self.config = config
        self.build(config)

    def build(self, config: CnnConfig) -> None:
        """Make all layers."""
        tokens, letters = token_vectors(ALPHABETS[config.alphabet]).shape
        channels = (letters, *config.filters)
        self.embedding = FixedEmbedding(tokens, letters)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels[i], channels[i + 1], width, padding=width // 2)
            for i, width in enumerate(config.widths)
        )
        self.hidden = nn.Linear(channels[-1] * _positions_left(config), config.hidden_size)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden_size, cast(int, config.num_labels))

    def get_input_embeddings(self) -> nn.Embedding:
        """The fixed one-hot table, (vocabulary, letters)."""
        return self.embedding

    def forward(
        self,
        input_ids: Int[Tensor, "batch tokens"],
        attention_mask: Int[Tensor, "batch tokens"] | None = None,
    ) -> SequenceClassifierOutput:
        """Logits (batch, labels).

        Positions outside ``attention_mask`` never change a result. Raises ``InputError`` where
        pooling is ``flatten`` and a sequence has another length than ``config.sequence_length``.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        self._check_length(attention_mask)
        vectors = self.embedding(input_ids)
        mask = attention_mask.unsqueeze(1).to(vectors.dtype)
        x = vectors.transpose(1, 2) * mask
        for convolution, pool in zip(self.convolutions, self.config.pools, strict=True):
            # After ReLU nothing is below the zero of a masked position, so it never wins the maximum.
            x = F.relu(convolution(x)) * mask
            x, mask = (F.max_pool1d(y, pool, ceil_mode=True) for y in (x, mask))
        logits = self._outputs(self.hidden(self._pool(x, mask)))
        return SequenceClassifierOutput(logits=logits)

    @torch.no_grad()
    def substitution_logits(
        self,
        input_ids: Int[Tensor, "1 tokens"],
        places: Int[Tensor, "mutants"],
        ids: Int[Tensor, "mutants"],
    ) -> Float[Tensor, "mutants outputs"] | None:
        """Logits of one sequence with single tokens replaced: mutant m has ``ids[m]`` at ``places[m]``.

        Only what a substitution reaches is computed; None where that is most of the sequence, so that the
        plain way is no slower.
        """
        self._check_length(torch.ones_like(input_ids))
        if not self.substitutions_pay(input_ids.shape[1], len(places)):
            return None
        return self.logits_with_substitutions(input_ids, torch.zeros_like(places), places, ids)[1]

    @torch.no_grad()
    def logits_with_substitutions(
        self,
        input_ids: Int[Tensor, "sequences tokens"],
        of: Int[Tensor, "mutants"],
        places: Int[Tensor, "mutants"],
        ids: Int[Tensor, "mutants"],
    ) -> tuple[Float[Tensor, "sequences outputs"], Float[Tensor, "mutants outputs"]]:
        """Logits of sequences of one length, and of them with single tokens replaced.

        Mutant m is sequence ``of[m]`` with ``ids[m]`` at ``places[m]``; of it only what that reaches is
        computed.
        """
        self._check_length(torch.ones_like(input_ids))
        vectors = self.embedding(input_ids)
        blocks = fast_mutagenesis.unchanged(vectors.transpose(1, 2), self.convolutions, self.config.pools)
        after = blocks[-1].after
        whole = (
            after.amax(2)
            if self.config.pooling == "max"
            else self._pool(after, torch.ones_like(after[:, :1]))
        )
        own = self._outputs(self.hidden(whole))
        head = fast_mutagenesis.HEADS[self.config.pooling](blocks[-1], self.hidden)
        logits = own.new_empty(len(places), self.classifier.out_features)
        more = self.embedding(ids) - vectors[of, places]
        for some, changes in fast_mutagenesis.changes(blocks, of, places, more):
            logits[some] = self._outputs(head(changes))
        return own, logits

    def substitutions_pay(self, tokens: int, mutants: int) -> bool:
        """Whether so many mutants of that length are quicker by computing only what they change."""
        return fast_mutagenesis.pays(self.convolutions, self.config.pools, tokens, mutants)

    def _outputs(self, hidden: Float[Tensor, "batch hidden"]) -> Float[Tensor, "batch outputs"]:
        return self.classifier(self.dropout(F.relu(hidden)))

    def _pool(
        self, x: Float[Tensor, "batch channels positions"], mask: Float[Tensor, "batch 1 positions"]
    ) -> Float[Tensor, "batch features"]:
        if self.config.pooling == "flatten":
            return x.flatten(1)
        if self.config.pooling == "max":
            return F.max_pool1d(x, x.shape[-1]).squeeze(-1)
        return x.sum(-1) / mask.sum(-1)

    def _check_length(self, attention_mask: Tensor) -> None:
        expected = self.config.sequence_length
        if expected is None:
            return
        given = attention_mask.shape[1]
        if given == expected:
            given = int(attention_mask.sum(1).min())
        if given != expected:
            raise InputError(
                f"a sequence has {counted(given, 'letter')} but the CNN was made for exactly {expected}: "
                "cut or extend it to that length, or train a CNN with pooling max or mean"
            )


def token_vectors(alphabet: Alphabet) -> Float[Tensor, "vocabulary letters"]:
    """What each token is to the CNN: one-hot for a letter, the mean of its letters for a code.

    Padding, mask and unknown tokens are zero, and so are residues without a column (U and O).
    """
    vocabulary = letter_vocabulary(alphabet)
    vectors = torch.zeros(len(vocabulary), len(alphabet.letters))
    for letter in alphabet.all_letters:
        meant = alphabet.ambiguous.get(letter, letter)
        columns = [alphabet.letters.index(x) for x in meant if x in alphabet.letters]
        vectors[vocabulary[letter], columns] = 1 / max(len(columns), 1)
    return vectors


def _positions_left(config: CnnConfig) -> int:
    """Positions that the hidden layer sees: one, or with ``flatten`` what pooling leaves of the length."""
    positions = config.sequence_length or 1
    for pool in config.pools:
        positions = -(-positions // pool)
    return positions
