"""What results draw in a notebook: the numbers are those of the result, and nothing stays behind."""

from __future__ import annotations

import base64
import io
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.patches import Rectangle, StepPatch

import relevome
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.jobs import report as job
from relevome.jobs.train import TrainingResult
from relevome.report.html.verdict import UNTESTED
from relevome.results.annotation.folder import read_annotation
from relevome.results.annotation.sites import CalledSite, write_sites
from relevome.results.attention_heads.folder import read_attention_heads
from relevome.results.comparison import read_comparison
from relevome.results.evaluation.folder import read_evaluation
from relevome.results.motifs.folder import read_relevant_motifs
from relevome.results.notebook import looks, plotted
from relevome.results.pairs.folder import read_pairs
from relevome.results.prediction import Prediction
from relevome.results.profile.folder import read_profile
from relevome.results.relevance_heads.folder import read_relevance_heads
from relevome.results.relevant_sites import read_relevant_sites
from relevome.results.run.reader import Run
from relevome.results.substitution import read_substitution
from relevome.results.variants.rows import Variants
from tests.damage.readers import readers
from tests.report.html.test_browser import NASTY, written
from tests.report.html.test_verdict import scores
from tests.results.conftest import letters_only, make_run

__all__ = ["letters_only", "make_run"]

# The reader whose files tests of damage have, how a result is read, and what else it can be asked for.
KINDS: Mapping[str, tuple[str, Callable[[Path], Any], tuple[dict[str, Any], ...]]] = {
    "Evaluation": ("evaluation", read_evaluation, ()),
    "Comparison": ("comparison", read_comparison, ({"what": "curves"},)),
    "AttentionHeads": ("heads by attention", read_attention_heads, ({"what": "profiles"},)),
    "RelevantHeads": ("heads by relevance", read_relevance_heads, ({"group": "all"},)),
    "Substitution": ("substitution", read_substitution, ()),
    "Annotation": ("annotation", read_annotation, ({"most": 1},)),
    "RelevantSites": ("sites", read_relevant_sites, ({"most": 1},)),
    "RelevantMotifs": ("motifs", read_relevant_motifs, ()),
    "PositionProfile": ("profile", read_profile, ({"what": "rows"},)),
    "Variants": ("variants", Variants, ({"most": 1},)),
    "Pairs": ("pairs", read_pairs, ()),
    "Prediction": ("prediction", Prediction, ()),
}
SEQUENCE = "ACGTTA"
VALUES = [1.0, -2.0, 0.0, 0.5, 0.25, -0.75]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder that a command leaves, by the class of its result."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("result")
            for name, content in readers()[KINDS[kind][0]].examples[0].items():
                (made[kind] / name).parent.mkdir(parents=True, exist_ok=True)
                (made[kind] / name).write_bytes(content)
        return made[kind]

    return folder


@pytest.fixture
def result(folder_of: Callable[[str], Path]) -> Callable[[str], Any]:
    return lambda kind: KINDS[kind][1](folder_of(kind))


@pytest.fixture
def run(make_run: Callable[..., Run], letters_only: Callable[..., Any]) -> Run:
    rows = [letters_only(NASTY[0], SEQUENCE, VALUES), letters_only("b", "GG", [0, 1])]
    return make_run(rows, alphabet="dna", method="m", model={"path": "models/cnn"})


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Any:
    yield
    assert plt.get_fignums() == [], "a figure is left in pyplot"


def heights(axes: Axes) -> list[float]:
    """Of the letters of a logo, upwards or downwards, in their order."""
    (shapes,) = (one for one in axes.collections if isinstance(one, PathCollection))
    boxes = [path.get_extents() for path in shapes.get_paths()]
    return [round(box.y1 if box.y1 > 1e-9 else box.y0, 5) for box in boxes]


def bars(axes: Axes) -> list[float]:
    return [one.get_width() for one in axes.patches if isinstance(one, Rectangle)]


