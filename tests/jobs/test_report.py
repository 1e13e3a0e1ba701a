"""From results to one file: what it holds, what it refuses, and that it asks nothing of anybody."""

from __future__ import annotations

import base64
import hashlib
import re

import numpy as np
import pytest

import relevome
from relevome.errors import InputError
from relevome.jobs.running.shown import given_once
from relevome.report.html.document import SCRIPT, bundled
from relevome.report.html.parts import page_parts
from relevome.results.quality.record import ModelQuality, quality_record
from tests.damage.readers import readers
from tests.report.html.unpacked import unpacked

MANIFEST = {"alphabet": "dna", "method": "m", "model": {"path": "models/cnn"}}
# By the kind of a part, the reader whose files tests of damage have.
EXAMPLES = {
    "evaluation": "evaluation", "comparison": "comparison", "substitution": "substitution",
    "called_sites": "sites", "genome": "annotation", "heads_by_attention": "heads by attention",
    "heads_by_relevance": "heads by relevance", "motifs": "motifs", "pairs": "pairs",
    "profile": "profile", "variants": "variants",
}  # fmt: skip


@pytest.fixture
def run(make_run, letters_only):
    return make_run([letters_only("a", "ACGT", [1, -2, 0, 0.5]), letters_only("b", "GG", [0, 1])], **MANIFEST)


@pytest.fixture
def left_by(tmp_path):
    """Writes the folder that a command leaves."""

    def make(kind):
        folder = tmp_path / kind
        for name, content in readers()[EXAMPLES[kind]].examples[0].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder

    return make


def test_every_kind_of_part_has_an_example():
    assert set(EXAMPLES) == set(page_parts)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_kind_of_result_is_a_part_of_the_page(run, left_by, tmp_path, kind):
    written = relevome.report([run, left_by(kind)], tmp_path / "page.html")
    assert (written.runs, written.results, written.sequences) == (1, 1, 2)
    assert written.bytes == (tmp_path / "page.html").stat().st_size
    content = unpacked(tmp_path / "page.html").content
    assert [part["kind"] for part in content["parts"]] == [kind]
    assert content["parts"][0]["content"]


def test_called_sites_lie_beside_relevance(make_run, letters_only, left_by, tmp_path):
    folder = left_by("called_sites")
    place = {"chrom": "chr1", "start": 0, "end": 60, "strand": "+"}
    run = make_run([letters_only("a", "A" * 60, np.ones(60), **place)], **MANIFEST)
    relevome.report([run, folder], tmp_path / "page.html")
    page = unpacked(tmp_path / "page.html")
    (line,) = page.content["sequences"]["annotations"]
    rows = page.content["parts"][0]["content"]["rows"]
    assert line["name"] == "called sites"
    spans = zip(page.array(line["start"]).tolist(), page.array(line["end"]).tolist(), strict=True)
    assert sorted(spans) == sorted((row[1], row[2]) for row in rows if row[0] == "chr1")


def test_of_several_models_the_verdict_says_which_is_which(make_run, letters_only, tmp_path):
    def run(name, auroc):
        quality = ModelQuality("binary", "test", {"auroc": auroc}, examples=400, positives=(200, 200))
        model = {**MANIFEST["model"], "path": name, "quality": quality_record(quality)}
        return make_run([letters_only("a", "ACGT", np.ones(4))], name=name, **MANIFEST | {"model": model})

    runs = [run("good", 0.97), run("again", 0.97), run("guess", 0.505)]
    relevome.report(runs, tmp_path / "page.html", labels=["one", "two", "three"])
    verdict = unpacked(tmp_path / "page.html").content["verdict"]
    said = [one["text"] for topic in verdict["topics"] for one in topic["remarks"]]
    assert sum(line.startswith("model of one, two: AUROC 0.97") for line in said) == 1
    assert sum(line.startswith("model of three: AUROC 0.505") for line in said) == 1
    assert verdict["headline"].startswith("1 of 2 models is not above chance. ")
    relevome.report(runs[2], tmp_path / "alone.html")
    assert "The model is not above chance" in unpacked(tmp_path / "alone.html").content["verdict"]["headline"]


