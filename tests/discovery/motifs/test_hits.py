"""Every place of a pattern."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks._planted_relevance import DNA_MOTIFS, planted_relevance
from relevome.data.sequences import DNA, PROTEIN, Alphabet, Sequence
from relevome.discovery.motifs import scan
from relevome.discovery.motifs.hits import CAP, hits
from relevome.discovery.motifs.maps import LetterMaps
from relevome.discovery.motifs.patterns import SeqletPattern
from relevome.discovery.motifs.scan import RelevanceScale, Scored, scores, windows_above, without_overlap
from relevome.discovery.motifs.seqlets import NullMaps


def pattern(values: np.ndarray, sign: int = 1, alphabet: Alphabet = DNA) -> SeqletPattern:
    none = np.zeros(0, dtype=np.int64)
    return SeqletPattern(alphabet, sign, np.abs(values), sign * values, none, none, none.astype(bool))


def random_maps(alphabet: Alphabet, lengths: list[int], seed: int = 0) -> LetterMaps:
    rng = np.random.default_rng(seed)
    letters = list(alphabet.letters + alphabet.unknown)
    sequences = [
        Sequence(f"s{i}", "".join(rng.choice(letters, size)), alphabet) for i, size in enumerate(lengths)
    ]
    return LetterMaps.of(sequences, [rng.normal(size=size) for size in lengths])


def by_hand(maps: LetterMaps, one: SeqletPattern, scale: RelevanceScale, turned: bool) -> dict[int, float]:
    """Score of each window that lies in one sequence, from its definition."""
    side = 0 if one.sign > 0 else 1
    length = np.sqrt(np.maximum(one.sign * one.contributions, 0).sum())
    found = {}
    width = len(one)
    for first, last in zip(maps.bounds[:-1].tolist(), maps.bounds[1:].tolist(), strict=True):
        for start in range(first, last - width + 1):
            total = 0.0
            for place in range(width):
                code = int(maps.codes[start + place])
                if code < 0:
                    continue
                row, column = (width - 1 - place, 3 - code) if turned else (place, code)
                value = max(one.sign * float(one.contributions[row, column]), 0)
                weight = one.sign * scale.factor[side] * float(maps.relevance[start + place])
                total += np.sqrt(value * min(max(weight, 0), scale.caps[side])) / length
            found[start] = total
    return found


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN])
@pytest.mark.parametrize("sign", [1, -1])
def test_scores_are_those_of_every_window(
    alphabet: Alphabet, sign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_CHUNK", 17)
    rng = np.random.default_rng(1)
    maps = random_maps(alphabet, [23, 4, 31, 1])
    size = len(alphabet.letters)
    patterns = [pattern(rng.normal(size=(width, size)), sign, alphabet) for width in (3, 6)]
    scale = RelevanceScale((0.8, 1.1), (1.5, 0.7))
    both = alphabet is DNA
    strands = 1 + both
    found = np.full((2, strands, len(maps.codes)), np.nan)
    for start, values in scores(maps, patterns, scale, both):
        found[:, :, start : start + values.shape[2]] = values
    for number, one in enumerate(patterns):
        for strand in range(strands):
            expected = by_hand(maps, one, scale, strand == 1)
            for place in range(len(maps.codes)):
                if place in expected:
                    assert found[number, strand, place] == pytest.approx(expected[place], abs=1e-6)
                else:
                    assert found[number, strand, place] == -np.inf
    bars = found.max((1, 2)) * 0.55
    above = windows_above(maps, patterns, scale, bars, both)
    columns = above.pattern.tolist(), above.turned.astype(int).tolist(), above.place.tolist()
    seen = set(zip(*columns, strict=True))
    assert seen == set(map(tuple, np.argwhere(found >= bars[:, None, None]).tolist()))
    assert len(seen) > 5


def test_the_bar_is_a_quantile_of_windows() -> None:
    rng = np.random.default_rng(1)
    maps = random_maps(DNA, [400, 300])
    one = pattern(rng.random((5, 4)))
    scale = RelevanceScale((2.0, 2.0))
    every = [*by_hand(maps, one, scale, False).values(), *by_hand(maps, one, scale, True).values()]
    found = scan.bars(maps, [one], scale, 0.1, both_strands=True)
    assert found[0] == pytest.approx(np.quantile(every, 0.9), abs=1e-6)


def test_of_overlapping_windows_the_best_is_kept() -> None:
    rng = np.random.default_rng(0)
    widths = np.array([4, 7])
    place, kind = rng.integers(0, 90, 80), rng.integers(0, 2, 80)
    found = Scored(place, kind, rng.random(80) < 0.5, rng.permutation(80).astype(float))
    kept = without_overlap(found, widths, 100)
    ours = set(kept.score.tolist())
    assert 5 < len(ours) < 40
    taken: set[int] = set()
    for i in np.argsort(-found.score):
        letters = set(range(int(place[i]), int(place[i] + widths[kind[i]])))
        assert (not letters & taken) == (float(found.score[i]) in ours)
        if not letters & taken:
            taken |= letters


def true_patterns() -> list[SeqletPattern]:
    """Planted motifs, with the log odds that they have relevance by."""
    return [
        pattern(np.maximum(np.log2(motif.probabilities * 4), 0) * motif.probabilities, sign)
        for motif, sign in zip(DNA_MOTIFS, (1, 1, 1, 1, 1, -1), strict=True)
    ]


def test_hits_are_where_motifs_were_planted_and_few_elsewhere() -> None:
    made = planted_relevance(5, 150, 200)
    maps = LetterMaps.of(made.sequences, made.relevance)
    found = hits(maps, true_patterns(), [NullMaps("n", LetterMaps.of(made.shuffles, made.noise))])
    names = [motif.name for motif in DNA_MOTIFS]
    places = {
        (row, names.index(site.name), site.start): site
        for row, sites in enumerate(made.sites)
        for site in sites
    }
    right = strand = one_sided = 0
    for row in range(len(found)):
        key = (int(found.sequence[row]), int(found.pattern[row]), int(found.start[row]))
        site = places.get(key)
        right += site is not None
        if site is not None and site.name in ("DnaA", "PhoB", "GATA"):  # others are the same on both strands
            one_sided += 1
            strand += found.turned[row] == (site.strand == "-")
    assert right >= 0.97 * len(places)
    assert 0.9 * len(found) <= right < len(found)
    assert strand >= 0.99 * one_sided > 100
    assert (found.q <= 0.05).all()
    assert (found.end - found.start == np.array([len(m) for m in DNA_MOTIFS])[found.pattern]).all()
    assert (np.diff(found.pattern) >= 0).all()


def test_turned_sequences_have_their_hits_on_the_other_strand() -> None:
    made = planted_relevance(5, 60, 150)
    null = [NullMaps("n", LetterMaps.of(made.shuffles, made.noise))]
    one = [true_patterns()[1]]  # unlike itself turned
    found = hits(LetterMaps.of(made.sequences, made.relevance), one, null)
    back = LetterMaps.of(
        [sequence.reverse_complement() for sequence in made.sequences],
        [values[::-1].copy() for values in made.relevance],
    )
    other = hits(back, one, null)
    ours = set(zip(found.sequence.tolist(), (150 - found.end).tolist(), found.turned.tolist(), strict=True))
    theirs = set(zip(other.sequence.tolist(), other.start.tolist(), (~other.turned).tolist(), strict=True))
    assert ours == theirs
    assert len(ours) > 12


def test_a_null_of_its_own_scale_is_brought_to_the_scale_of_the_maps() -> None:
    made = planted_relevance(5, 60, 150)
    maps = LetterMaps.of(made.sequences, made.relevance)
    noise = LetterMaps.of(made.shuffles, made.noise)
    large = replace(noise, relevance=64 * noise.relevance)
    found, other = (
        hits(maps, true_patterns(), [NullMaps("n", one, own_scale=True)]) for one in (noise, large)
    )
    np.testing.assert_array_equal(found.start, other.start)
    np.testing.assert_allclose(found.q, other.q)
    # what counts for as much as the strongest letters of the maps is a stricter null than noise as it is
    assert 0 < len(found) < len(hits(maps, true_patterns(), [NullMaps("n", noise)]))
    assert 0.5 < CAP < 1


def test_without_patterns_or_relevance_there_are_no_hits() -> None:
    maps = random_maps(DNA, [50, 60])
    null = [NullMaps("n", random_maps(DNA, [50, 60], seed=1))]
    assert len(hits(maps, [], null)) == 0
    nothing = replace(maps, relevance=np.zeros_like(maps.relevance))
    assert len(hits(nothing, true_patterns(), [NullMaps("n", nothing)])) == 0


def test_a_pattern_wider_than_a_sequence_has_no_place_in_it() -> None:
    maps = random_maps(DNA, [8, 5])
    found = hits(maps, [true_patterns()[2]], [NullMaps("n", maps)])
    assert len(found) == 0
