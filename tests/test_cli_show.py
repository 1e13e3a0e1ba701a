"""`relevome show` and `relevome list ids` on the command line."""

from __future__ import annotations

import os
import sys

import pytest

from relevome.cli.shared.terminal import echo_rows
from tests.results.conftest import explain, letters_only, make_run

__all__ = ["explain", "letters_only", "make_run"]


@pytest.fixture
def run(make_run, explain):
    rows = [explain("=a b", "ACGTACGTAC", 1), explain("sp|P01308|INS", "ACGTA", 2, target="other")]
    return make_run(rows, alphabet="dna", method="m")


def test_ids_have_their_target_and_score_apart_by_tabs(run, relevome_cli):
    code, out, err = relevome_cli("list", "ids", run.path)
    assert (code, err) == (0, [])
    lines = [line.split("\t") for line in out.splitlines()]
    assert [(id, target) for id, target, _ in lines] == [("=a b", "promoter"), ("sp|P01308|INS", "other")]
    assert [float(score) for *_, score in lines] == pytest.approx([row.score for row in run], rel=1e-8)


@pytest.mark.parametrize("asked", [("ids",), ("methods", "{run}")])
def test_only_ids_are_those_of_a_run(run, relevome_cli, asked):
    code, _, err = relevome_cli("list", *(word.format(run=run.path) for word in asked))
    assert (code, len(err)) == (2, 1)
    assert "`relevome list ids RUN` takes a run, and other lists take none" in err[0]


def test_lines_end_where_nobody_reads_them(monkeypatch):
    """As behind ``| head -1``."""
    reader, writer = os.pipe()
    read = []

    def lines():
        yield ["first"]
        read.append(os.read(reader, 6))
        os.close(reader)
        yield from (["second"], ["third"])

    with os.fdopen(writer, "w", buffering=1) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        echo_rows(lines())
    assert read == [b"first\n"]


def test_a_picture_of_two_sequences_has_the_size_that_is_asked_for(run, relevome_cli, tmp_path):
    out = tmp_path / "two.svg"
    asked = ("show", run.path, "--id", "=a b", "--id", "P01308", "--region", "2-5", "--letter-scores")
    code, printed, err = relevome_cli(*asked, "--size", "6x5", "--title", "<two>", "--no-tokens", "-o", out)
    assert (code, err, printed) == (0, [], f"{out}\n")
    assert 'width="432pt" height="360pt"' in out.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--size", "6"), "--size 6: expected inches across and high, such as 7.2x3"),
        (("--size", "6x5", "--width", "6"), "without --width"),
        (("--size", "2x5"), "--width 2: expected inches from 3 to 40"),
        (("--axis", "site"), "--axis site: no such site on the sequence"),
        (("--list",), "--list prints what there is in one run"),
    ],
)
def test_what_cannot_be_is_one_line(run, relevome_cli, tmp_path, options, said):
    code, _, err = relevome_cli("show", run.path, "--id", "P01308", "-o", tmp_path / "x.png", *options)
    assert (code, len(err)) == (2, 1)
    assert said in err[0]
