"""The picture of one sequence: what is drawn, where, and that it is the same every time."""

from __future__ import annotations

import subprocess
import sys
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from relevome.data.sequences import DNA, PROTEIN, RNA, Alphabet, Interval
from relevome.data.sites import Site
from relevome.errors import InputError
from relevome.report.glyphs import BASES
from relevome.report.logo import Logo, draw_logo, draw_page, save_logo
from relevome.report.ruler import PlusOne


def example(length: int, alphabet: Alphabet = DNA, seed: int = 0) -> tuple[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return "".join(rng.choice(list(alphabet.letters), length)), rng.normal(size=length).astype(np.float32)


def logo(length: int, alphabet: Alphabet = DNA, title: str = "promoter 1", **options: Any) -> Figure:
    letters, relevance = example(length, alphabet)
    return draw_logo(letters, relevance, alphabet, title=title, **options)


def heads(figure: Figure) -> list[Axes]:
    """The axes of relevance; below each lie those of the spelled letters and sites."""
    return figure.axes[::2]


def feet(figure: Figure) -> list[Axes]:
    return figure.axes[1::2]


def letters_drawn(axes: Axes) -> list[tuple[float, float]]:
    """Middle and signed height of every letter."""
    boxes = [
        path.get_extents()
        for collection in axes.collections
        if isinstance(collection, PathCollection)
        for path in collection.get_paths()
    ]
    return [((box.x0 + box.x1) / 2, box.y1 if box.y1 > 0 else box.y0) for box in boxes]


def texts(figure: Figure) -> list[Text]:
    """All that is written; matplotlib also keeps labels of ticks beyond the end of an axis."""
    found = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    beyond = [
        label
        for axes in figure.axes
        for label, value in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
        if not axes.get_ylim()[0] <= value <= axes.get_ylim()[1]
    ]
    return [text for text in found if text.get_text() and text.get_visible() and text not in beyond]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in texts(figure)]


def tick_labels(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_xticklabels()]


@pytest.mark.parametrize(
    ("length", "rows"),
    [
        (1, [1]),
        (50, [50]),
        (100, [100]),
        (101, [101]),
        (120, [120]),
        (121, [61, 60]),
        (250, [84, 84, 82]),
        (400, [100, 100, 100, 100]),
    ],
)
def test_rows_together_draw_every_letter_as_tall_as_it_is_relevant(length: int, rows: list[int]) -> None:
    figure, (_, relevance) = logo(length), example(length)
    drawn = [letters_drawn(axes) for axes in heads(figure)]
    assert [len(row) for row in drawn] == rows
    middles, heights = zip(*chain(*drawn), strict=True)
    np.testing.assert_allclose(middles, np.arange(length) + 0.5, atol=1e-9)
    np.testing.assert_allclose(heights, relevance.astype(np.float64), atol=1e-9)


def test_rows_share_the_axis_of_relevance_and_the_width_of_a_letter() -> None:
    figure = logo(250)
    assert len({axes.get_ylim() for axes in heads(figure)}) == 1
    assert {end - start for start, end in (axes.get_xlim() for axes in figure.axes)} == {84}
    low, high = heads(figure)[0].get_ylim()
    relevance = example(250)[1]
    assert low < relevance.min() < relevance.max() < high


def test_the_sequence_is_spelled_below_each_row() -> None:
    figure = logo(140)
    for row, axes in enumerate(feet(figure)):
        assert [middle for middle, _ in letters_drawn(axes)] == pytest.approx(np.arange(70) + 70 * row + 0.5)


@pytest.mark.parametrize(
    ("low", "high"),
    [(-1.0, 1.0), (-0.02, 1.0), (-0.3, 7.5), (-7.5, 0.3), (-1e-9, 1e-6), (0.0, 3.0), (-3.0, 0.0)],
)
def test_the_axis_has_a_number_on_every_side_that_has_letters(low: float, high: float) -> None:
    relevance = np.zeros(40)
    relevance[3], relevance[7] = low, high
    figure = draw_logo("ACGT" * 10, relevance, DNA, title="")
    (axes,) = heads(figure)
    ticks = [float(tick) for tick in axes.get_yticks()]
    assert (min(ticks) < 0, max(ticks) > 0) == (low < 0, high > 0)
    assert axes.get_ylim()[0] <= min(ticks) <= max(ticks) <= axes.get_ylim()[1]
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    labels = [label.get_window_extent(canvas.get_renderer()) for label in axes.get_yticklabels()]
    assert not any(one.overlaps(other) for one, other in combinations(labels, 2))


