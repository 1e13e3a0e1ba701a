"""What a reader of a run should know besides its numbers, in sentences."""

from __future__ import annotations

import re
from pathlib import PurePath

from relevome.ledger import SAME
from relevome.results.quality.record import quality_of
from relevome.results.quality.words import caution
from relevome.results.run.reader import Run

# Names of folders and files that say what they are, and not of which model.
_ANY_MODEL = re.compile(
    r"(?:pytorch_|tf_)?models?|checkpoints?(?:_[a-z]+)?|weights|best|final|last|snapshots?|outputs?"
    r"|(?:checkpoint|epoch|step|seed|fold|run)?[-_]?\d+|[0-9a-f]{40}",
    re.IGNORECASE,
)


def model_name(path: str) -> str:
    """What tells a model by its path: the end from the last name on that is no word for any model.

    ``models/dnabert2`` is ``dnabert2``, and ``study/transformer/0/model`` is ``transformer/0/model``.
    """
    parts = [one for one in PurePath(path).parts if one != PurePath(path).anchor]
    told = [i for i, one in enumerate(parts) if not _ANY_MODEL.fullmatch(one.split(".")[0])]
    return "/".join(parts[told[-1] if told else 0 :])


def remarks(run: Run) -> list[str]:
    """What `counts_said` says, and whether its model is weak."""
    weak = caution(quality_of(run.manifest.get("model")))
    return counts_said(run) if weak is None else [*counts_said(run), weak]


def counts_said(run: Run) -> list[str]:
    """What its method was chosen for and amounted to, and its counts in words."""
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
    return said


def _choice(run: Run, chosen: str) -> str:
    """Which method was taken where none was named, and for what."""
    options = [
        f"--{name} {run.manifest['parameters'][name]}"
        for name in ("site", "reference", "baseline")
        if name in run.manifest["parameters"]
    ]
    method = " ".join((run.manifest["method"], *options))
    return f"no method was named: {method} is what explain takes for {chosen}; --method takes another"
