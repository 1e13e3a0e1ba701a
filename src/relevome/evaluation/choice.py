"""Which metrics an evaluation is of: by their names and kinds, and by what there is to compute them from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from relevome.errors import InputError
from relevome.evaluation.metrics import Metric, metrics
from relevome.evaluation.places import LOGIC
from relevome.evaluation.questions import Question
from relevome.evaluation.truth import Truth, has_effects

# What metrics need besides relevance, in words.
WITH_EFFECTS = "known sites with the effect that each must have, as simulate writes them (effects.tsv)"
_NEEDS = {
    "mask": "known sites (truth)",
    "other": "another run of the same sequences",
    "effects": WITH_EFFECTS,
    "contrasts": WITH_EFFECTS,
}


def chosen_metrics(wanted: Iterable[str] | None, given: set[str]) -> list[Metric]:
    """The metrics that were asked for by name or by kind; without a wish, those that need nothing else."""
    if wanted is None:
        every = [metric for _, metric in metrics.items()]
        return [one for one in every if one.question is None and given.issuperset(one.needs)]
    kinds = {metric.kind for _, metric in metrics.items()}
    names = {name for word in wanted for name in (_of_kind(word) if word in kinds else [word])}
    chosen = [metrics[name] for name in sorted(names)]
    for metric in chosen:
        missing = [_NEEDS[need] for need in metric.needs if need not in given]
        missing += ["the model"] * (metric.question is not None)
        if missing:
            raise InputError(f"the metric {metric.name} needs {missing[0]}, which is not given here")
    return chosen


def _of_kind(kind: str) -> list[str]:
    return [name for name, metric in metrics.items() if metric.kind == kind]


def wanted_metrics(names: Sequence[str], truth: Truth | None) -> list[Metric]:
    """The metrics named, or of the kinds named; without names, all but those that need what is not given."""
    every = [metric for _, metric in metrics.items()]
    kinds = {metric.kind for metric in every}
    if not names:
        given = {"relevance"} | ({"mask"} if truth is not None else set())
        given |= {"effects", "contrasts", "run", "motifs"} if has_effects(truth) else set()
        return [metric for metric in every if given.issuperset(metric.needs)]
    chosen = [
        m for word in names for m in (every if word in kinds else [metrics[word]]) if word in (m.kind, m.name)
    ]
    for metric in chosen:
        if "other" in metric.needs:
            raise InputError(f"the metric {metric.name} is about two runs: relevome compare always has it")
        if "mask" in metric.needs and truth is None:
            raise InputError(f"the metric {metric.name} needs known sites: give them with --truth")
        if metric.kind == LOGIC and not has_effects(truth):
            raise InputError(f"the metric {metric.name} needs {WITH_EFFECTS}: give them with --truth")
    return list({metric.name: metric for metric in chosen}.values())


def questions_of(wanted: Sequence[Metric]) -> list[tuple[Question, list[Metric]]]:
    """Every question with the metrics that take its answers, by the kind of metric."""
    found: list[tuple[Question, list[Metric]]] = []
    for metric in wanted:
        if metric.question is None:
            continue
        same = next((family for question, family in found if question == metric.question), None)
        if same is None:
            found.append((metric.question, [metric]))
        else:
            same.append(metric)
    return sorted(found, key=lambda one: one[1][0].kind)
