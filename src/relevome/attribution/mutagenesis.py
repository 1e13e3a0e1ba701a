"""In-silico saturation mutagenesis: every letter at every position, and what it does to the score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int

from relevome.attribution import methods
from relevome.attribution.relevance import Relevance
from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.batching import MOST_ROWS, like_lengths
from relevome.models.questions import check_read
from relevome.models.tokens import Tokens


@methods.register("mutagenesis")
@dataclass(frozen=True)
class Mutagenesis:
    """Score of every single-letter mutant, each tokenised afresh.

    ``letter_scores[p, b]`` is the score with letter b at position p minus the score of the sequence; a
    letter's relevance is minus the mean over the other letters. The note ``mutants_retokenised`` counts those
    of the ``mutants`` in which a token changed that does not cover the mutated letter.
    """

    suits: ClassVar[str] = (
        "for any model and sequences that are not long; 3 forward passes for each base, 19 for each "
        "residue; gives relevance and scores of every letter, no token_relevance"
    )
    always_letter_scores: ClassVar[bool] = True
    rows_each: ClassVar[int] = MOST_ROWS  # its mutants fill passes of their own

    def attribute(self, model: Model, batch: Batch) -> list[Relevance]:
        """Relevance of every letter; see `Method`."""
        with model.frozen(), torch.inference_mode():
            return [
                self._one(model, t, target) for t, target in zip(batch.tokens, batch.targets, strict=True)
            ]

    def _one(self, model: Model, tokens: Tokens, target: Target) -> Relevance:
        score, effects, retokenised = _effects(model, tokens, target)
        others = other_letters(tokens.sequence)
        return Relevance(
            tokens, target, score, letters=-effects.sum(1) / others, letter_scores=effects,
            notes={"mutants": int(others.sum()), "mutants_retokenised": retokenised},
        )  # fmt: skip


def effects_at(
    model: Model, tokens: Tokens, target: Target, places: Int[np.ndarray, "places"]
) -> Float[np.ndarray, "places alphabet"]:
    """``letter_scores`` of `Mutagenesis` at some letters (0-based), without asking about any other.

    Their relevance is minus the sum over the alphabet, over `other_letters`. Raises InputError for tokens
    that the tokenizer would not give by itself, and for a mutant that cannot be asked.
    """
    with model.frozen(), torch.inference_mode():
        return _effects(model, tokens, target, places)[1][places]


def other_letters(sequence: Sequence) -> Int[np.ndarray, "letters"]:
    """How many other letters of the alphabet there are for every letter: all of them for an unknown one."""
    return (~_is_letter(sequence)).sum(1)


def _effects(
    model: Model, tokens: Tokens, target: Target, places: Int[np.ndarray, "places"] | None = None
) -> tuple[float, Float[np.ndarray, "letters alphabet"], int]:
    """The score, what every substitution does to it, and how many mutants are tokenised otherwise."""
    wild = Batch((tokens,), (target,))
    score = model.scores(model.inputs(wild), wild).item()
    scores, retokenised = _all_mutants(model, tokens, target, score, places)
    return score, scores - score, retokenised


def _all_mutants(
    model: Model, tokens: Tokens, target: Target, score: float, places: Int[np.ndarray, "places"] | None
) -> tuple[Float[np.ndarray, "letters alphabet"], int]:
    """Scores of all mutants, the sequence's own letters included, and how many are tokenised otherwise.

    With ``places`` all others stay as they are.
    """
    sequence = tokens.sequence
    own = _is_letter(sequence)
    if places is not None:
        own[~np.isin(np.arange(len(own)), places)] = True
    scores = np.full(own.shape, score)
    positions, letters = (index.tolist() for index in np.nonzero(~own))
    ids = model.tokenizer.letter_ids()
    if model.tokenizer.one_letter_always and tokens.one_letter_each and ids is not None:
        places, new = np.flatnonzero(~tokens.special)[positions], np.array(ids)[letters]
        found = np.full(len(places), score)
        if (seen := places <= _last_seen(model, tokens, target)).any():
            found[seen] = model.substituted_scores(tokens, target, places[seen], new[seen])
        scores[~own] = found
        return scores, 0
    if not np.array_equal(tokens.ids, model.tokenize(sequence).ids):
        raise InputError(
            "mutagenesis compares mutants, which are tokenised as the tokenizer does it, with the sequence: "
            "leave --tokenisations out"
        )
    mutants = [
        _mutant(model, sequence, p, sequence.alphabet.letters[b], target)
        for p, b in zip(positions, letters, strict=True)
    ]
    scores[~own] = _ragged_scores(model, mutants, target)
    return scores, sum(_changed_elsewhere(tokens, m, p) for m, p in zip(mutants, positions, strict=True))


def _last_seen(model: Model, tokens: Tokens, target: Target) -> int:
    """The last token that the target can depend on: of a letter by a causal model, where it is read."""
    if not model.kind.ahead or not target.letters:
        return len(tokens) - 1
    return max(model.token_read(tokens, position) for position in target.letters)


def _is_letter(sequence: Sequence) -> np.ndarray:
    """True where the sequence has this letter of its alphabet, (letters, alphabet)."""
    return np.array(list(sequence.letters))[:, None] == np.array(list(sequence.alphabet.letters))


def _mutant(model: Model, sequence: Sequence, position: int, letter: str, target: Target) -> Tokens:
    letters = sequence.letters[:position] + letter + sequence.letters[position + 1 :]
    tokens = model.tokenize(replace(sequence, letters=letters))
    try:
        check_read(model.kind, tokens, target)
    except InputError as error:
        raise InputError(f"with {letter} at position {position}, {error}") from error
    return tokens


def _ragged_scores(model: Model, mutants: list[Tokens], target: Target) -> np.ndarray:
    """Scores of sequences of unlike lengths, the like ones together."""
    scores = np.zeros(len(mutants))
    for some in like_lengths(model, [len(mutant) for mutant in mutants]):
        batch = Batch(tuple(mutants[i] for i in some), (target,) * len(some))
        scores[some] = model.scores(model.inputs(batch), batch).cpu().double().numpy()
    return scores


def _changed_elsewhere(wild: Tokens, mutant: Tokens, position: int) -> bool:
    """Whether a token that does not cover the mutated letter is another one than before."""
    return _tokens_beside(wild, position) != _tokens_beside(mutant, position)


def _tokens_beside(tokens: Tokens, position: int) -> list[list[int]]:
    """Start, end and id of every token that does not cover a letter."""
    beside = (tokens.starts > position) | (tokens.ends <= position)
    return np.stack([tokens.starts, tokens.ends, tokens.ids])[:, beside].tolist()
