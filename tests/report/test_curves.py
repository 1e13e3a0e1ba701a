"""Curves and bars: what is drawn is what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from relevome.evaluation.measurement import mean_curves
from relevome.report.curves import COLOURS, Bars, draw_bars, draw_curves
from relevome.report.logo import save_logo
from relevome.results.estimate import Estimate
from relevome.results.evaluation.curves import FaithfulnessCurves

SHARES = np.array([0, 0.25, 0.5, 1])


def curves(count: int, height: float = 1.0) -> list[FaithfulnessCurves]:
    rng = np.random.default_rng(count)
    drawn = (rng.normal(size=(8, 4)) for _ in range(count))
    return [FaithfulnessCurves(SHARES, height * rows[0], rows[1], rows[2:]) for rows in drawn]


def test_one_run_shows_both_curves_and_random_orders():
    given = curves(5)
    (axes,) = draw_curves({"": mean_curves(given)}, "letters").axes
    morf, random, lerf = (line.get_ydata() for line in axes.lines)
    assert np.asarray(morf) == pytest.approx(np.mean([one.morf for one in given], axis=0))
    assert np.asarray(lerf) == pytest.approx(np.mean([one.lerf for one in given], axis=0))
    assert np.asarray(random) == pytest.approx(np.mean([one.random for one in given], axis=(0, 1)))
    assert len(axes.collections) == 3  # a band each
    assert axes.get_xlabel() == "letters taken away"


def test_several_runs_share_a_panel_for_each_curve_and_a_legend(tmp_path):
    given = {"_hidden": curves(4), "a$b$": curves(4, 2.0), "c" * 90: curves(4)}
    figure = draw_curves({name: mean_curves(found) for name, found in given.items()}, "tokens")
    for axes, name in zip(figure.axes, ("morf", "lerf"), strict=True):
        for line, found in zip(axes.lines, given.values(), strict=True):
            means = np.mean([getattr(one, name) for one in found], axis=0)
            assert np.asarray(line.get_ydata()) == pytest.approx(means)
    (legend,) = figure.legends
    names = [text.get_text().strip() for text in legend.get_texts()]
    assert names[:2] == ["_hidden", "a$b$"]
    assert names[2].endswith("…")
    save_logo(figure, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_single_sequence_has_no_band():
    (axes,) = draw_curves({"": mean_curves(curves(1))}, "letters").axes
    assert not axes.collections


def widths(axes: Axes) -> list[float]:
    return [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)]


def test_bars_end_at_means_and_ticks_stand_at_random_orders():
    one = Bars(
        "auroc ↑",
        {"a": Estimate(0.7, 0.6, 0.8), "b": Estimate(-0.2, -0.3, 0.1)},
        {"a": Estimate(0.5, 0, 1), "b": None},
    )
    two = Bars("entropy ↓", {"b": Estimate(3, 2, 4)}, {})
    figure = draw_bars([one, two])
    axes, other = figure.axes
    assert widths(axes) == [0.7, -0.2]
    assert [to_rgb(bar.get_facecolor()) for bar in axes.patches] == [to_rgb(COLOURS[0]), to_rgb(COLOURS[1])]
    assert widths(other) == [3]
    assert to_rgb(other.patches[0].get_facecolor()) == to_rgb(COLOURS[1])
    assert [0.5, 0.5] in [np.asarray(line.get_xdata()).tolist() for line in axes.lines]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]


def test_what_a_metric_lacks_has_no_row_and_panels_beside_each_other_have_the_same_rows():
    both = {"run": Estimate(3, 2, 4), "shuffled": Estimate(1, 0, 2)}
    given = [both, both, {"run": both["run"]}, both]
    figure = draw_bars([Bars(str(place), means, {}) for place, means in enumerate(given)])
    shown = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.axison}
    assert [len(widths(shown[title])) for title in "0123"] == [2, 2, 1, 2]
    assert shown["2"].get_ylim() == (1 - 0.4, -0.6)
    labels = {title: [one.get_text() for one in axes.get_yticklabels()] for title, axes in shown.items()}
    assert labels == {"0": ["run", "shuffled"], "1": [], "2": ["run"], "3": ["run", "shuffled"]}


def test_colours_differ_in_lightness():
    """So that they are told apart in grey, too, where lines are next to each other."""
    luminance = [np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)) for colour in COLOURS[:2]]
    assert abs(luminance[0] - luminance[1]) > 0.02
    assert len(set(COLOURS)) == len(COLOURS)


def test_the_exponent_of_small_numbers_is_in_the_type_of_ticks(tmp_path):
    figure = draw_bars([Bars("infidelity", {"run": Estimate(2e-6, 1e-6, 3e-6)}, {})])
    save_logo(figure, tmp_path / "scores.png")
    (axes,) = figure.axes
    assert "e" in axes.xaxis.get_offset_text().get_text()
    assert float(axes.xaxis.get_offset_text().get_fontsize()) <= 7
