"""`relevome study` as people type it, and the recipe that it leaves."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from relevome.cli.app import run_command
from relevome.studies import studies
from relevome.studies.recipe import study_options


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


# Folders of the CNN of the first training, and of one of its explanations.
CNN, LRP = "cnn/0/model", "cnn/0/runs/lrp"


def weights(folder: Path) -> str:
    return json.loads((folder / "simulated" / LRP / "run.json").read_text())["model"]["sha256"]


def retyped(study: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Some lines of a study's script by bash, in a folder with nothing but what the study prepared."""
    for name in ("cnn.json", "transformer.json", "simulated/data"):
        (shutil.copytree if (study / name).is_dir() else shutil.copy)(study / name, made(folder / name))
    lines = (study / "commands.sh").read_text().splitlines()
    chosen = [line for line in lines if line.startswith("set") or shlex.split(line)[-1] in names]
    (folder / "some.sh").write_text("\n".join(chosen) + "\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(["bash", "some.sh"], cwd=folder, env=os.environ | {"PATH": path}, check=True)


def made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_study_a_from_end_to_end(relevome_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = (
        "study",
        "dnabert2",
        "--size",
        "small",
        "--task",
        "simulated",
        "--trainings",
        "1",
        "-o",
        "a study",
    )
    code, out, err = relevome_cli(*asked)
    study = tmp_path / "a study"
    assert (code, err) == (0, [])
    assert sum(line.startswith("[") for line in out.splitlines()) == 25
    assert len(list((study / "done").iterdir())) == 25
    said = [line for line in out.splitlines() if line.startswith("simulated: ")]
    assert [line.split(": ")[1] for line in said[:2]] == ["model of cnn", "model of transformer"]
    assert said[-1] == "simulated: one training of each model: nothing is claimed over trainings"

    page = (study / "study.md").read_text(encoding="utf-8")
    assert "| simulated | transformer |" in page
    assert all(line.removeprefix("simulated: ") in page for line in said)
    scores = rows(study / "study.tsv")
    assert {row["metric"] for row in scores} >= {"auroc", "normalised-area-between-curves", "entropy"}
    assert len({(row["kind"], row["explanation"]) for row in scores}) == 11
    assert all(row["null"] for row in scores if row["metric"] == "auroc")

    code, out, err = relevome_cli(*asked)
    assert (code, err) == (0, [])
    assert "25 of 25 commands were done before" in out
    assert [line for line in out.splitlines() if line.startswith("simulated: ")] == said
    assert not any(line.startswith("[") for line in out.splitlines())

    retyped(study, tmp_path / "copy", (f"simulated/{CNN}", f"simulated/{LRP}"))
    assert weights(tmp_path / "copy") == weights(study)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (("--size", "big"), "relevome: --size big: expected one of small, default"),
        (
            ("--task", "tf_9"),
            "relevome: --task tf_9: expected one of simulated, ecoli, ecoli-matched, tf_2, tf_4",
        ),
        (("--start", "nothing"), "relevome: --start nothing: expected random, mlm, or the folder"),
        (("--jobs", "0"), "relevome: --jobs 0: expected a number of commands at once, from 1 on"),
        (
            ("--task", "tf_2"),
            "relevome: the task tf_2 needs the file gue/GUE_tf_2_train.csv.gz in the folder",
        ),
        (("--data", "nowhere"), "relevome: the task ecoli needs the file ecoli/"),
        (("--start", "mlm", "--data", "nowhere"), "relevome: --start mlm learns from the file ecoli/NC_000"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_made(relevome_cli, tmp_path, told, message):
    code, out, err = relevome_cli("study", "dnabert2", *told, "-o", tmp_path / "study")
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith(message)
    assert not (tmp_path / "study").exists()


def test_the_help_of_every_study_has_an_example_and_what_is_said_beside_its_fields(relevome_cli):
    for name, kind in studies.items():
        code, out, _ = relevome_cli("study", name, "--help")
        shown = " ".join(out.replace("│", " ").split())
        assert code == 0
        assert f"Example: relevome study {name} " in shown
        assert [
            option.help for _, option in study_options(kind).values() if (option.help or "") not in shown
        ] == []


def test_whoever_runs_another_command_waits_for_no_study():
    script = (
        "import sys; from relevome.cli.app import app; app(['--help'], standalone_mode=False); "
        "sys.exit('torch' in sys.modules or 'relevome.studies.dnabert2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL).returncode == 0


def test_an_unknown_study_is_one_line(relevome_cli):
    code, _, err = relevome_cli("study", "nothing", "-o", "x")
    assert (code, len(err)) == (2, 1)
    assert "nothing" in err[0]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("list", "nothing"), "cannot list 'nothing'"),
        (("list", "--nothing"), "nothing"),
        (("evaluate", "nowhere", "-o", "x"), "nowhere"),
        (("nothing",), "nothing"),
    ],
)
def test_a_command_that_fails_says_why_on_one_line(tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    found = run_command(arguments, tmp_path, tmp_path / "log")
    assert found is not None
    assert problem in found
    assert "\n" not in found


def test_what_a_command_prints_is_in_its_log(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(("list", "methods"), tmp_path, tmp_path / "log") is None
    assert "attnlrp" in (tmp_path / "log").read_text()
    assert capsys.readouterr() == ("", "")


def test_a_log_that_cannot_be_written_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run_command(("list", "methods"), tmp_path, tmp_path / "gone" / "log")
    assert found is not None
    assert "No such file or directory" in found


def test_a_fault_of_ours_is_named_and_its_trace_logged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("relevome.jobs.catalogue.catalogue", None)
    found = run_command(("list", "methods"), tmp_path, tmp_path / "log")
    assert found is not None
    assert found.startswith("TypeError: ")
    assert "Traceback" in (tmp_path / "log").read_text()
