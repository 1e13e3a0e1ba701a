"""Reading and replacing the embeddings of a running model, and gradients to them.

The model is called with ids, as it is used; a hook sees or replaces what its embedding gives. (Called with
``inputs_embeds`` instead, ESM-2 would skip its rescaling of embeddings and give other logits.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge as edge

from relevome.errors import InputError
from relevome.models.base import Batch, Model, Site, Target
from relevome.models.questions import at_targets, scores_at
from relevome.models.tokens import Tokens


@dataclass(frozen=True)
class Gradients:
    """Embeddings of a batch, the gradient of each sequence's score to them, and the scores.

    ``outputs`` are the logits of all outputs where the targets ask, from the same forward pass.
    """

    embeddings: Float[Tensor, "batch tokens channels"]
    gradient: Float[Tensor, "batch tokens channels"]
    scores: Float[Tensor, "batch"]
    outputs: Float[Tensor, "batch outputs"]


def gradients(
    model: Model,
    batch: Batch,
    site: Site,
    *,
    rules: AbstractContextManager[Any] | None = None,
    embeddings: Tensor | None = None,
    inputs: dict[str, Tensor] | None = None,
) -> Gradients:
    """Gradients at the embeddings of a batch, or at ``embeddings`` put in their place.

    ``rules`` is active during the forward pass, and during the backward pass too, in which checkpoints
    compute activations again.
    """
    if embeddings is not None:
        embeddings = embeddings.detach().requires_grad_()
    at_work = rules or nullcontext()
    with model.frozen(), torch.enable_grad(), leaf(model.site(site), embeddings) as seen:
        with at_work:
            logits = model.module(**(inputs or model.inputs(batch))).logits
            outputs = at_targets(logits, batch, model.kind)
            scores = scores_at(outputs, batch)
        # edges of the graph, since the rules would see a call with tensors and be left out of it
        ends = [edge(scores.sum())], [edge(seen.tensor)]
        with at_work:
            (gradient,) = torch.autograd.grad(*ends)
    return Gradients(seen.tensor.detach(), gradient, scores.detach(), outputs.detach())


def gradients_of_each(
    model: Model,
    tokens: Tokens,
    site: Site,
    select: Callable[[Float[Tensor, "rows tokens outputs"]], Float[Tensor, "rows asked"]],
    tell: Callable[[Float[Tensor, "rows tokens channels"], Float[Tensor, "some tokens channels"]], None],
    *,
    rules: AbstractContextManager[Any] | None = None,
    rows: int = 8,
) -> None:
    """Gradients of very many numbers that a model says of one sequence, from one forward pass.

    The pass is of ``rows`` copies of the sequence, and a backward pass of as many of the numbers, each in a
    copy of its own.

    Args:
        model: The model.
        tokens: The sequence.
        site: Where gradients are taken.
        select: From all logits to the numbers of each copy, which are alike in all.
        tell: Told the embeddings of all copies, and the gradients of the next numbers, in the order of
            ``select``. Nothing is kept.
        rules: Active in all passes, as in `gradients`. Default: none, and gradients are plain ones.
        rows: Copies, and numbers in a backward pass. Default: 8.
    """
    same = Batch((tokens,) * rows, (Target(0, ""),) * rows)
    at_work = rules or nullcontext()
    with model.frozen(), torch.enable_grad(), leaf(model.site(site)) as seen:
        with at_work:
            logits = model.module(**model.inputs(same)).logits
        asked = select(logits)
        for first in range(0, asked.shape[1], rows):
            some = torch.arange(first, min(first + rows, asked.shape[1]), device=asked.device)
            total = asked[torch.arange(len(some), device=asked.device), some].sum()
            gradient = None
            if total.requires_grad:  # else what is said depends on no letter
                ends, more = ([edge(total)], [edge(seen.tensor)]), first + rows < asked.shape[1]
                with at_work:
                    (gradient,) = torch.autograd.grad(*ends, retain_graph=more, allow_unused=True)
            found = torch.zeros_like(seen.tensor) if gradient is None else gradient
            tell(seen.tensor.detach(), found[: len(some)])


class Seen:
    """The embeddings that went through a site, once it was called; others in their place, if given."""

    def __init__(self, replacement: Tensor | None) -> None:
        self._replacement = replacement
        self._tensor: Tensor | None = None

    @property
    def tensor(self) -> Tensor:
        """The output of the site, as a leaf of the graph."""
        if self._tensor is None:
            raise InputError("the model never called its embedding: relevance of its input cannot be read")
        return self._tensor

    def hook(self, module: nn.Module, _inputs: Any, output: Any) -> Tensor:
        """Remember the output as a leaf and pass on a copy; it may be called only once in a pass."""
        if not isinstance(output, Tensor):
            raise InputError(f"{type(module).__name__} gives no single tensor: use --site word")
        if self._tensor is not None:
            raise InputError(
                "the model calls its embedding more than once in a pass: its input is not one sequence"
            )
        self._tensor = output.detach().requires_grad_() if self._replacement is None else self._replacement
        # a copy, which the model may change in place
        return self._tensor.clone()


@contextmanager
def leaf(module: nn.Module, replacement: Tensor | None = None) -> Iterator[Seen]:
    """While active, the output of ``module`` is a leaf that asks for gradients: its own or another."""
    seen = Seen(replacement)
    handle = module.register_forward_hook(seen.hook)
    try:
        yield seen
    finally:
        handle.remove()


def mean_letter(model: Model) -> Float[Tensor, "channels"]:
    """The mean embedding of all tokens that stand for letters: of the alphabet, if tokens are letters."""
    return model.word_embedding.weight.detach()[model.tokenizer.ordinary_ids()].mean(0)


def at_site(model: Model, batch: Batch, site: Site, words: Tensor) -> Tensor:
    """What the site gives where the word embedding gives ``words`` (batch, tokens, channels)."""
    if model.site(site) is model.word_embedding:
        return words
    with model.frozen(), torch.no_grad(), leaf(model.word_embedding, words), leaf(model.site(site)) as seen:
        model.scores(model.inputs(batch), batch)
    return seen.tensor.detach()


def ordinary(batch: Batch, like: Tensor) -> Tensor:
    """True at tokens that stand for letters, (batch, tokens, 1), on the device of ``like``."""
    mask = torch.zeros(like.shape[:2], dtype=torch.bool)
    for row, tokens in enumerate(batch.tokens):
        mask[row, : len(tokens)] = torch.from_numpy(~tokens.special)
    return mask.unsqueeze(-1).to(like.device)


def unpadded(batch: Batch, values: Tensor) -> list[np.ndarray]:
    """Rows of a padded (batch, tokens, ...) tensor as arrays of each sequence's own length."""
    array = values.detach().to("cpu", torch.promote_types(values.dtype, torch.float32)).numpy()
    return [row[: len(tokens)] for row, tokens in zip(array, batch.tokens, strict=True)]


