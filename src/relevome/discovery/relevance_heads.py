"""Which heads put their relevance on annotated sites, protein after protein, and what of that is special.

A head is significant if its statistic is above chance by the published test: Wilcoxon's signed ranks over
proteins, one-sided, corrected over heads and types of sites (Wenzel, Gruner, Strodthoff 2024, doi
10.1093/bioinformatics/btae031), and its median effect is more than next to nothing (`LEAST`). It is
specialised if it also exceeds what models of random weights do, what an exchange of the annotation among
like letters gives, and what the maps of other proteins come to at the same places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from relevome.discovery.nulls import sum_test
from relevome.discovery.other_maps import OtherMaps, family
from relevome.discovery.placements import METRICS, Collected, Placement, Placements
from relevome.discovery.signed_rank import false_discovery_rates, median_interval, signed_rank
from relevome.results.relevance_heads.heads import (
    ALL,
    Contribution,
    Effect,
    Flags,
    RelevantHeads,
)
from relevome.results.relevance_heads.nulls import Against, Units
from relevome.words import counted

_PUBLISHED = "published"  # the test against chance, which is no null model
FEWEST = 6  # proteins, or families of them: with fewer no median has an interval of 95%


def groups_of(ids: Sequence[str], classes: Mapping[str, str] | None = None) -> dict[str, set[str]]:
    """All proteins, and those of every class."""
    groups = {ALL: set(ids)}
    for id in ids:
        if classes and id in classes:
            groups.setdefault(classes[id], set()).add(id)
    return groups


def relevant_heads(
    collected: Collected,
    random: Sequence[Collected] = (),
    *,
    others: Mapping[tuple[str, str], OtherMaps] | None = None,
    clusters: Mapping[str, str | int] | None = None,
    classes: Mapping[str, str] | None = None,
    level: float = 0.05,
) -> RelevantHeads:
    """Test all heads over all proteins, and over those of every class.

    ``random`` are the same proteins explained with random weights, ``others`` what `exchange_maps` found by
    class and type, None where position is no null. Values of proteins of one cluster are averaged before they
    are tested, scores too, as if all of a cluster were one protein; a protein without a cluster is one of its
    own. ``level`` is the false discovery rate.
    """
    effects: list[Effect] = []
    contributions: list[Contribution] = []
    left_out: dict[str, str] = {}
    for group, ids in groups_of(collected.ids, classes).items():
        sums = _families(collected.ids, collected.totals, ids, clusters)
        if len(sums) < FEWEST:
            left_out[group] = _too_few(len(sums))
            continue
        contributions.append(_contribution(group, sums, level))
        found = []
        for kind, placements in collected.placements.items():
            sample = _sample(placements, [one.placements[kind] for one in random], ids, clusters)
            if others is not None:
                sample = sample._replace(others=others[group, kind])
            families = len(sample.placed.excess)
            if families < FEWEST:
                left_out[_name(group, kind)] = _too_few(families)
            else:
                found.append((kind, sample))
        positive = contributions[-1].positive
        effects += _tested(group, found, positive, collected.shape, level)
    return RelevantHeads(
        collected.shape, tuple(effects), tuple(contributions), left_out, level, collected.ids,
        tuple((classes or {}).get(id, "") for id in collected.ids),
        {kind: len(one.ids) for kind, one in collected.placements.items()}, collected.left_out,
        aligned={} if others is None else {
            _name(one.group, one.kind): others[one.group, one.kind].aligned for one in effects
        },
    )  # fmt: skip


def _name(group: str, kind: str) -> str:
    """A type of sites in a class."""
    return kind if group == ALL else f"{group}, {kind}"


def _too_few(count: int) -> str:
    return (
        f"{counted(count, 'protein or family', 'proteins or families')}, where fewer than {FEWEST} cannot be "
        "significant"
    )


class _Sample(NamedTuple):
    """Values of the families of a class; ``random`` is the excess in models of random weights.

    ``others`` are those of its proteins that stand beside the maps of others.
    """

    placed: Placement
    random: Float[np.ndarray, "families seeds metrics units"] | None
    others: OtherMaps | None = None


def _sample(
    placements: Placements,
    random: Sequence[Placements],
    ids: set[str],
    clusters: Mapping[str, str | int] | None,
) -> _Sample:
    if any(one.ids != placements.ids for one in random):
        raise ValueError("models with random weights explain other proteins than the model")
    own = Placement(*(_families(placements.ids, values, ids, clusters) for values in placements.placed))
    if not random:
        return _Sample(own, None)
    others = np.stack([one.placed.excess for one in random], axis=1)
    return _Sample(own, _families(placements.ids, others, ids, clusters))


def _families(
    ids: Sequence[str],
    values: Float[np.ndarray, "proteins ..."],
    chosen: set[str],
    clusters: Mapping[str, str | int] | None,
) -> Float[np.ndarray, "families ..."]:
    """Values of some proteins, those of one cluster averaged; NaN are left out of means."""
    rows = [i for i, id in enumerate(ids) if id in chosen]
    names: dict[object, int] = {}
    numbers = [names.setdefault(family(ids[row], clusters), len(names)) for row in rows]
    if len(names) == len(rows):
        return values[rows]
    sums, counts = (np.zeros((len(names), *values.shape[1:])) for _ in range(2))
    np.add.at(sums, numbers, np.nan_to_num(values[rows]))
    np.add.at(counts, numbers, ~np.isnan(values[rows]))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _contribution(group: str, sums: Float[np.ndarray, "families units"], level: float) -> Contribution:
    p = signed_rank(sums)
    return Contribution(group, len(sums), median_interval(sums), p, _corrected(p[None])[0], level)


def _tested(
    group: str, found: Sequence[tuple[str, _Sample]], positive: Flags, shape: tuple[int, int], level: float
) -> list[Effect]:
    """Every metric of every type; p-values of one metric are corrected over heads and types."""
    effects = []
    for number, metric in enumerate(METRICS):
        tests = [_tests(sample, number, shape) for _, sample in found]
        for name in tests[0] if tests else ():
            levels = _corrected(np.array([one[name].p for one in tests]))
            for one, q in zip(tests, levels, strict=True):
                one[name] = replace(one[name], q=q)
        for (kind, sample), one in zip(found, tests, strict=True):
            excess = sample.placed.excess[:, number]
            published = one.pop(_PUBLISHED)
            effects.append(
                Effect(
                    group, kind, metric, (~np.isnan(excess)).sum(0), median_interval(excess),
                    published.p, published.q, one, _random_ranks(sample, number), positive, level,
                )
            )  # fmt: skip
    return effects


def _tests(sample: _Sample, number: int, shape: tuple[int, int]) -> dict[str, Against]:
    """One metric of one type against chance and every null model, not yet corrected."""
    one = Placement(*(values[:, number] for values in sample.placed))
    found = {
        _PUBLISHED: _against(one.excess, signed_rank(one.excess)),
        "shift": _against(one.shift, sum_test(one.shift, one.shift_skewness)),
        "exchange": _against(one.beyond, sum_test(one.exchange, one.exchange_skewness)),
    }
    if sample.others is not None:
        found["position"] = _against(sample.others.over[:, number], sample.others.p(number))
    if sample.random is not None:
        over = one.excess - _mean_heads(sample.random[:, :, number], shape)
        found["random"] = _against(over, signed_rank(over))
    return found


def _against(effect: Float[np.ndarray, "families units"], p: Units) -> Against:
    return Against(median_interval(effect).median, p, p)


def _mean_heads(
    random: Float[np.ndarray, "families seeds units"], shape: tuple[int, int]
) -> Float[np.ndarray, "families units"]:
    """The mean of all random models and all heads of a layer, for every head of it; and of the embeddings.

    What has no value in a model says nothing about it; 0, chance, where no model has one.
    """
    layers, heads = shape
    embedding = _mean(random[:, :, :1], (1, 2))
    by_layer = _mean(random[:, :, 1:].reshape(*random.shape[:2], layers, heads), (1, 3))
    return np.concatenate([embedding[:, None], np.repeat(by_layer, heads, axis=1)], axis=1)


def _mean(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(axes, dtype=np.float64) / np.maximum(known.sum(axes), 1)


def _random_ranks(sample: _Sample, number: int) -> Units | None:
    """Where medians lie among those of all heads, or of the embeddings, of all random models."""
    if sample.random is None:
        return None
    own = median_interval(sample.placed.excess[:, number]).median
    values = sample.random[:, :, number]
    medians = median_interval(values.reshape(len(values), -1)).median.reshape(values.shape[1:])
    return np.concatenate([_shares(own[:1], medians[:, 0]), _shares(own[1:], medians[:, 1:].ravel())])


def _shares(own: Units, others: Float[np.ndarray, " others"]) -> Units:
    """The share of others, and oneself, that are as large."""
    known = np.sort(others[~np.isnan(others)])
    below = np.searchsorted(known, own, side="left")
    return np.where(np.isnan(own), np.nan, (1 + len(known) - below) / (1 + len(known)))


def _corrected(p: Float[np.ndarray, "types units"]) -> Float[np.ndarray, "types units"]:
    """By false discovery rate: heads over heads and types, the embedding over types."""
    return np.concatenate([false_discovery_rates(p[:, :1]), false_discovery_rates(p[:, 1:])], axis=1)
