"""Relevance of both alleles: against models whose relevance is known, and letters placed by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import relevome
from relevome.attribution import methods
from relevome.data.variants.columns import NOT_READ, allele_columns, shifted, wider
from relevome.data.variants.genes import Gene
from relevome.data.variants.variant import Variant
from relevome.data.variants.windows import AlleleWindow, Anchored, VariantWindowing, VariantWindows
from relevome.discovery.variants.why import RelevanceChange, WhyAsked, relevance_changes
from relevome.models.base import Target

TEXT = "".join(np.random.default_rng(5).choice(list("ACGT"), 120))


def windows_of(
    ref_length, alt, start=50, width=24, anchored: Anchored = "both", text=TEXT, gene=None
) -> VariantWindows:
    """The windows of a change of some letters of a text."""
    variant = Variant("c", start, text[start : start + ref_length], alt)
    found = VariantWindowing(width, anchored, "N").around(variant, lambda a, b: text[a:b], len(text), gene)
    assert isinstance(found, VariantWindows)
    return found


class Weighted(torch.nn.Module):
    """A sum of one number for each letter at each place: what letters are worth is known."""

    def __init__(self, length: int, seed: int = 0):
        super().__init__()
        draw = np.random.default_rng(seed)
        self.weights = torch.nn.Parameter(torch.tensor(draw.normal(size=(4, length))))

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        """Logits of one output."""
        size = letters.shape[-1]
        return (letters * self.weights[:, :size]).sum((1, 2))[:, None]

    def worth(self, text: str) -> np.ndarray:
        """Of every letter; none of an unknown one."""
        known = self.weights.detach().numpy()
        return np.array([known["ACGT".index(one), at] if one != "N" else 0.0 for at, one in enumerate(text)])


@pytest.fixture
def weighted():
    return Weighted(60)


@pytest.fixture
def model(weighted):
    return relevome.from_module(weighted, alphabet="dna")


def explained(model, asked, both=False, shifts=0) -> RelevanceChange:
    """By gradient x input, which is exact here."""
    (found,) = relevance_changes(model, methods["gradient-x-input"](), [asked], both, shifts)
    assert isinstance(found, RelevanceChange), found
    return found


# Columns


def test_letters_stand_under_each_other():
    variant = Variant("c", 4, "ACG", "AT")
    reference = AlleleWindow("TTTTACGGGG", 4)
    found = allele_columns(
        VariantWindows(variant, reference, (AlleleWindow("TTTTATGGGG", 4),), 0, 0),
        AlleleWindow("TTATGGGG", 2),
    )
    assert found.ref_letters == "TTTTACGGGG"
    assert found.alt_letters == "TTTTAT-GGG"
    assert found.changed == range(5, 7)
    assert found.reference.letters(10).tolist() == [*range(10)]
    assert found.alternative.letters(10).tolist() == [NOT_READ, NOT_READ, 0, 1, 2, 3, -1, 4, 5, 6]
    assert found.alternative.column(np.arange(8)).tolist() == [2, 3, 4, 5, 7, 8, 9, 10]
    assert (found.opposite(5), found.opposite(6), found.opposite(0), found.opposite(9)) == (3, None, None, 6)


@pytest.mark.parametrize("anchored", ["left", "right", "both", "ends"])
@pytest.mark.parametrize(("length", "alt"), [(1, "N"), (4, "A"), (1, "TTGT"), (3, "CCCCC"), (2, "NN")])
def test_every_column_has_the_letters_that_it_says(anchored, length, alt):
    windows = windows_of(length, alt, anchored=anchored)
    for other in windows.alternatives:
        found = allele_columns(windows, other)
        for letters, window, aligned in (
            (found.ref_letters, windows.reference, found.reference),
            (found.alt_letters, other, found.alternative),
        ):
            places = aligned.letters(len(found))
            assert len(places) == len(letters)
            read = [window.letters[at] if at >= 0 else "-" for at in places]
            same = [one == two or at == NOT_READ for one, two, at in zip(read, letters, places, strict=True)]
            assert all(same)
            inside = np.flatnonzero(places >= 0)
            assert (aligned.column(places[inside]) == inside).all()
        assert found.ref_letters.replace("-", "") == windows.reference.letters


@pytest.mark.parametrize("anchored", ["left", "right", "both", "ends"])
@pytest.mark.parametrize(("length", "alt"), [(1, "N"), (4, "A"), (1, "TTGT")])
def test_windows_that_are_moved_are_those_that_would_be_cut_there(anchored, length, alt):
    narrow = VariantWindowing(24, anchored, "N")
    for start in (3, 50, 116):
        broad = wider(narrow, 5).around(
            Variant("c", start, TEXT[start : start + length], alt), lambda a, b: TEXT[a:b], len(TEXT)
        )
        assert isinstance(broad, VariantWindows)
        for by in range(-5, 6):
            found = shifted(broad, 5, by)
            padded = "N" * 40 + TEXT + "N" * 40
            first = start - 12 + by
            assert found.start == first
            assert found.reference.letters == padded[40 + first : 64 + first]
            assert found.reference.at == 12 - by
            changed = padded[: 40 + start] + alt + padded[40 + start + length :]
            grown = len(alt) - length
            starts = {"left": [0], "right": [grown], "both": [0, grown] if grown else [0], "ends": [0]}
            size = 24 + (grown if anchored == "ends" else 0)
            cut = [changed[40 + first + off : 40 + first + off + size] for off in starts[anchored]]
            assert [one.letters for one in found.alternatives][: len(cut)] == cut


# Relevance


def test_a_substitution_differs_where_it_is(model, weighted):
    windows = windows_of(1, "A" if TEXT[50] != "A" else "C")
    found = explained(model, WhyAsked(windows, Target(0, "x")))
    old, new = windows.reference.letters, windows.alternatives[0].letters
    np.testing.assert_allclose(found.ref, weighted.worth(old), atol=1e-12)
    np.testing.assert_allclose(found.alt, weighted.worth(new), atol=1e-12)
    assert np.flatnonzero(np.abs(found.difference) > 1e-12).tolist() == [12]
    assert found.difference.sum() == pytest.approx(found.scores[1] - found.scores[0], abs=1e-12)
    assert (found.low == found.difference).all()
    assert (found.high == found.difference).all()


@pytest.mark.parametrize(("length", "alt"), [(4, "A"), (1, "TTGT"), (3, "CCCCC")])
def test_all_that_differs_is_the_change_of_the_score(model, length, alt):
    """Both ends stay, so that all letters are read: then no relevance is lost on the way."""
    found = explained(model, WhyAsked(windows_of(length, alt, anchored="ends"), Target(0, "x")))
    assert not np.isnan(found.difference).any()
    assert found.difference.sum() == pytest.approx(found.scores[1] - found.scores[0], abs=1e-12)


@pytest.mark.parametrize("both_strands", [False, True])
@pytest.mark.parametrize(("length", "more"), [(1, None), (3, ""), (1, "GGT"), (1, "TTC")])
def test_means_of_shifts_strands_and_windows_by_hand(model, weighted, length, more, both_strands):
    """Every reading by itself, its letters laid on places of the sequence, then means, least and largest."""
    shifts, width = 2, 24
    alt = "N" if more is None else TEXT[50] + more
    broad = windows_of(length, alt, width=width + 2 * shifts)
    found = explained(model, WhyAsked(broad, Target(0, "x")), both_strands, shifts)
    turn, read = str.maketrans("ACGTN", "TGCAN"), np.ma.masked_invalid
    grown, columns = len(alt) - length, len(found.columns)
    core = max(length, len(alt)) - 1  # the first letter of alleles is the same, or is what differs
    at = 12 if length == len(alt) else 13
    assert not grown or TEXT[50 + length - 1] != alt[-1], "they share no letter at their ends"
    assert found.columns.changed == range(at, at + (core or 1))

    def laid(text, first, alternative):
        """Relevance by column, of a text whose first letter is so many letters from the base window's."""
        readings = [weighted.worth(text)]
        if both_strands:
            readings.append(weighted.worth(text.translate(turn)[::-1])[::-1])
        values = np.full(columns, np.nan)
        place = first
        own = (len(alt) if alternative else length) - (0 if grown == 0 else 1)
        row = np.mean(readings, axis=0)
        if grown and not (first > at):
            gap = range(at + own, at + core)
            values[list(gap)] = 0.0
        for value in row:
            column = place if place < at + own else place + core - own if grown else place
            if 0 <= column < columns:
                values[column] = value
            place += 1
        return values

    differences = []
    for by in range(-shifts, shifts + 1):
        first = 50 - 12 + by
        old = laid(TEXT[first : first + width], by, False)
        changed = TEXT[:50] + alt + TEXT[50 + length :]
        news = []
        for off in {0, grown}:
            news.append(laid(changed[first + off : first + off + width], by + off, True))
        differences.append(read(news).mean(0).filled(np.nan) - old)
    np.testing.assert_allclose(found.difference, read(differences).mean(0).filled(np.nan), atol=1e-9)
    np.testing.assert_allclose(found.low, read(differences).min(0).filled(np.nan), atol=1e-9)
    np.testing.assert_allclose(found.high, read(differences).max(0).filled(np.nan), atol=1e-9)
    assert (found.low <= found.high).all()
    assert (found.low < found.high - 1e-6).any()


