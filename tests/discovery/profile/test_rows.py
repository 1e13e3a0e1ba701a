"""Where each letter of a sequence lies on the axis of positions, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.data.sequences import DNA, PROTEIN
from relevome.data.sites import Site
from relevome.discovery.profile.rows import NO_SITE, NOT_ALIGNED, OUTSIDE, SAME_PLACE, RowPlacer
from relevome.errors import InputError
from relevome.results.profile.profile import ProfileSettings
from tests.results.conftest import _letters_only as row

LETTERS, VALUES = "ACGTNA", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
NAN = np.nan
GENOME = {"chrom": "chr1", "start": 100, "end": 106}


def read(placed, alphabet=DNA):
    """Letters of a row as text, ``.`` where there is none, and its values."""
    names = alphabet.letters + "?."
    return "".join(names[code] for code in placed.codes), placed.values.tolist()


def same(found, expected):
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("anchor", "width", "letters", "values"),
    [
        ("start", 4, "ACGT", [1, 2, 3, 4]),
        ("start", 8, "ACGT?A..", [*VALUES, NAN, NAN]),
        ("end", 3, "T?A", [4, 5, 6]),
        ("end", 7, ".ACGT?A", [NAN, *VALUES]),
    ],
)
def test_a_sequence_from_its_start_or_up_to_its_end(anchor, width, letters, values):
    (found,) = RowPlacer(ProfileSettings(anchor, width=width), DNA).rows(row("s", LETTERS, VALUES))
    assert read(found)[0] == letters
    same(found.values, np.array(values, dtype=np.float32))
    assert found.about[:4] == ("s", "", "+", 0 if anchor == "start" else 6)
    assert found.about.total == np.nansum(values)


@pytest.mark.parametrize(
    ("at", "anchor", "letters", "values"),
    [
        # a site on letters 2 and 3: two positions before the anchor, two from it on
        ("start", 2, "ACGT", [1, 2, 3, 4]),
        ("middle", 3, "CGT?", [2, 3, 4, 5]),
        ("end", 4, "GT?A", [3, 4, 5, 6]),
    ],
)
def test_around_a_site_position_0_is_its_start_its_middle_or_the_letter_behind(at, anchor, letters, values):
    settings = ProfileSettings("site", at, width=4)
    assert [*settings.positions] == [-2, -1, 0, 1]
    placer = RowPlacer(settings, DNA, {"s": [Site(2, 4, "box")]})
    (found,) = placer.rows(row("s", LETTERS, VALUES))
    assert found.about[:4] == ("s", "box", "+", anchor)
    assert read(found) == (letters, values)


@pytest.mark.parametrize(
    ("at", "anchor", "letters", "values"),
    [
        # the other strand reads T?ACGT with relevance 6 5 4 3 2 1; the site, letters 2 and 3, is its AC
        ("start", 3, "T?AC", [6, 5, 4, 3]),
        ("middle", 2, "?ACG", [5, 4, 3, 2]),
        ("end", 1, "ACGT", [4, 3, 2, 1]),
    ],
)
def test_a_site_on_the_other_strand_is_read_along_its_own(at, anchor, letters, values):
    placer = RowPlacer(ProfileSettings("site", at, width=4), DNA, {"s": [Site(2, 4, "box", "-")]})
    (found,) = placer.rows(row("s", LETTERS, VALUES))
    assert found.about[:4] == ("s", "box", "-", anchor)
    assert read(found) == (letters, values)


def test_sites_of_proteins_have_no_strand():
    placer = RowPlacer(ProfileSettings("site", width=2), PROTEIN, {"s": [Site(1, 2, "x", "-")]})
    (found,) = placer.rows(row("s", "MKV", [1, 2, 3]))
    assert read(found, PROTEIN) == ("MK", [1, 2])


@pytest.mark.parametrize("strand", ["+", "-"])
def test_a_window_on_either_strand_is_read_in_its_own_direction(strand):
    """The letters of a run are those of its strand; a site of the chromosome is turned with them."""
    # the first letter of the site in the direction of the window is letter 2 of the window
    place = (102, 104)
    site = Site(*place, "box", strand)
    placer = RowPlacer(ProfileSettings("site", width=4), DNA, {"chr1": [site]})
    (found,) = placer.rows(row("s", LETTERS, VALUES, **GENOME, strand=strand))
    assert found.about[:4] == ("s", "box", "+", 2)
    assert read(found) == ("ACGT", [1, 2, 3, 4])


def test_a_site_that_leaves_the_window_keeps_its_anchor():
    """It begins three letters before the window; its first letter there is position 3."""
    sites = {"chr1": [Site(97, 102, "x", "+"), Site(90, 100, "outside"), Site(106, 109, "outside")]}
    placer = RowPlacer(ProfileSettings("site", width=10), DNA, sites)
    (found,) = placer.rows(row("s", LETTERS, VALUES, **GENOME, strand="+"))
    assert found.about.anchor == -3
    assert read(found)[0] == "........AC", "positions -5 to 4"
    ends = RowPlacer(ProfileSettings("site", "end", width=12), DNA, {"chr1": [Site(104, 109, "y", "+")]})
    (behind,) = ends.rows(row("s", LETTERS, VALUES, **GENOME, strand="+"))
    assert behind.about.anchor == 9
    assert read(behind)[0] == "T?A.........", "positions -6 to 5"


def test_what_has_no_place_is_counted():
    placer = RowPlacer(
        ProfileSettings("site", "end", width=2), DNA, {"s": [Site(0, 2, "a"), Site(1, 2, "b")]}
    )
    assert len(placer.rows(row("s", LETTERS, VALUES))) == 1
    assert placer.rows(row("t", LETTERS, VALUES)) == []
    assert +placer.left_out == {SAME_PLACE: 1, NO_SITE: 1}
    far = RowPlacer(ProfileSettings("site", "end", width=2), DNA, {"chr1": [Site(104, 120, "a")]})
    assert far.rows(row("s", LETTERS, VALUES, **GENOME, strand="+")) == []
    assert +far.left_out == {OUTSIDE: 1}


def test_columns_of_an_alignment_have_gaps():
    placer = RowPlacer(
        ProfileSettings("alignment", width=8), DNA, alignment={"s": "A-CGT.NA", "other": "AAAAAAAA"}
    )
    (found,) = placer.rows(row("s", LETTERS, VALUES))
    assert read(found)[0] == "A.CGT.?A"
    same(found.values, np.array([1, NAN, 2, 3, 4, NAN, 5, 6], dtype=np.float32))
    assert placer.rows(row("t", LETTERS, VALUES)) == []
    assert +placer.left_out == {NOT_ALIGNED: 1}
    assert placer.used == {"s"}


@pytest.mark.parametrize(
    ("aligned", "said"),
    [("ACGANA", "'A' as letter 4, where the run has 'T'"), ("ACGTN-", "5 letters, and 6 in the run")],
)
def test_an_alignment_of_other_letters_is_refused(aligned, said):
    placer = RowPlacer(ProfileSettings("alignment", width=6), DNA, alignment={"s": aligned})
    with pytest.raises(InputError, match=said):
        placer.rows(row("s", LETTERS, VALUES))