def test_every_kind_of_result_is_tried_here() -> None:
    assert {*KINDS, "Run", "Explanation", "TrainingResult"} == {*looks}


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_gives_the_axes_of_its_picture(kind: str, result: Callable[[str], Any]) -> None:
    found = result(kind)
    for asked in ({}, *KINDS[kind][2]):
        axes = found.plot(**asked)
        assert axes
        assert {type(one) for one in axes} == {Axes}
        assert len({one.figure for one in axes}) == 1
        axes[0].get_figure().draw_without_rendering()  # pyright: ignore[reportOptionalMemberAccess]
    assert found.plot()[0].figure is not found.plot()[0].figure


@pytest.mark.parametrize(
    ("kind", "asked", "said"),
    [
        ("Comparison", {"what": "bars"}, "expected scores or curves"),
        ("AttentionHeads", {"what": "x"}, "expected logos or profiles"),
        ("RelevantHeads", {"group": "x"}, "no effects of the class 'x': expected one of all"),
        ("PositionProfile", {"what": "x"}, "expected means or rows"),
        ("Annotation", {"most": 0}, "0 contigs: expected 1 or more"),
        ("Variants", {"most": 0}, "0 variants: expected 1 or more"),
        ("Variants", {"target": "x"}, "no output 'x': expected one of"),
        ("Pairs", {"sequence_id": "x"}, "no map of 'x'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    kind: str, asked: dict[str, Any], said: str, result: Callable[[str], Any]
) -> None:
    with pytest.raises(InputError, match=said):
        plotted(result(kind), **asked)  # as plot does, whose types are checked here


def test_letters_of_a_logo_are_as_tall_as_they_are_relevant(run: Run) -> None:
    axes = run[0].plot()
    assert heights(axes[0]) == VALUES
    assert heights(run[0].plot(region=range(1, 4))[0]) == VALUES[1:4]
    narrow: Any = run[0].plot(inches=5.0)[0].figure
    assert narrow.get_figwidth() == 5.0
    named = run[0].plot(sites=[Site(1, 3, "<box>")])[-1].get_figure()
    assert "<box>" in [text.get_text() for axes in named.axes for text in axes.texts]  # pyright: ignore[reportOptionalMemberAccess]


def test_a_run_draws_its_first_rows_on_one_scale(run: Run) -> None:
    tall = [one for one in run.plot() if one.get_yticks().size]
    assert [heights(one) for one in tall] == [VALUES, [0.0, 1.0]]
    assert tall[0].get_ylim() == tall[1].get_ylim()
    assert len([one for one in run.plot(rows=1) if one.get_yticks().size]) == 1
    with pytest.raises(InputError, match="0 rows: expected 1 or more"):
        run.plot(rows=0)


def test_an_explanation_without_a_run_has_no_alphabet_and_no_logo(letters_only: Callable[..., Any]) -> None:
    alone = letters_only("s", SEQUENCE, VALUES)
    assert "<img" not in alone._repr_html_()
    with pytest.raises(InputError, match="the alphabet of 's' is not known: plot an explanation that a run"):
        alone.plot()


def test_rows_read_one_by_one_and_from_several_parts_know_their_alphabet(
    make_run: Callable[..., Run], letters_only: Callable[..., Any]
) -> None:
    rows = [letters_only(f"s{i}", "MKV", [1, 2, 3]) for i in range(5)]
    run = make_run(rows, size=2, alphabet="protein")
    assert [one.alphabet for one in run] == ["protein"] * 5 == [one.alphabet for one in run[:]]
    assert rows[0].alphabet is None


class _Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes[tag] = dict(attrs)


def test_an_explanation_shows_its_logo_inside_the_page_and_escapes_its_name(run: Run) -> None:
    html = run[0]._repr_html_()
    seen = _Seen(html)
    assert seen.tags.count("img") == 1
    image = seen.attributes["img"]
    assert sorted(image) == ["alt", "src", "width"]
    assert image["alt"] == f"relevance of {NASTY[0]} as a logo"
    kind, _, data = (image["src"] or "").partition(",")
    assert kind == "data:image/png;base64"
    pixels = matplotlib.image.imread(io.BytesIO(base64.b64decode(data)))
    assert pixels.shape[1] == round(1.5 * int(image["width"] or 0))
    assert pixels.std() > 0.05, "something is drawn"
    assert "<img src=x" not in html


def test_an_evaluation_says_its_verdict_first(result: Callable[[str], Any]) -> None:
    found = result("Evaluation")
    judged = replace(found, scores=(scores("mass", 0.1, 0.2), scores("auroc", -0.1, 0.1)))
    html = judged._repr_html_()
    assert html.startswith("<p>1 of 2 measures of place exceed their strongest null")
    assert f"{len(found.failed)} of {len(found.checks)} checks failed" in html.partition("</p>")[0]
    assert "auroc of letters minus that of position: 0.000 [-0.100, 0.100]" in html
    untested = replace(found, scores=(), checks=())
    assert untested._repr_html_().startswith(f"<p>{UNTESTED}</p>")
    with pytest.raises(InputError, match="no metric was computed: there is nothing to draw"):
        untested.plot()
    named = replace(judged, about={"method": NASTY[0]})
    assert NASTY[0] not in named._repr_html_()


def test_bars_of_an_evaluation_are_its_means(result: Callable[[str], Any]) -> None:
    found = result("Evaluation")
    shown = [axes for axes in found.plot() if axes.get_title(loc="left")]
    assert len(shown) == len(found.scores)
    assert [bars(axes)[0] for axes in shown] == pytest.approx([one.mean for one in found.scores])


def test_bars_of_variants_are_the_largest_effects(result: Callable[[str], Any]) -> None:
    found = result("Variants")
    target = found.targets[0]
    name = next(x for x in ("delta_log_odds", "delta_probability", "delta_score") if x in found.scores)
    effects = [getattr(row, name) for row in found if row.target == target]
    expected = sorted((x for x in effects if x is not None), key=lambda x: -abs(x))
    (axes,) = found.plot(most=2)
    assert bars(axes) == expected[:2]
    assert axes.get_title(loc="left").startswith(
        f"{target}: {min(2, len(expected))} of {len(expected)} variants"
    )


def test_every_prediction_is_counted_once_in_each_output(result: Callable[[str], Any]) -> None:
    found = result("Prediction")
    panels = [one for one in found.plot() if one.patches]
    assert [one.get_title(loc="left") for one in panels] == list(found.outputs)
    for index, axes in enumerate(panels):
        (steps,) = (one for one in axes.patches if isinstance(one, StepPatch))
        counts, edges, _ = steps.get_data()
        values = [row.probabilities.reshape(-1, len(found.outputs))[:, index] for row in found]
        expected, _ = np.histogram(np.concatenate(values), edges)
        np.testing.assert_array_equal(counts, expected)
        assert counts.sum() == sum(map(len, values))


def test_called_sites_stand_at_their_places_on_their_strands(
    folder_of: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(folder_of("Annotation"), tmp_path / "annotation")
    found = read_annotation(folder)
    sites = [CalledSite("c2", 40 + i, "+-"[i % 2], "a" if i < 3 else "_b", 0.5 + i / 20) for i in range(6)]
    sites += [CalledSite("c1", 7, "-", "a", 0.75)]
    write_sites(folder, sites, "x")
    object.__setattr__(found, "counts", {**found.counts, "sites": len(sites)})
    top, below = found.plot()
    assert [one.get_title(loc="left") for one in (top, below)] == ["c2: 6 sites", "c1: 1 site"]
    drawn = {
        (round(segment[0][0]), round(float(segment[1][1]), 4))
        for one in top.collections
        if isinstance(one, LineCollection)
        for segment in one.get_segments()
    }
    assert drawn == {(s.position, round(s.probability * (1 if s.sign == "+" else -1), 4)) for s in sites[:6]}
    (only,) = found.plot(most=1)
    figure: Any = only.figure
    assert "1 site on 1 other contig left out" in figure.get_supxlabel()
    write_sites(folder, [], "x")
    object.__setattr__(found, "counts", {**found.counts, "sites": 0})
    with pytest.raises(InputError, match="no called site: there is nothing to draw"):
        found.plot()


def test_called_sites_of_relevance_are_as_high_as_their_summits(result: Callable[[str], Any]) -> None:
    found = result("RelevantSites")
    chrom = found.sites[0].chrom
    (axes,) = (one for one in found.plot() if one.get_title(loc="left").startswith(f"{chrom}: "))
    drawn = {
        (float(segment[1][0]), float(segment[1][1]))
        for one in axes.collections
        if isinstance(one, LineCollection)
        for segment in one.get_segments()
    }
    assert drawn == {(one.summit, one.height) for one in found.sites if one.chrom == chrom}


def test_a_training_draws_its_epochs() -> None:
    history = (
        {"epoch": 1.0, "loss": 0.7, "learning_rate": 0.1, "validation_loss": 0.6, "validation_auroc": 0.5},
        {"epoch": 2.0, "loss": 0.4, "validation_loss": 0.5, "validation_auroc": float("nan")},
    )
    trained = TrainingResult(Path("m"), "binary", ("0", "1"), None, 0.1, "cpu", (), {}, history, 2.0, 1.0)
    loss, scores = trained.plot()
    drawn = [
        {line.get_label(): np.asarray(line.get_xydata()).tolist() for line in one.lines}
        for one in (loss, scores)
    ]
    assert drawn[0]["loss"] == [[1, 0.7], [2, 0.4]]
    assert drawn[0]["validation_loss"] == [[1, 0.6], [2, 0.5]]
    assert drawn[1]["auroc"] == [[1, 0.5]]
    assert "learning_rate" not in drawn[1]
    with pytest.raises(InputError, match="no epoch was measured"):
        replace(trained, history=()).plot()


def test_a_notebook_shows_the_picture_below_the_cell(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run[0].plot()
    assert plt.get_fignums() == [], "a script closes nothing, since nothing is open"
    plt.switch_backend("agg")  # before it asks the shell for its events, which this one has not
    shell: Any = SimpleNamespace(kernel=object())
    library: Any = SimpleNamespace(get_ipython=lambda: shell, version_info=(9, 0))
    monkeypatch.setitem(sys.modules, "IPython", library)
    figure: Any = run[0].plot()[0].figure
    assert plt.gcf() is figure
    assert len(plt.get_fignums()) == 1
    run[0]._repr_html_()
    assert len(plt.get_fignums()) == 1, "what a result shows by itself is no figure of pyplot's"
    plt.close(figure)
    for other in (SimpleNamespace(), None):  # a terminal, and an import of IPython without either
        library.get_ipython = lambda other=other: other
        run[0].plot()


def test_without_a_notebook_a_result_is_its_words(run: Run) -> None:
    assert repr(run).startswith("Run(")
    assert "<" not in repr(run["b"])


def test_a_report_is_in_a_frame_that_reaches_nothing_else(run: Run, tmp_path: Path) -> None:
    shown = relevome.report(run)
    file = relevome.report(run, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert (shown.path, shown.text, shown.bytes) == (None, text, file.bytes)
    assert text not in repr(shown)
    for page in (shown, file):
        seen = _Seen(page._repr_html_())
        assert seen.tags == ["iframe"]
        frame = seen.attributes["iframe"]
        assert frame["srcdoc"] == text
        assert frame["sandbox"] == "allow-scripts allow-downloads"
        assert sorted(frame) == ["sandbox", "srcdoc", "style", "title"]
    (tmp_path / "page.html").unlink()
    assert file._repr_html_() == f"<p>{tmp_path}/page.html is not there any more.</p>"


def test_a_page_too_large_for_a_notebook_is_named_instead(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "IN_NOTEBOOK", 10)
    path = tmp_path / "<p>.html"
    assert "&lt;p&gt;.html in a browser" in relevome.report(run, path)._repr_html_()
    assert "too large for a notebook: give it a file with out=" in relevome.report(run)._repr_html_()


def test_a_framed_page_draws_itself_and_cannot_see_the_notebook(browser: Any, tmp_path: Path) -> None:
    run = written(tmp_path / "run", 5, 40, "m", 0)
    host = tmp_path / "notebook.html"
    host.write_text(
        f"<!doctype html><title>mine</title><p id=secret>x</p>{relevome.report(run)._repr_html_()}"
    )
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(host.as_uri())
    (inner,) = page.frames[1:]
    inner.wait_for_selector("main svg, main canvas")
    assert problems == []
    assert page.title() == "mine"
    reached = "() => { try { return parent.document.title } catch (error) { return error.name } }"
    assert inner.evaluate(reached) == "SecurityError"
    stored = "() => { try { return localStorage.length } catch (error) { return error.name } }"
    assert inner.evaluate(stored) == "SecurityError"
    page.close()
