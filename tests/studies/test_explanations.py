"""The study of explanations: its commands, its data, and what is said over trainings."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main

from relevome.cli.app import app
from relevome.data.formats.fasta import read_fasta
from relevome.data.sequences import DNA, Sequence
from relevome.data.sites import read_sites
from relevome.errors import InputError
from relevome.evaluation.statistics import crossed_interval
from relevome.studies.explanation_summary import METRICS, conclude
from relevome.studies.explanations import KINDS, SIZES, ExplanationsStudy
from relevome.studies.protein_tasks import PROTEIN_TASKS
from relevome.studies.tasks import EVERY, SequenceCounts, write_task
from relevome.studies.trainings.explained import ExplainedTraining
from tests.studies.made_trainings import made_scores, write_scores

TASKS = (*EVERY, *PROTEIN_TASKS)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with all public files, empty."""
    needed = [path for task in (*EVERY.values(), *PROTEIN_TASKS.values()) for path in task.needs]
    for path in needed:
        (tmp_path / "public" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "public" / path).touch()
    return tmp_path / "public"


def test_the_command_line_understands_every_command(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relevome.cli.shared.options.check_paths", lambda *_: None)  # none is there
    group: Any = typer.main.get_command(app)
    before: set[str] = set()
    with group.make_context("relevome", ["list", "methods"]) as context:
        for one in ExplanationsStudy(TASKS, data=data, trainings=2).commands():
            _, found, rest = group.resolve_command(context, list(one.arguments))
            parsed = found.make_context(one.arguments[0], rest, parent=context).params
            assert str(parsed["output"]) == one.output
            assert before.issuperset(one.after)
            assert one.name not in before
            before.add(one.name)


def test_trainings_have_their_own_seeds_and_the_same_data(data: Path) -> None:
    found = ExplanationsStudy(("simulated",), ("cnn",), trainings=3, seed=7).commands()
    trained = [one.arguments for one in found if one.arguments[0] == "train"]
    seeds = [one[one.index("--seed") + 1] for one in trained]
    assert seeds == ["7", "8", "9"]
    assert {one[one.index("--train") + 1] for one in trained} == {"simulated/data/train.csv"}
    explained = [one for one in found if one.arguments[0] == "explain"]
    assert len(explained) == 3 * len(KINDS["cnn"].methods)


def test_models_that_read_dna_alone_do_not_learn_proteins(data: Path) -> None:
    study = ExplanationsStudy(("signal-peptide",), data=data)
    assert {one.output.split("/")[1] for one in study.commands()} == {"cnn", "letters"}
    with pytest.raises(InputError, match="read DNA: expected --kind cnn or letters too"):
        ExplanationsStudy(("signal-peptide",), ("k-mers",), data=data)


def test_logic_is_asked_where_the_truth_has_effects(data: Path) -> None:
    def asked(task: str) -> set[str]:
        found = ExplanationsStudy((task,), ("cnn",), data=data).commands()
        words = next(one.arguments for one in found if one.arguments[0] == "evaluate")
        return {words[i + 1] for i, word in enumerate(words) if word == "--metrics"}

    logic = {"logic-agreement", "logic-correlation"}
    assert asked("and") == set(METRICS)
    assert asked("simulated") == set(METRICS) - logic


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trainings": 1}, "--trainings 1: expected 2 or more"),
        ({"task": ("promoters",)}, "the task promoters needs the file"),
        ({"task": ("membrane",)}, "the task membrane needs --data"),
        ({"kind": ("rnn",)}, "--kind rnn: expected one of cnn, letters, k-mers, byte-pairs"),
        ({"size": "huge"}, "--size huge: expected one of small, default"),
    ],
)
def test_what_cannot_be_done_is_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        ExplanationsStudy(**options)
    assert "\n" not in str(error.value)


def test_without_public_data_what_is_simulated_is_learnt(data: Path) -> None:
    assert ExplanationsStudy().tasks == ("simulated", "and")
    assert ExplanationsStudy(data=data).tasks == ("simulated", "and", "promoters", "signal-peptide")
    assert set(SIZES) == {"small", "default"}


def explained(folder: Path) -> list[Sequence]:
    return [one for one in read_fasta(folder / "explained.fasta", DNA) if isinstance(one, Sequence)]


