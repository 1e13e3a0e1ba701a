"""What is said of several trainings of two models, from results written by hand."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from relevome.errors import InputError
from relevome.evaluation.statistics import bootstrap_interval, crossed_interval
from relevome.report.tables import interval
from relevome.results.estimate import Estimate
from relevome.results.evaluation.checks import Check
from relevome.studies.summary import conclude
from relevome.studies.trainings.explained import ExplainedTraining
from tests.studies.made_trainings import made_scores, write_logits, write_quality, write_scores

NAMES = tuple("abcdef")
SPREAD = np.array([-0.03, -0.02, -0.01, 0.01, 0.02, 0.03])
NABC = "normalised-area-between-curves"
Means = Mapping[tuple[str, str], tuple[float, ...]]

# Means of three trainings. By AUROC lrp is first in two of them only; attnlrp loses none.
AUROC: Means = {
    ("cnn", "lrp"): (0.90, 0.91, 0.92),
    ("cnn", "saliency"): (0.80, 0.92, 0.82),
    ("transformer", "attnlrp"): (0.78, 0.80, 0.82),
    ("transformer", "rollout"): (0.40, 0.45, 0.50),
}
FAITHFUL: Means = {
    ("cnn", "lrp"): (0.50, 0.55, 0.60),
    ("cnn", "saliency"): (1.20, 1.25, 1.30),
    ("transformer", "attnlrp"): (0.70, 0.75, 1.22),  # once above saliency of another training
    ("transformer", "rollout"): (0.10, 0.10, 0.10),
}
INFIDELITY: Means = {
    ("cnn", "lrp"): (0.2, 0.21, 0.22),
    ("cnn", "saliency"): (0.4, 0.41, 0.42),
    ("transformer", "attnlrp"): (0.3, 0.3, 0.3),
    ("transformer", "rollout"): (0.9, 0.5, 0.2),
}
# The habit of a place, which attnlrp is above in the mean only, and maps of other sequences.
NULLS = {"position": 0.79, "other maps": 0.55}
GOOD = {"cnn": (0.90, 0.91, 0.92), "transformer": (0.88, 0.89, 0.90)}

# Log odds of every sequence in every training: a and b are recognised by all, e and f missed by all.
LOGITS = [(1, 2, 1, -1, -1, -2), (2, 1, -1, 1, -2, -1), (1, 1, 1, 1, -1, -1)]


def runs(trainings: int) -> list[ExplainedTraining]:
    """By kind, training and name, as a study has them."""
    return [
        ExplainedTraining("toy", kind, number, name)
        for kind in ("cnn", "transformer")
        for number in range(trainings)
        for known, name in AUROC
        if known == kind
    ]


def checks_of(run: ExplainedTraining) -> list[Check]:
    """Rollout fails weight randomisation in every training, lrp in two of three; of tokens nobody asks."""
    fails = run.name == "rollout" or (run.name == "lrp" and run.training < 2)
    return [
        Check("weight randomisation", "fail" if fails else "pass", ""),
        Check("faithfulness against random order", "pass", "", NABC, "letters", 0.01),
        Check("faithfulness against random order", "fail", "", NABC, "tokens", 0.5),
    ]


def row(means: Means, run: ExplainedTraining) -> dict[str, float]:
    values = means[run.kind, run.name][run.training] + SPREAD
    return dict(zip(NAMES, values.tolist(), strict=True))


Write = Callable[..., list[ExplainedTraining]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes all results of a task; ``quality`` has the AUROC of every training."""

    def written(
        trainings: int = 3, quality: Mapping[str, tuple[float, ...]] = GOOD, mcc: float = 0.5
    ) -> list[ExplainedTraining]:
        every = runs(trainings)
        for run in every:
            scores = [
                made_scores("auroc", row(AUROC, run), NULLS | {"random order": 0.5}),
                made_scores(NABC, row(FAITHFUL, run), {"random order": 0.0}),
                made_scores("scaled-infidelity", row(INFIDELITY, run)),
                made_scores("auroc", dict.fromkeys(NAMES, 0.1), NULLS, level="tokens"),
            ]
            write_scores(tmp_path, run, scores, checks_of(run))
            write_logits(tmp_path, run, dict(zip(NAMES, LOGITS[run.training], strict=True)))
            if not (tmp_path / run.model).exists():
                write_quality(tmp_path, run, quality[run.kind][run.training], mcc)
        return every

    return written


def crossed(means: Means, kind: str, name: str, less: float = 0.0) -> Estimate:
    return crossed_interval(np.array(means[kind, name])[:, None] + SPREAD - less)


