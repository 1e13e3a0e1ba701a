"""Text and numbers in a page: as they were, and nothing that a browser could take for markup."""

from __future__ import annotations

import numpy as np
import pytest

from relevome.report.html.arrays import PageArrays, finite
from tests.report.html.unpacked import of_text

VALUES = {
    "f2": [0.5, -1.0, 2.0**-24],
    "f4": [0.1, np.nan, -1e30],
    "f8": [0.1, np.nan, 1e300],
    "i4": [0, -(2**31), 2**31 - 1],
    "u2": [0, 65535],
    "u1": [255, 0, 1, 2, 3],
}


def test_everything_comes_back_from_where_its_reference_says() -> None:
    arrays = PageArrays()
    said = {kind: arrays.add(np.array(values), kind) for kind, values in VALUES.items()}
    found = of_text(arrays.packed({"title": "</script><b>ä", "said": said}))
    assert found.content["title"] == "</script><b>ä"
    for kind, values in VALUES.items():
        assert said[kind]["at"] % 8 == 0
        expected = np.array(values).astype({"f2": "f2", "f4": "f4"}.get(kind, "f8"))
        np.testing.assert_array_equal(found.array(found.content["said"][kind]), expected)


def test_no_name_is_in_the_text_of_the_page() -> None:
    packed = PageArrays().packed({"id": "</script><img src=x onerror=alert(1)>"})
    assert set(packed) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def test_what_turns_text_around_is_shown_as_what_it_is() -> None:
    found = of_text(PageArrays().packed({"ids": ["a\u202eb", "c\x1b[1m"]}))
    assert found.content["ids"] == [r"a\u202eb", r"c\x1b[1m"]


def test_the_same_content_gives_the_same_text() -> None:
    assert PageArrays().packed({"a": [1, 2]}) == PageArrays().packed({"a": [1, 2]})


@pytest.mark.parametrize(("kind", "value"), [("u1", 256), ("u2", 65536), ("u2", -1), ("i4", 2**31)])
def test_numbers_that_do_not_fit_are_refused(kind: str, value: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        PageArrays().add(np.array([value]), kind)


def test_what_is_no_number_is_none() -> None:
    assert [finite(x) for x in (None, float("nan"), float("inf"), 0, 0.5)] == [None, None, None, 0.0, 0.5]
