"""Where sequences come from, said once, so that they can be read twice: to check them and to use them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from relevome.data.formats import format_of
from relevome.data.formats.fasta import read_fasta
from relevome.data.formats.table import SEQUENCE_COLUMNS, id_place, table_sequences
from relevome.data.genomes import read_bed
from relevome.data.lines import open_file
from relevome.data.problems import Problem, Stops
from relevome.data.sequences import PROTEIN, Alphabet, Sequence
from relevome.data.windows.anchors import windowing
from relevome.errors import InputError


@dataclass(frozen=True)
class Input:
    """Sequences, or what is wrong with them, from the start at every call of ``read``.

    ``description`` names the source and its digest; two inputs with the same one hold the same sequences.
    """

    description: Mapping[str, str]
    read: Callable[[], Iterator[Sequence | Problem]]


def from_file(path: str | Path, alphabet: Alphabet, strip_stop: bool = False) -> Input:
    """Sequences of a file whose format is told by its name or its beginning (see `format_of`), else FASTA.

    Args:
        path: Of this machine, or the address of a file in a store, such as ``s3://bucket/x.fa.gz``, which is
            read some megabytes at a time. A CSV or TSV table if its name ends in ``.csv``, ``.tsv`` or
            ``.tab``; 3-line if there is ``.3line`` in its name; UniProt XML or flat text, whose ids are
            accessions, if it begins like one (the extra ``uniprot``); FASTA otherwise. All may be compressed.
        alphabet: The letters of the sequences.
        strip_stop: Whether a ``*`` at the end of a protein is taken off, and counted; by default it stays,
            which is a problem of its sequence.

    Raises InputError for a file that cannot be read, and ``strip_stop`` for what is no protein.
    """
    format = format_of(path, "sequences")
    return _read_by(format.read_sequences, format.name.replace("-", "_"), path, alphabet, strip_stop)


def from_fasta(path: str | Path, alphabet: Alphabet, strip_stop: bool = False) -> Input:
    """Records of a FASTA file; with ``strip_stop`` without the ``*`` at the end of proteins, counted."""
    return _read_by(read_fasta, "fasta", path, alphabet, strip_stop)


def from_bed(
    bed: str | Path,
    genome: str | Path,
    alphabet: Alphabet,
    width: int | None = None,
    anchor: str | None = None,
    types: Collection[str] = (),
) -> Input:
    """Intervals of a BED file, cut from a genome; or of another file of places, as GFF3: see `read_places`.

    Args:
        bed: The intervals.
        genome: The genome as FASTA.
        alphabet: Its letters.
        width: Letters of every sequence; None: each interval as it is.
        anchor: With a width, what is at letter ``width // 2`` of every sequence: ``centre``, ``summit``,
            ``start`` or ``site`` (see `Windowing`); None: ``summit`` of narrowPeak, ``site`` of a table of
            positions, and else ``centre``.
        types: Types of features; all without it.

    Raises InputError for a file that cannot be read, a width below 1, and an anchor without a width, that is
    not known, or that the file cannot have.
    """
    description = _described(bed=bed, genome=genome)
    windows = None
    if width is not None:
        windows = windowing(bed, width, anchor)
        description |= {"width": str(windows.width), "anchor": windows.anchor}
    elif anchor is not None:
        raise InputError(f"anchor {anchor!r} is of windows: expected a width, too")
    if types:
        description["types"] = json.dumps(sorted(types))
    return Input(description, lambda: read_bed(bed, genome, alphabet, windows, types))


def from_table(
    path: str | Path,
    alphabet: Alphabet,
    strip_stop: bool = False,
    sequence_column: str | None = None,
    id_column: str | None = None,
) -> Input:
    """The sequence column of a CSV or TSV table, as ``from_fasta``; see `read_table` for its columns."""
    named = {"sequence_column": sequence_column, "id_column": id_column}
    found = _read_by(partial(table_sequences, **named), "table", path, alphabet, strip_stop)
    asked = {name: column for name, column in named.items() if column is not None}
    return Input({**found.description, **asked}, found.read)


def _read_by(
    reader: Callable[[str | Path, Alphabet, Stops | None], Iterator[Sequence | Problem]],
    kind: str,
    path: str | Path,
    alphabet: Alphabet,
    strip_stop: bool,
) -> Input:
    description = _described(**{kind: path})
    if strip_stop:
        if alphabet != PROTEIN:
            raise InputError(f"--strip-stop is about proteins, not {alphabet.name}: leave it out")
        counted = Stops()
        for _ in reader(path, alphabet, counted):
            pass
        description["stops_stripped"] = str(counted.stripped)
    return Input(description, lambda: reader(path, alphabet, Stops() if strip_stop else None))


def from_description(description: Mapping[str, str], alphabet: Alphabet) -> Input:
    """The input that has a description: the same files, read in the same way.

    Raises InputError where the sequences were no file, or a file is gone or holds something else now.
    """
    kind, path = next(iter(description.items()))
    stops = "stops_stripped" in description
    if f"{kind}_sha256" not in description:
        raise InputError("its sequences were given from Python, and no file holds them")
    for name in [name.removesuffix("_sha256") for name in description if name.endswith("_sha256")]:
        if sha256_of(description[name]) != description[f"{name}_sha256"]:
            raise InputError(f"{description[name]} holds something else than when it was read")
    if kind == "bed":
        width = int(description["width"]) if "width" in description else None
        types = json.loads(description.get("types", "[]"))
        return from_bed(path, description["genome"], alphabet, width, description.get("anchor"), types)
    if kind == "table":
        columns = {name: description.get(name) for name in ("sequence_column", "id_column")}
        return from_table(path, alphabet, stops, **columns)
    return from_fasta(path, alphabet, stops) if kind == "fasta" else from_file(path, alphabet, stops)


def given_sequences(given: Any, alphabet: Alphabet) -> Input:
    """Sequences as a user gives them: an Input, the path of a file, or what `from_sequences` takes.

    Raises InputError for letters that are given where a path is expected.
    """
    if isinstance(given, Input):
        return given
    if isinstance(given, str | Path):
        if isinstance(given, str) and given.isalpha() and not Path(given).exists():
            raise InputError(
                f"there is no file {given[:40]!r}: letters are given in a list, such as [{given[:8]!r}]"
            )
        return from_file(given, alphabet)
    return from_sequences(given, alphabet)


def from_sequences(given: Any, alphabet: Alphabet) -> Input:
    """Letters, named ``sequence1``, ``sequence2``, ..., or sequences; or letters by ids, or a data frame.

    Raises InputError for anything else, and for an id that is used twice.
    """
    sequences = [_sequence(number, item, alphabet) for number, item in enumerate(_items(given), start=1)]
    ids = [sequence.id for sequence in sequences]
    if not ids:
        raise InputError("no sequences were given: expected at least one")
    if len(set(ids)) < len(ids):
        repeated = next(id for id in ids if ids.count(id) > 1)
        raise InputError(f"id {repeated!r} is used more than once: expected every id once")
    digest = hashlib.sha256("".join(f">{s.id}\n{s.letters}\n" for s in sequences).encode()).hexdigest()
    return Input({"sequences": str(len(sequences)), "sha256": digest}, lambda: iter(sequences))


def _items(given: Any) -> Iterable[Any]:
    """Letters, sequences, or pairs of an id and letters."""
    if isinstance(given, Mapping):
        return given.items()
    if hasattr(given, "columns") and hasattr(given, "itertuples"):  # a data frame
        columns = [str(name) for name in given.columns]
        named = [name for name in columns if name.lower() in SEQUENCE_COLUMNS]
        if len(named) != 1:
            raise InputError(
                f"a data frame with the columns {', '.join(columns[:9])}: expected one called "
                f"{' or '.join(SEQUENCE_COLUMNS)}"
            )
        letters, place = given[named[0]].tolist(), id_place(columns)
        return letters if place is None else zip(map(str, given.iloc[:, place]), letters, strict=True)
    if isinstance(given, Iterable):
        return given
    raise InputError(
        f"sequences of type {type(given).__name__}: expected a path, a list of letters or of sequences, a "
        "dictionary of letters by ids, or a data frame"
    )


def _sequence(number: int, item: Any, alphabet: Alphabet) -> Sequence:
    if isinstance(item, Sequence):
        return item
    name, letters = item if isinstance(item, tuple) and len(item) == 2 else (f"sequence{number}", item)
    if not isinstance(letters, str) or not isinstance(name, str):
        raise InputError(
            f"sequence {number} is of type {type(item).__name__}: expected letters, a relevome.Sequence, or "
            "a pair of an id and letters"
        )
    return Sequence(name, letters.upper(), alphabet)


def _described(**paths: str | Path) -> dict[str, str]:
    described = {}
    for kind, path in paths.items():
        described[kind] = str(path)
        described[f"{kind}_sha256"] = sha256_of(path)
    return described


def sha256_of(path: str | Path) -> str:
    """Digest of a file. Raises InputError if it cannot be read."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
