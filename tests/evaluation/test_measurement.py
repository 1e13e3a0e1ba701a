"""Metrics over whole runs: what they come to, and which sequences are left out, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.evaluation.measurement import Measured, evaluate_run, summarise
from relevome.evaluation.metrics import metrics
from relevome.evaluation.metrics.localisation import auroc
from relevome.evaluation.metrics.similarity import pearson
from relevome.evaluation.statistics import bootstrap_interval
from relevome.results.evaluation.scores import Level, MetricScores
from relevome.results.parts.part import Counts
from relevome.results.run.columns import Explanation
from relevome.results.run.reader import Run
from relevome.results.run.writer import RunWriter

MakeRun = Callable[..., Run]
LETTERS = "ACGTACGTACGTA"
SITES = [Site(3, 8, "box")]
INSIDE = (np.arange(13) >= 3) & (np.arange(13) < 8)
TRUTH = {f"s{i}": SITES for i in range(6)}


def row(name: str, relevance: np.ndarray, width: int = 1, **fields: Any) -> Explanation:
    """Tokens of ``width`` letters between two special ones; relevance of letters alone."""
    starts = np.arange(0, len(relevance), width)
    given: dict[str, Any] = {
        "sequence": LETTERS[: len(relevance)],
        "target": "promoter",
        "target_index": 1,
        "score": 0.5,
        "tokens": ("?",) * (len(starts) + 2),
        "token_start": np.array([0, *starts, len(relevance)], dtype=np.int32),
        "token_end": np.array([0, *np.minimum(starts + width, len(relevance)), len(relevance)], np.int32),
        "relevance": relevance.astype(np.float32),
    }
    return Explanation(sequence_id=name, **(given | fields))


def rows(noise: float = 1.0, seed: int = 0, width: int = 1) -> list[Explanation]:
    rng = np.random.default_rng(seed)
    return [row(name, INSIDE + noise * rng.normal(size=13), width) for name in TRUTH]


@pytest.fixture
def make(tmp_path: Path) -> MakeRun:
    def make_run(explanations: Sequence[Explanation], name: str = "run") -> Run:
        with RunWriter(tmp_path / name, {"alphabet": "dna", "alphabet_letters": "ACGT"}) as writer:
            for index, first in enumerate(range(0, len(explanations), 4)):
                part = explanations[first : first + 4]
                writer.write_part(index, part, Counts(read=len(part), explained=len(part)))
        return Run(tmp_path / name)

    return make_run


def named(scores: list[MetricScores]) -> dict[str, MetricScores]:
    return {score.metric: score for score in scores}


def test_every_sequence_has_a_value_and_all_of_them_an_interval(make: MakeRun) -> None:
    found = named(evaluate_run(make(rows()), truth=TRUTH, seed=3))["auroc"]
    values = [auroc(one.relevance, INSIDE) for one in rows()]
    assert found.values == pytest.approx(values)
    assert found.sequence_ids == tuple(TRUTH)
    expected = bootstrap_interval(values, seed=3, bounds=(0.0, 1.0))
    assert (found.mean, found.low, found.high) == pytest.approx(tuple(expected))
    assert (found.n, found.kind, found.level) == (6, "localisation", "letters")
    assert found.direction == "higher is better"
    assert found.left_out == {}
    assert found.null is None, "no one explained shuffled sequences"


def test_what_is_computed_follows_from_what_is_given(make: MakeRun) -> None:
    run = make(rows())
    kinds = {"localisation": {"truth": TRUTH}, "similarity": {"other": run}, "complexity": {}}
    for kind, given in kinds.items():
        expected = [name for name, metric in metrics.items() if metric.kind in (kind, "complexity")]
        assert [score.metric for score in evaluate_run(run, **given)] == expected
    found = evaluate_run(run, ["sparseness", "similarity"], other=run)
    assert [score.metric for score in found] == [
        "cosine",
        "pearson",
        "sparseness",
        "spearman",
        "top-k-overlap",
    ]


@pytest.mark.parametrize("level", ["letters", "tokens"])
def test_truth_beats_noisy_truth_beats_a_random_order(make: MakeRun, level: Level) -> None:
    truth, noisy = (make(rows(noise, width=2), f"run{noise}") for noise in (1e-3, 0.7))
    perfect = named(evaluate_run(truth, ["localisation"], truth=TRUTH, level=level))
    for name, some in named(evaluate_run(noisy, ["localisation"], truth=TRUTH, level=level)).items():
        assert some.level == level
        assert some.random is not None
        assert perfect[name].mean > some.mean > some.random.mean


def test_tokens_are_scored_by_the_sites_over_most_of_their_letters(make: MakeRun) -> None:
    found = named(evaluate_run(make(rows(width=2)), ["auroc"], truth=TRUTH, level="tokens"))["auroc"]
    tokens = [np.add.reduceat(one.relevance.astype(float), range(0, 13, 2)) for one in rows()]
    inside = np.array(
        [False, False, True, True, False, False, False]
    )  # letters 4-5 and 6-7; of 2-3 only half
    assert found.values == pytest.approx([auroc(values, inside) for values in tokens])


def test_random_orders_reach_chance_and_repeat_by_their_seed(make: MakeRun) -> None:
    run = make(rows(0))
    first, again, other = (evaluate_run(run, ["auroc"], TRUTH, seed=s, draws=40)[0] for s in (1, 1, 2))
    assert first == again
    assert first.random != other.random
    assert first.random is not None
    assert first.random.mean == pytest.approx(0.5, abs=0.06)
    assert first.random.low < first.random.mean < first.random.high


def test_what_no_order_changes_has_no_random_order(make: MakeRun) -> None:
    assert {score.random for score in evaluate_run(make(rows()), ["complexity"])} == {None}


def test_sequences_without_a_value_are_counted_by_the_reason(make: MakeRun) -> None:
    noise = np.random.default_rng(1).normal(size=13)
    given = [*rows(), row("unknown", noise), row("bare", noise), row("covered", noise)]
    truth = TRUTH | {"bare": [], "covered": [Site(0, 13, "all")], "s5": [Site(0, 1, "end")]}
    found = named(evaluate_run(make(given), truth=truth))
    assert found["auroc"].left_out == {
        "not in the file of known sites": 1,
        "without a known site": 1,
        "with all letters inside known sites": 1,
    }
    assert (found["auroc"].n, found["entropy"].n) == (6, 9)
    assert found["entropy"].left_out == {}
    at_tokens = evaluate_run(make([row(r.sequence_id, r.relevance, 4) for r in given], "4"), ["auroc"], truth,
                             level="tokens")[0]  # fmt: skip
    assert at_tokens.left_out["with no tokens inside known sites"] == 1


def test_sites_on_chromosomes_are_found(make: MakeRun) -> None:
    place = {"chrom": "chr1", "end": 113, "strand": "-", "start": 100}
    given = [row(one.sequence_id, one.relevance, **place) for one in rows()]
    found = evaluate_run(make(given), ["auroc"], truth={"chr1": [Site(105, 110, "box")]})[0]
    assert found.values == pytest.approx([auroc(one.relevance, INSIDE) for one in rows()])


def test_runs_of_the_same_sequences_are_compared_letter_by_letter(make: MakeRun) -> None:
    one, two = rows(), rows(seed=1)[::-1]
    found = evaluate_run(make(one), ["pearson"], other=make(two, "other"))[0]
    assert found.values == pytest.approx(
        [pearson(a.relevance, b.relevance) for a, b in zip(one, two[::-1], strict=True)]
    )


def test_other_tokens_are_gathered_into_those_of_the_run(make: MakeRun) -> None:
    one, other = make(rows(width=3), "wide"), make(rows(), "narrow")
    same = evaluate_run(one, ["pearson", "top-k-overlap"], other=other, level="tokens")
    assert [score.mean for score in same] == pytest.approx([1, 1])


def test_sequences_that_the_other_run_lacks_are_counted(make: MakeRun) -> None:
    other = rows()[:4]
    other[0] = row("s0", other[0].relevance, sequence="T" * 13)
    found = evaluate_run(make(rows()), ["cosine"], other=make(other, "other"))[0]
    assert found.left_out == {"with other letters in the other run": 1, "not in the other run": 2}


def test_one_of_several_targets_is_evaluated(make: MakeRun) -> None:
    two = [r for name in TRUTH for r in (row(name, INSIDE * 1.0), row(name, INSIDE * -1.0, target="none"))]
    run = make(two)
    with pytest.raises(InputError, match="has several targets: choose one of promoter, none"):
        evaluate_run(run, ["auroc"], truth=TRUTH)
    with pytest.raises(InputError, match="has no target 'x': expected one of promoter, none"):
        evaluate_run(run, ["auroc"], truth=TRUTH, target="x")
    assert [evaluate_run(run, ["auroc"], TRUTH, target=t)[0].mean for t in ("promoter", "none")] == [1, 0]


@pytest.mark.parametrize(
    ("wanted", "given", "message"),
    [
        (["auroc"], {}, r"the metric auroc needs known sites \(truth\), which is not given"),
        (["similarity"], {}, "the metric cosine needs another run of the same sequences"),
        (["faithfulness"], {}, "needs the model"),
        (["pointing"], {}, "unknown metric 'pointing': expected one of"),
        (
            ["auroc"],
            {"truth": {"elsewhere": SITES}},
            "auroc applies to 0 of 6 sequences: expected two or more.*; left out: 6 not in the file of known",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    make: MakeRun, wanted: list[str], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        evaluate_run(make(rows()), wanted, **given)


def test_an_empty_run_is_refused(make: MakeRun) -> None:
    with pytest.raises(InputError, match="holds no explanations: there is nothing to evaluate"):
        evaluate_run(make([]))


def test_families_that_need_the_model_join_with_what_they_measured() -> None:
    measured = [Measured("a", 0.9, 0.5, 0.6), Measured("b", 0.7, 0.4, 0.5), Measured("c", 0.8, 0.6, 0.4)]
    found = summarise(metrics["auroc"], "tokens", measured, {"too long": 2}, seed=5)
    assert (found.mean, found.low, found.high) == bootstrap_interval([0.9, 0.7, 0.8], 5, bounds=(0.0, 1.0))
    assert found.random == bootstrap_interval([0.5, 0.4, 0.6], 5, bounds=(0.0, 1.0))
    assert found.null == bootstrap_interval([0.6, 0.5, 0.4], 5, bounds=(0.0, 1.0))
    assert (found.sequence_ids, found.left_out) == (("a", "b", "c"), {"too long": 2})
