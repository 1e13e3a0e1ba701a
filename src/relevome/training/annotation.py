"""The objective of genome annotation: to tell labelled positions from all others, letter by letter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from collections.abc import Sequence as List
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from sklearn import metrics
from transformers import PreTrainedModel

from relevome.data.formats.fasta import read_fasta
from relevome.data.positions import Position, PositionChoice, read_positions
from relevome.data.problems import Problem, refuse_or_skip
from relevome.data.sequences import DNA, Interval
from relevome.errors import InputError
from relevome.models.annotator import AnnotatorForTokenClassification
from relevome.models.annotator.model import CHUNK
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.training.architectures import Architecture
from relevome.training.folder import TrainingFolder
from relevome.training.genome_fitting import Fit, regime_of
from relevome.training.genome_strands import (
    IGNORED,
    TEST,
    Strand,
    both_strands,
    held_out_part,
    test_part,
)
from relevome.training.labels import LabelScheme
from relevome.training.objective import Trained, Watch, objectives
from relevome.training.settings import TrainingSettings

HELD_OUT = "20%"  # of every contig, unless something else is asked for

_SCHEME = LabelScheme("token", ("none", "site"))
_PARTS = {
    "to_learn_from": "to learn from",
    "held_out": "held out",
    "test": f"in held-out regions named {TEST}",
}


@objectives.register("annotate")
class AnnotationObjective:
    """A genome with labelled positions, part of it held out on both strands.

    What is held out chooses the best epoch, but for regions named ``test``.
    """

    options = (
        "genome", "labels", "feature", "labels_column", "labels_where", "split", "circular", "steps",
        "streams",
    )  # fmt: skip
    task = _SCHEME.task
    labels = _SCHEME.names

    def __init__(self, settings: TrainingSettings, architecture: Architecture) -> None:
        self._settings = settings
        self._architecture = architecture
        self._problems: list[Problem] = []
        self.tokenizer = LetterTokenizer(letter_tokenizer(DNA), DNA)
        self._paths = _paths(settings)
        self._sequences = list(
            refuse_or_skip(read_fasta(self._paths["genome"], DNA), settings.on_bad, self._problems)
        )
        self._contigs = {sequence.id: len(sequence) for sequence in self._sequences}
        self._held_out = held_out_part(self._split, self._contigs)
        self._positions = self._read_positions()
        self.strands = tuple(
            both_strands(self._sequences, self._positions, self._held_out, settings.circular)
        )
        self._scored = tuple(self._choosing())
        self._check_counts()

    @staticmethod
    def check(settings: TrainingSettings) -> None:
        """See `Objective`."""
        _paths(settings)

    @staticmethod
    def chosen(settings: TrainingSettings, architecture: Architecture) -> TrainingSettings:
        """See `Objective`."""
        regime = regime_of(settings)
        return replace(
            settings,
            learning_rate=regime.learning_rate,
            steps=regime.steps,
            streams=regime.streams,
            split=settings.split or HELD_OUT,
            best="average_precision",
        )

    def _choosing(self) -> Iterator[Strand]:
        """The strands, held out being only what chooses the best epoch."""
        test = test_part(self._split, self._contigs)
        for strand in self.strands:
            kept = test[strand.contig] if strand.sign == "+" else test[strand.contig][::-1]
            yield replace(strand, held_out=strand.held_out & ~kept)

    @property
    def _split(self) -> str:
        return self._settings.split or HELD_OUT

    def _read_positions(self) -> list[Position]:
        asked = self._settings
        choice = PositionChoice(asked.feature, asked.labels_column, asked.labels_where)
        found = read_positions(self._paths["labels"], self._contigs, choice)
        return list(refuse_or_skip(found, asked.on_bad, self._problems))

    def _check_counts(self) -> None:
        for name, count in self._counts().items():
            if not count:
                raise InputError(
                    f"{self._paths['labels']} has no labelled position {_PARTS[name]} with --split "
                    f"{self._split}: expected some in each part"
                )

    def _counts(self) -> dict[str, int]:
        """Labelled positions by part, each once, but for those on unknown letters."""
        sites = sum(int((strand.labels == 1).sum()) for strand in self.strands)
        held, choosing = (
            sum(int(((strand.labels == 1) & strand.held_out).sum()) for strand in strands)
            for strands in (self.strands, self._scored)
        )
        counts = {"to_learn_from": sites - held, "held_out": choosing}
        return counts | ({"test": held - choosing} if self._has_test else {})

    @property
    def _has_test(self) -> bool:
        pairs = zip(self.strands, self._scored, strict=True)
        return any((strand.held_out != scored.held_out).any() for strand, scored in pairs)

    def _all_counts(self) -> dict[str, int]:
        parts = self._counts()
        different = len({(position.contig, position.strand, position.index) for position in self._positions})
        left_out = {
            "repeated": len(self._positions) - different,
            "on_unknown_letters": different - sum(parts.values()),
        }
        return {"positions": len(self._positions)} | parts | left_out

    @property
    def digests(self) -> Mapping[str, str]:
        """sha256 of the files, and of the regions that are held out."""
        digests = {}
        for name, path in self._paths.items():
            with path.open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
        for name, regions in self._held_out_regions().items():
            digests[name] = hashlib.sha256("\n".join(regions).encode()).hexdigest()
        return digests

    def _held_out_regions(self) -> dict[str, list[str]]:
        """What chooses the best epoch, and what is kept for a last word, if anything is."""
        found = {"held_out": self._regions(self._scored)}
        if self._has_test:
            pairs = zip(self.strands, self._scored, strict=True)
            found["test"] = self._regions(
                [replace(strand, held_out=strand.held_out & ~scored.held_out) for strand, scored in pairs]
            )
        return found

    def _regions(self, strands: List[Strand]) -> list[str]:
        return [
            str(Interval(strand.contig, start, end))
            for strand in strands[::2]
            for start, end in replace(strand, circular=False).runs(held_out=True)
        ]

    def module(self) -> tuple[PreTrainedModel, tuple[str, ...]]:
        """An annotator whose first guess, if it is new, is how frequent labelled positions are."""
        module, new_weights = self._architecture.module(self.tokenizer, _SCHEME)
        if not isinstance(module, AnnotatorForTokenClassification) or module.config.layout == "segments":
            raise InputError(
                f"{self._settings.arch} cannot read a genome with memory: expected --arch annotator, "
                "annotator:published, or a config.json or folder of one with the layout 'sliding'"
            )
        if "classifier.bias" in new_weights:
            rate = _base_rate(self.strands, held_out=False)
            with torch.no_grad():
                module.classifier.bias.copy_(torch.tensor([0.0, np.log(rate / (1 - rate))]))
        return module, new_weights

    def claim(self) -> dict[str, Any]:
        """sha256 of the files, and of the regions that are held out."""
        return {f"{name} sha256": digest for name, digest in self.digests.items()}

    def run(self, folder: TrainingFolder, watch: Watch) -> Trained:
        """See `Objective`; ``chance`` is what a guess that knows nothing reaches."""
        module, new_weights = self.module()
        folder.open(self._settings.resume)
        fit = Fit(self._settings, self.strands, self.score, module, folder.checkpoints, watch)
        reached = fit.run()
        early = None
        if not fit.is_over(reached):
            steps = f"step {reached.step:,} of {self._settings.steps:,}"
            early = f"after epoch {len(reached.history)}, {steps}"
        metrics = {"validation": reached.scores, "chance": self.chance()}
        best = float(reached.best_epoch)
        return Trained(module, new_weights, metrics, reached.history, best, early=early)

    def score(self, module: AnnotatorForTokenClassification) -> dict[str, float]:
        """Loss, ROC AUC and average precision over every position of both strands that chooses the epoch.

        What is said of a position is what is said of it when the whole genome is read. NaN if the model
        gives no numbers.
        """
        module.eval()
        logits, labels = (np.concatenate(parts) for parts in zip(*self._predictions(module), strict=True))
        if not np.isfinite(logits).all():
            return dict.fromkeys(("loss", "auroc", "average_precision"), float("nan"))
        margin = logits[:, 1] - logits[:, 0]
        loss = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels).long())
        return {
            "loss": loss.item(),
            "auroc": float(metrics.roc_auc_score(labels, margin)),
            "average_precision": float(metrics.average_precision_score(labels, margin)),
        }

    def _predictions(
        self, module: AnnotatorForTokenClassification
    ) -> Iterator[tuple[Float[np.ndarray, "letters 2"], Int[np.ndarray, " letters"]]]:
        left, right = module.config.context
        chunk = CHUNK if module.device.type == "cpu" else 16 * CHUNK  # a GPU wants more at a time
        for strand in self._scored:
            for start, end in strand.runs(held_out=True):
                first = start - left if strand.circular else max(0, start - left)
                last = end + right if strand.circular else min(len(strand), end + right)
                logits = module.logits(strand.read(first, last), chunk)[start - first : end - first]
                labels = strand.labels_at(start, end)
                yield logits[labels != IGNORED], labels[labels != IGNORED]

    def chance(self) -> dict[str, float]:
        """Scores of a guess that knows nothing."""
        return {"auroc": 0.5, "average_precision": _base_rate(self._scored, held_out=True)}

    def describe(self) -> dict[str, Any]:
        """What was read, and which part was held out."""
        asked = self._settings
        unknown = sum(int((strand.labels == IGNORED).sum()) for strand in self.strands)
        return {
            "genome": {
                "path": str(asked.genome),
                "contigs": len(self._contigs),
                "letters": sum(self._contigs.values()),
                "unknown_letters": unknown // 2,
                "circular": asked.circular,
            },
            "labels": {"path": str(asked.labels)} | self._all_counts(),
            "sha256": dict(self.digests),
            **self._held_out_regions(),
            "skipped": [asdict(problem) for problem in self._problems],
        }


def _base_rate(strands: List[Strand], held_out: bool) -> float:
    """The share of labelled positions among those that are held out, or among those that are not."""
    labels = np.concatenate([strand.labels[strand.held_out == held_out] for strand in strands])
    return float((labels[labels != IGNORED] == 1).mean())


def _paths(settings: TrainingSettings) -> dict[str, Path]:
    if settings.genome is None or settings.labels is None:
        raise InputError("--objective annotate learns from a genome: expected --genome and --labels")
    return {"genome": settings.genome, "labels": settings.labels}
