"""The same change at other places: against every place of a window, looked at one by one."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.data.variants.matched import matched
from relevome.data.variants.variant import Variant, trimmed
from relevome.data.variants.windows import VariantWindowing, VariantWindows

TEXT = "".join(np.random.default_rng(2).choice(list("ACGT"), 70))


def windows_of(start: int, ref: int, alt: str, width: int | None = 40, text: str = TEXT) -> VariantWindows:
    """Those of a variant, with unknown letters beyond the ends."""
    found = VariantWindowing(width, "both", "N").around(
        Variant("c", start, text[start : start + ref], alt), lambda a, b: text[a:b], len(text)
    )
    assert isinstance(found, VariantWindows)
    return found


def changed(one: Variant) -> tuple[int, str, str]:
    """Where the letters that differ begin, and which they are."""
    shared, ref, alt = trimmed(one.ref, one.alt)
    return one.start + shared, ref, alt


@pytest.mark.parametrize("start", [2, 35, 66])
@pytest.mark.parametrize(("length", "more"), [(1, None), (2, "?"), (3, ""), (1, "GG"), (1, "A")])
def test_against_every_place(start, length, more):
    other = "ACGT"["ACGT".index(TEXT[start]) - 1]
    alt = {None: other, "?": other + "ACGT"["ACGT".index(TEXT[start + 1]) - 1]}.get(
        more, TEXT[start] + (more or "")
    )
    windows = windows_of(start, length, alt)
    own, ref, new = changed(windows.variant)
    mine = TEXT[:own] + new + TEXT[own + len(ref) :]
    first, last = max(start - 20, 0), min(start + 20, len(TEXT))
    expected = set()
    for at in range(first, last):
        if ref and new:
            fits = TEXT[at : at + len(ref)] == ref and at + len(ref) <= last
        else:
            fits = first < at and at + len(ref) < last
        apart = at + max(len(ref), 1) <= own or own + max(len(ref), 1) <= at
        if fits and apart and TEXT[:at] + new + TEXT[at + len(ref) :] != mine:
            expected.add(at)
    found = list(matched(windows, 1000, 0, "N"))
    places = []
    for one in found:
        assert TEXT[one.start : one.end] == one.ref
        assert one.growth == windows.variant.growth
        bare = one.start + (0 if ref and new else 1)
        places.append(bare)
        assert one.ref[bare - one.start :] == (ref if ref and new else TEXT[bare : bare + len(ref)])
        assert one.alt[bare - one.start :] == new
    assert sorted(places) == sorted(expected)
    assert len(places) == len(set(places))


def test_a_draw_is_of_the_variant_and_the_seed():
    windows = windows_of(35, 1, TEXT[35] + "GG")
    every = [str(one) for one in matched(windows, 1000, 0, "N")]
    assert [str(one) for one in matched(windows, 5, 0, "N")] == every[:5]
    assert [str(one) for one in matched(windows, 5, 1, "N")] != every[:5]
    alone = windows_of(35, 1, TEXT[35] + "CC")
    assert [one.start for one in matched(alone, 5, 0, "N")] != [
        one.start for one in matched(windows, 5, 0, "N")
    ]


def test_a_run_of_one_letter_has_the_same_deletion_elsewhere():
    """Which A is missing of AAAA nobody can say: none of them is another place."""
    text = "CGTC" + "AAAA" + "GCTGC"
    found = [changed(one)[0] for one in matched(windows_of(4, 2, "A", None, text), 100, 0, "N")]
    assert sorted(found) == [1, 2, 3, 8, 9, 10, 11]


def test_each_place_has_its_own_window():
    windowing = VariantWindowing(20, "both", "N", matched=lambda one: matched(one, 7, 0, "N"))
    found = windowing.around(Variant("c", 30, TEXT[30], "N"), lambda a, b: TEXT[a:b], len(TEXT))
    assert isinstance(found, VariantWindows)
    assert found.elsewhere
    for one in found.elsewhere:
        assert one.reference.at == 10
        assert one.reference.letters == TEXT[one.variant.start - 10 : one.variant.start + 10]
        assert one.elsewhere == ()


def test_of_an_unknown_letter_there_is_none():
    """Not even where a window is filled up with them, before the sequence."""
    windows = VariantWindowing(40, "ends", "N").around(
        Variant("c", 2, "N", "G"), lambda start, end: ("AC" + "N" * 50)[start:end], 52
    )
    assert windows.reference.letters.count("N") > 30
    assert not [*matched(windows, 9, 0, "N")]