def test_known_sites_are_in_letters_of_their_sequence(make_run, letters_only, write, tmp_path):
    place = {"chrom": "chr1", "start": 100, "end": 110, "strand": "-"}
    run = make_run([letters_only("a", "ACGTACGTAC", np.ones(10), **place)], **MANIFEST)
    sites = write("sites.bed", "chr1\t101\t104\tbox\n")
    relevome.report(run, tmp_path / "page.html", sites=sites)
    page = unpacked(tmp_path / "page.html")
    (line,) = page.content["sequences"]["annotations"]
    assert (line["name"], line["labels"]) == ("known sites", ["box"])
    assert [page.array(line[name]).tolist() for name in ("count", "start", "end")] == [[1], [6], [9]]


def test_nothing_is_loaded_and_nothing_else_runs(run, tmp_path):
    relevome.report(run, tmp_path / "page.html", title="</title><script>alert(1)</script>")
    text = (tmp_path / "page.html").read_text()
    assert "</title><script>alert" not in text
    policy = re.findall('Content-Security-Policy" content="([^"]*)"', text)[0]
    assert policy.startswith("default-src 'none'")
    (script,) = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    for what in (script, style):
        digest = base64.b64encode(hashlib.sha256(what.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not re.findall("""(?:src|href)=["'](?!#)""", text)


def test_the_program_of_the_page_has_no_way_to_make_markup_of_text_or_to_ask_anybody():
    words = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(",
             "XMLHttpRequest", "WebSocket", "http:", "https:", "importScripts")  # fmt: skip
    script = bundled(SCRIPT).replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert [word for word in words if word in script] == []


def test_a_run_writes_its_own_page(run, tmp_path):
    relevome.report(run, tmp_path / "one.html", title="mine")
    written = run.report(tmp_path / "two.html", title="mine")
    assert written.path == tmp_path / "two.html"
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert "<iframe" in run.report()._repr_html_()


def test_the_same_results_give_the_same_file(run, tmp_path):
    relevome.report(run, tmp_path / "one.html")
    relevome.report(run, tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_labels_are_methods_or_paths_that_differ(make_run, letters_only, tmp_path):
    row = letters_only("a", "AC", [1, 2])
    one, two = (make_run([row], name=name, **MANIFEST) for name in ("one", "two"))
    three = make_run([row], name="three", **{**MANIFEST, "method": "n"})

    def labels(runs, **options):
        relevome.report(runs, tmp_path / "page.html", overwrite=True, **options)
        return [run["label"] for run in unpacked(tmp_path / "page.html").content["runs"]]

    assert labels([one, two]) == ["one", "two"]
    assert labels([one, three]) == ["m", "n"]
    assert labels([one, two], labels=["A", "B"]) == ["A", "B"]
    with pytest.raises(InputError, match="1 label for 2 runs"):
        labels([one, two], labels=["A"])


def test_what_was_refused_and_left_out_is_said(run, tmp_path):
    written = relevome.report(run, tmp_path / "page.html", top=1)
    assert (written.sequences, written.left_out) == (1, 1)
    content = unpacked(tmp_path / "page.html").content
    said = [remark["text"] for topic in content["verdict"]["topics"] for remark in topic["remarks"]]
    assert "1 sequence of lower score left out of this page" in said


def test_a_folder_without_a_result_is_refused_in_one_line(run, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no result that a page shows"):
        relevome.report([run, tmp_path / "empty"], tmp_path / "page.html")
    with pytest.raises(InputError, match="is not there"):
        relevome.report(tmp_path / "nowhere", tmp_path / "page.html")
    with pytest.raises(InputError, match="given twice"):
        relevome.report([run, run.path], tmp_path / "page.html")
    with pytest.raises(InputError, match="expected a run"):
        relevome.report([], tmp_path / "page.html")
    for results in (object(), [run, object()]):
        with pytest.raises(InputError, match="this object is not in a folder"):
            given_once(results)
    with pytest.raises(InputError, match="--top 0"):
        relevome.report(run, tmp_path / "page.html", top=0)
    assert not (tmp_path / "page.html").exists()


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(run, left_by, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("mine")
    with pytest.raises(InputError, match="exists"):
        relevome.report(run, page)
    (left_by("evaluation") / "values.tsv").unlink()
    with pytest.raises(InputError):
        relevome.report([run, tmp_path / "evaluation"], page, overwrite=True)
    assert page.read_text() == "mine"
    assert [path.name for path in tmp_path.glob(".*")] == []
    relevome.report(run, page, overwrite=True)
    assert page.read_text().startswith("<!doctype html>")


def test_sites_need_a_run(left_by, write, tmp_path):
    with pytest.raises(InputError, match="give a run too"):
        relevome.report(left_by("evaluation"), tmp_path / "page.html", sites=write("s.bed", "a\t0\t1\tx\n"))