def test_a_wider_picture_has_more_letters_to_a_row_and_none_narrower() -> None:
    usual, wide = logo(250), logo(250, inches=14.0)
    assert [len(letters_drawn(axes)) for axes in heads(wide)] == [125, 125]
    assert (usual.get_figwidth(), wide.get_figwidth()) == (pytest.approx(518 / 72), 14.0)
    points = [
        72 * one.get_figwidth() * axes.get_position().width / (axes.get_xlim()[1] - axes.get_xlim()[0])
        for one, axes in ((usual, heads(usual)[0]), (wide, heads(wide)[0]))
    ]
    assert points[1] > 0.9 * points[0]


def test_one_letter_is_not_a_poster() -> None:
    start, end = logo(1).axes[0].get_xlim()
    assert end - start >= 20


def test_a_long_sequence_has_an_overview_and_its_strongest_windows() -> None:
    letters, relevance = example(1003)
    relevance[[120, 480, 960]] = [30, -40, 50]
    overview, *windows = heads(draw_logo(letters, relevance, DNA, title="long"))
    assert overview.get_xlim() == (0, 1003)
    assert len(windows) == 3
    for axes, peak in zip(windows, [120, 480, 960], strict=True):
        drawn = letters_drawn(axes)
        np.testing.assert_allclose(
            [height for _, height in drawn], relevance[[int(x) for x, _ in drawn]], rtol=1e-6
        )
        assert axes.get_xlim()[0] <= peak < axes.get_xlim()[1]
        assert axes.get_ylim() == overview.get_ylim()


def test_an_overview_says_how_it_pools() -> None:
    assert "whole sequence; each bar is the value furthest from 0 among 7 letters" in words(logo(5000))
    assert "whole sequence" in words(logo(800))


def test_windows_are_named_by_their_positions() -> None:
    letters, relevance = "A" * 1000, np.zeros(1000)
    relevance[500] = 1
    figure = draw_logo(letters, relevance, DNA, title="", origin=Interval("chr1", 7000, 8000, "-"))
    assert len(heads(figure)) == 2
    assert {"a", "a   7,550 to 7,451"} <= set(words(figure))


@pytest.mark.parametrize(
    ("origin", "first", "label"),
    [
        (1, "2", "position (first letter = 1)"),
        (Interval("chr1", 500, 520, "+"), "502", "1-based position (+ strand) on chr1"),
        (Interval("chr1", 500, 520, "-"), "520", "1-based position (\N{MINUS SIGN} strand) on chr1"),
    ],
)
def test_positions_are_as_people_count(origin: int | Interval, first: str, label: str) -> None:
    figure = logo(20, origin=origin)
    assert tick_labels(feet(figure)[0])[0] == first
    assert label in words(figure)


def test_title_subtitle_quantity_and_chemistry_are_written() -> None:
    figure = logo(30, PROTEIN, title="P0A7E5", subtitle="logit 5.1", quantity="saliency")
    assert {"P0A7E5", "logit 5.1", "saliency", "hydrophobic AILMV"} <= set(words(figure))
    assert "hydrophobic AILMV" not in words(logo(30))


def test_names_are_written_as_they_are() -> None:
    figure = logo(60, title="$x_1$ & <b>", sites=[Site(3, 9, "$\\alpha$")])
    save = FigureCanvasAgg(figure)
    save.draw()
    assert {"$x_1$ & <b>", "$\\alpha$"} <= set(words(figure))
    assert not any(text.get_parse_math() for text in [*figure.texts, *feet(figure)[0].texts])


@pytest.mark.parametrize(("length", "number"), [(60, 3), (250, 12), (3000, 25)])
def test_names_of_sites_and_positions_never_overlap(length: int, number: int) -> None:
    rng = np.random.default_rng(length)
    sites = [Site(int(s), int(s) + 12, f"factor {s}") for s in rng.integers(0, length - 12, number)]
    figure = logo(length, sites=sites, origin=Interval("chr1", 10**8, 10**8 + length, "-"))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts(figure)]
    assert sum(word.startswith("factor") for word in words(figure)) >= number
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    page = figure.bbox
    assert all(
        page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1 for box in boxes
    )


