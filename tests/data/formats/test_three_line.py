"""3-line files: a label for every letter."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from relevome.data.formats.three_line import LabelledLetters, label_features, labelled_sequences
from relevome.data.problems import Problem
from relevome.data.sequences import PROTEIN, Sequence
from relevome.data.sites import Site, mask, read_sites
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]
FILE = ">1abc|P12345|X_Y first\nmcdefgh\nSSHhhH1\n\n>b\nACX\n111\n"


def test_stretches_of_a_label_are_sites(write: Write) -> None:
    path = write("a.3line.fasta", FILE)
    assert read_sites(path, ["H"]) == {"1abc|P12345|X_Y": [Site(2, 3, "H"), Site(5, 6, "H")], "b": []}
    assert read_sites(path, ["Hh"]) == {"1abc|P12345|X_Y": [Site(2, 6, "Hh")], "b": []}
    assert read_sites(path)["1abc|P12345|X_Y"] == [
        Site(6, 7, "1"), Site(2, 3, "H"), Site(5, 6, "H"), Site(0, 2, "S"), Site(3, 5, "h"),
    ]  # fmt: skip


def test_sequences_come_with_their_labels(write: Write) -> None:
    first, second = labelled_sequences(write("a.3line", FILE))
    assert first == LabelledLetters(Sequence("1abc|P12345|X_Y", "MCDEFGH", PROTEIN), "SSHhhH1")
    assert second == LabelledLetters(Sequence("b", "ACX", PROTEIN), "111")
    found = list(labelled_sequences(write("b.3line", ">a\nM*\n11\n>b\nUZ\n11\n>b\nOJ\n11\n")))
    assert [type(one) for one in found] == [Problem, LabelledLetters, Problem]


@pytest.mark.parametrize(
    ("content", "kinds", "said"),
    [
        (">a\nMC\nHHH\n", [], "line 1: 'a' has 2 letters and 3 labels: expected one for each letter"),
        (">a\nMC\nHH\n>b\nMC\n", [], "line 4: 'b' has 2 letters and 0 labels"),
        ("MC\nHH\n", [], "line 1: expected a header '>id'"),
        ("", [], "has no sequences: expected three lines each"),
        (">a\nMC\nHH\n>a\nMC\nHH\n", [], "line 4: id 'a' was used before"),
        (">a\nMC\nHH\n", ["h"], "has no feature of type 'h'"),
    ],
)
def test_what_is_not_in_threes_is_refused(write: Write, content: str, kinds: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_sites(write("a.3line.fasta", content), kinds)


def test_masks_of_helices_are_the_labels(shared: Path) -> None:
    path = shared / "data/protein/tmbed_alpha.3line.fasta.gz"
    sites = read_sites(path, ["Hh"])
    assert len(sites) == 593
    for one in labelled_sequences(path):
        assert isinstance(one, LabelledLetters)
        expected = np.array([label in "Hh" for label in one.labels])
        np.testing.assert_array_equal(mask(one.sequence, sites), expected)


def test_many_labels_take_time_in_proportion_to_letters(write: Write) -> None:
    labels = "".join(map(chr, range(0x100, 0xD000)))
    path = write("a.3line", f">a\n{'A' * len(labels)}\n{labels}\n")
    begun = time.process_time()
    assert len(list(label_features(path))) == 1 + len(labels)
    assert time.process_time() - begun < 5
