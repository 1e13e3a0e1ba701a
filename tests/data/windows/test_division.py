"""How a genome is divided into parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relevome.data.contigs import Contig
from relevome.data.sequences import Interval
from relevome.data.shares import PARTS
from relevome.data.windows.division import Division, by_chromosome, by_name, by_region, without
from relevome.data.windows.letters import Cuts
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

CONTIGS = [Contig("a", 400), Contig("b", 90), Contig("c", 200)]


def cuts_at(places: list[tuple[int, int]]) -> Cuts:
    contig, start = np.array(places).T
    return Cuts(contig, start, np.zeros(len(start), dtype=bool))


@st.composite
def some_windows(draw: st.DrawFn) -> tuple[Cuts, int]:
    width = draw(st.integers(1, 40))
    places = st.integers(0, 2).flatmap(
        lambda number: st.tuples(st.just(number), st.integers(0, CONTIGS[number].length - width))
    )
    return cuts_at(draw(st.lists(places, min_size=3, max_size=30))), width


def letters_of(division: Division) -> list[tuple[str, int]]:
    return [
        (one.chrom, at)
        for some in division.regions.values()
        for one in some
        for at in range(one.start, one.end)
    ]


@settings(max_examples=40)
@given(some_windows(), st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5), (0.4, 0.3, 0.3)]), st.booleans())
def test_every_letter_is_in_one_part_and_windows_of_two_parts_never_overlap(
    windows: tuple[Cuts, int], shares: tuple[float, ...], whole: bool
) -> None:
    cuts, width = windows
    divide = by_chromosome(CONTIGS, cuts, shares) if whole else by_region(CONTIGS, cuts, width, shares)
    letters = letters_of(divide)
    assert len(letters) == len({*letters})
    everything = {(one.name, at) for one in CONTIGS for at in range(one.length)}
    assert {*letters} == everything
    part_of = divide.part_of(cuts, CONTIGS, width)
    for one, start, part in zip(cuts.contig, cuts.start, part_of, strict=True):
        name = CONTIGS[one].name
        inside = [
            number
            for number, part_name in enumerate(divide.regions)
            for region in divide.regions[part_name]
            if region.chrom == name and region.start <= start and start + width <= region.end
        ]
        assert inside == ([] if part < 0 else [part])
    if whole:
        assert (part_of >= 0).all()


def test_regions_have_their_shares_of_windows_and_borders_lie_between_windows() -> None:
    rng = np.random.default_rng(4)
    cuts = cuts_at([(0, int(at)) for at in np.sort(rng.choice(400, 90, replace=False)) * 40])
    contigs = [Contig("a", 16_040)]
    divided = by_region(contigs, cuts, 20, (0.8, 0.1, 0.1))
    counts = np.bincount(divided.part_of(cuts, contigs, 20))  # would not take -1
    assert counts.tolist() == [72, 9, 9]
    assert [*divided.regions] == [*PARTS]


def test_where_windows_lie_densely_those_across_a_border_are_in_no_part() -> None:
    cuts = cuts_at([(0, at) for at in range(0, 360, 5)])
    part_of = by_region(CONTIGS[:1], cuts, 20, (0.5, 0.5)).part_of(cuts, CONTIGS[:1], 20)
    assert [int((part_of == part).sum()) for part in (-1, 0, 1)] == [3, 33, 36]


def test_a_border_between_contigs_cuts_none() -> None:
    cuts = cuts_at([(0, at) for at in range(0, 300, 60)] + [(2, at) for at in range(0, 150, 30)])
    divided = by_region(CONTIGS, cuts, 10, (0.5, 0.5))
    assert divided.regions == {
        "train": (Interval("a", 0, 400),), "validation": (Interval("b", 0, 90), Interval("c", 0, 200)),
    }  # fmt: skip


def test_chromosomes_go_where_most_is_lacking() -> None:
    contigs = [Contig(str(number), 100) for number in range(6)]
    counts = [1, 6, 0, 2, 3, 2]
    cuts = cuts_at([(number, at) for number, count in enumerate(counts) for at in range(count)])
    divided = by_chromosome(contigs, cuts, (0.6, 0.2, 0.2))
    assert {part: [one.chrom for one in found] for part, found in divided.regions.items()} == {
        "train": ["1", "5", "2"], "validation": ["4"], "test": ["3", "0"],
    }  # fmt: skip


def test_parts_are_named_by_chromosomes_stretches_and_files(write: Write) -> None:
    bed = write("held.bed", "c\t0\t50\nc\t40\t60\n")
    divided = by_name(CONTIGS, ["a:11-20", str(bed)], ["b"])
    assert divided.regions == {
        "train": (Interval("a", 0, 10), Interval("a", 20, 400), Interval("c", 60, 200)),
        "validation": (Interval("b", 0, 90),),
        "test": (Interval("a", 10, 20), Interval("c", 0, 60)),
    }
    several = by_name(CONTIGS, ["a,b"], ())
    assert several.regions == {
        "train": (Interval("c", 0, 200),), "test": (Interval("a", 0, 400), Interval("b", 0, 90)),
    }  # fmt: skip
    assert by_name([Contig("a,b", 9), Contig("b", 9)], ["a,b"], ()).regions["test"] == (
        Interval("a,b", 0, 9),
    )


@pytest.mark.parametrize(
    ("test", "validation", "said"),
    [
        (["a:1-20"], ["a:20-30"], r"a:19-30\(.\) is of validation and a:0-20\(.\) of test"),
        (["a,b,c"], [], "nothing is left to train on"),
        (["z"], [], "region 'z' is neither contig:first-last nor a BED file"),
        (["a:300-500"], [], "expected a:first-last, counted from 1, on a contig of 400 letters"),
    ],
)
def test_parts_that_are_none_are_refused_in_one_line(
    test: list[str], validation: list[str], said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        by_name(CONTIGS, test, validation)
    assert "\n" not in str(caught.value)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=4),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=8),
)
def test_what_is_left_of_stretches_is_every_letter_that_is_not_taken(
    whole: list[tuple[int, int]], taken: list[tuple[int, int]]
) -> None:
    stretches, others = ([Interval("a", at, at + n) for at, n in some] for some in (whole, taken))
    gone = {at for one in others for at in range(one.start, one.end)}
    left = list(without(stretches, others))
    found = [at for one in left for at in range(one.start, one.end)]
    assert found == [at for one in stretches for at in range(one.start, one.end) if at not in gone]
