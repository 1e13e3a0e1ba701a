"""What holds for every format that is registered, and which format a file has."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from relevome.data.features import Feature, Listed
from relevome.data.formats import Format, ReadAs, format_of, formats
from relevome.data.inputs import from_fasta, from_file, from_table
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, PROTEIN, Sequence
from relevome.data.sites import Site, read_sites
from relevome.errors import InputError
from tests.data.test_features import FORMATS, GFF, TABLE, TEXT, XML

Write = Callable[[str, str | bytes], Path]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:Bio")

USES: tuple[ReadAs, ...] = ("sequences", "sites")
READ = [(name, use) for name, one in formats.items() for use in USES if getattr(one, use) is not None]

FASTA = ">a first\nACGT\n>b\nGG\n"
BED = "a\t3\t9\tbox\n"
CSV = "id,sequence\na,ACGT\n"
THREE_LINE = ">a\nMCD\nHhh\n"
WRITTEN = {
    "fasta": FASTA,
    "bed": BED,
    "csv": CSV,
    "three lines": THREE_LINE,
    "gff": GFF,
    "feature table": TABLE,
    "xml": XML,
    "flat text": TEXT,
}
UNREADABLE: dict[str, str | bytes] = {
    "nothing": "",
    "blank lines": "\n \n\n",
    "binary": bytes(range(256)),
    "no utf-8": b">a\nAC\xffGT\n",
    "an empty gzip file": gzip.compress(b""),
    **{f"truncated gzip of {name}": gzip.compress(text.encode())[:-9] for name, text in WRITTEN.items()},
    **{f"half of {name}": text[: len(text) // 2] for name, text in WRITTEN.items()},
}
every_format = pytest.mark.parametrize(("name", "use"), READ)


def read(one: Format, use: ReadAs, path: Path) -> Iterator[Any]:
    return one.read_sequences(path, PROTEIN) if use == "sequences" else one.read_sites(path)


def outcome(read_all: Callable[[], list[Any]]) -> list[Any] | str:
    """What is read, or the one line of the error."""
    try:
        return read_all()
    except InputError as error:
        return str(error)


def check(name: str, use: ReadAs, path: Path) -> None:
    """A file ends in items of the right kind or in one line, whatever it holds."""
    found = outcome(lambda: list(read(formats[name], use, path)))
    if isinstance(found, str):
        assert found
        assert "\n" not in found
    else:
        expected = (Sequence, Problem) if use == "sequences" else (Feature, Listed, Problem)
        assert all(isinstance(item, expected) for item in found)


def endings(one: Format) -> list[str]:
    return [*one.endings, *one.within, ".txt"]


@pytest.mark.parametrize("name", list(formats))
def test_a_format_is_registered_under_its_own_name_and_can_be_read(name: str) -> None:
    one = formats[name]
    assert one.name == name
    assert one.sequences or one.sites
    assert all(end == end.lower() and end.startswith(".") for end in (*one.endings, *one.within))


@every_format
@pytest.mark.parametrize("content", [*UNREADABLE, *WRITTEN])
def test_any_content_ends_in_results_or_one_error(write: Write, name: str, use: ReadAs, content: str) -> None:
    for ending in endings(formats[name]):
        path = write("a" + ending, (UNREADABLE | WRITTEN)[content])
        check(name, use, path)
        found = outcome(lambda path=path: [format_of(path, use).name])
        check(name if isinstance(found, str) else found[0], use, path)


@every_format
def test_a_folder_and_a_missing_file_are_one_error_that_names_them(
    tmp_path: Path, name: str, use: ReadAs
) -> None:
    for ending in endings(formats[name]):
        folder, missing = tmp_path / f"folder{ending}", tmp_path / f"missing{ending}"
        folder.mkdir()
        for path in (folder, missing):
            with pytest.raises(InputError, match=str(path)):
                list(read(formats[name], use, path))
            with pytest.raises(InputError, match="cannot read"):
                list(read(format_of(path, use), use, path))


@every_format
def test_nothing_is_read_before_the_first_item_is_asked_for(tmp_path: Path, name: str, use: ReadAs) -> None:
    items = read(formats[name], use, tmp_path / "missing")
    assert isinstance(items, Iterator)
    with pytest.raises(InputError):
        next(items)


@pytest.mark.parametrize(
    ("called", "content", "sequences", "sites"),
    [
        ("a.fa", FASTA, "fasta", "bed"),
        ("a", FASTA, "fasta", "bed"),
        ("a.bed", BED, "fasta", "bed"),
        ("a.tsv", BED, "table", "bed"),
        ("a.gff", GFF, "fasta", "gff"),
        ("a.GFF3", GFF, "fasta", "gff"),
        ("a.csv", CSV, "table", "bed"),
        ("a.tab", TABLE, "table", "feature-table"),
        ("a.txt", TABLE, "fasta", "bed"),
        ("a.xml", XML, "uniprot", "uniprot"),
        ("a.bed", XML, "uniprot", "uniprot"),
        ("a.tsv", XML, "table", "uniprot"),
        ("a.gff", XML, "uniprot", "gff"),
        ("a.dat", TEXT, "uniprot", "uniprot"),
        ("a.3line", THREE_LINE, "three-line", "three-line"),
        ("a.3line.fasta", THREE_LINE, "three-line", "three-line"),
        ("a.3line.bed", XML, "three-line", "three-line"),
        ("a.3line.tsv", TABLE, "table", "three-line"),
        ("a.3line.gff", GFF, "three-line", "gff"),
    ],
)
@pytest.mark.parametrize("packed", ["", ".gz", ".bgz"])
def test_the_name_tells_the_format_before_the_content(
    write: Write, called: str, content: str, sequences: str, sites: str, packed: str
) -> None:
    path = write(called + packed, gzip.compress(content.encode()) if packed else content)
    assert format_of(path, "sequences").name == sequences
    assert format_of(path, "sites").name == sites


def test_a_new_format_is_read_once_it_is_registered(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.spot", "a 3\n")
    assert format_of(path, "sites").name == "bed"
    monkeypatch.setattr(formats, "_entries", dict(formats.items()))
    spots = Format(
        "spots",
        (".spot",),
        sequences=lambda path, alphabet, stops: iter([Sequence("a", "ACGT", alphabet)]),
        sites=lambda path, kinds: iter([Feature("a", "spot", 2, 3, "")]),
    )
    formats.register("spots")(spots)
    assert read_sites(path) == {"a": [Site(2, 3, "spot")]}
    source = from_file(path, DNA)
    assert list(source.read()) == [Sequence("a", "ACGT", DNA)]
    assert source.description["spots"] == str(path)

    formats.register("dots")(dataclasses.replace(spots, name="dots"))
    with pytest.raises(InputError, match=r"a.spot could be dots and spots: expected a name that tells which"):
        read_sites(path)


def test_what_cannot_be_read_so_says_it() -> None:
    with pytest.raises(InputError, match="x is read as gff, which has no sequences"):
        formats["gff"].read_sequences("x", DNA)
    with pytest.raises(InputError, match="x is read as fasta, which has no sites"):
        formats["fasta"].read_sites("x")


def test_a_file_of_sequences_is_read_by_its_format(write: Write) -> None:
    fasta, table = write("a.fa", FASTA), write("a.csv", CSV)
    assert from_file(fasta, DNA).description == from_fasta(fasta, DNA).description
    assert list(from_file(fasta, DNA).read()) == list(from_fasta(fasta, DNA).read())
    assert from_file(table, DNA).description == from_table(table, DNA).description
    assert list(from_file(table, DNA).read()) == [Sequence("a", "ACGT", DNA)]
    three = from_file(write("a.3line.fasta", THREE_LINE), PROTEIN)
    assert [*three.description] == ["three_line", "three_line_sha256"]
    assert list(three.read()) == [Sequence("a", "MCD", PROTEIN)]
    for name in ("a.xml", "a.dat"):
        entries = list(from_file(write(name, FORMATS[name]), PROTEIN).read())
        assert entries == [
            Sequence("P00001", "MCDEFGHIKLCN", PROTEIN),
            Sequence("P00002", "MAA", PROTEIN),
        ]


@pytest.mark.parametrize(
    ("called", "content"),
    [
        ("a.fa", ">a\nMC*\n>b\nMA\n"),
        ("a.csv", "id,sequence\na,MC*\nb,MA\n"),
        ("a.3line", ">a\nMC*\n111\n>b\nMA\n11\n"),
    ],
)
def test_stops_are_stripped_and_counted_in_every_format(write: Write, called: str, content: str) -> None:
    path = write(called, content)
    source = from_file(path, PROTEIN, strip_stop=True)
    assert list(source.read()) == [Sequence("a", "MC", PROTEIN), Sequence("b", "MA", PROTEIN)]
    assert source.description["stops_stripped"] == "1"
    assert isinstance(next(from_file(path, PROTEIN).read()), Problem)
    with pytest.raises(InputError, match="--strip-stop is about proteins, not dna"):
        from_file(path, DNA, strip_stop=True)