def test_known_promoters_are_explained_that_no_model_learns_from(shared: Path, tmp_path: Path) -> None:
    write_task("promoters", tmp_path / "data", shared / "data", SequenceCounts(200, 30), 0)
    found = [
        one for one in read_fasta(tmp_path / "data" / "explained.fasta", DNA) if isinstance(one, Sequence)
    ]
    assert (len(found), {len(one) for one in found}) == (30, {100})
    starts = [int(one.id.split(":")[1].split("-")[0]) for one in found]
    assert max(starts) < 1_000_000
    sites = read_sites(tmp_path / "data" / "sites.bed")
    for one in found:
        minus_35, minus_10 = sorted(sites[one.id], key=lambda site: site.start)
        assert (minus_35.name, minus_10.name) == ("-35", "-10")
        assert 25 <= minus_35.start < minus_10.end <= 70
    # most -10 boxes end 6 to 8 letters before the start site
    ends = np.array([max(site.end for site in sites[one.id]) for one in found])
    assert np.median(ends) == pytest.approx(63, abs=2)


def test_sequences_of_both_classes_are_explained_of_a_grammar_with_logic(tmp_path: Path) -> None:
    write_task("and", tmp_path / "data", None, SequenceCounts(200, 12), 0)
    found = [
        one for one in read_fasta(tmp_path / "data" / "explained.fasta", DNA) if isinstance(one, Sequence)
    ]
    assert len(found) == 12
    assert len({one.id.split("_")[0] for one in found}) == 2
    assert "required_effect" in (tmp_path / "data" / "effects.tsv").read_text().splitlines()[0]


# Of every explanation its AUROC in each of four trainings, and that of a null, of every sequence.
SEQUENCES = tuple("abcdef")
MEANS = {"attnlrp": (0.8, 0.7, 0.82, 0.72), "saliency": (0.6, 0.75, 0.62, 0.74), "mutagenesis": (0.9,) * 4}
NULL = 0.65
SPREAD = np.array([-0.05, -0.03, -0.01, 0.01, 0.03, 0.05])


def written(folder: Path) -> list[ExplainedTraining]:
    """Evaluations of three explanations of four trainings, the last without one of its sequences."""
    runs = [ExplainedTraining("sites", "letters", n, name) for n in range(4) for name in MEANS]
    for run in runs:
        values = (MEANS[run.name][run.training] + SPREAD)[: 5 if run.training == 3 else 6]
        found = dict(zip(SEQUENCES, values.tolist(), strict=False))
        write_scores(folder, run, [made_scores("auroc", found, {"position": NULL, "other maps": 0.55})])
    return runs


def test_what_is_said_over_trainings(tmp_path: Path) -> None:
    said = conclude(tmp_path, written(tmp_path), timed=False)
    # by trainings 0 and 2 attnlrp is first, by 1 and 3 saliency; mutagenesis is what they are measured by
    assert said[0] == (
        "letters: over all tasks and questions attnlrp comes first by even trainings (mean place 1.00 of 2); "
        "by odd ones it is number 2 (mean place 2.00, the first is saliency with 1.00)"
    )
    assert said[1].startswith("sites, letters: the best auroc is that of mutagenesis, 0.890 [")
    assert "over its strongest null, position, 0.240 [" in said[1]
    assert "over other maps 0.340 [" in said[1]
    page = (tmp_path / "study.md").read_text(encoding="utf-8")
    assert "| attnlrp |" in page
    assert "better by auroc" not in page  # in no pair the same one in every training


def test_means_are_over_the_sequences_of_all_trainings_with_both_in_the_interval(tmp_path: Path) -> None:
    conclude(tmp_path, written(tmp_path), timed=False)
    with (tmp_path / "study.tsv").open(encoding="utf-8") as file:
        rows = {row["explanation"]: row for row in csv.DictReader(file, delimiter="\t")}
    values = np.array(MEANS["attnlrp"])[:, None] + SPREAD[:5]
    expected = crossed_interval(values)
    found = [float(rows["attnlrp"][name]) for name in ("mean", "low", "high")]
    assert found == pytest.approx(expected)
    over = crossed_interval(values - NULL)
    assert rows["attnlrp"]["null"] == "position"
    assert [float(rows["attnlrp"][f"over{end}"]) for end in ("", "_low", "_high")] == pytest.approx(over)
