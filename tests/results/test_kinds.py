"""What was read back is of the kinds that a result declares, or is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest
from jaxtyping import Float

from relevome.results.kinds import of_its_kind


class Pair(NamedTuple):
    low: float
    high: float


@dataclass(frozen=True)
class Inner:
    name: Literal["a", "b"]
    pair: Pair | None = None


@dataclass(frozen=True, eq=False)
class Outer:
    inner: tuple[Inner, ...] = ()
    two: tuple[int, str] = (1, "x")
    said: Mapping[str, int] | None = None
    anything: Any = None
    one: Float[np.ndarray, " letters"] | None = None
    other: Float[np.ndarray, " letters"] | None = None


def test_what_is_right_comes_back_as_it_is() -> None:
    found = Outer(
        (Inner("a", Pair(1, 0.5)), Inner("b")), (1, "x"), {"a": 1}, object(), np.zeros(2), np.ones(2)
    )
    assert of_its_kind(found) is found
    assert of_its_kind(Outer())


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Outer((Inner("c"),)), "Outer.inner[0].name is 'c'"),  # pyright: ignore[reportArgumentType]
        (Outer((Inner("a", Pair(0, "x")),)), "Outer.inner[0].pair.high is 'x'"),  # pyright: ignore[reportArgumentType]
        (Outer(two=(True, "x")), "Outer.two[0] is 'True'"),
        (Outer(two=(1,)), "Outer.two is '(1,)'"),  # pyright: ignore[reportArgumentType]
        (Outer(said={"a": 0.5}), "Outer.said['a'] is '0.5'"),  # pyright: ignore[reportArgumentType]
        (Outer(said=[]), "Outer.said is '[]'"),  # pyright: ignore[reportArgumentType]
        (Outer(one=np.zeros((2, 2))), "Outer.one is"),
        (Outer(one=np.zeros(2), other=np.zeros(3)), "Outer.other is"),
    ],
)
def test_what_is_of_another_kind_is_named(found: Outer, said: str) -> None:
    with pytest.raises(TypeError, match=re.escape(said)):
        of_its_kind(found)


def test_a_number_that_is_larger_than_any_is_none() -> None:
    with pytest.raises(OverflowError):
        of_its_kind(Outer((Inner("a", Pair(0, 10**400)),)))


def test_text_that_nobody_can_write_is_no_text() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        of_its_kind(Outer(two=(1, "\ud800")))
