"""relevome simulate --grammar genome, as a user runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relevome.data.simulation import genome_files, sequence_files
from relevome.results.folder import LOCK

Cli = Callable[..., tuple[int, str, list[str]]]


def test_a_genome_is_made(relevome_cli, tmp_path):
    options = ("--length", "9000", "--starts", "30", "--distances", "-34:-27,-14:-7", "--others", "30")
    code, out, _ = relevome_cli("simulate", "--grammar", "genome", *options, "-o", tmp_path / "made")
    assert code == 0
    assert "9,000 letters with 30 start sites and 2 motifs" in " ".join(out.split())
    names = {path.name for path in (tmp_path / "made").iterdir()}
    assert names - {LOCK} == {
        "genome.fa", "starts.bed", "truth.bed", "planted.meme", "held_out.bed", "windows.bed",
        "database.meme", "known.bed", "genome.json",
    }  # fmt: skip


def test_options_of_the_other_kind_are_refused(relevome_cli, tmp_path):
    for options, said in (
        (("--grammar", "genome", "--positives", "5"), "--positives belongs to sequences"),
        (("--grammar", "sites", "--starts", "5"), "--starts belongs to --grammar genome, not to sites"),
    ):
        code, _, err = relevome_cli("simulate", *options, "-o", tmp_path / "made")
        assert (code, len(err)) == (2, 1)
        assert said in err[0]


@pytest.mark.parametrize("grammar", ["promoter", "genome"])
def test_one_that_was_killed_is_made_by_the_same_command(
    relevome_cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grammar: str
) -> None:
    size = (
        ("--positives", 20, "--negatives", 20)
        if grammar == "promoter"
        else ("--length", 9000, "--starts", 20)
    )
    asked = ("simulate", "--grammar", grammar, *size, "--seed", 3)
    assert relevome_cli(*asked, "-o", tmp_path / "whole")[0] == 0

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        for module in (sequence_files, genome_files):
            patch.setattr(module, "write_last", killed)
        code, _, err = relevome_cli(*asked, "-o", tmp_path / "killed")
    assert (code, err) == (130, ["relevome: stopped; nothing of it is kept: run the same command again"])
    assert relevome_cli(*asked, "-o", tmp_path / "killed")[0] == 0
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("whole", "killed")
    )
    assert one == other
    code, _, err = relevome_cli(*asked, "-o", tmp_path / "killed")
    assert (code, len(err)) == (2, 1)
    assert "is there and not empty: give a new folder, or remove it first" in err[0]
