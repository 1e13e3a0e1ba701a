"""Classes of proteins from a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from relevome.data.formats.table import read_classes
from relevome.errors import InputError


def test_ids_have_the_class_of_their_row(write: Callable[..., Path]) -> None:
    table = write("k.tsv", "class\tlength\tid\nenzyme\t3\tp1\n\t4\tp2\nother\t4\tp3\n")
    assert read_classes(table) == {"p1": "enzyme", "p3": "other"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,kind\np1,x\n", "has columns id, kind: expected id and class among them"),
        ("id,class\np1\n", "line 2: 1 column, expected 2"),
        ("id,class\np1,x\np1,y\n", "line 3: 'p1' is in class 'x' and in 'y'"),
    ],
)
def test_what_is_no_such_table_is_refused(write: Callable[..., Path], text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_classes(write("k.csv", text))
