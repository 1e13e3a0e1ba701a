"""Every method can be cited, and every command can be typed again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from relevome.attribution import methods
from relevome.report.html import references
from relevome.report.html.methods_text import as_typed, methods_content
from relevome.report.html.parts import ShownResult, page_parts
from relevome.report.html.references import LICENCES, METHODS

PACKAGE = Path(references.__file__).parents[1] / "page" / "package.json"
MANIFEST = {
    "alphabet": "dna", "model": {"path": "m", "class": "Some"}, "parameters": {"steps": 0, "site": None},
    "seed": 7, "library_versions": {"relevome": "1", "torch": "2"},
}  # fmt: skip


@pytest.mark.parametrize("name", list(methods))
def test_every_method_has_its_paper(name: str) -> None:
    assert METHODS[name].does
    assert any(year in METHODS[name].reference for year in map(str, range(2010, 2030)))


def test_licences_name_the_versions_that_built_the_page() -> None:
    needed = json.loads(PACKAGE.read_text())["devDependencies"]
    for title, name in (("esbuild", "esbuild"), ("TypeScript", "typescript")):
        assert f"{title} {needed[name]} " in " ".join(LICENCES)
    assert "dependencies" not in json.loads(PACKAGE.read_text())


def test_a_command_is_typed_as_it_was() -> None:
    arguments = ["explain", "--fasta", "my file's.fa", "--option", "a=$b"]
    assert shlex.split(as_typed(arguments)) == ["relevome", *arguments]


def test_runs_that_differ_in_their_method_alone_share_a_paragraph(make_run, explain) -> None:
    runs = [make_run([explain()], name=name, method=name, command=["explain", name], **MANIFEST)
            for name in ("attnlrp", "mine")]  # fmt: skip
    results = [
        ShownResult(Path("x"), kind, page_parts[kind], None, {"command": command})
        for kind, command in (("evaluation", ["evaluate", "x"]), ("profile", None), ("variants", None))
    ]
    found = methods_content(runs, results, trainings=[["train", "--seed", "1"], ["train", "--seed", "1"]])
    assert found["text"][0] == (
        "1 of 1 DNA sequences were explained for the target 'promoter' of Some by attnlrp, attention-aware "
        "layer-wise relevance propagation (Achtibat et al. 2024), in 0 steps; by mine, in 0 steps. It was "
        "computed with relevome 1 (PyTorch 2), seed 7."
    )
    assert found["text"][1] == (
        "Of 'Whether to trust it' intervals are 95% bootstrap intervals over sequences (Efron et al. 1993); "
        "of 'Whether to trust it' p-values of several comparisons are adjusted for a false discovery rate "
        "(Benjamini et al. 1995); of 'Relevance by position' intervals of means are of 95%, by Student's t "
        "(Student 1908)."
    )
    trained = "relevome train --seed 1"
    assert found["commands"] == [
        trained,
        "relevome explain attnlrp",
        "relevome explain mine",
        "relevome evaluate x",
    ]
    assert METHODS["attnlrp"].reference in found["references"]


def test_a_method_is_described_once_and_each_way_in_which_it_was_asked(make_run, explain) -> None:
    options = {"a": {"heads": True}, "b": {"heads": False}, "c": {"heads": True}}
    runs = [make_run([explain()], name=name, **MANIFEST | {"method": "attnlrp", "parameters": asked})
            for name, asked in options.items()]  # fmt: skip
    (text,) = methods_content(runs, [])["text"]
    assert text.count("(Achtibat et al. 2024)") == 1
    assert text.count("by attnlrp") == 2
    assert text.count("with the relevance of every head; by attnlrp. It was") == 1
