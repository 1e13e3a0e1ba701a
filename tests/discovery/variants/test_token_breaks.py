"""Tokens that break elsewhere: by hand on a toy encoding, and against sets of spans of a real one."""

from __future__ import annotations

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from relevome.attribution import methods
from relevome.data.sequences import DNA, Sequence
from relevome.data.variants.columns import allele_columns
from relevome.data.variants.variant import Variant, trimmed
from relevome.data.variants.windows import VariantWindowing, VariantWindows
from relevome.discovery.variants.token_breaks import token_breaks
from relevome.discovery.variants.why import AlleleReading, RelevanceChange, WhyAsked, relevance_changes
from relevome.models.base import Target
from relevome.models.tokens import Tokens
from tests.toys import TOYS


def tokens(text: str) -> Tokens:
    """Tokens apart by blanks, with a special one before and behind them."""
    words = text.split()
    ends = np.cumsum([0, *map(len, words)])
    starts, ends = np.r_[0, ends[:-1], ends[-1]], np.r_[0, ends[1:], ends[-1]]
    special = np.array([True, *[False] * len(words), True])
    sequence = Sequence("s", "".join(words), DNA)
    return Tokens(sequence, np.zeros(len(starts), int), starts, ends, special, ("[", *words, "]"))


def changed(ref: str, alt: str, start: int, old: str, new: str, turned: bool = False) -> RelevanceChange:
    """A change that is read as tokens; each letter of the alternative is worth its place, of ref nothing."""
    variant = Variant("c", start, ref, alt)
    text = "".join(old.split())
    windows = VariantWindowing(None).around(variant, lambda a, b: text[a:b], len(text))
    assert isinstance(windows, VariantWindows)
    columns = allele_columns(windows, windows.alternatives[0])
    there = columns.alternative.letters(len(columns))
    worth = np.where(there >= 0, 1.0 + there, 0.0)
    nothing = np.zeros(len(columns))
    read = [tokens(" ".join(w[::-1] for w in reversed(x.split())) if turned else x) for x in (old, new)]
    return RelevanceChange(
        columns, nothing, worth, worth, worth, worth, (0.0, 0.0), (0.0, 0.0),
        (AlleleReading(read[0], turned, nothing, columns.reference),
         AlleleReading(read[1], turned, worth, columns.alternative)),
    )  # fmt: skip


@pytest.mark.parametrize("turned", [False, True])
def test_a_substitution_by_hand(turned):
    """G of letter 4 is T: its token breaks in two, and so do the two words behind it, all but the last."""
    found = token_breaks(changed("G", "T", 4, "AC GTG AC CA TT", "AC GT T ACC A TT", turned))
    # letters:            0..9             AC GTG ACCA TT; letter 4 is the second G
    assert (found.ref_tokens, found.alt_tokens) == (5, 6)
    # changed: GTG (2-4) of one, T (4) of the other; elsewhere: AC, CA against GT, ACC, A
    assert found.broken == 2 + 3
    assert found.on_changed == 3 + 4 + 5
    assert found.on_broken == 6 + 7 + 8 + 9
    assert found.on_same == 1 + 2 + 10 + 11
    assert found.share == pytest.approx((6 + 7 + 8 + 9) / 66)


@pytest.mark.parametrize("turned", [False, True])
def test_a_deletion_by_hand(turned):
    """Two letters are gone between tokens: none of the alternative holds a changed letter."""
    found = token_breaks(changed("CGT", "C", 1, "AC GT AC TT", "AC A CTT", turned))
    assert (found.ref_tokens, found.alt_tokens) == (4, 3)
    assert found.broken == 2 + 2  # AC, TT against A, CTT
    assert found.on_changed == 0.0
    assert found.on_broken == 3 + 4 + 5 + 6
    assert found.on_same == 1 + 2


def test_an_insertion_by_hand():
    found = token_breaks(changed("C", "CGG", 1, "AC ACTT", "ACG G A CTT"))
    assert (found.ref_tokens, found.alt_tokens, found.broken) == (2, 4, 1 + 2 + 1)
    # AC has no changed letter and only the reference has it, but ACG has one: its letters count there
    assert found.on_changed == 1 + 2 + 3 + 4
    assert found.on_broken == 5 + 6 + 7 + 8


def test_nothing_that_differs_has_no_share():
    same = changed("G", "T", 4, "AC GTG AC", "AC GTT AC")
    one, two = same.first
    nothing = RelevanceChange(
        same.columns, one.values, one.values, one.values, one.values, one.values, (0.0, 0.0), (0.0, 0.0),
        (one, AlleleReading(two.tokens, False, one.values, two.aligned)),
    )  # fmt: skip
    assert token_breaks(nothing).share is None
    assert token_breaks(same).broken == 0


@pytest.mark.parametrize("name", ["bpe", "roberta", "nucleotide-transformer", "dnabert"])
def test_models_with_words_by_sets_of_spans(toy_model, name):
    """All parts are the whole, and what breaks is what sets of spans say."""
    model, toy = toy_model(name), TOYS[name]
    assert isinstance(model.tokenizer.hf, PreTrainedTokenizerFast) or not model.tokenizer.one_letter_always
    text = toy.sequences(30, seed=8)[0].letters
    asked = []
    for start, length, alt in (
        (9, 1, "ACGT"["ACGT".index(text[9]) - 1]),
        (12, 3, text[12]),
        (20, 1, text[20] + "GA"),
    ):
        variant = Variant("c", start, text[start : start + length], alt)
        windows = VariantWindowing(None).around(variant, lambda a, b: text[a:b], len(text))
        assert isinstance(windows, VariantWindows)
        asked.append(WhyAsked(windows, Target(toy.labels - 1, "last")))
    found = relevance_changes(model, methods["gradient-x-input"](), asked, False)
    for one, change in zip(asked, found, strict=True):
        assert isinstance(change, RelevanceChange)
        breaks = token_breaks(change)
        parts = breaks.on_changed + breaks.on_broken + breaks.on_same
        assert parts == pytest.approx(change.difference.sum(), abs=1e-9)
        variant = one.windows.variant
        shared, ref, alt = trimmed(variant.ref, variant.alt)
        first, core = variant.start + shared, max(len(ref), len(alt))
        sets = []
        for window, own in ((one.windows.reference, len(ref)), (one.windows.alternatives[0], len(alt))):
            read = model.tokenize(Sequence("x", window.letters, DNA))
            spans = set()
            for a, b in zip(read.starts.tolist(), read.ends.tolist(), strict=True):
                # columns of its letters, then those in between, so a gap that it spans is in it
                there = [x if x < first + own else x + core - own for x in range(a, b)]
                if there and not set(range(there[0], there[-1] + 1)) & set(range(first, first + core)):
                    spans.add((there[0], there[-1]))
            sets.append(spans)
        assert breaks.broken == len(sets[0] ^ sets[1])