def test_names_of_neighbouring_windows_never_overlap() -> None:
    relevance = np.zeros(60_000)
    relevance[[30_000, 30_150, 30_400]] = 1
    figure = draw_logo("A" * 60_000, relevance, DNA, title="")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    names = [text.get_window_extent(canvas.get_renderer()) for text in heads(figure)[0].texts]
    assert len(names) == 3
    assert not any(one.overlaps(other) for one, other in combinations(names, 2))


def test_a_crowd_of_sites_says_that_names_are_missing() -> None:
    figure = logo(100, sites=[Site(40, 60, f"site {i}") for i in range(12)])
    assert "12 sites, too close together for their names" in words(figure)


def test_a_crowd_of_sites_has_a_legend_of_its_types() -> None:
    kinds = ("natural variant", "MUTAGEN")
    crowd = [Site(40, 60, f"in a strain {i}", kind=kinds[i % 2]) for i in range(12)]
    figure = logo(100, sites=crowd)
    assert {"natural variant", "mutagenesis"} <= set(words(figure))
    legend = {t.get_text(): to_rgb(t.get_color()) for t in figure.texts if t.get_text() in words(figure)}
    drawn = {tuple(colour[:3]) for colour in np.asarray(feet(figure)[0].collections[-1].get_facecolor())}
    assert {legend["natural variant"], legend["mutagenesis"]} == drawn
    few = [Site(10, 12, "Interchain", kind="DISULFID"), Site(30, 31, "Proton acceptor", kind="active site")]
    named = words(logo(100, sites=few))
    assert {"disulfide bond: Interchain", "active site: Proton acceptor"} <= set(named)
    assert "disulfide bond" not in named, "no legend where all have names"


def test_a_site_is_marked_below_and_behind_its_letters() -> None:
    figure = logo(60, sites=[Site(10, 16, "-35 box")])
    (behind,) = heads(figure)[0].patches
    assert isinstance(behind, Rectangle)
    assert (behind.get_x(), behind.get_x() + behind.get_width()) == (10, 16)
    below = feet(figure)[0].collections[-1].get_paths()[0].get_extents()
    assert (below.x0, below.x1) == (10, 16)
    assert below.y1 < min(height for _, height in letters_drawn(feet(figure)[0]))


def test_all_zero_relevance_is_said_and_the_sequence_still_spelled() -> None:
    figure = draw_logo("ACGT", np.zeros(4), DNA, title="")
    assert "the relevance of every letter is 0" in words(figure)
    assert len(letters_drawn(feet(figure)[0])) == 4
    assert len(heads(draw_logo("A" * 500, np.zeros(500), DNA, title=""))) == 1


