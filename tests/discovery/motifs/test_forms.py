"""Forms of one motif come together, and two motifs stay two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from benchmarks._planted_relevance import planted_relevance
from benchmarks.motifs import given, resemblance
from relevome.data.motifs import Motif
from relevome.data.sequences import DNA, RNA, Alphabet, Sequence
from relevome.discovery.motifs.find import find_motifs
from relevome.discovery.motifs.forms import compare, linked_places, together
from relevome.discovery.motifs.maps import LetterMaps, complement_codes
from relevome.discovery.motifs.patterns import SeqletPattern, pattern_at
from relevome.discovery.motifs.seqlets import NullMaps
from relevome.discovery.motifs.windows import Spots

HALF, AT, WIDE = 8, 16, 40


def letters_of(consensus: str, kept: float, count: int, rng: np.random.Generator) -> list[str]:
    """Sites that keep to each letter with this probability; at a dot any letter."""
    return [
        "".join(one if one != "." and rng.random() < kept else "ACGT"[rng.integers(4)] for one in consensus)
        for _ in range(count)
    ]


def groups(*sites: list[str], alphabet: Alphabet = DNA) -> tuple[LetterMaps, list[SeqletPattern]]:
    """Random sequences with sites at one place, relevance of 1 at their letters, and a pattern of each group.

    Sites in lower case are turned.
    """
    rng = np.random.default_rng(5)
    sequences, values, spots = [], [], []
    for some in sites:
        for site in some:
            text = list("".join(rng.choice(list("ACGT"), WIDE)))
            text[AT : AT + len(site)] = site.upper()
            row = Sequence(f"s{len(sequences)}", "".join(text), DNA)
            relevance = np.zeros(WIDE)
            relevance[AT : AT + len(site)] = 1
            if site.islower():
                row, relevance = row.reverse_complement(), relevance[::-1]
            letters = row.letters.replace("T", "U") if alphabet == RNA else row.letters
            sequences.append(Sequence(row.id, letters, alphabet))
            values.append(relevance)
    maps = LetterMaps.of(sequences, values)
    first = 0
    for some in sites:
        rows = np.arange(first, first + len(some))
        middle = AT + len(some[0]) // 2
        centre = [maps.bounds[row] + (WIDE - middle if one.islower() else middle) for row, one in
                  zip(rows, some, strict=True)]  # fmt: skip
        spots.append(Spots(np.array(centre), rows, np.zeros(len(rows), dtype=bool)))
        first += len(some)
    made = [pattern_at(maps, one, 1, HALF, np.full(4, 0.25)) for one in spots]
    assert all(made)
    return maps, [one for one in made if one is not None]


def by_hand(ours: list[str], others: list[str]) -> float:
    """Of all places that differ by scipy's test, one after the other."""
    places = range(len(ours[0]))
    columns = []
    for place in places:
        table = np.array([[sum(one[place] == letter for one in some) for letter in "ACGT"]
                          for some in (ours, others)])  # fmt: skip
        seen = table[:, table.sum(0) > 0]
        if seen.shape[1] < 2:
            continue
        tested: Any = chi2_contingency(seen, lambda_="log-likelihood")
        if tested.pvalue * len(places) >= 0.01:
            continue
        odds = {}
        for letter, (n, m) in zip("ACGT", table.T, strict=True):
            p, q = (n + 0.125) / (len(ours) + 0.5), (m + 0.125) / (len(others) + 0.5)
            odds[letter] = np.log(p / q)
        columns.append([[odds[one[place]] for one in some] for some in (ours, others)])

    def variance(pair: list[np.ndarray]) -> float:
        mean = (np.mean(pair[0]) + np.mean(pair[1])) / 2
        return float(sum(np.mean((one - mean) ** 2) for one in pair) / 2)

    if not columns:
        return 1.0
    sums = [np.sum([np.array(column[side]) for column in columns], axis=0) for side in (0, 1)]
    return variance(sums) / sum(variance([np.array(one) for one in column]) for column in columns)


@pytest.mark.parametrize(("one", "other"), [("ACGTTC", "ACGTTC"), ("ACGTTC", "ACGATC"), ("ACGTTC", "TCGATG")])
def test_places_that_go_together_by_hand(one: str, other: str) -> None:
    rng = np.random.default_rng(0)
    ours, others = letters_of(one, 0.8, 90, rng), letters_of(other, 0.85, 40, rng)
    first, second = (
        np.array([["ACGT".index(letter) for letter in site] for site in some]) for some in (ours, others)
    )
    assert linked_places(first, second, 4) == pytest.approx(by_hand(ours, others))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_places_that_always_go_together_are_counted(count: int) -> None:
    ours = np.zeros((50, 8), dtype=np.int64)
    others = ours.copy()
    others[:, :count] = 3
    assert linked_places(ours, others, 4) == pytest.approx(count)


def test_one_matrix_that_is_split_by_a_letter_has_no_places_that_go_together() -> None:
    rng = np.random.default_rng(1)
    for place in range(6):
        codes = np.where(rng.random((400, 6)) < 0.7, np.arange(6) % 4, rng.integers(0, 4, (400, 6)))
        has = codes[:, place] == place % 4
        assert linked_places(codes[has], codes[~has], 4) == pytest.approx(1, abs=0.15)


