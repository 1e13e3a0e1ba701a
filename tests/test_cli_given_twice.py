"""What is given again is refused or counts once: nothing that was typed is dropped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import relevome
from relevome.errors import InputError
from relevome.models.base import Model
from relevome.models.targets import resolve_target, resolve_targets
from relevome.results.run.reader import Run

Cli = Callable[..., tuple[int, str, list[str]]]


@pytest.mark.parametrize(
    ("command", "option", "values"),
    [
        (("explain",), "--method", ("saliency", "saliency")),
        (("evaluate", "run"), "--truth", ("a.bed", "b.bed")),
        (("train",), "--seed", ("1", "2")),
        (("study", "dnabert2"), "--size", ("small", "default")),
    ],
)
def test_an_option_that_is_given_twice_is_refused_by_name(
    relevome_cli: Cli, command: tuple[str, ...], option: str, values: tuple[str, ...]
) -> None:
    given = [part for value in values for part in (option, value)]
    code, _, err = relevome_cli(*command, *given, "-o", "out")
    assert (code, len(err)) == (2, 1)
    assert f"{option} is given 2 times: expected it once" in err[0]


def test_an_output_that_is_given_twice_is_one(
    relevome_cli: Cli, saved: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "s.fa").write_text(">a\nACGTACGTACGT\n>b\nTTGACAACGTAT\n")
    asked = ("explain", "--model", saved("roberta"), "--fasta", tmp_path / "s.fa", "--method", "saliency")
    twice = ("--target", "1", "--target", "LABEL_1")
    assert relevome_cli(*asked, *twice, "-o", tmp_path / "run")[0] == 0
    run = Run(tmp_path / "run")
    assert [(row.sequence_id, row.target_index) for row in run] == [("a", 1), ("b", 1)]
    assert len(run.manifest["targets"]) == 1


def test_outputs_that_share_a_label_are_refused_with_their_indices(toy_model: Callable[[str], Model]) -> None:
    model = toy_model("roberta")
    model.labels = ("promoter", "none", "promoter")
    for target in ("promoter", 0, "2"):
        with pytest.raises(
            InputError, match=r"outputs 0, 2 of the model are all called 'promoter'.*id2label"
        ):
            relevome.explain(model, ["ACGT"], "saliency", target)
    assert resolve_target(model, "none").index == 1
    with pytest.raises(InputError, match="outputs 0, 2"):
        resolve_target(model, 1, contrast=2)
    with pytest.raises(InputError, match="--contrast 1 is the target itself"):
        resolve_target(model, 1, contrast=1)


@pytest.mark.parametrize(("labels", "index"), [(("only",), 0), (("no", "yes"), 1)])
def test_without_a_target_it_is_the_only_output_or_the_second_of_two(
    toy_model: Callable[[str], Model], labels: tuple[str, ...], index: int
) -> None:
    model = toy_model("roberta")
    model.labels = labels
    assert [one.index for one in resolve_targets(model, None)] == [index]


def test_of_more_outputs_one_has_to_be_chosen(toy_model: Callable[[str], Model]) -> None:
    model = toy_model("roberta")
    model.labels = ("EC 1", "EC 2", "EC 3")
    with pytest.raises(
        InputError, match=r"has 3 outputs: say which is explained with --target, .* EC 1, EC 2"
    ):
        relevome.explain(model, ["ACGT"], "saliency")
    with pytest.raises(InputError, match="there is no target"):
        relevome.explain(model, ["ACGT"], "saliency", target=[])


def test_scores_of_every_letter_are_there_or_refused_and_the_record_says_so(
    toy_model: Callable[[str], Model], tmp_path: Path
) -> None:
    words, single = toy_model("bpe"), toy_model("esm")
    with pytest.raises(InputError, match=r"tokens of .* have several letters, whose scores only mutagenesis"):
        relevome.explain(words, ["ACGTACGT"], "saliency", letter_scores=True)
    with pytest.raises(InputError, match="--letter-scores: rollout has no score for every letter here"):
        relevome.explain(single, ["MKTAYIAK"], "rollout", 1, letter_scores=True)
    for name, model, method, asked in (
        ("a", words, "mutagenesis", False), ("b", single, "gradient-x-input", True),
        ("c", single, "gradient-x-input", False),
    ):  # fmt: skip
        run = relevome.explain(model, ["ACGTACGT"], method, 0, out=tmp_path / name, letter_scores=asked)
        said = json.loads((run.path / "run.json").read_text())["letter_scores"]
        assert said == (run[0].letter_scores is not None) == (name != "c")
