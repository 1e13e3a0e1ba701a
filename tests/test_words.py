"""Numbers of things in words, and that the program says them so."""

from __future__ import annotations

import pytest

from relevome.words import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1_001, "1,001 runs"), (-1, "-1 runs")]
)
def test_one_is_no_plural(number, said):
    assert counted(number, "run") == said


def test_plurals_that_have_no_s():
    assert [counted(number, "class", "classes") for number in (1, 2)] == ["1 class", "2 classes"]


def test_commands_and_results_say_so(toy_model, relevome_cli, saved, write, tmp_path):
    fasta = write("one.fa", ">s\nACGTACGTAC\n")
    shown = relevome_cli(
        "explain", "--model", saved("cnn"), "--device", "cpu", "--fasta", fasta, "-o", tmp_path / "run"
    )
    assert "1 of 1 sequence explained by" in shown.stdout
    found = relevome_cli("check", tmp_path / "run").stdout
    assert "1 of 1 sequence with a result" in found
    assert "in 1 part" in found
    assert "in 1 parts" not in found
