"""Sequences cut out of a genome by a BED file."""

from __future__ import annotations

import gzip
import re
import tempfile
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pyfaidx import Fasta, FastaIndexingError

from relevome.data.formats.bed import BedLine, bed_lines
from relevome.data.lines import PathLike, open_bytes
from relevome.data.problems import Intake, Problem, SeenNames
from relevome.data.sequences import DNA, Alphabet, Interval, Sequence
from relevome.errors import InputError


def read_bed(bed: PathLike, genome: PathLike, alphabet: Alphabet = DNA) -> Iterator[Sequence | Problem]:
    """Sequences of the intervals of a BED file, one at a time; ``-`` gives the reverse complement.

    The id is the BED name if no other line has it; ``name@chrom:start-end(strand)`` if one has; and
    ``chrom:start-end(strand)`` without a name. So names may repeat, and only an interval that
    repeats with its name is a problem. An interval on an unknown chromosome, or off the end of a
    known one, is a problem too. Raises InputError for files that cannot be read.
    """
    if alphabet.complements is None:
        raise InputError(f"a genome cannot be read as {alphabet.name}: BED intervals need nucleic acids")
    repeated = _repeated_names(bed)
    intake = Intake(alphabet)
    with open_genome(genome) as chromosomes:
        for line in bed_lines(bed):
            if isinstance(line, Problem):
                yield line
                continue
            id = _id(line, repeated)
            reason = _misplaced(line.interval, chromosomes, genome)
            yield Problem(id, reason, line.where) if reason else _cut(id, line, chromosomes, intake)


_HEAD = 1 << 16  # bytes that are read at a time; no header is longer
_ODD = re.compile(rb"\r[^\n]|\n[ \t]|[ \t]\r?\n")


@contextmanager
def open_genome(path: PathLike) -> Iterator[Fasta]:
    """A FASTA file with access by coordinates, which give strings.

    An index ``path.fai`` is used if it is no older than the genome and fits it, record by record; else one is
    made in a temporary folder, since genomes often lie where nothing can be written. Compressed genomes,
    bgzip too, are decompressed there first: reading bgzip by coordinates would need Biopython for nothing
    else. So are those with a byte-order mark, with line ends of old Macs or with blanks around lines.
    """
    with tempfile.TemporaryDirectory(prefix="relevome-") as folder:
        plain = _plain(path, Path(folder))
        index = Path(f"{plain}.fai")
        if not (index.is_file() and index.stat().st_mtime >= plain.stat().st_mtime and _fits(index, plain)):
            index = Path(folder, "index.fai")
            plain = _with_plain_lines(plain, Path(folder))
        try:
            chromosomes = Fasta(plain, indexname=index, as_raw=True)
        except (FastaIndexingError, ValueError, OSError, IndexError, RuntimeError) as error:
            raise InputError(f"cannot index genome {path}: {' '.join(str(error).split())}") from error
        with chromosomes, _odd_bytes(path):
            yield chromosomes


@contextmanager
def _odd_bytes(path: PathLike) -> Iterator[None]:
    """What is read of a genome in this block must be text."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(f"genome {path} is not text: expected FASTA, plain or gzip") from error


def _plain(path: PathLike, folder: Path) -> Path:
    """The genome itself, or a copy that is read by coordinates: decompressed, without a byte-order mark."""
    with open_bytes(path) as content:
        head = content.read(_HEAD)
        mark = head.startswith(BOM_UTF8)
        if not (isinstance(content, gzip.GzipFile) or mark):
            return Path(path)
        plain = folder / "genome.fa"
        with plain.open("wb") as copy:
            piece = head.removeprefix(BOM_UTF8)
            while piece:
                copy.write(piece)
                piece = content.read(_HEAD)
        return plain


def _with_plain_lines(genome: Path, folder: Path) -> Path:
    """The genome itself, or a copy without bare returns and blanks around lines, which no index knows of."""
    if not _has_odd_lines(genome):
        return genome
    plain = folder / "lines.fa"
    with genome.open(encoding="latin-1") as text, plain.open("w", encoding="latin-1", newline="\n") as copy:
        copy.writelines(line if line.startswith(">") else line.strip(" \t\n") + "\n" for line in text)
    return plain


def _has_odd_lines(genome: Path) -> bool:
    last = b""
    with genome.open("rb") as file:
        while piece := file.read(_HEAD):
            if _ODD.search(last + piece):
                return True
            last = piece[-2:]
    return last.endswith(b"\r")


def _fits(index: Path, genome: Path) -> bool:
    """Whether every record of an index begins behind ``>`` and its name, and ends where the next begins."""
    size = genome.stat().st_size
    try:
        with index.open(encoding="utf-8") as lines, genome.open("rb") as file:
            end = 0
            for line in lines:
                name, *numbers = line.rstrip("\n").split("\t")
                length, offset, bases, width = map(int, numbers)
                file.seek(end)
                header = file.read(offset - end).lstrip(b"\r\n") if end <= offset <= end + _HEAD else b""
                bare = b"\r" in header.rstrip(b"\r\n") or header.count(b"\n") != 1
                if header.split()[:1] != [b">" + name.encode()] or bare:
                    return False
                line = file.read(min(bases, length, _HEAD))
                if b">" in line or len(line.split()) != (length > 0) or len(line.strip()) != len(line):
                    return False
                end = offset + length // bases * width + length % bases if length else offset
            file.seek(end)
            return 0 < end <= size and not file.read(_HEAD).strip()
    except (OSError, ValueError, ZeroDivisionError):
        return False


def _repeated_names(bed: PathLike) -> set[str]:
    if Path(bed).is_fifo():
        raise InputError(
            f"{bed} is a pipe: expected a file, since names are counted before intervals are read"
        )
    seen = SeenNames()
    repeated: set[str] = set()
    empty = True
    for line in bed_lines(bed):
        empty = False
        if isinstance(line, BedLine) and line.name and not seen.add(line.name):
            repeated.add(line.name)
    if empty:
        raise InputError(f"{bed} has no intervals: expected BED lines, chromosome, start and end")
    return repeated


def _id(line: BedLine, repeated: set[str]) -> str:
    if not line.name:
        return str(line.interval)
    return f"{line.name}@{line.interval}" if line.name in repeated else line.name


def _misplaced(interval: Interval, chromosomes: Fasta, genome: PathLike) -> str:
    """Why the interval is not on the genome; empty if it is."""
    if interval.chrom not in chromosomes:
        names = list(chromosomes.keys())
        known = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        return (
            f"no chromosome {interval.chrom!r} for {interval}: expected a name in {genome}, which has {known}"
        )
    length = len(chromosomes[interval.chrom])
    if interval.end > length:
        return f"{interval} ends off its chromosome, which has {length} letters: expected an end up to that"
    return ""


def _cut(id: str, line: BedLine, chromosomes: Fasta, intake: Intake) -> Sequence | Problem:
    interval = line.interval
    letters = str(chromosomes[interval.chrom][interval.start : interval.end])
    if interval.strand != "-":
        return intake.take(id, letters, line.where, interval)
    sequence = intake.take(id, letters, line.where, replace(interval, strand="+"))
    return sequence if isinstance(sequence, Problem) else sequence.reverse_complement()
