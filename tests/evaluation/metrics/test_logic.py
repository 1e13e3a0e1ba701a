"""Metrics of logic against textbook formulas, and oracles that know the logic, or motifs without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from relevome.data.simulation.logic import DECOY, STATES
from relevome.data.simulation.logic_files import write_logic
from relevome.data.simulation.logic_plan import plan_logic
from relevome.data.simulation.logic_sequences import LogicSequence, simulate_logic
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.evaluation.checks import checks
from relevome.evaluation.contrasts import SiteContrasts, SitesOfRun
from relevome.evaluation.measurement import evaluate_run
from relevome.evaluation.metrics.logic import logic_agreement, logic_correlation, logic_sign
from relevome.evaluation.required import RequiredSite, required_sites
from relevome.evaluation.statistics import bootstrap_interval, paired_test
from relevome.jobs.evaluate import evaluate
from relevome.results.evaluation.scores import MetricScores
from relevome.results.parts.part import Counts
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter

Map = Callable[[LogicSequence, np.random.Generator], np.ndarray]


def made(name: str, count: int = 60) -> list[LogicSequence]:
    return list(simulate_logic(plan_logic(name, length=80, seed=2, decoys=1), count, count))


def row(id: str, sequence: str, relevance: np.ndarray, width: int = 1) -> Explanation:
    starts = np.arange(0, len(sequence), width, dtype=np.int32)
    return Explanation(
        sequence_id=id, sequence=sequence, target="1", target_index=1, score=0.5, tokens=("?",) * len(starts),
        token_start=starts, token_end=np.minimum(starts + width, len(sequence)).astype(np.int32),
        relevance=relevance.astype(np.float32),
    )  # fmt: skip


def run_of(every: list[LogicSequence], map: Map, folder: Path, width: int = 1) -> Run:
    rng = np.random.default_rng(7)
    rows = [row(one.sequence.id, one.sequence.letters, map(one, rng), width) for one in every]
    with RunWriter(folder, {"alphabet": "dna", "alphabet_letters": "ACGT"}) as writer:
        writer.write_part(0, rows, Counts(read=len(rows), explained=len(rows)))
    return Run(folder)


def scores(name: str, map: Map, folder: Path, **options: int) -> dict[str, MetricScores]:
    every = made(name)
    truth = {one.sequence.id: list(one.sites) for one in every}
    found = evaluate_run(run_of(every, map, folder, **options), ["logic"], truth, too_few=[])
    return {one.metric: one for one in found}


def spread(one: LogicSequence, worth: Callable[[Site], float]) -> np.ndarray:
    relevance = np.zeros(len(one.sequence))
    for site in one.sites:
        relevance[site.start : site.end] = worth(site) / (site.end - site.start)
    return relevance


def exact(one: LogicSequence, rng: np.random.Generator) -> np.ndarray:
    """The required effect itself, in other units."""
    return 3 * spread(one, lambda site: site.effect or 0)


def scanner(one: LogicSequence, rng: np.random.Generator) -> np.ndarray:
    """Every motif, whatever else is there, and a little noise."""
    return spread(one, lambda site: float(site.kind != DECOY)) + rng.normal(0, 0.005, len(one.sequence))


def noise(one: LogicSequence, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=len(one.sequence))


@pytest.mark.parametrize("name", STATES)
def test_the_required_effect_itself_is_best(name: str, tmp_path: Path) -> None:
    found = scores(name, exact, tmp_path / "run")
    assert set(found) == {"logic-agreement", "logic-correlation"} | (
        {"logic-sign"} if name == "not" else set()
    )
    for metric, one in found.items():
        assert one.values == pytest.approx([1] * one.n), metric
        assert one.excess is not None
        assert one.excess.low > 0
    for check in checks(list(found.values())):
        assert check.outcome == "pass", check.sentence


@pytest.mark.parametrize("name", ["and", "or", "not", "spacing"])
def test_a_scanner_that_knows_motifs_alone_is_no_better_than_the_strongest_null(
    name: str, tmp_path: Path
) -> None:
    """Its relevance lies on motifs only, of which agreement makes much; the excess says that it is none."""
    found = scores(name, scanner, tmp_path / "run")
    assert found["logic-agreement"].mean > 0.4
    for one in found.values():
        assert one.excess is not None
        assert one.excess.low <= 0
    assert all(check.outcome == "fail" for check in checks(list(found.values())))
    assert found["logic-agreement"].excess.mean < 0.01  # pyright: ignore[reportOptionalMemberAccess]
    if name == "not":
        assert found["logic-sign"].mean == pytest.approx(0.5)
        assert found["logic-agreement"].excess.null == "motif"  # pyright: ignore[reportOptionalMemberAccess]


@pytest.mark.parametrize("name", STATES)
def test_noise_has_chance(name: str, tmp_path: Path) -> None:
    for metric, one in scores(name, noise, tmp_path / "run").items():
        chance = 0.5 if metric == "logic-sign" else 0.0
        error = np.std(one.values) / np.sqrt(one.n)
        assert abs(one.mean - chance) < 4 * error, metric
        assert one.random is not None
        assert abs(one.random.mean - chance) < 4 * error, metric


def test_relevance_that_tells_no_site_from_another_has_chance(tmp_path: Path) -> None:
    found = scores("not", lambda one, rng: np.full(len(one.sequence), 0.7), tmp_path / "run")
    assert {name: set(one.values) for name, one in found.items()} == {
        "logic-agreement": {0.0}, "logic-correlation": {0.0}, "logic-sign": {0.5},
    }  # fmt: skip


def test_a_sequence_that_is_relevant_everywhere_says_nothing(tmp_path: Path) -> None:
    """Who knows the class, and no site, has no logic: relevance that is larger in all of a positive."""
    found = scores("and", lambda one, rng: np.full(len(one.sequence), 5.0 * one.label + 1), tmp_path / "run")
    assert set(found["logic-agreement"].values) == {0.0}


def contrasts(seed: int) -> list[SiteContrasts]:
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(40):
        names = tuple(rng.choice(["A", "B", "C"], size=3).tolist())
        effects = np.array([0.5 if name == "C" else float(rng.integers(-1, 2)) for name in names])
        values = effects + rng.normal(size=3) + np.array([{"A": 2, "B": -1, "C": 0}[name] for name in names])
        rows.append(SiteContrasts(names, effects, values, 5.0))
    return rows


def test_correlations_are_those_of_the_textbook() -> None:
    rows = contrasts(1)
    run = SitesOfRun.of(rows)
    names = np.array([name for one in rows for name in one.names])
    e, v = (np.concatenate([getattr(one, what) for one in rows]) for what in ("effects", "values"))
    mean = np.mean([logic_agreement(one, run) for one in rows])
    assert mean == pytest.approx(e @ v / np.sqrt((e @ e) * (v @ v)), abs=1e-12)
    # analysis of covariance: what a regression on the motif leaves of each; C has one effect only
    kept = names != "C"
    dummies = np.stack([names[kept] == name for name in ("A", "B")], axis=1).astype(float)
    left = [x[kept] - dummies @ np.linalg.lstsq(dummies, x[kept], rcond=None)[0] for x in (e, v)]
    some = [logic_correlation(one, run) for one in rows if {"A", "B"} & set(one.names)]
    assert len(some) == run.unlike
    assert np.mean(some) == pytest.approx(np.corrcoef(left[0], left[1])[0, 1], abs=1e-12)


def test_values_vary_as_the_correlation_does_over_samples_of_sequences() -> None:
    """Their standard error is that of the jackknife, which leaves out each sequence in turn."""
    rows = contrasts(2)
    n = len(rows)
    run = SitesOfRun.of(rows)
    values = np.array([logic_agreement(one, run) for one in rows])

    def agreement(some: list[SiteContrasts]) -> float:
        e, v = (np.concatenate([getattr(one, what) for one in some]) for what in ("effects", "values"))
        return float(e @ v / np.sqrt((e @ e) * (v @ v)))

    left_out = np.array([agreement(rows[:i] + rows[i + 1 :]) for i in range(n)])
    jackknife = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    assert values.std(ddof=1) / np.sqrt(n) == pytest.approx(jackknife, rel=0.05)


def test_a_scanner_passes_no_more_often_than_it_may() -> None:
    """Of 300 runs in which relevance knows motifs and no logic, the paired test and the interval."""
    rng, alarms, covered = np.random.default_rng(3), 0, 0
    for seed in range(300):
        rows = []
        for _ in range(40):
            names = ("A", "B", "A")
            effects = rng.integers(0, 2, size=3) / 2
            # positives are no more relevant, but noisier
            values = np.array([2.0, -1.0, 2.0]) + rng.normal(size=3) * (1 + effects.sum())
            rows.append(SiteContrasts(names, effects, values, 5.0))
        run = SitesOfRun.of(rows)
        values = [logic_correlation(one, run) for one in rows]
        alarms += paired_test(values, [0.0] * len(values), seed, draws=999) < 0.05
        found = bootstrap_interval(values, seed, draws=500)
        covered += found.low <= 0 <= found.high
    assert alarms / 300 < 0.08
    assert covered / 300 > 0.91


def test_signs_by_hand() -> None:
    sites = (RequiredSite(0, 2, "A", 0.5), RequiredSite(2, 4, "B", -0.5), RequiredSite(4, 6, "D", 0.0))
    for relevance, expected in (
        ([1, 1, -1, -1, 9, 9], 1),
        ([1, 1, 2, -1, 0, 0], 0.5),
        ([1, 1, 1, -1, 0, 0], 0.75),
        ([-1, 0, 1, 1, 0, 0], 0),
    ):
        assert logic_sign(np.array(relevance, dtype=np.float64), sites) == expected
    with pytest.raises(InputError, match="3 sites, none of which is for, or none against"):
        logic_sign(np.zeros(6), tuple(RequiredSite(0, 2, "A", 1.0) for _ in range(3)))


def test_sites_at_the_level_of_tokens_and_why_there_are_none() -> None:
    one = row("s", "ACGTACGTACGT", np.zeros(12), width=2)
    site = Site(3, 8, "A", effect=0.5)  # tokens of letters 4-5 and 6-7; of 2-3 only half
    assert required_sites([site], one, "tokens") == (RequiredSite(2, 4, "A", 0.5),)
    assert required_sites([site], one, "letters") == (RequiredSite(3, 8, "A", 0.5),)
    for sites, said in (
        ([], "not in the file of known sites"),
        ([Site(0, 4, "A")], "with a known site without an effect"),
        ([Site(3, 4, "A", effect=1.0)], "with a known site that has no tokens"),
        ([Site(0, 12, "A", effect=1.0)], "without tokens beside its sites"),
    ):
        assert required_sites(sites, one, "tokens") == said


def test_a_job_asks_for_logic_where_sites_have_effects_and_localises_on_those_for(tmp_path: Path) -> None:
    plan = plan_logic("and", length=80, seed=2, decoys=1)
    write_logic(tmp_path / "made", plan, 60, 60, (0.5, 0.0, 0.5))
    every = [one for one in simulate_logic(plan, 60, 60) if one.source >= 30]
    run = run_of(every, exact, tmp_path / "run", width=2)
    found = evaluate(run, tmp_path / "made" / "test.effects.tsv", use_model=False, level="both")
    named = {(one.metric, one.level): one for one in found.scores}
    assert named["auroc", "letters"].mean == 1  # partners only: those alone would be off
    assert named["auroc", "letters"].left_out["without a known site"] > 0
    assert named["logic-agreement", "letters"].mean == pytest.approx(1)
    assert named["logic-agreement", "tokens"].mean > 0.97
    assert any("logic-sign applies to 0 of 60 sequences" in note for note in found.notes)
    with pytest.raises(InputError, match="logic-sign applies to 0 of 60 sequences"):
        evaluate(run, tmp_path / "made" / "test.effects.tsv", use_model=False, metrics=["logic-sign"])
    with pytest.raises(InputError, match="logic-agreement needs known sites with the effect that each must"):
        evaluate(run, tmp_path / "made" / "test.truth.bed", use_model=False, metrics=["logic-agreement"])
    plain = evaluate(run, tmp_path / "made" / "test.truth.bed", use_model=False)
    assert "logic" not in {one.kind for one in plain.scores}
