"""Whether a model is good enough to be explained: the quality that is asked, and why it is this one.

Two things are told apart. A model is **not above chance** where its score could be that of a guess: such a
map explains nothing that was learnt. It is **weak** where it is above chance, and below the least that is
asked:

- classes: an AUROC of 0.7, from which on discrimination is called acceptable (Hosmer, Lemeshow and
  Sturdivant 2013, Applied Logistic Regression, 3rd edition, section 5.2.4); and where every sequence is given
  one class a Matthews correlation of 0.2, since what ranks well may be called all alike. (Two equally
  frequent classes with normal scores and an AUROC of 0.7 have 0.29, rare ones less.)
- numbers: a rank correlation of 0.3, a medium effect (Cohen 1988, Statistical Power Analysis, chapter 3).
- sites of a genome: the same AUROC, and twice the average precision of a guess, which is the share of sites.
- hidden tokens: nothing beyond chance, which is a guess by how frequent tokens are.

Chance has a spread, where it is known how many examples there are: of the AUROC that of the Mann-Whitney
statistic, variance (p + n + 1) / (12 p n) for p positives and n negatives (Mann and Whitney 1947, Annals of
Mathematical Statistics 18:50); of a mean over outputs no more than their mean standard deviation; of a
correlation of n pairs variance 1 / (n - 1) (Kendall and Gibbons 1990, Rank Correlation Methods); of a
Matthews correlation of two classes 1 / n, as n times its square is chi-squared (Baldi et al. 2000,
Bioinformatics 16:412). Above chance is above 1.96 standard deviations. Letters of one sequence and positions
of one genome count as independent, which they are not: there it is the softer word that matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from relevome.results.quality.record import ModelQuality

LEAST_AUROC = 0.7
LEAST_MCC = 0.2
LEAST_RANK = 0.3
TIMES_CHANCE = 2.0  # of average precision
_Z = 1.959963984540054  # the 97.5% quantile of the normal distribution

QualityLevel: TypeAlias = Literal["good", "weak", "chance", "unknown"]

# Tasks in which an example may have several outputs, or most letters none.
_MANY = ("multi-label", "token")


@dataclass(frozen=True)
class Verdict:
    """What a quality is worth, and the reason, which is empty for a good one."""

    level: QualityLevel
    reason: str = ""

    @property
    def below(self) -> bool:
        """Whether it is below what is asked; one that is not known is not."""
        return self.level in ("weak", "chance")


def verdict(found: ModelQuality) -> Verdict:
    """What a model is worth by its scores; unknown for one without any that is understood."""
    scores = found.metrics
    if found.unknown:
        return Verdict("unknown", found.unknown)
    if "auroc" in scores:
        return _ranks(found, scores["auroc"])
    if "mcc" in scores:
        return _agrees(found, scores["mcc"])
    for name in ("spearman", "pearson"):
        if name in scores:
            return _numbers(found, name)
    if "loss" in scores and "loss" in found.chance:
        return _tokens(scores, found.chance)
    return Verdict("unknown", f"none of its scores is one that is understood ({', '.join(scores)})")


def _ranks(found: ModelQuality, auroc: float) -> Verdict:
    guess = 0.5 + _Z * auroc_chance_error(found.contests)
    if auroc <= guess:
        return _chance("AUROC", auroc, 0.5, guess)
    precision, share = (some.get("average_precision") for some in (found.metrics, found.chance))
    if precision is not None and share is not None and precision <= share:
        return _chance("average precision", precision, share, share)
    if auroc < LEAST_AUROC:
        return _weak("AUROC", auroc, LEAST_AUROC)
    if precision is not None and share is not None and precision < TIMES_CHANCE * share:
        return _weak("average precision", precision, TIMES_CHANCE * share)
    mcc = found.metrics.get("mcc")
    if mcc is not None and found.task not in _MANY and mcc < LEAST_MCC:
        return _weak("MCC", mcc, LEAST_MCC)
    return Verdict("good")


def _agrees(found: ModelQuality, mcc: float) -> Verdict:
    """Where ranks could not be scored."""
    two = found.task == "binary" and found.examples
    guess = _Z / math.sqrt(found.examples) if two and found.examples else 0.0
    if mcc <= guess:
        return _chance("MCC", mcc, 0.0, guess)
    return _weak("MCC", mcc, LEAST_MCC) if mcc < LEAST_MCC else Verdict("good")


def _numbers(found: ModelQuality, name: str) -> Verdict:
    r, n = found.metrics[name], found.examples
    guess = 0.0 if n is None else _Z / math.sqrt(max(n - 1, 1))
    said = f"{name.capitalize()}'s correlation"
    if r <= guess:
        return _chance(said, r, 0.0, guess)
    return _weak(said, r, LEAST_RANK) if r < LEAST_RANK else Verdict("good")


def _tokens(scores: Mapping[str, float], guess: Mapping[str, float]) -> Verdict:
    if scores["loss"] < guess["loss"]:
        return Verdict("good")
    return Verdict(
        "chance", f"loss {_plain(scores['loss'])}, where a guess by frequency has {_plain(guess['loss'])}"
    )


def auroc_chance_error(contests: list[tuple[int, int]]) -> float:
    """Standard deviation of the AUROC of a guess; of a mean over outputs no more than it can be; else 0."""
    errors = [math.sqrt((p + n + 1) / (12 * p * n)) for p, n in contests]
    return sum(errors) / len(errors) if errors else 0.0


def auroc_error(auroc: float, positives: int, negatives: int) -> float:
    """The standard error of an AUROC (Hanley and McNeil 1982, Radiology 143:29).

    SE^2 = (A (1 - A) + (p - 1) (Q1 - A^2) + (n - 1) (Q2 - A^2)) / (p n), where Q1 = A / (2 - A) and
    Q2 = 2 A^2 / (1 + A).
    """
    one = auroc / (2 - auroc) - auroc**2
    two = 2 * auroc**2 / (1 + auroc) - auroc**2
    variance = auroc * (1 - auroc) + (positives - 1) * one + (negatives - 1) * two
    return math.sqrt(max(variance, 0.0) / (positives * negatives))


def weaker(first: ModelQuality, second: ModelQuality) -> bool:
    """Whether the first model is significantly weaker than the second, by scores on the same test.

    Of two classes, by the difference of AUROC over its standard error; of numbers by that of rank
    correlations after Fisher's transformation, each of variance 1.06 / (n - 3) (Fieller, Hartley and Pearson
    1957, Biometrika 44:470). Errors count as independent, which on the same examples is cautious. Of other
    tasks, other tables, or where nobody counted, it is not known to be.
    """
    if not same_test(first, second):
        return False
    both = (first, second)
    if all("auroc" in one.metrics and len(one.contests) == 1 for one in both):
        values = [one.metrics["auroc"] for one in both]
        errors = [auroc_error(value, *one.contests[0]) for value, one in zip(values, both, strict=True)]
    elif all("spearman" in one.metrics and (one.examples or 0) > 3 for one in both):
        values = [math.atanh(min(max(one.metrics["spearman"], -0.999999), 0.999999)) for one in both]
        errors = [math.sqrt(1.06 / ((one.examples or 0) - 3)) for one in both]
    else:
        return False
    return values[1] - values[0] > _Z * math.hypot(*errors)


def same_test(first: ModelQuality, second: ModelQuality) -> bool:
    """Whether two models were scored on the same examples, by all that is known of them."""
    asked = ("task", "table", "examples", "sha256")
    return first.sha256 is not None and all(getattr(first, name) == getattr(second, name) for name in asked)


def _chance(name: str, value: float, chance: float, guess: float) -> Verdict:
    by_luck = f", by luck up to {_plain(guess)}" if guess > chance else ""
    return Verdict("chance", f"{name} {_plain(value)}, where a guess has {_plain(chance)}{by_luck}")


def _weak(name: str, value: float, least: float) -> Verdict:
    return Verdict("weak", f"{name} {_plain(value)}, below {_plain(least)}")


def _plain(value: float) -> str:
    """Three digits behind the point, or three that count, without zeros that say nothing."""
    return f"{value:.3g}" if 0 < abs(value) < 0.1 else f"{round(value, 3) + 0.0:g}"
