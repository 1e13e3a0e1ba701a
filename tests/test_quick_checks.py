"""What the run-time checks of types find is the same with and without jaxtyping's scopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jaxtyping
import numpy as np
import pytest
from beartype import beartype
from jaxtyping import Float, TypeCheckError

from relevome.data.sequences import DNA, Sequence
from tests import quick_checks

Checked = Callable[[Any], Any]
Pair = Float[np.ndarray, "rows 2"]


@pytest.fixture(params=[quick_checks.thorough, quick_checks.jaxtyped], ids=["jaxtyping", "quick"])
def checked(request: pytest.FixtureRequest) -> Checked:
    return partial(request.param, typechecker=beartype)


def half(number: int, *more: int, by: int = 2) -> float:
    return number / by if number < 100 else "much"  # pyright: ignore[reportReturnType]


def untyped(number, by: int = 2):
    return number, by


def count(to: int) -> Iterator[int]:
    yield from range(to)


def added(one: Float[np.ndarray, "rows columns"], other: Float[np.ndarray, " columns"]) -> Pair | None:
    return one + other


def tiled(one: Float[np.ndarray, " columns"], rows: int) -> Float[np.ndarray, "{rows} columns"]:
    return np.stack([one] * abs(rows))


def weighed(one: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    added(np.ones((5, 2)), np.ones(2))  # whose rows are others
    return one if one[0] else one[1:]


def within(number: Any) -> Any:
    @jaxtyping.jaxtyped(typechecker=beartype)
    def inner(number: int) -> str:
        return number if number < 0 else str(number)  # pyright: ignore[reportReturnType]

    return inner(number)


@dataclass
class Point:
    x: int

    def shifted(self, by: int) -> Point:
        return Point(self.x + by)


def test_what_is_right_passes(checked):
    assert checked(half)(4) == 2.0
    assert checked(half)(4, 5, by=4) == 1.0
    assert checked(untyped)("a", by=3) == ("a", 3)
    assert list(checked(count)(3)) == [0, 1, 2]
    assert checked(Point.shifted)(Point(1), by=2) == Point(3)
    assert checked(added)(np.ones((3, 2)), np.ones(2)).sum() == 12
    assert checked(tiled)(np.ones(3), 2).shape == (2, 3)
    assert checked(weighed)(np.ones(3)).shape == (3,)


@pytest.mark.parametrize(
    ("function", "given", "named"),
    [
        (half, ("4",), {}),
        (half, (4, "5"), {}),
        (half, (4,), {"by": 0.5}),
        (half, (100,), {}),
        (untyped, (1, "2"), {}),
        (count, ("3",), {}),
        (Point.shifted, (Point(1), 0.5), {}),
        (added, (np.ones((3, 2)), np.ones(3)), {}),
        (added, (np.ones((3, 3)), np.ones(3)), {}),
        (added, (np.ones((3, 2), dtype=int), np.ones(2)), {}),
        (tiled, (np.ones(3), -2), {}),
        (weighed, (np.zeros(3),), {}),
    ],
)
def test_what_is_wrong_is_found(checked, function, given, named):
    with pytest.raises(TypeCheckError):
        checked(function)(*given, **named)


def test_the_argument_that_is_wrong_is_named(checked):
    with pytest.raises(TypeCheckError, match=r"parameters of .*half[\s\S]*typechecking parameter 'by'"):
        checked(half)(1, by="2")
    with pytest.raises(TypeCheckError, match=r"parameters of .*added[\s\S]*typechecking parameter 'other'"):
        checked(added)(np.ones((3, 2)), np.ones(3))


@pytest.mark.parametrize(("given", "named"), [((), {}), ((1,), {"to": 3}), ((1,), {"from_": 3})])
def test_too_few_and_too_many_are_no_matter_of_types(checked, given, named):
    with pytest.raises(TypeError, match=r"missing|multiple values|unexpected") as error:
        checked(count)(*given, **named)
    assert error.type is TypeError


def test_a_class_checks_what_it_is_made_of(checked):
    @dataclass
    class Line:
        length: int

    assert checked(Line)(3).length == 3
    with pytest.raises(TypeCheckError):
        checked(Line)("3")


def test_a_property_and_methods_of_classes_are_checked(checked):
    class Wrong:
        length = checked(property(half_of_itself))
        made = checked(classmethod(half_of_itself))
        told = checked(staticmethod(half_of_itself))

    for ask in (lambda: Wrong().length, Wrong.made, lambda: Wrong.told(1)):
        with pytest.raises(TypeCheckError):
            ask()


def half_of_itself(itself: object) -> int:
    return str(itself)  # pyright: ignore[reportReturnType]


def test_a_function_within_another_is_checked_every_time():
    assert [within(number) for number in range(3)] == ["0", "1", "2"]
    for wrong in (-1, "1", -1):
        with pytest.raises(TypeCheckError):
            within(wrong)
    assert len([key for key in quick_checks.known if key[1] == "within.<locals>.inner"]) == 1


@pytest.mark.parametrize(
    ("hint", "spoken_of"),
    [
        (int, False),
        (Callable[[int], dict[str, int]], False),
        (Pair, True),
        (list[Pair] | None, True),
        (dict[str, tuple[Pair, ...]], True),
        (Callable[[int, Pair], None], True),
    ],
    ids=str,
)
def test_hints_speak_of_arrays_however_deep_they_are(hint, spoken_of):
    assert any(quick_checks.arrays_in(hint)) is spoken_of


def test_the_package_is_checked():
    with pytest.raises(TypeCheckError):
        Sequence("name", 3, DNA)  # pyright: ignore[reportArgumentType]
