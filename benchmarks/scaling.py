"""How the time of an explanation grows with letters, sequences, layers and workers.

`relevome.explain` by AttnLRP, from a file of random sequences to a run folder, batches chosen as for any
user, of two models with random weights: the small transformer on letters and the CNN (64 filters of 7 in each
layer, the maximum over positions), each of four layers where layers do not vary. Seconds are those of the
processor for each sequence, by one thread, the median of turns. Workers are processes of their own: there
they are those of the clock, from when as many shards are there as workers; once. Each curve has the exponent
b of the best fit of seconds = a x^b on logarithmic scales.

Target: more sequences do not make one dearer (b at most 0.05), and two workers on two free cores take at most
1 / 1.8 of the time (b at most -0.85). Letters take from 1 (products, convolutions) to 2 (attention), layers
at most 1.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib.style
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

import relevome
from benchmarks import Row
from benchmarks._hardware import one_thread, processor_seconds
from benchmarks.end_to_end import fasta_of, model_of, random_sequences
from relevome.data.sequences import DNA
from relevome.engines.local import Local
from relevome.jobs.running.shards import SHARD_SEQUENCES
from relevome.models.base import Model
from relevome.models.cnn import CnnConfig, CnnForSequenceClassification
from relevome.models.own_tokenizers import letter_tokenizer
from relevome.models.tokenizing.letter_tokenizer import LetterTokenizer
from relevome.models.transformer import TransformerConfig, TransformerForSequenceClassification
from relevome.report.curves import COLOURS
from relevome.report.logo import STYLE

FIGURE = Path("build", "scaling.png")
TURNS = 3
Explain = Callable[..., Any]


@dataclass(frozen=True)
class Setting:
    """What is explained: so many sequences of so many letters by a model of so many layers, by workers."""

    letters: int = 128
    sequences: int = 128
    layers: int = 4
    workers: int = 1


@dataclass(frozen=True)
class Varied:
    """A setting, the values that one field of it takes, and what the exponent should be."""

    setting: Setting
    values: tuple[int, ...]
    target: str = ""


FULL = {
    "letters": Varied(Setting(), (64, 128, 256, 512)),
    "sequences": Varied(Setting(letters=64), (250, 1_000, 4_000), "at most 0.05"),
    "layers": Varied(Setting(), (2, 4, 8)),
    "workers": Varied(Setting(letters=64, sequences=8 * SHARD_SEQUENCES), (1, 2), "at most -0.85"),
}
QUICK = {
    "letters": Varied(Setting(sequences=32), (64, 128, 256, 512)),
    "sequences": Varied(Setting(letters=64), (30, 120, 480), "at most 0.05"),
    "layers": Varied(Setting(sequences=32), (2, 4, 8)),
    "workers": Varied(Setting(letters=64, sequences=4 * SHARD_SEQUENCES), (1, 2), "at most -0.85"),
}


@dataclass(frozen=True)
class Curve:
    """Seconds of a sequence, by what is varied."""

    at: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def exponent(self) -> float:
        """The b that fits seconds = a at^b, by least squares of logarithms."""
        return float(np.polyfit(np.log(self.at), np.log(self.seconds), 1)[0])


def measure(quick: bool = False, figure: Path = FIGURE) -> list[Row]:
    """Seconds of a sequence, exponents, and a picture of both."""
    settings, turns = (QUICK, 1) if quick else (FULL, TURNS)
    with one_thread():
        curves = {
            what: {name: _curve(make, what, varied, turns) for name, make in MODELS.items()}
            for what, varied in settings.items()
        }
    figure.parent.mkdir(parents=True, exist_ok=True)
    drawn(curves).savefig(figure, dpi=200)
    return [
        row
        for what, by_model in curves.items()
        for name, curve in by_model.items()
        for row in _rows(name, what, curve, settings[what].target)
    ] + [Row("curves", str(figure))]


def _curve(make: Callable[[int], Model], what: str, varied: Varied, turns: int) -> Curve:
    found = []
    for value in varied.values:
        asked = replace(varied.setting, **{what: value})
        model = make(asked.layers)
        if what == "workers":
            found.append(_median(model, asked, _by_workers, 1))
        else:
            found.append(_median(model, asked, _of_one, turns))
    return Curve(varied.values, tuple(found))


def _median(model: Model, asked: Setting, of_one: Callable[[Explain, Setting], float], turns: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        letters = (asked.letters, asked.letters)
        few, fasta = (
            fasta_of(Path(name) / f"{count}.fa", random_sequences(DNA, letters, count))
            for count in (8, asked.sequences)
        )
        explain = partial(
            relevome.explain, model, method="attnlrp", target=1, out=Path(name) / "run", overwrite=True
        )
        explain(few)  # the batch size is chosen once for a model
        return median(of_one(partial(explain, fasta), asked) for _ in range(turns))


def _of_one(explain: Explain, asked: Setting) -> float:
    return processor_seconds(explain) / asked.sequences


def _by_workers(explain: Explain, asked: Setting) -> float:
    seen: list[float] = []
    engine = Local(workers=asked.workers)
    explain(engine=engine, progress=lambda done, total: seen.append(time.perf_counter()))
    shards = seen[asked.workers :]  # the first call says how many there are
    return (shards[-1] - shards[0]) / ((len(shards) - 1) * SHARD_SEQUENCES)


def _rows(name: str, what: str, curve: Curve, target: str) -> Iterator[Row]:
    yield Row(f"{name}, exponent of {what}", curve.exponent, target)
    for value, found in zip(curve.at, curve.seconds, strict=True):
        yield Row(f"    {value:,} {what}: milliseconds for each sequence", 1e3 * found)


def drawn(curves: Mapping[str, Mapping[str, Curve]]) -> Figure:
    """A panel for each of what is varied, a line for each model, both axes logarithmic."""
    with matplotlib.style.context(STYLE):
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        panels = figure.subplots(1, len(curves), sharey=True)
        for axes, (what, by_model) in zip(panels, curves.items(), strict=True):
            for colour, (name, curve) in zip(COLOURS, by_model.items(), strict=False):
                axes.loglog(
                    curve.at, [1e3 * one for one in curve.seconds], "o-", color=colour, markersize=3,
                    label=f"{name}: {curve.exponent:.2f}",
                )  # fmt: skip
            ticks = next(iter(by_model.values())).at
            axes.set_xticks(ticks, [f"{value:,}" for value in ticks])
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.set_xlabel(what, fontsize=7)
            axes.legend(title="exponent", frameon=False, fontsize=6, title_fontsize=6)
        panels[0].set_ylabel("ms for each sequence", fontsize=7)
        return figure


def _transformer(layers: int) -> Model:
    torch.manual_seed(0)
    tokenizer: Any = letter_tokenizer(DNA, specials=True)
    config = TransformerConfig(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, mask_token_id=tokenizer.mask_token_id,
        **{**TransformerConfig.small, "num_hidden_layers": layers},
    )  # fmt: skip
    return model_of(TransformerForSequenceClassification(config), LetterTokenizer(tokenizer, DNA))


def _cnn(layers: int) -> Model:
    torch.manual_seed(0)
    config = CnnConfig(filters=[64] * layers, widths=[7] * layers, pools=[1] * layers)
    return model_of(CnnForSequenceClassification(config), LetterTokenizer(letter_tokenizer(DNA), DNA))


MODELS: Mapping[str, Callable[[int], Model]] = {"transformer": _transformer, "CNN": _cnn}
