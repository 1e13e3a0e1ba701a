"""Motifs taken out of sequences, against models whose answer is known for every sequence."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from scipy import stats

from relevome.data.sequences import DNA, PROTEIN, RNA, Alphabet, Sequence
from relevome.discovery.motifs.causal import Predict, TakenOut, taken_out
from relevome.discovery.motifs.hits import Hits
from relevome.discovery.motifs.patterns import SeqletPattern

SEEDS = 50
BOX = {DNA: "TATAAT", RNA: "UAUAAU", PROTEIN: "KKKRKV"}


def pattern_of(letters: str, alphabet: Alphabet, sign: int = 1) -> SeqletPattern:
    counts = 50.0 * np.array([[own == letter for letter in alphabet.letters] for own in letters])
    none = np.zeros(0, dtype=np.int64)
    return SeqletPattern(alphabet, sign, counts, sign * counts, none, none, none.astype(bool))


def hits_at(places: list[tuple[int, int, int]], widths: list[int]) -> Hits:
    """Places (pattern, sequence, start)."""
    pattern, sequence, start = np.array(places, dtype=np.int64).reshape(-1, 3).T
    end = start + np.array(widths)[pattern]
    ones = np.ones(len(start))
    return Hits(pattern, sequence, start, end, np.zeros(len(start), dtype=bool), ones, ones, ones, 0.05)


def counting(word: str, worth: float) -> Predict:
    """A model whose logit is this much for every time that it has a word."""

    def predict(sequences: Iterable[Sequence]) -> np.ndarray:
        return np.array([worth * one.letters.count(word) + 0.25 for one in sequences], dtype=np.float64)

    return predict


def random_sequences(alphabet: Alphabet, count: int, length: int, seed: int = 0) -> list[Sequence]:
    rng = np.random.default_rng(seed)
    return [
        Sequence(f"s{i}", "".join(rng.choice(list(alphabet.letters), length)), alphabet) for i in range(count)
    ]


def planted(
    sequences: list[Sequence], words: list[str], seed: int = 1
) -> tuple[list[Sequence], list[tuple[int, int, int]]]:
    """The words put into all sequences, without overlap; and where (word, sequence, start)."""
    rng = np.random.default_rng(seed)
    made, places = [], []
    for row, one in enumerate(sequences):
        slots = np.sort(rng.choice(len(one) // 10, len(words), replace=False)) * 10
        letters = one.letters
        for word, start in enumerate(rng.permuted(slots).tolist()):
            text = words[word]
            letters = letters[:start] + text + letters[start + len(text) :]
            places.append((word, row, start))
        made.append(Sequence(one.id, letters, one.alphabet))
    return made, places


@pytest.mark.parametrize("alphabet", [DNA, RNA, PROTEIN])
def test_a_motif_that_counts_takes_what_it_is_worth_with_it(alphabet: Alphabet) -> None:
    word = BOX[alphabet]
    sequences, places = planted(random_sequences(alphabet, 12, 70), [word, word])
    both = hits_at([(0, row, start) for _, row, start in places], [len(word)])
    (found,) = taken_out(counting(word, 2.0), sequences, both, [pattern_of(word, alphabet)], *_rng())
    np.testing.assert_array_equal(found.fall, np.full(12, 4.0))
    np.testing.assert_array_equal(found.matched, np.zeros(12))
    np.testing.assert_array_equal(found.hits, np.full(12, 2))
    assert found.p == 0
    row = found.row()
    assert (row["fall"], row["beyond_low"], row["beyond_high"], row["hits"]) == (4.0, 4.0, 4.0, 24)
    assert (row["no_room"], row["resembling"]) == (0, 0.0)


def test_what_lowers_the_prediction_raises_it_when_taken_out() -> None:
    sequences, places = planted(random_sequences(DNA, 9, 60), ["TTGACA", "GGGCCC"])
    patterns = [pattern_of("TTGACA", DNA, -1), pattern_of("GGGCCC", DNA)]
    found = taken_out(counting("TTGACA", -1.5), sequences, hits_at(places, [6, 6]), patterns, *_rng())
    np.testing.assert_array_equal(found[0].beyond, np.full(9, -1.5))
    np.testing.assert_array_equal(found[1].fall, np.zeros(9))
    assert found[0].p == 0
    assert found[1].p == 1.0


def _rng(seed: int = 0) -> tuple[np.random.Generator]:
    return (np.random.default_rng(seed),)


class Watched:
    """A model that keeps what it was asked, and answers by a sum over letters of a number for each place."""

    def __init__(self, alphabet: Alphabet, length: int, seed: int) -> None:
        self.weights = np.random.default_rng(seed).normal(size=(length, len(alphabet.letters)))
        self.alphabet = alphabet
        self.asked: list[Sequence] = []

    def one(self, sequence: Sequence) -> float:
        columns = [self.alphabet.letters.index(letter) for letter in sequence.letters]
        return float(self.weights[np.arange(len(columns)), columns].sum())

    def __call__(self, sequences: Iterable[Sequence]) -> np.ndarray:
        asked = [*sequences]
        self.asked += asked
        return np.array([self.one(sequence) for sequence in asked])


def changed(before: str, after: str) -> set[int]:
    assert len(before) == len(after)
    return {i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b}


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN])
def test_only_hits_and_as_many_letters_beside_all_hits_are_replaced(alphabet: Alphabet) -> None:
    draws, words = 7, [BOX[alphabet], BOX[alphabet][::-1]]
    sequences, places = planted(random_sequences(alphabet, 5, 80), words)
    model = Watched(alphabet, 80, 3)
    patterns = [pattern_of(word, alphabet) for word in words]
    found = taken_out(model, sequences, hits_at(places, [6, 6]), patterns, *_rng(), draws=draws)
    asked = iter(model.asked)
    at = {(word, row): set(range(start, start + 6)) for word, row, start in places}
    for word in range(2):
        for row, whole in enumerate(sequences):
            own = [next(asked) for _ in range(1 + 2 * draws)]
            assert {one.id for one in own} == {whole.id}
            assert own[0] == whole
            every = at[0, row] | at[1, row]
            hit, beside = own[1 : 1 + draws], own[1 + draws :]
            for one, other in zip(hit, beside, strict=True):
                put = "".join(one.letters[i] for i in sorted(at[word, row]))
                assert changed(whole.letters, one.letters) <= at[word, row]
                assert put != words[word]
                where = changed(whole.letters, other.letters)
                assert not where & every
                starts = [i for i in range(75) if other.letters[i : i + 6] == put]
                assert any(where <= set(range(i, i + 6)) for i in starts)  # the same letters as for the hit
            fall = model.one(whole) - np.mean([model.one(one) for one in hit])
            matched = model.one(whole) - np.mean([model.one(one) for one in beside])
            assert found[word].fall[row] == pytest.approx(fall, abs=1e-12)
            assert found[word].matched[row] == pytest.approx(matched, abs=1e-12)
    assert next(asked, None) is None


def test_windows_have_the_letters_of_the_hit_where_there_are_such(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = "GGGGGGGGGG" + "TATAAT" + "GGGG" + "AAATTT" + "GGGGCCCCNCCCCCC"
    model = Watched(DNA, len(letters), 0)
    monkeypatch.setattr(model, "one", lambda sequence: 0.0)
    sequence = Sequence("s", letters, DNA)
    hits, pattern = hits_at([(0, 0, 10)], [6]), pattern_of("TATAAT", DNA)
    (found,) = taken_out(model, [sequence], hits, [pattern], *_rng())
    assert found.unlike.tolist() == [0.0]
    for one in model.asked[11:]:
        assert changed(letters, one.letters) <= set(range(20, 26))
    (found,) = taken_out(model, [sequence.window(0, 25)], hits, [pattern], *_rng())
    assert found.unlike.tolist() == [1.0]  # GAAATT has no second T


def test_sequences_without_room_are_counted() -> None:
    texts = ["ACGTACG", "TATAATACGTACGGTC", "ACGGTCTATAATNACGGN", "GGGTATAATCCCCCCCC"]
    sequences = [Sequence(f"s{i}", text, DNA) for i, text in enumerate(texts)]
    hits = hits_at([(0, 1, 0), (0, 2, 6), (0, 3, 3)], [6])
    patterns = [pattern_of("TATAAT", DNA), pattern_of("GGGCCC", DNA)]
    found, none = taken_out(counting("TATAAT", 1.0), sequences, hits, patterns, *_rng())
    assert found.sequence.tolist() == [1, 2, 3]
    hits = hits_at([(0, 1, 0), (0, 2, 6), (0, 3, 3), (1, 2, 0), (1, 3, 9)], [6, 6])
    found, _ = taken_out(counting("TATAAT", 1.0), sequences, hits, patterns, *_rng())
    assert (found.sequence.tolist(), found.with_hits, found.no_room) == ([1], 3, 2)
    assert np.isnan(found.row()["fall_low"])
    assert (len(none.sequence), none.with_hits, none.no_room) == (0, 0, 0)
    assert np.isnan([found.p, none.p]).all()
    assert np.isnan(none.row()["fall"])


def test_of_many_sequences_some_are_drawn() -> None:
    sequences, places = planted(random_sequences(DNA, 30, 50), ["TATAAT"])
    given = sequences, hits_at(places, [6]), [pattern_of("TATAAT", DNA)]
    (found,) = taken_out(counting("TATAAT", 1.0), *given, *_rng(), most=8)
    (again,) = taken_out(counting("TATAAT", 1.0), *given, *_rng(), most=8)
    assert (len(found.sequence), found.with_hits, found.no_room) == (8, 30, 0)
    np.testing.assert_array_equal(found.sequence, again.sequence)
    np.testing.assert_array_equal(found.fall, np.ones(8))


def test_letters_keep_the_composition_of_the_sequence() -> None:
    rng = np.random.default_rng(2)
    shares = np.array([0.4, 0.1, 0.2, 0.3])
    texts = ["".join(rng.choice(list("ACGT"), 90, p=shares)) for _ in range(30)]
    sequences = [Sequence(f"s{i}", "CCGGCC" + text, DNA) for i, text in enumerate(texts)]
    model = Watched(DNA, 96, 0)
    hits = hits_at([(0, row, 0) for row in range(30)], [6])
    (found,) = taken_out(model, sequences, hits, [pattern_of("CCGGCC", DNA)], *_rng(), draws=20)
    put = "".join(one.letters[:6] for one in model.asked if one.letters[:6] != "CCGGCC")
    assert len(put) == 6 * 30 * 20
    own = "".join(one.letters for one in sequences)
    for letter in "ACGT":
        assert put.count(letter) / len(put) == pytest.approx(own.count(letter) / len(own), abs=0.02)
    assert found.resembling == 0


def test_letters_that_cannot_be_others_are_counted() -> None:
    sequence = Sequence("s", "A" * 40, DNA)
    hits = hits_at([(0, 0, 3)], [6])
    (found,) = taken_out(counting("C", 1.0), [sequence], hits, [pattern_of("AAAAAA", DNA)], *_rng())
    assert found.resembling == 1.0
    assert found.fall.tolist() == [0.0]


def ignored(seed: int) -> TakenOut:
    """A motif that a model ignores: it adds up numbers of letters, drawn for each place of each sequence.

    Few of these are large, so that windows differ much.
    """
    sequences, places = planted(random_sequences(DNA, 30, 60, seed), ["TATAAT"], seed + 1)
    models = {one.id: Watched(DNA, 60, seed + row) for row, one in enumerate(sequences)}
    for model in models.values():
        model.weights = np.expm1(np.maximum(model.weights, 0))

    def predict(asked: Iterable[Sequence]) -> np.ndarray:
        return np.array([models[one.id].one(one) for one in asked])

    given = sequences, hits_at(places, [6]), [pattern_of("TATAAT", DNA)]
    return taken_out(predict, *given, np.random.default_rng(seed), draws=2)[0]


def test_intervals_of_what_the_model_ignores_hold_nothing_in_nineteen_of_twenty() -> None:
    found = [ignored(1000 * seed) for seed in range(SEEDS)]
    rows = [one.row() for one in found]
    held = sum(row["beyond_low"] <= 0 <= row["beyond_high"] for row in rows)
    few = max(sum(one.p <= 0.05 for one in found), sum(one.p >= 0.95 for one in found))
    # beyond these chance goes once in a thousand
    assert held >= stats.binom.ppf(0.001, SEEDS, 0.95)
    assert few <= stats.binom.ppf(0.999, SEEDS, 0.05)
    assert np.mean([row["beyond_high"] - row["beyond_low"] for row in rows]) > 0.1
