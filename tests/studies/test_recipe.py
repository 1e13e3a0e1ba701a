"""Commands as a recipe writes them, and as people type them."""

from __future__ import annotations

from relevome.studies.recipe import command


def test_options_become_what_is_typed():
    one = command("b", "train", "x y", bpe_dropout=0.1, resume=True, fast=False, steps=None, output="out")
    assert one.line == "relevome train 'x y' --bpe-dropout 0.1 --resume -o out"
    assert (one.output, one.resumes, one.after) == ("out", True, ())


def test_an_option_of_many_values_is_typed_with_each():
    one = command("b", "heads", type=("active site", "motif"), random=(), output="out")
    assert one.line == "relevome heads --type 'active site' --type motif -o out"


def test_a_command_that_is_not_told_to_does_not_resume():
    assert not command("b", "heads", output="out", after=["a"]).resumes


def test_commands_that_keep_what_they_finished_go_on_untold():
    assert command("b", "explain", output="out").resumes
    assert command("b", "annotate", output="out").resumes
