"""What study C claims over trainings, of results whose answers are known."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relevome.discovery.placements import METRICS, Collected, Placement, Placements
from relevome.discovery.relevance_heads import relevant_heads
from relevome.evaluation.excess import with_excess
from relevome.evaluation.exchange_curves import curves_and_areas
from relevome.evaluation.statistics import bootstrap_interval, crossed_interval
from relevome.results.evaluation.folder import write_evaluation
from relevome.results.evaluation.result import Evaluation
from relevome.results.evaluation.scores import MetricScores
from relevome.results.evaluation.settings import EvaluationSettings
from relevome.results.relevance_heads.folder import write_relevance_heads
from relevome.results.relevance_heads.heads import COLUMNS
from relevome.results.substitution import Exchange, Exchanged, Substitution, write_substitution
from relevome.studies import protein_trainings
from relevome.studies.protein_summary import conclude
from relevome.studies.protein_tasks import ExplainedClass
from relevome.studies.protein_trainings import Claim

ASKED = ExplainedClass("task", "task", "explained.fasta", "segments.tsv", ("site",), "1", "0")
IDS = tuple(f"p{number}" for number in range(12))
SHAPE = (2, 3)
SPREAD = np.linspace(-0.02, 0.02, len(IDS))

# Units on sites in each of three trainings: 0 is the embedding, then two layers of three heads. By the first
# every training has some, by the second one training has none.
ON_SITES = {"attnlrp": ({0, 1, 2, 5}, {0, 3}, {0, 1, 6}), "integrated-gradients": ({0, 4}, set(), {0, 5})}
# How much the logit falls, and AUROC beside that of a null of 0.6.
FALLS = {"attnlrp": (0.5, 0.3, 0.4), "integrated-gradients": (0.5, -0.3, 0.4)}
AUROCS = {"attnlrp": (0.8, 0.7, 0.75), "integrated-gradients": (0.8, 0.58, 0.75)}


def write_heads(on_sites: set[int], folder: Path) -> None:
    """Heads as `relevome heads` would have them: statistics far above every null, or nothing but noise."""
    rng = np.random.default_rng(0)
    shape = (len(IDS), len(METRICS), 1 + SHAPE[0] * SHAPE[1])
    own = np.isin(np.arange(shape[-1]), list(on_sites))

    def made(signals: Mapping[str, float]) -> Collected:
        def noise() -> np.ndarray:
            return 0.01 * rng.permuted(np.broadcast_to(SPREAD, shape[::-1]), axis=-1).T

        fields = [
            np.zeros(shape) if "skewness" in name else signals.get(name, 4.0) * own + noise()
            for name in Placement._fields
        ]
        placements = {"site": Placements(IDS, Placement(*(one.astype(np.float32) for one in fields)))}
        return Collected(SHAPE, IDS, np.zeros((shape[0], shape[-1])), placements, {"site": {}})

    random = [made({"excess": 0.0}) for _ in range(2)]
    found = relevant_heads(made({"excess": 0.3, "beyond": 0.2}), random)
    folder.mkdir(parents=True)
    write_relevance_heads(found, folder)


def write_areas(fall: float, ids: Sequence[str], folder: Path) -> None:
    """The logit falls by that much with the most relevant letter, and with no other."""
    exchange = Exchange(most=4, orders=1)
    counts = len(exchange.counts)

    def answers(logit: float) -> np.ndarray:
        values = np.zeros((1, counts, 3))
        values[:, 1:, 0] = logit
        return values

    sequences = {
        id: Exchanged(answers(-fall - spread), answers(0), answers(0), 20, 0, 0, 0)
        for id, spread in zip(IDS, SPREAD, strict=True)
        if id in ids
    }
    curves, areas = curves_and_areas(sequences, {}, {}, "a number", exchange)
    folder.mkdir(parents=True)
    found = Substitution({"run": "r"}, exchange, sequences, tuple(curves), tuple(areas), {}, ())
    write_substitution(found, folder)


def write_scores(auroc: float, folder: Path) -> None:
    values, nothing = tuple((auroc + SPREAD).tolist()), (None,) * len(IDS)
    scores = MetricScores(
        "auroc", "localisation", "letters", "higher is better", *bootstrap_interval(values, 0), None, None,
        {}, IDS, values, (0.5,) * len(IDS), nothing, {"position": (0.6,) * len(IDS)},
    )  # fmt: skip
    found = Evaluation({"run": "", "truth": None}, EvaluationSettings(), {}, (with_excess(scores),), ())
    folder.mkdir(parents=True)
    write_evaluation(found, folder)


def write_model(folder: Path, auroc: float = 0.9) -> None:
    test = {"auroc": auroc, "mcc": 0.8, "accuracy": 0.9, "average_precision": 0.9}
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps({"test": test}))


def written(study: Path, trainings: Sequence[int] = (0, 1, 2), weak: Sequence[int] = ()) -> Path:
    """A study as its commands leave it; the last protein is not in the substitution of the first training."""
    for number, training in enumerate(trainings):
        folder = study / ASKED.made(number)
        write_model(study / ASKED.model(number), 0.55 if training in weak else 0.9)
        for method in ON_SITES:
            write_heads(ON_SITES[method][training], folder / "heads" / method)
            kept = IDS if number else IDS[:-1]
            write_areas(FALLS[method][training], kept, folder / "substitution" / method)
            write_scores(AUROCS[method][training], folder / "scores" / method)
    return study


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_what_all_trainings_say_is_claimed_and_what_two_of_three_say_is_not(tmp_path: Path) -> None:
    said = conclude(written(tmp_path), [ASKED], 3)
    rows = rows_of(tmp_path / "claims.tsv")
    assert [(row["method"], row["say_so"], row["trainings"], row["claimed"]) for row in rows] == [
        ("attnlrp", "3", "3", "1"), ("integrated-gradients", "2", "3", "0"),
    ] * 4  # fmt: skip
    assert len({row["question"] for row in rows}) == 4
    heads = next(line for line in said if "the model has heads" in line)
    assert heads == (
        "task: the model has heads that are specialised in site, over every null: in every training: by "
        "attnlrp, 3, 1, 2 of 6 (layers that always have some: 0); not claimed: by integrated-gradients in 2 "
        "of 3"
    )
    page = (tmp_path / "study.md").read_text(encoding="utf-8")
    assert page.count("| **yes** | no: 2 of 3 |") == 4
    assert "nan" not in page.lower()


def test_layers_and_the_largest_head_are_those_of_each_training(tmp_path: Path) -> None:
    conclude(written(tmp_path), [ASKED], 3)
    page = (tmp_path / "study.md").read_text(encoding="utf-8")
    table = page.split("### Heads")[1].split("###")[0].splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table if line.startswith("| attn")]
    assert [row[2:9] for row in cells] == [
        ["0", "3", "3", "3", "3", "3", "0 (2), 1 (1)"],
        ["1", "1", "1", "1", "1", "1", "0 (1)"],
        ["2", "2", "2", "2", "2", "2", "0 (1), 1 (1)"],
    ]
    assert cells[1][10] == "0"  # the only head on sites is in layer 0
    assert float(cells[1][9].split()[0]) == pytest.approx(0.3, abs=0.01)
    assert float(cells[1][11]) == pytest.approx(0.2, abs=0.01)  # beyond composition; over random it is 0.3


def test_means_are_over_trainings_and_the_proteins_of_all(tmp_path: Path) -> None:
    conclude(written(tmp_path), [ASKED], 3)
    page = (tmp_path / "study.md").read_text(encoding="utf-8").replace("\\", "")
    row = next(line for line in page.splitlines() if line.startswith("| attnlrp | random over most"))
    values = np.array(FALLS["attnlrp"])[:, None] + SPREAD[:-1]
    assert "{:.3f} [{:.3f}, {:.3f}]".format(*crossed_interval(values)) in row
    means = (0.5 + SPREAD[:-1].mean(), 0.3 + SPREAD.mean(), 0.4 + SPREAD.mean())
    each = [f"{mean:.3f}" for mean in means]
    assert ", ".join(each) in row
    row = next(line for line in page.split("### Evaluation")[1].splitlines() if line.startswith("| attnlrp"))
    over = crossed_interval(np.array(AUROCS["attnlrp"])[:, None] + SPREAD - 0.6)
    assert "**{:.3f} [{:.3f}, {:.3f}] (position)**".format(*over) in row


def test_of_a_model_that_is_not_good_enough_nothing_is_claimed(tmp_path: Path) -> None:
    said = conclude(written(tmp_path, weak=[2]), [ASKED], 3)
    assert any(line.startswith("task/2/model: the model is weak") for line in said)
    assert "task: nothing is claimed, as not every model is good enough (those of trainings 2)" in said
    rows = rows_of(tmp_path / "claims.tsv")
    assert {(row["method"], row["say_so"], row["below"], row["claimed"]) for row in rows} == {
        ("attnlrp", "2", "1", "0"), ("integrated-gradients", "1", "1", "0"),
    }  # fmt: skip


def test_of_one_training_nothing_is_claimed(tmp_path: Path) -> None:
    said = conclude(written(tmp_path, trainings=[0]), [ASKED], 1)
    assert "task: nothing is claimed of one training, as others may differ: --trainings 3" in said
    page = (tmp_path / "study.md").read_text(encoding="utf-8")
    assert "no: 1 of 1" in page
    assert "yes" not in page


def test_a_null_that_no_word_is_known_for_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over it is every head but those of the second training."""
    columns = (*COLUMNS, "elsewhere_left", "elsewhere_p", "elsewhere_q")
    rows_before = protein_trainings.effect_rows
    read: list[Any] = []

    def rows_with_it(effect: Any, found: Any) -> Any:
        if not any(found is one for one in read):
            read.append(found)  # methods by their names, each training after the other
        left = 0.0 if read.index(found) == 1 else 0.1
        yield from ((*row, left, 1e-5, 1e-5) for row in rows_before(effect, found))

    monkeypatch.setattr(protein_trainings, "COLUMNS", columns)
    monkeypatch.setattr(protein_trainings, "effect_rows", rows_with_it)
    monkeypatch.setitem(protein_trainings.NULLS, "elsewhere", "elsewhere_left")
    said = conclude(written(tmp_path), [ASKED], 3)
    heads = next(line for line in said if "the model has heads" in line)
    assert "not claimed: by attnlrp in 2 of 3" in heads
    values = [row["values"] for row in rows_of(tmp_path / "claims.tsv") if row["method"] == "attnlrp"]
    residues = "over the strongest null (elsewhere) 0.067 (0.100, 0.000, 0.100)"
    assert values[:2] == [f"r 0.300 (0.300, 0.300, 0.300), {residues}", "3, 0, 2 of 6"]
    assert "| over elsewhere |" in (tmp_path / "study.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("said", "below", "together", "holds"),
    [
        ((True, True), (False, False), True, True),
        ((True, True), (False, False), False, False),
        ((True, False), (False, False), True, False),
        ((True, True), (False, True), True, False),
        ((True,), (False,), True, False),
    ],
)
def test_a_claim_needs_all_of_several_trainings(
    said: tuple[bool, ...], below: tuple[bool, ...], together: bool, holds: bool
) -> None:
    assert Claim(said, below, together).holds is holds
