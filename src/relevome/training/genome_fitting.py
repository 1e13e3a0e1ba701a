"""Fitting an annotator to a genome that is read in lanes, with a checkpoint after every epoch.

transformers' Trainer knows examples, each by itself; here every segment needs the memory of the one before.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import Progress
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from relevome.errors import InputError
from relevome.models.annotator import AnnotatorForTokenClassification
from relevome.results.record import reading
from relevome.training.genome_lanes import SEGMENTS, cut_lanes, group_of, predictions, side_by_side
from relevome.training.genome_strands import IGNORED, Strand
from relevome.training.objective import History
from relevome.training.settings import TrainingSettings

_SCORED = "validation_"

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Regime:
    """How an annotator is trained: steps of Adam, each on a segment of every one of ``streams`` lanes.

    The learning rate rises over ``warmup`` steps, and then stays, or falls in a straight line if ``falls``.
    A labelled position counts ``site_weight`` times in the loss.
    """

    steps: int
    streams: int
    learning_rate: float
    warmup: int
    falls: bool
    site_weight: float

    def rate(self, step: int) -> float:
        """The share of the learning rate that a step has."""
        rise = min(1.0, (step + 1) / self.warmup)
        return min(rise, (self.steps - step) / max(1, self.steps - self.warmup)) if self.falls else rise


# By the size of the architecture. `published` is that of Clauwaert et al. 2021.
REGIMES: Mapping[str, Regime] = MappingProxyType(
    {
        "small": Regime(7_000, 10, 2e-3, 350, falls=True, site_weight=1.0),
        "published": Regime(85_000, 10, 1e-4, 3_000, falls=False, site_weight=1.0),
    }
)


def regime_of(settings: TrainingSettings) -> Regime:
    """That of ``annotator:published``, or the small one, but for what is asked for; warm-up in proportion."""
    usual = REGIMES.get(settings.arch.rpartition(":")[2], REGIMES["small"])
    steps = settings.steps or usual.steps
    return replace(
        usual,
        steps=steps,
        warmup=max(1, round(usual.warmup * steps / usual.steps)),
        streams=settings.streams or usual.streams,
        learning_rate=settings.learning_rate or usual.learning_rate,
    )


@dataclass(frozen=True)
class Progressed:
    """What a training has reached after a whole epoch; ``best`` are the weights of ``best_epoch``."""

    step: int = 0
    history: History = ()
    best_epoch: int = 0
    best: Weights = field(default_factory=dict)

    @property
    def scores(self) -> dict[str, float]:
        """Those of the best epoch."""
        measured = self.history[self.best_epoch - 1]
        return {name.removeprefix(_SCORED): measured[name] for name in measured if name.startswith(_SCORED)}

    def stops(self, steps: int, patience: int) -> bool:
        """Whether all steps are done, or no epoch was better for long."""
        return self.step >= steps or len(self.history) - self.best_epoch >= patience

    def after(self, step: int, measured: dict[str, float], weights: Weights) -> Progressed:
        """What is reached with one epoch more."""
        history = (*self.history, measured)
        best = self.scores["average_precision"] if self.best else -1.0
        if not measured["validation_average_precision"] > best:
            return replace(self, step=step, history=history)
        kept = {name: value.detach().cpu().clone() for name, value in weights.items()}
        return Progressed(step, history, len(history), kept)


class Fit:
    """One training of an annotator: an epoch is all that may be learnt from, once, and is then scored."""

    def __init__(
        self,
        settings: TrainingSettings,
        strands: Iterable[Strand],
        score: Callable[[AnnotatorForTokenClassification], dict[str, float]],
        module: Any,  # an annotator; its method `to` has no type
        checkpoints: Path,
    ) -> None:
        self._settings, self._score = settings, score
        self._regime = regime_of(settings)
        self._module: AnnotatorForTokenClassification = module.to(settings.device)
        self._strands = [strand.to_learn_from(module.config.look_ahead) for strand in strands]
        self._optimizer = torch.optim.Adam(module.parameters(), lr=self._regime.learning_rate)
        self._checkpoint = checkpoints / "reached.safetensors"

    def run(self) -> Progressed:
        """Trains, or goes on where it was stopped; the module is then that of the best epoch.

        Raises ``InputError`` if no epoch had a finite score.
        """
        reached = self._load() if self._checkpoint.is_file() else Progressed()
        shown = sys.stderr.isatty() if self._settings.progress is None else self._settings.progress
        with Progress(console=Console(stderr=True), disable=not shown, transient=True) as progress:
            bar = progress.add_task("training", total=self._regime.steps, completed=reached.step)
            while not reached.stops(self._regime.steps, self._settings.patience):
                reached = self._epoch(reached, lambda: progress.advance(bar))
                self._save(reached)
        if not reached.best:
            raise InputError(
                "validation average_precision was undefined after every epoch: expected a learning rate low "
                "enough (--learning-rate)"
            )
        self._module.load_state_dict(reached.best)
        return reached

    def _epoch(self, reached: Progressed, advance: Any) -> Progressed:
        """One epoch, whose draws depend on the seed and its number only."""
        number, step = len(reached.history) + 1, reached.step
        draws = np.random.SeedSequence([self._settings.seed, number])
        torch.manual_seed(int(draws.generate_state(1)[0]))
        self._module.train()
        losses = []
        for logits, labels in self._segments(np.random.default_rng(draws)):
            losses.append(self._learn(logits, labels, step))
            step += 1
            advance()
            if step == self._regime.steps:
                break
        measured = {_SCORED + name: x for name, x in self._score(self._module).items()}
        mean = float(torch.stack(losses).mean())
        entry = {"epoch": float(number), "step": float(step), "loss": mean, **measured}
        return reached.after(step, entry, self._module.state_dict())

    def _segments(self, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        config = self._module.config
        size = max(1, SEGMENTS * config.segment - config.look_ahead)
        for lanes in side_by_side(cut_lanes(self._strands, size, rng), self._regime.streams, rng):
            yield from predictions(group_of(lanes, self._module), self._module)

    def _learn(self, logits: Tensor, labels: Tensor, step: int) -> Tensor:
        """One step of Adam; returns the loss per letter."""
        weight = logits.new_tensor([1.0, self._regime.site_weight])
        total = F.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), weight, ignore_index=IGNORED, reduction="sum"
        )
        loss = total / (labels != IGNORED).sum().clamp(min=1)
        for group in self._optimizer.param_groups:
            group["lr"] = self._regime.learning_rate * self._regime.rate(step)
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._module.parameters(), 1.0)
        self._optimizer.step()
        return loss.detach()

    def _save(self, reached: Progressed) -> None:
        """Everything in one file, that is whole or not there."""
        tensors = {f"best.{name}": value for name, value in reached.best.items()}
        tensors |= {f"now.{name}": value for name, value in self._module.state_dict().items()}
        for index, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": value for name, value in moments.items()}
        said = {"step": reached.step, "history": reached.history, "best_epoch": reached.best_epoch}
        part = self._checkpoint.with_suffix(".part")
        save_file({name: x.contiguous() for name, x in tensors.items()}, part, {"reached": json.dumps(said)})
        part.replace(self._checkpoint)

    def _load(self) -> Progressed:
        try:
            with reading(self._checkpoint, "remove the folder, or choose another output"):
                return self._loaded()
        except SafetensorError as error:
            raise InputError(
                f"{self._checkpoint} is damaged ({error}): remove the folder, or choose another output"
            ) from error

    def _loaded(self) -> Progressed:
        parts: dict[str, dict[str, Tensor]] = {"best": {}, "now": {}, "adam": {}}
        with safe_open(self._checkpoint, framework="pt") as file:
            said = json.loads(file.metadata()["reached"])
            for whole in file.keys():  # noqa: SIM118  # it is no mapping
                kind, _, name = whole.partition(".")
                parts[kind][name] = file.get_tensor(whole)
        self._module.load_state_dict(parts["now"])
        moments: dict[int, dict[str, Tensor]] = {}
        for whole, value in parts["adam"].items():
            index, _, name = whole.partition(".")
            moments.setdefault(int(index), {})[name] = value
        self._optimizer.load_state_dict(self._optimizer.state_dict() | {"state": moments})
        return Progressed(said["step"], tuple(said["history"]), said["best_epoch"], parts["best"])
