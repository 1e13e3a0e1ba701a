"""Cutting sequences out of a genome."""

from __future__ import annotations

import gzip
import os
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyfaidx
import pytest

from relevome.data import genomes
from relevome.data.formats.fasta import read_fasta
from relevome.data.genomes import open_genome, read_bed
from relevome.data.problems import Problem
from relevome.data.sequences import DNA, PROTEIN, RNA, Interval, Sequence
from relevome.errors import InputError

Write = Callable[[str, str | bytes], Path]

CHROMOSOMES = {"chr1": "ACCTGATTTGCAAGGCTTNA", "chr2": "ggcatRYac"}
PAIRS = str.maketrans("ACGTRYN", "TGCAYRN")
GENOME = ">chr1 first\nACCTGAT\nTTGCAAG\nGCTTNA\n>chr2\nggca\ntRYa\nc\n"


def bgzip(text: bytes) -> bytes:
    """Blocks of 11 bytes as in the SAM specification, section 4.1, and the empty block at the end."""
    blocks = []
    for part in [text[i : i + 11] for i in range(0, len(text), 11)] + [b""]:
        compressor = zlib.compressobj(wbits=-15)
        packed = compressor.compress(part) + compressor.flush()
        header = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + struct.pack("<HBBHH", 6, 66, 67, 2, len(packed) + 25)
        blocks.append(header + packed + struct.pack("<II", zlib.crc32(part), len(part)))
    return b"".join(blocks)


