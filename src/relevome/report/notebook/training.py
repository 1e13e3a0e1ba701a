"""A training: what was measured after every epoch, loss beside loss and the scores of validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from relevome.errors import InputError
from relevome.report.curves import COLOURS, GREY, SMALL, TINY, WIDTH
from relevome.report.logo import STYLE
from relevome.results.notebook import NotebookLook, looks

_HEIGHT = 2.1  # inches
_LOSS, _VALIDATION = "loss", "validation_"


@runtime_checkable
class _Trained(Protocol):
    """What is drawn of a `relevome.TrainingResult`."""

    @property
    def history(self) -> Sequence[Mapping[str, float]]:
        """What was measured after every epoch."""
        ...

    @property
    def best_epoch(self) -> float:
        """The epoch whose weights are kept."""
        ...


def _draw(found: _Trained) -> Figure:
    epochs = np.array([one["epoch"] for one in found.history])
    names = list(dict.fromkeys(name for one in found.history for name in one if name != "epoch"))
    values = {name: np.array([one.get(name, np.nan) for one in found.history]) for name in names}
    losses = {name: values[name] for name in names if name.endswith(_LOSS)}
    scores = {name: values[name] for name in names if name.startswith(_VALIDATION) and name not in losses}
    panels = [(title, lines) for title, lines in (("loss", losses), ("validation", scores)) if lines]
    if not panels:
        raise InputError("no epoch was measured: there is nothing to draw")
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(WIDTH, _HEIGHT + 0.3), layout="constrained")
        for axes, (title, lines) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
        ):
            _draw_lines(axes, title, epochs, lines, found.best_epoch)
        return figure


def _draw_lines(
    axes: Axes, title: str, epochs: np.ndarray, lines: Mapping[str, np.ndarray], best: float
) -> None:
    for place, (name, values) in enumerate(lines.items()):
        colour, known = COLOURS[place % len(COLOURS)], np.isfinite(values)
        label = name if name.endswith(_LOSS) else name.removeprefix(_VALIDATION)
        axes.plot(epochs[known], values[known], ".-", color=colour, linewidth=1, markersize=4, label=label)
    axes.axvline(best, color=GREY, linewidth=0.8, linestyle="--", label="best epoch")
    axes.set_title(title, fontsize=SMALL, loc="left")
    axes.set_xlabel("epoch", fontsize=SMALL)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=TINY, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=TINY, length=2.5, pad=2)


looks.register("TrainingResult")(NotebookLook(_draw))
