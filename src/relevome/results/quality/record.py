"""How good a model is, as `relevome train` left it beside the weights, and as runs keep it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from relevome.results.kinds import of_its_kind

NOT_KEPT = "its folder has no scores of relevome train, or the run is an earlier one"


@dataclass(frozen=True)
class ModelQuality:
    """Scores of a model on sequences that it did not learn from.

    ``task`` is that of its training, ``table`` what the scores are of: ``test``, or ``validation``, by which
    its epoch was chosen. ``metrics`` are by name and finite, ``chance`` what a guess reaches by them, where
    that depends on the data. ``examples`` is how many of what is ``counted`` there are, ``positives`` how
    many of them, or of their letters, have each output; both may be unknown. ``in_training`` of them were
    learnt from too. ``sha256`` is that of the table. ``command`` are the arguments of `relevome` by which the
    model was trained, none where that was done from Python. ``unknown`` says why there is nothing of this.
    """

    task: str = ""
    table: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)
    examples: int | None = None
    counted: str = "sequences"
    positives: tuple[int, ...] = ()
    in_training: int = 0
    sha256: str | None = None
    command: tuple[str, ...] = ()
    unknown: str = ""

    @property
    def contests(self) -> list[tuple[int, int]]:
        """Positives and negatives of every output that has both; empty if nobody counted them."""
        multi = self.task == "multi-label"
        total = self.examples if multi else sum(self.positives)
        counts = self.positives if multi or len(self.positives) != 2 else self.positives[1:]
        return [(one, total - one) for one in counts if total is not None and 0 < one < total]


def quality_record(found: ModelQuality) -> dict[str, Any]:
    """The same as JSON can hold it: what is said, and nothing else."""
    said = asdict(found)
    empty = asdict(ModelQuality())
    return {name: value for name, value in said.items() if value != empty[name]}


def quality_of(model: Any) -> ModelQuality:
    """What the record of a model says of its quality; of a record that says nothing, or is damaged, why."""
    said = model.get("quality") if isinstance(model, Mapping) else None
    if not isinstance(said, Mapping):
        return ModelQuality(unknown=NOT_KEPT)
    try:
        rows = {name: tuple(said.get(name, ())) for name in ("positives", "command")}
        found = of_its_kind(ModelQuality(**{**said, **rows}))
    except (TypeError, ValueError, OverflowError):
        return ModelQuality(unknown="what the run says of it is damaged")
    counts = (*found.positives, found.in_training, found.examples or 0)
    if min(counts) < 0 or not all(map(math.isfinite, (*found.metrics.values(), *found.chance.values()))):
        return ModelQuality(unknown="what the run says of it is damaged")
    return found
