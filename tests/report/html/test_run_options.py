"""Options of runs as they are given, and in words; targets with their letters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relevome
from relevome.attribution import methods
from relevome.models.base import Model
from relevome.options import option_defaults
from relevome.report.html.methods_text import methods_content
from relevome.report.html.run_options import options_as_given, options_in_words
from relevome.report.html.targets import target_said, targets_said
from tests.report.html.unpacked import unpacked

# What is asked of explain, what the table of runs has of it beside the method's own, and what a paper says.
ASKED = [
    ("bpe", {}, [], ""),
    ("bpe", {"tokenisations": 3, "tokenisation_dropout": 0.3},
     ["tokenisations 3", "tokenisation-dropout 0.3"],
     "averaged over 3 tokenisations, all but one of them drawn without 30% of the merges"),
    ("bpe", {"lift": "copy"}, ["lift copy"], "each letter with the value of its token"),
    ("bpe", {"average_strands": True}, ["average-strands"], "averaged over both strands"),
    ("bpe", {"offsets": 2}, ["offsets 2"], "averaged over 2 windows that begin a letter later each"),
    ("cnn", {"shifts": 1}, ["shifts 1"], "averaged over shifts by up to 1 letter either way"),
    ("roberta", {"long": "window"}, ["long window", "max-tokens 40"],
     "long sequences in overlapping windows of up to 40 tokens"),
]  # fmt: skip


@pytest.mark.parametrize(("toy", "asked", "given", "words"), ASKED, ids=[str(one[1]) for one in ASKED])
def test_a_page_says_every_average_that_was_asked_for(
    load: Callable[[str], Model],
    tmp_path: Path,
    toy: str,
    asked: dict[str, Any],
    given: list[str],
    words: str,
) -> None:
    sequences = {"a": "ACGTTGCATTGACA", "b": "CCGATTGAC"}
    run = relevome.explain(load(toy), sequences, "gradient-x-input", 0, out=tmp_path / "run", seed=5, **asked)
    relevome.report(run, tmp_path / "page.html")
    (said,) = unpacked(tmp_path / "page.html").content["runs"]
    own = ["site word", "reference zero", "seed 5"]
    assert said["options"] == [*own, *given, "dtype float64"]
    (text,) = methods_content([run], [])["text"]
    rest = text.partition("at the word embedding, with zero as the reference")[2]
    assert rest.startswith(f"{words and f', {words}'}, in float64. It was computed")


@pytest.mark.parametrize("name", list(methods))
def test_every_option_of_every_method_has_words_of_its_own(name):
    for option, default in option_defaults(methods[name]).items():
        value = default if default not in (None, False) else True
        if option not in ("seed", "tolerance"):
            (words,) = options_in_words({"parameters": {option: value}})
            assert words not in (f"with {option}", f"with {option} {value}")


def test_options_read_as_a_paper_has_them():
    said = {
        "rules": "linear=epsilon:1e-6,convolution=gamma:0.25", "reference": "shuffle:20", "site": "block",
        "baseline": "pad", "steps": None, "tolerance": 0.01, "heads": True, "audit": False, "query": "read",
        "layers": "last", "of_mine": 3, "seed": 1,
    }  # fmt: skip
    assert options_in_words({"parameters": said}) == [
        "with the rules epsilon:1e-6 for linear, gamma:0.25 for convolution",
        "with 20 shuffles as the reference", "at the output of the embedding block",
        "from a baseline of padding", "with the relevance of every head", "from where the prediction is read",
        "of the last layer", "with of mine 3",
        "in as many steps as leave an error under 0.01 of the difference in score",
    ]  # fmt: skip
    assert options_in_words({"parameters": {"steps": 16, "tolerance": 0.01}}) == ["in 16 steps"]
    model = {"dtype": "torch.bfloat16", "prefix": "<s>", "rare_as_x": True}
    assert options_as_given({"model": model}) == ["dtype bfloat16", "prefix <s>", "rare-as-x"]


def a_target(label, position=None, mask=False, index=1):
    return {"index": index, "label": label, "position": position, "contrast": None, "mask": mask}


@pytest.mark.parametrize(
    ("targets", "positions", "labels", "said"),
    [
        ([a_target("C")], None, ["C"], "C"),
        ([a_target("C", 21)], None, ["C"], "C at letter 22"),
        ([a_target("C", 1233, mask=True)], None, ["C"], "C at letter 1,234, which the model does not see"),
        ([a_target("don@r@3", 3), a_target("don@r@7", 7)], None, ["don@r@3", "don@r@7"],
         "don@r at letter 4, don@r at letter 8"),
        ([a_target("donor@all")], {"said": "all"}, ["donor@all"], "donor, summed over all letters"),
        ([a_target("donor@10-40")], {"said": "10-40"}, ["donor@10-40"],
         "donor, summed over letters 11 to 40"),
        ([a_target("donor@12")], {"said": "12"}, ["donor@12"], "donor at letter 13"),
        ([a_target("donor@sites")], {"said": "x.bed"}, ["donor@sites"],
         "donor, summed over letters on known sites"),
        ([a_target("a@b")], None, ["a@b"], "a@b"),
        ([a_target("predicted", 4, index=-1)], None, ["A", "C"],
         "each sequence's own prediction at letter 5"),
        ([a_target("log-likelihood", index=-2)], None, ["log-likelihood"], "log-likelihood"),
    ],
)  # fmt: skip
def test_a_target_is_said_with_its_letter_counted_from_one(
    make_run, letters_only, targets, positions, labels, said
):
    rows = [letters_only(f"s{i}", "ACG", np.ones(3), target=label) for i, label in enumerate(labels)]
    known = {} if positions is None else {"positions": positions}
    run = make_run(rows, targets=targets, **known)
    assert targets_said(run, 5) == said
    if targets[0]["index"] == -1:
        assert target_said(run, "C", quoted=True) == "'C' at letter 5"


def test_everything_on_a_page_that_names_a_target_has_its_letter(make_run, letters_only, tmp_path):
    manifest = {"alphabet": "protein", "method": "m", "model": {"path": "a/b", "class": "Some"}}
    run = make_run([letters_only("a", "ACD", np.ones(3), target="C")], targets=[a_target("C", 1)], **manifest)
    relevome.report(run, tmp_path / "page.html")
    found = unpacked(tmp_path / "page.html").content
    assert found["runs"][0]["target"] == "C at letter 2"
    assert found["sequences"]["series"][0]["targets"]["names"] == ["C at letter 2"]
    assert "1 of 1 sequence, target C at letter 2" in found["verdict"]["topics"][0]["remarks"][0]["text"]
    assert "explained for the target 'C' at letter 2 of Some" in found["methods"]["text"][0]
