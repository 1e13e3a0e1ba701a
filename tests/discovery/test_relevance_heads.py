"""Heads that put relevance on sites are found, and only those; under nulls no more than allowed are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from relevome.data.sites import Site
from relevome.discovery.other_maps import MapExchanges, exchange_maps
from relevome.discovery.placements import (
    METRICS,
    Collected,
    Placement,
    Placements,
    collect,
    placed,
    same_proteins,
    units_of,
)
from relevome.discovery.relevance_heads import groups_of, relevant_heads
from relevome.errors import InputError
from relevome.evaluation.metrics import metrics
from relevome.results.parts.part import Counts
from relevome.results.relevance_heads.heads import ALL, Effect, RelevantHeads
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
SHAPE = (2, 3)
MakeRun = Callable[..., Run]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes explanations into a finished run in parts of five rows, and opens it."""

    def make(rows: list[Explanation], name: str = "run") -> Run:
        with RunWriter(tmp_path / name, {"alphabet": "protein"}) as writer:
            for part, first in enumerate(range(0, len(rows), 5)):
                some = rows[first : first + 5]
                writer.write_part(part, some, Counts(read=len(some), explained=len(some)))
        return Run(tmp_path / name)

    return make


def explained(rng: np.random.Generator, id: str, heads: np.ndarray, sequence: str) -> Explanation:
    """A protein with one token per letter between two special ones."""
    letters = len(sequence)
    padded = np.zeros((*heads.shape[:2], letters + 2), dtype=np.float32)
    padded[:, :, 1:-1] = heads
    padded[:, :, 0] = 0.25
    own = rng.normal(size=letters + 2).astype(np.float32)
    offsets = np.array([0, *range(letters), letters], dtype=np.int32)
    ends = np.array([0, *range(1, letters + 1), letters], dtype=np.int32)
    return Explanation(
        sequence_id=id, sequence=sequence, target="yes", target_index=1, score=1.0,
        tokens=("<cls>", *sequence, "<eos>"), token_start=offsets, token_end=ends,
        token_relevance=own, relevance=own[1:-1].copy(), special_relevance=float(own[0] + own[-1]),
        head_relevance=padded,
    )  # fmt: skip


def proteins(rng: np.random.Generator, count: int, shift: float) -> tuple[list[Explanation], dict]:
    """Head 1.2 sees a site of four letters; head 0.1 sees the letter W, of which sites are made mostly."""
    rows, sites = [], {}
    for number in range(count):
        letters = rng.choice(list(LETTERS), size=int(rng.integers(40, 70)))
        start = int(rng.integers(3, len(letters) - 8))
        letters[start : start + 4] = list("WWWA")
        letters[:2] = "W"
        heads = rng.normal(size=(*SHAPE, len(letters)))
        heads[1, 2, start : start + 4] += shift
        heads[0, 1] += shift * (letters == "W")
        rows.append(explained(rng, f"p{number}", heads, "".join(letters)))
        sites[f"p{number}"] = [Site(start, start + 4, "site")]
    return rows, sites


def of_metric(found: RelevantHeads, metric: str = "point-biserial", group: str = ALL) -> Effect:
    return next(one for one in found.effects if (one.metric, one.group) == (metric, group))


@pytest.fixture
def planted(make_run: MakeRun) -> tuple[Run, dict]:
    rows, sites = proteins(np.random.default_rng(0), 40, 3.0)
    return make_run(rows), sites


def test_statistics_are_those_of_the_evaluation() -> None:
    rng = np.random.default_rng(1)
    relevance, inside = rng.normal(size=(9, 31)), np.isin(np.arange(31), [3, 4, 5, 20])
    found = placed(relevance, inside, "".join(rng.choice(list(LETTERS), 31)))
    for row, name in enumerate(METRICS):
        chance = 0 if name == "point-biserial" else inside.mean()
        expected = [metrics[name].compute(one, inside) - chance for one in relevance]
        np.testing.assert_allclose(found.excess[row], expected, atol=1e-12)
    expected = [correlation(inside, one) for one in relevance]
    np.testing.assert_allclose(found.excess[0], expected)


