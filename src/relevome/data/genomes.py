"""Sequences cut out of a genome by a BED file."""

from __future__ import annotations

import gzip
import tempfile
from codecs import BOM_UTF8
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pyfaidx import Fasta, FastaIndexingError

from relevome.data.lines import PathLike, open_bytes
from relevome.data.positions import PositionChoice
from relevome.data.problems import Intake, Problem, SeenNames
from relevome.data.sequences import DNA, Alphabet, Interval, Sequence
from relevome.data.windows.anchors import Windowing
from relevome.data.windows.places import Place, on_genome, read_places
from relevome.errors import InputError
from relevome.words import counted


def read_bed(
    bed: PathLike,
    genome: PathLike,
    alphabet: Alphabet = DNA,
    windows: Windowing | None = None,
    types: Collection[str] = (),
) -> Iterator[Sequence | Problem]:
    """Sequences of the intervals of a BED file, one at a time; ``-`` gives the reverse complement.

    Any other file with coordinates of a genome does too, such as GFF3, and ``types`` chooses features: see
    `read_places`. With ``windows`` every interval is brought to their width.

    The id is the name if no other line has it; ``name@chrom:start-end(strand)`` if one has; and
    ``chrom:start-end(strand)`` without a name. So names may repeat, and only an interval that
    repeats with its name is a problem. An interval on an unknown chromosome, or off the end of a
    known one, is a problem too. Raises InputError for files that cannot be read.
    """
    if alphabet.complements is None:
        raise InputError(f"a genome cannot be read as {alphabet.name}: BED intervals need nucleic acids")
    if Path(bed).is_fifo():
        raise InputError(
            f"{bed} is a pipe: expected a file, since names are counted before intervals are read"
        )
    intake = Intake(alphabet)
    choice = PositionChoice(tuple(types))
    with open_genome(genome) as chromosomes:
        lengths = {name: len(chromosomes[name]) for name in list(chromosomes.keys())}

        def places() -> Iterator[Place | Problem]:
            return windows.places(bed, lengths, choice) if windows else read_places(bed, types)

        repeated = _repeated_names(places())
        for place in places():
            if isinstance(place, Problem):
                yield place
                continue
            place = on_genome(place, lengths)
            found = place.interval
            reason = misplaced(found, lengths, genome)
            if windows and not reason:
                found = windows.around(place, lengths)
            if reason or isinstance(found, str):
                id = _id(place, place.interval, repeated)
                yield Problem(id, reason or str(found), place.where)
            else:
                yield _cut(_id(place, found, repeated), found, place.where, chromosomes, intake)


_HEAD = 1 << 16  # bytes that are read at a time; no header is longer


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
    """Raises InputError for blanks between letters, which would be counted as such."""
    found = within = False
    with genome.open("rb") as file:
        for line in file:
            within = within or line.startswith(b">")
            text = line.rstrip(b"\r\n")
            if not text:
                found = found or not line.endswith(b"\n")
                continue
            if text.isalpha() and line.endswith(b"\n"):
                continue
            found = found or b"\r" in text or line.endswith(b"\r") or text != text.strip()
            parts = [part for part in text.split(b"\r") if not part.startswith(b">")]
            if within and any(len(part.split()) > 1 for part in parts):
                raise InputError(f"genome {genome} has blanks between letters: expected letters only")
    return found


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


def _repeated_names(places: Iterable[Place | Problem]) -> set[str]:
    seen = SeenNames()
    repeated: set[str] = set()
    for place in places:
        if isinstance(place, Place) and place.name and not seen.add(place.name):
            repeated.add(place.name)
    return repeated


def _id(place: Place, found: Interval, repeated: set[str]) -> str:
    if not place.name:
        return str(found)
    return f"{place.name}@{found}" if place.name in repeated else place.name


def misplaced(interval: Interval, lengths: Mapping[str, int], genome: PathLike) -> str:
    """Why an interval is not on the genome, whose chromosomes have these lengths; empty if it is."""
    length = lengths.get(interval.chrom)
    if length is None:
        names = list(lengths)
        known = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        return (
            f"no chromosome {interval.chrom!r} for {interval}: expected a name in {genome}, which has {known}"
        )
    if interval.end > length:
        return (
            f"{interval} ends off its chromosome, which has {counted(length, 'letter')}: expected an end up "
            "to that"
        )
    return ""


def _cut(id: str, interval: Interval, where: str, chromosomes: Fasta, intake: Intake) -> Sequence | Problem:
    letters = str(chromosomes[interval.chrom][interval.start : interval.end])
    if interval.strand != "-":
        return intake.take(id, letters, where, interval)
    sequence = intake.take(id, letters, where, replace(interval, strand="+"))
    return sequence if isinstance(sequence, Problem) else sequence.reverse_complement()
