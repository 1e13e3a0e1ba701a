"""The objective of labelled sequences: classes, functions, numbers, or a class for every letter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from transformers import DataCollatorForTokenClassification, DataCollatorWithPadding, PreTrainedModel

from relevome.data.formats.table import LabelledSequence
from relevome.data.inputs import sha256_of
from relevome.data.problems import Stops
from relevome.data.sequences import PROTEIN, Alphabet
from relevome.errors import InputError
from relevome.models.hugging_face import most_tokens
from relevome.training.architectures import Architecture
from relevome.training.fitting import EXAMPLE_OPTIONS, fit_by_examples, with_learning_rate
from relevome.training.folder import TrainingFolder
from relevome.training.fresh_examples import Drawing, DrawnExamples
from relevome.training.function.proteins import FunctionData, check_function, read_function_data
from relevome.training.function.scores import FUNCTION
from relevome.training.labels import LabelScheme, label_scheme
from relevome.training.objective import Trained, Watch, objectives
from relevome.training.performance import CLASSIFICATION, REGRESSION, performance
from relevome.training.processes import share_of_all
from relevome.training.settings import TrainingSettings
from relevome.training.splits import SavedParts, split_of
from relevome.training.tables import NEGATIVE, POSITIVE, Example, LabelledTable, read_labelled

# What makes other examples, or others beside them, of tables whose labels are given.
_OF_TABLES = ("both_strands", "shifts", "negatives")


@objectives.register("classify")
class LabelledObjective:
    """Tables of labelled sequences, and the task that their labels mean."""

    options = (
        *EXAMPLE_OPTIONS, "train", "validation", "test", "task", "class_weights", "lora_rank", "bpe_dropout",
        *_OF_TABLES,
        "labels_from", "ec_level", "obo", "go_terms", "min_proteins", "max_length", "labels_column",
        "id_column", "split", "clusters", "rare_as_x", "strip_stop",
    )  # fmt: skip

    def __init__(self, settings: TrainingSettings, architecture: Architecture) -> None:
        self._settings = settings
        self._architecture = architecture
        alphabet = PROTEIN.name if settings.labels_from else settings.alphabet
        plain = architecture.tokenizer(settings.tokenizer, alphabet, settings.rare_as_x)
        self._stops = Stops() if settings.strip_stop else None
        self._function: FunctionData | None = None
        self._split_record: dict[str, Any] = {}
        if settings.both_strands and plain.alphabet.complements is None:
            raise InputError(
                f"--both-strands is about nucleic acids, not {plain.alphabet.name}: leave it out"
            )
        self._tables = self._read(plain.alphabet)
        if settings.negatives is not None:
            self._tables = {name: table.as_positives() for name, table in self._tables.items()}
            self._scheme = LabelScheme("binary", (NEGATIVE, POSITIVE))
        elif self._function is None:
            self._scheme = label_scheme(self._tables["train"].rows, settings.task)
        else:
            self._scheme = self._function.scheme
        _check_fits(settings, self._scheme)
        self._made: dict[str, Any] = {}
        self._drawing, self._drawn_from = self._prepare()
        training = (row.sequence.letters for row in self._tables["train"].rows)
        self.tokenizer = architecture.with_byte_pairs(plain, settings.tokenizer, settings.tokens, training)

    @staticmethod
    def check(settings: TrainingSettings) -> None:
        """See `Objective`."""
        asked_to_split = settings.clusters is not None or settings.split is not None
        if settings.train is None or (settings.validation is None and not asked_to_split):
            raise InputError(
                "--objective classify learns from tables: expected --train and --validation, or --train and "
                "--split 0.8,0.1,0.1 (with --clusters, by identity)"
            )
        if settings.validation is not None and asked_to_split:
            raise InputError(
                "--split and --clusters part one table, and --validation gives another: leave one of them out"
            )
        check_function(settings)
        for name in _OF_TABLES:
            if settings.labels_from is not None and settings.has_been_set(name):
                raise InputError(
                    f"--{name.replace('_', '-')} belongs to tables with labels, not to --labels-from "
                    f"{settings.labels_from}: leave it out"
                )
        if settings.negatives is not None and settings.task not in ("auto", "binary"):
            raise InputError(
                f"--negatives makes two classes, which is no task {settings.task}: leave one of them out"
            )
        if settings.strip_stop and settings.alphabet not in (None, PROTEIN.name):
            raise InputError(f"--strip-stop is about proteins, not {settings.alphabet}: leave it out")

    @staticmethod
    def chosen(settings: TrainingSettings, architecture: Architecture) -> TrainingSettings:
        """See `Objective`."""
        return with_learning_rate(settings, architecture)

    def _read(self, alphabet: Alphabet) -> Mapping[str, LabelledTable]:
        """The tables, as they are given, or parts of one."""
        asked = self._settings
        split = split_of(asked)
        if asked.labels_from is not None:
            self._function = read_function_data(asked, split, self._stops)
            return self._function.tables
        paths = {"train": asked.train, "validation": asked.validation, "test": asked.test}
        columns = asked.labels_column, asked.id_column
        tables = {
            name: read_labelled(path, alphabet, asked.on_bad, *columns, self._stops)
            for name, path in paths.items()
            if path is not None
        }
        if split is None:
            return tables
        whole = tables["train"]
        self._split_record = split.describe(whole.rows)
        parts = split.cut(whole.rows)
        cut = {name: LabelledTable(whole.path, whole.sha256, tuple(rows), ()) for name, rows in parts.items()}
        return tables | cut | {"train": replace(cut["train"], problems=whole.problems)}

    def _prepare(self) -> tuple[Drawing, tuple[LabelledSequence, ...]]:
        """What is drawn in every epoch, and from what; all tables become what is read without draws.

        They have the middle of every sequence, and shuffles of it that are drawn once.
        """
        asked, whole = self._settings, self._tables["train"].rows
        per_letter, shuffles = self._scheme.task == "token", asked.negatives is not None
        if asked.shifts:
            self._tables = {
                name: table.cropped(asked.shifts, per_letter) for name, table in self._tables.items()
            }
            self._made |= {"letters_fewer": asked.shifts, "from_letter": asked.shifts // 2}
        if shuffles:
            self._tables = {
                name: table.with_negatives(asked.seed, part)
                for part, (name, table) in enumerate(self._tables.items())
            }
            self._made |= {"shuffles": sum(len(table.rows) // 2 for table in self._tables.values())}
            self._made |= {"shuffles_as_before": sum(table.unchanged() for table in self._tables.values())}
        drawing = Drawing(
            asked.shifts, len(whole) if shuffles else None, asked.both_strands, asked.bpe_dropout, per_letter
        )
        return drawing, (*whole, *whole) if shuffles else whole

    @property
    def task(self) -> str:
        """One of the tasks of training."""
        return self._scheme.task

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return self._scheme.names

    def claim(self) -> dict[str, Any]:
        """sha256 of the tables, and of what says how they are read and split."""
        others = {"obo": self._settings.obo, "clusters": self._settings.clusters}
        digests = {name: table.sha256 for name, table in self._tables.items()}
        digests |= {name: sha256_of(path) for name, path in others.items() if path is not None}
        return {"split": self._settings.split} | {f"{name} sha256": x for name, x in digests.items()}

    def run(self, folder: TrainingFolder, watch: Watch) -> Trained:
        """See `Objective`; tables that are not those that were given are saved beside the model."""
        trained = fit_by_examples(self._settings, self, folder, watch)
        given = not (self._function or self._split_record or self._made)
        rows = {name: table.rows for name, table in self._tables.items()}
        return trained if given else replace(trained, beside=(SavedParts(rows),))

    def module(self) -> tuple[PreTrainedModel, tuple[str, ...]]:
        """A module with one output for each label."""
        lengths = {len(row.sequence) for row in self._tables["train"].rows}
        return self._architecture.module(self.tokenizer, self._scheme, lengths)

    def examples(self, module: PreTrainedModel) -> dict[str, Sequence[Example]]:
        """Examples of every table; those to train on are drawn afresh in every epoch, if asked for."""
        own = {
            name: table.examples(module, self.tokenizer, self._scheme) for name, table in self._tables.items()
        }
        if not self._drawing:
            return {**own}
        dropout = self._drawing.dropout
        try:
            if dropout:
                self.tokenizer.check_draws()
        except InputError as error:
            raise InputError(f"--bpe-dropout {dropout:g}: {error}") from error
        encode = self._tables["train"].encoder(module, self.tokenizer, self._scheme)
        drawn = DrawnExamples(self._drawn_from, encode, self.tokenizer, self._drawing, self._settings.seed)
        drawn.check_lengths(most_tokens(module, self.tokenizer.hf), self._settings.epochs)
        return {**own, "train": drawn}

    def by_length(self, train: Sequence[Example]) -> bool:
        """Whether lengths differ."""
        return len({len(example["input_ids"]) for example in train}) > 1

    def trainer_options(self, train: Sequence[Example]) -> dict[str, Any]:
        """Batches with padding, scores of the task, and a loss of our own.

        That is for class weights and for several processes, of which the Trainer takes the mean of the means
        of their parts, for some architectures as many times too large as there are processes.
        """
        per_token = self._scheme.task == "token"
        collator = DataCollatorForTokenClassification if per_token else DataCollatorWithPadding
        task, weighted = self._scheme.task, self._settings.class_weights
        weights = _class_weights(self._scheme, train) if weighted else None
        own = weighted or self._settings.processes > 1

        def scores(prediction: Any) -> dict[str, float]:
            logits, truth = _arrays(prediction)
            found = self._score(logits, truth)
            if self._settings.processes > 1:
                # the Trainer's own counts some sequences twice, so that all processes have as many
                labels = torch.from_numpy(truth)
                loss = _mean_loss(task, torch.from_numpy(logits).float(), labels, weights)
                found |= {"loss_of_scores": float(loss)}
            return found

        return {
            "data_collator": collator(self.tokenizer.hf),
            "compute_loss_func": loss_of_part(task, weights) if own else None,
            "compute_metrics": scores,
            "preprocess_logits_for_metrics": _only_logits,
        }

    def _score(self, logits: Float[np.ndarray, "..."], truth: np.ndarray) -> dict[str, float]:
        scores = performance(self._scheme.task, logits, truth)
        if self._function is None:
            return scores
        return scores | self._function.outputs.scores(logits, truth, self._scheme.task != "multi-label")

    def baselines(self, examples: Mapping[str, Sequence[Example]]) -> dict[str, dict[str, float]]:
        """None: the scores have a chance level of their own."""
        return {}

    def describe(self) -> dict[str, Any]:
        """Path, digest and counts of every table, how functions became labels, and how one was split."""
        training = self._tables["train"]
        described: dict[str, Any] = {
            name: table.describe(training, self.tokenizer) | {"outputs": self._scheme.count(table.rows)}
            for name, table in self._tables.items()
        }
        described |= {"split": self._split_record} if self._split_record else {}
        described |= {"made": self._made} if self._made else {}
        described |= {} if self._function is None else {"function": dict(self._function.record)}
        return described | ({"stops_stripped": self._stops.stripped} if self._stops else {})


def _check_fits(settings: TrainingSettings, scheme: LabelScheme) -> None:
    """Refuses what was asked for and the task does not have."""
    scores = ("loss", *(REGRESSION if scheme.task == "regression" else CLASSIFICATION))
    scores += FUNCTION if settings.labels_from else ()
    if settings.best not in scores:
        listed = ", ".join(scores)
        raise InputError(f"task {scheme.task} has no score {settings.best!r}: expected one of {listed}")
    if settings.class_weights and scheme.task == "regression":
        raise InputError("class weights were asked for, but the task is regression: leave them out")


def _class_weights(scheme: LabelScheme, train: Sequence[Example]) -> Tensor:
    """By which every class counts the same in the loss (multi-label: positives as much as negatives)."""
    labels = np.array([x for example in train for x in np.atleast_1d(example["labels"])])
    if scheme.task == "multi-label":
        positives = labels.reshape(len(train), -1).mean(axis=0)
        return torch.tensor((1 - positives) / positives, dtype=torch.float32)
    counts = np.bincount(labels[labels != -100], minlength=len(scheme.names))
    return torch.tensor(counts.sum() / (len(scheme.names) * counts), dtype=torch.float32)


def loss_of_part(task: str, weights: Tensor | None) -> Callable[..., Tensor]:
    """The loss of a Trainer: a process with a part of a batch gives its share of the mean over all of it.

    Args:
        task: That of the labels.
        weights: Of classes, or of positives; None: all alike.
    """

    def loss(outputs: Any, labels: Tensor, num_items_in_batch: Any = None) -> Tensor:
        weight = None if weights is None else weights.to(labels.device)
        mean = _mean_loss(task, outputs.logits.float(), labels, weight)
        return mean * share_of_all(_amount(task, labels, weight))

    return loss


def _amount(task: str, labels: Tensor, weight: Tensor | None) -> Tensor:
    """What a mean over these labels counts by: how many are known, or their weight."""
    if task in ("regression", "multi-label"):
        return torch.tensor(labels.numel(), device=labels.device)
    known = labels[labels >= 0]
    return torch.tensor(len(known), device=labels.device) if weight is None else weight[known].sum()


def _mean_loss(task: str, logits: Tensor, labels: Tensor, weight: Tensor | None) -> Tensor:
    """As transformers has it for each task, and with weights of classes, or of positives."""
    if task == "regression":
        return F.mse_loss(logits.flatten(), labels.flatten())
    if task == "multi-label":
        return F.binary_cross_entropy_with_logits(logits, labels, pos_weight=weight)
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), weight=weight)


def _arrays(prediction: Any) -> tuple[Float[np.ndarray, "..."], np.ndarray]:
    return np.asarray(prediction.predictions, dtype=np.float64), np.asarray(prediction.label_ids)


def _only_logits(outputs: Any, labels: Tensor) -> Tensor:
    """Some architectures return more than logits; only those are gathered."""
    return outputs[0] if isinstance(outputs, tuple) else outputs