@pytest.mark.parametrize(
    ("letters", "relevance", "options", "message"),
    [
        ("AC", [1, np.nan], {}, "relevance of letter 2 is nan: expected a finite number"),
        ("AC", [-np.inf, 1], {}, "relevance of letter 1 is -inf"),
        ("AC", [1, 2, 3], {}, r"relevance of shape \(3,\) for 2 letters: expected one value each"),
        ("", [], {}, "for 0 letters"),
        ("AZ", [1, 2], {}, "cannot draw 'Z': expected dna letters"),
        ("AC", [1, 2], {"sites": [Site(1, 3, "box")]}, "site 'box' 1-3 is not on the sequence of 2 letters"),
        ("AC", [1, 2], {"sites": [Site(1, 1, "box")]}, "site 'box' 1-1 is not on the sequence"),
        ("AC", [1, 2], {"origin": Interval("c", 5, 9)}, "2 letters cannot lie on c:5-9.*, which has 4"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    letters: str, relevance: list[float], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        draw_logo(letters, np.array(relevance, dtype=np.float64), DNA, title="", **options)


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")])
def test_the_ending_says_the_format(tmp_path: Path, ending: str, start: bytes) -> None:
    out = tmp_path / f"logo.{ending}"
    save_logo(logo(20), out)
    assert out.read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["logo.jpg", "logo", "png"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"expected a name ending in \.png, \.svg or \.pdf"):
        save_logo(logo(5), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write .*logo\.png: No such file or directory"):
        save_logo(logo(5), tmp_path / "nowhere" / "logo.png")


DRAW = """
import sys, numpy as np
from relevome.data.sites import Site
from relevome.data.sequences import DNA
from relevome.report.logo import Logo, draw_logo, draw_page, save_logo
from relevome.report.ruler import PlusOne
figure = draw_logo("ACGT" * 200, np.sin(np.arange(800.0)), DNA, title="t", sites=[Site(3, 9, "box")])
for out in sys.argv[1:]:
    save_logo(figure, out)
"""


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """In another process too, and whatever the user's own settings of matplotlib are."""
    elsewhere = [tmp_path / f"elsewhere.{ending}" for ending in ("png", "svg", "pdf")]
    subprocess.run([sys.executable, "-c", DRAW, *map(str, elsewhere)], check=True)
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "savefig.bbox": "tight"}):
        relevance, sites = np.sin(np.arange(800.0)), [Site(3, 9, "box")]
        figure = draw_logo("ACGT" * 200, relevance, DNA, title="t", sites=sites)
        for there in elsewhere:
            here = tmp_path / f"here{there.suffix}"
            for _ in range(2):
                save_logo(figure, here)
                assert here.read_bytes() == there.read_bytes()


def test_nothing_of_matplotlib_is_changed_or_left_open(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    save_logo(logo(30), tmp_path / "logo.svg")
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.pyplot.get_fignums() == []


def test_pixels_are_green_above_the_axis_and_red_below(tmp_path: Path) -> None:
    save_logo(draw_logo("AU", np.array([1.0, -1.0]), RNA, title=""), tmp_path / "logo.png")
    image = imread(tmp_path / "logo.png")[..., :3]
    green, red = (
        np.argwhere(np.abs(image - to_rgb(colour)).max(axis=-1) < 0.01) for colour in (BASES["A"], BASES["U"])
    )
    assert min(len(green), len(red)) > 1000
    assert np.median(green[:, 0]) < np.median(red[:, 0])  # rows count from the top
    assert np.median(green[:, 1]) < np.median(red[:, 1])


@pytest.mark.parametrize(("length", "alphabet"), [(1000, PROTEIN), (5000, DNA), (400, RNA)])
def test_a_picture_fits_a_page_whatever_its_title(tmp_path: Path, length: int, alphabet: Alphabet) -> None:
    figure = logo(length, alphabet, title="x" * 5000, subtitle="y " * 500)
    save_logo(figure, tmp_path / "logo.png")
    height, width, _ = imread(tmp_path / "logo.png").shape
    assert width == pytest.approx(7.2 * 300, abs=3)
    assert height < 12 * 300


def test_tokens_are_told_apart_by_lines_before_them() -> None:
    drawn = logo(150, borders=[0, 3, 10, 80, 140])
    lines = [
        [one for one in axes.collections if isinstance(one, LineCollection) and one.get_alpha()]
        for axes in drawn.axes[::2]
    ]
    rows = [[float(segment[0][0]) for one in some for segment in one.get_segments()] for some in lines]
    assert rows == [[3.0, 10.0], [80.0, 140.0]]


def test_a_letter_off_the_sequence_cannot_be_plus_one() -> None:
    with pytest.raises(InputError, match="letter 31 cannot be \\+1 of 30: expected one of them"):
        logo(30, origin=PlusOne(30))


def stacked(length: int = 60, seed: int = 0, **options: Any) -> Logo:
    """A sequence by two runs, whose relevance differs in size."""
    letters, relevance = example(length, seed=seed)
    return Logo(
        letters, [relevance, 10 * relevance[::-1]], DNA, title=f"s{seed}", names=["a", "b"], **options
    )


def test_runs_lie_over_each_other_on_axes_of_their_own() -> None:
    one = stacked()
    above, below, foot = draw_page([one]).axes
    for axes, relevance in ((above, one.relevance[0]), (below, one.relevance[1])):
        drawn = letters_drawn(axes)
        np.testing.assert_allclose([height for _, height in drawn], relevance, rtol=1e-6)
        assert axes.get_xlim() == foot.get_xlim()
    assert above.get_position().y0 > below.get_position().y1 > foot.get_position().y1
    assert below.get_ylim()[1] > 5 * above.get_ylim()[1]
    assert {"a", "b"} <= set(words(draw_page([one])))
    assert len({axes.get_ylim() for axes in draw_page([one], one_scale=True).axes[:2]}) == 1


def test_sequences_of_a_page_have_the_scale_of_their_run() -> None:
    logos = [stacked(60, 0), stacked(80, 1)]
    figure = draw_page(logos, title="two sequences")
    ends = [axes.get_ylim() for axes in figure.axes]
    assert ends[0] == ends[3]
    assert ends[1] == ends[4]
    assert {"two sequences", "s0", "s1"} <= set(words(figure))
    tops = [axes.get_position().y1 for axes in figure.axes]
    assert tops == sorted(tops, reverse=True)


def test_a_region_has_its_own_letters_numbers_and_scale() -> None:
    letters, relevance = example(300)
    relevance[200] = 99
    figure = draw_page([Logo(letters, [relevance], DNA, region=range(20, 50), sites=[Site(45, 90, "box")])])
    (axes,) = heads(figure)
    middles, heights = zip(*letters_drawn(axes), strict=True)
    np.testing.assert_allclose(middles, np.arange(20, 50) + 0.5, atol=1e-9)
    np.testing.assert_allclose(heights, relevance[20:50], rtol=1e-6)
    assert axes.get_ylim()[1] < 10
    assert tick_labels(feet(figure)[0])[0] == "22"
    below = feet(figure)[0].collections[-1].get_paths()[0].get_extents()
    assert (below.x0, below.x1) == (45, 50), "what of the site is drawn"


def test_a_long_region_has_an_overview_of_itself() -> None:
    letters, relevance = example(2000)
    relevance[[300, 1100]] = 50
    overview, *windows = heads(draw_page([Logo(letters, [relevance], DNA, region=range(1000, 1500))]))
    assert overview.get_xlim() == (1000, 1500)
    assert any(axes.get_xlim()[0] <= 1100 < axes.get_xlim()[1] for axes in windows)
    assert all(axes.get_xlim()[0] >= 1000 and axes.get_xlim()[1] <= 1500 for axes in windows)
    assert overview.get_ylim()[1] > 50


def test_a_map_has_a_cell_for_every_letter_of_the_alphabet() -> None:
    letters, relevance = example(30)
    effects = np.random.default_rng(1).normal(size=(30, 4))
    logo, below, _ = draw_page([Logo(letters, [relevance], DNA, effects=[effects], region=range(5, 25))]).axes
    (image,) = below.get_images()
    np.testing.assert_array_equal(np.asarray(image.get_array()), effects[5:25].T)
    assert image.get_extent() == [5, 25, 4, 0]
    assert image.get_clim() == pytest.approx((-np.abs(effects[5:25]).max(), np.abs(effects[5:25]).max()))
    assert [label.get_text() for label in below.get_yticklabels()] == list("ACGT")
    assert below.get_xlim() == logo.get_xlim()
    dots = np.asarray(below.collections[0].get_offsets())
    assert ["ACGT"[int(y)] for _, y in dots] == list(letters[5:25])


@pytest.mark.parametrize("height", [1.5, 3.0, 12.0])
def test_a_page_is_as_high_as_it_is_asked_for(height: float) -> None:
    figure = draw_page([stacked()], height=height + 1)
    assert figure.get_figheight() == pytest.approx(height + 1)
    assert {round(axes.get_position().height * 72 * (height + 1), 3) for axes in figure.axes[:2]} != {66.0}


def test_what_a_page_cannot_hold_is_refused() -> None:
    with pytest.raises(InputError, match="1 inches are too low for this picture: expected 2 or more"):
        draw_page([stacked()], height=1.0)
    draw_page([stacked()], height=2.0)
    with pytest.raises(InputError, match=r"would be 2[0-9]+ inches high: expected 200 at most"):
        draw_page([stacked()] * 90)
    with pytest.raises(InputError, match="region 1-61 of 60 letters: expected some of them"):
        stacked(region=range(0, 61))


def test_names_that_are_cut_at_their_sites_are_whole_in_a_legend() -> None:
    name = "Decreased catalytic activity and reaction specificity, of both substrates"
    sites = [Site(10, 12, name, kind="mutagenesis"), Site(30, 31, "short", kind="mutagenesis")]
    figure = logo(60, sites=sites)
    assert f"mutagenesis: {name}" in words(figure)
    assert words(figure).count("mutagenesis: short") == 1


@pytest.mark.parametrize("length", [60, 250, 1200])
def test_nothing_overlaps_on_a_page_of_several_runs_and_sequences(length: int) -> None:
    sites = [Site(3 + 20 * i, 9 + 20 * i, f"factor {i}", kind="binding site") for i in range(5)]
    shown = [stacked(length, seed, sites=sites[: length // 25]) for seed in (0, 1)]
    figure = draw_page(shown, title="a page")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts(figure)]
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
