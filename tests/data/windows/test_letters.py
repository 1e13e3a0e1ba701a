"""Many windows at once, against letters cut one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from relevome.data.contigs import read_contigs
from relevome.data.genomes import open_genome
from relevome.data.sequences import DNA, Interval
from relevome.data.windows import letters as module
from relevome.data.windows.letters import Cuts, GenomeLetters, strandless_digest
from relevome.data.windows.negatives import FreePlaces, draw_windows

Write = Callable[[str, str | bytes], Path]

PAIRS = str.maketrans("ACGTRYN", "TGCAYRN")
CONTIGS = {"a": "ACGGTNNACGTTRYacgatTTGCAGGAC", "b": "TTGACAGGTA", "c": "GGCATCGATTACAGGCATT"}


@pytest.fixture
def letters(write: Write) -> Iterator[GenomeLetters]:
    """Windows of five letters of three contigs."""
    genome = write("g.fa", "".join(f">{name}\n{text}\n" for name, text in CONTIGS.items()))
    with open_genome(genome) as chromosomes:
        yield GenomeLetters(chromosomes, read_contigs(chromosomes, genome, DNA), 5)


def every_window() -> tuple[Cuts, list[str]]:
    """All windows of both strands in no order, and their letters."""
    found = [
        (number, start, reverse, text.upper()[start : start + 5])
        for number, text in enumerate(CONTIGS.values())
        for start in range(len(text) - 4)
        for reverse in (False, True)
    ]
    found = [found[i] for i in np.random.default_rng(1).permutation(len(found))]
    contig, start, reverse = (np.array(column) for column in list(zip(*found, strict=True))[:3])
    return Cuts(contig, start, reverse), [
        t[::-1].translate(PAIRS) if turned else t for *_, turned, t in found
    ]


@pytest.mark.parametrize("piece", [1, 17, 10_000])
def test_letters_are_those_of_the_genome_on_either_strand_whatever_is_cut_at_once(
    letters: GenomeLetters, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(module, "_PIECE", piece)
    cuts, expected = every_window()
    found, order = {}, []
    for which, cut in letters.cut(cuts):
        order += which.tolist()
        found |= {int(at): one.tobytes().decode() for at, one in zip(which, cut, strict=True)}
    assert [found[at] for at in range(len(cuts))] == expected
    places = [(cuts.contig[at], cuts.start[at], cuts.reverse[at]) for at in order]
    assert places == sorted(places)
    unknown, digests = letters.look(cuts)
    assert unknown.tolist() == [sum(letter not in "ACGT" for letter in text) for text in expected]
    for digest, text in zip(digests, expected, strict=True):
        for strand in (text, text[::-1].translate(PAIRS)):
            assert digest == strandless_digest(np.frombuffer(strand.encode(), dtype=np.uint8))
    assert len({*digests}) == len({min(text, text[::-1].translate(PAIRS)) for text in expected})


def test_what_windows_are_made_of_is_counted_among_plain_letters(letters: GenomeLetters) -> None:
    cuts, expected = every_window()
    composition = letters.composition(cuts)
    for text, gc, pairs in zip(expected, composition.gc, composition.pairs, strict=True):
        known = [letter for letter in text if letter in "ACGT"]
        assert gc == pytest.approx(sum(letter in "GC" for letter in known) / max(len(known), 1))
        counts = Counter(a + b for a, b in pairwise(text) if {a, b} <= {*"ACGT"})
        shares = [counts[a + b] / max(counts.total(), 1) for a in "ACGT" for b in "ACGT"]
        assert pairs == pytest.approx(shares)


def test_free_places_are_all_that_overlap_nothing_avoided(letters: GenomeLetters) -> None:
    stretches = [Interval("a", 2, 25), Interval("c", 0, 19), Interval("b", 3, 6)]
    avoided = [Interval("a", 9, 10), Interval("a", 0, 3), Interval("a", 24, 29), Interval("c", 7, 11)]
    avoided += [Interval("c", 8, 9), Interval("b", 0, 10)]
    expected = {
        (name, start)
        for name, text in CONTIGS.items()
        for start in range(len(text) - 4)
        if any(one.chrom == name and one.start <= start and start + 5 <= one.end for one in stretches)
        and not any(one.chrom == name and one.start < start + 5 and start < one.end for one in avoided)
    }
    free = FreePlaces.of(stretches, avoided, letters)
    drawn = free.draw(1000, True, np.random.default_rng(3))
    found = [(letters.contigs[c].name, int(s)) for c, s in zip(drawn.contig, drawn.start, strict=True)]
    assert len(found) == len(expected) > 10
    assert set(found) == expected
    assert 0 < drawn.reverse.sum() < len(drawn)
    assert not free.draw(1000, False, np.random.default_rng(3)).reverse.any()
    first = Counter(int(free.draw(1, False, np.random.default_rng(seed)).start[0]) for seed in range(400))
    assert min(first[start] for _, start in expected) > 0


def test_draws_have_letters_of_their_own_and_few_that_are_unknown(letters: GenomeLetters) -> None:
    whole = [Interval(name, 0, len(text)) for name, text in CONTIGS.items()]
    free = FreePlaces.of(whole, [], letters)
    cuts, expected = every_window()
    _, digests = letters.look(cuts)
    taken = {digests[expected.index("TTGAC")], digests[expected.index("CGTTR")]}
    for most_unknown in (0, 1, 5):
        found, made = draw_windows(free, 500, letters, taken, most_unknown, True, np.random.default_rng(5))
        texts = {}
        for which, cut in letters.cut(found):
            texts |= {int(at): one.tobytes().decode() for at, one in zip(which, cut, strict=True)}
        canonical = {min(text, text[::-1].translate(PAIRS)) for text in texts.values()}
        usable = [text for text in expected if sum(letter not in "ACGT" for letter in text) <= most_unknown]
        wanted = {min(text, text[::-1].translate(PAIRS)) for text in usable}
        gone = {min(t, t[::-1].translate(PAIRS)) for t in ("TTGAC", "CGTTR")}
        assert len(canonical) == len(texts) == len(made)
        assert canonical == wanted - gone
        assert set(made).isdisjoint(taken)