def correlation(inside: np.ndarray, values: np.ndarray) -> float:
    found: Any = stats.pointbiserialr(inside, values)
    return found.statistic


def test_the_published_test_is_wilcoxon_with_benjamini_hochberg(planted: tuple[Run, dict]) -> None:
    run, sites = planted
    found = of_metric(relevant_heads(collect(run, {"site": sites})))
    r = np.zeros((40, 6))
    for row, one in zip(r, run, strict=True):
        inside = np.zeros(len(one.sequence))
        inside[sites[one.sequence_id][0].start : sites[one.sequence_id][0].end] = 1
        assert one.head_relevance is not None
        heads = one.head_relevance[:, :, 1:-1].reshape(6, -1)
        row[:] = [correlation(inside, values) for values in heads]
    tested: Any = stats.wilcoxon(r, alternative="greater", axis=0)
    p = tested.pvalue
    np.testing.assert_allclose(found.p[1:], p, rtol=1e-4)
    np.testing.assert_allclose(found.q[1:], stats.false_discovery_control(p), rtol=1e-4)
    np.testing.assert_allclose(found.effect.median[1:], np.median(r, 0), atol=1e-6)


def test_only_the_head_that_sees_sites_is_specialised(planted: tuple[Run, dict], make_run: MakeRun) -> None:
    run, sites = planted
    rows, _ = proteins(np.random.default_rng(0), 40, 0.0)
    noise = [collect(make_run(rows, name="n"), {"site": sites}, nulls=False)]
    own = collect(run, {"site": sites})
    others = exchange_maps(run, own, groups_of(own.ids))
    found = relevant_heads(own, noise, others=others)
    assert found.aligned == {"site": others[ALL, "site"].aligned}
    for metric in METRICS:
        one = of_metric(found, metric)
        assert np.flatnonzero(one.significant).tolist() == [2, 6], metric  # 0.1 and 1.2
        assert (one.nulls["shift"].q < 0.05).tolist() == one.significant.tolist()
        # The head of W sees what sites are made of, and no more.
        assert np.flatnonzero(one.specialised).tolist() == [6]
        assert one.nulls["exchange"].median[6] > 3 * abs(one.nulls["exchange"].median[2])
        assert one.nulls["random"].q[6] < 1e-6
        assert one.nulls["position"].q[6] < 1e-6
        over = others[ALL, "site"].over[:, METRICS.index(metric)]
        np.testing.assert_array_equal(one.nulls["position"].median, np.median(over, 0))
        assert one.random_rank is not None
        assert one.random_rank[6] == pytest.approx(1 / 7)


def looking_at_places(rng: np.random.Generator, count: int, shift: float) -> tuple[list[Explanation], dict]:
    """Sites of 12 to 30 letters from the first on, which head 1.2 sees; head 0.1 looks at the first 15."""
    rows, sites = [], {}
    for number in range(count):
        letters = "".join(rng.choice(list(LETTERS), size=int(rng.integers(60, 90))))
        end = int(rng.integers(12, 31))
        heads = rng.normal(size=(*SHAPE, len(letters)))
        heads[1, 2, :end] += shift
        heads[0, 1, :15] += shift
        rows.append(explained(rng, f"p{number}", heads, letters))
        sites[f"p{number}"] = [Site(0, end, "signal")]
    return rows, sites


@pytest.mark.parametrize("metric", METRICS)
def test_a_head_that_always_looks_at_the_same_places_is_not_specialised(
    make_run: MakeRun, metric: str
) -> None:
    rows, sites = looking_at_places(np.random.default_rng(5), 40, 3.0)
    noise, _ = looking_at_places(np.random.default_rng(6), 40, 0.0)
    run = make_run(rows)
    own = collect(run, {"signal": sites})
    random = [collect(make_run(noise, name="n"), {"signal": sites}, nulls=False)]
    without = of_metric(relevant_heads(own, random), metric)
    assert np.flatnonzero(without.specialised).tolist() == [2, 6]
    others = exchange_maps(run, own, groups_of(own.ids), seed=1)
    one = of_metric(relevant_heads(own, random, others=others), metric)
    assert np.flatnonzero(one.specialised).tolist() == [6]
    assert one.nulls["position"].q[2] > 0.05
    np.testing.assert_array_equal(
        one.left[1:], np.min([one.nulls[n].median[1:] for n in ("exchange", "position", "random")], axis=0)
    )


