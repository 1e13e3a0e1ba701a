"""Sites that were planted in relevance are found, and nothing beyond the false discovery rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from relevome.discovery.covered_relevance import covered_relevance
from relevome.discovery.exchanged_values import ExchangedValues
from relevome.discovery.site_calling import averaged, call_sites, peaks
from relevome.results.coverage import lay_out
from relevome.results.relevant_sites import SiteNull, SiteSettings
from tests.discovery.planted_sites import WIDTH, planted_sites

SETTINGS = SiteSettings(draws=20)
SEEDS = range(20)


def called(planted, settings=SETTINGS):
    return call_sites(planted.covered(settings.window), settings)


def false_share(planted, settings=SETTINGS) -> float:
    found = called(planted, settings).sites
    false = [s for s in found if not any(a < s.end and s.start < a + WIDTH for a in planted.starts)]
    return len(false) / max(len(found), 1)


# What is found


@pytest.mark.parametrize("seed", range(5))
def test_planted_sites_are_recovered_each_within_one_letter(seed):
    planted = planted_sites(seed, height=6.0)
    found = called(planted).sites
    for start in planted.starts:
        (site,) = [one for one in found if one.start < start + WIDTH and start < one.end]
        assert abs(site.start - start) <= 1
        assert abs(site.end - start - WIDTH) <= 1
        assert start <= site.summit < start + WIDTH
        assert site.total == pytest.approx(planted.values[0, site.start : site.end].sum())
        assert site.letters == planted.letters[0, site.start : site.end].tobytes().decode()


@pytest.mark.parametrize(
    ("null", "options"),
    [
        ("order", {"height": 3.0}),
        ("letters", {"height": 3.0, "of_letters": 0.5}),
        ("pairs", {"height": 3.0, "of_letters": 0.5}),
        ("pairs", {"height": 6.0, "heavy": True}),
        ("pairs", {"length": 400, "sites": 3, "stretches": 40}),
    ],
)
def test_the_false_discovery_rate_is_the_one_asked_for(null, options):
    settings = replace(SETTINGS, null=null)
    shares = [false_share(planted_sites(seed, **options), settings) for seed in SEEDS]
    assert 0.03 <= np.mean(shares) <= 0.07


@pytest.mark.parametrize("fdr", [0.1, 0.2])
def test_another_false_discovery_rate_is_kept_too(fdr):
    settings = replace(SETTINGS, fdr=fdr)
    shares = [false_share(planted_sites(seed, height=3.0), settings) for seed in SEEDS]
    assert 0.6 * fdr <= np.mean(shares) <= 1.4 * fdr


@pytest.mark.parametrize("options", [{}, {"heavy": True}, {"of_letters": 0.5}])
def test_noise_has_no_sites(options):
    some = [bool(called(planted_sites(seed, 3000, 0, **options)).sites) for seed in SEEDS]
    assert sum(some) <= 1


def test_what_letters_are_worth_is_no_site_but_in_random_order():
    """Stretches rich in a letter that is worth much stand out from random order, not from equal letters."""
    rng = np.random.default_rng(0)
    planted = planted_sites(0, 10_000, 0)
    rich = np.tile(np.repeat([True, False], [15, 185]), 50)
    letters = np.where(rich & (rng.random(10_000) < 0.9), ord("A"), planted.letters).astype(np.uint8)
    values = 0.3 * planted.values + 2.0 * (letters == ord("A"))
    planted = replace(planted, values=values, letters=letters)
    found = {null: len(called(planted, replace(SETTINGS, null=null)).sites) for null in ("order", "letters")}
    assert found["order"] > 25
    assert found["letters"] <= 2


def test_shuffles_can_be_the_null():
    planted, noise = planted_sites(1, height=4.0), planted_sites(2, 200_000, 0)
    found = call_sites(planted.covered(7), SETTINGS, noise.covered(7))
    assert len({one.start for one in found.sites}) >= 100
    assert false_share(planted) <= 0.1
    # as high as they are, shuffles with such sites leave none
    same = call_sites(planted.covered(7), SETTINGS, planted_sites(3, height=4.0).covered(7))
    assert not same.sites


def test_negative_sites_are_those_of_relevance_turned_round():
    planted = planted_sites(1, height=4.0)
    turned = replace(planted, values=-planted.values)
    positive, negative = called(planted), called(turned, replace(SETTINGS, sign="negative"))
    assert [s[:5] for s in positive.sites] == [s[:5] for s in negative.sites]
    assert [s.height for s in positive.sites] == [-s.height for s in negative.sites]
    assert not [s for s in called(turned).sites if any(a <= s.summit < a + WIDTH for a in turned.starts)]


def test_sites_that_are_near_are_one_and_narrow_ones_are_counted():
    planted = planted_sites(1, 4000, 0)
    values = planted.values / 10
    for start in (1000, 1016, 3000):
        values[:, start : start + WIDTH] += 4
    planted = replace(planted, values=values)

    def places(found):
        return [(one.start, one.end) for one in found.sites if one.height > 2]

    assert places(called(planted, replace(SETTINGS, gap=5))) == [(1000, 1010), (1016, 1026), (3000, 3010)]
    assert places(called(planted, replace(SETTINGS, gap=6))) == [(1000, 1026), (3000, 3010)]
    narrow = called(planted, replace(SETTINGS, gap=6, least_width=11))
    assert places(narrow) == [(1000, 1026)]
    everything = called(planted, replace(SETTINGS, gap=6, least_width=1))
    assert narrow.narrow == len(everything.sites) - len(narrow.sites)


def test_the_same_seed_gives_the_same_sites():
    planted = planted_sites(1, height=1.5)
    assert called(planted) == called(planted)
    assert called(planted) != called(planted, replace(SETTINGS, seed=1))


def test_p_and_q_are_those_of_the_heights():
    planted, noise = planted_sites(1, 2000, 10, height=3.0), planted_sites(2, 9000, 0)
    found = call_sites(planted.covered(7), replace(SETTINGS, gap=0, least_width=1), noise.covered(7))
    heights = {}
    for name, one in (("seen", planted), ("null", noise)):
        smooth = averaged(one.values[0], 7)
        heights[name] = smooth[brute_peaks(smooth, 7)]
    p = np.array([(1 + (heights["null"] >= h).sum()) / (1 + len(heights["null"])) for h in heights["seen"]])
    q = false_discovery_control(p)
    expected = {round(h, 9): (a, b) for h, a, b in zip(heights["seen"], p, q, strict=True) if b <= 0.05}
    for site in found.sites:
        assert (site.p, site.q) == pytest.approx(expected[round(site.height, 9)])
    assert found.threshold == pytest.approx(min(expected))
    assert (found.peaks, found.null_peaks) == (len(heights["seen"]), len(heights["null"]))


# Its parts, by brute force


def brute_peaks(smooth, window):
    return [
        i
        for i in range(len(smooth))
        if smooth[i] > 0 and smooth[i] == smooth[max(i - window, 0) : i + window + 1].max()
    ]


@pytest.mark.parametrize("window", [1, 3, 7, 31])
@pytest.mark.parametrize("letters", [1, 5, 30])
def test_an_average_has_nothing_beyond_the_ends(window, letters):
    values = np.random.default_rng(0).normal(size=letters)
    half = window // 2
    expected = [values[max(i - half, 0) : i + half + 1].sum() / window for i in range(letters)]
    np.testing.assert_allclose(averaged(values, window), expected, atol=1e-12)


def test_peaks_are_the_highest_around():
    smooth = np.random.default_rng(0).normal(size=500)
    assert peaks(smooth, np.ones(500, dtype=bool), 4).tolist() == brute_peaks(smooth, 4)
    flat = np.array([0, 2, 2, 2, 0, 0, 0, 0, 1, 0, -1, -1, -1, -1, -1], dtype=float)
    assert peaks(flat, np.ones(15, dtype=bool), 3).tolist() == [2, 8]
    assert peaks(flat, np.arange(15) > 4, 3).tolist() == [8]
    assert peaks(-np.ones(5), np.ones(5, dtype=bool), 3).tolist() == []


def test_values_are_exchanged_within_their_kind():
    rng = np.random.default_rng(0)
    values, kinds = rng.normal(size=60), rng.integers(0, 4, 60)
    nothing = np.zeros(60, dtype=bool)
    mixed = ExchangedValues(values, kinds, np.zeros(60, dtype=np.int64), nothing)
    seen = np.array([mixed.draw(rng) for _ in range(4000)])
    for kind in range(4):
        at = kinds == kind
        assert (np.sort(seen[:, at], axis=1) == np.sort(values[at])).all()
        # every value is as often at every place
        counts = np.array([(seen[:, at] == value).sum(0) for value in values[at]])
        assert abs(counts / 4000 - 1 / at.sum()).max() < 0.05


def test_what_is_left_out_comes_up_nowhere_as_long_as_there_is_anything_else():
    values = np.arange(10.0)
    kinds = np.array([0, 0, 0, 1, 1, 2, 2, 3, 3, 3])
    groups = np.array([0, 0, 0, 0, 0, 1, 1, 2, 2, 2])
    out = np.array([1, 0, 0, 1, 1, 1, 1, 0, 1, 0], dtype=bool)
    mixed = ExchangedValues(values, kinds, groups, out)
    rng = np.random.default_rng(0)
    seen = np.array([mixed.draw(rng) for _ in range(500)])
    assert {*seen[:, :3].ravel()} == {1.0, 2.0}
    assert {*seen[:, 3:5].ravel()} == {1.0, 2.0}, "the kind has no others, the group has"
    assert {*seen[:, 5:7].ravel()} == {5.0, 6.0}, "the group has none either"
    assert {*seen[:, 7:].ravel()} == {7.0, 9.0}
    assert all({1.0, 2.0} <= {*row[:3]} and {7.0, 9.0} <= {*row[7:]} for row in seen), "none is lost"


# All relevance of a run


@pytest.fixture
def run(make_run, letters_only):
    """Windows of both strands that overlap, and one that does not."""
    genome = "ACGTTGCAAGGCTA"
    other = genome[::-1].translate(str.maketrans("ACGT", "TGCA"))
    rng = np.random.default_rng(0)

    def row(name, start, end, strand):
        letters = genome[start:end] if strand == "+" else other[len(genome) - end : len(genome) - start]
        values = rng.normal(size=end - start)
        return letters_only(name, letters, values, chrom="c", start=start, end=end, strand=strand)

    return make_run([row("a", 1, 6, "+"), row("b", 4, 8, "-"), row("d", 10, 14, "-"), row("e", 3, 5, "+")])


def test_relevance_is_what_the_tracks_have_with_the_letters_that_were_read(run):
    found = covered_relevance([lay_out(run, "promoter")], 3)
    pieces = list(lay_out(run, "promoter").track())
    np.testing.assert_array_equal(found.values[found.covered], np.concatenate([p.values for p in pieces]))
    assert found.stretch.tolist() == [0] * 7 + [-1] * 3 + [1] * 4 + [-1] * 3
    assert bytes(found.forward).replace(b"\0", b".") == b"CGTTG............"
    # what windows on - read, from left to right: bases 4 to 8 and 10 to 14 of the other strand
    assert bytes(found.backward).replace(b"\0", b".") == b"...ACGT...CGAT..."
    assert found.strands.tolist() == [1, 1, 1, 3, 3, 2, 2, 0, 0, 0, 2, 2, 2, 2, 0, 0, 0]
    assert [found.on_chromosome(i) for i in (0, 6, 10, 13)] == [("c", 1), ("c", 7), ("c", 10), ("c", 13)]
    assert found.letters(0, 3, backward=False) == "CGT"
    assert found.letters(10, 14, backward=True) == "TAGC"


def test_kinds_are_letters_as_they_were_read_and_those_before_them(run):
    found = covered_relevance([lay_out(run, "promoter")], 3)
    places = np.flatnonzero(found.covered)

    def key(place, pairs):
        letters = [found.stretch[place], found.forward[place], found.backward[place]]
        before = [found.forward[place - 1] if place else 0, found.backward[place + 1]]
        return tuple(map(int, letters + before * pairs))

    nulls: tuple[tuple[SiteNull, int], ...] = (("letters", 0), ("pairs", 1))
    for null, pairs in nulls:
        kinds, keys = found.kinds(null), [key(place, pairs) for place in places]
        same = np.equal.outer(kinds, kinds)
        assert same.tolist() == [[one == other for other in keys] for one in keys]
    assert found.kinds("order").tolist() == found.stretch[places].tolist()
