"""Measures and nulls of aligned sites, against numbers by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks._aligned import Aligned, aurocs, by_group, highest, rows, share_on, told


@pytest.fixture
def sites() -> Aligned:
    """Three sites of two genes; the mean sizes of relevance are 1, 2 and 3."""
    relevance = np.array([[2.0, 1, 0, -1], [0, 4, 0, 4], [3, 3, -3, 3]])
    return Aligned(relevance, ("ACGT", "AACC", "CATA"), ("one", "one", "other"), before=1)


def test_nulls_are_means_of_other_groups(sites: Aligned) -> None:
    nulls = sites.nulls()
    assert list(nulls) == ["place", "letter", "letter at its place"]
    of_one, of_other = [1, 1, -1, 1], [1, 1.5, 0, 0.5]
    np.testing.assert_allclose(nulls["place"].relevance, [of_one, of_one, of_other])
    # in the other gene A has 1 at its two places, C 1, T -1, and there is no G
    # in the first gene A has 2, 0 and 2, C 1, 0 and 2, T -1
    np.testing.assert_allclose(
        nulls["letter"].relevance, [[1, 1, 0, -1], [1, 1, 1, 1], [1, 4 / 3, -1, 4 / 3]]
    )
    # A at place 0 is in no other gene, so that it has what the place has
    np.testing.assert_allclose(
        nulls["letter at its place"].relevance,
        [[1, 1, -1, 1], [1, 1, -1, 1], [1, 2, 0, 0.5]],
    )


def test_what_is_known_stands_out(sites: Aligned) -> None:
    known = np.zeros((3, 4), dtype=bool)
    known[:, 1] = True
    np.testing.assert_allclose(share_on(sites, known), [1 / 4, 1 / 2, 1 / 4])
    everywhere = np.ones_like(known)
    # of three others: more than two; more than two and as much as one; more than one and as much as two
    np.testing.assert_allclose(aurocs(sites, known, everywhere), [2 / 3, 2.5 / 3, 2 / 3])
    found = aurocs(sites, known & sites.among("A"), everywhere)
    assert np.isnan(found).tolist() == [True, False, False]
    assert highest(sites) == 0


def test_a_site_without_relevance_has_no_share_and_no_say(sites: Aligned) -> None:
    dead = replace(sites, relevance=sites.relevance * [[1], [0], [1]])
    known = np.ones((3, 4), dtype=bool)
    assert np.isnan(share_on(dead, known)).tolist() == [False, True, False]
    np.testing.assert_allclose(dead.nulls()["place"].relevance[2], [1, 0.5, 0, -0.5])
    assert highest(dead) == -1


def test_a_group_counts_once() -> None:
    values, groups = np.array([0.2, 0.4, np.nan, 0.7]), ("one", "one", "two", "three")
    found = by_group(values, groups)
    assert found.mean == pytest.approx(0.5)
    assert 0.3 <= found.low < 0.5 < found.high <= 0.7


def test_a_row_says_all_nulls(sites: Aligned) -> None:
    def first(of: Aligned) -> np.ndarray:
        return aurocs(of, np.broadcast_to(of.places == 0, of.relevance.shape), np.ones((3, 4), dtype=bool))

    (row,) = rows("method", sites, sites, {"site": (first, "0.5")})
    assert row.name == "method: site (3 sites)"
    assert row.value == told(by_group(first(sites), sites.groups))
    for null in ("above 0.5", "; place 0.", "; letter 0.", "; letter at its place 0."):
        assert null in row.target
    assert row.target.endswith(f"; weights in random order {row.value}")
