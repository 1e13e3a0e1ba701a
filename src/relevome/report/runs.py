"""What a reader of a run should know besides its numbers, in sentences."""

from __future__ import annotations

from relevome.ledger import SAME
from relevome.results.quality.record import quality_of
from relevome.results.quality.words import caution
from relevome.results.run.reader import Run


def remarks(run: Run) -> list[str]:
    """What its method was chosen for and amounted to, its counts in words, and whether its model is weak."""
    chosen = run.manifest.get("chosen")
    counts = {name: count for name, count in run.counts.other.items() if name != SAME}
    said = [] if chosen is None else [_choice(run, chosen)]
    said += [f"{name.replace('_', ' ')}: {count:,}" for name, count in counts.items()]
    if SAME in run.counts.other:
        said.append(
            f"{run.manifest['method']} is gradient x input here: every operation of this model (such as "
            "convolutions, linear layers, ReLU, pooling) has its plain gradient for a rule; for more than "
            "that take --method lrp, with gamma or zplus rules, deeplift-shap, integrated-gradients or "
            "mutagenesis"
        )
    weak = caution(quality_of(run.manifest.get("model")))
    return said if weak is None else [*said, weak]


def _choice(run: Run, chosen: str) -> str:
    """Which method was taken where none was named, and for what."""
    options = [
        f"--{name} {run.manifest['parameters'][name]}"
        for name in ("site", "reference", "baseline")
        if name in run.manifest["parameters"]
    ]
    method = " ".join((run.manifest["method"], *options))
    return f"no method was named: {method} is what explain takes for {chosen}; --method takes another"
