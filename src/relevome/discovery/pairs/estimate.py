"""An estimate of a map of pairs from one pass: what attention brings from letter to letter."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import rankdata
from torch import Tensor

from relevome.attribution.attention_weights import contributions_by_query
from relevome.data.sequences import Sequence as Letters
from relevome.discovery.head_attention import over_letters
from relevome.discovery.pairs.strands import PairMap, put_together, strands
from relevome.errors import InputError
from relevome.models.base import Batch, Model, Target
from relevome.models.predictions import outputs
from relevome.models.tokens import Tokens


def attention_estimate(model: Model, sequence: Letters, target: Target | None = None) -> PairMap:
    """What attention brings from letter i to letter j, at [i, j], from one forward and one backward pass.

    It is the size of attention times its gradient (Chefer, Gur & Wolf 2021, arXiv 2103.15679, eq. 5), summed
    over all heads of all layers, of the token that looks for j (of a causal model the one before it) at that
    of i. The gradient is that of one number: the sum over letters of the log odds of the letter that is
    there, or of the most probable output, among all; with a ``target`` its logit, and then the map is made
    symmetrical by adding both ways. Tokens of several letters are shared out equally.

    It is no map of substitutions: how far the order of its pairs is that of the map is what `rank_agreement`
    says. Of causal models of nucleic acids each half comes from the strand that sees it.

    Args:
        model: A model with attention over its tokens.
        sequence: Any that it takes.
        target: A logit. None: what is said of every letter.

    Raises:
        InputError: For a model without attention over its tokens.
    """
    every = [sequence] if target is not None else strands(model, sequence)
    parts = [_one(model, model.tokenize(one), target) for one in every]
    if target is not None:
        parts = [parts[0] + parts[0].T]
    return PairMap(sequence, put_together(parts, bool(model.kind.ahead) and target is None))


def rank_agreement(
    first: Float[np.ndarray, "letters letters"],
    second: Float[np.ndarray, "letters letters"],
    apart: int = 1,
) -> float | None:
    """Spearman correlation over pairs, both ways round, that both maps have, of their values as they are.

    Pairs are at least ``apart`` letters apart; with 1 they are all. None where there are fewer than three
    such pairs, or one map is the same everywhere.
    """
    places = np.arange(len(first))
    far = np.abs(places[:, None] - places) >= max(apart, 1)
    known = ~(np.isnan(first) | np.isnan(second)) & far
    ours, theirs = first[known], second[known]
    if len(ours) < 3 or np.ptp(ours) == 0 or np.ptp(theirs) == 0:
        return None
    return float(np.corrcoef(rankdata(ours), rankdata(theirs))[0, 1])


def _one(model: Model, tokens: Tokens, target: Target | None) -> Float[np.ndarray, "letters letters"]:
    batch = Batch((tokens,), (target or Target(0, ""),))
    if target is None:
        found = contributions_by_query(model, batch, lambda logits, some: _odds(model, logits, some))
    else:
        found = contributions_by_query(model, batch)
    seen = torch.stack([layer[0].abs().sum(0).double() for layer in found]).sum(0).cpu().numpy()
    keys = over_letters(tokens)
    queries = keys
    if target is None and model.kind.ahead:  # a letter is looked for by the token before it
        queries = np.vstack([keys[model.kind.ahead :], np.zeros_like(keys[: model.kind.ahead])])
    return (queries.T @ seen @ keys).T


def _odds(model: Model, logits: Tensor, batch: Batch) -> Float[Tensor, "batch"]:
    """The sum over letters of the log odds of what is there, or of numbers of their sizes."""
    (tokens,) = batch.tokens
    places = np.flatnonzero(~tokens.special) - model.kind.ahead
    kept = np.flatnonzero(places >= 0)
    found = logits[0, places[kept].tolist()]
    if model.kind.language:
        ids = model.tokenizer.letter_ids()
        if ids is None or not tokens.one_letter_each:
            raise InputError(f"{model.source.path} predicts tokens of several letters, not letters")
        found = found[:, ids]
        names = [model.alphabet.letters.find(tokens.sequence.letters[at]) for at in kept]
        there = torch.tensor(names, device=found.device)
        best = there.where(there >= 0, found.argmax(-1))  # of an ambiguous letter the most probable one
    else:
        best = found.argmax(-1)
    if outputs(model) == "a number" and not model.kind.language:
        return found.abs().sum()[None]
    chosen = found.gather(-1, best[:, None])[:, 0]
    if outputs(model) == "any of several":
        return chosen.sum()[None]
    rest = found.scatter(-1, best[:, None], -torch.inf).logsumexp(-1)
    return (chosen - rest).sum()[None]