def of_letters(model: Model, slopes: Tensor) -> Float[Tensor, "batch tokens alphabet"]:
    """Slopes to one-hot letters, less their mean over the letters."""
    scores = slopes @ model.word_embedding.weight.detach()[model.tokenizer.ordinary_ids()].T
    return scores - scores.mean(-1, keepdim=True)


def letter_scores(
    model: Model, batch: Batch, slopes: Tensor, reference: Tensor | float
) -> list[Float[np.ndarray, "letters alphabet"] | None]:
    """Every letter's first-order score at every position: (its embedding - reference) . slope.

    Of one-hot letters the slope less its mean over letters: what raises all of them alike leaves the space of
    sequences, and says nothing of any (Majdandzic et al. 2023, Genome Biology 24:109, eq. 2). Against a
    reference that is a letter, or a mean of letters, that changes nothing.

    None where the batch does not ask for them, for a model whose tokens are longer words, and for a sequence
    in which a token is not one letter.
    ``slopes`` is (batch, tokens, channels) at the word embedding.
    """
    ids = model.tokenizer.letter_ids()
    if not batch.letter_scores or ids is None or not model.tokenizer.one_letter_always:
        return [None] * len(batch)
    table = model.word_embedding.weight.detach()[ids]
    scores = slopes @ table.T
    if model.reads_one_hot:
        mean, shares = scores.mean(-1, keepdim=True), (torch.ones_like(slopes) * reference) @ table.T
        scores = scores - mean * (1 - shares.sum(-1, keepdim=True))
    scores = scores - (slopes * reference).sum(-1, keepdim=True)
    return [
        row[~tokens.special] if tokens.one_letter_each else None
        for row, tokens in zip(unpadded(batch, scores), batch.tokens, strict=True)
    ]
