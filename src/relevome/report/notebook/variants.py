"""What variants do to an output: bars, the largest effect first."""

from __future__ import annotations

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from relevome.errors import InputError
from relevome.report.curves import COLOURS, SMALL, TINY
from relevome.report.logo import STYLE
from relevome.report.text import shortened
from relevome.results.notebook import NotebookLook, looks
from relevome.results.variants.rows import OF_SIZES, Variants

_WORDS = {
    "delta_log_odds": "log odds (nats), alternative minus reference",
    "delta_probability": "probability, alternative minus reference",
    "delta_score": "score, alternative minus reference",
}
_BAR = 0.16  # inches


def _draw(found: Variants, *, target: str | None = None, most: int = 20) -> Figure:
    if most < 1:
        raise InputError(f"{most} variants: expected 1 or more")
    if target is not None and target not in found.targets:
        raise InputError(f"{found.path} has no output {target!r}: expected one of {', '.join(found.targets)}")
    chosen = found.targets[0] if target is None else target
    measures = OF_SIZES if set(OF_SIZES) <= set(found.scores) else (_measure(found),)
    names, effects = _effects(found, chosen, measures)
    if not names:
        raise InputError(f"{found.path} has no effect on {chosen}: there is nothing to draw")
    order = np.argsort(-np.abs(effects).max(1), kind="stable")[:most]
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(5.0, _BAR * len(order) + 0.8), layout="constrained")
        axes = figure.subplots()
        for place, row in enumerate(order):
            # what is lost is drawn to the left, though it is counted from 0 too
            for value in effects[row] * ((1, -1) if measures == OF_SIZES else 1):
                axes.barh(place, value, 0.7, color=COLOURS[0 if value > 0 else 1], linewidth=0)
        labels = [shortened(names[row], TINY, 110.0) for row in order]
        axes.set_yticks(range(len(order)), labels, parse_math=False)
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.axvline(0, color="black", linewidth=0.5)
        axes.set_xlabel(
            _WORDS.get(measures[0], "largest gain (to the right) and loss near it"),
            fontsize=SMALL,
        )
        title = f"{chosen}: {len(order):,} of {len(names):,} variants, those of largest effect"
        axes.set_title(shortened(title, SMALL, 300.0), fontsize=SMALL, loc="left", parse_math=False)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=TINY, length=2.5, pad=2)
        return figure


def _measure(found: Variants) -> str:
    """Log odds where the model has them, which do not saturate as probabilities do."""
    return next((name for name in _WORDS if name in found.scores), found.scores[0])


def _effects(found: Variants, target: str, measures: tuple[str, ...]) -> tuple[list[str], np.ndarray]:
    """Variants by name, as VCF counts (from 1), and what each does; without those whose effect is unknown."""
    names: list[str] = []
    effects: list[list[float]] = []
    columns = ("target", "sequence_id", "start", "ref", "alt", "gene", *measures)
    for label, contig, start, ref, alt, gene, *values in found.values(columns):
        known = [value for value in values if value is not None and np.isfinite(value)]
        if label == target and len(known) == len(measures):
            names.append(f"{contig}:{start + 1} {ref}>{alt}" + f" {gene}" * (gene is not None))
            effects.append(known)
    return names, np.array(effects).reshape(-1, len(measures))


looks.register("Variants")(NotebookLook(_draw))
