"""Letters taken away, against plain string operations and the tokenizer asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.errors import InputError
from relevome.evaluation.perturbation import (
    Eraser,
    Level,
    falling_order,
    replacement,
    sequence_rng,
    unit_values,
)
from relevome.models.base import Model

ToyModel = Callable[[str], Model]

LETTERS = "ACGTTGCAACGTAGCATTGACCAGTA"
STYLES = ["esm", "protbert", "prott5", "nucleotide-transformer", "dnabert", "bpe", "roberta", "cnn"]


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def marked(size: int, *places: int) -> np.ndarray:
    return np.isin(np.arange(size), places)


def eraser(model: Model, letters: str, level: Level, by: str) -> Eraser:
    sequence = Sequence("s", letters, model.alphabet)
    return Eraser(model, model.tokenize(sequence), level, replacement(by, model.alphabet), rng())


@pytest.mark.parametrize(("by", "expected"), [("unknown", "XXXXX"), ("A", "AAAAA"), ("W", "WWWWW")])
def test_fixed_letters(by: str, expected: str) -> None:
    fill = replacement(by, PROTEIN).fill
    assert fill is not None
    assert fill(Sequence("s", "MKLAV", PROTEIN), rng()) == expected
    assert not replacement(by, PROTEIN).drawn


def test_random_letters_are_drawn_evenly_and_again_by_the_same_seed() -> None:
    by = replacement("random", DNA)
    assert by.fill is not None
    assert by.drawn
    sequence = Sequence("s", "A" * 4000, DNA)
    drawn = by.fill(sequence, rng())
    assert all(abs(count - 1000) < 5 * np.sqrt(750) for count in Counter(drawn).values())
    assert set(drawn) == set("ACGT")
    assert drawn == by.fill(sequence, rng())


def test_a_shuffle_keeps_pairs_of_neighbours() -> None:
    by = replacement("shuffle", DNA)
    assert by.fill is not None
    assert by.drawn
    drawn = by.fill(Sequence("s", LETTERS, DNA), rng())
    assert drawn != LETTERS
    assert Counter(pairwise(drawn)) == Counter(pairwise(LETTERS))


@pytest.mark.parametrize("name", ["gap", "E", "AA", ""])
def test_a_replacement_that_is_none(name: str) -> None:
    with pytest.raises(InputError, match=f"unknown replacement '{name}': expected unknown, mask, random"):
        replacement(name, DNA)


@pytest.mark.parametrize("by", ["unknown", "A", "random", "shuffle"])
@pytest.mark.parametrize("name", STYLES)
def test_letters_taken_away_are_tokenised_as_if_the_sequence_came_so(
    toy_model: ToyModel, name: str, by: str
) -> None:
    model = toy_model(name)
    found = eraser(model, LETTERS, "letters", by).without(marked(26, 0, 3, 4, 11, 25))
    fill = replacement(by, model.alphabet).fill
    assert fill is not None
    filler = fill(Sequence("s", LETTERS, model.alphabet), rng())
    letters = "".join(filler[i] if i in (0, 3, 4, 11, 25) else letter for i, letter in enumerate(LETTERS))
    expected = model.tokenize(Sequence("s", letters, model.alphabet))
    for part in ("ids", "starts", "ends", "special"):
        np.testing.assert_array_equal(getattr(found.tokens, part), getattr(expected, part))


@pytest.mark.parametrize("name", STYLES)
def test_a_token_goes_with_all_its_letters(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    wild = model.tokenize(Sequence("s", LETTERS, model.alphabet))
    whole = eraser(model, LETTERS, "tokens", "unknown")
    ordinary = np.flatnonzero(~wild.special)
    assert len(whole) == len(ordinary)
    start, end = wild.starts[ordinary[2]], wild.ends[ordinary[2]]
    by_letters = eraser(model, LETTERS, "letters", "unknown").without(marked(26, *range(start, end)))
    np.testing.assert_array_equal(whole.without(marked(len(ordinary), 2)).tokens.ids, by_letters.tokens.ids)


@pytest.mark.parametrize("name", STYLES)
def test_nothing_and_everything_taken_away(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    one = eraser(model, LETTERS, "letters", "A")
    for units, letters in ((marked(26), LETTERS), (~marked(26), "A" * 26)):
        expected = model.tokenize(Sequence("s", letters, model.alphabet))
        np.testing.assert_array_equal(one.without(units).tokens.ids, expected.ids)
    nothing = one.without(marked(26))
    assert (nothing.others, nothing.changed) == (0, 0)
    assert one.without(~marked(26)).others == 0


@pytest.mark.parametrize("name", STYLES)
def test_several_at_once_are_tokenised_as_if_each_came_so(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    units = np.stack([marked(26), marked(26, 0, 7, 8, 25), ~marked(26), marked(26, 13)])
    found = eraser(model, LETTERS, "letters", "A").without_each(units)
    assert len(found) == 4
    for one, gone in zip(found, units, strict=True):
        letters = "".join("A" if lost else letter for letter, lost in zip(LETTERS, gone, strict=True))
        expected = model.tokenize(Sequence("s", letters, model.alphabet))
        for part in ("ids", "starts", "ends", "special"):
            np.testing.assert_array_equal(getattr(one.tokens, part), getattr(expected, part))


@pytest.mark.parametrize("name", ["esm", "protbert-residues", "cnn"])
def test_others_are_the_letters_that_stay_where_each_is_a_token(toy_model: ToyModel, name: str) -> None:
    units = np.stack([marked(26), marked(26, 0, 7, 8, 25), ~marked(26), marked(26, 13)])
    found = eraser(toy_model(name), LETTERS, "letters", "A").without_each(units)
    assert [(one.others, one.changed) for one in found] == [(0, 0), (22, 0), (0, 0), (25, 0)]


@pytest.mark.parametrize("name", ["bpe", "nucleotide-transformer", "dnabert", "roberta"])
def test_other_tokens_that_changed_are_counted(toy_model: ToyModel, name: str) -> None:
    model = toy_model(name)
    wild = model.tokenize(Sequence("s", LETTERS, DNA))
    counted = []
    for place in range(26):
        found = eraser(model, LETTERS, "letters", "unknown").without(marked(26, place))
        new = model.tokenize(Sequence("s", LETTERS[:place] + "N" + LETTERS[place + 1 :], DNA))
        spans = [
            {
                (int(start), int(end), text)
                for start, end, text, special in zip(t.starts, t.ends, t.texts, t.special, strict=True)
                if not special and not start <= place < end
            }
            for t in (wild, new)
        ]
        assert (found.others, found.changed) == (len(spans[0]), len(spans[0] - spans[1]))
        counted.append(found.changed)
    assert (max(counted) > 0) == (name != "dnabert")


@pytest.mark.parametrize(("name", "level"), [("bpe", "tokens"), ("esm", "tokens"), ("esm", "letters")])
def test_masks_take_the_place_of_tokens(toy_model: ToyModel, name: str, level: Level) -> None:
    model = toy_model(name)
    wild = model.tokenize(Sequence("s", LETTERS, model.alphabet))
    ordinary = np.flatnonzero(~wild.special)
    found = eraser(model, LETTERS, level, "mask").without(marked(len(ordinary), 1, 4))
    expected = wild.ids.copy()
    expected[ordinary[[1, 4]]] = model.tokenizer.mask_id
    np.testing.assert_array_equal(found.tokens.ids, expected)
    assert (found.others, found.changed) == (len(ordinary) - 2, 0)


def test_letters_of_longer_tokens_cannot_be_masked(toy_model: ToyModel) -> None:
    with pytest.raises(InputError, match="a mask hides whole tokens"):
        eraser(toy_model("bpe"), LETTERS, "letters", "mask")


def test_a_model_without_masks_cannot_mask(toy_model: ToyModel) -> None:
    with pytest.raises(InputError, match="the model has no mask token"):
        eraser(toy_model("prott5"), LETTERS, "tokens", "mask")


def test_a_sequence_that_becomes_too_long(toy_model: ToyModel) -> None:
    model = toy_model("nucleotide-transformer")
    one = eraser(model, "ACG" * 20, "letters", "unknown")
    with pytest.raises(InputError, match="with letters replaced by 'unknown', sequence 's' has 61 tokens"):
        one.without(~marked(60))


def test_ties_are_broken_by_chance_and_never_by_place() -> None:
    values = np.array([0.0, 2.0, 0.0, 0.0, -1.0])
    orders = [falling_order(values, np.random.default_rng(seed)).tolist() for seed in range(300)]
    assert all((order[0], order[-1]) == (1, 4) for order in orders)
    second = Counter(order[1] for order in orders)
    assert set(second) == {0, 2, 3}
    assert min(second.values()) > 70


def test_the_order_does_not_change_what_does_not_tie() -> None:
    values = np.array([0.5, 3.0, -2.0, 1.0], dtype=np.float32)
    assert falling_order(values, rng()).tolist() == [1, 3, 0, 2]


def test_special_tokens_are_no_units(toy_model: ToyModel) -> None:
    model = toy_model("bpe")
    wild = model.tokenize(Sequence("s", LETTERS, DNA))
    values = np.arange(len(wild), dtype=float)
    np.testing.assert_array_equal(unit_values(values, wild, "tokens"), values[1:-1])


@pytest.mark.parametrize(("level", "size"), [("letters", 25), ("tokens", 26)])
def test_relevance_of_another_tokenizer(toy_model: ToyModel, level: Level, size: int) -> None:
    model = toy_model("bpe")
    wild = model.tokenize(Sequence("s", LETTERS, DNA))
    with pytest.raises(InputError, match=f"sequence 's' has shape .{size},.: expected one value for each"):
        unit_values(np.zeros(size), wild, level)


def test_relevance_that_is_no_number(toy_model: ToyModel) -> None:
    wild = toy_model("bpe").tokenize(Sequence("s", LETTERS, DNA))
    with pytest.raises(InputError, match="infinite or not a number"):
        unit_values(np.full(26, np.nan), wild, "letters")


def test_draws_depend_on_seed_and_letters_alone() -> None:
    sequence = Sequence("s", LETTERS, DNA)
    first, same, other, reseeded = (
        sequence_rng(seed, one).integers(1 << 40)
        for seed, one in (
            (1, sequence),
            (1, replace(sequence, id="t")),
            (1, replace(sequence, letters=LETTERS[::-1])),
            (2, sequence),
        )
    )
    assert first == same
    assert len({first, other, reseeded}) == 3
