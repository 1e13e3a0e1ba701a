"""What a method may ask of a model: tokens, logits, and the place where relevance is read."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from relevome.data.inputs import given_sequences
from relevome.data.names import visible
from relevome.data.problems import refuse_or_skip
from relevome.data.sequences import Alphabet, Sequence
from relevome.errors import InputError
from relevome.models.batching import BatchSizes, DerivedBatchSizes
from relevome.models.compiled import as_written, uncompiled
from relevome.models.identity import class_of, model_sha256, state_of
from relevome.models.light.fixed_embedding import FixedEmbedding
from relevome.models.mutants.scores import SingleSubstitutions, logits_of_mutants
from relevome.models.padding import padding
from relevome.models.predictions import Predicted, predictions
from relevome.models.questions import TASKS, Batch, Target, Task, TaskKind, scores_of, token_read
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.models.tokens import Tokens
from relevome.words import counted

Site = Literal["word", "block"]


@dataclass(frozen=True)
class Source:
    """Where a model came from, for the record: its path or hub id, and its tokenizer.

    ``wrapped`` is a prefix that all names of its weights had in the file and not in the model;
    ``tokenizer_path`` is where the tokenizer was read, if not where the model was. ``loaded`` is the state
    of the module as it was read, see `state_of`: while it is the same, what is said there of the model holds.
    """

    path: str
    tokenizer: str
    wrapped: str | None = None
    tokenizer_path: str | None = None
    loaded: tuple[Any, ...] | None = field(default=None, compare=False, repr=False)


class Model:
    """A trained model as methods see it; the torch module inside is never changed for good.

    Batches, padding and devices exist in here only: tokens go in, logits come out.
    """

    def __init__(
        self,
        module: nn.Module,
        tokenizer: LetterTokenizer,
        task: Task,
        labels: tuple[str, ...],
        max_tokens: int | None,
        source: Source,
        fixed_tokens: int | None = None,
        batch_sizes: BatchSizes | None = None,
    ) -> None:
        self.module = module
        self.tokenizer = tokenizer
        self.task: Task = task
        self.labels = labels
        self.max_tokens = max_tokens
        self.source = source
        self.fixed_tokens = fixed_tokens
        self._batch_sizes: BatchSizes = batch_sizes or DerivedBatchSizes()
        self.pad_id = padding(self.module, tokenizer)
        self.takes_mask = "attention_mask" in signature(self.module.forward).parameters
        self._identity: tuple[Any, str] | None = None

    def __repr__(self) -> str:
        named = ", ".join(map(visible, self.labels[:4])) + (", ..." if len(self.labels) > 4 else "")
        outputs = f"{counted(len(self.labels), 'output')} ({named})"
        longest = "any length" if self.max_tokens is None else f"up to {self.max_tokens:,} tokens"
        longest = longest if self.fixed_tokens is None else f"exactly {self.fixed_tokens:,} tokens"
        return (
            f"Model({self.source.path!r}: {class_of(self.module)}, {self.alphabet.name}, "
            f"{self.tokenizer.style} tokens, {longest}; {self.task}, {outputs})"
        )

    @property
    def module(self) -> nn.Module:
        """The torch module; of one under `torch.compile` the module that was compiled."""
        return self._module

    @module.setter
    def module(self, module: nn.Module) -> None:
        self._module = as_written(module)

    @property
    def sha256(self) -> str:
        """The digest of all that changes its answers, see `model_sha256`; of the weights as they are now."""
        state = state_of(self.module)
        if self._identity is None or self._identity[0] != state:
            self._identity = (state, model_sha256(self.module, self.tokenizer, self.labels))
        return self._identity[1]

    @property
    def as_loaded(self) -> bool:
        """Whether its weights are those that were read from its source, and were not changed since."""
        return self.source.loaded is not None and self.source.loaded == state_of(self.module)

    def about(self) -> dict[str, Any]:
        """Which model this is, as results keep it on record."""
        kind, dtype = class_of(self.module), str(self.dtype)
        source, prefix = self.source, " ".join(self.tokenizer.prefix) or None
        known = {"weights_wrapped_in": source.wrapped, "tokenizer_path": source.tokenizer_path,
                 "prefix": prefix}  # fmt: skip
        other = {name: value for name, value in known.items() if value is not None}
        return {"path": source.path, "sha256": self.sha256, "tokenizer": source.tokenizer,
                "class": kind, "dtype": dtype, **other}  # fmt: skip

    @property
    def alphabet(self) -> Alphabet:
        """The letters that the model reads."""
        return self.tokenizer.alphabet

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        first = next(self.module.parameters(), None)
        return self.word_embedding.weight.device if first is None else first.device

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type of the embeddings."""
        return self.word_embedding.weight.dtype

    @property
    def kind(self) -> TaskKind:
        """What its task says of its outputs."""
        return TASKS[self.task]

    @property
    def pads(self) -> bool:
        """Whether sequences of unlike lengths can share a batch; a causal model never sees what is behind."""
        return self.kind.ahead > 0 or (self.takes_mask and self.pad_id is not None)

    @property
    def look_ahead(self) -> int:
        """How many letters after a letter its logits need; 0 unless the configuration says so."""
        return int(getattr(getattr(self.module, "config", None), "look_ahead", 0))

    @property
    def word_embedding(self) -> nn.Embedding:
        """The table of token embeddings."""
        try:
            table = self.module.get_input_embeddings()  # pyright: ignore[reportCallIssue]
        except (AttributeError, NotImplementedError):
            table = None
        if isinstance(table, nn.Embedding) and getattr(self.module, "knows_its_table", False):
            return table
        if not isinstance(table, nn.Embedding):
            raise InputError(
                f"{type(self.module).__name__} has no table of token embeddings (get_input_embeddings gave "
                f"{type(table).__name__}): relevance of letters needs one"
            )
        twins = [m for m in self.module.modules() if isinstance(m, nn.Embedding) and m.weight is table.weight]
        # T5 keeps its table twice, and the one that it calls is not the one that it names.
        called = [twin for twin in twins if twin is not table] or [table]
        if len(called) > 1:
            raise InputError(
                f"{type(self.module).__name__} reads its input in {len(called)} places, "
                "such as an encoder and a decoder: expected a model that reads a sequence once, such as its "
                "encoder with a head of your own (relevome.from_module)"
            )
        return called[0]

    @property
    def reads_one_hot(self) -> bool:
        """Whether the table of embeddings is fixed: a number for each letter, which nothing was learnt of."""
        return isinstance(self.word_embedding, FixedEmbedding)

    def site(self, name: Site) -> nn.Module:
        """The module at whose output relevance is read: the word embedding or its whole block."""
        if name not in get_args(Site):
            raise InputError(f"unknown site {name!r}: expected {' or '.join(get_args(Site))}")
        word = self.word_embedding
        if name == "word":
            return word
        for module in self.module.modules():
            if any(child is word for child in module.children()):
                # LLaMA-like models keep the table beside the layers: there the block is the table.
                holds_layers = any(isinstance(child, nn.ModuleList) for child in module.children())
                # of a module that is its own block there is no block
                return word if holds_layers or module is self.module else module
        return word

    def tokenize(
        self, sequence: Sequence, dropout: float = 0.0, rng: np.random.Generator | None = None
    ) -> Tokens:
        """Tokens of a sequence, with ``rng`` by a tokenisation drawn with BPE ``dropout``.

        One that is longer than the model takes is an ``InputError``.
        """
        if sequence.alphabet != self.alphabet:
            raise InputError(
                f"sequence {sequence.id!r} is {sequence.alphabet.name}, but the model reads "
                f"{self.alphabet.name}"
            )
        letters = self.tokenizer
        tokens = letters.encode(sequence) if rng is None else letters.draw(sequence, dropout, rng)
        if self.max_tokens is not None and len(tokens) > self.max_tokens:
            raise TooLongError(
                f"sequence {sequence.id!r} has {len(tokens)} tokens ({counted(len(sequence), 'letter')}) but "
                f"the model takes {self.max_tokens}: shorten it, or explain it in windows (--long window)"
            )
        if self.fixed_tokens is not None and len(tokens) != self.fixed_tokens:
            raise InputError(
                f"sequence {sequence.id!r} has {len(tokens)} tokens but the model was made for exactly "
                f"{self.fixed_tokens}: cut or extend it to that length"
            )
        return tokens

    def may_refuse(self, sequence: Sequence) -> bool:
        """Whether a sequence could be too long, told without tokenising it (special tokens are few)."""
        limits = [n for n in (self.max_tokens, self.fixed_tokens) if n is not None]
        most = len(sequence) + len(self.tokenizer.prefix) + 8
        return self.fixed_tokens is not None or any(most > n for n in limits)

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Padded ``input_ids`` and ``attention_mask`` on the model's device, each (batch, tokens)."""
        lengths = np.array([len(tokens) for tokens in batch.tokens])
        if not self.pads and len(set(lengths)) > 1:
            raise ValueError("this model cannot pad: a batch must hold sequences of one length")
        mask = np.arange(batch.width) < lengths[:, None]
        ids = np.full(mask.shape, self.pad_id or 0, dtype=np.int64)
        ids[mask] = np.concatenate([tokens.ids for tokens in batch.tokens])
        inputs = {"input_ids": torch.from_numpy(ids)}
        for row, (tokens, target) in enumerate(zip(batch.tokens, batch.targets, strict=True)):
            if target.mask:
                self._hide(inputs["input_ids"][row], tokens, target)
        if self.takes_mask:
            # padding is behind, where a causal model never looks; hidden from itself it may be no number
            inputs["attention_mask"] = torch.from_numpy(mask | (self.kind.ahead > 0)).long()
        device = self.device
        return {name: values.to(device) for name, values in inputs.items()}

    def token_read(self, tokens: Tokens, position: int) -> int:
        """The token at which the logits of a letter are read; see `relevome.models.questions.token_read`."""
        return token_read(self.kind, tokens, position)

    def _hide(self, ids: Int[Tensor, "*batch tokens"], tokens: Tokens, target: Target) -> None:
        """Put the mask over the letter that the target hides, if any."""
        if target.mask and target.position is not None:
            if self.tokenizer.mask_id is None:
                raise InputError("the model has no mask token, so that no letter can be hidden from it")
            ids[..., tokens.covering(target.position)] = self.tokenizer.mask_id

    def scores(self, inputs: dict[str, Tensor], batch: Batch) -> Float[Tensor, "batch"]:
        """The explained logit, or log-likelihood, of every sequence, from one forward pass."""
        return self.select(self.module(**inputs).logits, batch)

    def select(self, logits: Float[Tensor, "batch ..."], batch: Batch) -> Float[Tensor, "batch"]:
        """The score of every sequence, from all logits (batch, [tokens,] outputs)."""
        return scores_of(logits, batch, self.kind)

    def predict(self, sequences: Any) -> list[Predicted]:
        """What the model predicts of each sequence: logits, probabilities, the most probable output.

        ``sequences`` are given as for `relevome.explain`. Raises InputError for one that cannot be read.
        """
        given = given_sequences(sequences, self.alphabet).read()
        found = predictions(self, [*refuse_or_skip(given, "refuse", [])])
        for one in found:
            if isinstance(one, InputError):
                raise one
        return [one for one in found if isinstance(one, Predicted)]

    def rows(self, width: int, most: int | None = None) -> int:
        """How many sequences of this many tokens go through the model at once: given, or derived.

        There are no more than ``most``, if that is known.
        """
        return self._batch_sizes.rows(self, width, most)

    @property
    def batch_sizes(self) -> BatchSizes:
        """How many sequences of a width go through the model at once."""
        return self._batch_sizes

    def with_batch_sizes(self, sizes: BatchSizes) -> Model:
        """The same model, sharing its module, that takes so many sequences at once; this one is left."""
        other = copy.copy(self)
        other._batch_sizes = sizes
        return other

    def substituted_scores(
        self,
        tokens: Tokens,
        target: Target,
        places: Int[np.ndarray, "mutants"],
        ids: Int[np.ndarray, "mutants"],
    ) -> Float[np.ndarray, "mutants"]:
        """Scores of one sequence with single tokens replaced: mutant m has ``ids[m]`` at ``places[m]``.

        Only what a substitution reaches is computed, where that is less: by a method
        ``substitution_logits(input_ids, places, ids)`` of the module, or else in windows
        (`relevome.models.mutants`); where that is not so every mutant goes through the whole model. Of a
        log-likelihood each mutant has its own.
        """
        inputs = self.inputs(Batch((tokens,), (target,)))
        at, to = (torch.from_numpy(array).to(self.device) for array in (places, ids))
        position = self.token_read(tokens, target.letters[0]) if len(target.letters) == 1 else None
        if target.mask and position is not None:
            to = to.where(at != position, inputs["input_ids"][0, position])  # what is hidden stays so
        asked = SingleSubstitutions(self.module, self.word_embedding, inputs, at, to, position)
        scores = torch.empty(len(at), dtype=torch.float64)
        for some, logits in logits_of_mutants(asked, lambda: self.rows(len(tokens), len(at))):
            same = (tokens,) * len(logits)
            if target.is_likelihood:
                same = tuple(tokens.substituted(int(places[i]), int(ids[i])) for i in some.tolist())
            # of a letter's logits there may be these alone
            asked_for = target if logits.ndim == 3 else replace(target, position=None, positions=())
            found = self.select(logits, Batch(same, (asked_for,) * len(logits)))
            scores[some.cpu()] = found.cpu().double()
        return scores.numpy()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Evaluation mode, no gradients to parameters and nothing compiled, as they were again afterwards."""
        training = {module: module.training for module in self.module.modules()}
        requires_grad = {p: p.requires_grad for p in self.module.parameters()}
        try:
            self.module.eval()
            for parameter in requires_grad:
                parameter.requires_grad_(False)
            with uncompiled():
                yield
        finally:
            for module, flag in training.items():
                module.training = flag
            for parameter, flag in requires_grad.items():
                parameter.requires_grad_(flag)


class TooLongError(InputError):
    """A sequence has more tokens than the model takes."""
