"""What is said of scores wherever they are shown: as rows of a table, as bars, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from relevome.report.curves import Bars
from relevome.report.tables import escaped, interval, number
from relevome.results.estimate import Estimate
from relevome.results.evaluation.scores import COLUMNS, FEWER, Excess, MetricScores
from relevome.words import counted

ARROWS = {"higher is better": "↑", "lower is better": "↓"}

SCORES = (*COLUMNS, "left_out")


def score_row(one: MetricScores) -> tuple[Any, ...]:
    """The fields of `SCORES`."""
    return (*one.row(), "; ".join(f"{count} {reason}" for reason, count in one.left_out.items()))


def bars(metric: str, level: str, found: Mapping[str, MetricScores], with_null: bool = False) -> Bars:
    """One metric of several runs; of one run perhaps beside its shuffles, and its strongest null."""
    means = {label: Estimate(one.mean, one.low, one.high) for label, one in found.items()}
    for one in found.values():
        if with_null and one.null is not None:
            means["shuffled"] = one.null
        over = one.excess
        if with_null and over is not None and over.null in one.others:
            means[over.null] = Estimate(over.strongest, over.strongest_low, over.strongest_high)
    direction = ARROWS[next(iter(found.values())).direction]
    chance = {label: one.random for label, one in found.items()}
    return Bars(f"{metric} {direction}" + f", {level}" * bool(level), means, chance)


def exceeded(one: MetricScores) -> str:
    """By how much a metric exceeds its strongest null, and which that is; empty without any."""
    return _over(one.excess)


def exchanged(one: MetricScores) -> str:
    """By how much it exceeds the strongest null that has the noise of an explanation, and which that is."""
    return _over(one.over_exchange)


def _over(over: Excess | None) -> str:
    return "" if over is None else f"{interval(over.mean, over.low, over.high)} ({over.null})"


def range_of(estimates: Sequence[Estimate | None]) -> str:
    """The lowest and the highest mean, one number where they look alike."""
    means = sorted(one.mean for one in estimates if one is not None)
    if not means:
        return ""
    largest = max(map(abs, means))
    return " to ".join(dict.fromkeys(number(end, largest) for end in (means[0], means[-1])))


def left_out(scores: Iterable[MetricScores]) -> list[str]:
    """What sequences were left out and why, once for all metrics of a kind that agree."""
    said: dict[tuple[str, str, str, int], None] = {}
    for one in scores:
        said |= dict.fromkeys((one.kind, one.level, reason, n) for reason, n in one.left_out.items())
    lines = [
        f"{kind} of {level}: {counted(n, 'sequence')} left out, {reason}" for kind, level, reason, n in said
    ]
    return [*lines, *_fewer(scores)]


def _fewer(scores: Iterable[MetricScores]) -> list[str]:
    """Where nulls are of fewer sequences than the metric beside them, once for all metrics that agree."""
    said: dict[tuple[str, str, int, int], dict[str, None]] = {}
    for one in scores:
        for name, values in one.nulls().items():
            count = sum(value is not None for value in values)
            if count < one.n:
                said.setdefault((one.kind, one.level, count, one.n), {})[name] = None
    return [
        f"{kind} of {level}: of {counted(n, 'sequence')} {count:,} are compared with {', '.join(names)}: "
        f"{FEWER}"
        for (kind, level, count, n), names in said.items()
    ]


def listed(said: Iterable[str]) -> str:
    """Lines as a list in Markdown."""
    return "".join(f"- {escaped(line)}\n" for line in said)


def several_levels(scores: Iterable[MetricScores]) -> bool:
    """Whether some are of letters and some of tokens."""
    return len({one.level for one in scores}) > 1
