"""Sequences that lie in a store are those of a file: read in pieces, and known by the same digest."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import relevome
from relevome.data import lines
from relevome.data.inputs import from_file, from_table
from relevome.data.lines import numbered_lines
from relevome.data.sequences import DNA
from relevome.errors import InputError
from relevome.results.run.reader import Run
from relevome.stores.place import StorePath, named_place
from tests.stores.kept import Kept

_DRAW = random.Random(0)
SEQUENCES = {f"s{i}": "".join(_DRAW.choices("ACGT", k=20 + i % 3)) for i in range(9)}
FASTA = "".join(f">{name}\n{letters}\n" for name, letters in SEQUENCES.items())
TABLE = "id,sequence\n" + "".join(f"{name},{letters}\n" for name, letters in SEQUENCES.items())
FILES = {
    "x.fa": FASTA.encode(),
    "x.fa.gz": gzip.compress(FASTA.encode()),
    "x.csv": TABLE.encode(),
    "x.tsv.gz": gzip.compress(TABLE.replace(",", "\t").encode()),
    "x.3line": "".join(f">{n}\n{s}\n{'0' * len(s)}\n" for n, s in SEQUENCES.items()).encode(),
}


def put(store: str, name: str) -> str:
    """The address of a file that is there from now on."""
    place = named_place(f"{store}/{name}")
    assert isinstance(place, StorePath)
    place.write_bytes(FILES[name])
    return str(place)


@pytest.mark.parametrize("name", FILES)
def test_files_are_read_as_those_of_this_machine(store: str, name: str) -> None:
    found = from_file(put(store, name), DNA)
    assert {one.id: one.letters for one in found.read() if isinstance(one, relevome.Sequence)} == SEQUENCES
    kind, digest = list(found.description.items())[:2]
    assert kind[1] == f"{store}/{name}"
    assert digest[1] == hashlib.sha256(FILES[name]).hexdigest()


def test_a_file_is_fetched_in_pieces_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, asked = f"kept:/{tmp_path}/store", []
    address = put(store, "x.fa")
    cat: Any = Kept.cat_file

    def counted(self: Kept, path: str, start: Any = None, end: Any = None, **more: Any) -> bytes:
        asked.append((start, end))
        return cat(self, path, start=start, end=end, **more)

    monkeypatch.setattr(Kept, "cat_file", counted)
    monkeypatch.setattr(lines, "_FETCHED", 64)
    reading = numbered_lines(address)
    assert next(reading) == (1, ">s0")
    assert 1 <= len(asked) < len(FASTA) // 64
    assert [line for _, line in reading] == FASTA.splitlines()[1:]
    assert all(end - start <= 64 * 128 for start, end in asked)


def test_a_file_that_is_not_there_and_one_that_is_damaged_are_one_line(store: str) -> None:
    with pytest.raises(InputError, match=r"^cannot read .*/no.fa \([Nn]o such file.*\): expected a file$"):
        from_file(f"{store}/no.fa", DNA)
    place = named_place(f"{store}/cut.csv.gz")
    assert isinstance(place, StorePath)
    place.write_bytes(FILES["x.tsv.gz"][:-9])
    with pytest.raises(InputError, match=r"cut.csv.gz is a damaged gzip file"):
        list(from_table(str(place), DNA).read())


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_without_credentials_it_is_one_line(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = put(store, "x.fa")
    for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    import s3fs

    from relevome.stores import place

    place._store_of.cache_clear()
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        with pytest.raises(
            InputError, match=r"^cannot read s3://.*x.fa \(.*\): see that the address and your"
        ):
            from_file(address, DNA)
    finally:
        place._store_of.cache_clear()
        s3fs.S3FileSystem.clear_instance_cache()


def test_commands_read_a_store_and_know_the_file_again(
    relevome_cli: Any, saved: Callable[[str], Path], tmp_path: Path, store: str
) -> None:
    (tmp_path / "x.fa.gz").write_bytes(FILES["x.fa.gz"])
    address = put(store, "x.fa.gz")
    for source, out in ((address, "there"), (tmp_path / "x.fa.gz", "here")):
        asked = ("--model", saved("cnn"), "--fasta", source, "--batch-size", 4)
        code, _, err = relevome_cli(
            "explain", *asked, "--target", 1, "--method", "saliency", "-o", tmp_path / out
        )
        assert code == 0, err
        assert relevome_cli("predict", *asked, "-o", tmp_path / f"predicted-{out}")[0] == 0
        code, said, err = relevome_cli("check", tmp_path / out)
        assert (code, err) == (0, [])
        assert "complete: every sequence once" in said
    there, here = Run(tmp_path / "there"), Run(tmp_path / "here")
    assert there.manifest["input"] == {**here.manifest["input"], "fasta": address}
    tables = [(tmp_path / f"predicted-{name}" / "predictions.tsv").read_bytes() for name in ("there", "here")]
    assert tables[0] == tables[1]
    assert there.to_pandas().equals(here.to_pandas())
    code, said, err = relevome_cli("rerun", tmp_path / "there", "-o", tmp_path / "again")
    assert code == 0, err
    assert "9 of 9 rows are those of" in said
    named_place(address).write_bytes(FILES["x.fa"])
    code, said, err = relevome_cli("check", tmp_path / "there")
    assert (code, err) == (0, [])
    assert "not compared with its input: " in said
    assert "x.fa.gz holds something else than when it was read" in said
