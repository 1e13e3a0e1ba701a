"""Motifs to read and to look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.axes import Axes

from relevome.report.motifs.page import page, summary, write_motifs_page
from relevome.report.motifs.pictures import draw_motifs
from tests.results.motifs.test_folder import COUNTS, made


def heights(axes: Axes) -> list[tuple[int, float, float]]:
    """Place, lower and upper end of all letters that have a height."""
    boxes = [path.get_extents() for one in axes.collections for path in one.get_paths()]
    return sorted((round((box.x0 + box.x1) / 2), box.y0, box.y1) for box in boxes if box.height > 1e-9)


def test_letters_are_as_tall_as_their_share_of_bits_and_as_their_relevance() -> None:
    bits, relevance, *_ = draw_motifs(made()).axes
    shares = (COUNTS + 0.125) / 10.5
    information = 2 + (shares * np.log2(shares)).sum(1)
    for place in range(3):
        tops = [top for at, _, top in heights(bits) if at == place + 1]
        assert max(tops) == pytest.approx(information[place])
        ends = [(low, high) for at, low, high in heights(relevance) if at == place + 1]
        values = COUNTS[place] / 3 - 1
        assert max(high for _, high in ends) == pytest.approx(values[values > 0].sum())
        assert min(low for low, _ in ends) == pytest.approx(values[values < 0].sum())
        low, high = relevance.get_ylim()
        assert low <= values[values < 0].sum() < values[values > 0].sum() <= high


def test_every_motif_has_two_logos_with_its_name() -> None:
    named = made(settings=replace(made().settings, level=0.5))
    titles = [axes.get_title(loc="left") for axes in draw_motifs(named).axes]
    assert titles == ["positive_1: box", "relevance, 10 seqlets", "negative_1", "relevance, 10 seqlets"]
    titles = [axes.get_title(loc="left") for axes in draw_motifs(made(motifs=made().motifs[:1])).axes]
    assert titles == ["positive_1", "relevance, 10 seqlets"], "q of 1/3 is no name at 5%"


def test_the_page_says_what_was_found_and_what_not(tmp_path: Path) -> None:
    odd = made(about={"runs": ["a|b"], "nulls": ["shuffled sequences"], "database": ["d"], "sites": "s_1"})
    write_motifs_page(odd, tmp_path)
    text = (tmp_path / "motifs.md").read_text()
    assert "a\\|b" in text
    assert "| positive\\_1 | AT. |  | 10 | 2 | 2 |" in text
    assert "| positive\\_1 | LexA | 2 | 1 | 0.250 | 0.020 | 7 | 1 |" in text
    said = summary(odd)
    assert "known motifs among them: none" in said
    assert "on known sites more often than by where they lie: positive_1 on LexA" in said
    assert said[-3:] == ["a", "b", "none"]
    assert matplotlib.image.imread(tmp_path / "motifs.png").ndim == 3


def test_without_motifs_there_is_no_picture(tmp_path: Path) -> None:
    write_motifs_page(made(motifs=(), hits=(), seqlets=(), on_sites=()), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["motifs.md"]
    assert "- none" in page(made(motifs=(), hits=(), seqlets=(), on_sites=()))
