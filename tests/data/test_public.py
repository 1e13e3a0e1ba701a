"""What is known of public data, and how what is downloaded becomes what the studies read."""

from __future__ import annotations

import io
import re
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from relevome.data.formats.meme import read_meme
from relevome.data.public import data_sets
from relevome.data.public.gue import table_of_archive
from relevome.data.public.proteins import globular_proteins
from relevome.data.transfac import meme_of_transfac
from relevome.errors import InputError

TRANSFAC = (
    "AC MA0001.1\nXX\nID First\nXX\nDE MA0001.1 First ; From X\nPO\tA\tC\tG\tT\n"
    "01\t4.0\t16.0\t0.0\t0.0\n02\t19.0\t0.0\t1.0\t5.0\n03\t1\t1\t1\t0\nXX\nCC tax:x\nXX\n//\n"
    "AC  Ada\nXX\nID  Ada two\nP0           A         C         G         T\n1          1.0       2.0       "
    "1.0       0.0\n2          2.0       0.0       2.0       0.0\nXX\n//\n"
)
FOLD = ">P1|EUKARYA|SP|1\nMKV\nSSO\n>1abc_A|P2|X_HUMAN\nMAA\nHHH\n>P3|ARCHAEA|NO_SP|2\nMM\n11\n"
EVEN = (0.25, 0.25, 0.25, 0.25)


def test_motifs_are_those_that_biopython_reads(tmp_path: Path) -> None:
    motifs = pytest.importorskip("Bio.motifs")
    (tmp_path / "m.meme").write_text(_meme(tmp_path, TRANSFAC))
    ours = list(read_meme(tmp_path / "m.meme"))
    theirs = motifs.parse(io.StringIO(TRANSFAC.replace("PO\t", "P0\t")), "TRANSFAC", strict=False)
    assert len(ours) == len(theirs) == 2
    for one, other in zip(ours, theirs, strict=True):
        counts = np.array([other.counts[letter] for letter in "ACGT"]).T
        expected = counts / counts.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(one.probabilities, expected, atol=1e-6)
        assert one.id == other["AC"]


def test_motifs_as_text(tmp_path: Path) -> None:
    lines = _meme(tmp_path, TRANSFAC).splitlines()
    assert lines[:8] == [
        "MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", "", "Background letter frequencies",
        "A 0.25 C 0.25 G 0.25 T 0.25",
    ]  # fmt: skip
    assert lines[9:14] == [
        "MOTIF MA0001.1 First",
        "letter-probability matrix: alength= 4 w= 3 nsites= 25 E= 0",  # the largest sum, not the first
        "0.200000  0.800000  0.000000  0.000000",
        "0.760000  0.000000  0.040000  0.200000",
        "0.333333  0.333333  0.333333  0.000000",
    ]
    assert lines[15] == "MOTIF Ada Ada two"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no motifs"),
        ("AC x\n//\n", "has no motifs"),
        ("AC x\n01 1 2 3\n//\n", "line 2: expected four counts"),
        ("AC x\n01 0 0 0 0\n//\n", "line 2: expected four counts"),
        ("AC x\n01 1 -2 3 4\n//\n", "line 2: expected four counts"),
        ("AC x\n01 1 nan 3 4\n//\n", "line 2: expected four counts"),
        ("AC x\n01 1 2 3 x\n//\n", "line 2: expected four counts"),
        ("AC x\n01 1 2 3 4\n", "the last motif has no end '//'"),
    ],
)
def test_what_is_no_transfac(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        _meme(tmp_path, text)


def _meme(folder: Path, text: str) -> str:
    (folder / "m.tf").write_text(text)
    return meme_of_transfac(folder / "m.tf", EVEN)


def test_globular_proteins_of_folds(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("0.fa", "1.fa")]
    paths[0].write_text(FOLD)
    paths[1].write_text(FOLD.replace("P", "Q").replace("_SQ", "_SP").replace("|SQ", "|SP"))
    assert globular_proteins(paths).decode() == (
        ">P1|EUKARYA|SP|1|cv0\nMKV\nSSO\n>P3|ARCHAEA|NO_SP|2|cv0\nMM\n11\n"
        ">Q1|EUKARYA|SP|1|cv1\nMKV\nSSO\n>Q3|ARCHAEA|NO_SP|2|cv1\nMM\n11\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FOLD + ">P4|X|SP|1\n", "is not in threes"),
        ("MKV\n" + FOLD + "x\nx\n", "is not in threes"),
        (">1abc_A|P2|X\nM\nH\n", "has no globular proteins"),
    ],
)
def test_what_are_no_folds(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "0.fa").write_text(text)
    with pytest.raises(InputError, match=said):
        globular_proteins([tmp_path / "0.fa"])


def test_a_table_of_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "GUE.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("GUE/tf/2/train.csv", "label,sequence\r\n1,ACGT\r\n0,TTTT\r\n")
        archive.writestr("GUE/mytf/2/dev.csv", "sequence,label\n")
        archive.writestr("GUE/tf/4/test.csv", "letters,label\nA,1\n")
    made = partial(table_of_archive, paths=[path])
    assert made("GUE/tf/2/train.csv") == b"sequence,label\nACGT,1\nTTTT,0\n"
    with pytest.raises(InputError, match=r"has 0 files GUE/tf/2/dev.csv: expected one"):
        made("GUE/tf/2/dev.csv")
    with pytest.raises(InputError, match="expected the columns sequence and label"):
        made("GUE/tf/4/test.csv")
    path.write_text("<html>please log in</html>")
    with pytest.raises(InputError, match="is no zip archive"):
        made("GUE/tf/2/train.csv")


def test_every_data_set_says_what_it_is() -> None:
    assert len(list(data_sets)) >= 8
    paths = [file.path for _, one in data_sets.items() for file in one.files]
    assert len(paths) == len(set(paths)), "no two sets write one file"
    for _, one in data_sets.items():
        assert one.about
        assert one.licence
        assert one.page.startswith("https://")
        assert bool(one.files) != one.queried
        for file in one.files:
            assert not Path(file.path).is_absolute()
            assert ".." not in file.path
            assert len(file.sources) == 1 or file.made or not file.sources
            assert file.size > 0
            known = [file.sha256, *(source.sha256 for source in file.sources if source.sha256)]
            assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in known)
            assert all(source.url.startswith("https://") for source in file.sources)


def test_the_docs_name_every_data_set() -> None:
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    section = text.partition("## Public data")[2].partition("\n## ")[0]
    for name, one in data_sets.items():
        if name != "own":
            assert f"| `{name}` |" in section
            assert all(file.path.partition("/")[0] in section for file in one.files)
