"""What a model predicts: how the values of every output are spread."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from relevome.errors import InputError
from relevome.report.curves import COLOURS, SMALL, TINY, WIDTH
from relevome.report.logo import STYLE
from relevome.report.text import shortened
from relevome.results.notebook import NotebookLook, looks
from relevome.results.prediction import Prediction
from relevome.words import counted

_MOST = 8  # outputs
_BINS = 40
_ACROSS, _HEIGHT = 4, 1.3  # panels beside each other, and inches for each


def _draw(found: Prediction) -> Figure:
    edges, probable = _edges(found)
    counts = np.zeros((len(found.outputs), _BINS))
    for values in _values(found, probable):
        counts += [np.histogram(column[np.isfinite(column)], edges)[0] for column in values.T]
    shown = found.outputs[:_MOST]
    across = min(_ACROSS, len(shown))
    rows = -(-len(shown) // across)
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(WIDTH * across / _ACROSS + 0.6, _HEIGHT * rows + 0.5), layout="constrained")
        panels = list(figure.subplots(rows, across, squeeze=False, sharex=True).ravel())
        for axes, name, heights in zip(panels, shown, counts, strict=False):
            axes.stairs(heights, edges, fill=True, color=COLOURS[0])
            axes.set_title(shortened(name, SMALL, 112.0), fontsize=SMALL, loc="left", pad=2, parse_math=False)
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(labelsize=TINY, length=2, pad=1.5)
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        left = len(found.outputs) - len(shown)
        more = f" ({counted(left, 'other output is', 'other outputs are')} not drawn)" * bool(left)
        figure.supxlabel(("probability" if probable else "number") + more, fontsize=SMALL)
        figure.supylabel("letters" if found.by_letter else "sequences", fontsize=SMALL)
        return figure


def _edges(found: Prediction) -> tuple[np.ndarray, bool]:
    """Ends of the bins, and whether values are probabilities. Raises InputError without any value."""
    if any(len(values) for values in _values(found, probable=True)):
        return np.linspace(0, 1, _BINS + 1), True
    ends = [
        (np.min(known), np.max(known))
        for values in _values(found, probable=False)
        if len(known := values[np.isfinite(values)])
    ]
    if not ends:
        raise InputError(f"{found.path} holds no predictions: there is nothing to draw")
    return np.histogram_bin_edges([min(low for low, _ in ends), max(high for _, high in ends)], _BINS), False


def _values(found: Prediction, probable: bool) -> Iterator[np.ndarray]:
    """Probabilities or numbers, part by part: (sequences or letters, outputs)."""
    name = "probabilities" if probable else "logits"
    for part in found.tables([name]):
        flat = part[name].drop_null().combine_chunks().flatten()
        yield flat.to_numpy(zero_copy_only=False).astype(np.float64).reshape(-1, len(found.outputs))


looks.register("Prediction")(NotebookLook(_draw))