def test_groups_that_lack_a_letter_each_come_together() -> None:
    rng = np.random.default_rng(2)
    sites = [
        *(letters_of("TATAAT", 1.0, 60, rng),),
        *(letters_of(one, 1.0, 30, rng) for one in ("CATAAT", "TATAAG")),
        *(letters_of("GGCCAG", 1.0, 25, rng),),
    ]
    maps, patterns = groups(*sites)
    found, now = together(maps, patterns, HALF, True)
    assert now.tolist() == [0, 0, 0, 1]
    assert [one.seqlets for one in found] == [120, 25]
    assert [one.seqlets for one in found[0].forms] == [60, 30, 30]
    assert found[1].forms == ()
    # the matrix is that of all sites at once
    expected = np.array([[sum(one[i] == letter for some in sites[:3] for one in some) for letter in "ACGT"]
                         for i in range(6)])  # fmt: skip
    np.testing.assert_array_equal(found[0].counts, expected)


@pytest.mark.parametrize(("both", "motifs"), [(True, 1), (False, 2)])
def test_forms_lie_on_either_strand_only_where_both_were_read(both: bool, motifs: int) -> None:
    rng = np.random.default_rng(3)
    sites = [letters_of("GGTTCAC", 0.95, 60, rng)]
    sites.append([one.lower() for one in letters_of("GGTTCAG", 0.95, 40, rng)])
    maps, patterns = groups(*sites)
    found, _ = together(maps, patterns, HALF, both)
    assert len(found) == motifs
    if both:
        assert found[0].motif("").consensus == "GGTTCAC"
        assert found[0].turned.sum() == 40
        assert (found[0].counts.max(1) > 55).all()


def test_what_has_few_letters_in_common_is_compared_and_kept_apart() -> None:
    rng = np.random.default_rng(4)
    maps, patterns = groups(letters_of("TATAAT", 0.9, 60, rng), letters_of("TTGACA", 0.9, 60, rng))
    box, other = patterns
    found = compare(maps, box, other, HALF, complement_codes(DNA))
    assert not found.forms
    assert found.linked > 2
    assert len(together(maps, patterns, HALF, True).patterns) == 2
    assert together(maps, [], HALF, True).patterns == []


def planted_pair(one: str, other: str, kept: float) -> tuple[Motif, ...]:
    motifs = []
    for name, letters in (("one", one), ("other", other)):
        rows = [[kept if x == letter else (1 - kept) / 3 for x in "ACGT"] for letter in letters]
        motifs.append(Motif(name, name, np.array(rows), DNA))
    return tuple(motifs)


@pytest.mark.parametrize("kept", [0.8, 0.9])
def test_two_motifs_that_differ_in_three_of_eight_letters_stay_two(kept: float) -> None:
    motifs = planted_pair("ACGTTCAG", "ACATGCAT", kept)
    found = find_motifs(*given(planted_relevance(0, 300, 200, motifs), 0))
    assert len(found.patterns) == 2
    fits = np.array([[resemblance(one, motif) for motif in motifs] for one in found.patterns])
    assert sorted(fits.argmax(1)) == [0, 1]
    assert fits.max(1).min() > 0.95


def test_two_motifs_that_differ_in_one_letter_are_one() -> None:
    motifs = planted_pair("ACGTTCAG", "ACGTTCAT", 0.9)
    found = find_motifs(*given(planted_relevance(0, 300, 200, motifs), 0))
    assert len(found.patterns) == 1
    shares = found.patterns[0].motif("found").probabilities
    assert np.sort(shares.max(1))[0] < 0.6 < np.sort(shares.max(1))[1]


def test_seqlets_of_forms_are_those_of_their_motif() -> None:
    # sites that lack a letter, one in two, so that there are groups of each
    rng = np.random.default_rng(7)
    sequences, values = [], []
    for number in range(400):
        site = list("GATTCCGA")
        lacks = number % 4
        if lacks < 2:
            site[(0, 5)[lacks]] = "CT"[lacks]
        text = "".join(rng.choice(list("ACGT"), 60))
        sequences.append(Sequence(f"s{number}", text[:20] + "".join(site) + text[28:], DNA))
        row = 0.4 * rng.normal(size=60)
        row[20:28] += [0.0 if lacks < 2 and i == (0, 5)[lacks] else 3.0 for i in range(8)]
        values.append(row)
    maps = LetterMaps.of(sequences, values)
    others = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(800)]
    null = LetterMaps.of(
        [Sequence(f"n{i}", one, DNA) for i, one in enumerate(others)],
        [0.4 * rng.normal(size=60) for _ in others],
    )
    found = find_motifs(maps, [NullMaps("n", null)])
    assert len(found.patterns) == 1
    assert found.patterns[0].motif("").consensus in ("GATTCCGA", "TCGGAATC")
    assert (found.pattern_of == 0).sum() >= found.patterns[0].seqlets > 380
    assert found.grouped[1].alone == (found.pattern_of[found.seqlets.sign == 1] < 0).sum()
