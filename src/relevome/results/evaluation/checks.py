"""The checks that an explanation passes or fails, as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from relevome.words import counted

Outcome: TypeAlias = Literal["pass", "fail"]


@dataclass(frozen=True)
class Check:
    """One check: its name, whether it was passed, and the sentence that says so.

    ``metric`` and ``level`` are empty for weight randomisation, and ``p``, adjusted for all comparisons of
    the evaluation, is then None. ``inverted`` marks a metric that is significantly worse than what it
    should exceed.
    """

    name: str
    outcome: Outcome
    sentence: str
    metric: str = ""
    level: str = ""
    p: float | None = None
    inverted: bool = False


def summary(found: Sequence[Check]) -> str:
    """One line: how many checks were made and failed."""
    failed = sum(check.outcome == "fail" for check in found)
    if not found:
        return "no check could be made"
    return (
        f"{failed} of {counted(len(found), 'check')} failed"
        if failed
        else f"all {counted(len(found), 'check')} passed"
    )


# What the checks of a kind ask, in the order in which they are told.
_ASKED = {
    "localisation": "is relevance on the known sites, more than on any null?",
    "logic": "is a site worth what the others make of it?",
    "agreement": "does it say what the model's own mutagenesis finds?",
    "double substitutions": "does relevance of two letters add up to what both do?",
    "faithfulness": "does the prediction go with the relevant letters?",
    "infidelity": "does relevance add up to what happens?",
    "robustness": "does relevance stay where the prediction stays?",
    "weight randomisation": "does relevance go where the model has forgotten everything?",
}
# Kinds that ask the model whether the letters matter to it that are said to.
_OF_PREDICTION = ("faithfulness", "infidelity")


def kind_of(check: Check) -> str:
    """What a check is about: the kind of its metric, or weight randomisation."""
    return check.name.partition(" against ")[0]


def grouped(found: Sequence[Check], learnt: bool = True) -> list[str]:
    """A line for every kind of check: what it asks, and how many of it failed; and what that means.

    ``learnt`` is False of a model below the quality that is asked, on whose behalf nothing is supposed.
    """
    kinds = [*(kind for kind in _ASKED if kind in set(map(kind_of, found)))]
    kinds += [kind for kind in dict.fromkeys(map(kind_of, found)) if kind not in _ASKED]
    outcomes = {kind: [one.outcome for one in found if kind_of(one) == kind] for kind in kinds}
    said = [
        f"{kind}{f' ({_ASKED[kind]})' if kind in _ASKED else ''}: {some.count('fail')} of {len(some)} failed"
        for kind, some in outcomes.items()
    ]
    failing = [kind for kind, some in outcomes.items() if "fail" in some]
    if learnt and failing == ["localisation"] and any(kind in outcomes for kind in _OF_PREDICTION):
        said.append(
            "only localisation failed, and the prediction does go with the relevant letters: the map is not "
            "shown to be wrong, the model may rest on letters nobody annotated, or look where any sequence "
            "of this kind has sites"
        )
    return said
