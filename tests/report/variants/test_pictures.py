"""Pictures of why: what is drawn where, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection

import relevome
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.jobs.variants.show import show_variant
from relevome.report.variants.pictures import draw_variant
from relevome.results.variants.why import MotifChange, WhyRow

REF, ALT = "ACGTA--CGT", "ACGTGTTC-T"


def row(**other) -> WhyRow:
    """Ten columns: a letter and two that are new, and one that is gone."""
    has = [np.array([letter != "-" for letter in letters]) for letters in (REF, ALT)]
    values = [
        np.where(one, sign * (1.0 + np.arange(10)), np.nan) for one, sign in zip(has, (1, -1), strict=True)
    ]
    difference = np.nan_to_num(values[1]) - np.nan_to_num(values[0])
    known = {
        "line": 1, "alternative": 1, "id": "v", "sequence_id": "chr1", "start": 104, "end": 107, "ref": "ACG",
        "alt": "GTTC", "kind": "complex", "gene": None, "strand": None, "target": "up", "target_index": 0,
        "letter": None, "first": 100, "changed_start": 4, "changed_end": 9, "ref_letters": REF,
        "alt_letters": ALT, "ref_relevance": values[0].astype(np.float32),
        "alt_relevance": values[1].astype(np.float32), "difference": difference.astype(np.float32),
        "difference_low": (difference - 1).astype(np.float32),
        "difference_high": (difference + 2).astype(np.float32), "ref_score": 0.5, "alt_score": -1.25,
        "ref_special": 0.0, "alt_special": 0.0,
    }  # fmt: skip
    return WhyRow(**known | other)


def letters_of(axes) -> list[tuple[int, float]]:
    """Column and height of every letter that is drawn."""
    found = []
    for one in axes.collections:
        if isinstance(one, PathCollection):
            box = one.get_paths()[0].get_extents()
            found.append((int(np.floor((box.x0 + box.x1) / 2)), box.y1 if box.y1 > 1e-9 else box.y0))
    return found


def test_every_letter_stands_in_its_column():
    figure = draw_variant(row(), DNA, method="saliency")
    reference, alternative, difference = figure.axes
    assert [column for column, _ in letters_of(reference)] == [0, 1, 2, 3, 4, 7, 8, 9]
    assert [column for column, _ in letters_of(alternative)] == [0, 1, 2, 3, 4, 5, 6, 7, 9]
    assert [column for column, _ in letters_of(difference)] == [*range(10)]
    for axes, values in ((reference, row().ref_relevance), (difference, row().difference)):
        for column, height in letters_of(axes):
            assert height == pytest.approx(float(values[column]), abs=1e-5)
    assert reference.get_ylim() == alternative.get_ylim()
    assert sum(text.get_text() == "\N{EN DASH}" for text in reference.texts) == 2
    texts = [text.get_text() for text in figure.texts]
    assert "v, chr1:105 ACG > GTTC" in texts
    assert "up: 0.5 with the reference, -1.25 with the alternative; saliency" in texts
    assert [text.get_text() for text in difference.get_xticklabels()] == [
        str(place) for place in range(101, 109)
    ]


def test_what_differs_is_marked_and_motifs_lie_below():
    known = {
        "ref_score": 9.0,
        "alt_score": 1.0,
        "ref_p": 1e-5,
        "alt_p": 0.5,
        "window_p": 0.01,
        "relevance": 1.0,
    }
    lost = MotifChange("GATA", "-", 3, 8, **known)
    figure = draw_variant(row(lost=lost), DNA, method="saliency")
    for axes in figure.axes:
        marked = [patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches]
        assert [(round(one.x0, 6), round(one.x1, 6)) for one in marked] == [(4, 9)]
    (said,) = [text.get_text() for text in figure.axes[0].texts if "GATA" in text.get_text()]
    assert said.startswith("GATA (-) went: p 1.0e-05 before")
    bars = [line for line in figure.axes[0].lines if np.array_equal(line.get_xdata(), [3, 8])]
    assert len(bars) == 1
    assert not [text for axes in figure.axes[1:] for text in axes.texts if "GATA" in text.get_text()]


def test_bars_are_drawn_where_windows_were_moved():
    from matplotlib.collections import LineCollection

    for shifts, count in ((0, 0), (2, 10)):
        axes = draw_variant(row(), DNA, method="saliency", shifts=shifts).axes[2]
        bars = [one for one in axes.collections if isinstance(one, LineCollection)]
        segments = [segment for one in bars for segment in one.get_segments()]
        assert len(segments) == count
        for place, segment in enumerate(segments):
            ends = row().difference_low[place], row().difference_high[place]
            np.testing.assert_allclose(segment, [[place + 0.5, ends[0]], [place + 0.5, ends[1]]])


def test_from_the_command_line(toy_model, relevome_cli, write, tmp_path):
    text = "".join(np.random.default_rng(9).choice(list("ACGT"), 60))
    vcf = write(
        "v.vcf", f"##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\nc\t31\tv\t{text[30:33]}\t{text[30]}\n"
    )
    given = {"vcf": vcf, "genome": write("g.fa", f">c\n{text}\n"), "width": 40}
    scores = relevome.variants(toy_model("cnn"), tmp_path / "scores", **given)
    out = tmp_path / "out"
    relevome.variants(toy_model("cnn"), out, **given, why=True, method="gradient-x-input", shifts=2)
    for name in ("a.png", "a.svg"):
        code, said, _ = relevome_cli("show", out, "--variant", "v", "--flank", 12, "-o", tmp_path / name)
        assert (code, said.strip()) == (0, str(tmp_path / name))
    first = (tmp_path / "a.svg").read_bytes()
    show_variant(out, f"c:31:{text[30:33]}>{text[30]}", tmp_path / "b.svg", flank=12)
    assert (tmp_path / "b.svg").read_bytes() == first
    code, _, err = relevome_cli("show", out, "--variant", "v", "--list")
    assert code == 2
    assert "expected one folder of `relevome variants --why` with --variant NAME" in err[0]
    refused: list[tuple[Any, str, dict[str, Any], str]] = [
        (scores, "v", {}, "has scores alone: make it with `relevome variants --why`"),
        (out, "w", {}, "has no variant 'w'"),
        (out, "v", {"gene": "g"}, "is not in gene 'g'"),
        (out, "v", {"inches": 99.0}, "--width 99: expected inches from 3 to 40"),
    ]
    for found, name, options, message in refused:
        with pytest.raises(InputError, match=message):
            show_variant(found, name, tmp_path / "x.png", **options)
    with pytest.raises(InputError, match="would be drawn: expected 200 at most"):
        draw_variant(
            row(changed_start=0, ref_letters="A" * 300, alt_letters="A" * 300), DNA, method="x", flank=250
        )
