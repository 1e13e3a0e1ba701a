"""Pictures of pairs: what is drawn is the map, its strongest pairs, known sites and contacts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Arc, Rectangle

from relevome.data.sites import Site
from relevome.report.logo import save_logo
from relevome.report.pairs.pictures import draw_map
from relevome.results.pairs.folder import Pair
from relevome.results.pairs.maps import KeptMap
from relevome.results.pairs.settings import PairMethod, PairSettings


def kept(size: int, seed: int = 0) -> KeptMap:
    values = np.random.default_rng(seed).standard_normal((size, size)).astype(np.float32)
    values[np.tri(size, k=-3, dtype=bool)] = np.nan
    np.fill_diagonal(values, 0)
    return KeptMap(("ACGT" * size)[:size], values)


def pair(i: int, j: int, strength: float) -> Pair:
    return Pair("s", i, j, "A", "C", strength, strength, None, None, None)


def heat_map(axes: list[Axes]) -> Axes:
    return next(one for one in axes if one.images)


@pytest.mark.parametrize("method", ["dependency", "jacobian", "epistasis", "attention"])
def test_the_heat_map_is_the_map_and_zero_is_in_the_middle_of_signs(method: PairMethod) -> None:
    given = kept(9)
    figure = draw_map(given, PairSettings(method), title="s")
    axes = heat_map(figure.axes)
    (image,) = axes.images
    np.testing.assert_array_equal(np.asarray(image.get_array()), given.values)
    low, high = image.get_clim()
    assert low == (-high if method in ("jacobian", "epistasis") else 0)
    assert [one.get_text() for one in axes.get_xticklabels()] == [*given.letters]
    assert not any(axes.patches for axes in figure.axes if axes is not heat_map(figure.axes))


def test_arcs_stand_over_their_letters_and_the_strongest_is_darkest() -> None:
    figure = draw_map(
        kept(20), PairSettings("dependency"), title="s", pairs=[pair(2, 17, 4.0), pair(5, 12, 1.0)]
    )
    over, below = figure.axes[0], heat_map(figure.axes)
    arcs = {
        (one.center[0], one.width): one.get_alpha() or 0.0 for one in over.patches if isinstance(one, Arc)
    }
    assert {*arcs} == {(9.5, 15), (8.5, 7)}
    assert arcs[9.5, 15] > arcs[8.5, 7]
    figure.draw_without_rendering()
    assert over.get_xlim() == below.get_xlim() == (-0.5, 19.5)
    first, second = (one.get_window_extent() for one in (over, below))
    assert (first.x0, first.x1) == pytest.approx((second.x0, second.x1))


def test_sites_are_bars_along_both_edges_and_contacts_are_below_the_diagonal() -> None:
    site = Site(3, 8, "<b> $x$")
    figure = draw_map(
        kept(30), PairSettings("jacobian"), title="$odd$ <name>", sites=[site], contacts={(4, 20), (1, 2)}
    )
    axes = heat_map(figure.axes)
    bars = [one for one in axes.patches if isinstance(one, Rectangle)]
    assert {(one.get_x(), one.get_width()) for one in bars} >= {(2.5, 5)}
    assert {(one.get_y(), one.get_height()) for one in bars} >= {(2.5, 5)}
    assert "<b> $x$" in [one.get_text() for one in axes.texts]
    (dots,) = axes.collections
    assert sorted(map(tuple, np.asarray(dots.get_offsets()).tolist())) == [(1, 2), (4, 20)]


def test_a_long_sequence_is_numbered_and_one_of_nothing_can_be_drawn(tmp_path: Path) -> None:
    figure = draw_map(kept(120), PairSettings("dependency"), title="long")
    figure.draw_without_rendering()
    labels = [one.get_text() for one in heat_map(figure.axes).get_xticklabels()]
    assert "1" in labels or "21" in labels
    nothing = KeptMap("A", np.zeros((1, 1), np.float32))
    save_logo(draw_map(nothing, PairSettings("epistasis"), title="one"), tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 0
