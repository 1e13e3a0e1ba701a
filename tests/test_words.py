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


def test_commands_and_results_say_so(relevome_cli, saved, write, tmp_path):
    fasta = write("one.fa", ">s\nACGTACGTAC\n")
    model = saved("cnn")
    code, said, _ = relevome_cli(
        "explain", "--model", model, "--device", "cpu", "--fasta", fasta, "-o", tmp_path / "run"
    )
    assert (code, "1 of 1 sequence explained by" in said) == (0, True)
    code, said, _ = relevome_cli("check", tmp_path / "run")
    assert (code, "1 of 1 sequence with a result" in said) == (0, True)
    assert "in 1 part" in said.replace("\n", " ")
    assert "in 1 parts" not in said
