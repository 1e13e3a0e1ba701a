"""What exchanging letters of a whole run comes to: curves with bands, and the areas between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from relevome.evaluation.statistics import (
    auroc,
    bootstrap_interval,
    paired_test,
    share_interval,
    student_interval,
)
from relevome.models.base import Target
from relevome.models.predictions import Outputs
from relevome.results.estimate import Estimate
from relevome.results.substitution import (
    LOGIT,
    ORDERS,
    PREDICTED,
    PROBABILITY,
    Area,
    Curve,
    Exchange,
    Exchanged,
)

BETWEEN = (("random", "most"), ("least", "random"), ("least", "most"))
_DRAWS = 300


@dataclass(frozen=True, eq=False)
class Label:
    """The outputs that are true of a sequence, by index."""

    outputs: frozenset[int]


def curves_and_areas(
    found: Mapping[str, Exchanged],
    targets: Mapping[str, Target],
    labels: Mapping[str, Label],
    kind: Outputs,
    exchange: Exchange,
) -> tuple[list[Curve], list[Area]]:
    """All measures that can be had: logit, probability, and of labelled sequences accuracy and AUROC.

    AUROC is that of the target against all other sequences, and is left out where all or none have it.
    """
    curves, areas = [], []
    values = {"logit": {name: _values(one, LOGIT) for name, one in found.items()}}
    if kind != "a number":
        values["probability"] = {name: _values(one, PROBABILITY) for name, one in found.items()}
        known = {name: one for name, one in found.items() if name in labels}
        if len(known) > 1:
            right = {name: _right(one, targets[name], labels[name], kind) for name, one in known.items()}
            values["accuracy"] = right
    for measure, by_name in values.items():
        some, between = _of_sequences(measure, list(by_name.values()), exchange)
        curves += some
        areas += between
    positive = {name: targets[name].index in labels[name].outputs for name in found if name in labels}
    if kind != "a number" and 0 < sum(positive.values()) < len(positive):
        some, between = _auroc([found[name] for name in positive], list(positive.values()), exchange)
        curves += some
        areas += between
    return curves, areas


Rows = Mapping[str, Float[np.ndarray, " counts"]]


def _values(one: Exchanged, column: int) -> Rows:
    """One measure of a sequence in every order, over its draws."""
    return {order: getattr(one, order)[:, :, column].mean(0) for order in ORDERS}


def _right(one: Exchanged, target: Target, label: Label, kind: Outputs) -> Rows:
    """How often the prediction is right: the output, or for multi-label whether the target is."""
    wanted = {float(target.index in label.outputs)} if kind == "any of several" else label.outputs
    return {
        order: np.isin(getattr(one, order)[:, :, PREDICTED], [*wanted]).astype(np.float64).mean(0)
        for order in ORDERS
    }


def area(difference: Float[np.ndarray, "*rows counts"], counts: Sequence[int]) -> Float[np.ndarray, "*rows"]:
    """The mean difference over doublings of the count, from 1 letter on: trapezoids over its logarithm."""
    at = np.log2(counts[1:])
    if len(at) == 1:
        return np.asarray(difference[..., 1])
    return np.asarray(np.trapezoid(difference[..., 1:], at, axis=-1) / (at[-1] - at[0]))


def _of_sequences(measure: str, rows: list[Rows], exchange: Exchange) -> tuple[list[Curve], list[Area]]:
    """Means over sequences, each with its own curve."""
    by_order = {order: np.array([one[order] for one in rows]) for order in ORDERS}
    interval = student_interval if measure == "logit" else share_interval
    curves = [
        Curve(measure, order, tuple(interval(column) for column in values.T))
        for order, values in by_order.items()
    ]
    areas = []
    for upper, lower in BETWEEN:
        each = area(by_order[upper] - by_order[lower], exchange.counts)
        p = paired_test(each, np.zeros(len(each)), exchange.seed)
        areas.append(Area(measure, upper, lower, bootstrap_interval(each, exchange.seed), p))
    return curves, areas


def _auroc(
    found: list[Exchanged], positive: list[bool], exchange: Exchange
) -> tuple[list[Curve], list[Area]]:
    """AUROC by the probability of the target, with percentiles over sequences drawn anew, class by class."""
    truth = np.array(positive)
    scores = {
        order: np.array([getattr(one, order)[:, :, PROBABILITY] for one in found]).transpose(1, 2, 0)
        for order in ORDERS
    }
    rng = np.random.default_rng(exchange.seed)
    groups = [np.flatnonzero(truth), np.flatnonzero(~truth)]
    drawn = [np.concatenate([rng.choice(group, len(group)) for group in groups]) for _ in range(_DRAWS)]
    seen = {order: auroc(each, truth).mean(0) for order, each in scores.items()}
    again = {
        order: np.array([auroc(each[..., some], truth[some]).mean(0) for some in drawn])
        for order, each in scores.items()
    }
    curves = [
        Curve(
            "auroc", order, tuple(_estimate(*pair) for pair in zip(seen[order], again[order].T, strict=True))
        )
        for order in ORDERS
    ]
    areas = []
    for upper, lower in BETWEEN:
        own, others = (area(one[upper] - one[lower], exchange.counts) for one in (seen, again))
        areas.append(Area("auroc", upper, lower, _estimate(float(own), others), None))
    return curves, areas


def _estimate(mean: float, draws: Float[np.ndarray, " draws"]) -> Estimate:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(float(mean), float(min(low, mean)), float(max(high, mean)))
