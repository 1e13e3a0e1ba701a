"""Tables of contacts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from relevome.data.formats.contacts import read_contacts
from relevome.errors import InputError

Write = Callable[[str, str], Path]


def test_letters_in_any_order_by_id(write: Write) -> None:
    table = write("c.csv", "j,distance,pdb_chain,i\n7,5.1,1ABC_A,3\n3,5.1,1ABC_A,7\n0,4,x,9\n")
    assert read_contacts(table) == {"1ABC_A": frozenset({(3, 7)}), "x": frozenset({(0, 9)})}


def test_of_structures(shared: Path) -> None:
    path = shared / "data" / "structures" / "contacts_cb8.tsv.gz"
    if not path.is_file():
        pytest.skip("needs contacts of structures in the folder `shared`")
    found = read_contacts(path)
    assert len(found) == 44
    assert sum(map(len, found.values())) == 12550


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("id,i\na,1\n", "expected i, j and one of id"),
        ("name,i,j\na,1,2\n", "expected i, j and one of id"),
        ("id,i,j\n", "has a header but no rows"),
        ("id,i,j\na,1\n", "line 2: 2 columns, expected 3"),
        ("id,i,j\na,1,2\na,-1,2\n", "line 3: i and j are '-1' and '2'"),
        ("id,i,j\na,1.5,2\n", "i and j are '1.5' and '2'"),
        ("id,i,j\na,4,04\n", "i and j are '4' and '04': expected two letters"),
        ("id,i,j\na,\u0661,2\n", "expected two letters, counted from 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(write: Write, text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_contacts(write("c.csv", text))