def brute_force(chrom: str, start: int, end: int, strand: str) -> str:
    letters = CHROMOSOMES[chrom].upper()[start:end]
    return letters[::-1].translate(PAIRS) if strand == "-" else letters


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bgzip], ids=["plain", "gzip", "bgzip"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_every_interval_on_both_strands_equals_brute_force(
    write: Write, pack: Callable[[bytes], bytes], end: str
) -> None:
    genome = write("g.fa", pack(GENOME.replace("\n", end).encode()))
    wanted = [
        (chrom, i, j, strand)
        for chrom, letters in CHROMOSOMES.items()
        for i in range(0, len(letters), 2)
        for j in range(i + 1, len(letters) + 1, 3)
        for strand in "+-."
    ]
    bed = write("a.bed", "".join(f"{c}\t{i}\t{j}\t.\t0\t{s}\n" for c, i, j, s in wanted))
    read = list(read_bed(bed, genome))
    assert read == [
        Sequence(f"{c}:{i}-{j}({s})", brute_force(c, i, j, s), DNA, Interval(c, i, j, s))
        for c, i, j, s in wanted
    ]


def test_nothing_is_left_behind_and_nothing_written_beside_the_genome(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    genome = write("there/g.fa.gz", gzip.compress(GENOME.encode()))
    bed = write("a.bed", "chr1\t0\t3\nchr1\t2\t4\n")
    items = read_bed(bed, genome)
    next(items)
    assert list(temporary.iterdir())
    items.close()  # type: ignore[attr-defined]
    assert not list(temporary.iterdir())
    assert os.listdir(genome.parent) == ["g.fa.gz"]  # noqa: PTH208


FAI = "chr1\t20\t12\t7\t8\nchr2\t9\t41\t4\t5\n"  # of GENOME
MISFITS = {
    "says less than there is": FAI.splitlines()[0],
    "in another order": "\n".join(FAI.splitlines()[::-1]),
    "other names": FAI.replace("chr1", "x").replace("chr2", "chr1").replace("x", "chr2"),
    "other lengths": FAI.replace("\t20\t", "\t19\t"),
    "beyond the end": FAI.replace("\t9\t41\t", "\t900\t41\t"),
    "before the first header": FAI.replace("\t12\t", "\t0\t"),
    "no numbers": "chr1\tx\ty\tz\t0\n",
    "lines of no letters": FAI.replace("\t7\t8", "\t0\t8"),
    "nothing": "",
}


@pytest.fixture
def indices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the indices that genomes are read by."""
    used: list[str] = []

    def fasta(path: Path, indexname: Path, **options: Any) -> pyfaidx.Fasta:
        used.append(Path(indexname).name)
        return pyfaidx.Fasta(path, indexname=indexname, **options)

    monkeypatch.setattr(genomes, "Fasta", fasta)
    return used


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_index_beside_the_genome_is_used_while_it_is_up_to_date(
    write: Write, indices: list[str], end: str
) -> None:
    genome = write("g.fa", GENOME.replace("\n", end))
    index = Path(pyfaidx.Faidx(genome).indexname)
    bed = write("a.bed", "chr2\t0\t4\n")
    found = Sequence("chr2:0-4(.)", "GGCA", DNA, Interval("chr2", 0, 4))
    os.utime(genome, (1000, 1000))
    os.utime(index, (2000, 2000))
    assert next(read_bed(bed, genome)) == found
    os.utime(genome, (3000, 3000))
    assert next(read_bed(bed, genome)) == found
    assert indices == ["g.fa.fai", "index.fai"]


@pytest.mark.parametrize("name", MISFITS)
def test_an_index_of_another_genome_is_not_believed_however_new(
    write: Write, indices: list[str], name: str
) -> None:
    genome = write("g.fa", GENOME)
    index = write("g.fa.fai", MISFITS[name])
    os.utime(genome, (1000, 1000))
    os.utime(index, (2000, 2000))
    assert next(read_bed(write("a.bed", "chr2\t0\t4\n"), genome)) == Sequence(
        "chr2:0-4(.)", "GGCA", DNA, Interval("chr2", 0, 4)
    )
    assert indices == ["index.fai"]
    assert index.read_text() == MISFITS[name]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("text", [GENOME.replace("\n", "\r").encode(), b"\xef\xbb\xbf" + GENOME.encode()])
def test_a_byte_order_mark_and_old_line_ends_are_read(
    write: Write, pack: Callable[[bytes], bytes], text: bytes
) -> None:
    genome = write("g.fa", pack(text))
    bed = write("a.bed", "chr1\t5\t9\nchr2\t0\t9\n")
    assert [item.letters for item in read_bed(bed, genome) if isinstance(item, Sequence)] == [
        brute_force("chr1", 5, 9, "."), brute_force("chr2", 0, 9, "."),
    ]  # fmt: skip


@pytest.mark.parametrize("place", [3, 14, 50])
def test_bytes_that_are_no_text_are_one_line(write: Write, place: int) -> None:
    content = bytearray(GENOME.encode())
    content[place] = 0xFF
    genome = write("g.fa", bytes(content))
    with pytest.raises(InputError, match=r"g.fa") as error:
        list(read_bed(write("a.bed", "chr1\t0\t20\nchr2\t0\t9\n"), genome))
    assert "\n" not in str(error.value)


def test_a_name_is_the_id_unless_other_lines_have_it_too(write: Write) -> None:
    lines = ["chr1\t0\t3\tone\t0\t+", "chr1\t0\t3\ttwo\t0\t+", "chr1\t5\t9\ttwo\t0\t-", "chr2\t1\t2\t.\t0\t+"]
    items = list(read_bed(write("a.bed", "\n".join(lines)), write("g.fa", GENOME)))
    assert [item.id for item in items] == ["one", "two@chr1:0-3(+)", "two@chr1:5-9(-)", "chr2:1-2(+)"]
    assert all(isinstance(item, Sequence) for item in items)


@pytest.mark.parametrize("name", ["x", "."])
def test_an_interval_that_repeats_with_its_name_is_a_problem(write: Write, name: str) -> None:
    bed = write("a.bed", f"chr1\t0\t3\t{name}\t0\t+\n" * 2)
    first, second = read_bed(bed, write("g.fa", GENOME))
    assert isinstance(first, Sequence)
    assert isinstance(second, Problem)
    assert second.reason == f"id {first.id!r} was used before: expected every id once"
    assert second.where == f"{bed}, line 2"


def test_an_interval_that_is_not_on_the_genome_is_a_problem(write: Write) -> None:
    bed = write("a.bed", "chr1\t15\t21\tlong\nchr9\t0\t3\tlost\nchr1\t5\nchr1\t15\t20\n")
    genome = write("g.fa", GENOME)
    off, lost, short, good = read_bed(bed, genome)
    assert off == Problem(
        "long",
        "chr1:15-21(.) ends off its chromosome, which has 20 letters: expected an end up to that",
        f"{bed}, line 1",
    )
    assert lost == Problem(
        "lost",
        f"no chromosome 'chr9' for chr9:0-3(.): expected a name in {genome}, which has chr1, chr2",
        f"{bed}, line 2",
    )
    assert isinstance(short, Problem)
    assert isinstance(good, Sequence)


def test_of_many_chromosomes_five_are_named(write: Write) -> None:
    genome = write("g.fa", "".join(f">c{i}\nACGT\n" for i in range(8)))
    problem = next(read_bed(write("a.bed", "chr1\t0\t3\n"), genome))
    assert "which has c0, c1, c2, c3, c4 and 3 more" in str(problem)


def test_letters_outside_the_alphabet_are_a_problem(write: Write) -> None:
    problem = next(read_bed(write("a.bed", "chr1\t0\t5\tx\t0\t-\n"), write("g.fa", GENOME), RNA))
    assert "sequence 'x' has 'T' at position 4, which is no rna letter" in str(problem)


def test_a_genome_has_no_proteins(write: Write) -> None:
    with pytest.raises(InputError, match="a genome cannot be read as protein"):
        list(read_bed(write("a.bed", "chr1\t0\t5\n"), write("g.fa", GENOME), PROTEIN))


def test_a_bed_file_without_intervals_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match=r"a.bed has no intervals: expected BED"):
        list(read_bed(write("a.bed", "track name=x\n"), write("g.fa", GENOME)))


def test_a_pipe_is_refused_since_names_are_counted_first(tmp_path: Path, write: Write) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a pipe: expected a file"):
        list(read_bed(tmp_path / "pipe", write("g.fa", GENOME)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "does not contain a valid sequence"),
        ("ACGT\n", "Unexpected text before the first sequence"),
        (">a\nACGT\nAC\nACGT\n", "Line length of fasta file is not consistent"),
        (">a\nACGT\n>a\nACGT\n", "Duplicate key"),
        (b"\x89PNG\xff\xfe", "codec can't decode"),
    ],
    ids=["empty", "no header", "uneven lines", "duplicate", "binary"],
)
def test_a_genome_that_cannot_be_indexed_is_refused_in_one_line(
    write: Write, content: str | bytes, reason: str
) -> None:
    with pytest.raises(InputError, match=f"^cannot index genome .*g.fa: .*{reason}") as caught:
        list(read_bed(write("a.bed", "a\t0\t1\n"), write("g.fa", content)))
    assert "\n" not in str(caught.value)


def test_a_genome_that_is_not_there_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*nowhere.fa"):
        list(read_bed(write("a.bed", "a\t0\t1\n"), tmp_path / "nowhere.fa"))


def test_binding_sites_of_escherichia_coli_are_cut_as_from_the_whole_genome(shared: Path) -> None:
    folder = shared / "data/ecoli"
    (genome,) = read_fasta(folder / "NC_000913.3.fna.gz", DNA)
    assert isinstance(genome, Sequence)
    sites = list(read_bed(folder / "regulondb_tfbs_unique.bed", folder / "NC_000913.3.fna.gz"))
    assert len({site.id for site in sites}) == len(sites) == 3974
    for site in sites:
        assert isinstance(site, Sequence)
        assert site.interval is not None
        letters = genome.letters[site.interval.start : site.interval.end]
        assert site.letters == (letters[::-1].translate(PAIRS) if site.interval.strand == "-" else letters)


def test_start_sites_lie_where_regulondb_prints_a_capital(shared: Path, write: Write) -> None:
    # 60 letters up, the start site in capital, 20 down: an oracle for both strands.
    folder = shared / "data/ecoli"
    rows = [row.split("\t") for row in (folder / "RegulonDB_PromoterSet.tsv").read_text().splitlines()]
    placed = [row for row in rows if len(row) > 5 and row[2] in ("forward", "reverse") and row[3]]
    placed = [row for row in placed if len(row[5]) == 81 and row[5][60].isupper()]
    assert len(placed) > 3900
    chosen = [placed[i] for i in np.random.default_rng(5).choice(len(placed), 200, replace=False)]
    lines = []
    for id, _, direction, position in (row[:4] for row in chosen):
        start = int(float(position)) - 1
        up, down, strand = (60, 21, "+") if direction == "forward" else (20, 61, "-")
        lines.append(f"NC_000913.3\t{start - up}\t{start + down}\t{id}\t0\t{strand}\n")
    read = list(read_bed(write("tss.bed", "".join(lines)), folder / "NC_000913.3.fna.gz"))
    agreeing = sum(
        isinstance(item, Sequence) and item.letters == row[5].upper()
        for item, row in zip(read, chosen, strict=True)
    )
    assert agreeing == len(chosen)


BED = "chr1\t3\t9\n"


@pytest.mark.parametrize(
    "genome",
    [
        ">chr1 x\n\tACGTACGTAC\nGTNNACGTAC\n",
        ">chr1 x\rACGTACGTAC\nGTNNACGTAC\n",
        ">chr1 x\nACGTACGTAC\rGTNNACGTAC\n",
        ">chr1 x\nACGTACGTAC \nGTNNACGTAC \n",
        ">chr1 x\r\nACGTACGTAC\r\nGTNNACGTAC\r\n",
    ],
)
def test_letters_are_where_they_are_whatever_stands_around_lines(write: Write, genome: str) -> None:
    (found,) = read_bed(write("a.bed", BED), write("g.fa", genome))
    assert isinstance(found, Sequence)
    assert found.letters == "TACGTA"


@pytest.mark.parametrize("begin", [">chr1\n\n", ">chr1\n>"])
def test_an_index_of_other_lines_is_not_believed(write: Write, begin: str) -> None:
    genome = write("g.fa", f"{begin}ACGTACGTAC\n")
    write("g.fa.fai", "chr1\t10\t6\t10\t11\n")
    found = outcome(
        lambda: [str(getattr(one, "letters", "")) for one in read_bed(write("a.bed", BED), genome)]
    )
    assert found in (["TACGTA"], [""], None)


def outcome(read: Callable[[], list[str]]) -> list[str] | None:
    try:
        return read()
    except InputError:
        return None


def test_what_the_indexer_did_not_think_of_is_one_line(write: Write) -> None:
    genome = write("g.fa", ">chr1 x\n\nA")
    with pytest.raises(InputError, match=r"cannot index genome .*g\.fa"):
        list(read_bed(write("a.bed", BED), genome))


@pytest.mark.parametrize("content", [">a x y\nACG T\n", ">a\nACGT\nA\tC", ">a\rAC GT\r"])
def test_blanks_between_letters_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "g.fa").write_bytes(content.encode())
    with pytest.raises(InputError, match="has blanks between letters: exp"), open_genome(tmp_path / "g.fa"):
        pass


@pytest.mark.parametrize(
    "content", [">a long name\nACGT\n>b  c\nAC\n", ">a\n ACGT \n\tAC\t\r\n", ">a b\rACGT\r"]
)
def test_blanks_around_lines_are_no_letters(tmp_path: Path, content: str) -> None:
    (tmp_path / "g.fa").write_bytes(content.encode())
    with open_genome(tmp_path / "g.fa") as chromosomes:
        assert chromosomes["a"][0:4] == "ACGT"
