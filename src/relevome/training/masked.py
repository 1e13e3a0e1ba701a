"""The objective of masked language models: to name hidden tokens (Devlin et al. 2019, section 3.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Sequence as List
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from transformers import DataCollatorForTokenClassification, PreTrainedModel

from relevome.data.sequences import Sequence
from relevome.errors import InputError
from relevome.models.hugging_face import most_tokens
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.models.tokens import Tokens
from relevome.training.architectures import Architecture
from relevome.training.corpus import Corpus, read_source
from relevome.training.fitting import EXAMPLE_OPTIONS, fit_by_examples, with_learning_rate
from relevome.training.folder import TrainingFolder
from relevome.training.fresh_examples import FreshExamples
from relevome.training.objective import Trained, Watch, objectives
from relevome.training.processes import share_of_all
from relevome.training.settings import TrainingSettings
from relevome.training.tables import Example
from relevome.words import counted

CHOSEN = 0.15  # of all tokens; of those, 80% are masked, 10% are other tokens, and 10% stay
SCORES = ("loss", "accuracy")

# Byte pairs and frequencies of tokens are learnt from windows of so many letters, or all there are.
_SAMPLE = 1_000_000
# Kinds of draws, which share a seed and no random number.
_TRAINING, _VALIDATION, _LEARNING = range(3)


@dataclass(frozen=True)
class Masking:
    """Hides tokens of a sequence: ``words`` are the tokens that are asked for, and drawn from."""

    words: Int[np.ndarray, "words"]
    mask: int

    def hide(self, tokens: Tokens, rng: np.random.Generator) -> Example:
        """``input_ids``, some of them hidden, and ``labels``: what is chosen, at least one, else -100."""
        may = np.isin(tokens.ids, self.words)
        chosen = may & (rng.random(len(tokens)) < CHOSEN)
        if not chosen.any():
            chosen[rng.choice(np.flatnonzero(may))] = True  # a batch without any would have no loss
        fate = rng.random(len(tokens))
        others = rng.choice(self.words, size=len(tokens))
        ids = np.select([chosen & (fate < 0.8), chosen & (fate < 0.9)], [self.mask, others], tokens.ids)
        return {"input_ids": ids.tolist(), "labels": np.where(chosen, tokens.ids, -100).tolist()}


@dataclass
class MaskedWindows(FreshExamples):
    """``rows`` windows of a corpus, drawn and masked by seed, epoch and row only."""

    corpus: Corpus
    tokenizer: LetterTokenizer
    masking: Masking
    rows: int
    seed: int

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, row: int) -> Example:  # pyright: ignore[reportIncompatibleMethodOverride]  # no slices
        if not 0 <= row < self.rows:
            raise IndexError(row)
        return self.masking.hide(*self._tokens(row, self.epoch))

    def _tokens(self, row: int, epoch: int) -> tuple[Tokens, np.random.Generator]:
        rng = np.random.default_rng([self.seed, _TRAINING, epoch, row])
        return self.tokenizer.encode(self.corpus.draw(rng)), rng

    def check_lengths(self, longest: int | None, epochs: int) -> None:
        """Raises ``InputError`` if a window of any epoch will be longer than the model takes."""
        some = self.corpus.stretches[0].window(0, 1)
        specials = len(self.tokenizer.encode(some)) - 1
        if longest is None or self.corpus.window + specials <= longest:
            return
        most = max(len(self._tokens(row, epoch)[0]) for epoch in range(epochs) for row in range(self.rows))
        if most > longest:
            raise InputError(
                f"windows of {self.corpus.window} letters have up to {counted(most, 'token')} but the model "
                f"takes {longest}: expected a smaller --window"
            )


@objectives.register("mlm")
class MaskedObjective:
    """A genome, or other sequences without labels, part of them held out to validate on."""

    options = (*EXAMPLE_OPTIONS, "train", "validation", "genome", "window", "windows", "held_out")
    task = "masked"
    labels = ()

    def __init__(self, settings: TrainingSettings, architecture: Architecture) -> None:
        if settings.best not in SCORES:
            raise InputError(f"mlm has no score {settings.best!r}: expected one of {', '.join(SCORES)}")
        self._settings = settings
        self._architecture = architecture
        plain = architecture.tokenizer(settings.tokenizer, settings.alphabet)
        self._read(plain)
        sample = (window.letters for window in self._sample)
        self.tokenizer = architecture.with_byte_pairs(plain, settings.tokenizer, settings.tokens, sample)
        self._masking = _masking(self.tokenizer)

    @staticmethod
    def check(settings: TrainingSettings) -> None:
        """See `Objective`."""
        if (settings.genome is None) == (settings.train is None):
            raise InputError(
                "--objective mlm learns from a genome or a table: expected either --genome or --train"
            )
        if settings.genome is not None and settings.validation is not None:
            raise InputError("a share of the genome is held out to validate on: leave --validation out")

    @staticmethod
    def chosen(settings: TrainingSettings, architecture: Architecture) -> TrainingSettings:
        """See `Objective`."""
        return with_learning_rate(settings, architecture)

    def _read(self, letters: LetterTokenizer) -> None:
        """The sources, and the windows to train and to validate on."""
        asked = self._settings
        paths = {"genome": asked.genome, "train": asked.train, "validation": asked.validation}
        self._sources = {
            name: read_source(path, name == "genome", letters.alphabet, asked.on_bad)
            for name, path in paths.items()
            if path is not None
        }
        training = self._sources.get("genome") or self._sources["train"]
        if "validation" in self._sources:
            parts = training.stretches, self._sources["validation"].stretches
        else:
            parts = training.held_out(asked.held_out, asked.window)
        self._training, self._held_out = (Corpus(part, asked.window) for part in parts)

    @cached_property
    def _sample(self) -> list[Sequence]:
        """Windows of the training part, as many as tell its tokens."""
        count = math.ceil(min(_SAMPLE, self._training.letters) / self._settings.window)
        return self._training.tiles(count, np.random.default_rng([self._settings.seed, _LEARNING]))

    def claim(self) -> dict[str, Any]:
        """sha256 of the files."""
        return {f"{name} sha256": source.sha256 for name, source in self._sources.items()}

    def run(self, folder: TrainingFolder, watch: Watch) -> Trained:
        """See `Objective`."""
        return fit_by_examples(self._settings, self, folder, watch)

    def module(self) -> tuple[PreTrainedModel, tuple[str, ...]]:
        """A module with one output for each token, at every token."""
        return self._architecture.module(self.tokenizer, None)

    def examples(self, module: PreTrainedModel) -> dict[str, List[Example]]:
        """Windows to train on, fresh ones in every epoch; and held-out ones, always the same."""
        asked = self._settings
        longest = most_tokens(module, self.tokenizer.hf)
        count = asked.windows or math.ceil(self._training.letters / asked.window)
        train = MaskedWindows(self._training, self.tokenizer, self._masking, count, asked.seed)
        train.check_lengths(longest, asked.epochs)
        rng = np.random.default_rng([asked.seed, _VALIDATION])
        tiles = [self.tokenizer.encode(tile) for tile in self._held_out.tiles(count, rng)]
        most = max(map(len, tiles))
        if longest is not None and most > longest:
            raise InputError(
                f"held-out windows have up to {counted(most, 'token')} but the model takes {longest}: "
                "expected a smaller --window"
            )
        return {"train": train, "validation": [self._masking.hide(tokens, rng) for tokens in tiles]}

    def by_length(self, train: List[Example]) -> bool:
        """No: the next epoch has other windows."""
        return False

    def trainer_options(self, train: List[Example]) -> dict[str, Any]:
        """Batches with padding, scores over hidden tokens; of several processes the loss over all these."""
        return {
            "data_collator": DataCollatorForTokenClassification(self.tokenizer.hf),
            "compute_loss_func": loss_of_hidden if self._settings.processes > 1 else None,
            "compute_metrics": _scores,
            "preprocess_logits_for_metrics": _outcomes,
        }

    def baselines(self, examples: Mapping[str, List[Example]]) -> dict[str, dict[str, float]]:
        """``unigram``: what a token's share among the training tokens says of the hidden ones."""
        seen = np.concatenate([self.tokenizer.encode(window).ids for window in self._sample])
        counts = np.bincount(seen, minlength=len(self.tokenizer.hf))[self._masking.words] + 1
        shares = np.zeros(len(self.tokenizer.hf))
        shares[self._masking.words] = counts / counts.sum()
        labels = np.array([x for example in examples["validation"] for x in example["labels"] if x != -100])
        return {"unigram": _measured(-np.log(shares[labels]), labels == shares.argmax())}

    def describe(self) -> dict[str, Any]:
        """What was read, and which part was held out."""
        sources = {name: source.describe() for name, source in self._sources.items()}
        held = [str(stretch.interval) for stretch in self._held_out.stretches]
        # of a table of its own everything is
        return sources if "validation" in sources else sources | {"held_out": held}


