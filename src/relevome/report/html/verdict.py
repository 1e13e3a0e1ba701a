"""What a reader should know before any picture: how good the model is, what survives, what failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from relevome.report.tables import interval
from relevome.results.estimate import Estimate
from relevome.results.evaluation.scores import MetricScores
from relevome.results.quality.record import ModelQuality
from relevome.results.quality.verdict import verdict
from relevome.results.quality.words import caution, described

Tone: TypeAlias = Literal["good", "caution", "bad", "unknown", "plain"]
MODEL, SURVIVES, FAILED = "How good the model is", "What survives the strongest null", "What failed"


@dataclass(frozen=True)
class Remark:
    """One sentence of the verdict, the question that it answers, and whether it is good news.

    ``estimate`` is what the sentence is about, with its 95% interval, where the page draws that: 0 is what the
    strongest null reaches, and a positive number is better.
    """

    about: str
    text: str
    tone: Tone = "plain"
    estimate: Estimate | None = None


def model_remarks(found: ModelQuality, name: str = "model") -> list[Remark]:
    """How good a model is, and what to heed of one below what is asked."""
    judged = verdict(found)
    tones: dict[str, Tone] = {"good": "good", "weak": "caution", "chance": "bad", "unknown": "unknown"}
    said = [Remark(MODEL, described(found, name), tones[judged.level])]
    weak = caution(found, f"the {name}" if name == "model" else name)
    return said if weak is None else [*said, Remark(MODEL, weak, tones[judged.level])]


def excess_remarks(scores: Iterable[MetricScores], name: str = "") -> list[Remark]:
    """What every metric of places has above its strongest null, one sentence each."""
    return [_excess(one, name) for one in scores if one.excess is not None]


def _excess(one: MetricScores, name: str) -> Remark:
    over = one.excess
    if over is None:
        raise ValueError(f"{one.metric} has no null")
    ends = f"{interval(over.mean, over.low, over.high)} over {over.null}"
    whose = f"{name}: " if name else ""
    if over.low > 0:
        words, tone = "exceeds its strongest null", "good"
    elif over.high < 0:
        words, tone = "is below its strongest null", "bad"
    else:
        words, tone = "cannot be told from its strongest null", "caution"
    text = f"{whose}{one.metric} of {one.level} {words}: {ends}"
    return Remark(SURVIVES, text, tone, Estimate(over.mean, over.low, over.high))


def verdict_content(remarks: Sequence[Remark]) -> dict[str, Any]:
    """The verdict as the page reads it: one sentence above all, then every question with its answers."""
    topics = list(dict.fromkeys([MODEL, SURVIVES, FAILED, *(one.about for one in remarks)]))
    groups = [(topic, [one for one in remarks if one.about == topic]) for topic in topics]
    headline, tone = _headline(remarks)
    return {
        "headline": headline,
        "tone": tone,
        "topics": [
            {"title": topic, "remarks": [_written(one) for one in some]} for topic, some in groups if some
        ],
    }


def _written(one: Remark) -> dict[str, Any]:
    return {
        "text": one.text,
        "tone": one.tone,
        "estimate": None if one.estimate is None else list(one.estimate),
    }


def _headline(remarks: Sequence[Remark]) -> tuple[str, Tone]:
    """One sentence for whoever reads no further; what speaks against the explanation comes before the rest."""
    models = [one.tone for one in remarks if one.about == MODEL]
    tested = [one for one in remarks if one.about == SURVIVES and one.estimate is not None]
    failed = sum(one.tone == "bad" for one in remarks if one.about == FAILED)
    if "bad" in models:
        return "The model is not above chance: its maps explain nothing that it has learnt.", "bad"
    if not tested and not failed:
        return (
            "Nobody has tested this explanation yet: it says what the model was sensitive to, and not whether "
            "that can be trusted.",
            "unknown",
        )
    good = sum(one.tone == "good" for one in tested)
    said = f"{good} of {len(tested)} measures of place exceed their strongest null" if tested else ""
    checks = f"{failed or 'no'} {'check' if failed == 1 else 'checks'} failed"
    weak = "; the model is weak" * ("caution" in models)
    every = good == len(tested) and not failed and not weak
    tone: Tone = "good" if every else "bad" if tested and not good else "caution"
    text = f"{said}, {checks}{weak}." if said else f"{checks}{weak}."
    return text[0].upper() + text[1:], tone
