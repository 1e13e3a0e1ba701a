"""Ids and names of files on the way through the commands: nothing of them steers a terminal or a program."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import relevome
from relevome.cli.shared.terminal import echo
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.targets import resolve_target
from relevome.results.evaluation.folder import read_evaluation

Cli = Callable[..., tuple[int, str, list[str]]]
Write = Callable[[str, str | bytes], Path]

ESCAPE = "\x1b]0;owned\x07\x1b[31m"
STEERING = {"\x1b", "\x07", "\u202e"}


@pytest.fixture
def asked(saved: Callable[[str], Path], tmp_path: Path) -> tuple[object, ...]:
    return ("explain", "--model", saved("esm"), "--method", "saliency", "--target", 1, "-o", tmp_path / "run")


def test_an_id_that_steers_is_refused_in_one_line(
    relevome_cli: Cli, write: Write, asked: tuple[object, ...]
) -> None:
    fasta = write(f"odd{ESCAPE}.fa", f">ok\nMKTAY\n>a{ESCAPE} more\nMKTAY\n")
    code, out, err = relevome_cli(*asked, "--fasta", fasta)
    assert (code, len(err)) == (2, 1)
    assert not STEERING & set(out + err[0])
    assert r"odd\x1b]0;owned\x07\x1b[31m.fa, line 3: sequence 'a\x1b]0;owned" in err[0]
    assert err[0].endswith("leave such sequences out with --on-bad skip")


def test_such_sequences_can_be_left_out_and_are_counted(
    relevome_cli: Cli, write: Write, asked: tuple[object, ...], tmp_path: Path
) -> None:
    table = write("t.csv", f'id,sequence\n"a\tb",MKTAY\nok,MKTAY\n"c\nd",MKTAY\ne{ESCAPE},MK\nf\u202eg,MK\n')
    code, out, err = relevome_cli(*asked, "--table", table, "--on-bad", "skip")
    assert (code, err) == (0, [])
    assert "1 of 5 sequences explained" in out
    assert not STEERING & set(out)
    said = json.loads((tmp_path / "run" / "run.json").read_text())
    assert said["counts"]["refused"] == 4
    assert [one["sequence_id"] for one in said["refused"]] == [
        r"a\tb", r"c\nd", r"e\x1b]0;owned\x07\x1b[31m", r"f\u202eg",
    ]  # fmt: skip


def test_odd_ids_go_all_the_way_and_come_back(
    relevome_cli: Cli, write: Write, asked: tuple[object, ...], tmp_path: Path
) -> None:
    ids = ["=1+1", "track x", "#x", '</text><script>alert("x")</script>', "sp|P01308|INS_HUMAN", "'=1+1"]
    content = io.StringIO()
    csv.writer(content).writerows([("id", "sequence"), *((id.replace("'=", "''="), "MKTAYIA") for id in ids)])
    assert relevome_cli(*asked, "--table", write("t.csv", content.getvalue()))[0] == 0
    assert [row.sequence_id for row in relevome.Run(tmp_path / "run")] == ids
    sites = tmp_path / "sites.bed"
    exported = ("export", tmp_path / "run", "--to", "bed", "--option", "coordinates=sequence", "-o", sites)
    assert relevome_cli(*exported, "--option", "quantile=0.5")[0] == 0
    scores = tmp_path / "scores"
    evaluated = ("evaluate", tmp_path / "run", "--truth", sites, "--metrics", "localisation", "--no-model")
    code, _, err = relevome_cli(*evaluated, "-o", scores)
    assert (code, err) == (0, [])
    found = read_evaluation(scores)
    assert list(found.sequences) == ids
    assert all(set(one.sequence_ids) == set(ids) for one in found.scores), "sites are found under every id"
    for number, id in enumerate([*ids[:4], "P01308"]):
        picture = tmp_path / f"{number}.svg"
        code, _, err = relevome_cli("show", tmp_path / "run", "--id", id, "--sites", sites, "-o", picture)
        assert (code, err) == (0, [])
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(picture).iter()}
        assert "script" not in tags


def test_an_accession_of_several_sequences_is_refused_with_their_ids(
    relevome_cli: Cli, write: Write, asked: tuple[object, ...], tmp_path: Path
) -> None:
    fasta = write("p.fa", ">sp|P01308|INS_HUMAN\nMKTAY\n>my|P01308|copy\nMKTAY\n>Q8WZ42\nMKT\n")
    assert relevome_cli(*asked, "--fasta", fasta)[0] == 0
    shown = ("show", tmp_path / "run", "-o", tmp_path / "a.png", "--id")
    code, _, err = relevome_cli(*shown, "P01308")
    assert code == 2
    assert "'P01308' could be 'sp|P01308|INS_HUMAN', 'my|P01308|copy' of" in err[0]
    assert relevome_cli(*shown, "sp|Q8WZ42|TITIN_HUMAN")[0] == 0
    code, _, err = relevome_cli(*shown, "P99999")
    assert code == 2
    assert "has no sequence 'P99999'" in err[0]
    run = relevome.Run(tmp_path / "run")
    assert run["my|P01308|copy"].sequence_id == "my|P01308|copy"
    with pytest.raises(InputError, match="give the whole id"):
        run["P01308"]


def test_a_missing_file_with_an_odd_name_steers_nothing(relevome_cli: Cli, asked: tuple[object, ...]) -> None:
    for name in (f"no{ESCAPE}.fa", os.fsdecode(b"no\xff.fa"), "no\u202e.fa"):
        code, out, err = relevome_cli(*asked, "--fasta", name)
        assert (code, len(err)) == (2, 1)
        assert not STEERING & set(out + err[0])


def test_what_a_terminal_cannot_show_is_shown_as_escapes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(plain, encoding="ascii", write_through=True))
    echo("é \x1b[2J\nnext")
    assert plain.getvalue() == b"\\xe9 \\x1b[2J\nnext\n"


def test_commands_print_through_one_place() -> None:
    folder = Path(relevome.__file__).parent / "cli"
    printing = [path.name for path in folder.rglob("*.py") if "typer.echo" in path.read_text()]
    assert printing == ["terminal.py"]


def test_an_output_with_a_label_that_steers_is_not_explained(load: Callable[[str], Model]) -> None:
    model = load("esm")
    model.labels = ("no", f"y{ESCAPE}")
    assert not STEERING & set(repr(model))
    with pytest.raises(InputError, match=r"output 1 of the model \(id2label in its config.json\), 'y.x1b"):
        resolve_target(model, 1)


def test_a_picture_shows_signs_that_fonts_lack(tmp_path: Path) -> None:
    from relevome.data.sequences import DNA
    from relevome.report.logo import draw_logo, save_logo

    figure = draw_logo("ACGT", np.ones(4, dtype=np.float32), DNA, title=f"<b>&{ESCAPE}")
    save_logo(figure, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    ElementTree.fromstring(text)
    assert not STEERING & set(text)
