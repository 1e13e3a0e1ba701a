"""What is asked of a model: its task, a logit or a log-likelihood, and sequences that are asked together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from relevome.errors import InputError
from relevome.models.tokens import Tokens

Task = Literal["sequence", "token", "masked", "causal"]

LIKELIHOOD = "log-likelihood"
_PREDICTED, _LIKELIHOOD = -1, -2  # indices that no output has


@dataclass(frozen=True)
class TaskKind:
    """What sets a task apart from others.

    ``by_letter`` is whether there are outputs for every letter; ``language`` whether they are the tokens of
    the vocabulary; ``ahead`` how many tokens before that of a letter they are read; ``called`` what such a
    model is.
    """

    by_letter: bool
    language: bool
    ahead: int
    called: str


TASKS: dict[Task, TaskKind] = {
    "sequence": TaskKind(False, False, 0, "a model of whole sequences"),
    "token": TaskKind(True, False, 0, "a model with outputs for every letter"),
    "masked": TaskKind(True, True, 0, "a masked language model"),
    "causal": TaskKind(True, True, 1, "a causal language model"),
}


@dataclass(frozen=True)
class Target:
    """The logit to explain: an output, optionally at a letter, optionally minus another output.

    ``position`` is a 0-based letter (models with outputs for every letter only); of ``positions`` the sum of
    the logits is meant; ``mask`` hides the letter from a masked language model. Of index -1, each sequence
    has its own output: the most probable. Index -2 is no output but the log-likelihood of the sequence, of a
    causal language model.
    """

    index: int
    label: str
    position: int | None = None
    contrast: int | None = None
    mask: bool = False
    positions: tuple[int, ...] = ()

    @property
    def letters(self) -> tuple[int, ...]:
        """The letters whose logits are meant; none where a sequence has logits as a whole."""
        return self.positions if self.position is None else (self.position,)

    @classmethod
    def predicted(cls, label: str, position: int | None, mask: bool) -> Target:
        """Each sequence's own most probable output."""
        return cls(_PREDICTED, label, position, None, mask)

    @classmethod
    def likelihood(cls) -> Target:
        """The log-likelihood of each sequence."""
        return cls(_LIKELIHOOD, LIKELIHOOD)

    @property
    def is_predicted(self) -> bool:
        """Whether it is each sequence's own most probable output."""
        return self.index == _PREDICTED

    @property
    def is_likelihood(self) -> bool:
        """Whether it is the log-likelihood of each sequence."""
        return self.index == _LIKELIHOOD


@dataclass(frozen=True)
class Batch:
    """Sequences that go through a model together, each with the logit asked of it.

    The targets are alike: all or none of them have a position, or a contrast, or are a log-likelihood.
    ``letter_scores`` says whether the score of every letter is asked for, beside that of the sequence.
    """

    tokens: tuple[Tokens, ...]
    targets: tuple[Target, ...]
    letter_scores: bool = True

    def __post_init__(self) -> None:
        kinds = {(not t.letters, t.contrast is None, t.is_likelihood) for t in self.targets}
        if len(kinds) != 1 or len(self.tokens) != len(self.targets):
            raise ValueError("a batch needs one target for each sequence, all of one kind")

    def __len__(self) -> int:
        return len(self.tokens)

    def alone(self) -> list[Batch]:
        """Every sequence in a batch of its own."""
        pairs = zip(self.tokens, self.targets, strict=True)
        return [Batch((tokens,), (target,), self.letter_scores) for tokens, target in pairs]

    @property
    def width(self) -> int:
        """Tokens of the longest sequence."""
        return max(len(tokens) for tokens in self.tokens)


def token_read(kind: TaskKind, tokens: Tokens, position: int) -> int:
    """The token at which the logits of a letter are read: the one place that says so.

    It is the token over the letter, of overlapping ones the middle one; of a causal model the token before
    the first of them, whose logits are of the next token. Raises InputError where no token is before it.
    """
    if not kind.ahead:
        return tokens.covering(position)
    place = tokens.first_covering(position) - kind.ahead
    if place < 0:
        raise InputError(
            f"letter {position} of sequence {tokens.sequence.id!r} has no token before it, by which "
            f"{kind.called} would predict it: expected --position {int(tokens.ends[0])} or more, or --prefix"
        )
    return place


def at_targets(
    logits: Float[Tensor, "batch ..."], batch: Batch, kind: TaskKind
) -> Float[Tensor, "batch outputs"]:
    """Logits of all outputs, summed over the letters that the targets ask for, if any; or log-likelihoods."""
    first = batch.targets[0]
    if first.is_likelihood:
        return log_likelihoods(logits, batch.tokens)[:, None]
    if not first.letters:
        return logits
    pairs = zip(batch.tokens, batch.targets, strict=True)
    places = [[token_read(kind, tokens, one) for one in target.letters] for tokens, target in pairs]
    if any(len(each) > 1 for each in places):
        return torch.stack([logits[row, each].sum(0) for row, each in enumerate(places)])
    return logits[torch.arange(len(batch), device=logits.device), [each[0] for each in places]]


def scores_of(logits: Float[Tensor, "batch ..."], batch: Batch, kind: TaskKind) -> Float[Tensor, "batch"]:
    """What is asked of every sequence, from all logits (batch, [tokens,] outputs)."""
    return scores_at(at_targets(logits, batch, kind), batch)


def scores_at(outputs: Float[Tensor, "batch outputs"], batch: Batch) -> Float[Tensor, "batch"]:
    """What is asked of every sequence, from the logits of all outputs where its target asks."""
    if batch.targets[0].is_likelihood:
        return outputs[:, 0]
    rows = torch.arange(len(batch), device=outputs.device)
    score = outputs[rows, [target.index for target in batch.targets]]
    if batch.targets[0].contrast is None:
        return score
    return score - outputs[rows, [target.contrast for target in batch.targets]]


def log_likelihoods(
    logits: Float[Tensor, "batch tokens outputs"], sequences: tuple[Tokens, ...]
) -> Float[Tensor, "batch"]:
    """Of each sequence, the sum of the log-probabilities of its tokens, each given those before it.

    Counted are the tokens of letters that have a token before them. Raises InputError for a sequence without
    any such token.
    """
    labels = torch.zeros(logits.shape[:2], dtype=torch.long)
    counted = torch.zeros(logits.shape[:2], dtype=torch.bool)
    for row, tokens in enumerate(sequences):
        labels[row, : len(tokens)] = torch.from_numpy(tokens.ids)
        counted[row, check_predictable(tokens)] = True
    labels, counted = labels[:, 1:].to(logits.device), counted[:, 1:].to(logits.device)
    wide = logits[:, :-1].to(torch.promote_types(logits.dtype, torch.float32))
    each = wide.log_softmax(-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    return each.masked_fill(~counted, 0.0).sum(-1)


def check_read(kind: TaskKind, tokens: Tokens, target: Target) -> None:
    """Raises InputError where a sequence has no token that a target could be read at."""
    if target.is_likelihood:
        check_predictable(tokens)
    for position in target.letters:
        token_read(kind, tokens, position)


def check_predictable(tokens: Tokens) -> list[int]:
    """The tokens of letters that have one before them. Raises InputError if there is none."""
    found = [int(place) for place in (~tokens.special).nonzero()[0] if place > 0]
    if not found:
        raise InputError(
            f"sequence {tokens.sequence.id!r} has no token with another before it, by which a causal "
            "language model would predict it: expected a longer sequence, or --prefix"
        )
    return found
