"""What every result says in a notebook: a few words and a short table, never markup out of data."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.data.sequences import DNA
from relevome.discovery.relevance_heads import relevant_heads
from relevome.jobs.train import TrainingResult
from relevome.ledger import Entry, Ledger
from relevome.results.annotation.folder import Annotation
from relevome.results.annotation.sites import CalledSite, write_sites
from relevome.results.export import ExportReport
from relevome.results.notebook import MOST, as_html
from tests.evaluation.additive import additive_model
from tests.evaluation.example_runs import explained
from tests.results.test_relevance_heads import CLASSES, made_up

EVIL = "<script>alert('x')</script>&\x1b[31m"
TAGS = {"pre", "table", "thead", "tbody", "tr", "th", "td", "p", "img"}


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert attrs == [] or (tag == "img" and [name for name, _ in attrs] == ["alt", "width", "src"])
        self.found.append(tag)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    folder, model = tmp_path_factory.mktemp("notebook"), additive_model()
    run = explained(model, folder / EVIL.replace("/", ""))
    others = [relevome.evaluate(one, use_model=False, metrics=["complexity"]) for one in (run, run)]
    sites = [CalledSite("chr1", 5 + i, "+", EVIL, 0.5) for i in range(20)]
    write_sites(folder, sites, "TSS")
    question = {"classes": [EVIL]}
    counts = {"letters": 10, "contigs": 1, "sites": 20}
    return {
        "run": run,
        "explanation": run[0],
        "evaluation": others[0],
        "comparison": relevome.compare(others, labels=["right", EVIL]),
        "substitution": relevome.substitute(run, model=model, most=2, orders=2),
        "annotation": Annotation(folder, question, {}, 0.5, counts, None, ()),
        "heads": relevant_heads(made_up(0), [], classes=dict.fromkeys(CLASSES, EVIL)),
        "training": TrainingResult(
            Path(EVIL), "binary", (EVIL, "b"), None, 1e-3, "cpu", (), {"test": {"auroc": 0.9, "mcc": None}},
            (), 3.0, 12.0, ("a note",),
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["run", "explanation", "evaluation", "comparison", "substitution", "annotation", "heads", "training"],
)
def test_a_result_is_a_few_words_and_a_table_of_plain_text(name: str, results: Mapping[str, Any]) -> None:
    result = results[name]
    words = repr(result)
    assert len(words) < 1500
    assert len(words.splitlines()) <= 30
    assert " object at 0x" not in words
    html = result._repr_html_()
    tags = _Tags(html).found
    assert set(tags) <= TAGS
    assert tags.count("table") == 1
    assert 1 < tags.count("tr") <= 1 + MOST
    assert "\x1b" not in html
    if EVIL in words:
        assert "&lt;script&gt;" in html


def test_what_is_long_is_cut_and_says_so(results: Mapping[str, Any]) -> None:
    assert f"more rows are left out: {MOST} are shown" in results["annotation"]._repr_html_()
    assert "left out" not in results["run"]._repr_html_()
    asked: list[int] = []
    rows = ((asked.append(i) or i,) for i in range(10_000))
    as_html("words", ("i",), rows)
    assert len(asked) == MOST + 1, "no more rows are read than are shown"
    assert as_html("words", ("i",), [(None,), (float("nan"),), (0.123456,)]).count("<td></td>") == 2


def test_an_explanation_shows_its_most_relevant_letters_in_their_order(results: Mapping[str, Any]) -> None:
    row = results["explanation"]
    strongest = sorted(sorted(range(len(row.sequence)), key=lambda i: -abs(row.relevance[i]))[:MOST])
    html = row._repr_html_()
    assert [int(part.partition("</td>")[0]) for part in html.split("<tr><td>")[1:]] == strongest


def test_small_results_say_what_they_are() -> None:
    report = ExportReport((Path("a.bed"),), 3, "sites", {"without a place": 2})
    assert repr(report) == "ExportReport: 3 sites in a.bed\n  left out 2: without a place"
    entry = Entry("torch.add", 1, 1.0, 0.5, {"biases": 0.25}, 0.25)
    assert repr(Ledger(2, 1.5, 1.0, (entry,), 0.25, 1.25, 0.1)).splitlines() == [
        "Ledger of 2 logits, 1.5 in all: input tokens 1, absorbed by biases 0.25, softmax 0, positions 0, "
        "constants 0; 1.7e-01 unaccounted for, most of it at torch.add",
        "  .entries has every operation",
    ]
    long = relevome.Sequence("s", "ACGT" * 500, DNA)
    assert repr(long) == "Sequence('s': ACGTACGTACGTACGTACGTA..., 2,000 letters of dna)"
