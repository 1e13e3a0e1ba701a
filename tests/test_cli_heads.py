"""`relevome heads`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from relevome.cli.heads import heads
from relevome.data.formats.meme import meme_text
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.models.hugging_face import load_model
from relevome.models.own_tokenizers import letter_tokenizer
from tests.discovery.planted import made_up_motif
from tests.models.annotator.tiny import tiny
from tests.toys import TOYS

RNG = np.random.default_rng(0)
DATABASE = [made_up_motif(f"m{i}", RNG, 9) for i in range(30)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return TOYS["bpe"].save(tmp_path_factory.mktemp("toy") / "model")


@pytest.fixture
def run() -> Callable[..., str]:
    app = typer.Typer()
    app.command()(heads)

    def run_command(*arguments: object) -> str:
        result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run_command


@pytest.fixture
def files(write: Callable[..., Path]) -> dict[str, Path]:
    genome = "".join(RNG.choice(list("ACGT"), 3000))
    windows = "".join(f"chr\t{60 * i}\t{60 * i + 31}\tw{i}\t0\t{'+-'[i % 2]}\n" for i in range(40))
    known = "".join(f"chr\t{60 * i + 4}\t{60 * i + 12}\tX\n" for i in range(0, 40, 3))
    return {
        "genome": write("genome.fa", f">chr\n{genome}\n"),
        "bed": write("windows.bed", windows),
        "known": write("known.bed", known),
        "motifs": write("known.meme", meme_text(DATABASE)),
    }


def test_it_characterises_a_model_of_tokens(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    given = [part for name, path in files.items() for part in (f"--{name}", path)]
    said = run("--model", model, *given, "--target", 0, "--ablate", 5, "-o", tmp_path / "out")
    assert "6 heads in 40 windows" in said
    with (tmp_path / "out" / "heads.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [(row["layer"], row["head"]) for row in rows] == [
        (f"{i}", f"{j}") for i in range(2) for j in range(3)
    ]
    assert all(row["logit_fall"] for row in rows)


def test_what_heads_bring_is_said_and_drawn_as_such(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    given = ["--bed", files["bed"], "--genome", files["genome"], "--target", 0, "--ablate", 0]
    run("--model", model, *given, "--weigh", "contribution", "-o", tmp_path / "out")
    assert ": contribution in 40 windows." in (tmp_path / "out" / "heads.md").read_text()
    assert (
        json.loads((tmp_path / "out" / "attention_heads.json").read_text())["settings"]["weigh"]
        == "contribution"
    )
    with (tmp_path / "out" / "profiles.tsv").open() as file:
        values = [float(row["sites"]) for row in csv.DictReader(file, delimiter="\t")]
    assert min(values) < 0 < max(values)


def test_a_query_means_nothing_for_what_heads_bring(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="--query first with --weigh contribution: leave --query out"):
        run("--model", model, "--weigh", "contribution", "--query", "first", "-o", tmp_path / "out")


def test_windows_come_from_one_place(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="expected windows from one of --fasta F, or BED"):
        run("--model", model, "--bed", files["bed"], "--target", 0, "-o", tmp_path / "out")


def test_a_motif_in_two_files_is_refused(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    twice = ["--motifs", files["motifs"], "--motifs", files["motifs"]]
    with pytest.raises(InputError, match="'m0' is in two files of motifs"):
        run("--model", model, "--bed", files["bed"], *twice, "-o", tmp_path / "out")


def test_random_weights_are_those_of_the_seed_and_said(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    given = ["--bed", files["bed"], "--genome", files["genome"], "--target", 0, "--ablate", 0]
    found = []
    for name, more in {"own": (), "one": (3,), "same": (3,), "other": (4,)}.items():
        asked = [part for seed in more for part in ("--random-weights", "--seed", seed)]
        run("--model", model, *given, *asked, "-o", tmp_path / name)
        found.append([row["sites"] for row in rows(tmp_path / name / "profiles.tsv")])
    own, one, same, other = found
    assert one == same
    assert own != one != other
    said = json.loads((tmp_path / "one" / "attention_heads.json").read_text())
    assert said["random_weights"]
    drawn = said["sha256"]
    assert f"{model} with random weights: attention" in (tmp_path / "one" / "heads.md").read_text()
    said = json.loads((tmp_path / "own" / "attention_heads.json").read_text())
    assert not said["random_weights"]
    assert said["sha256"] == load_model(model).sha256 != drawn


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--run", "R", "--map", "pca"], "--run, --map with --by attention: leave out what only the other"),
        (["--by", "relevance", "--bed", "B"], "--bed with --by relevance: leave out what only the other"),
        (["--share", 0, "--model", "M"], "--share 0: expected a share of windows, above 0"),
    ],
)
def test_what_is_not_read_is_refused(
    run: Callable[..., str], tmp_path: Path, arguments: list[object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        run(*arguments, "-o", tmp_path / "out")


def test_windows_that_were_drawn_or_left_out_are_on_record(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    with files["bed"].open("a") as bed:
        bed.write("chr\t2990\t3021\tbeyond\t0\t+\n")
    given = ["--bed", files["bed"], "--genome", files["genome"], "--target", 0, "--ablate", 0]
    said = run("--model", model, *given, "--most", 10, "--on-bad", "skip", "-o", tmp_path / "out")
    assert "left out beyond: " in said
    assert "10 of 40 windows, drawn at random (--most)" in said
    record = json.loads((tmp_path / "out" / "attention_heads.json").read_text())
    assert record["windows"] == 10
    read = record["sites_read"]
    assert (read["read"], read["asked"], [one["id"] for one in read["left_out"]]) == (40, 10, ["beyond"])


def test_controls_of_another_length_are_refused_at_once(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    other = tmp_path / "controls.bed"
    other.write_text("chr\t0\t41\tc\t0\t+\n")
    given = ["--bed", files["bed"], "--genome", files["genome"], "--target", 0, "--controls", other]
    with pytest.raises(InputError, match="controls have 41 letters, and windows around sites 31"):
        run("--model", model, *given, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_of_windows_of_several_lengths_is_named(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    other = tmp_path / "controls.bed"
    other.write_text("chr\t0\t31\ta\t0\t+\nchr\t0\t41\tb\t0\t+\n")
    given = ["--bed", files["bed"], "--genome", files["genome"], "--target", 0, "--controls", other]
    with pytest.raises(InputError, match=r"controls.bed: window 'b' has 41 letters and 'a' has 31"):
        run("--model", model, *given, "-o", tmp_path / "out")


def test_known_sites_of_other_chromosomes_are_refused(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    files["known"].write_text(files["known"].read_text().replace("chr", "1"))
    given = [part for name in ("bed", "genome", "known") for part in (f"--{name}", files[name])]
    with pytest.raises(InputError, match=r"no chromosome of .*known.bed \(1\) is one of the windows \(chr"):
        run("--model", model, *given, "--target", 0, "-o", tmp_path / "out")


def test_known_sites_that_are_too_few_are_said(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    files["known"].write_text("chr\t64\t72\tX\n")
    given = [part for name in ("bed", "genome", "known") for part in (f"--{name}", files[name])]
    said = run("--model", model, *given, "--target", 0, "--ablate", 0, "-o", tmp_path / "out")
    asked = "the 0 with at least 5 sites on 40 windows that share no letter (1 have fewer)"
    assert f"factors on whose sites heads sit: none; asked were {asked}" in said


def test_an_annotator_needs_the_letters_that_it_looks_ahead(
    run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    network = tiny(num_labels=2, downstream=6)
    network.save_pretrained(tmp_path / "model")
    letter_tokenizer(DNA).save_pretrained(tmp_path / "model")
    given = ["--bed", files["bed"], "--genome", files["genome"], "--ablate", 0, "--weigh", "contribution"]
    with pytest.raises(InputError, match=r"site at letter 25 .*expected 6 letters behind it"):
        run("--model", tmp_path / "model", *given, "--position", 25, "-o", tmp_path / "out")
    run("--model", tmp_path / "model", *given, "--position", 24, "-o", tmp_path / "out")


def test_a_folder_that_was_left_unfinished_is_written_again(
    model: Path, run: Callable[..., str], files: dict[str, Path], tmp_path: Path
) -> None:
    given = ["--bed", files["bed"], "--genome", files["genome"], "--target", 0, "--ablate", 0]
    out = tmp_path / "out"
    run("--model", model, *given, "-o", out)
    with pytest.raises(InputError, match="or replace it with --overwrite"):
        run("--model", model, *given, "-o", out)
    (out / "attention_heads.json").unlink()
    (out / ".heads.tsv.tmp").write_text("half")
    run("--model", model, *given, "-o", out)
    assert not (out / ".heads.tsv.tmp").exists()
    (out / "mine.txt").touch()
    with pytest.raises(InputError, match=r"not empty: choose another -o$"):
        run("--model", model, *given, "--overwrite", "-o", out)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file, delimiter="\t"))