def test_outputs_of_letters_are_explained_on_either_strand():
    """A convolution: the relevance of the output at a letter lies on what it reads, and nowhere else."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = torch.nn.Conv1d(4, 2, 7).double()
    model = relevome.from_module(network, output="letters", outputs="labels", labels=["up", "down"], flank=3)
    kernel = network.weight.detach().numpy()[1]
    for strand in "+-":
        windows = windows_of(3, "A", anchored="ends", width=31, gene=Gene("g", "c", 0, len(TEXT), strand))
        found = explained(model, WhyAsked(windows, Target(1, "down", position=0), 4))
        letter = windows.reference.at + 4
        text = windows.reference.letters
        around = [*range(letter - 3, letter + 4)]
        expected = np.zeros(len(text))
        for place in around:
            own, column = text[place], place - letter + 3
            if strand == "-":
                own, column = own.translate(str.maketrans("ACGT", "TGCA")), 6 - column
            expected[place] = kernel["ACGT".index(own), column]
        np.testing.assert_allclose(found.ref, expected, atol=1e-9)
        reads = np.flatnonzero(np.abs(found.alt) > 1e-9)
        assert reads[0] < found.columns.changed.start, (
            "two letters that are deleted lie between what it reads"
        )
        assert set(reads) <= set(range(letter - 5, letter + 4)) - set(found.columns.changed)
