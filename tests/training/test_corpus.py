"""Windows to learn a language from: where they lie, on which strand, and what is held out."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.errors import InputError
from relevome.training.corpus import Corpus, CorpusSource, read_source

Write = Callable[[str, str | bytes], Path]
PAIRS = str.maketrans("ACGT", "TGCA")


def bases(length: int, seed: int = 0) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def whole(name: str, letters: str, alphabet=DNA) -> Sequence:
    return Sequence(name, letters, alphabet).window(0, len(letters))


def source(*lengths: int) -> CorpusSource:
    stretches = tuple(whole(f"s{i}", bases(length, i)) for i, length in enumerate(lengths))
    return CorpusSource(Path("g.fa"), "", stretches, len(stretches), 0, ())


def test_windows_are_pieces_of_either_strand() -> None:
    genome = bases(997)
    corpus, rng = Corpus((whole("chr", genome),), window=23), np.random.default_rng(1)
    drawn = [corpus.draw(rng) for _ in range(2000)]
    for window in drawn:
        at = window.interval
        assert at is not None
        assert len(window) == 23
        piece = genome[at.start : at.end]
        assert window.letters == (piece if at.strand == "+" else piece.translate(PAIRS)[::-1])
    minus = sum(window.interval is not None and window.interval.strand == "-" for window in drawn)
    assert abs(minus - 1000) < 4 * np.sqrt(2000 / 4)


def test_every_place_is_as_likely() -> None:
    corpus, rng = Corpus((whole("a", bases(14)), whole("b", bases(6)), whole("c", bases(11))), window=9), None
    rng = np.random.default_rng(2)
    drawn = [str(corpus.draw(rng).interval)[:-3] for _ in range(5000)]
    places = [f"a:{i}-{i + 9}" for i in range(6)] + ["b:0-6"] + [f"c:{i}-{i + 9}" for i in range(3)]
    assert set(drawn) == set(places)
    for place in places:
        assert abs(drawn.count(place) - 500) < 4.5 * np.sqrt(5000 * 0.1 * 0.9)


def test_proteins_have_one_strand() -> None:
    corpus, rng = Corpus((whole("p", "MKTAYIAKQRQISFVK", PROTEIN),), window=5), np.random.default_rng(0)
    for window in [*(corpus.draw(rng) for _ in range(50)), *corpus.tiles(3, rng)]:
        assert window.letters in "MKTAYIAKQRQISFVK"


def test_tiles_lie_side_by_side_and_spread_when_fewer_are_asked_for() -> None:
    corpus = Corpus((whole("a", bases(70)), whole("b", bases(7)), whole("c", bases(35))), window=10)
    found = [str(tile.interval)[:-3] for tile in corpus.tiles(100, np.random.default_rng(0))]
    assert found == [f"a:{i}-{i + 10}" for i in range(0, 70, 10)] + ["b:0-7"] + [
        f"c:{i}-{i + 10}" for i in range(0, 30, 10)
    ]
    fewer = [str(tile.interval)[:-3] for tile in corpus.tiles(4, np.random.default_rng(0))]
    assert fewer == [found[i] for i in (0, 2, 5, 8)]


def test_the_end_of_a_genome_is_held_out() -> None:
    rest, held = source(1000, 60).held_out(0.2, window=50)
    assert [str(part.interval) for part in rest] == ["s0:0-848(+)"]
    assert [str(part.interval) for part in held] == ["s0:848-1000(+)", "s1:0-60(+)"]


@given(st.lists(st.integers(10, 400), min_size=1, max_size=9), st.floats(0.01, 0.6), st.integers(10, 90))
def test_nothing_is_lost_or_both_learnt_and_held_out(lengths: list[int], share: float, window: int) -> None:
    given_ = source(*lengths)
    try:
        rest, held = given_.held_out(share, window)
    except InputError:
        assert sum(lengths[1:]) < share * sum(lengths)
        return
    assert "".join(part.letters for part in (*rest, *held)) == "".join(s.letters for s in given_.stretches)
    assert sum(map(len, held)) >= share * sum(lengths)
    cut = [part for part in (rest[-1], held[0]) if len(part) not in lengths]
    assert all(len(part) >= window for part in cut)


def test_windows_never_hold_iupac_codes(write: Write) -> None:
    genome = write("g.fa.gz", gzip.compress(b">chr some words\nACGTACGTACnnnnnACGTACGTA\nRacgtacgtacgt\n"))
    read = read_source(genome, True, DNA, "refuse")
    assert [str(part.interval) for part in read.stretches] == ["chr:0-10(+)", "chr:25-37(+)"]
    assert (read.sequences, read.left_out, read.describe()["letters"]) == (1, 15, 22)


def test_a_table_needs_no_labels(write: Write) -> None:
    table = write("t.csv", "id,sequence\na,ACGTACGTACGT\nb,ACGTXACGTACGT\n")
    read = read_source(table, False, DNA, "skip")
    assert [part.letters for part in read.stretches] == ["ACGTACGTACGT"]
    assert [problem["id"] for problem in read.describe()["skipped"]] == ["b"]
    with pytest.raises(InputError, match=r"t.csv, line 3: .*'X' at position 5"):
        read_source(table, False, DNA, "refuse")


@pytest.mark.parametrize("letters", ["ACGTACGTA", "NNNNNNNNNNNNNNN"])
def test_a_file_with_nothing_to_learn_from_is_refused(write: Write, letters: str) -> None:
    with pytest.raises(InputError, match=r"g.fa has nothing to learn from: expected at least 10 letters in"):
        read_source(write("g.fa", f">a\n{letters}\n"), True, DNA, "refuse")
