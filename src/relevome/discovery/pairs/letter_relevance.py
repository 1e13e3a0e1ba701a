"""A map of pairs from backward passes: what is said of every letter, explained by every letter."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from relevome.attribution.embeddings import gradients_of_each
from relevome.attribution.lrp.engine import Rules
from relevome.data.sequences import Sequence as Letters
from relevome.discovery.pairs.strands import PairMap, put_together, strands
from relevome.models.base import Model
from relevome.models.mutants.every_letter import check_says_letters
from relevome.models.predictions import outputs
from relevome.models.tokens import Tokens

Slopes: TypeAlias = Literal["attnlrp", "gradient"]

AT_ONCE = 8  # copies of a sequence in the forward pass, and letters in a backward pass


def relevance_map(model: Model, sequence: Letters, by: Slopes = "attnlrp") -> PairMap:
    """What letter i is worth for what is said of letter j, at [i, j], from a backward pass for every j.

    Of every letter j one number is explained, S_j: the logit of the letter that is there, or of the most
    probable output, less the mean of all; of outputs that do not exclude each other the logit itself, of
    numbers the sum of their sizes. A backward pass gives a gradient g of S_j to the embedding at i: with the
    rules of AttnLRP (Achtibat et al. 2024, arXiv 2402.05602), or the plain one. Then e_k . g is the relevance
    that letter k would have there, of embedding e_k, and at [i, j] is the largest |e_k . g - e_own . g| over
    all letters k: what a substitution would change to first order, where `dependency_maps` has what it does.

    It takes a forward pass of `AT_ONCE` copies of a sequence, and a backward pass for each of its L letters,
    `AT_ONCE` at a time, in place of 1 + L (A - 1) forward passes for an alphabet of A letters. Of causal
    models of nucleic acids each half comes from the strand that sees it.

    Args:
        model: As for `dependency_maps`; outputs may be numbers, and there need be no attention.
        sequence: Any that it takes. Of an ambiguous letter all changes are from its own embedding.
        by: ``attnlrp``, or ``gradient`` for the plain gradient. Default: ``attnlrp``.

    Raises:
        InputError: For a model that reads tokens of several letters, or has outputs of whole sequences, and
            for AttnLRP one that moves values by an operation without a rule.
    """
    check_says_letters(model)
    parts = [_one(model, model.tokenize(one), by) for one in strands(model, sequence)]
    return PairMap(sequence, put_together(parts, bool(model.kind.ahead)))


def _one(model: Model, tokens: Tokens, by: Slopes) -> Float[np.ndarray, "letters letters"]:
    places = np.flatnonzero(~tokens.special) - model.kind.ahead
    kept = np.flatnonzero(places >= 0)  # a causal model says nothing of a first letter
    letters = model.word_embedding.weight.detach()[model.tokenizer.letter_ids()]
    found: list[Float[np.ndarray, "some letters"]] = []

    def tell(embeddings: Tensor, slopes: Tensor) -> None:
        own = (embeddings[: len(slopes)] * slopes).sum(-1, keepdim=True)
        changes = (slopes @ letters.T - own).abs().amax(-1)
        found.append(changes[:, ~tokens.special].double().cpu().numpy())

    def select(logits: Tensor) -> Float[Tensor, "rows asked"]:
        return _explained(model, logits[:, places[kept].tolist()], tokens, kept)

    values = np.zeros((len(tokens.sequence),) * 2)
    if len(kept):
        rows, rules = min(AT_ONCE, len(kept)), Rules() if by == "attnlrp" else None
        gradients_of_each(model, tokens, "word", select, tell, rules=rules, rows=rows)
        values[:, kept] = np.concatenate(found).T
    return values


def _explained(
    model: Model, logits: Float[Tensor, "rows letters outputs"], tokens: Tokens, kept: np.ndarray
) -> Float[Tensor, "rows letters"]:
    """The number that is explained of each letter."""
    kind = outputs(model)
    if model.kind.language:
        logits = logits[..., model.tokenizer.letter_ids()]
        names = [model.alphabet.letters.find(tokens.sequence.letters[at]) for at in kept]
        there = torch.tensor(names, device=logits.device).expand(logits.shape[:2])
        best = there.where(there >= 0, logits.argmax(-1))  # of an ambiguous letter the most probable one
    elif kind == "a number":
        return logits.abs().sum(-1)
    else:
        best = logits.argmax(-1)
    chosen = logits.gather(-1, best[..., None])[..., 0]
    return chosen if kind == "any of several" and not model.kind.language else chosen - logits.mean(-1)
