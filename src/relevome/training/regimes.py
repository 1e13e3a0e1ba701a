"""How an annotator is trained unless something else is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from relevome.training.settings import TrainingSettings


@dataclass(frozen=True)
class Regime:
    """Steps of Adam, each on a segment of every one of ``streams`` lanes.

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