def told(means: Means, kind: str, name: str) -> str:
    return interval(*crossed(means, kind, name))


def page(folder: Path) -> str:
    return (folder / "study.md").read_text(encoding="utf-8").replace("\\", "")


def test_the_words_claim_what_holds_in_every_training(write: Write, tmp_path: Path) -> None:
    said = conclude(tmp_path, write(), {"toy": "planted"})
    by_place, faithful = "localisation (auroc)", f"faithfulness ({NABC})"
    assert said[:-1] == [
        "toy: model of cnn: AUROC 0.910 (0.900 to 0.920), MCC 0.500 (0.500 to 0.500) on 200 test sequences, "
        "3 trainings",
        "toy: model of transformer: AUROC 0.890 (0.880 to 0.900), MCC 0.500 (0.500 to 0.500) on 200 test "
        "sequences, 3 trainings",
        f"toy: cnn, {by_place}: above the strongest null are lrp; not saliency",
        f"toy: cnn, {by_place}: over exchange, so that they know something of their sequence, are saliency",
        f"toy: transformer, {by_place}: no explanation survives its strongest null",
        f"toy: transformer, {by_place}: over exchange, so that they know something of their sequence, are "
        "attnlrp",
        f"toy: cnn, {by_place}: lrp leads, {told(AUROC, 'cnn', 'lrp')}; it is better than 0 of 1 others in "
        "every training, so none is the best",
        f"toy: transformer, {by_place}: attnlrp leads, {told(AUROC, 'transformer', 'attnlrp')}, and is "
        "better than every other explanation in every training",
        f"toy: {by_place}: lrp of cnn is better than attnlrp of transformer in all trainings of both, by "
        "0.110 [0.085, 0.135]",
        f"toy: cnn, {faithful}: saliency leads, {told(FAITHFUL, 'cnn', 'saliency')}, and is better than "
        "every other explanation in every training",
        f"toy: transformer, {faithful}: attnlrp leads, {told(FAITHFUL, 'transformer', 'attnlrp')}, and is "
        "better than every other explanation in every training",
        f"toy: {faithful}: neither saliency of cnn nor attnlrp of transformer is called better",
        "toy: weight randomisation is failed in every training by rollout of transformer",
    ]


def test_the_page_has_every_mean_beside_its_nulls(write: Write, tmp_path: Path) -> None:
    conclude(tmp_path, write(), {"toy": "best match of <it>"})
    found = page(tmp_path)
    assert "| toy | cnn | 3 | 0.910 (0.900 to 0.920) | 0.500 (0.500 to 0.500) |" in found
    over = interval(*crossed(AUROC, "cnn", "lrp", 0.79))
    exchange = interval(*crossed(AUROC, "cnn", "lrp", 0.55))
    assert (
        f"| cnn | lrp | {told(AUROC, 'cnn', 'lrp')} | **{over} (position)** | **{exchange} (other maps)** |"
    ) in found
    saliency = interval(*crossed(AUROC, "cnn", "saliency", 0.79))
    assert f"| {saliency} (position) | **" in found
    assert (
        f"| transformer | attnlrp | **{told(AUROC, 'transformer', 'attnlrp')}** | "
        f"{interval(*crossed(AUROC, 'transformer', 'attnlrp', 0.79))} (position) | **"
    ) in found
    assert "| random order |  | 0.500 |  |  |" in found
    assert "| sequences |  | 6 |  |  |" in found
    assert "Sites: best match of &lt;it&gt;." in found


def test_of_infidelity_the_lower_is_bold_and_only_where_every_training_says_so(
    write: Write, tmp_path: Path
) -> None:
    conclude(tmp_path, write(), {"toy": "planted"})
    found = page(tmp_path)
    assert f"| **{told(INFIDELITY, 'cnn', 'lrp')}** |" in found
    assert f"| {told(INFIDELITY, 'transformer', 'attnlrp')} |" in found  # rollout has one training below it


def test_nothing_is_bold_or_best_of_a_model_with_a_training_below_the_quality(
    write: Write, tmp_path: Path
) -> None:
    said = conclude(tmp_path, write(quality=GOOD | {"cnn": (0.9, 0.65, 0.9)}), {"toy": "planted"})
    assert (
        "toy: training 1 of cnn is weak (AUROC 0.65, below 0.7): its maps explain a model that is often wrong"
    ) in said
    faithful = next(line for line in said if f"cnn, faithfulness ({NABC})" in line)
    assert faithful.endswith("none is called the best, since a training is below the quality that is asked")
    place = "toy: localisation (auroc): neither lrp of cnn nor attnlrp of transformer is called better"
    assert place in said
    rows = [line for line in page(tmp_path).splitlines() if line.startswith("| cnn |")]
    assert rows
    assert not any("**" in line for line in rows)
    assert "**" in page(tmp_path)  # of the transformer, all of whose trainings are good enough


