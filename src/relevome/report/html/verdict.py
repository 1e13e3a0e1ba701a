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
from relevome.words import some_of

Tone: TypeAlias = Literal["good", "caution", "bad", "unknown", "plain"]
_BEST_KNOWN = "auroc"  # of the measures of place; the others are counted, and stand in their part
UNTESTED = (
    "Nobody has tested this explanation yet: it says what the model was sensitive to, not whether that can "
    "be trusted."
)
EXPLAINED, LEFT_OUT = "What was explained", "What was left out, and what to heed"
ACCOUNTED = "Whether all relevance is accounted for"
MODEL, SURVIVES, FAILED = "How good the model is", "What survives the strongest null", "What failed"


@dataclass(frozen=True)
class Remark:
    """One sentence of the verdict, the question that it answers, and whether it is good news.

    ``estimate`` is what the sentence is about, with its 95% interval, where the page draws that: 0 is what
    the strongest null reaches, and a positive number is better. ``counted`` says how many of how many
    measures, checks or models (those not above chance) are as the sentence says, where the headline counts
    them. ``name`` is whose explanation the sentence is about, if it is about one: it stands before the
    sentence, and of one name the same is said once. ``names`` are all that the sentence names some of.
    ``headline`` is whether it stands above all on a page that explains no sequence.
    """

    about: str
    text: str
    tone: Tone = "plain"
    estimate: Estimate | None = None
    counted: tuple[int, int] | None = None
    name: str = ""
    names: tuple[str, ...] = ()
    headline: bool = False

    @property
    def sentence(self) -> str:
        """The text, with the name before it."""
        return f"{self.name}: {self.text}" if self.name else self.text


def model_remarks(found: ModelQuality, names: Sequence[str] = ()) -> list[Remark]:
    """How good a model is, and what to heed of one below what is asked; ``names`` tell it from others."""
    judged = verdict(found)
    tones: dict[str, Tone] = {"good": "good", "weak": "caution", "chance": "bad", "unknown": "unknown"}
    counted = (int(judged.level == "chance"), 1)
    said = described(found, f"model of {some_of(names)}" if names else "model")
    weak = caution(found, "it")
    text = said if weak is None else f"{said}; {weak}"
    return [Remark(MODEL, text, tones[judged.level], counted=counted, names=tuple(names))]


def excess_remarks(scores: Iterable[MetricScores], name: str) -> list[Remark]:
    """How many measures of place exceed their strongest null, and what the best known has above it."""
    placed = [one for one in scores if one.excess is not None]
    if not placed:
        return []
    exceed = sum(one.excess is not None and one.excess.low > 0 for one in placed)
    tone: Tone = "good" if exceed == len(placed) else "caution" if exceed else "bad"
    text = f"{exceed} of {len(placed)} measures of place exceed their strongest null"
    best = next((one for one in placed if one.metric == _BEST_KNOWN), placed[0])
    over = best.excess
    if over is None:
        return []
    ends = interval(over.mean, over.low, over.high)
    shown = Estimate(over.mean, over.low, over.high)
    text += f"; {best.metric} of {best.level} minus that of {over.null}: {ends}"
    return [Remark(SURVIVES, text, tone, shown, (exceed, len(placed)), name)]


def verdict_content(remarks: Sequence[Remark]) -> dict[str, Any]:
    """The verdict as the page reads it: one sentence above all, then every question with its answers."""
    topics = list(
        dict.fromkeys([EXPLAINED, ACCOUNTED, MODEL, SURVIVES, FAILED, *(one.about for one in remarks)])
    )
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
        "text": one.sentence,
        "names": list(one.names) if len(one.names) > 1 else [],
        "tone": one.tone,
        "estimate": None if one.estimate is None else list(one.estimate),
    }


def _headline(remarks: Sequence[Remark]) -> tuple[str, Tone]:
    """One sentence for whoever reads no further; what speaks against the explanation comes first."""
    models = [one.tone for one in remarks if one.about == MODEL]
    (chance, every_model), places, checks = (
        _sum(one.counted for one in remarks if one.about == topic) for topic in (MODEL, SURVIVES, FAILED)
    )
    if every_model and chance == every_model:
        return "The model is not above chance: its maps explain nothing that it has learnt.", "bad"
    if any(one.about == ACCOUNTED and one.tone == "bad" for one in remarks):
        return "Relevance is missing, more than rounding explains: a rule is wrong for this model.", "bad"
    by_chance = f"{chance} of {every_model} models {'is' if chance == 1 else 'are'} not above chance"
    if not places[1] and not checks[1]:
        found = next((one for one in remarks if one.headline), None)
        if found is not None and not any(one.about == EXPLAINED for one in remarks):
            return f"{found.sentence}.", found.tone
        return (f"{by_chance}. {UNTESTED}", "caution") if chance else (UNTESTED, "unknown")
    said = [by_chance] * bool(chance)
    said += [f"{places[0]} of {places[1]} measures of place exceed their strongest null"] * bool(places[1])
    said += [f"{checks[0]} of {checks[1]} checks failed"] * bool(checks[1])
    said += ["the model is weak" if every_model == 1 else "a model is weak"] * ("caution" in models)
    every = places[0] == places[1] and not checks[0] and not {"caution", "bad"} & set(models)
    excused = any(one.about == FAILED and one.tone == "caution" for one in remarks)
    tone: Tone = "good" if every else "bad" if places[1] and not places[0] and not excused else "caution"
    return f"{', '.join(said)}.", tone


def _sum(counts: Iterable[tuple[int, int] | None]) -> tuple[int, int]:
    known = [one for one in counts if one is not None]
    return sum(some for some, _ in known), sum(every for _, every in known)
