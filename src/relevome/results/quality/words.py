"""The quality of models in words, as it stands on top of whatever is said of their explanations."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

from relevome.results.quality.record import ModelQuality
from relevome.results.quality.verdict import Verdict, same_test, verdict, weaker

_NAMES = {
    "auroc": "AUROC",
    "mcc": "MCC",
    "fmax": "Fmax",
    "spearman": "Spearman's correlation",
    "pearson": "Pearson's correlation",
}
# Of what a guess reaches, that which is not the same for all data.
_WITH_CHANCE = {"average_precision": "average precision", "loss": "loss"}


def described(found: ModelQuality, name: str = "model") -> str:
    """One line: its scores, on how many examples, and what should be known of these."""
    if found.unknown:
        return f"{name}: quality not known, {found.unknown}"
    chosen = {key: said for key, said in _NAMES.items() if key in found.metrics}
    scores = [f"{said} {found.metrics[key]:.3f}" for key, said in chosen.items() if key not in found.chance]
    scores += [
        f"{said} {_short(found.metrics[key])} (a guess: {_short(found.chance[key])})"
        for key, said in _WITH_CHANCE.items()
        if key in found.metrics and key in found.chance
    ]
    if "auroc" in found.metrics and "auroc" in found.chance:
        scores.insert(0, f"AUROC {found.metrics['auroc']:.3f}")
    scores = scores or [f"{key} {_short(value)}" for key, value in found.metrics.items()]
    count = "" if found.examples is None else f"{found.examples:,} "
    where = f"{count}{found.table} {found.counted}"
    where += ", by which its epoch was chosen" * (found.table == "validation")
    known = f"; {found.in_training:,} of them are in training too" if found.in_training else ""
    return f"{name}: {', '.join(scores)} on {where}{known}"


def caution(found: ModelQuality, name: str = "the model") -> str | None:
    """What to heed of a model below the quality that is asked; None of others."""
    judged = verdict(found)
    if not judged.below:
        return None
    meaning = {
        "chance": "its maps explain nothing that it has learnt",
        "weak": "its maps explain a model that is often wrong",
    }
    return f"{_below(name, judged)}: {meaning[judged.level]}"


def not_specialised(found: ModelQuality) -> str | None:
    """Why heads of a model are not called specialised; None where they may be."""
    return if_below(found, "heads are not called specialised")


def if_below(found: ModelQuality, then: str, name: str = "the model") -> str | None:
    """What is done, or to be heeded, of a model below the quality that is asked; None of others."""
    judged = verdict(found)
    return f"{_below(name, judged)}: {then}" if judged.below else None


def on_top(found: ModelQuality, name: str = "model") -> list[str]:
    """What stands above the scores of one run."""
    said = caution(found)
    return [described(found, name), *([] if said is None else [said])]


def side_by_side(found: Mapping[str, ModelQuality], models: Mapping[str, str]) -> list[str]:
    """What stands above several runs; ``models`` tells by label which of them have the same model."""
    if len(set(models.values())) == 1:
        return on_top(next(iter(found.values())))
    labels: dict[str, list[str]] = {}
    for label, model in models.items():
        labels.setdefault(model, []).append(label)
    each = {", ".join(names): found[names[0]] for names in labels.values()}
    said = [described(one, f"model of {name}") for name, one in each.items()]
    said += [line for name, one in each.items() if (line := caution(one, f"the model of {name}"))]
    said += [
        f"the model of {a} is significantly weaker than that of {b}: a better map of a worse model is no "
        "better explanation"
        for (a, one), (b, two) in permutations(each.items(), 2)
        if weaker(one, two)
    ]
    known = [one for one in each.values() if not one.unknown]
    if any(not same_test(one, two) for one, two in permutations(known, 2)):
        said.append("the models are not known to be scored on the same examples: do not compare their scores")
    return said


def _below(name: str, judged: Verdict) -> str:
    what = {"chance": "not above chance", "weak": "weak"}[judged.level]
    return f"{name} is {what} ({judged.reason})"


def _short(value: float) -> str:
    return f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value:.3f}"
