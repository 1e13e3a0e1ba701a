from __future__ import annotations

import pytest

from relevome.data.formats.alignment import read_alignment
from relevome.errors import InputError


def test_rows_by_id_in_upper_case(write):
    path = write("a.fasta", ">sp|P1|X first\nMK-\nV.\n>b\r\nmka-w\r\n\n")
    assert read_alignment(path) == {"sp|P1|X": "MK-V.", "b": "MKA-W"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no sequences: expected aligned FASTA"),
        ("MK\n", "line 1: text before the first '>'"),
        (">a\nMK-\n>b\nMK\n", "line 3: 'b' has 2 columns and the first row 3: expected aligned FASTA"),
        (">a\nMK\n>a\nMK\n", "line 3: id 'a': expected one, and every id once"),
        (">\nMK\n", "line 1: id '': expected one"),
        (">a\n-.-\n", "line 1: 'a' has no letters"),
    ],
)
def test_what_is_no_alignment_is_refused(write, text, said):
    with pytest.raises(InputError, match=said):
        read_alignment(write("a.fasta", text))
