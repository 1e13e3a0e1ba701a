from __future__ import annotations

import pytest

from relevome.data.ec_numbers import by_number, classes_at, read_ec
from relevome.errors import InputError


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("1.1.1.1", ("1", "1", "1", "1")),
        (" EC 2.7.11.1", ("2", "7", "11", "1")),
        ("1.1.-.-", ("1", "1")),
        ("7.-.-.-", ("7",)),
        ("3.6.1.n2", ("3", "6", "1", "n2")),
        ("4", ("4",)),
    ],
)
def test_a_number_names_its_levels(text: str, levels: tuple[str, ...]) -> None:
    assert read_ec(text) == levels


@pytest.mark.parametrize("text", ["", "kinase", "1.-.1.1", "1.1.1.1.1", "0.1.1.1", "-.-.-.-", "1.1.n1.1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no EC number: expected four levels"):
        read_ec(text)


@pytest.mark.parametrize(
    ("numbers", "level", "fine", "coarse"),
    [
        (("1.1.1.1", "1.1.1.2"), 3, {"1.1.1"}, set()),
        (("1.1.1.1", "1.1.-.-"), 3, {"1.1.1"}, set()),  # the coarse one may be the fine one
        (("1.1.1.1", "2.7.-.-"), 3, {"1.1.1"}, {"2.7"}),
        (("1.1.1.1", "2.7.-.-"), 1, {"1", "2"}, set()),
        (("1.1.-.-",), 3, set(), {"1.1"}),
        (("3.6.1.n1", "3.6.1.1"), 4, {"3.6.1.n1", "3.6.1.1"}, set()),
    ],
)
def test_classes_at_a_level(numbers: tuple[str, ...], level: int, fine: set[str], coarse: set[str]) -> None:
    assert classes_at(numbers, level) == (fine, coarse)


def test_classes_are_sorted_by_number() -> None:
    names = ["1.10", "1.2", "3.6.1.n1", "3.6.1.2", "1.1"]
    assert sorted(names, key=by_number) == ["1.1", "1.2", "1.10", "3.6.1.2", "3.6.1.n1"]