def test_classes_exchange_maps_among_themselves_and_clusters_send_one(planted: tuple[Run, dict]) -> None:
    run, sites = planted
    own = collect(run, {"site": sites})
    classes = {f"p{number}": "some" for number in range(14)}
    clusters = {f"p{number}": number // 4 for number in range(20)}
    others = exchange_maps(run, own, groups_of(own.ids, classes), clusters)
    counted = {name: one.aligned.proteins + one.aligned.without for name, one in others.items()}
    assert counted == {(ALL, "site"): 25, ("some", "site"): 4}
    some = [f"p{number}" for number in range(14)]
    alone = MapExchanges({id: own.masks["site"][id] for id in some}, clusters)
    for row in run:
        alone.add(row.sequence_id, units_of(row, run))
    np.testing.assert_array_equal(alone.done().over, others["some", "site"].over)


def test_without_random_models_nothing_is_specialised(planted: tuple[Run, dict]) -> None:
    run, sites = planted
    one = of_metric(relevant_heads(collect(run, {"site": sites})))
    assert "random" not in one.nulls
    assert not one.specialised.any()


def test_what_remains_over_random_models_is_by_layer(planted: tuple[Run, dict]) -> None:
    run, sites = planted
    own = collect(run, {"site": sites})
    one = of_metric(relevant_heads(own, [own, own]))
    excess = own.placements["site"].placed.excess[:, 0]
    over = excess[:, 1:4] - excess[:, 1:4].mean(1, keepdims=True)
    np.testing.assert_allclose(one.nulls["random"].median[1:4], np.median(over, 0), atol=1e-6)
    assert one.nulls["random"].median[0] == pytest.approx(0, abs=1e-7)


def test_heads_that_contribute_have_sums_above_0(planted: tuple[Run, dict]) -> None:
    run, sites = planted
    found = relevant_heads(collect(run, {"site": sites}))
    (one,) = found.contributions
    assert one.positive[[2, 6]].all()
    totals = collect(run, {"site": sites}).totals
    row = next(iter(run))
    assert row.head_relevance is not None
    np.testing.assert_allclose(totals[0, 1:], row.head_relevance.sum(-1).ravel(), rtol=1e-5)
    assert totals[0, 0] == pytest.approx(row.relevance.sum() + row.special_relevance, rel=1e-5)


def test_families_count_once_and_a_class_of_few_is_left_out(planted: tuple[Run, dict]) -> None:
    run, sites = planted
    collected = collect(run, {"site": sites})
    clusters = {f"p{number}": number // 4 for number in range(20)}
    classes = {f"p{number}": "few" if number < 20 else "many" for number in range(40)}
    found = relevant_heads(collected, clusters=clusters, classes=classes)
    one = of_metric(found)
    assert one.proteins.tolist() == [25] * 7
    excess = collected.placements["site"].placed.excess[:, 0]
    own = np.concatenate([excess[:20].reshape(5, 4, 7).mean(1), excess[20:]])
    np.testing.assert_allclose(one.effect.median, np.median(own, 0), rtol=1e-5)
    assert found.left_out == {"few": "5 proteins or families, where fewer than 6 cannot be significant"}
    assert {one.group for one in found.effects} == {ALL, "many"}


def test_proteins_that_say_nothing_are_left_out_with_the_reason(make_run: MakeRun) -> None:
    rng = np.random.default_rng(4)
    rows, sites = proteins(rng, 12, 3.0)
    del sites["p0"]
    sites["p1"] = []
    sites["p2"] = [Site(0, len(rows[2].sequence), "site")]
    flat = np.zeros((*SHAPE, len(rows[3].sequence)))
    same = explained(rng, "p3", flat, rows[3].sequence)
    same.relevance[:] = same.relevance[0]
    rows[3] = same
    for row in rows[4:6]:  # one head says nothing in these
        assert row.head_relevance is not None
        row.head_relevance[0, 0] = 0
    run = make_run([row for row in rows if row.sequence_id != "p3"])
    collected = collect(run, {"site": sites})
    assert collected.reasons("site") == {
        "not in the annotations": 1, "no position annotated": 1, "every position annotated": 1,
    }  # fmt: skip
    one = of_metric(relevant_heads(collected))
    assert one.proteins.tolist() == [8, 6, 8, 8, 8, 8, 8]
    tests = one.nulls.values()
    for values in (*one.effect, one.p, one.q, *(test.median for test in tests), *(test.p for test in tests)):
        assert np.isfinite(values).all()


def test_tokens_of_several_letters_are_shared_out(make_run: MakeRun) -> None:
    heads = np.arange(1.0, 25).reshape(2, 3, 4).astype(np.float32)
    row = Explanation(
        sequence_id="s", sequence="ACDEFG", target="yes", target_index=1, score=0.0,
        tokens=("<cls>", "AC", "D", "EFG"), token_start=np.array([0, 0, 2, 3], dtype=np.int32),
        token_end=np.array([0, 2, 3, 6], dtype=np.int32), relevance=np.ones(6, dtype=np.float32),
        head_relevance=heads,
    )  # fmt: skip
    run = make_run([row])
    found = collect(run, {"site": {"s": [Site(0, 2, "x")]}})
    flat = heads.reshape(6, 4)
    letters = np.stack([flat[:, 1] / 2, flat[:, 1] / 2, flat[:, 2], *[flat[:, 3] / 3] * 3], axis=1)
    expected = [metrics["mass-accuracy"].compute(x, np.arange(6) < 2) - 1 / 3 for x in letters]
    np.testing.assert_allclose(found.placements["site"].placed.excess[0, 2, 1:], expected, rtol=1e-5)


def test_a_run_without_heads_is_refused(make_run: MakeRun) -> None:
    row = Explanation(
        sequence_id="s", sequence="ACD", target="yes", target_index=1, score=0.0,
        relevance=np.ones(3, dtype=np.float32),
    )  # fmt: skip
    with pytest.raises(InputError, match="has no relevance of heads: explain with --heads"):
        collect(make_run([row]), {"site": {}})


def test_proteins_are_put_in_the_order_of_others(planted: tuple[Run, dict]) -> None:
    run, sites = planted
    whole = collect(run, {"site": sites})
    some = collect(run, {"site": sites}, only={"p3", "p7"})
    found = same_proteins(some, whole).placements["site"]
    assert found.ids == whole.placements["site"].ids
    np.testing.assert_array_equal(found.placed.excess[3], whole.placements["site"].placed.excess[3])
    assert np.isnan(found.placed.excess[4]).all()


def null_collected(rng: np.random.Generator, count: int, heads: int, mixed: bool) -> Collected:
    """Peaky relevance and sites anywhere; heads have a part in common if ``mixed``."""
    found: dict[str, Placement] = {}
    for number in range(count):
        letters = int(rng.integers(40, 80))
        relevance = rng.lognormal(0, 1.5, size=(heads + 1, letters))
        if mixed:
            relevance += rng.lognormal(0, 2.0, size=letters)
        inside = np.roll(np.arange(letters) < 4, int(rng.integers(letters)))
        found[f"p{number}"] = placed(relevance, inside, "".join(rng.choice(list("ACD"), letters)))
    totals = np.zeros((count, heads + 1))
    return Collected(
        (1, heads), tuple(found), totals, {"site": Placements.of(found, heads + 1)}, {"site": {}}
    )


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("mixed", [False, True])
def test_shifts_make_no_more_false_discoveries_than_allowed(mixed: bool, metric: str) -> None:
    rng = np.random.default_rng(11)
    any_found = []
    for _ in range(60):
        found = of_metric(relevant_heads(null_collected(rng, 20, 8, mixed)), metric)
        any_found.append((found.nulls["shift"].q[1:] < 0.05).any())
    # 5% of 60 is 3; 9 or more have probability 0.003.
    assert sum(any_found) <= 8