def test_a_map_of_a_weaker_model_is_not_called_better(write: Write, tmp_path: Path) -> None:
    weaker = {"cnn": (0.75, 0.76, 0.77), "transformer": (0.96, 0.97, 0.98)}
    said = conclude(tmp_path, write(quality=weaker), {"toy": "planted"})
    assert (
        "toy: every training of cnn is significantly weaker than every one of transformer: a better map of a "
        "worse model is no better explanation"
    ) in said
    assert "toy: localisation (auroc): neither lrp of cnn nor attnlrp of transformer is called better" in said


def test_of_one_training_nothing_is_claimed(write: Write, tmp_path: Path) -> None:
    said = conclude(tmp_path, write(trainings=1), {"toy": "planted"})
    assert said[1:-1] == [
        "toy: model of transformer: AUROC 0.880, MCC 0.500 on 200 test sequences, 1 training",
        "toy: one training of each model: nothing is claimed over trainings",
    ]
    found = page(tmp_path)
    assert "one training of each model: nothing is claimed over trainings" in found
    assert "**" not in found
    expected = bootstrap_interval(0.9 + SPREAD, seed=0, bounds=(0.0, 1.0))
    assert f"| cnn | lrp | {interval(*expected)} |" in found


def test_sequences_that_every_training_misses_stand_apart(write: Write, tmp_path: Path) -> None:
    conclude(tmp_path, write(), {"toy": "planted"})
    table = np.array(AUROC["cnn", "lrp"])[:, None] + SPREAD
    recognised, missed = crossed_interval(table[:, :2]), crossed_interval(table[:, 4:])
    assert f"| cnn | lrp | {interval(*recognised)} | 2 | {interval(*missed)} | 2 |" in page(tmp_path)


def test_failed_checks_are_counted_over_trainings_without_those_of_tokens(
    write: Write, tmp_path: Path
) -> None:
    conclude(tmp_path, write(), {"toy": "planted"})
    found = page(tmp_path)
    assert "| model | explanation | weight randomisation | faithfulness |" in found
    assert "| cnn | lrp | 2 of 3 | 0 of 3 |" in found
    assert "| transformer | rollout | 3 of 3 | 0 of 3 |" in found


def test_all_means_are_in_one_table(write: Write, tmp_path: Path) -> None:
    conclude(tmp_path, write(), {"toy": "planted"})
    with (tmp_path / "study.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 4 * 3
    (one,) = (r for r in rows if (r["explanation"], r["metric"]) == ("attnlrp", "auroc"))
    assert (one["task"], one["kind"], one["trainings"], one["sequences"]) == ("toy", "transformer", "3", "6")
    assert (one["null"], one["exchange"]) == ("position", "other maps")
    for prefix, less in (("", None), ("over", 0.79), ("over_exchange", 0.55)):
        columns = ("mean", "low", "high") if less is None else (prefix, f"{prefix}_low", f"{prefix}_high")
        expected = crossed(AUROC, "transformer", "attnlrp", less or 0.0)
        assert [float(one[name]) for name in columns] == pytest.approx(expected)
    (two,) = (r for r in rows if (r["explanation"], r["metric"]) == ("rollout", "scaled-infidelity"))
    assert (two["null"], two["over"], two["exchange"]) == ("", "", "")


def test_a_metric_that_one_explanation_lacks_is_left_out_of_the_page(write: Write, tmp_path: Path) -> None:
    every = write()
    values = tmp_path / every[0].scores
    for path in values.iterdir():
        path.unlink()
    values.rmdir()
    write_scores(tmp_path, every[0], [made_scores("scaled-infidelity", row(INFIDELITY, every[0]))])
    said = conclude(tmp_path, every, {"toy": "planted"})
    assert not any("localisation" in line for line in said)
    assert "auroc ↑" not in page(tmp_path)
    assert "scaled-infidelity ↓" in page(tmp_path)


def test_results_that_are_gone_are_one_line(write: Write, tmp_path: Path) -> None:
    every = write()
    (tmp_path / every[2].scores / "scores.json").unlink()
    with pytest.raises(InputError, match=r"has no scores\.json") as error:
        conclude(tmp_path, every, {"toy": "planted"})
    assert "\n" not in str(error.value)
