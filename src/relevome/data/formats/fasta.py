"""FASTA."""

from __future__ import annotations

from collections.abc import Iterator

from relevome.data.formats import Format, formats
from relevome.data.lines import PathLike, numbered_lines
from relevome.data.names import first_word
from relevome.data.problems import Intake, Problem, Stops
from relevome.data.sequences import Alphabet, Sequence
from relevome.errors import InputError


def read_fasta(
    path: PathLike, alphabet: Alphabet, stops: Stops | None = None
) -> Iterator[Sequence | Problem]:
    """Sequences of a FASTA file, plain, gzip or bgzip, one at a time.

    The id is the header up to the first blank. Blank lines and Windows line ends are tolerated.
    Raises InputError for a file that cannot be read, has no sequences, or is not FASTA.
    """
    intake = Intake(alphabet, stops)
    empty = True
    for number, header, letters in fasta_records(path):
        empty = False
        yield intake.take(first_word(header), letters, f"{path}, line {number}")
    if empty:
        raise InputError(f"{path} has no sequences: expected FASTA, a line '>id' before each sequence")


def fasta_records(path: PathLike) -> Iterator[tuple[int, str, str]]:
    """Line number of the header, header without its ``>``, and letters, whatever they are.

    Raises InputError for a file that cannot be read, and for text before the first header.
    """
    header: tuple[int, str] | None = None
    parts: list[str] = []
    for number, line in numbered_lines(path):
        if line.startswith(">"):
            if header is not None:
                yield *header, "".join(parts)
            header, parts = (number, line[1:]), []
        elif header is not None:
            parts.append(line.strip(" \t"))
        elif line.strip():
            raise InputError(
                f"{path}, line {number}: text before the first '>': expected a FASTA header '>id'"
            )
    if header is not None:
        yield *header, "".join(parts)


formats.register("fasta")(
    Format("fasta", (".fa", ".fasta", ".fna", ".faa", ".ffn", ".fas"), sequences=read_fasta)
)
