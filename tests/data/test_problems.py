"""What is done about sequences that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from relevome.data.problems import Intake, Problem, SeenNames, refuse_or_skip
from relevome.data.sequences import DNA, PROTEIN, Interval, Sequence
from relevome.errors import InputError

GOOD = [Sequence("a", "ACGT", DNA), Sequence("c", "GG", DNA)]
BAD = Problem("b", "sequence 'b' is empty", "x.fa, line 3")


def test_skipping_leaves_out_problems_and_keeps_them() -> None:
    problems: list[Problem] = []
    assert list(refuse_or_skip([GOOD[0], BAD, GOOD[1], BAD], "skip", problems)) == GOOD
    assert problems == [BAD, BAD]


def test_refusing_gives_what_came_before_and_then_one_line() -> None:
    problems: list[Problem] = []
    items = refuse_or_skip([GOOD[0], BAD, GOOD[1]], "refuse", problems)
    assert next(items) == GOOD[0]
    with pytest.raises(
        InputError, match=r"^x.fa, line 3: sequence 'b' is empty; correct it, or .* --on-bad skip$"
    ):
        next(items)
    assert problems == []


def test_nothing_is_read_before_it_is_asked_for() -> None:
    def endless() -> Iterator[Sequence]:
        while True:
            yield GOOD[0]

    assert next(refuse_or_skip(endless(), "refuse", [])) == GOOD[0]


def test_lower_case_is_turned_to_upper_case() -> None:
    interval = Interval("chr", 2, 6, "+")
    assert Intake(DNA).take("a", "acGn", "x", interval) == Sequence("a", "ACGN", DNA, interval)


def test_letters_that_only_look_like_residues_in_upper_case_are_problems() -> None:
    # The upper case of a dotless i is I, and that of a sharp s is SS.
    for letter in "\u0131\u00df":
        taken = Intake(PROTEIN).take("a", f"M{letter}K", "x")
        assert isinstance(taken, Problem)
        assert f"has {letter!r} at position 2" in taken.reason


def test_an_id_that_was_used_before_is_a_problem_even_if_its_sequence_was_one() -> None:
    intake = Intake(DNA)
    assert isinstance(intake.take("a", "A-C", "x, line 1"), Problem)
    again = intake.take("a", "ACC", "x, line 3")
    assert again == Problem("a", "id 'a' was used before: expected every id once", "x, line 3")


def test_a_sequence_without_an_id_or_letters_is_a_problem() -> None:
    intake = Intake(DNA)
    assert "sequence without an id" in str(intake.take("", "ACGT", "x, line 1"))
    assert "sequence 'a' is empty" in str(intake.take("a", "", "x, line 2"))


def test_a_stop_at_the_end_of_a_protein_is_a_problem_with_advice() -> None:
    taken = Intake(PROTEIN).take("a", "MKV*", "x")
    assert isinstance(taken, Problem)
    assert taken.reason.startswith("sequence 'a' has '*' at position 4")
    assert taken.reason.endswith(
        "'*' marks a stop and is no residue: strip it (or --strip-stop, of explain and train)"
    )
    assert "strip" not in str(Intake(PROTEIN).take("a", "M-K", "x"))


def test_it_tells_like_a_set_what_is_new() -> None:
    rng = np.random.default_rng(0)
    names = [f"name{i}" for i in rng.integers(0, 6_000, 20_000)]
    seen, expected = SeenNames(), set[str]()
    for name in names:
        assert seen.add(name) is (name not in expected)
        expected.add(name)
    # enough of them that old ones were sorted in, and new ones not yet
    assert len(expected) > 5_000
