"""Fitting an annotator to a genome that is read in lanes, with checkpoints after and within epochs.

transformers' Trainer knows examples, each by itself; here every segment needs the memory of the one before.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from relevome.errors import InputError
from relevome.models.annotator import AnnotatorForTokenClassification
from relevome.results.record import reading
from relevome.training.genome_strands import (
    IGNORED,
    SEGMENTS,
    Lane,
    Strand,
    cut_lanes,
    group_of,
    predictions,
    side_by_side,
)  # fmt: skip
from relevome.training.objective import History, Reached, Watch, nothing_to_finish
from relevome.training.settings import TrainingSettings
from relevome.training.while_fitting import EVERY, SHARE

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


@dataclass(frozen=True)
class Within:
    """What is done of an epoch: so many groups of lanes, with the loss of every step, and the next draws.

    Between two groups memory is empty, so that nothing else is needed to go on.
    """

    groups: int
    losses: Tensor
    draws: Tensor


class Fit:
    """One training of an annotator: an epoch is all that may be learnt from, once, and is then scored."""

    def __init__(
        self,
        settings: TrainingSettings,
        strands: Iterable[Strand],
        score: Callable[[AnnotatorForTokenClassification], dict[str, float]],
        module: Any,  # an annotator; its method `to` has no type
        checkpoints: Path,
        watch: Watch,
    ) -> None:
        self._settings, self._score, self._watch = settings, score, watch
        self._regime = regime_of(settings)
        self._module: AnnotatorForTokenClassification = module.to(settings.device)
        self._strands = [strand.to_learn_from(module.config.look_ahead) for strand in strands]
        self._optimizer = torch.optim.Adam(module.parameters(), lr=self._regime.learning_rate)
        self._checkpoint = checkpoints / "reached.safetensors"
        self._kept = self._told = time.monotonic()
        self._cost = 0.0  # seconds that the last checkpoint within an epoch took

    def run(self) -> Progressed:
        """Trains, or goes on where it was stopped; the module is then that of the best epoch.

        Raises ``InputError`` if no epoch had a finite score, and if there is none to finish with.
        """
        reached, within = self._load() if self._checkpoint.is_file() else (Progressed(), None)
        if self._settings.finish and not reached.history:
            raise nothing_to_finish(self._settings.output)
        while not (self._settings.finish or self.is_over(reached)):
            reached = self._epoch(reached, within)
            within = None
            self._save(reached)
        if not reached.best:
            raise InputError(
                "validation average_precision was undefined after every epoch: expected a learning rate low "
                "enough (--learning-rate)"
            )
        self._module.load_state_dict(reached.best)
        return reached

    def is_over(self, reached: Progressed) -> bool:
        """Whether a training ends here by itself."""
        return reached.stops(self._regime.steps, self._settings.patience)

    def _epoch(self, reached: Progressed, within: Within | None) -> Progressed:
        """One epoch, or the rest of one, whose draws depend on the seed and its number only."""
        number = len(reached.history) + 1
        draws = np.random.SeedSequence([self._settings.seed, number])
        torch.manual_seed(int(draws.generate_state(1)[0]))
        self._module.train()
        groups = self._groups(np.random.default_rng(draws))
        losses: list[Tensor] = []
        if within is not None:
            losses = list(within.losses.to(self._module.device))
            _draw_from(within.draws, self._module.device)
        for done, lanes in enumerate(groups):
            if within is not None and done < within.groups:
                continue
            self._keep(reached, done, losses)
            for logits, labels in predictions(group_of(lanes, self._module), self._module):
                step = reached.step + len(losses)
                losses.append(self._learn(logits, labels, step))
                self._tell(step + 1, number, losses)
                if step + 1 == self._regime.steps:
                    break
            if reached.step + len(losses) == self._regime.steps:
                break
        step = reached.step + len(losses)
        scores = self._score(self._module)
        mean = float(torch.stack(losses).mean())
        self._watch(Reached(step, self._regime.steps, number, None, mean, scores))
        measured = {_SCORED + name: x for name, x in scores.items()}
        entry = {"epoch": float(number), "step": float(step), "loss": mean, **measured}
        return reached.after(step, entry, self._module.state_dict())

    def _groups(self, rng: np.random.Generator) -> list[list[Lane]]:
        config = self._module.config
        size = max(1, SEGMENTS * config.segment - config.look_ahead)
        return side_by_side(cut_lanes(self._strands, size, rng), self._regime.streams, rng)

    def _tell(self, step: int, epoch: int, losses: list[Tensor]) -> None:
        if time.monotonic() - self._told > 1:
            self._told = time.monotonic()
            mean = float(torch.stack(losses).mean())
            self._watch(Reached(step, self._regime.steps, epoch, None, mean))

    def _keep(self, reached: Progressed, groups: int, losses: list[Tensor]) -> None:
        """A checkpoint within an epoch, if none was kept for long."""
        since = time.monotonic()
        if losses and since - self._kept > max(EVERY, self._cost / SHARE):
            self._save(reached, Within(groups, torch.stack(losses), _draws_of(self._module.device)))
            self._cost = time.monotonic() - since

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

    def _save(self, reached: Progressed, within: Within | None = None) -> None:
        """Everything in one file, that is whole or not there."""
        tensors = {f"best.{name}": value for name, value in reached.best.items()}
        tensors |= {f"now.{name}": value for name, value in self._module.state_dict().items()}
        for index, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": value for name, value in moments.items()}
        said: dict[str, Any] = {"step": reached.step, "history": reached.history}
        said |= {"best_epoch": reached.best_epoch}
        if within is not None:
            said |= {"groups": within.groups}
            tensors |= {"within.losses": within.losses, "within.draws": within.draws}
        part = self._checkpoint.with_suffix(".part")
        save_file({name: x.contiguous() for name, x in tensors.items()}, part, {"reached": json.dumps(said)})
        part.replace(self._checkpoint)
        self._kept = time.monotonic()

    def _load(self) -> tuple[Progressed, Within | None]:
        try:
            with reading(self._checkpoint, "remove the folder, or choose another output"):
                return self._loaded()
        except SafetensorError as error:
            raise InputError(
                f"{self._checkpoint} is damaged ({error}): remove the folder, or choose another output"
            ) from error

    def _loaded(self) -> tuple[Progressed, Within | None]:
        parts: dict[str, dict[str, Tensor]] = {"best": {}, "now": {}, "adam": {}, "within": {}}
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
        within = Within(said["groups"], **parts["within"]) if "groups" in said else None
        return Progressed(said["step"], tuple(said["history"]), said["best_epoch"], parts["best"]), within


def _draws_of(device: torch.device) -> Tensor:
    """What random numbers will be drawn next where the module is."""
    return torch.get_rng_state() if device.type == "cpu" else getattr(torch, device.type).get_rng_state()


def _draw_from(draws: Tensor, device: torch.device) -> None:
    torch.set_rng_state(draws) if device.type == "cpu" else getattr(torch, device.type).set_rng_state(draws)
