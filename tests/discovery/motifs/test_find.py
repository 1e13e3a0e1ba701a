"""Motifs from relevance alone, against what was planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks._planted_relevance import DNA_MOTIFS, PROTEIN_MOTIFS, planted_relevance
from benchmarks.motifs import given, recover, resemblance
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, Sequence
from relevome.discovery.known_motifs import matches
from relevome.discovery.motifs.find import MotifSettings, find_motifs
from relevome.discovery.motifs.grouping import GroupingSettings, group
from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.seqlets import NullMaps, seqlets


def test_six_planted_motifs_are_found_and_no_other() -> None:
    found = recover(11, DNA_MOTIFS, 200)
    assert found.smallest_r > 0.95
    assert found.others == 0
    assert found.sites_hit > 0.95
    assert 0.01 < found.false_hits < 0.09
    assert 0.01 < found.false_seqlets < 0.09


def test_motifs_of_proteins_are_found() -> None:
    found = recover(11, PROTEIN_MOTIFS, 150)
    assert found.smallest_r > 0.95
    assert found.others == 0
    assert found.sites_hit > 0.95
    assert found.false_hits < 0.07


def test_own_order_needs_no_shuffles_and_is_stricter() -> None:
    found = recover(11, DNA_MOTIFS, 200, own=True)
    assert found.smallest_r > 0.95
    assert found.others == 0
    assert found.false_hits < 0.07


@pytest.mark.parametrize("own", [False, True])
def test_nothing_is_found_in_noise_and_it_says_why(own: bool) -> None:
    for seed in range(3):
        found = find_motifs(*given(planted_relevance(seed, 200, 200, only_noise=True), seed, own))
        assert found.patterns == []
        assert len(found.hits) == 0
        assert [reason.split(":")[0] for reason in found.reasons] == ["positive", "negative"]
        assert all(
            "at a false discovery rate of 50%" in one or "fewer than the 20" in one or "alike" in one
            for one in found.reasons
        )


def test_the_same_seed_gives_the_same_motifs() -> None:
    maps, nulls = given(planted_relevance(2, 200, 150), 2)
    one, other = (find_motifs(maps, nulls, MotifSettings(seed=4)) for _ in range(2))
    assert len(one.patterns) == len(other.patterns) > 3
    for ours, theirs in zip(one.patterns, other.patterns, strict=True):
        np.testing.assert_array_equal(ours.counts, theirs.counts)
        np.testing.assert_array_equal(ours.contributions, theirs.contributions)
    np.testing.assert_array_equal(one.hits.start, other.hits.start)


def test_what_few_seeds_leave_is_found_in_other_rounds() -> None:
    maps, nulls = given(planted_relevance(2, 240, 150), 2)
    found = find_motifs(maps, nulls, MotifSettings(grouping=GroupingSettings(seeds=120)))
    fits = [[resemblance(one, motif) for motif in DNA_MOTIFS] for one in found.patterns]
    assert np.array(fits).max(0).min() > 0.95


def test_every_seqlet_is_in_a_pattern_or_counted_as_alone() -> None:
    maps, nulls = given(planted_relevance(2, 240, 150), 2)
    found = find_motifs(maps, nulls)
    for sign, grouped in found.grouped.items():
        assert grouped.seqlets == (found.seqlets.sign == sign).sum()
        inside = sum(one.seqlets for one in grouped.patterns)
        # halves of one site are one in its pattern
        assert 0 < grouped.alone <= grouped.seqlets - inside
    positive = found.grouped[1]
    assert positive.alone < 0.1 * positive.seqlets
    assert (found.pattern_of < 0).sum() == sum(grouped.alone for grouped in found.grouped.values())
    for number, one in enumerate(found.patterns):
        own = found.pattern_of == number
        assert set(found.seqlets.sign[own]) == {one.sign}
        assert set(found.seqlets.sequence[own]) == set(one.sequence)


def test_seqlets_of_a_pattern_lie_on_sites_of_its_motif() -> None:
    made = planted_relevance(2, 240, 150)
    maps, nulls = given(made, 2)
    for one in find_motifs(maps, nulls).patterns:
        best = max(DNA_MOTIFS, key=lambda motif: resemblance(one, motif))
        at_site = [
            any(site.name == best.name and abs(site.start - start) <= 2 for site in made.sites[row])
            for row, start in zip(one.sequence, one.start, strict=True)
        ]
        assert np.mean(at_site) > 0.95


def test_known_motifs_are_told_by_their_matrices() -> None:
    pytest.importorskip("memelite", reason="needs memelite: pip install 'relevome[motifs]'")
    rng = np.random.default_rng(0)
    others = [Motif(f"other{i}", f"other{i}", rng.dirichlet(np.full(4, 0.3), 10), DNA) for i in range(40)]
    patterns = find_motifs(*given(planted_relevance(2, 240, 150), 2)).patterns
    found = matches([one.motif("found") for one in patterns], [*DNA_MOTIFS, *others], shuffles=200)
    best = [some[0] for some in found]
    assert sorted(one.motif.name for one in best) == sorted(one.name for one in DNA_MOTIFS)
    assert max(one.q for one in best) < 0.05


def test_one_strand_alone_may_be_looked_at() -> None:
    settings = MotifSettings(grouping=GroupingSettings(both_strands=False))
    found = find_motifs(*given(planted_relevance(2, 240, 150), 2), settings)
    assert not found.hits.turned.any()
    assert not any(one.turned.any() for one in found.patterns)
    # those that differ between strands are found twice
    assert len(found.patterns) > len(DNA_MOTIFS)


def test_it_says_why_there_is_no_pattern() -> None:
    made = planted_relevance(2, 60, 150)
    maps, nulls = given(made, 2)
    many = MotifSettings(grouping=GroupingSettings(fewest=10_000))
    assert "fewer than the 10000 that a pattern needs" in find_motifs(maps, nulls, many).reasons[0]
    nothing = replace(maps, relevance=np.zeros_like(maps.relevance))
    assert find_motifs(nothing, nulls).reasons == [
        "positive: no letter has positive relevance",
        "negative: no letter has negative relevance",
    ]
    strict = find_motifs(maps, [*nulls, NullMaps("itself", maps)])
    assert (
        "exceeds the nulls at a false discovery rate of 50%; the best of both signs has 100% by itself"
        in (strict.reasons[0])
    )
    short = LetterMaps.of([Sequence("s", "ACAC", DNA)], [np.array([1.0, 0, 1, 0])])
    assert find_motifs(short, [NullMaps("n", short)]).reasons[0] == (
        "positive: positive relevance is nowhere high over three letters or more"
    )


def test_seqlets_that_are_not_alike_make_no_pattern() -> None:
    rng = np.random.default_rng(0)
    sequences = [Sequence(f"s{i}", "".join(rng.choice(list("ACGT"), 100)), DNA) for i in range(200)]
    values = [0.3 * rng.normal(size=100) for _ in sequences]
    for one in values:
        one[40:48] += 3  # whatever letters are there
    maps = LetterMaps.of(sequences, values)
    null = [NullMaps("n", LetterMaps.of(sequences, [0.3 * rng.normal(size=100) for _ in sequences]))]
    found = seqlets(maps, null)
    assert len(found) >= 200
    grouped = group(maps, found, 1, GroupingSettings(), rng)
    assert grouped.patterns == []
    assert grouped.alone == grouped.seqlets
    whole = find_motifs(maps, null)
    assert whole.patterns == []
    assert whole.reasons[0].endswith("seqlets are alike")
