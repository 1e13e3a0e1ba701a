"""The objective of genome annotation: to tell labelled positions from all others, letter by letter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from sklearn import metrics
from transformers import PreTrainedModel

from relevome.data.errors import InputError
from relevome.data.fasta import read_fasta
from relevome.data.positions import Choice, Position, read_positions
from relevome.data.problems import Problem, refuse_or_skip
from relevome.data.sequence import DNA, Interval
from relevome.models.annotator import AnnotatorForTokenClassification
from relevome.models.annotator.model import CHUNK
from relevome.models.tokenization import LetterTokenizer
from relevome.models.tokenizers import letter_tokenizer
from relevome.models.training.architectures import Architecture
from relevome.models.training.labels import LabelScheme
from relevome.models.training.settings import TrainingSettings
from relevome.models.training.strands import IGNORED, both_strands, held_out_part

_SCHEME = LabelScheme("token", ("none", "site"))


class AnnotationObjective:
    """A genome with labelled positions, part of it held out on both strands."""

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
        self._held_out = held_out_part(settings.split, self._contigs)
        self._positions = self._read_positions()
        self.strands = tuple(
            both_strands(self._sequences, self._positions, self._held_out, settings.circular)
        )
        self._check_counts()

    def _read_positions(self) -> list[Position]:
        asked = self._settings
        choice = Choice(asked.feature, asked.labels_column, asked.labels_where)
        found = read_positions(self._paths["labels"], self._contigs, choice)
        return list(refuse_or_skip(found, asked.on_bad, self._problems))

    def _check_counts(self) -> None:
        for name, count in self._counts().items():
            if not count:
                raise InputError(
                    f"{self._paths['labels']} has no labelled position {name.replace('_', ' ')} with --split "
                    f"{self._settings.split}: expected some in each part"
                )

    def _counts(self) -> dict[str, int]:
        """Labelled positions by part, each once, but for those on unknown letters."""
        sites = [(strand.labels == 1, strand.held_out) for strand in self.strands]
        held = sum(int((site & held).sum()) for site, held in sites)
        return {"to_learn_from": sum(int(site.sum()) for site, _ in sites) - held, "held_out": held}

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
        regions = "\n".join(map(str, self._regions()))
        return digests | {"held_out": hashlib.sha256(regions.encode()).hexdigest()}

    def _regions(self) -> Iterator[Interval]:
        for strand in self.strands[::2]:
            for start, end in replace(strand, circular=False).runs(held_out=True):
                yield Interval(strand.contig, start, end)

    def module(self) -> tuple[PreTrainedModel, tuple[str, ...]]:
        """An annotator whose first guess, if it is new, is how frequent labelled positions are."""
        module, new_weights = self._architecture.module(self.tokenizer, _SCHEME)
        if not isinstance(module, AnnotatorForTokenClassification) or module.config.layout == "segments":
            raise InputError(
                f"{self._settings.arch} cannot read a genome with memory: expected --arch annotator, "
                "annotator:published, or a config.json or folder of one with the layout 'sliding'"
            )
        if "classifier.bias" in new_weights:
            rate = self._base_rate(held_out=False)
            with torch.no_grad():
                module.classifier.bias.copy_(torch.tensor([0.0, np.log(rate / (1 - rate))]))
        return module, new_weights

    def _base_rate(self, held_out: bool) -> float:
        labels = np.concatenate([strand.labels[strand.held_out == held_out] for strand in self.strands])
        return float((labels[labels != IGNORED] == 1).mean())

    def score(self, module: AnnotatorForTokenClassification) -> dict[str, float]:
        """Loss, ROC AUC and average precision over every held-out position of both strands.

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
        for strand in self.strands:
            for start, end in strand.runs(held_out=True):
                first = start - left if strand.circular else max(0, start - left)
                last = end + right if strand.circular else min(len(strand), end + right)
                logits = module.logits(strand.read(first, last), chunk)[start - first : end - first]
                labels = strand.labels_at(start, end)
                yield logits[labels != IGNORED], labels[labels != IGNORED]

    def chance(self) -> dict[str, float]:
        """Scores of a guess that knows nothing."""
        return {"auroc": 0.5, "average_precision": self._base_rate(held_out=True)}

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
            "held_out": [str(region) for region in self._regions()],
            "skipped": [asdict(problem) for problem in self._problems],
        }


def _paths(settings: TrainingSettings) -> dict[str, Path]:
    if settings.genome is None or settings.labels is None:
        raise InputError("--objective annotate learns from a genome: expected --genome and --labels")
    return {"genome": settings.genome, "labels": settings.labels}
