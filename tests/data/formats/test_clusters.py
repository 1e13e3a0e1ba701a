from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from relevome.data.formats.clusters import read_clusters
from relevome.errors import InputError

Write = Callable[[str, str], Path]

CDHIT = """>Cluster 0
0	2799aa, >sp|P12345|NAME_ECOLI... *
1	2214aa, >b0002... at 80.9%
>Cluster 1
0	141aa, >b0003... *
"""


def test_clusters_of_mmseqs2_are_lines_of_representative_and_member(write: Write) -> None:
    clusters = read_clusters(write("c.tsv", "a\ta\na\tb\nc\tc\na\td\n"))
    assert clusters.find("a") == clusters.find("b") == clusters.find("d") != clusters.find("c")
    assert clusters.find("e") is None


def test_clusters_of_cdhit_are_read_by_content(write: Write) -> None:
    clusters = read_clusters(write("anything", CDHIT))
    assert clusters.find("P12345") == clusters.find("b0002") != clusters.find("b0003")
    assert clusters.find("tr|P12345|OTHER") == clusters.find("sp|P12345|NAME_ECOLI") is not None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\nc\tb\n", "line 2: 'b' is in two clusters: expected every sequence in one"),
        ("a b\n", "line 1 has 1 column: expected representative<TAB>member"),
        ("a\t\n", "line 1 has 2 columns: expected representative<TAB>member"),
        (">Cluster 0\na\tb\n", "line 2 is no line of CD-HIT"),
        ("", "has no clusters"),
    ],
)
def test_a_file_of_something_else_is_refused(write: Write, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_clusters(write("c", content))