def _masking(tokenizer: LetterTokenizer) -> Masking:
    if tokenizer.mask_id is None:
        raise InputError(
            f"the tokenizer {type(tokenizer.hf).__name__} has no mask token: give one that has (--tokenizer)"
        )
    if tokenizer.overlapping:
        raise InputError(
            "the tokenizer has overlapping words, so that the neighbours of a hidden one give it away: "
            "expected single letters or a byte-pair encoding"
        )
    return Masking(np.array(tokenizer.ordinary_ids()), tokenizer.mask_id)


def loss_of_hidden(outputs: Any, labels: Tensor, num_items_in_batch: Any = None) -> Tensor:
    """The loss of a Trainer: a process gives the share that its part has in the mean over hidden tokens."""
    mean = F.cross_entropy(outputs.logits.float().flatten(0, -2), labels.flatten())
    return mean * share_of_all((labels != -100).sum())


def _outcomes(outputs: Any, labels: Tensor) -> Float[Tensor, "batch tokens 2"]:
    """Of every token its loss and whether it is named right; logits of all words would fill the memory."""
    logits = outputs[0] if isinstance(outputs, tuple) else outputs
    losses = F.cross_entropy(logits.float().transpose(1, 2), labels, reduction="none")
    return torch.stack([losses, (logits.argmax(dim=-1) == labels).float()], dim=-1)


def _scores(prediction: Any) -> dict[str, float]:
    hidden = np.asarray(prediction.label_ids) != -100
    losses, right = np.asarray(prediction.predictions, dtype=np.float64)[hidden].T
    measured = _measured(losses, right)
    return measured | {"loss_of_scores": measured.pop("loss")}


def _measured(losses: np.ndarray, right: np.ndarray) -> dict[str, float]:
    loss = float(losses.mean())
    return {"loss": loss, "accuracy": float(right.mean()), "perplexity": float(np.exp(loss))}
